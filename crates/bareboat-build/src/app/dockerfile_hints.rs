//! What a sibling Dockerfile says about running the application: `CMD`, `ENTRYPOINT`, `EXPOSE`, `ENV`, `WORKDIR` of its
//! last stage, and which directories it copies to where the application works.
//!
//! Only hints: the Dockerfile is not built, and what cannot be read is passed over. Stages and variables are
//! [`bareboat_dockerfile`]'s.

use std::collections::BTreeMap;

use bareboat_dockerfile::instruction::{CommandLine, Kind, Source};
use bareboat_dockerfile::stages::{Scope, Step, VariableSource};
use bareboat_dockerfile::{Dockerfile, Stages};

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

/// The hints of a Dockerfile's last stage, with what it inherits from the stages it builds on.
pub fn hints(text: &str) -> DockerfileHints {
    let parsed = Dockerfile::parse(text.as_bytes().to_vec());
    let given = BTreeMap::new();
    let stages = Stages::new(&parsed.file, &given, &given);
    let mut said: Vec<Vec<Said>> = vec![Vec::new(); stages.stages.len()];
    let mut visit = |step: Step<'_, '_>| said[step.stage.index].extend(Said::read(&step));
    let ends = stages.replay(parsed.file.escape(), &given, &|_| Scope::unknown(), &mut visit);
    let (Ok(target), Some(end)) = (stages.target(None), ends.last()) else {
        return DockerfileHints::default();
    };
    let mut running = Running::default();
    for stage in stages.chain(target.index) {
        running.inherit();
        said[stage.index].drain(..).for_each(|said| running.hear(said));
    }
    let working_directory = end.workdir.clone().unwrap_or_default();
    let directory = working_directory.trim_end_matches('/');
    let lands = |(source, to): (String, String)| (to == directory && !directory.is_empty()).then_some(source);
    let copied = std::mem::take(&mut running.copied).into_iter().filter_map(lands).collect();
    DockerfileHints { environment: environment(end), working_directory, copied, ..running.finish() }
}

/// What `ENV` instructions set; not what base images bring.
fn environment(end: &Scope) -> BTreeMap<String, String> {
    let configured = end.configured();
    let is_ours = |name: &str| {
        end.variable(name).is_some_and(|variable| !matches!(variable.source, VariableSource::Base))
    };
    // A value that a build's argument would give is empty here.
    configured.into_iter().filter(|(name, value)| is_ours(name) && !value.is_empty()).collect()
}

/// What one instruction says about running.
#[derive(Debug, Clone)]
enum Said {
    Entrypoint(Option<Line>),
    Command(Option<Line>),
    /// `5000`, `53/udp`.
    Port(String),
    /// A single source of the build context, and where it goes.
    Copied(String, String),
}

/// A command in one of its two forms.
#[derive(Debug, Clone)]
enum Line {
    Words(Vec<String>),
    Shell(String),
}

