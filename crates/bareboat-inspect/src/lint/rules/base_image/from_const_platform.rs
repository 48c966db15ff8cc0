//! A platform in FROM that nobody can choose.

use bareboat_dockerfile::Stage;
use bareboat_report::Severity;

use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "from-const-platform",
    aliases: &["DL3029", "FromPlatformFlagConstDisallowed"],
    group: Group::BaseImage,
    severity: Severity::Warning,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("from-const-platform.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for view in context.stages() {
        let stage = view.stage;
        let (Some(written), Some(platform)) = (&stage.from.platform, &stage.platform) else { continue };
        if !platform.references.is_empty() {
            // hadolint allows no other variables than these two.
            let usual = ["$BUILDPLATFORM", "${BUILDPLATFORM}", "$TARGETPLATFORM", "${TARGETPLATFORM}"];
            if context.as_hadolint() && !usual.contains(&written.text.as_str()) {
                findings
                    .report(written.span, format!("the platform is `{}`", written.text))
                    .aliases(&["DL3029"]);
            }
            continue;
        }
        if platform.text.is_empty() {
            continue;
        }
        let announced = is_announced(stage, &platform.text);
        // A stage called `build-arm64` is meant to be for one platform; hadolint does not look at names.
        if announced && !context.as_hadolint() {
            continue;
        }
        let draft =
            findings.report(written.span, format!("this stage is for `{}` whatever is built", platform.text));
        draft
            .note("for other platforms the image contains programs that do not run there")
            .help("leave `--platform` out, or write `$BUILDPLATFORM` for a stage that cross-compiles");
        if announced {
            draft.aliases(&["DL3029"]);
        }
    }
}

/// True when the stage's name has the operating system or the architecture in it.
fn is_announced(stage: &Stage<'_>, platform: &str) -> bool {
    let Some(name) = &stage.name else { return false };
    let mut parts = platform.split('/').map(str::to_ascii_lowercase);
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    let (system, architecture) = match second {
        Some(second) => (first, second),
        None if SYSTEMS.contains(&first.as_str()) => (first, "amd64".to_owned()),
        None => ("linux".to_owned(), first),
    };
    let architecture = match architecture.as_str() {
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    name.contains(&system) || name.contains(architecture)
}

/// Names that are an operating system when they stand alone.
const SYSTEMS: &[&str] = &["darwin", "freebsd", "linux", "windows"];
