//! What a sibling Dockerfile says about running the application: `CMD`, `ENTRYPOINT`, `EXPOSE`, `ENV` of its last stage.
//!
//! Only hints: the Dockerfile is not built, and what cannot be read is passed over.

use std::collections::BTreeMap;

use bareboat_dockerfile::instruction::{CommandLine, Kind};
use bareboat_dockerfile::{Dockerfile, Item, expand};

use super::detect::DockerfileHints;
use super::project::Project;
use crate::BuildError;

/// Reads `Dockerfile` or `Containerfile` beside the application; `None` when there is neither.
///
/// # Errors
/// The file is there but cannot be read.
pub fn read(project: &Project) -> Result<Option<DockerfileHints>, BuildError> {
    for name in ["Dockerfile", "Containerfile"] {
        if let Some(text) = project.text(name)? {
            return Ok(Some(hints(&text)));
        }
    }
    Ok(None)
}

/// What one stage says so far.
#[derive(Debug, Clone, Default)]
struct Stage {
    entrypoint: Option<Said>,
    command: Option<Said>,
    ports: Vec<String>,
    environment: BTreeMap<String, String>,
}

/// A command in one of its two forms.
#[derive(Debug, Clone)]
enum Said {
    Words(Vec<String>),
    Line(String),
}

/// The hints of a Dockerfile's last stage; a stage that starts from another inherits from it.
pub fn hints(text: &str) -> DockerfileHints {
    let parsed = Dockerfile::parse(text.as_bytes().to_vec());
    let escape = parsed.file.escape();
    let mut named: BTreeMap<String, Stage> = BTreeMap::new();
    let mut stage = Stage::default();
    let mut alias: Option<String> = None;
    for item in parsed.file.items() {
        let Item::Instruction(instruction) = item else { continue };
        match &instruction.command.kind {
            Kind::From(from) => {
                if let Some(name) = alias.take() {
                    named.insert(name, stage);
                }
                stage = named.get(&from.image.text.to_lowercase()).cloned().unwrap_or_default();
                alias = from.alias.as_ref().map(|alias| alias.name.text.to_lowercase());
            }
            Kind::Cmd(line) => stage.command = said(line),
            Kind::Entrypoint(line) => {
                stage.entrypoint = said(line);
                stage.command = None;
            }
            Kind::Expose(ports) => {
                let ports: Vec<String> =
                    ports.iter().map(|port| stage.expanded(&port.text, escape)).collect();
                stage.ports.extend(ports);
            }
            Kind::Env(pairs) => {
                for pair in &pairs.pairs {
                    let value = pair.value.as_ref().map(|value| value.text.as_str()).unwrap_or_default();
                    let value = stage.expanded(value, escape);
                    stage.environment.insert(pair.name.text.clone(), value);
                }
            }
            _ => {}
        }
    }
    stage.finish()
}

fn said(line: &CommandLine) -> Option<Said> {
    match line {
        CommandLine::Exec(words) if words.is_empty() => None,
        CommandLine::Exec(words) => Some(Said::Words(words.iter().map(|word| word.text.clone()).collect())),
        CommandLine::Shell(text) => Some(Said::Line(text.as_str().trim().to_owned())),
    }
}

impl Stage {
    fn expanded(&self, text: &str, escape: char) -> String {
        let lookup = |name: &str| self.environment.get(name).map(String::as_str);
        expand(text, escape, lookup).map_or_else(|_| text.to_owned(), |expansion| expansion.text)
    }

    fn finish(self) -> DockerfileHints {
        let port = self.ports.iter().find_map(|port| {
            let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
            (protocol == "tcp").then(|| number.parse().ok()).flatten()
        });
        let (mut command, mut shell_line) = (Vec::new(), None);
        match (self.entrypoint, self.command) {
            (Some(Said::Words(mut entrypoint)), Some(Said::Words(arguments))) => {
                entrypoint.extend(arguments);
                command = entrypoint;
            }
            (Some(Said::Words(words)), _) | (None, Some(Said::Words(words))) => command = words,
            // `CMD` is ignored behind a shell-form `ENTRYPOINT`, as an engine does.
            (Some(Said::Line(line)), _) | (None, Some(Said::Line(line))) => shell_line = Some(line),
            (None, None) => {}
        }
        DockerfileHints { command, shell_line, port, environment: self.environment }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_last_stage_and_what_it_inherits() {
        let text = "FROM python AS base\nENV PORT=5000\nEXPOSE $PORT 53/udp\nCMD ignored\nFROM base\nENTRYPOINT [\"python\"]\nCMD [\"-m\", \"web\"]\n";
        let hints = hints(text);
        assert_eq!(hints.command, ["python", "-m", "web"]);
        assert_eq!((hints.port, hints.environment["PORT"].as_str()), (Some(5000), "5000"));
    }

    #[test]
    fn keeps_shell_lines_as_lines_and_survives_nonsense() {
        assert_eq!(hints("FROM x\nCMD python app.py\n").shell_line.as_deref(), Some("python app.py"));
        assert_eq!(hints("\0 nonsense\nFROM\nCMD []\n"), DockerfileHints::default());
    }
}
