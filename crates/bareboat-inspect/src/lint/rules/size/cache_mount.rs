//! A program that downloads much has no cache between builds.

use bareboat_dockerfile::Edit;
use bareboat_dockerfile::instruction::MountKind;
use bareboat_report::Severity;

use crate::lint::context::{Call, grammar};
use crate::lint::rules::packages::pip;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "cache-mount",
    aliases: &[],
    group: Group::Size,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("cache-mount.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (stage, step, run) in context.runs().filter(|(_, step, _)| !step.is_onbuild() && !step.triggered) {
        if run.mounts.iter().any(|mount| mount.kind == MountKind::Cache) {
            continue;
        }
        let found = run.calls.iter().find_map(|call| Some((call.span, call.name.clone(), directory(call)?)));
        let pip = || pip::installs(run).next().map(|call| (call.span, "pip".to_owned(), ".cache/pip"));
        let Some((span, program, directory)) = found.or_else(pip) else { continue };
        let draft =
            findings.report(span, format!("`{program}` downloads everything again whenever this runs"));
        draft.note("a cache mount stays on the machine that builds, and out of the image");
        let is_root = context.user(stage, &step.state).is_some_and(|user| matches!(user, "" | "root" | "0"));
        if !is_root {
            draft.help(format!("add `--mount=type=cache,target=HOME/{directory}` to `RUN`"));
            continue;
        }
        let mount = format!("--mount=type=cache,target=/root/{directory}");
        draft.help(format!("add `{mount}` to `RUN`"));
        // pip must also be told to keep what it loads.
        if program != "pip" {
            let at = step.command.keyword.span.end;
            draft.unsafe_fix("mount a cache", [Edit::insert(at, format!(" {mount}"))]);
        }
    }
}

/// Below home: where a call keeps what it downloads.
fn directory(call: &Call<'_>) -> Option<&'static str> {
    let options = call.options(&grammar::NPM);
    let subcommand = options.subcommand().unwrap_or_default();
    let (subcommands, directory): (&[&str], _) = match call.name.as_str() {
        "npm" => (&["ci", "install", "i"], ".npm"),
        "go" => (&["build", "install", "test"], ".cache/go-build"),
        "uv" => (&["sync"], ".cache/uv"),
        "mvn" => (&["package", "install", "verify"], ".m2"),
        "gradle" => (&["build", "assemble"], ".gradle"),
        "composer" => (&["install"], ".cache/composer"),
        _ => return None,
    };
    subcommands.contains(&subcommand).then_some(directory)
}
