//! The output of a command is split.

use bareboat_dockerfile::shell::{Node, Part, Place, Script, Simple};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "unquoted-substitution",
    aliases: &["SC2046"],
    group: Group::Shell,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("unquoted-substitution.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, script) in context.scripts() {
        for range in unquoted(&script.script) {
            findings
                .report(script.script.span(range), "the output of this command is split at white space")
                .note("and what looks like a wildcard in it becomes names of files")
                .help("put it in double quotes, unless it is meant to be several words");
        }
    }
}

fn unquoted(script: &Script) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut declares = false;
    script.walk(&mut |node, _| match node {
        Node::Simple(simple, _) => {
            declares = simple.name().is_some_and(|name| DECLARATIONS.contains(&name.as_str()));
        }
        Node::Part(Part::Command { body, range, .. }, Place::Argument | Place::Target, false) => {
            let first = body.items.first().and_then(|item| item.first.commands.first());
            let name = first.and_then(|command| command.as_simple()).and_then(Simple::name);
            // Made to be split.
            let meant = name.is_some_and(|name| matches!(name.as_str(), "seq" | "pgrep"));
            if !declares && !meant && !body.is_empty() {
                found.push(range.clone());
            }
        }
        _ => {}
    });
    found
}

const DECLARATIONS: &[&str] = &["export", "readonly", "local", "declare", "typeset"];
