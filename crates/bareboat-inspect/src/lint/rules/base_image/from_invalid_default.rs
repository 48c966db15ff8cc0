//! FROM names no image as long as nobody passes arguments.

use bareboat_dockerfile::stages::StageErrorKind;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "from-invalid-default",
    aliases: &["InvalidDefaultArgInFrom"],
    group: Group::BaseImage,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("from-invalid-default.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let stage = view.stage;
        let Some(image) = &stage.image else { continue };
        let written = &stage.from.image;
        if image.references.is_empty() || is_image_name(&image.text) {
            continue;
        }
        let message = match image.text.as_str() {
            "" => format!("`{}` is empty when no arguments are passed", written.text),
            text => format!(
                "`{}` gives `{text}` when no arguments are passed, which names no image",
                written.text
            ),
        };
        findings
            .report(written.span, message)
            .help("declare the argument with a default above the first `FROM`");
    }
    for error in &context.model().errors {
        let StageErrorKind::BlankPlatform { .. } = error.kind else { continue };
        let draft = findings.report(error.span, error.kind.to_string());
        draft.aliases(&[]).severity(Severity::Error);
        if let Some(hint) = error.kind.hint() {
            draft.help(hint);
        }
    }
}

/// True for `host:port/path:tag@digest` as image references have them.
fn is_image_name(text: &str) -> bool {
    let (name, digest) = text.split_once('@').map_or((text, None), |(name, digest)| (name, Some(digest)));
    let slash = name.rfind('/').map_or(0, |at| at + 1);
    let colon = name[slash..].find(':').map(|at| slash + at);
    let (path, tag) = colon.map_or((name, None), |at| (&name[..at], Some(&name[at + 1..])));
    let mut parts: Vec<&str> = path.split('/').collect();
    let has_host = parts.len() > 1 && (parts[0].contains(['.', ':']) || parts[0] == "localhost");
    if has_host {
        parts.remove(0);
    }
    parts.into_iter().all(is_component)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(|digest| digest.split_once(':').is_some_and(|(_, hex)| hex.len() >= 32))
}

/// Lower-case letters and digits, with separators between them.
fn is_component(text: &str) -> bool {
    let edge = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit();
    text.starts_with(edge)
        && text.ends_with(edge)
        && text.chars().all(|char| edge(char) || "._-".contains(char))
}

fn is_tag(text: &str) -> bool {
    let word = |char: char| char == '_' || char.is_ascii_alphanumeric();
    text.len() <= 128 && text.starts_with(word) && text.chars().all(|char| word(char) || ".-".contains(char))
}
