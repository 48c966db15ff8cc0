//! Python on Alpine, with a compiler installed to build what pip finds no wheel for.

use bareboat_dockerfile::Span;
use bareboat_report::Severity;

use crate::knowledge::LibcFamily;
use crate::lint::context::StageView;
use crate::lint::rules::packages::installs::{Manager, installs};
use crate::lint::rules::packages::pip;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "from-alpine-python",
    aliases: &[],
    group: Group::BaseImage,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("from-alpine-python.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let Some(facts) = context.base(view) else { continue };
        let is_musl = facts.libc.as_ref().is_some_and(|libc| libc.family == LibcFamily::Musl);
        if facts.family.as_deref() != Some("python") || !is_musl {
            continue;
        }
        let chain = context.chain(view);
        if !context.affords(&chain) {
            return;
        }
        let (Some(root), Some(compiler)) = (chain.first(), compiler(&chain)) else { continue };
        if !chain.iter().any(|link| installs_wheels(link)) {
            continue;
        }
        findings
            .report(root.stage.from.image.span, "on Alpine, pip compiles what has no wheel for musl")
            .related(compiler, "the compiler for it")
            .note("most projects publish wheels for glibc; fewer do for musl, and compiling takes minutes instead of seconds")
            .help("take the `slim` image, and see whether the compiler is still needed");
    }
}

/// Where a stage installs a C compiler.
fn compiler(chain: &[&StageView<'_>]) -> Option<Span> {
    let runs = chain.iter().flat_map(|link| &link.steps).filter_map(|step| step.run());
    let mut installed = runs.flat_map(installs).filter(|install| install.manager == Manager::Apk);
    installed.find_map(|install| {
        let found = install.packages().iter().find(|word| COMPILERS.iter().any(|name| word.is(name)));
        found.map(|word| word.span)
    })
}

fn installs_wheels(view: &StageView<'_>) -> bool {
    let mut runs = view.steps.iter().filter_map(|step| step.run());
    runs.any(|run| pip::installs(run).next().is_some())
}

const COMPILERS: &[&str] = &["build-base", "gcc", "g++", "clang", "musl-dev"];
