//! An archive is copied and then unpacked, where ADD does both.

use bareboat_dockerfile::instruction::Source;
use bareboat_dockerfile::{Kind, Span};
use bareboat_report::Severity;

use crate::lint::context::{Call, Grammar, StageView};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "archive-copied-then-extracted",
    aliases: &["DL3010"],
    group: Group::Copy,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("archive-copied-then-extracted.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        for (index, step) in view.steps.iter().enumerate() {
            let Kind::Copy(copy) = &step.command.kind else { continue };
            if copy.from.is_some() {
                continue;
            }
            let destination = copy.transfer.destination.text.trim_matches('"');
            let renamed = destination.rsplit('/').next().filter(|name| is_archive(name));
            for source in &copy.transfer.sources {
                let Source::Path(word) = source else { continue };
                let path = word.text.trim_matches('"');
                let name = path.rsplit('/').next().unwrap_or(path);
                if !is_archive(name) || name.contains(['*', '?', '[', '$']) {
                    continue;
                }
                let Some(place) = unpacked(view, index, renamed.unwrap_or(name)) else { continue };
                findings
                    .report(word.span, format!("`{name}` is copied and then unpacked"))
                    .related(place, "here it is unpacked")
                    .note("the archive stays in the image, below what came out of it")
                    .help("write `ADD`: it unpacks; or mount the archive with `RUN --mount=type=bind`");
            }
        }
    }
}

/// Where a RUN after the step at `index` unpacks the archive called `name`.
fn unpacked(view: &StageView<'_>, index: usize, name: &str) -> Option<Span> {
    let runs = view.steps[index + 1..].iter().filter(|step| !step.is_onbuild()).filter_map(|step| step.run());
    let mut calls = runs.flat_map(|run| &run.calls).filter(|call| unpacks(call));
    let named = |call: &&Call<'_>| {
        call.arguments.iter().any(|word| word.text.rsplit('/').next().is_some_and(|last| last == name))
    };
    calls.find(named).map(|call| call.span)
}

fn unpacks(call: &Call<'_>) -> bool {
    if !call.is(&["tar", "bsdtar"]) {
        return call.is(&["gunzip", "bunzip2", "unxz", "unlzma", "uncompress"]);
    }
    // The first word needs no dash.
    let old = call.arguments.first().is_some_and(|word| {
        word.text.contains('x') && word.text.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    old || call.options(&TAR).has(&["-x", "--extract", "--get"])
}

/// What ADD unpacks.
fn is_archive(name: &str) -> bool {
    ARCHIVES.iter().any(|ending| name.ends_with(ending))
}

const ARCHIVES: &[&str] =
    &[".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tb2", ".tar.xz", ".txz", ".tar.zst", ".tzst"];
const TAR: Grammar = Grammar { valued: &["-f", "--file", "-C", "--directory"], single_dash: false };
