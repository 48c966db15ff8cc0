//! A Python package was built against a library that the image does not have.

use bareboat_report::Severity;

use super::arrival::arrivals;
use super::base;
use super::content::{Content, brings_python, content};
use super::native::packages;
use super::opaque::may_bring_programs;
use crate::lint::context::StageView;
use crate::lint::rules::packages::installs::installs;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "shared-library-missing",
    aliases: &["P15"],
    group: Group::Pairing,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("shared-library-missing.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(facts) = context.base(view) else { return };
    // Only images that are known to have nothing but their own: distroless, and the slim ones.
    let small = facts.tools.complete || base::image(context, view).contains("slim");
    if !small || may_bring_programs(context, view) {
        return;
    }
    let arrivals = arrivals(context, view);
    if brings_python(&arrivals) {
        return;
    }
    for arrival in &arrivals {
        let Some(Content::Packages { .. }) = content(context, arrival) else { continue };
        let names = packages(context, arrival.maker);
        for need in NEEDS.iter().filter(|need| names.contains(need.package)) {
            if is_installed(context, view, need.stem) {
                continue;
            }
            let image = base::image(context, view);
            let draft = findings.report(
                arrival.span,
                format!("`{}` needs `{}`, and `{image}` does not have it", need.package, need.file),
            );
            draft.note(format!(
                "`ImportError: {}: cannot open shared object file: No such file or directory`",
                need.file
            ));
            match need.instead {
                Some(other) => {
                    draft.help(format!("install `{other}`, which brings its own; or copy the library too"))
                }
                None => draft.help("copy the library too, from the same release of the distribution"),
            };
        }
    }
}

/// Some RUN of the last stage installs a package whose name begins like the library's.
fn is_installed(context: &Context<'_>, view: &StageView<'_>, stem: &str) -> bool {
    let steps = context.chain(view).into_iter().flat_map(|link| &link.steps);
    let mut runs = steps.filter_map(|step| step.run());
    runs.any(|run| {
        installs(run).any(|install| {
            let mut words = install.packages().iter();
            words.any(|word| !word.is_complete || word.text.contains(stem))
        })
    })
}

/// A package of PyPI that has no wheels for Linux, and so is linked to what the builder has.
struct Need {
    package: &'static str,
    file: &'static str,
    /// How the names of the distribution's packages with it begin.
    stem: &'static str,
    /// What is used the same way and has the library inside.
    instead: Option<&'static str>,
}

const NEEDS: &[Need] = &[
    Need { package: "psycopg2", file: "libpq.so.5", stem: "libpq", instead: Some("psycopg2-binary") },
    Need { package: "mysqlclient", file: "libmariadb.so.3", stem: "libmariadb", instead: None },
    Need { package: "python-ldap", file: "libldap.so.2", stem: "libldap", instead: None },
];
