//! An installation that stops to ask.

use bareboat_dockerfile::Edit;
use bareboat_report::Severity;

use super::installs::{Manager, behind};
use crate::lint::context::{Call, Options};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "assume-yes",
    aliases: &["DL3014", "DL3030", "DL3034", "DL3038", "DS-0021"],
    group: Group::Packages,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("assume-yes.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        // `yes | …` answers.
        if run.calls_of(&["yes"]).next().is_some() {
            continue;
        }
        for call in &run.calls {
            report(call, findings);
        }
    }
}

fn report(call: &Call<'_>, findings: &mut Findings<'_>) {
    let Some(manager) = Manager::of(call) else { return };
    let options = call.options(manager.grammar());
    let Some(subcommand) = options.subcommand() else { return };
    let (asks, aliases): (&[&str], &'static [&'static str]) = match manager {
        Manager::AptGet => (&["install"], &["DL3014", "DS-0021"]),
        Manager::Apt => (&["install"], &["DS-0021"]),
        Manager::Yum => (&["install", "groupinstall", "localinstall"], &["DL3030"]),
        Manager::Dnf => (&["install", "groupinstall", "localinstall"], &["DL3038"]),
        Manager::Zypper => (ZYPPER, &["DL3034"]),
        Manager::Apk => return,
    };
    // `dnf module install nodejs:20`
    let of_module = matches!(manager, Manager::Yum | Manager::Dnf)
        && subcommand == "module"
        && options.rest().first().is_some_and(|word| word.is("install"));
    if !(asks.contains(&subcommand) || of_module) || says_yes(manager, &options) {
        return;
    }
    let span = options.operands[0].span;
    let draft = findings.report(span, format!("`{} {subcommand}` stops to ask", call.name));
    draft.aliases(aliases).note("nobody can answer during a build, so it fails").help("add `-y`");
    if let Some(at) = behind(options.operands[0]) {
        draft.safe_fix("say yes beforehand", [Edit::insert(at, " -y")]);
    }
}

fn says_yes(manager: Manager, options: &Options<'_, '_>) -> bool {
    match manager {
        Manager::AptGet | Manager::Apt => {
            let quiet =
                options.options.iter().filter(|option| matches!(option.name.as_ref(), "-q" | "--quiet"));
            let set = options.options.iter().filter_map(|option| option.value.as_deref());
            // Quiet twice means yes as well (apt-get(8)); `=` is only in `-q=2`.
            options.has(&["-y", "--yes", "--assume-yes"])
                || quiet.count() >= 2
                || options.options.iter().any(|option| option.argument.text.ends_with("q=2"))
                || options.options.iter().any(|option| option.argument.text == "--quiet=2")
                || set.into_iter().any(|value| {
                    matches!(
                        value.to_ascii_lowercase().as_str(),
                        "apt::get::assume-yes=true" | "apt::get::assume-yes=1"
                    )
                })
        }
        Manager::Zypper => options.has(&["-y", "--no-confirm", "-n", "--non-interactive"]),
        _ => options.has(&["-y", "--assumeyes"]),
    }
}

const ZYPPER: &[&str] = &["install", "in", "remove", "rm", "source-install", "si", "patch"];
