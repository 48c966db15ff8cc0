//! Packages are installed without a look at their signatures.

use bareboat_dockerfile::Edit;
use bareboat_report::Severity;

use crate::lint::context::Call;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "signature-check-off",
    aliases: &["CKV2_DOCKER_7", "CKV2_DOCKER_8", "CKV2_DOCKER_9", "CKV2_DOCKER_10", "CKV2_DOCKER_11"],
    group: Group::Packages,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("signature-check-off.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in &run.calls {
            for (option, aliases) in options_of(call) {
                let Some(at) = call.arguments.iter().position(|argument| argument.is(option)) else {
                    continue;
                };
                let argument = &call.arguments[at];
                let draft =
                    findings.report(argument.span, format!("`{option}` accepts packages from anybody"));
                draft
                    .aliases(aliases)
                    .note("whoever can change the download can change what is installed")
                    .help("import the key of the archive instead");
                // On a line of its own the word leaves one behind; only what stands on the line of its neighbour goes.
                let before = at.checked_sub(1).map_or(&call.program, |before| &call.arguments[before]);
                let gap = bareboat_dockerfile::Span { start: before.span.end, ..argument.span };
                if argument.word.is_some_and(|word| word.is_bare()) && !context.text(gap).contains('#') {
                    draft.unsafe_fix("check signatures", [Edit::remove(gap)]);
                }
            }
        }
    }
}

type Options = &'static [(&'static str, &'static [&'static str])];

fn options_of(call: &Call<'_>) -> Options {
    match call.name.as_str() {
        "apk" => &[("--allow-untrusted", &["CKV2_DOCKER_7"])],
        "apt-get" | "apt" => {
            &[("--allow-unauthenticated", &["CKV2_DOCKER_8"]), ("--force-yes", &["CKV2_DOCKER_11"])]
        }
        "yum" | "dnf" | "microdnf" | "tdnf" => &[("--nogpgcheck", &["CKV2_DOCKER_9"])],
        "rpm" => &[
            ("--nosignature", &["CKV2_DOCKER_10"]),
            ("--nodigest", &["CKV2_DOCKER_10"]),
            ("--noverify", &["CKV2_DOCKER_10"]),
        ],
        "zypper" => &[("--no-gpg-checks", &[])],
        _ => &[],
    }
}
