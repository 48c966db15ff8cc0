//! curl takes an error page for the file.

use bareboat_report::Severity;

use crate::lint::context::Grammar;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "curl-without-fail",
    aliases: &[],
    group: Group::Packages,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("curl-without-fail.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in run.calls_of(&["curl"]) {
            let options = call.options(&CURL);
            let fails = options.has(&["-f", "--fail", "--fail-with-body", "--fail-early", "-I", "--head"]);
            let keeps = options.has(&["-o", "--output", "-O", "--remote-name", "--remote-name-all"]);
            let redirected = call.command.is_some_and(|command| {
                command.redirections.iter().any(|redirection| matches!(redirection.operator, ">" | ">>"))
            });
            if fails || !(keeps || redirected || call.context.in_pipeline) || options.operands.is_empty() {
                continue;
            }
            findings
                .report(call.program.span, "a failed download is taken for the file")
                .note("without `-f` curl succeeds when the server answers with an error, and keeps its error page")
                .help("add `-f`, usually as `curl -fsSL`");
        }
    }
}

/// curl(1).
const CURL: Grammar = Grammar {
    valued: &[
        "-o",
        "--output",
        "-H",
        "--header",
        "-d",
        "--data",
        "-u",
        "--user",
        "-X",
        "--request",
        "-A",
        "-x",
        "--retry",
        "--connect-timeout",
        "-m",
        "--max-time",
        "--proto",
        "-e",
        "-b",
        "-c",
        "-K",
        "-T",
        "-w",
    ],
    single_dash: false,
};
