//! yum, dnf or zypper keep their caches in the image.

use bareboat_report::Severity;

use crate::lint::context::{Call, Execution, grammar};
use crate::lint::rules::packages::installs::{Manager, of_call};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "rpm-cache-left",
    aliases: &["DL3032", "DL3036", "DL3040", "DS-0015", "DS-0019", "DS-0020", "DS-0027"],
    group: Group::Size,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("rpm-cache-left.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step, run) in context.runs() {
        for (index, call) in run.calls.iter().enumerate() {
            let Some(cache) = fills(call).and_then(Cache::of) else { continue };
            let mounted = cache.directories.iter().any(|directory| run.mount_over(directory).is_some());
            if mounted || cache.is_deleted(run, index) {
                continue;
            }
            let clean = format!("{} {}", call.name, cache.clean);
            let draft = findings.report(call.span, format!("`{}` keeps its cache in this layer", call.name));
            draft.aliases(cache.aliases).help(format!("end this `RUN` with `{clean}`"));
            let is_last = !run.calls[index + 1..].iter().any(|later| fills(later).is_some());
            if is_last
                && !step.triggered
                && let Some(edit) = context.append_command(step, &clean)
            {
                draft.safe_fix("delete the cache at the end of this `RUN`", [edit]);
            }
        }
    }
}

/// The manager that a call makes fill its cache.
fn fills(call: &Call<'_>) -> Option<Manager> {
    if let Some(install) = of_call(call) {
        return Some(install.manager);
    }
    let manager = Manager::of(call).filter(|manager| *manager == Manager::Dnf)?;
    let options = call.options(manager.grammar());
    matches!(options.subcommand(), Some("upgrade" | "update")).then_some(manager)
}

struct Cache {
    aliases: &'static [&'static str],
    programs: &'static [&'static str],
    directories: &'static [&'static str],
    clean: &'static str,
}

impl Cache {
    fn of(manager: Manager) -> Option<&'static Self> {
        match manager {
            Manager::Yum => Some(&YUM),
            Manager::Dnf => Some(&DNF),
            Manager::Zypper => Some(&ZYPPER),
            Manager::Apk | Manager::Apt | Manager::AptGet => None,
        }
    }

    /// Something after the call at `index` empties the cache.
    fn is_deleted(&self, run: &Execution<'_>, index: usize) -> bool {
        run.calls[index + 1..].iter().any(|call| self.deletes(call))
    }

    fn deletes(&self, call: &Call<'_>) -> bool {
        if call.is(self.programs) {
            let grammar = Manager::of(call).map_or(&grammar::PLAIN, Manager::grammar);
            let options = call.options(grammar);
            let all = options.rest().iter().any(|word| word.is("all"));
            return matches!(options.subcommand(), Some("clean" | "cc")) && (all || self.clean == "clean");
        }
        let is_cache = |path: &str| {
            let path = path.trim_end_matches(['*', '/']);
            self.directories.contains(&path) || path == "/var/cache"
        };
        call.is(&["rm"]) && call.options(&grammar::PLAIN).operands.iter().any(|path| is_cache(&path.text))
    }
}

const YUM: Cache = Cache {
    aliases: &["DL3032", "DS-0015"],
    programs: &["yum", "dnf"],
    directories: &["/var/cache/yum", "/var/cache/dnf"],
    clean: "clean all",
};
const DNF: Cache = Cache {
    aliases: &["DL3040", "DS-0019", "DS-0027"],
    programs: &["dnf", "microdnf", "dnf5", "yum"],
    directories: &["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum"],
    clean: "clean all",
};
const ZYPPER: Cache = Cache {
    aliases: &["DL3036", "DS-0020"],
    programs: &["zypper"],
    directories: &["/var/cache/zypp"],
    clean: "clean",
};
