//! A Rust program in a distroless image without libgcc.

use bareboat_report::Severity;

use super::arrival::{arrivals, overlaps};
use super::base;
use super::content::{Content, content};
use crate::knowledge::LibcFamily;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "rust-without-libgcc",
    aliases: &["P14"],
    group: Group::Pairing,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("rust-without-libgcc.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let family = context.base(view).and_then(|facts| facts.family.as_deref());
    if !matches!(family, Some("distroless/base" | "distroless/base-nossl")) {
        return;
    }
    let arrivals = arrivals(context, view);
    let brings =
        |path: &str| path.contains("libgcc_s") || overlaps(path, "/usr/lib") || overlaps(path, "/lib");
    if arrivals.iter().any(|arrival| brings(&arrival.source)) {
        return;
    }
    for arrival in &arrivals {
        let on_glibc = arrival.made_on(context).and_then(base::libc) == Some(LibcFamily::Glibc);
        if !on_glibc || content(context, arrival) != Some(Content::Rust) {
            continue;
        }
        let image = base::image(context, view);
        findings
            .report(arrival.span, format!("a Rust program needs libgcc, and `{image}` has none"))
            .note("`error while loading shared libraries: libgcc_s.so.1: cannot open shared object file`")
            .help(format!("run on `{}`", image.replace("/base-nossl", "/cc").replace("/base", "/cc")));
    }
}
