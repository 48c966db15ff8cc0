//! Nothing says what a container of this image does.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::context::Step;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "cmd-missing",
    aliases: &[],
    group: Group::Instructions,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("cmd-missing.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(facts) = context.base(view) else { return };
    let inherits = !facts.entrypoint.as_ref().is_some_and(Vec::is_empty)
        || !facts.command.as_ref().is_some_and(Vec::is_empty);
    let chain = context.chain(view);
    let steps = || chain.iter().flat_map(|link| &link.steps);
    // With ONBUILD it is for others to stand on; what is not understood may have been it.
    let says = |step: &Step<'_>| {
        matches!(step.command.kind, Kind::Cmd(_) | Kind::Entrypoint(_) | Kind::Onbuild(_) | Kind::Broken)
    };
    if inherits || steps().any(says) || !steps().any(|step| is_about_running(&step.command.kind)) {
        return;
    }
    findings
        .report(view.stage.from.image.span, "nothing says what a container of this image does")
        .note("`docker run` stops with: `no command specified`")
        .help("add `ENTRYPOINT [\"/path/of/the/program\"]`");
}

/// Files alone may be meant to be copied out of the image, and ENV for the build; settings like these are for a process.
fn is_about_running(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Expose(_) | Kind::Healthcheck(_) | Kind::Stopsignal(_) | Kind::User(_) | Kind::Volume(_)
    )
}
