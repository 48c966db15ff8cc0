//! Python compiles the application again in every container.

use bareboat_dockerfile::Kind;
use bareboat_report::Severity;

use crate::lint::context::StageView;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "pycache",
    aliases: &[],
    group: Group::Size,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("pycache.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let kind =
        context.base(view).and_then(|facts| facts.interpreter.as_ref()).map(|found| found.kind.as_str());
    let chain = context.chain(view);
    if kind != Some("python") || !chain.iter().any(|link| brings_code(link)) {
        return;
    }
    let steps = || chain.iter().flat_map(|link| &link.steps);
    let compiles = |text: &str| text.contains("compileall") || text.contains("py_compile");
    let decided = steps().any(|step| match &step.command.kind {
        Kind::Env(pairs) => pairs.pairs.iter().any(|pair| DECIDE.contains(&pair.name.text.as_str())),
        Kind::Run(_) => compiles(step.instruction.text.as_str()) || !step.instruction.heredocs.is_empty(),
        // `python -B`
        Kind::Cmd(_) | Kind::Entrypoint(_) => step.execution.as_ref().is_some_and(|run| {
            run.calls.iter().any(|call| {
                call.name.starts_with("python") && call.arguments.iter().any(|word| word.is("-B"))
            })
        }),
        _ => false,
    });
    if decided {
        return;
    }
    let keyword = context.keyword_like(view.stage.instruction, "ENV");
    findings
        .report(view.stage.from.image.span, "every new container compiles the application's modules again")
        .note("Python writes what it compiles beside the code: into the container, where it is lost, or nowhere when the user may not write there")
        .help("set `PYTHONDONTWRITEBYTECODE=1`, or compile in the build: `RUN python -m compileall -q DIRECTORY`")
        .unsafe_fix(
            "write no bytecode",
            [context.insert_below(view.stage.instruction, &format!("{keyword} PYTHONDONTWRITEBYTECODE=1"))],
        );
}

/// A COPY from the build context: code that nothing has compiled.
fn brings_code(view: &StageView<'_>) -> bool {
    view.steps.iter().any(|step| matches!(&step.command.kind, Kind::Copy(copy) if copy.from.is_none()))
}

const DECIDE: &[&str] = &["PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"];
