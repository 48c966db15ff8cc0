//! A secret in ARG or ENV, by its name.

use bareboat_dockerfile::Kind;
use bareboat_dockerfile::instruction::Pair;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "secret-in-arg-env",
    aliases: &["DL3064", "SecretsUsedInArgOrEnv", "DS-0031"],
    group: Group::Stages,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("secret-in-arg-env.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let exact = context.as_hadolint();
    for (_, step) in context.steps() {
        let (keyword, pairs): (_, &[Pair]) = match &step.effective().kind {
            Kind::Arg(pairs) => ("ARG", pairs),
            Kind::Env(pairs) => ("ENV", &pairs.pairs),
            _ => continue,
        };
        for pair in pairs {
            judge(exact, keyword, pair, findings);
        }
    }
    for argument in &context.model().globals {
        judge(exact, "ARG", argument.pair, findings);
    }
}

fn judge(exact: bool, keyword: &str, pair: &Pair, findings: &mut Findings<'_>) {
    let name = pair.name.text.as_str();
    let aliases: &[&str] = match (is_known(name, exact), has_word(name)) {
        (true, true) => &["DL3064", "SecretsUsedInArgOrEnv", "DS-0031"],
        (true, false) => &["DL3064", "DS-0031"],
        (false, true) => &["SecretsUsedInArgOrEnv", "DS-0031"],
        (false, false) => return,
    };
    let draft =
        findings.report(pair.name.span, format!("`{name}` looks like a secret, and `{keyword}` keeps it"));
    draft.aliases(aliases);
    match keyword {
        "ARG" => draft.note("the value is in the image's history and in the build's records"),
        _ => draft
            .note("the value is in the image's configuration, where everybody who has the image can read it"),
    };
    draft.help("pass it with `RUN --mount=type=secret`, or when the container starts");
}

/// Some word of the name is one that secrets have, and none says that this is something else.
fn has_word(name: &str) -> bool {
    let name = name.to_lowercase();
    let has = |words: &[&str]| name.split('_').any(|part| words.contains(&part));
    has(WORDS) && !is_harmless(&name)
}

/// `PASSWORD_FILE` is a path.
fn is_harmless(name: &str) -> bool {
    name.to_lowercase().split('_').any(|part| HARMLESS.contains(&part))
}

/// hadolint's names; with `exact` also those that are harmless.
fn is_known(name: &str, exact: bool) -> bool {
    let lower = name.to_lowercase();
    if is_harmless(&lower) && !exact {
        return false;
    }
    PARTS.iter().any(|part| lower.contains(part)) || NAMES.contains(&lower.as_str())
}

/// BuildKit's words.
const WORDS: &[&str] =
    &["apikey", "auth", "credential", "credentials", "key", "passwd", "password", "pword", "secret", "token"];
const HARMLESS: &[&str] = &["file", "public", "version"];
/// hadolint's parts of names.
const PARTS: &[&str] = &["api_key", "client_key", "password", "private", "secret", "token", "username"];
/// Names that hadolint knows besides: accounts, addresses and keys without any of these parts.
const NAMES: &[&str] = &[
    "application_key",
    "aws_access_key_id",
    "ci_deploy_user",
    "docker_email",
    "facebook_app_id",
    "heroku_api_user",
    "okta_authn_groupid",
    "okta_client_orgurl",
    "okta_oauth2_clientid",
    "stripe_device_name",
    "travis_os_name",
    "travis_secure_env_vars",
    "travis_sudo",
];
