//! The last stage stands on an image that is made for building or for looking into.

use bareboat_dockerfile::Edit;
use bareboat_report::Severity;

use crate::lint::context::ImageName;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "debug-tag-in-final",
    aliases: &[],
    group: Group::Surface,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("debug-tag-in-final.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let Some(image) = &view.image else { return };
    let Some((tag, what)) = replacement(image) else { return };
    let written = &view.stage.from.image;
    let draft = findings.report(written.span, format!("this image has {what}"));
    draft.note("whoever breaks into the application finds them ready to use").help(match &tag {
        Some(tag) => format!("take the tag `{tag}`"),
        None => "take the image for running instead".to_owned(),
    });
    let old = image.tag.as_deref().unwrap_or_default();
    let end = format!(":{old}");
    if let Some(tag) = tag
        && written.text.ends_with(&end)
        && written.span.len() == written.text.len()
    {
        let from = written.span.end - end.len();
        let edit = Edit::replace((from..written.span.end).into(), format!(":{tag}"));
        draft.unsafe_fix(format!("take the tag `{tag}`"), [edit]);
    }
}

/// The tag to take instead, and what the image has too much; only for lines of images that have both.
fn replacement(image: &ImageName) -> Option<(Option<String>, &'static str)> {
    let tag = image.tag.as_deref()?;
    let registry = image.registry.as_deref();
    if registry == Some("gcr.io") && image.repository.starts_with("distroless/") {
        let plain = match tag {
            "debug" => "latest",
            "debug-nonroot" => "nonroot",
            _ => return None,
        };
        return Some((Some(plain.to_owned()), "a shell and BusyBox's programs"));
    }
    let hardened = registry == Some("dhi.io")
        || registry == Some("cgr.dev")
        || registry.is_none() && image.repository.starts_with("chainguard/");
    if hardened {
        let plain = match tag.strip_suffix("-dev") {
            Some(plain) => Some(plain.to_owned()),
            // DHI has it in the middle: `3.13-dev-debian13`.
            None if tag.contains("-dev-") => Some(tag.replacen("-dev-", "-", 1)),
            None => return None,
        };
        return Some((plain, "a shell and a package manager"));
    }
    let is_sdk = registry == Some("mcr.microsoft.com") && image.repository == "dotnet/sdk";
    is_sdk.then_some((None, "compilers and the tools of a developer"))
}
