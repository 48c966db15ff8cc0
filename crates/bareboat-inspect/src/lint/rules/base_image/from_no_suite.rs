//! A tag that names no release of the distribution moves to the next one some day.

use bareboat_dockerfile::Edit;
use bareboat_report::Severity;

use crate::knowledge::{BaseFacts, Distribution};
use crate::lint::context::ImageName;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "from-no-suite",
    aliases: &[],
    group: Group::BaseImage,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("from-no-suite.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let Some((image, facts)) = view.image.as_ref().zip(context.base(view)) else { continue };
        let written = &view.stage.from.image;
        // A digest stays; and without a tag or with `latest` there is more to say than this.
        let Some(tag) = image.tag.as_deref().filter(|tag| *tag != "latest" && image.digest.is_none()) else {
            continue;
        };
        if facts.release_floats != Some(true) || !is_official(image) || written.text.contains('$') {
            continue;
        }
        let Some(release) = facts.distribution.as_ref().and_then(release) else { continue };
        let draft = findings
            .report(written.span, format!("`{}` names no release: it is {release} now", written.text));
        draft.note("when the next one comes the tag moves to it, with another C library and other packages");
        let Some(pinned) = pinned(image, facts, tag, &release) else {
            draft.help("name the release in the tag");
            continue;
        };
        draft.help(format!("take the tag `{pinned}`"));
        let end = format!(":{tag}");
        if written.text.ends_with(&end) && written.span.len() == written.text.len() {
            let place = written.span.end - tag.len()..written.span.end;
            draft.unsafe_fix(format!("take the tag `{pinned}`"), [Edit::replace(place.into(), pinned)]);
        }
    }
}

fn is_official(image: &ImageName) -> bool {
    image.repository.rsplit('/').next().is_some_and(|name| image.is_official(name))
}

/// As tags have it: `trixie`, `alpine3.23`.
fn release(distribution: &Distribution) -> Option<String> {
    if distribution.id == "alpine" {
        return distribution.version.as_ref().map(|version| format!("alpine{version}"));
    }
    distribution.codename.clone()
}

/// The tag that names the release today, where the images' own naming is known.
fn pinned(image: &ImageName, facts: &BaseFacts, tag: &str, release: &str) -> Option<String> {
    let parts: Vec<&str> = tag.split('-').collect();
    if parts.contains(&"alpine") {
        let named: Vec<&str> =
            parts.iter().map(|part| if *part == "alpine" { release } else { *part }).collect();
        return Some(named.join("-"));
    }
    // Of `lts` and `current` nobody knows which combinations there are.
    let is_number = tag.starts_with(|char: char| char.is_ascii_digit());
    match facts.family.as_deref()? {
        "debian" if image.tag.as_deref() == Some("stable") => Some(release.to_owned()),
        "debian" if image.tag.as_deref() == Some("stable-slim") => Some(format!("{release}-slim")),
        "node" if is_number && parts.len() == 1 => Some(format!("{tag}-{release}")),
        "node" if is_number && parts.len() == 2 && parts[1] == "slim" => {
            Some(format!("{}-{release}-slim", parts[0]))
        }
        "python" | "ruby" | "rust" if is_number && (parts.len() == 1 || parts[1..] == ["slim"]) => {
            Some(format!("{tag}-{release}"))
        }
        "php" if is_number && parts.len() <= 2 => Some(format!("{tag}-{release}")),
        "golang" if is_number && parts.len() == 1 => Some(format!("{tag}-{release}")),
        "eclipse-temurin" if is_number && parts.len() == 2 => Some(format!("{tag}-{release}")),
        _ => None,
    }
}
