//! A variable outside quotes is split.

use bareboat_dockerfile::shell::{CommandKind, Node, Parameter, Part, Place, Script, Word};
use bareboat_dockerfile::{Edit, Kind};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};
use std::collections::{BTreeMap, BTreeSet};

pub(super) static RULE: Rule = Rule {
    name: "unquoted-variable",
    aliases: &["SC2086"],
    group: Group::Shell,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("unquoted-variable.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let declared = declared(context);
    for (_, script) in context.scripts() {
        let harmless = harmless(&script.script);
        for parameter in unquoted(&script.script) {
            let name = parameter.name.as_str();
            if declared.contains(name) || harmless.get(name) == Some(&true) || WITHOUT_SPACES.contains(&name)
            {
                continue;
            }
            let span = script.script.span(parameter.range.clone());
            let written = script.script.slice(parameter.range.clone()).to_owned();
            let draft = findings.report(span, format!("`{written}` is split at white space"));
            draft
                .note("and what looks like a wildcard in it becomes names of files")
                .help(format!("write `\"{written}\"`"));
            if !script.nested {
                draft.unsafe_fix("quote it", [Edit::insert(span.start, "\""), Edit::insert(span.end, "\"")]);
            }
        }
    }
}

/// Variables of the build: their authors know what is in them, and ShellCheck is told that they are one word.
fn declared<'a>(context: &Context<'a>) -> BTreeSet<&'a str> {
    let mut names: BTreeSet<&str> = PROXIES.into_iter().collect();
    for instruction in context.file().instructions() {
        match &instruction.effective().kind {
            Kind::Env(pairs) => names.extend(pairs.pairs.iter().map(|pair| pair.name.text.as_str())),
            Kind::Arg(pairs) => names.extend(pairs.iter().map(|pair| pair.name.text.as_str())),
            _ => {}
        }
    }
    names
}

fn unquoted(script: &Script) -> Vec<&Parameter> {
    let mut found = Vec::new();
    let mut declares = false;
    script.walk(&mut |node, _| match node {
        // Values of `export x=$y` are not split by most shells.
        Node::Simple(simple, _) => {
            declares = simple.name().is_some_and(|name| DECLARATIONS.contains(&name.as_str()));
        }
        Node::Part(Part::Parameter(parameter), Place::Argument | Place::Target, false) => {
            let special =
                parameter.length || is_list(script, parameter) || matches!(parameter.name.as_str(), "" | "@");
            let alternative = matches!(parameter.operator.as_deref(), Some(":+" | "+"));
            if !special && !alternative && !declares {
                found.push(&**parameter);
            }
        }
        _ => {}
    });
    found
}

/// `${list[@]}`: another mistake.
fn is_list(script: &Script, parameter: &Parameter) -> bool {
    parameter.index.clone().is_some_and(|index| matches!(script.slice(index), "@" | "*"))
}

/// Names the script sets: whether every value is one word without wildcards.
fn harmless(script: &Script) -> BTreeMap<String, bool> {
    let mut names: BTreeMap<String, bool> = BTreeMap::new();
    let mut note = |name: &str, good: bool| {
        let all = names.entry(name.to_owned()).or_insert(true);
        *all &= good;
    };
    // `a=b c $a` sets nothing that `$a` could see.
    let mut lasting = false;
    script.walk(&mut |node, _| match node {
        Node::Simple(simple, _) => lasting = simple.words.is_empty(),
        Node::Assignment(assignment) if lasting => note(&assignment.name, is_one_word(&assignment.value)),
        Node::Command(command) => {
            if let CommandKind::For { name, words, .. } = &command.kind {
                note(name, words.as_ref().is_some_and(|words| words.iter().all(is_one_word)));
            }
        }
        _ => {}
    });
    names
}

fn is_one_word(word: &Word) -> bool {
    let numeric = |part: &Part| matches!(part, Part::Arithmetic { .. });
    if !word.parts.is_empty() && word.parts.iter().all(numeric) {
        return true;
    }
    word.literal().is_some_and(|text| !text.contains([' ', '\t', '\n', '*', '?', '[']))
}

const DECLARATIONS: &[&str] = &["export", "readonly", "local", "declare", "typeset"];
const PROXIES: [&str; 8] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
];
const WITHOUT_SPACES: &[&str] = &[
    "$",
    "-",
    "?",
    "!",
    "#",
    "EUID",
    "LINENO",
    "OPTIND",
    "PPID",
    "RANDOM",
    "SECONDS",
    "SHELLOPTS",
    "SHLVL",
    "UID",
    "COLUMNS",
    "LINES",
];
