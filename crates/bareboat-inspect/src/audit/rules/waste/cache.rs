//! No caches, indexes and documentation.

use bareboat_report::Severity;
use bareboat_report::size;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "cache",
    aliases: &["CIS-4.7"],
    group: Group::Waste,
    severity: Severity::Warning,
    default_on: true,
    is_hard: false,
    since: Ruleset::V2026_11,
    docs: include_str!("cache.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    for (directory, what, help) in PLACES {
        let Some(path) = facts.at(directory) else { continue };
        let files: Vec<u64> =
            facts.tree().below(&path).map(|(_, entry)| entry.size()).filter(|size| *size > 0).collect();
        let bytes: u64 = files.iter().sum();
        if bytes == 0 {
            continue;
        }
        let draft = findings.report_at(&path, format!("{} of {what} in `{directory}`", size(bytes)));
        if bytes < WORTH_A_WARNING {
            draft.severity(Severity::Info);
        }
        if *directory == "/usr/share/doc" {
            draft.note("the `copyright` files in it may have to stay: licences ask for them");
        }
        draft.help(*help);
    }
}

/// Where, what, and what to do about it.
const PLACES: &[(&str, &str, &str)] = &[
    (
        "/var/lib/apt/lists",
        "package lists",
        "remove them in the same RUN, or mount a cache over the directory",
    ),
    ("/var/cache/apt", "downloaded packages", "run `apt-get clean` in the same RUN, or mount a cache"),
    ("/var/cache/apk", "downloaded packages", "use `apk add --no-cache`"),
    ("/var/cache/dnf", "downloaded packages", "run `dnf clean all` in the same RUN, or mount a cache"),
    ("/var/cache/debconf", "questions of packages", "copy what runs into a bare image"),
    ("/root/.cache/pip", "downloaded wheels", "use `pip install --no-cache-dir`, or mount a cache"),
    ("/root/.cache/uv", "downloaded wheels", "use `uv --no-cache`, or mount a cache"),
    ("/root/.npm", "downloaded packages", "mount a cache over the directory"),
    ("/usr/share/doc", "documentation", "leave it out: `dpkg --path-exclude=/usr/share/doc/*`"),
    ("/usr/share/man", "manual pages", "leave them out: `dpkg --path-exclude=/usr/share/man/*`"),
    ("/usr/share/info", "manuals", "leave them out: `dpkg --path-exclude=/usr/share/info/*`"),
    ("/usr/share/locale", "translations", "leave them out: `dpkg --path-exclude=/usr/share/locale/*`"),
    ("/tmp", "temporary files", "remove them in the instruction that makes them"),
    ("/var/tmp", "temporary files", "remove them in the instruction that makes them"),
];

/// 1 MB: below it, a fix costs more than it saves.
const WORTH_A_WARNING: u64 = 1_000_000;
