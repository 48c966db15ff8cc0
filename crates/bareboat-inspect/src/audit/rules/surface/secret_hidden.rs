//! No secrets in files that were deleted.

use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "secret-hidden",
    aliases: &["CIS-4.10"],
    group: Group::Surface,
    severity: Severity::Error,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("secret-hidden.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    for file in &facts.secrets {
        let Some(by) = file.hidden_by else { continue };
        let (path, secret) = (&file.path, &file.secret);
        let shown = if secret.masked.is_empty() { String::new() } else { format!(" (`{}`)", secret.masked) };
        let made = |layer: usize| facts.layers.get(layer).and_then(|layer| layer.created_by.clone());
        let draft = findings.report_in(
            file.layer,
            Some(path),
            format!("deleted, but shipped: `{path}` holds {}{shown}", secret.what),
        );
        if let Some(instruction) = made(by) {
            draft.note(format!("layer {} hides it: `{instruction}`", by + 1));
        }
        draft
            .note("every layer is pulled, and whoever can pull the image can read it")
            .help("revoke it, and give it to the build with `RUN --mount=type=secret`");
    }
}
