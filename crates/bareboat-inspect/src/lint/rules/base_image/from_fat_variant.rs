//! The last stage stands on the large variant of an image that has a small one.

use bareboat_dockerfile::Edit;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "from-fat-variant",
    aliases: &[],
    group: Group::BaseImage,
    severity: Severity::Info,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("from-fat-variant.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    // A file with one stage may need what the large one has.
    let Some(view) = context.final_stage().filter(|view| view.index > 0) else { return };
    let Some(image) = &view.image else { return };
    let Some(tag) = image.tag.as_deref() else { return };
    let has_small = WITH_SLIM.iter().any(|name| image.is_official(name));
    let other = tag.split('-').any(|part| part == "slim" || part.starts_with("alpine"));
    if !has_small || other || image.digest.is_some() || !tag.starts_with(|char: char| char.is_ascii_digit()) {
        return;
    }
    // `3.13-trixie` becomes `3.13-slim-trixie` for Python and Ruby, `22-trixie-slim` for Node.
    let small = match tag.split_once('-') {
        Some((version, release)) if image.is_official("node") => format!("{version}-{release}-slim"),
        Some((version, release)) => format!("{version}-slim-{release}"),
        None => format!("{tag}-slim"),
    };
    let written = &view.stage.from.image;
    let draft = findings.report(written.span, "this image is the large one, with compilers and headers");
    draft
        .note("they are there for building, which an earlier stage does")
        .help(format!("take the tag `{small}`"));
    let end = format!(":{tag}");
    if written.text.ends_with(&end) && written.span.len() == written.text.len() {
        let place = written.span.end - tag.len()..written.span.end;
        draft.unsafe_fix(format!("take the tag `{small}`"), [Edit::replace(place.into(), small)]);
    }
}

const WITH_SLIM: &[&str] = &["node", "python", "ruby"];
