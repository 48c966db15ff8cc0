//! Something that looks like a variable is in single quotes.

use bareboat_dockerfile::shell::{Node, Part, Place};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "expansion-in-single-quotes",
    aliases: &["SC2016"],
    group: Group::Shell,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("expansion-in-single-quotes.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, script) in context.scripts() {
        let parsed = &script.script;
        let mut meant = false;
        parsed.walk(&mut |node, _| match node {
            Node::Simple(simple, _) => {
                let words: Vec<String> = simple.words.iter().map(|word| word.literal_prefix()).collect();
                meant = reads_dollars(&words);
            }
            Node::Assignment(assignment) => meant |= PROMPTS.contains(&assignment.name.as_str()),
            Node::Part(Part::SingleQuoted { ansi: false, text, range }, place, false) => {
                if meant || matches!(place, Place::Heredoc) || !looks_like_one(text) {
                    return;
                }
                findings
                    .report(parsed.span(range.clone()), "nothing is replaced inside single quotes")
                    .help("write double quotes, unless the text is meant as it stands");
            }
            _ => {}
        });
    }
}

/// `$name`, `${…}`, `$(…)` or a pair of backquotes.
fn looks_like_one(text: &str) -> bool {
    let follows = |char: char| char.is_ascii_alphanumeric() || matches!(char, '{' | '(' | '_');
    let dollar = text.split('$').skip(1).any(|rest| rest.starts_with(follows));
    let quoted = text.split('`').nth(1).is_some_and(|inside| !inside.is_empty());
    dollar || quoted && text.matches('`').count() > 1
}

/// Programs whose arguments are a language of their own with dollars in it.
fn reads_dollars(words: &[String]) -> bool {
    let Some(program) = words.first() else { return false };
    let name = program.rsplit('/').next().unwrap_or(program);
    match name {
        "sed" => words[1..].iter().all(|word| !looks_like_one(word) || only_addresses(word)),
        "find" => words.iter().any(|word| matches!(word.as_str(), "sh" | "bash")),
        "git" => words.iter().any(|word| word == "filter-branch"),
        _ => name.ends_with("awk") || name.starts_with("perl") || READERS.contains(&name),
    }
}

/// In sed's language `$` is also the last line: `$d`, `/x/,$p`, `$a text`.
fn only_addresses(text: &str) -> bool {
    text.split('$').skip(1).all(|rest| {
        let mut chars = rest.chars();
        let command = chars.next().is_none_or(|char| "{dpsaic!".contains(char) || !char.is_alphanumeric());
        command && !chars.next().is_some_and(|char| char.is_ascii_alphabetic())
    })
}

const PROMPTS: &[&str] = &["PS1", "PS2", "PS3", "PS4", "PROMPT_COMMAND"];
const READERS: &[&str] = &[
    "sh",
    "bash",
    "dash",
    "ash",
    "ksh",
    "zsh",
    "ssh",
    "eval",
    "trap",
    "alias",
    "sudo",
    "doas",
    "docker",
    "podman",
    "envsubst",
    "dpkg-query",
    "jq",
    "rename",
    "rg",
    "unset",
    "su",
    "xprop",
    "run0",
    "oc",
];
