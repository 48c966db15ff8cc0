//! A script for bash that sh reads.

use std::collections::BTreeSet;
use std::ops::Range;

use bareboat_dockerfile::shell::{Command, CommandKind, Node, Parameter, Part, Place, Simple};
use bareboat_dockerfile::{Kind, Span};
use bareboat_report::Severity;

use crate::lint::context::{Dialect, ShellScript};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "bashism-in-sh",
    aliases: &[
        "SC3001", "SC3003", "SC3005", "SC3006", "SC3009", "SC3010", "SC3011", "SC3014", "SC3020", "SC3024",
        "SC3028", "SC3029", "SC3030", "SC3037", "SC3040", "SC3044", "SC3045", "SC3046", "SC3053", "SC3054",
        "SC3057", "SC3059", "SC3060",
    ],
    group: Group::Shell,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("bashism-in-sh.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let declared = declared(context);
    for (step, script) in context.scripts() {
        let busybox = match script.dialect(&step.state) {
            Dialect::Posix | Dialect::Dash => false,
            Dialect::Busybox => true,
            _ => continue,
        };
        for bashism in bashisms(script, &declared) {
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

struct Bashism {
    code: usize,
    span: Span,
    what: String,
}

impl Bashism {
    fn alias(&self) -> &'static [&'static str] {
        if self.code == CONDITION {
            return &["SC3010", "SC3014"];
        }
        let name = format!("SC{}", self.code);
        let found = RULE.aliases.iter().position(|alias| *alias == name);
        found.map_or(&[], |at| &RULE.aliases[at..=at])
    }
}

fn bashisms(script: &ShellScript, declared: &BTreeSet<&str>) -> Vec<Bashism> {
    let mut found = Vec::new();
    let parsed = &script.script;
    let mut assigned: BTreeSet<&str> = declared.clone();
    parsed.walk(&mut |node, _| {
        let mut add = |code, range, what: &str| {
            found.push(Bashism { code, span: parsed.span(range), what: what.to_owned() });
        };
        match node {
            Node::Command(command) => {
                if let Some((code, length, what)) = of_command(command) {
                    let start = command.range.start;
                    add(code, start..start + length, what);
                }
            }
            Node::Pipeline(pipeline) => {
                let both = pipeline.pipes.iter().find(|pipe| pipe.len() == 2);
                both.into_iter().for_each(|pipe| add(3029, pipe.clone(), "`|&`"));
            }
            Node::Assignment(assignment) => {
                if assignment.append {
                    add(3024, assignment.range.clone(), "`+=`");
                }
                assigned.insert(&assignment.name);
            }
            Node::Word(word, Place::CommandName | Place::Argument | Place::ForList) => {
                if let Some(range) = word.parts.iter().find_map(braces) {
                    add(3009, range, "`{a,b}`");
                }
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
            Node::Part(part, ..) => {
                if let Some((code, what)) = of_part(part, &assigned) {
                    add(code, part.range(), &what);
                }
            }
            _ => {}
        }
    });
    found
}

/// The code, how many bytes to blame, and what it is.
fn of_command(command: &Command) -> Option<(usize, usize, &'static str)> {
    match &command.kind {
        CommandKind::Test(words) => {
            let equals = words.iter().any(|word| word.literal().as_deref() == Some("=="));
            Some((if equals { CONDITION } else { 3010 }, 2, "`[[`"))
        }
        CommandKind::Arithmetic(_) => Some((3006, 2, "`((`")),
        CommandKind::ArithmeticFor { .. } => Some((3005, 3, "`for ((`")),
        _ => None,
    }
}

fn of_part(part: &Part, assigned: &BTreeSet<&str>) -> Option<(usize, String)> {
    let (code, what) = match part {
        Part::Process { .. } => (3001, "`<(…)`"),
        Part::SingleQuoted { ansi: true, .. } => (3003, "`$'…'`"),
        Part::Array { .. } => (3030, "an array"),
        Part::Parameter(parameter) => {
            let name = parameter.name.as_str();
            let of_bash = BASH_VARIABLES.contains(&name) && !assigned.contains(name);
            return match of_parameter(parameter) {
                Some((code, what)) => Some((code, what.to_owned())),
                None => (of_bash && parameter.operator.is_none()).then(|| (3028, format!("`${name}`"))),
            };
        }
        _ => return None,
    };
    Some((code, what.to_owned()))
}

fn of_parameter(parameter: &Parameter) -> Option<(usize, &'static str)> {
    if parameter.index.is_some() {
        return Some((3054, "an array"));
    }
    if parameter.indirect {
        return Some((3053, "`${!name}`"));
    }
    match parameter.operator.as_deref()? {
        operator if operator.starts_with(['^', ',']) => Some((3059, "`${name^^}`")),
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
        "pushd" | "popd" | "shopt" | "declare" | "typeset" | "disown" | "dirs" | "mapfile" | "readarray"
        | "enable" | "caller" | "suspend" | "compgen" | "complete" | "compopt" => {
            Some((3044, 0, format!("`{name}`")))
        }
        // POSIX has only `-r`.
        "read" => at(&|word| {
            word.len() > 1 && word.starts_with('-') && word[1..].contains(|char| "psantdiNeu".contains(char))
        })
        .map(|index| (3045, index, format!("`read {}`", words[index]))),
        "type" => at(&|word| word.starts_with('-')).map(|index| (3045, index, "`type -p`".to_owned())),
        "wait" => (words.get(1)? == "-n").then(|| (3045, 1, "`wait -n`".to_owned())),
        "printf" => (words.get(1)? == "-v").then(|| (3045, 1, "`printf -v`".to_owned())),
        "export" => (words.get(1)? == "-f").then(|| (3045, 1, "`export -f`".to_owned())),
        "source" => Some((3046, 0, "`source`".to_owned())),
        _ => None,
    }
}

/// `{a,b}` or `{1..3}`: dash takes it as it stands, and makes one directory of that name.
fn braces(part: &Part) -> Option<Range<usize>> {
    let Part::Literal { text, escaped: false, range } = part else { return None };
    let open = text.find('{')?;
    let length = text[open..].find('}')?;
    let inside = &text[open + 1..open + length];
    let range = range.start + open..range.start + open + length + 1;
    (inside.contains(',') || inside.contains("..")).then_some(range)
}

/// Variables of the build: they are there whatever the shell is.
fn declared<'a>(context: &Context<'a>) -> BTreeSet<&'a str> {
    let pairs = context.file().instructions().flat_map(|instruction| match &instruction.effective().kind {
        Kind::Env(pairs) => pairs.pairs.as_slice(),
        Kind::Arg(pairs) => pairs.as_slice(),
        _ => &[],
    });
    pairs.map(|pair| pair.name.text.as_str()).collect()
}

/// `[[ a == b ]]` has two codes: hadolint shows only the second.
const CONDITION: usize = 0;
/// Variables that only bash sets.
const BASH_VARIABLES: &[&str] = &[
    "RANDOM",
    "SECONDS",
    "HOSTNAME",
    "OSTYPE",
    "MACHTYPE",
    "HOSTTYPE",
    "UID",
    "EUID",
    "PIPESTATUS",
    "DIRSTACK",
];
/// What BusyBox's shell reads as bash does.
const BUSYBOX: &[usize] = &[CONDITION, 3003, 3010, 3014, 3020, 3028, 3037, 3040, 3045, 3046, 3057, 3060];
