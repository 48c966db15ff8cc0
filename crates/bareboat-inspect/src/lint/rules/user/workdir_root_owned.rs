//! The working directory belongs to root, and the program runs as somebody else.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::context::Step;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "workdir-root-owned",
    aliases: &[],
    group: Group::User,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("workdir-root-owned.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(user) = view.end.user.as_deref().filter(|user| !is_root(user)) else { return };
    let Some(workdir) = view.end.workdir.as_deref().filter(|path| *path != "/") else { return };
    let chain = context.chain(view);
    let steps: Vec<&Step<'_>> =
        chain.iter().flat_map(|link| &link.steps).filter(|step| !step.is_onbuild()).collect();
    // Whoever is in force at the first WORKDIR that names it makes it.
    let made = steps.iter().position(|step| sets(context, step, workdir));
    let Some((made, step)) = made.and_then(|at| Some((at, steps.get(at)?))) else { return };
    let Kind::Workdir(word) = &step.command.kind else { return };
    let by_root = context.user(view, &step.state).is_some_and(is_root);
    // A RUN may do anything with it, and a COPY bring a directory with its owner.
    let others = |step: &&Step<'_>| names(step, workdir);
    if !by_root || steps[..made].iter().any(others) || steps[made + 1..].iter().any(others) {
        return;
    }
    findings
        .report(word.span, format!("`{workdir}` belongs to root, and `{user}` cannot write it"))
        .note("that keeps the program from changing its own code; a program that writes beside it fails: `Permission denied`")
        .help("let it write to a directory of its own that belongs to the user");
}

fn sets(context: &Context<'_>, step: &Step<'_>, workdir: &str) -> bool {
    let Kind::Workdir(word) = &step.command.kind else { return false };
    let Ok(path) = context.expand(step, &word.text) else { return false };
    path.text.trim_end_matches('/') == workdir.trim_end_matches('/')
}

/// A RUN that names the directory, or calls what changes owners in ways that are not seen.
fn names(step: &Step<'_>, workdir: &str) -> bool {
    let Some(run) = step.run() else { return false };
    let inside = step.state.workdir.as_deref() == Some(workdir);
    step.instruction.text.as_str().contains(workdir)
        || run.calls.iter().any(|call| inside && call.is(&["chown", "install", "chmod", "setfacl"]))
}

fn is_root(user: &str) -> bool {
    matches!(user.split(':').next(), None | Some("" | "0" | "root"))
}
