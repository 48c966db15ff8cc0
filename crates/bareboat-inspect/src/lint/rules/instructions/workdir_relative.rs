//! WORKDIR that depends on where one is.

use bareboat_dockerfile::{Edit, Kind};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "workdir-relative",
    aliases: &["DL3000", "WorkdirRelativePath", "CKV_DOCKER_10", "DS-0009"],
    group: Group::Instructions,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("workdir-relative.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (view, step) in context.steps() {
        let Kind::Workdir(word) = &step.effective().kind else { continue };
        let Ok(path) = context.expand(step, &word.text) else { continue };
        let written = word.text.trim_start_matches(['"', '\'']);
        // What begins with a variable may well be absolute.
        if path.text.starts_with('/') || written.starts_with('$') || has_drive(written) {
            continue;
        }
        let message = format!("`{}` is below whatever the working directory is here", word.text);
        let draft = findings.report(word.span, message);
        if step.is_onbuild() || context.has_workdir(view, step) {
            // Then the file itself says which one that is.
            draft.aliases(&["DL3000", "CKV_DOCKER_10", "DS-0009"]).severity(Severity::Style);
        } else {
            draft.note("the base image decides where that is, and may change its mind");
        }
        draft.help("write the whole path, from `/` on");
        let plain = written == word.text && !word.text.contains(['$', '\\', '`', '"', '\'']);
        if let Some(above) = step.state.workdir.as_deref().filter(|_| plain && !step.is_onbuild()) {
            let absolute = format!("{}/{}", above.trim_end_matches('/'), word.text.trim_start_matches("./"));
            draft.unsafe_fix(format!("write `{absolute}`"), [Edit::replace(word.span, absolute.clone())]);
        }
    }
}

/// True for `C:`.
fn has_drive(path: &str) -> bool {
    let mut chars = path.chars();
    chars.next().is_some_and(|drive| drive.is_ascii_alphabetic()) && chars.next() == Some(':')
}
