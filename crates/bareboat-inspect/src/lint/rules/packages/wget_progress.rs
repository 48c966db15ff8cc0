//! wget draws a progress bar into the build log.

use bareboat_dockerfile::Edit;
use bareboat_report::Severity;

use crate::knowledge::{ShellFacts, ShellKind};
use crate::lint::context::{Grammar, Options};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "wget-progress",
    aliases: &["DL3047"],
    group: Group::Packages,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("wget-progress.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (stage, _, run) in context.runs() {
        for call in run.calls_of(&["wget"]) {
            let options = call.options(&WGET);
            if is_quiet(&options) || call.arguments.is_empty() || options.has(&["--version", "-V", "--help"])
            {
                continue;
            }
            let draft = findings.report(call.program.span, "`wget` fills the log with its progress");
            draft.help("add `--progress=dot:giga`, or `-q` (BusyBox has only that)");
            if !call.program.word.is_some_and(|word| word.is_bare()) {
                continue;
            }
            let edit = [Edit::insert(call.program.span.end, " --progress=dot:giga")];
            // BusyBox does not know the option, and fails.
            match context.base(stage).and_then(|base| base.shell) {
                Some(ShellFacts::Present(ShellKind::Busybox)) => {}
                Some(_) => _ = draft.safe_fix("show a dot per megabyte", edit),
                None => _ = draft.unsafe_fix("show a dot per megabyte", edit),
            }
        }
    }
}

fn is_quiet(options: &Options<'_, '_>) -> bool {
    options.has(&[
        "-q",
        "--quiet",
        "--no-verbose",
        "--progress",
        "-o",
        "--output-file",
        "-a",
        "--append-output",
    ]) || options.options.iter().any(|option| option.argument.text.starts_with("-nv"))
}

/// wget(1).
const WGET: Grammar = Grammar {
    valued: &[
        "-O", "-P", "-o", "-a", "-t", "-T", "-U", "-i", "-w", "-Q", "-e", "-A", "-R", "-D", "-l", "-I", "-X",
    ],
    single_dash: false,
};
