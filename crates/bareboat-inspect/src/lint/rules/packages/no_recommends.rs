//! apt-get installs recommended packages too.

use bareboat_dockerfile::Edit;
use bareboat_report::Severity;

use super::installs::{Manager, installs};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "no-recommends",
    aliases: &["DL3015", "DS-0029"],
    group: Group::Packages,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("no-recommends.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for install in installs(run) {
            let of_apt = matches!(install.manager, Manager::AptGet | Manager::Apt);
            if !of_apt || says_no(&install.options) {
                continue;
            }
            let span = install.options.operands[0].span;
            let draft = findings.report(span, "recommended packages are installed as well");
            if install.manager == Manager::Apt {
                draft.aliases(&["DS-0029"]);
            }
            draft
                .note("they are often several times as large as what was asked for")
                .help("add `--no-install-recommends`, and name those packages that are needed");
            if let Some(at) = install.behind_subcommand() {
                draft.unsafe_fix(
                    "leave recommended packages out",
                    [Edit::insert(at, " --no-install-recommends")],
                );
            }
        }
    }
}

fn says_no(options: &Options<'_, '_>) -> bool {
    let setting = |text: &str| {
        let value = text.to_ascii_lowercase();
        value
            .strip_prefix("apt::install-recommends=")
            .is_some_and(|value| matches!(value, "false" | "0" | "no"))
    };
    let set = options.options.iter().filter(|option| matches!(option.name.as_ref(), "-o" | "--option"));
    options.has(&["--no-install-recommends", "--without-recommends"])
        || set.filter_map(|option| option.value.as_deref()).any(setting)
}

type Options<'c, 'a> = crate::lint::context::Options<'c, 'a>;
