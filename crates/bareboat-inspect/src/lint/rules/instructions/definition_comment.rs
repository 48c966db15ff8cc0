//! The comment above ARG or FROM does not begin with its name.

use bareboat_dockerfile::{Edit, Instruction, Item, Kind, Span};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "definition-comment",
    aliases: &["InvalidDefinitionDescription"],
    group: Group::Instructions,
    severity: Severity::Style,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("definition-comment.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for pair in context.file().items().windows(2) {
        let [Item::Comment(line), Item::Instruction(instruction)] = pair else { continue };
        let Some((keyword, names)) = defined(instruction) else { continue };
        let text = context.text(*line);
        let comment = text.trim().trim_start_matches('#').trim();
        let described = comment.split(' ').next().unwrap_or_default();
        if names.iter().any(|name| *name == described) || is_for_a_tool(comment) {
            continue;
        }
        let (Some(name), start) = (names.first(), line.start + (text.len() - text.trim_start().len())) else {
            continue;
        };
        let draft = findings.report(
            Span::new(start, start + text.trim().len()),
            format!("this comment describes a `{keyword}`, and does not begin with its name"),
        );
        draft
            .note("`docker build --call=outline` shows such a comment as the description of what stands below it")
            .help(format!("write `# {name} …`, or leave a blank line below"));
        if text.ends_with('\n') {
            draft.safe_fix("leave a blank line below", [Edit::insert(line.end, context.line_end())]);
        }
    }
}

/// What an instruction defines, and under which names.
fn defined(instruction: &Instruction) -> Option<(&'static str, Vec<String>)> {
    match &instruction.command.kind {
        Kind::Arg(pairs) => Some(("ARG", pairs.iter().map(|pair| pair.name.text.clone()).collect())),
        Kind::From(from) => {
            let written = &from.alias.as_ref()?.name.text;
            Some(("FROM", vec![written.to_lowercase(), written.clone()]))
        }
        _ => None,
    }
}

/// What the comment says is for a linter.
fn is_for_a_tool(comment: &str) -> bool {
    ["hadolint ", "bareboat", "check=", "checkov:", "trivy:"].iter().any(|start| comment.starts_with(start))
}
