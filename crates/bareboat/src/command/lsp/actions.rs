//! Quick fixes: repairing one finding, silencing it here, and repairing everything that is safe.

use std::ops::Range;

use bareboat_dockerfile::{Dockerfile, LineIndex};
use bareboat_report::{Finding, Safety};
use lsp_types::{CodeAction, CodeActionKind, CodeActionParams, TextEdit, WorkspaceEdit};

use super::View;
use super::diagnostics::{code, diagnostic};

/// What can be done about the findings that a range touches.
pub fn actions(view: &View<'_>, parameters: &CodeActionParams) -> Option<Vec<CodeAction>> {
    let lines = view.document.lines();
    let start = view.encoding.offset(&lines, parameters.range.start);
    let end = view.encoding.offset(&lines, parameters.range.end);
    let findings = view.document.findings().iter();
    let touched: Vec<&Finding> = findings
        .filter(|finding| finding.place.range.start <= end && start <= finding.place.range.end)
        .collect();
    let only = parameters.context.only.as_deref();
    let wants = |kind: &CodeActionKind| {
        only.is_none_or(|only| only.iter().any(|only| is_below(kind.as_str(), only.as_str())))
    };
    let mut actions = Vec::new();
    if wants(&CodeActionKind::QUICKFIX) {
        actions.extend(touched.iter().filter_map(|finding| repair(view, &lines, finding)));
        actions.extend(touched.iter().filter_map(|finding| ignore(view, &lines, finding)));
    }
    if wants(&CodeActionKind::SOURCE_FIX_ALL) {
        actions.extend(repair_all(view, &lines));
    }
    Some(actions)
}

/// True when `kind` is `above` or a kind of it.
fn is_below(kind: &str, above: &str) -> bool {
    kind.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The finding's fix. One that writes other files is not for an editor.
fn repair(view: &View<'_>, lines: &LineIndex<'_>, finding: &Finding) -> Option<CodeAction> {
    let fix = finding.fix.as_ref().filter(|fix| fix.writes.is_empty() && !fix.edits.is_empty())?;
    let edits = fix.edits.iter().map(|edit| (edit.range.clone(), edit.replacement.clone())).collect();
    let title = match fix.safety {
        Safety::Safe => fix.title.clone(),
        Safety::Unsafe => format!("{} (may change the image)", fix.title),
    };
    Some(CodeAction {
        diagnostics: Some(vec![diagnostic(view, lines, finding)]),
        is_preferred: Some(fix.safety == Safety::Safe),
        ..action(view, lines, title, CodeActionKind::QUICKFIX, edits)
    })
}

/// A comment above the instruction. A file that cannot be read stays a finding whatever comments say.
fn ignore(view: &View<'_>, lines: &LineIndex<'_>, finding: &Finding) -> Option<CodeAction> {
    if matches!(&*finding.rule, "parse-error" | "unused-pragma") {
        return None;
    }
    let parsed = Dockerfile::parse(view.document.text.as_bytes());
    let at = finding.place.range.start;
    let mut instructions = parsed.file.instructions();
    let instruction =
        instructions.find(|instruction| (instruction.span.start..instruction.span.end).contains(&at))?;
    let start = instruction.span.start;
    let name = code(finding);
    let comment = format!("# bareboat ignore={name}\n");
    Some(CodeAction {
        diagnostics: Some(vec![diagnostic(view, lines, finding)]),
        ..action(
            view,
            lines,
            format!("ignore `{name}` here"),
            CodeActionKind::QUICKFIX,
            vec![(start..start, comment)],
        )
    })
}

/// Everything that can be repaired without changing what the image does; as one change from the first byte that
/// differs to the last.
fn repair_all(view: &View<'_>, lines: &LineIndex<'_>) -> Option<CodeAction> {
    let before = view.document.text.as_str();
    let fixed = view.judge.fixed(view.document);
    let after = String::from_utf8(fixed.source).ok()?;
    if after == before {
        return None;
    }
    let (range, text) = difference(before, &after);
    let title = "repair everything that is safe".to_owned();
    Some(action(view, lines, title, CodeActionKind::SOURCE_FIX_ALL, vec![(range, text)]))
}

fn action(
    view: &View<'_>,
    lines: &LineIndex<'_>,
    title: String,
    kind: CodeActionKind,
    edits: Vec<(Range<usize>, String)>,
) -> CodeAction {
    let edit = |(range, text)| TextEdit::new(view.encoding.range(lines, range), text);
    let edits: Vec<TextEdit> = edits.into_iter().map(edit).collect();
    // The addresses that the protocol's types take for keys never change.
    #[allow(clippy::mutable_key_type)]
    let changes = [(view.document.uri.clone(), edits)].into_iter().collect();
    CodeAction {
        title,
        kind: Some(kind),
        edit: Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
        ..CodeAction::default()
    }
}

/// The bytes of `before` that differ from `after`, and what stands there instead; whole characters.
fn difference(before: &str, after: &str) -> (Range<usize>, String) {
    let same = before.char_indices().zip(after.chars()).find(|((_, old), new)| old != new);
    let start = same.map_or(before.len().min(after.len()), |((at, _), _)| at);
    let ends = before[start..].chars().rev().zip(after[start..].chars().rev());
    let end: usize = ends.take_while(|(old, new)| old == new).map(|(old, _)| old.len_utf8()).sum();
    (start..before.len() - end, after[start..after.len() - end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_as_small_as_they_can_be() {
        assert_eq!(difference("aébc", "aèbc"), (1..3, "è".to_owned()));
        assert_eq!(difference("ab", "aab"), (1..1, "a".to_owned()));
        assert_eq!(difference("aab", "ab"), (1..2, String::new()));
        assert_eq!(difference("a", "a"), (1..1, String::new()));
        assert_eq!(difference("", "x"), (0..0, "x".to_owned()));
    }

    #[test]
    fn kinds_contain_their_own_kinds() {
        assert!(is_below("source.fixAll", "source") && is_below("source.fixAll", "source.fixAll"));
        assert!(!is_below("source.fixAll", "source.fix") && !is_below("quickfix", "source"));
    }
}
