//! The value of a label is not what the configuration says it is.

use bareboat_report::Severity;

use super::{label_values, labels};
use crate::lint::{Context, Findings, Group, LabelFormat, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "label-format",
    aliases: &["DL3052", "DL3053", "DL3054", "DL3055", "DL3056", "DL3058"],
    group: Group::Instructions,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("label-format.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for label in labels::all(context) {
        let Some(format) = label.name.as_ref().and_then(|name| context.settings().labels.get(name)) else {
            continue;
        };
        // An empty one is another rule's.
        let Some(value) = label.value.filter(|value| !value.is_empty()) else { continue };
        let Some(kind) = KINDS.iter().find(|kind| kind.format == *format) else { continue };
        if (kind.accepts)(&value) {
            continue;
        }
        findings
            .report(label.pair.span, format!("`{value}` is no {}", kind.what))
            .aliases(kind.aliases)
            .help(format!("write it like `{}`", kind.example));
    }
}

struct Format {
    format: LabelFormat,
    accepts: fn(&str) -> bool,
    aliases: &'static [&'static str],
    what: &'static str,
    example: &'static str,
}

const KINDS: &[Format] = &[
    Format {
        format: LabelFormat::Url,
        accepts: label_values::is_url,
        aliases: &["DL3052"],
        what: "absolute address",
        example: "https://example.com/app",
    },
    Format {
        format: LabelFormat::Rfc3339,
        accepts: label_values::is_time,
        aliases: &["DL3053"],
        what: "time as RFC 3339 has it",
        example: "2026-11-23T10:00:00Z",
    },
    Format {
        format: LabelFormat::Spdx,
        accepts: label_values::is_licence,
        aliases: &["DL3054"],
        what: "SPDX licence expression",
        example: "MIT OR Apache-2.0",
    },
    Format {
        format: LabelFormat::GitHash,
        accepts: label_values::is_commit,
        aliases: &["DL3055"],
        what: "Git commit",
        example: "4f0c8e1d9b7a6c5e4d3f2a1b0c9d8e7f6a5b4c3d",
    },
    Format {
        format: LabelFormat::Semver,
        accepts: label_values::is_version,
        aliases: &["DL3056"],
        what: "semantic version",
        example: "1.4.0-rc.1",
    },
    Format {
        format: LabelFormat::Email,
        accepts: label_values::is_email,
        aliases: &["DL3058"],
        what: "e-mail address",
        example: "team@example.com",
    },
];
