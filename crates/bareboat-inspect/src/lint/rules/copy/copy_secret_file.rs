//! COPY names a file that keeps secrets.

use bareboat_dockerfile::Kind;
use bareboat_dockerfile::instruction::Source;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "copy-secret-file",
    aliases: &["DS-0031"],
    group: Group::Copy,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("copy-secret-file.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, step) in context.steps() {
        let transfer = match &step.effective().kind {
            Kind::Copy(copy) if copy.from.is_none() => &copy.transfer,
            Kind::Add(add) => &add.transfer,
            _ => continue,
        };
        for source in &transfer.sources {
            let Source::Path(word) = source else { continue };
            let path = word.text.trim_matches(['"', '\'']).trim_end_matches('/');
            let name = path.rsplit('/').next().unwrap_or(path);
            if !SECRET.contains(&name) && !SECRET_PATHS.iter().any(|end| path.ends_with(end)) {
                continue;
            }
            findings
                .report(
                    word.span,
                    format!("`{name}` keeps secrets, and everybody who has the image can read it"),
                )
                .note("deleting it later does not take it out of the layer")
                .help("hand it to the one `RUN` that needs it: `RUN --mount=type=secret,id=…`");
        }
    }
}

/// Files that are made to keep secrets. `.env` often has none, and is no mistake as `.env.example`.
const SECRET: &[&str] = &[
    ".env",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".git-credentials",
    ".htpasswd",
    ".ssh",
    ".aws",
    ".gnupg",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
];
const SECRET_PATHS: &[&str] = &[".docker/config.json", ".kube/config", ".aws/credentials"];
