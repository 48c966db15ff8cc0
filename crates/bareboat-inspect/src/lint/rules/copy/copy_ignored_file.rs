//! COPY of a file that the ignore file keeps out.

use bareboat_dockerfile::Kind;
use bareboat_dockerfile::instruction::{Source, Transfer};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "copy-ignored-file",
    aliases: &["CopyIgnoredFile"],
    group: Group::Copy,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("copy-ignored-file.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(build) = context.build() else { return };
    let (Some(ignore), Some((ignore_path, _))) = (build.ignore(), build.ignore_file()) else { return };
    // With exceptions, files below an ignored directory may be there.
    if ignore.brings_back() {
        return;
    }
    for (_, step) in context.steps() {
        let Some(transfer) = from_context(&step.effective().kind) else { continue };
        for source in &transfer.sources {
            let Source::Path(word) = source else { continue };
            let Ok(path) = context.expand(step, &word.text) else { continue };
            let known = path.undefined().is_empty() && !path.text.contains(['*', '?', '[']);
            if !known || path.text.contains("://") {
                continue;
            }
            // The root is never ignored itself, but everything in it may be.
            let is_root = matches!(path.text.trim_matches('/'), "" | ".");
            let pattern = match is_root {
                true => ignore.patterns().iter().find(|found| matches!(found.text(), "*" | "**" | "**/*")),
                false => ignore.reason(path.text.trim_start_matches('/')),
            };
            let Some(pattern) = pattern else { continue };
            findings
                .report(word.span, format!("`{}` is kept out by `{ignore_path}`", path.text))
                .note(format!("line {} says `{}`", pattern.line(), pattern.text()))
                .help("let the file in, or do not copy it");
        }
    }
}

/// The files of COPY or ADD, when they come from the build context.
fn from_context(kind: &Kind) -> Option<&Transfer> {
    match kind {
        Kind::Copy(copy) if copy.from.is_none() => Some(&copy.transfer),
        Kind::Add(add) => Some(&add.transfer),
        _ => None,
    }
}
