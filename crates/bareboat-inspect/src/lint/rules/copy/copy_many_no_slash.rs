//! COPY of several things to a target that is no directory by its name.

use bareboat_dockerfile::{Edit, Kind};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "copy-many-no-slash",
    aliases: &["DL3021", "DS-0011"],
    group: Group::Copy,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("copy-many-no-slash.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let exact = context.as_hadolint();
    for (_, step) in context.steps() {
        let Kind::Copy(copy) = &step.effective().kind else { continue };
        let target = &copy.transfer.destination;
        if copy.transfer.sources.len() < 2 {
            continue;
        }
        let Ok(path) = context.expand(step, &target.text) else { continue };
        // `.` and `..` are directories for builders, if not for hadolint; unknown variables may end with a slash.
        let is_directory = path.text.ends_with('/');
        let by_name = matches!(path.text.rsplit('/').next(), Some("." | ".."));
        let unknown = !path.undefined().is_empty();
        if is_directory || (by_name || unknown) && !exact {
            continue;
        }
        let draft = findings.report(
            target.span,
            format!("several things are copied to `{}`, which has no `/` at its end", target.text),
        );
        draft.help(format!("write `{}/`", target.text));
        if target.text == path.text && !copy.transfer.json {
            draft.safe_fix("add the slash", [Edit::insert(target.span.end, "/")]);
        }
    }
}
