//! A key or token is written into the file.

use bareboat_dockerfile::Span;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "secret-literal",
    aliases: &[],
    group: Group::Stages,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("secret-literal.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for instruction in context.file().instructions() {
        let span = instruction.span;
        let text = context.text(span);
        // What is not UTF-8 has other places, and is no key.
        if text.len() != span.len() {
            continue;
        }
        for secret in SECRETS {
            for (at, _) in text.match_indices(secret.start) {
                let before = text[..at].chars().next_back();
                let rest = &text[at + secret.start.len()..];
                let length = rest.find(|char: char| !(secret.inside)(char)).unwrap_or(rest.len());
                if before.is_some_and(|char| char.is_ascii_alphanumeric()) || length < secret.least {
                    continue;
                }
                let place = Span::new(span.start + at, span.start + at + secret.start.len() + length);
                findings
                    .report(place, format!("this looks like {}", secret.what))
                    .note(
                        "it is in the history of the repository and of the image, whatever is deleted later",
                    )
                    .help("revoke it, and hand a new one over with `RUN --mount=type=secret`");
            }
        }
    }
}

/// How a kind of secret looks: its issuer's own documentation says so.
struct Secret {
    what: &'static str,
    start: &'static str,
    inside: fn(char) -> bool,
    /// Characters after the start.
    least: usize,
}

fn is_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_' || char == '-'
}

const SECRETS: &[Secret] = &[
    Secret {
        what: "a key of Amazon Web Services",
        start: "AKIA",
        inside: |c| c.is_ascii_uppercase() || c.is_ascii_digit(),
        least: 16,
    },
    Secret { what: "a token of GitHub", start: "ghp_", inside: is_word, least: 36 },
    Secret { what: "a token of GitHub", start: "github_pat_", inside: is_word, least: 50 },
    Secret { what: "a token of GitLab", start: "glpat-", inside: is_word, least: 20 },
    Secret { what: "a token of npm", start: "npm_", inside: |c| c.is_ascii_alphanumeric(), least: 36 },
    Secret { what: "a token of PyPI", start: "pypi-AgEIcHlwaS5vcmc", inside: is_word, least: 40 },
    Secret { what: "a token of Slack", start: "xoxb-", inside: is_word, least: 20 },
    Secret { what: "a key of Stripe", start: "sk_live_", inside: |c| c.is_ascii_alphanumeric(), least: 20 },
    Secret { what: "a private key", start: "-----BEGIN RSA PRIVATE KEY", inside: |_| false, least: 0 },
    Secret { what: "a private key", start: "-----BEGIN PRIVATE KEY", inside: |_| false, least: 0 },
    Secret { what: "a private key", start: "-----BEGIN OPENSSH PRIVATE KEY", inside: |_| false, least: 0 },
];
