//! Two stages begin with the same instructions.

use std::collections::BTreeMap;

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::context::{StageView, Step};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "stage-copy-paste",
    aliases: &[],
    group: Group::Stages,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("stage-copy-paste.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    // Stages that begin alike up to the shortest stretch worth a stage of its own, by the text of that stretch.
    let mut seen: BTreeMap<String, &StageView<'_>> = BTreeMap::new();
    for view in context.stages().iter().filter(|view| view.image.is_some()) {
        let Some(beginning) = beginning(context, view) else { continue };
        let Some(first) = seen.get(&beginning) else {
            seen.insert(beginning, view);
            continue;
        };
        findings
            .report(view.stage.instruction.text_span(), "this stage begins like an earlier one")
            .related(first.stage.instruction.text_span(), "that one")
            .note("a change must be made in both, and once they differ both are built")
            .help("give what they share a stage with a name, and begin both with `FROM` that name");
    }
}

/// FROM and the first instructions of a stage as written, when there are enough of them and they do something.
fn beginning(context: &Context<'_>, view: &StageView<'_>) -> Option<String> {
    let own: Vec<&Step<'_>> = view.steps.iter().filter(|step| !step.triggered).take(SHORTEST).collect();
    let works =
        own.iter().any(|step| matches!(step.command.kind, Kind::Run(_) | Kind::Copy(_) | Kind::Add(_)));
    if own.len() < SHORTEST || !works {
        return None;
    }
    let from = &view.stage.from;
    let platform = from.platform.as_ref().map(|word| word.text.as_str()).unwrap_or_default();
    let mut text = format!("{platform} {}", from.image.text);
    for step in own {
        // Heredocs are beside the text.
        text.push('\n');
        text.push_str(&context.text(step.instruction.span));
    }
    Some(text)
}

/// Instructions after FROM.
const SHORTEST: usize = 3;
