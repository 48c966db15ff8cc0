//! A program built on a newer glibc than the image it runs on.

use bareboat_report::Severity;

use super::arrival::arrivals;
use super::base;
use super::content::content;
use crate::knowledge::{BaseFacts, LibcFamily};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "glibc-newer-than-runtime",
    aliases: &["P12"],
    group: Group::Pairing,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("glibc-newer-than-runtime.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(runtime) = context.base(view) else { return };
    let Some(here) = glibc(runtime) else { return };
    for arrival in arrivals(context, view) {
        let Some(builder) = arrival.made_on(context) else { continue };
        let Some(there) = glibc(builder).filter(|there| *there > here) else { continue };
        if !content(context, &arrival).is_some_and(|content| content.is_program()) {
            continue;
        }
        let (built_on, image) = (base::image(context, arrival.maker), base::image(context, view));
        let release = base::release(builder).unwrap_or_default();
        let message = format!(
            "this program is built with glibc {}.{} (`{built_on}`), but `{image}` has {}.{}",
            there.0, there.1, here.0, here.1
        );
        let draft = findings.report(arrival.span, message);
        draft.note(format!(
            "`version 'GLIBC_{}.{}' not found`, as soon as it uses something new",
            there.0, there.1
        ));
        if builder.release_floats == Some(true) {
            draft.note(format!("the tag of `{built_on}` names no release; it stands on {release} now"));
        }
        match base::release(runtime) {
            Some(wanted) => draft.help(format!("build on {wanted}: `{}`", on_release(&built_on, &wanted))),
            None => draft.help("build on the runtime's own release"),
        };
    }
}

fn glibc(facts: &BaseFacts) -> Option<(u16, u16)> {
    facts.libc.as_ref().filter(|libc| libc.family == LibcFamily::Glibc)?.version
}

/// `rust:1-trixie` as `rust:1-bookworm`, `debian:13-slim` as `debian:bookworm-slim`.
fn on_release(image: &str, wanted: &str) -> String {
    let (name, tag) = image.split_once(':').unwrap_or((image, ""));
    let releases =
        ["stretch", "buster", "bullseye", "bookworm", "trixie", "forky", "sid", "stable", "latest"];
    let is_distribution = name.rsplit('/').next() == Some("debian");
    let is_release = |part: &str| {
        releases.contains(&part)
            || (is_distribution && part.starts_with(|first: char| first.is_ascii_digit()))
    };
    let mut parts: Vec<&str> = tag.split('-').filter(|part| !part.is_empty()).collect();
    match parts.iter().position(|part| is_release(part)) {
        Some(at) => parts[at] = wanted,
        None if is_distribution => parts.insert(0, wanted),
        None => parts.push(wanted),
    }
    format!("{name}:{}", parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::on_release;

    #[test]
    fn the_release_takes_the_place_of_the_other() {
        for (image, there) in [
            ("rust:1-trixie", "rust:1-bookworm"),
            ("rust:1", "rust:1-bookworm"),
            ("rust", "rust:bookworm"),
            ("rust:latest", "rust:bookworm"),
            ("debian:trixie-slim", "debian:bookworm-slim"),
            ("debian:13-slim", "debian:bookworm-slim"),
            ("debian", "debian:bookworm"),
        ] {
            assert_eq!(on_release(image, "bookworm"), there);
        }
    }
}
