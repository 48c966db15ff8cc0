//! Words about bases that several rules need.

use bareboat_dockerfile::instruction::CommandLine;
use bareboat_dockerfile::{Edit, Kind, Span, Word};

use crate::knowledge::{BaseFacts, LibcFamily};
use crate::lint::Context;
use crate::lint::context::{Argument, StageView, Step};
use crate::lint::rules::packages::installs::installs;

/// The image at the root of a stage's chain, as it is after expansion.
pub(super) fn image(context: &Context<'_>, view: &StageView<'_>) -> String {
    let root = context.model().root(view.index);
    root.image().unwrap_or("scratch").to_owned()
}

/// The C library family, when it is known.
pub(super) fn libc(facts: &BaseFacts) -> Option<LibcFamily> {
    facts.libc.as_ref().map(|libc| libc.family)
}

/// `3.12` as a number, for Python.
pub(super) fn python_minor(facts: &BaseFacts) -> Option<u16> {
    let interpreter = facts.interpreter.as_ref().filter(|found| found.kind == "python")?;
    interpreter.version.filter(|(major, _)| *major == 3)?.1
}

/// The Python 3 of a stage, by its minor version: that of its base image, else the distribution's own where the stage
/// installs it.
pub(super) fn python_of(context: &Context<'_>, view: &StageView<'_>) -> Option<u16> {
    let facts = context.base(view)?;
    let installed = || {
        let own = distribution_python(facts)?;
        let links = context.chain(view);
        let runs = links.into_iter().flat_map(|link| &link.steps).filter_map(|step| step.run());
        let is_python = |name: &str| name == "python3" || name.starts_with("python3-");
        let brings = |packages: &[&Argument<'_>]| packages.iter().any(|package| is_python(&package.text));
        runs.flat_map(installs).any(|install| brings(install.packages())).then_some(own)
    };
    python_minor(facts).or_else(installed)
}

/// The minor version of the Python 3 that a release has as `python3` (packages.debian.org, packages.ubuntu.com).
fn distribution_python(facts: &BaseFacts) -> Option<u16> {
    Some(match facts.distribution.as_ref()?.codename.as_deref()? {
        "bullseye" => 9,
        "bookworm" => 11,
        "trixie" => 13,
        "focal" => 8,
        "jammy" => 10,
        "noble" => 12,
        _ => return None,
    })
}

/// `trixie`, `Alpine 3.22`.
pub(super) fn release(facts: &BaseFacts) -> Option<String> {
    let found = facts.distribution.as_ref()?;
    let version = found.version.as_deref().unwrap_or_default();
    Some(match (&found.codename, found.id.as_str()) {
        (Some(codename), _) => codename.clone(),
        (None, "alpine") => format!("Alpine {version}"),
        (None, id) => format!("{id} {version}"),
    })
}

/// The image of the builder that fits `runtime`: `python:3.13-slim-trixie`.
pub(super) fn matching_python(runtime: &BaseFacts) -> Option<String> {
    let codename = runtime.distribution.as_ref()?.codename.as_deref()?;
    Some(format!("python:3.{}-slim-{codename}", python_minor(runtime)?))
}

/// Makes the stage that `maker` builds on stand on `image`. `None` when the name is not written out, when something
/// else builds on that stage too, or when its commands are for the distribution it has.
pub(super) fn rebuild_on(context: &Context<'_>, maker: &StageView<'_>, image: &str) -> Option<Edit> {
    let chain = context.chain(maker);
    let root = chain.first()?;
    let written = &root.stage.from.image;
    let plain = !written.text.contains('$') && written.span.len() == written.text.len();
    let final_chain = context.final_stage().map(|view| context.chain(view)).unwrap_or_default();
    let shared = final_chain.iter().any(|link| link.index == root.index);
    let managers = ["apk", "apt-get", "apt", "dnf", "yum", "microdnf", "adduser", "addgroup", "useradd"];
    let mut runs = chain.iter().flat_map(|link| &link.steps).filter_map(|step| step.run());
    let bound = runs.any(|run| run.calls_of(&managers).next().is_some());
    (plain && !shared && !bound).then(|| Edit::replace(written.span, image))
}

/// The instruction of the last stage that `span` is in.
pub(super) fn step_at<'c, 'a>(view: &'c StageView<'a>, span: Span) -> Option<&'c Step<'a>> {
    let within = |step: &&Step<'_>| {
        let own = step.instruction.span;
        !step.triggered && own.start <= span.start && span.end <= own.end
    };
    view.steps.iter().find(within)
}

/// The last ENTRYPOINT (or CMD) of a stage's chain.
pub(super) fn last<'c, 'a>(
    context: &'c Context<'a>,
    view: &StageView<'a>,
    wanted: fn(&Kind) -> Option<&CommandLine>,
) -> Option<(&'c Step<'a>, &'a CommandLine)> {
    let links = context.chain(view);
    let steps = links.into_iter().flat_map(|link| &link.steps).filter(|step| !step.is_onbuild());
    steps.filter_map(|step| Some((step, wanted(&step.command.kind)?))).next_back()
}

pub(super) fn entrypoint(kind: &Kind) -> Option<&CommandLine> {
    match kind {
        Kind::Entrypoint(line) => Some(line),
        _ => None,
    }
}

pub(super) fn command(kind: &Kind) -> Option<&CommandLine> {
    match kind {
        Kind::Cmd(line) => Some(line),
        _ => None,
    }
}

/// The CMD that becomes arguments of the base image's own ENTRYPOINT, in JSON form, and that ENTRYPOINT.
pub(super) fn arguments_of_base<'c, 'a>(
    context: &'c Context<'a>,
    view: &StageView<'a>,
) -> Option<(&'c Step<'a>, &'a [Word], &'c [String])> {
    if last(context, view, entrypoint).is_some() {
        return None;
    }
    let (step, line) = last(context, view, command)?;
    let CommandLine::Exec(words) = line else { return None };
    let inherited = context.stages().get(view.index).and_then(|view| context.base(view))?;
    let entrypoint = inherited.entrypoint.as_deref().filter(|words| !words.is_empty())?;
    Some((step, words.as_slice(), entrypoint))
}

/// The value of an ENV at the end of a stage; `None` when it is not set, or not known.
pub(super) fn environment(context: &Context<'_>, view: &StageView<'_>, name: &str) -> Option<String> {
    let links = context.chain(view);
    let steps = links.into_iter().flat_map(|link| &link.steps).filter(|step| !step.is_onbuild());
    let mut set = steps.filter_map(|step| {
        let Kind::Env(pairs) = &step.command.kind else { return None };
        let pair = pairs.pairs.iter().rfind(|pair| pair.name.text == name)?;
        context.expand(step, &pair.value.as_ref()?.text).ok().map(|found| found.text)
    });
    let own = set.next_back();
    own.or_else(|| context.base(view)?.environment.as_ref()?.get(name).cloned())
}

/// True when the stage or one it builds on sets the variable.
pub(super) fn sets(context: &Context<'_>, view: &StageView<'_>, name: &str) -> bool {
    let links = context.chain(view);
    links.into_iter().flat_map(|link| &link.steps).any(|step| match &step.command.kind {
        Kind::Env(pairs) => pairs.pairs.iter().any(|pair| pair.name.text == name),
        _ => false,
    })
}
