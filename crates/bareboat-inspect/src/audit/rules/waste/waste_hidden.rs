//! Bytes that are shipped and cannot be seen.

use std::collections::BTreeMap;

use bareboat_image::{Hidden, HiddenCause};
use bareboat_report::size;

use crate::facts::Facts;
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "waste-hidden",
    aliases: &[],
    group: Group::Waste,
    severity: Severity::Warning,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("waste-hidden.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let mut pairs: BTreeMap<(usize, usize, &'static str), Pair<'_>> = BTreeMap::new();
    for hidden in &facts.merged.hidden {
        let pair = pairs
            .entry((hidden.origin.layer, hidden.by, word(hidden.cause)))
            .or_insert_with(|| Pair { largest: hidden, files: 0, bytes: 0 });
        pair.files += 1;
        pair.bytes += hidden.size;
        if hidden.size > pair.largest.size {
            pair.largest = hidden;
        }
    }
    for ((layer, by, _), pair) in pairs.iter().filter(|(_, pair)| pair.bytes > 0) {
        report(facts, findings, *layer, *by, pair);
    }
}

/// What one layer hides of another in one way.
struct Pair<'a> {
    largest: &'a Hidden,
    files: usize,
    bytes: u64,
}

fn report(facts: &Facts, findings: &mut Findings<'_>, layer: usize, by: usize, pair: &Pair<'_>) {
    let made = |layer: usize| facts.layers.get(layer).and_then(|layer| layer.created_by.as_ref());
    let files = if pair.files == 1 { "1 file".to_owned() } else { format!("{} files", pair.files) };
    let cause = pair.largest.cause;
    let message = format!(
        "{} in {files} of layer {} are {} by layer {}",
        size(pair.bytes),
        layer + 1,
        word(cause),
        by + 1
    );
    let draft = findings.report_in(layer, Some(&pair.largest.path), message);
    if pair.bytes < WORTH_A_WARNING {
        draft.severity(Severity::Info);
    }
    if let Some(instruction) = made(layer) {
        draft.note(format!("brought by `{instruction}`"));
    }
    if let Some(instruction) = made(by).filter(|_| by != layer) {
        draft.note(format!("hidden by `{instruction}`"));
    }
    draft.help(match cause {
        HiddenCause::MetadataOnly => "set mode and owner while copying: `COPY --chmod=… --chown=…`",
        HiddenCause::Deleted => "delete them in the instruction that makes them, or build in another stage",
        HiddenCause::Replaced => {
            "write them once: change them before they are copied, or in the same instruction"
        }
    });
}

fn word(cause: HiddenCause) -> &'static str {
    match cause {
        HiddenCause::Deleted => "deleted",
        HiddenCause::Replaced => "overwritten",
        HiddenCause::MetadataOnly => "repeated with other metadata",
    }
}

/// 1 MB: below it, a fix costs more than it saves.
const WORTH_A_WARNING: u64 = 1_000_000;
