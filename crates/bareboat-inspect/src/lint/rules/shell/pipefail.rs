//! A pipeline whose first programs may fail unseen.

use bareboat_dockerfile::shell::{Node, Pipeline, Simple};
use bareboat_report::Severity;

use crate::lint::context::{Dialect, ShellScript, Step};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "pipefail",
    aliases: &["DL4006"],
    group: Group::Shell,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("pipefail.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let as_hadolint = context.as_hadolint();
    for (step, script) in context.scripts().filter(|(_, script)| !script.nested) {
        if as_hadolint && step.is_onbuild() {
            continue;
        }
        let shell = &step.state.shell;
        // dash does not know the option, and nobody knows what an unknown image calls `sh`.
        let has_it = shell.pipefail && !matches!(shell.dialect, Dialect::Dash | Dialect::Posix);
        if has_it && !script.file || sets_pipefail(script) {
            continue;
        }
        let Some(pipeline) = first(script, as_hadolint) else { continue };
        let pipe = script.script.span(pipeline.pipes[0].clone());
        let draft = findings.report(pipe, "only the last program of the pipeline may fail the build");
        draft.note("when one before it fails, the build goes on with half of the data");
        fix(context, step, script, draft);
    }
}

fn fix(context: &Context<'_>, step: &Step<'_>, script: &ShellScript, draft: &mut crate::lint::Draft) {
    let shell = match script.dialect(&step.state) {
        Dialect::Bash => "/bin/bash",
        Dialect::Busybox => "/bin/ash",
        Dialect::Dash => {
            draft.help("dash has no `pipefail`: set `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]`");
            return;
        }
        _ => {
            draft.help("set `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]`, or `/bin/ash` on Alpine");
            return;
        }
    };
    let line = format!(
        "{} [\"{shell}\", \"-o\", \"pipefail\", \"-c\"]",
        context.keyword_like(step.instruction, "SHELL")
    );
    draft.help(format!("set `{line}`, or begin with `set -o pipefail`"));
    if !script.file && !step.triggered && !step.is_onbuild() {
        draft.unsafe_fix("set `pipefail` from here on", [context.insert_above(step.instruction, &line)]);
    }
}

/// The script says so itself: `set -o pipefail`, `set -euo pipefail`.
fn sets_pipefail(script: &ShellScript) -> bool {
    script.script.simple_commands().iter().any(|(simple, ..)| {
        let words: Vec<String> = simple.words.iter().map(|word| word.literal_prefix()).collect();
        let set = words.first().is_some_and(|name| name == "set");
        set && words
            .windows(2)
            .any(|pair| pair[0].starts_with('-') && pair[0].ends_with('o') && pair[1] == "pipefail")
    })
}

fn first(script: &ShellScript, as_hadolint: bool) -> Option<&Pipeline> {
    let mut found = None;
    script.script.walk(&mut |node, _| {
        let Node::Pipeline(pipeline) = node else { return };
        let (Some((_, before)), false) = (pipeline.commands.split_last(), pipeline.pipes.is_empty()) else {
            return;
        };
        // Printing a text does not fail; hadolint does not look.
        let harmless = before.iter().all(|command| {
            let name = command.as_simple().and_then(Simple::name);
            name.is_some_and(|name| matches!(name.as_str(), "echo" | "printf" | "yes" | "true" | ":"))
        });
        if found.is_none() && (as_hadolint || !harmless) {
            found = Some(pipeline);
        }
    });
    found
}
