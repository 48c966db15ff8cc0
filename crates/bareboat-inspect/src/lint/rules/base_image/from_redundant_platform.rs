//! A platform in FROM that is the one taken anyway.

use bareboat_dockerfile::{Edit, Span};
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "from-redundant-platform",
    aliases: &["DL3065", "RedundantTargetPlatform"],
    group: Group::BaseImage,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("from-redundant-platform.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let stage = view.stage;
        let Some(written) = &stage.from.platform else { continue };
        if !matches!(written.text.as_str(), "$TARGETPLATFORM" | "${TARGETPLATFORM}") {
            continue;
        }
        let draft = findings.report(written.span, "the target platform is taken without saying so");
        draft.help("leave `--platform` out");
        if let Some(flag) = stage.instruction.command.flag("platform") {
            let after = &context.file().source()[flag.span.end..];
            let space = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            let with_space = Span::new(flag.span.start, flag.span.end + space);
            draft.safe_fix("leave `--platform` out", [Edit::remove(with_space)]);
        }
    }
}
