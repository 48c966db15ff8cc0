//! A program that needs a C library in an image without one.

use bareboat_report::Severity;

use super::arrival::arrivals;
use super::base;
use super::content::{Content, content};
use super::opaque::may_bring_programs;
use crate::knowledge::LibcFamily;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "dynamic-program-without-libc",
    aliases: &["P13"],
    group: Group::Pairing,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("dynamic-program-without-libc.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(runtime) = context.base(view) else { return };
    if base::libc(runtime) != Some(LibcFamily::None) || may_bring_programs(context, view) {
        return;
    }
    for arrival in arrivals(context, view) {
        let on_musl = arrival.made_on(context).and_then(base::libc) == Some(LibcFamily::Musl);
        let help = match content(context, &arrival) {
            Some(Content::Cgo { .. }) => "build with `CGO_ENABLED=0`",
            Some(Content::Rust) if !on_musl => {
                "build for `x86_64-unknown-linux-musl`, or run on `gcr.io/distroless/cc-debian13`"
            }
            Some(Content::C) => "link with `-static`, or run on an image with the builder's C library",
            _ => continue,
        };
        let certain = !matches!(content(context, &arrival), Some(Content::Cgo { explicit: false }));
        let image = base::image(context, view);
        let draft =
            findings.report(arrival.span, format!("this program needs a C library, and `{image}` has none"));
        if certain {
            draft.severity(Severity::Error);
        } else {
            draft.note("Go links the C library in where a package uses cgo: `net` and `os/user` do");
        }
        draft
            .note("`exec …: no such file or directory`, although the file is there: its loader is not")
            .help(help);
    }
}