impl Said {
    fn read(step: &Step<'_, '_>) -> Vec<Self> {
        match &step.command.kind {
            Kind::Cmd(line) => vec![Self::Command(Line::read(line))],
            Kind::Entrypoint(line) => vec![Self::Entrypoint(Line::read(line))],
            Kind::Expose(ports) => ports
                .iter()
                .map(|port| {
                    step.scope.expand(&port.text).map_or_else(|_| port.text.clone(), |port| port.text)
                })
                .map(Self::Port)
                .collect(),
            Kind::Copy(copy) if copy.from.is_none() => match &copy.transfer.sources[..] {
                [Source::Path(source)] => Self::copied(step, &source.text, &copy.transfer.destination.text),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// A directory's content may land where the application works.
    fn copied(step: &Step<'_, '_>, source: &str, to: &str) -> Vec<Self> {
        let expanded =
            |text: &str| step.scope.expand(text).map_or_else(|_| text.to_owned(), |text| text.text);
        let (source, to) = (expanded(source), expanded(to));
        let source = source.trim_start_matches("./").trim_matches('/');
        let to = to.trim_start_matches("./").trim_end_matches('/');
        let to =
            match (to.starts_with('/'), to, step.scope.workdir.as_deref().map(|at| at.trim_end_matches('/')))
            {
                (true, ..) => to.to_owned(),
                (false, "" | ".", Some(at)) => at.to_owned(),
                (false, _, Some(at)) => format!("{at}/{to}"),
                (false, _, None) => return Vec::new(),
            };
        if matches!(source, "" | ".") { Vec::new() } else { vec![Self::Copied(source.to_owned(), to)] }
    }
}

impl Line {
    fn read(line: &CommandLine) -> Option<Self> {
        match line {
            CommandLine::Exec(words) if words.is_empty() => None,
            CommandLine::Exec(words) => {
                Some(Self::Words(words.iter().map(|word| word.text.clone()).collect()))
            }
            CommandLine::Shell(text) => Some(Self::Shell(text.as_str().trim().to_owned())),
        }
    }
}

/// How the image would run, as far as the instructions up to here say.
#[derive(Debug, Default)]
struct Running {
    entrypoint: Option<Line>,
    command: Option<Line>,
    /// The command is an inherited one, which an `ENTRYPOINT` takes away.
    is_inherited: bool,
    port: Option<u16>,
    copied: Vec<(String, String)>,
}

impl Running {
    fn inherit(&mut self) {
        self.is_inherited = true;
    }

    fn hear(&mut self, said: Said) {
        match said {
            Said::Entrypoint(line) => {
                self.entrypoint = line;
                if self.is_inherited {
                    self.command = None;
                }
            }
            Said::Command(line) => (self.command, self.is_inherited) = (line, false),
            Said::Copied(source, to) => self.copied.push((source, to)),
            Said::Port(port) => self.port = self.port.or_else(|| tcp_port(&port)),
        }
    }

    fn finish(self) -> DockerfileHints {
        let (mut command, mut shell_line) = (Vec::new(), None);
        match (self.entrypoint, self.command) {
            (Some(Line::Words(mut entrypoint)), Some(Line::Words(arguments))) => {
                entrypoint.extend(arguments);
                command = entrypoint;
            }
            (Some(Line::Words(words)), _) | (None, Some(Line::Words(words))) => command = words,
            // `CMD` is ignored behind a shell-form `ENTRYPOINT`, as an engine does.
            (Some(Line::Shell(line)), _) | (None, Some(Line::Shell(line))) => shell_line = Some(line),
            (None, None) => {}
        }
        DockerfileHints { command, shell_line, port: self.port, ..DockerfileHints::default() }
    }
}

fn tcp_port(port: &str) -> Option<u16> {
    let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    (protocol == "tcp").then(|| number.parse().ok()).flatten()
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
    fn knows_where_the_application_works_and_what_lands_there() {
        let text = "FROM x\nARG V\nENV HOME_OF=/srv V=$V\nCOPY lib /srv\nWORKDIR $HOME_OF\nCOPY requirements.txt .\nCOPY ./src/ ./\nCOPY a b /srv/\nCOPY web /srv/web\nCOPY --from=y /z .\n";
        let hints = hints(text);
        assert_eq!((hints.working_directory.as_str(), hints.environment.len()), ("/srv", 1));
        assert_eq!(hints.copied, ["lib", "requirements.txt", "src"]);
    }

    #[test]
    fn an_entrypoint_takes_away_an_inherited_command_only() {
        let own = hints("FROM x\nCMD [\"-m\", \"web\"]\nENTRYPOINT [\"python\"]\n");
        assert_eq!(own.command, ["python", "-m", "web"]);
        let inherited = hints("FROM x AS base\nCMD [\"-m\", \"web\"]\nFROM base\nENTRYPOINT [\"python\"]\n");
        assert_eq!(inherited.command, ["python"]);
    }

    #[test]
    fn variables_of_the_file_count_and_those_of_base_images_do_not() {
        let text = "ARG BASE=scratch\nFROM ${BASE} AS base\nARG PORT=80\nEXPOSE ${PORT}80\nFROM base\nENV MODE=prod\n";
        let hints = hints(text);
        assert_eq!(hints.port, Some(8080));
        assert_eq!(hints.environment, BTreeMap::from([("MODE".to_owned(), "prod".to_owned())]));
    }

    #[test]
    fn keeps_shell_lines_as_lines_and_survives_nonsense() {
        assert_eq!(hints("FROM x\nCMD python app.py\n").shell_line.as_deref(), Some("python app.py"));
        assert_eq!(hints("\0 nonsense\nFROM\nCMD []\n"), DockerfileHints::default());
    }
}
