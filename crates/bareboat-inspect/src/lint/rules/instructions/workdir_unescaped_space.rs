//! WORKDIR takes the whole line, and it has a space in it.

use bareboat_dockerfile::{Edit, Kind, Span};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "workdir-unescaped-space",
    aliases: &[],
    group: Group::Instructions,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("workdir-unescaped-space.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step) in context.steps() {
        let Kind::Workdir(word) = &step.effective().kind else { continue };
        // A value with a space in it is meant; here somebody wrote the space.
        if !word.text.contains([' ', '\t'])
            || !context.expand(step, &word.text).is_ok_and(|path| path.words.len() > 1)
        {
            continue;
        }
        let draft =
            findings.report(word.span, format!("the directory is called `{}`, with the space", word.text));
        let as_written = word.span.len() == word.text.len();
        if let Some(at) = word.text.find(" #") {
            draft
                .note("`#` begins a comment only at the start of a line")
                .help("put the comment on the line above");
            if as_written {
                let kept = word.text[..at].trim_end().len();
                let comment = Span::new(word.span.start + kept, word.span.end);
                draft.unsafe_fix("remove the comment", [Edit::remove(comment)]);
            }
            continue;
        }
        draft
            .note("`WORKDIR` takes one directory, and all of the line for it")
            .help("put it in quotes when that is meant");
        let plain = !word.text.contains(['"', '\'', '$', '`', '\\']);
        if as_written && plain {
            draft.safe_fix("put it in quotes", [Edit::replace(word.span, format!("\"{}\"", word.text))]);
        }
    }
}
