//! A script for bash that sh reads.

use bareboat_dockerfile::Span;
use bareboat_dockerfile::shell::{CommandKind, Node, Parameter, Part, Simple};
use bareboat_report::Severity;

use crate::lint::context::{Dialect, ShellScript};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "bashism-in-sh",
    aliases: &[
        "SC3001", "SC3003", "SC3010", "SC3011", "SC3014", "SC3020", "SC3030", "SC3037", "SC3040", "SC3044",
        "SC3046", "SC3054", "SC3057", "SC3060",
    ],
    group: Group::Shell,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("bashism-in-sh.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step, run) in context.runs() {
        for script in run.scripts {
            let busybox = match script.dialect(&step.state) {
                Dialect::Posix | Dialect::Dash => false,
                Dialect::Busybox => true,
                _ => continue,
            };
            for bashism in bashisms(script) {
                // BusyBox has learned some of them.
                if busybox && BUSYBOX.contains(&bashism.code) {
                    continue;
                }
                findings
                    .report(bashism.span, format!("{} is not known to `sh`", bashism.what))
                    .aliases(bashism.alias())
                    .note("`RUN` is read by `/bin/sh`, which is dash on Debian and BusyBox on Alpine")
                    .help("set `SHELL [\"/bin/bash\", \"-c\"]`, or write it for `sh`");
            }
        }
    }
}

struct Bashism {
    code: usize,
    span: Span,
    what: String,
}

impl Bashism {
    fn alias(&self) -> &'static [&'static str] {
        let name = format!("SC{}", self.code);
        let found = RULE.aliases.iter().position(|alias| *alias == name);
        found.map_or(&[], |at| &RULE.aliases[at..=at])
    }
}

fn bashisms(script: &ShellScript) -> Vec<Bashism> {
    let mut found = Vec::new();
    let parsed = &script.script;
    parsed.walk(&mut |node, _| {
        let mut add = |code, range, what: &str| {
            found.push(Bashism { code, span: parsed.span(range), what: what.to_owned() });
        };
        match node {
            Node::Command(command) if matches!(command.kind, CommandKind::Test(_)) => {
                add(3010, command.range.start..command.range.start + 2, "`[[`");
            }
            Node::Simple(simple, _) => {
                if let Some((code, index, what)) = of_simple(simple) {
                    add(code, simple.words[index].range.clone(), &what);
                }
            }
            Node::Redirection(redirection) => match redirection.operator {
                "<<<" => add(3011, redirection.range.clone(), "`<<<`"),
                "&>" | "&>>" => add(3020, redirection.range.clone(), "`&>`"),
                _ => {}
            },
            Node::Part(Part::Process { range, .. }, ..) => add(3001, range.clone(), "`<(…)`"),
            Node::Part(Part::SingleQuoted { ansi: true, range, .. }, ..) => {
                add(3003, range.clone(), "`$'…'`")
            }
            Node::Part(Part::Array { range, .. }, ..) => add(3030, range.clone(), "an array"),
            Node::Part(Part::Parameter(parameter), ..) => {
                if let Some((code, what)) = of_parameter(parameter) {
                    add(code, parameter.range.clone(), what);
                }
            }
            _ => {}
        }
    });
    found
}

fn of_parameter(parameter: &Parameter) -> Option<(usize, &'static str)> {
    if parameter.index.is_some() {
        return Some((3054, "an array"));
    }
    match parameter.operator.as_deref()? {
        ":" => Some((3057, "`${name:offset}`")),
        operator if operator.starts_with('/') => Some((3060, "`${name/pattern/text}`")),
        _ => None,
    }
}

/// The code, the word to blame, and what it is.
fn of_simple(simple: &Simple) -> Option<(usize, usize, String)> {
    let words: Vec<String> = simple.words.iter().map(|word| word.literal_prefix()).collect();
    let name = words.first()?.as_str();
    let at =
        |wanted: &dyn Fn(&str) -> bool| words.iter().skip(1).position(|word| wanted(word)).map(|at| at + 1);
    match name {
        "[" | "test" => at(&|word| word == "==").map(|index| (3014, index, "`==`".to_owned())),
        "echo" => {
            let first = words.get(1).filter(|word| {
                word.len() > 1
                    && word.starts_with('-')
                    && word[1..].chars().all(|char| matches!(char, 'n' | 'e' | 'E'))
            })?;
            // dash knows `-n`.
            (first != "-n").then(|| (3037, 1, format!("`echo {first}`")))
        }
        "set" => at(&|word| word == "pipefail").map(|index| (3040, index, "`pipefail`".to_owned())),
        "pushd" | "popd" | "shopt" | "declare" | "typeset" | "disown" | "dirs" | "mapfile" => {
            Some((3044, 0, format!("`{name}`")))
        }
        "source" => Some((3046, 0, "`source`".to_owned())),
        _ => None,
    }
}

/// What BusyBox's shell reads as bash does.
const BUSYBOX: &[usize] = &[3003, 3010, 3014, 3020, 3037, 3040, 3046, 3057, 3060];
