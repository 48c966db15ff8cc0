//! An image comes from a registry that the configuration does not allow.

use bareboat_dockerfile::Span;
use bareboat_dockerfile::stages::Origin;
use bareboat_report::Severity;

use crate::lint::context::ImageName;
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "from-untrusted-registry",
    aliases: &["DL3026"],
    group: Group::BaseImage,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("from-untrusted-registry.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    if context.settings().trusted_registries.is_empty() {
        return;
    }
    for view in context.stages() {
        if let Some(image) = &view.image {
            judge(context, image, view.stage.from.image.span, findings);
        }
        for reference in &view.stage.references {
            // Without a registry it is as likely a build context with a name.
            if let Origin::Image(name) = &reference.origin
                && let image = ImageName::new(name)
                && image.registry.is_some()
            {
                judge(context, &image, reference.span, findings);
            }
        }
    }
}

fn judge(context: &Context<'_>, image: &ImageName, span: Span, findings: &mut Findings<'_>) {
    let registry = image.registry.as_deref().unwrap_or("docker.io");
    let trusted = &context.settings().trusted_registries;
    if image.registry.is_none() && image.repository.is_empty()
        || trusted.iter().any(|pattern| matches(pattern, registry))
    {
        return;
    }
    let allowed: Vec<String> = trusted.iter().map(|name| format!("`{name}`")).collect();
    findings
        .report(span, format!("the registry `{registry}` is not trusted"))
        .help(format!("take the image from {}", allowed.join(" or ")));
}

/// `*` may stand at either end. Docker Hub has several names.
fn matches(pattern: &str, registry: &str) -> bool {
    const HUB: [&str; 3] = ["docker.io", "index.docker.io", "hub.docker.com"];
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(""), _) => true,
        (Some(end), _) => registry.ends_with(end),
        (_, Some(start)) => registry.starts_with(start),
        _ => registry == pattern || HUB.contains(&pattern) && HUB[..2].contains(&registry),
    }
}
