//! A program is built for the machine that builds, and copied into an image for another one.

use bareboat_dockerfile::Span;
use bareboat_report::Severity;

use super::arrival::{Arrival, absolute, arrivals, overlaps};
use super::base;
use super::content::{Content, content};
use crate::lint::context::{Call, Grammar, StageView, Step};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "program-for-another-machine",
    aliases: &["P18"],
    group: Group::Pairing,
    severity: Severity::Error,
    default_on: true,
    since: Ruleset::V2026_11,
    docs: include_str!("program-for-another-machine.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    for arrival in arrivals(context, view) {
        let Some(maker) = platform(context, arrival.maker) else { continue };
        let here = platform(context, view);
        let differ = match (&maker, &here) {
            // What the image is for is said at build time, and may be the same.
            (Platform::Builds, None) => true,
            (Platform::Constant(there), Some(Platform::Constant(here))) => there != here,
            _ => false,
        };
        if !differ || !is_program(context, &arrival) {
            continue;
        }
        let draft = match maker {
            Platform::Builds => warn(findings, arrival.span),
            Platform::Constant(there) => {
                let image = base::image(context, view);
                findings.report(arrival.span, format!("this program is for `{there}`, and `{image}` is not"))
            }
        };
        draft.note("`exec …: exec format error`");
        draft.help("build it for `$TARGETARCH` (`GOARCH=$TARGETARCH go build …`), or leave `--platform` out");
    }
}

fn warn<'f>(findings: &'f mut Findings<'_>, span: Span) -> &'f mut crate::lint::Draft {
    let draft = findings.report(span, "this program is for the machine that builds the image");
    draft.severity(Severity::Warning)
}

enum Platform {
    /// `$BUILDPLATFORM`
    Builds,
    Constant(String),
}

/// What `--platform` of the stage at the root of the chain says; `None` is the image's own.
fn platform(context: &Context<'_>, view: &StageView<'_>) -> Option<Platform> {
    let chain = context.chain(view);
    let stage = chain.first()?.stage;
    let written = stage.from.platform.as_ref()?;
    match written.text.as_str() {
        "$BUILDPLATFORM" | "${BUILDPLATFORM}" => Some(Platform::Builds),
        text if text.contains('$') => None,
        text => Some(Platform::Constant(text.to_ascii_lowercase())),
    }
}

/// Something made for the machine it was made on: a Go program without GOARCH, or what a compiler linked.
fn is_program(context: &Context<'_>, arrival: &Arrival<'_, '_>) -> bool {
    let steps: Vec<&Step<'_>> =
        context.chain(arrival.maker).into_iter().flat_map(|link| &link.steps).collect();
    let calls = || {
        steps
            .iter()
            .filter_map(|step| Some((step, step.run()?)))
            .flat_map(|(step, run)| run.calls.iter().map(move |call| (step, call)))
    };
    // Whoever mentions the target has thought about it.
    let aware =
        calls().any(|(_, call)| mentions_target(call)) || steps.iter().any(|step| is_told(context, step));
    if aware {
        return false;
    }
    let go = calls().any(|(step, call)| {
        let output = call
            .is(&["go"])
            .then(|| call.options(&GO))
            .filter(|options| options.subcommand() == Some("build"));
        let output =
            output.and_then(|options| absolute(step.state.workdir.as_deref(), options.value(&["-o"])?));
        output.is_some_and(|output| overlaps(&arrival.source, &output))
    });
    go || matches!(content(context, arrival), Some(Content::Rust | Content::C | Content::Cgo { .. }))
}

fn mentions_target(call: &Call<'_>) -> bool {
    let names = ["GOARCH", "GOOS", "TARGETARCH", "TARGETPLATFORM", "CC"];
    call.environment.iter().any(|(name, _)| names.contains(&name.as_str()))
        || call.script.is_some_and(|script| {
            let text = script.script.text().as_str();
            ["TARGETARCH", "TARGETPLATFORM", "GOARCH", "xx-"].iter().any(|word| text.contains(word))
        })
        || call.arguments.iter().any(|word| word.text.starts_with("--target"))
}

/// `ENV GOARCH=…` or `ARG TARGETARCH` holds here.
fn is_told(context: &Context<'_>, step: &Step<'_>) -> bool {
    ["GOARCH", "CARGO_BUILD_TARGET"].iter().any(|name| context.variable(step, name).is_some())
}

const GO: Grammar =
    Grammar { valued: &["-o", "-ldflags", "-tags", "-C", "-gcflags", "-mod"], single_dash: true };
