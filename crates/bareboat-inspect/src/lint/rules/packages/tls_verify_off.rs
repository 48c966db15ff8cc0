//! Certificates are not checked.

use bareboat_dockerfile::{Kind, Span};
use bareboat_report::Severity;

use super::pip;
use crate::lint::context::{Call, Grammar, grammar};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "tls-verify-off",
    aliases: &[
        "CKV2_DOCKER_2",
        "CKV2_DOCKER_3",
        "CKV2_DOCKER_4",
        "CKV2_DOCKER_5",
        "CKV2_DOCKER_6",
        "CKV2_DOCKER_12",
        "CKV2_DOCKER_13",
        "CKV2_DOCKER_14",
        "CKV2_DOCKER_15",
        "CKV2_DOCKER_16",
    ],
    group: Group::Packages,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("tls-verify-off.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs() {
        for call in &run.calls {
            if let Some((span, what, aliases)) = of_call(call) {
                report(findings, span, what, aliases);
            }
            let set = call.environment.iter().filter_map(|(name, value)| variable(name, value.as_deref()?));
            set.for_each(|aliases| report(findings, call.span, "a variable", aliases));
            if call.is(&["export"]) {
                for argument in &call.arguments {
                    let found = argument.value().and_then(|text| text.split_once('='));
                    let found = found.and_then(|(name, value)| variable(name, value));
                    found
                        .into_iter()
                        .for_each(|aliases| report(findings, argument.span, "a variable", aliases));
                }
            }
        }
        for call in pip::installs(run) {
            let options = call.options(&grammar::PIP);
            if let Some(option) = options.find(&["--trusted-host"]) {
                report(findings, option.argument.span, "`pip --trusted-host`", &["CKV2_DOCKER_4"]);
            }
        }
    }
    for (_, step) in context.steps() {
        let pairs = match &step.effective().kind {
            Kind::Env(pairs) => &pairs.pairs,
            Kind::Arg(pairs) => pairs,
            _ => continue,
        };
        for pair in pairs {
            let Some(value) = &pair.value else { continue };
            let Ok(value) = context.expand(step, &value.text) else { continue };
            if let Some(aliases) = variable(&pair.name.text, &value.text) {
                report(findings, pair.span, "a variable", aliases);
            }
        }
    }
}

type Aliases = &'static [&'static str];

fn report(findings: &mut Findings<'_>, span: Span, what: &str, aliases: Aliases) {
    findings
        .report(span, format!("{what} turns the check of certificates off"))
        .aliases(aliases)
        .note("whoever sits between here and the server decides what is downloaded")
        .help("install the certificate of the authority instead (`ca-certificates`, or a copy of your own)");
}

fn of_call(call: &Call<'_>) -> Option<(Span, &'static str, Aliases)> {
    let given = |grammar: &Grammar, names: &[&str]| {
        call.options(grammar).find(names).map(|option| option.argument.span)
    };
    let word = |texts: &[&str]| {
        call.arguments
            .iter()
            .find(|argument| texts.iter().any(|text| argument.text.eq_ignore_ascii_case(text)))
    };
    match call.name.as_str() {
        "curl" => given(&CURL, &["-k", "--insecure"])
            .map(|span| (span, "`curl --insecure`", &["CKV2_DOCKER_2"][..])),
        "wget" => given(&WGET, &["--no-check-certificate"])
            .map(|span| (span, "`wget --no-check-certificate`", &["CKV2_DOCKER_3"][..])),
        "npm" | "yarn" | "pnpm" => {
            let key = word(&["strict-ssl", "strict-ssl=false"])?;
            let off = key.text.ends_with("=false") || word(&["false"]).is_some();
            off.then_some((key.span, "`strict-ssl`", &["CKV2_DOCKER_13"][..]))
        }
        "git" => {
            let key = word(&["http.sslVerify", "http.sslVerify=false", "http.sslVerify=0"])?;
            let off = key.text.contains('=') || word(&["false", "0"]).is_some();
            off.then_some((key.span, "`http.sslVerify`", &[][..]))
        }
        "yum-config-manager" | "dnf" | "yum" | "microdnf" => {
            let off = |text: &str| {
                let text = text.to_ascii_lowercase();
                text.contains("sslverify=0") || text.contains("sslverify=false")
            };
            let argument = call.arguments.iter().find(|argument| off(&argument.text))?;
            Some((argument.span, "`sslverify`", &["CKV2_DOCKER_15"][..]))
        }
        _ => None,
    }
}

fn variable(name: &str, value: &str) -> Option<Aliases> {
    let off = matches!(value.to_ascii_lowercase().as_str(), "0" | "false" | "off" | "no");
    match name.to_ascii_uppercase().as_str() {
        "PYTHONHTTPSVERIFY" if off => Some(&["CKV2_DOCKER_5"]),
        "NODE_TLS_REJECT_UNAUTHORIZED" if value == "0" => Some(&["CKV2_DOCKER_6"]),
        "NPM_CONFIG_STRICT_SSL" if off => Some(&["CKV2_DOCKER_12"]),
        "GIT_SSL_NO_VERIFY" if !off && !value.is_empty() => Some(&["CKV2_DOCKER_14"]),
        "PIP_TRUSTED_HOST" if !value.is_empty() => Some(&["CKV2_DOCKER_16"]),
        _ => None,
    }
}

/// curl(1): the letters that take a value.
const CURL: Grammar = Grammar {
    valued: &[
        "-o", "-H", "-d", "-X", "-u", "-A", "-e", "-b", "-c", "-x", "-m", "-w", "-F", "-T", "-E", "-C", "-K",
        "-r", "-y", "-Y", "-z", "-U", "-Q", "-P", "-D",
    ],
    single_dash: false,
};
const WGET: Grammar = Grammar {
    valued: &["-O", "-P", "-o", "-a", "-t", "-T", "-U", "-i", "-w", "-Q", "-e"],
    single_dash: false,
};
