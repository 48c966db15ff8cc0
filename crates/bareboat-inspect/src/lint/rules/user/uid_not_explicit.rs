//! A user or group is made without a number.

use bareboat_report::Severity;

use crate::lint::context::{Call, Grammar};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "uid-not-explicit",
    aliases: &[],
    group: Group::User,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("uid-not-explicit.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (view, _, run) in context.runs() {
        // What other stages make does not leave them, unless somebody builds on them.
        if !view.is_final && !view.is_reused {
            continue;
        }
        for call in &run.calls {
            let Some((what, names)) = kind(call) else { continue };
            let options = call.options(&grammar(call));
            // Of options that are not known nobody knows whether the number is one.
            let known = call.arguments.iter().all(|word| word.is_complete);
            // `adduser USER GROUP` makes nobody, `groupadd --help` and the like neither.
            if !known || options.operands.len() != 1 || options.has(names) {
                continue;
            }
            findings
                .report(call.span, format!("this {what} gets whichever number is free"))
                .note("the next build may give another one, and volumes then belong to somebody else")
                .help(format!("add `{} NUMBER`", names[0]));
        }
    }
}

/// What a call makes, and the options that give it a number.
fn kind(call: &Call<'_>) -> Option<(&'static str, &'static [&'static str])> {
    Some(match call.name.as_str() {
        "useradd" => ("user", &["--uid", "-u"]),
        "adduser" => ("user", &["-u", "--uid"]),
        "groupadd" => ("group", &["--gid", "-g"]),
        "addgroup" => ("group", &["-g", "--gid"]),
        _ => return None,
    })
}

fn grammar(call: &Call<'_>) -> Grammar {
    let valued: &'static [&'static str] = match call.name.as_str() {
        "useradd" => super::USERADD,
        "groupadd" => &[
            "-g",
            "--gid",
            "-K",
            "--key",
            "-p",
            "--password",
            "-R",
            "--root",
            "-P",
            "--prefix",
            "-U",
            "--users",
        ],
        // BusyBox's and Debian's: the letters of one that the other lacks do no harm.
        "adduser" => &[
            "-h",
            "-g",
            "-s",
            "-G",
            "-u",
            "-k",
            "--home",
            "--shell",
            "--uid",
            "--gid",
            "--ingroup",
            "--gecos",
            "--firstuid",
            "--lastuid",
            "--conf",
            "--comment",
        ],
        _ => &["-g", "--gid", "--conf", "--firstgid", "--lastgid"],
    };
    Grammar { valued, single_dash: false }
}
