//! `adduser` gets options of another distribution's `adduser`.

use bareboat_report::Severity;

use crate::lint::context::Call;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "adduser-dialect",
    aliases: &[],
    group: Group::User,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("adduser-dialect.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (stage, _, run) in context.runs() {
        let Some(distribution) = context.base(stage).and_then(|base| base.distribution.as_ref()) else {
            continue;
        };
        let (foreign, of, own): (&[&str], _, _) = match distribution.id.as_str() {
            "alpine" => (DEBIAN, "Debian's", "BusyBox"),
            "debian" | "ubuntu" => (BUSYBOX, "BusyBox's", "Debian"),
            _ => continue,
        };
        for call in run.calls_of(&["adduser"]) {
            let Some(option) = first(call, foreign) else { continue };
            findings
                .report(option.span, format!("`{}` is an option of {of} `{}`", option.text, call.name))
                .note(format!("{own} knows no such option, so the build fails"))
                .help(match own {
                    "BusyBox" => "write `adduser -D -u UID NAME`, or `-S` for a system user",
                    _ => "write `useradd --uid UID NAME`",
                });
        }
    }
}

fn first<'c, 'a>(call: &'c Call<'a>, options: &[&str]) -> Option<&'c crate::lint::context::Argument<'a>> {
    call.arguments.iter().find(|word| {
        let name = word.text.split('=').next().unwrap_or_default();
        // Letters may stand together: `-DH`.
        let letters = word.text.len() > 2 && word.text.starts_with('-') && !word.text.starts_with("--");
        options.contains(&name)
            || letters
                && options.iter().any(|option| option.len() == 2 && word.text[1..].contains(&option[1..]))
    })
}

/// Long options that BusyBox's adduser does not have; it does have `--disabled-password`.
const DEBIAN: &[&str] = &["--disabled-login", "--group", "--gid", "--allow-bad-names", "--force-badname"];
/// Short options that Debian's adduser refuses: unknown, or short for several (adduser 3.134).
const BUSYBOX: &[&str] = &["-D", "-S", "-G"];
