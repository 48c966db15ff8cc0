//! An empty line inside an instruction.

use bareboat_dockerfile::{Edit, PieceKind, Span};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "empty-continuation",
    aliases: &["NoEmptyContinuation"],
    group: Group::Instructions,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("empty-continuation.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let source = context.file().source();
    for instruction in context.file().instructions() {
        let blanks = instruction.pieces.iter().filter(|piece| piece.kind == PieceKind::Blank);
        let lines: Vec<Span> = blanks
            .map(|piece| {
                let rest = &source[piece.span.start..];
                let line = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
                Span::new(piece.span.start, piece.span.end.max(piece.span.start + line))
            })
            .collect();
        let Some(first) = lines.first() else { continue };
        findings
            .report(Span::at(first.start), "an empty line in the middle of an instruction")
            .note("it looks like the end of the instruction, and builders announce that it will be an error")
            .help("remove it, or write `#` in it")
            .safe_fix("remove the empty lines", lines.into_iter().map(Edit::remove));
    }
}
