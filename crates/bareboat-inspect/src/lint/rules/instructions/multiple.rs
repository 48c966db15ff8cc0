//! CMD, ENTRYPOINT or HEALTHCHECK more than once in a stage: shared by the rules about each.

use bareboat_dockerfile::{Kind, PieceKind};

use crate::lint::context::Step;
use crate::lint::{Context, Findings};

/// Reports all but the last instruction of a stage that `is_meant` is true for.
pub(super) fn report_earlier(
    context: &Context<'_>,
    findings: &mut Findings<'_>,
    name: &str,
    is_meant: fn(&Kind) -> bool,
) {
    for view in context.stages() {
        let own = view.steps.iter().filter(|step| !step.triggered);
        let found: Vec<&Step<'_>> = own.filter(|step| is_meant(&step.command.kind)).collect();
        let Some((last, earlier)) = found.split_last() else { continue };
        // hadolint points at the ones that come too late, and so do its comments.
        if context.as_hadolint() {
            for step in &found[1..] {
                findings
                    .report(step.instruction.text_span(), format!("the stage has an earlier `{name}`"))
                    .related(found[0].instruction.text_span(), "the first one");
            }
            continue;
        }
        for step in earlier {
            let message = format!("this `{name}` is ignored: the stage has a later one");
            let draft = findings.report(step.instruction.text_span(), message);
            draft.related(last.instruction.text_span(), "this one counts");
            draft.help("keep one of them");
            // A comment between its lines may be worth more than the instruction.
            if !step.instruction.pieces.iter().any(|piece| piece.kind == PieceKind::Comment) {
                draft.safe_fix(
                    format!("remove the `{name}` that is ignored"),
                    [context.remove_instruction(step.instruction)],
                );
            }
        }
    }
}
