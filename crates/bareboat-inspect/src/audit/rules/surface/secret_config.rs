//! No secrets in the configuration.

use crate::facts::secret::{in_text, in_variable};
use bareboat_report::Severity;

use crate::audit::{Context, Findings, Group, Rule};
use crate::lint::Ruleset;

pub(super) static RULE: Rule = Rule {
    name: "secret-config",
    aliases: &["CIS-4.10", "CIS-DI-0010"],
    group: Group::Surface,
    severity: Severity::Error,
    default_on: true,
    is_hard: true,
    since: Ruleset::V2026_11,
    docs: include_str!("secret-config.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let facts = context.facts;
    let config = &facts.config;
    for variable in &config.env {
        let Some((name, value)) = variable.split_once('=') else { continue };
        if let Some(secret) = in_variable(name, value) {
            report(findings, format!("the variable `{name}` holds {} (`{}`)", secret.what, secret.masked));
        }
    }
    for (name, value) in &config.labels {
        if let Some(secret) = in_text(value).first() {
            report(findings, format!("the label `{name}` holds {} (`{}`)", secret.what, secret.masked));
        }
    }
    for word in facts.command() {
        if let Some(secret) = in_text(word).first() {
            report(findings, format!("the command holds {} (`{}`)", secret.what, secret.masked));
        }
    }
    for (index, step) in facts.history.iter().enumerate() {
        for word in step.created_by.iter().flat_map(|text| text.split_whitespace()) {
            let variable = word.trim_start_matches('-').split_once('=');
            // A variable's value is in the environment as well, and was reported there.
            let is_known = |(name, value): (&str, &str)| facts.variable(name) == Some(value);
            let secret = match variable {
                Some(variable) if is_known(variable) => None,
                Some((name, value)) => in_variable(name, value).map(|secret| (format!("`{name}`"), secret)),
                None => in_text(word).pop().map(|secret| ("a word".to_owned(), secret)),
            };
            if let Some((what, secret)) = secret {
                let message = format!(
                    "{what} in step {} of the history holds {} (`{}`)",
                    index + 1,
                    secret.what,
                    secret.masked
                );
                report(findings, message);
            }
        }
    }
}

fn report(findings: &mut Findings<'_>, message: String) {
    findings
        .report(message)
        .note("`docker inspect` and `docker history` show it to whoever can pull the image")
        .help(
            "revoke it; give it to the build with `RUN --mount=type=secret`, to the container when it starts",
        );
}
