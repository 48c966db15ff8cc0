//! Whether a stage may have programs that nobody can see from the file.

use bareboat_dockerfile::Kind;
use bareboat_dockerfile::instruction::{Source, Transfer};

use super::arrival::{absolute, below};
use crate::lint::Context;
use crate::lint::context::{StageView, Step};

/// Directories in which a shell or a C library may arrive unseen.
const PLACES: &[&str] = &["/bin", "/sbin", "/lib", "/lib64", "/usr", "/busybox"];

/// True when a COPY or ADD brings a whole root file system, or something into the places where programs and
/// libraries are. What cannot be expanded counts too.
pub(super) fn may_bring_programs(context: &Context<'_>, view: &StageView<'_>) -> bool {
    let links = context.chain(view);
    let mut steps = links.into_iter().flat_map(|link| &link.steps).filter(|step| !step.is_onbuild());
    steps.any(|step| match &step.command.kind {
        Kind::Copy(copy) => brings(context, step, &copy.transfer),
        Kind::Add(add) => brings(context, step, &add.transfer),
        _ => false,
    })
}

/// The same for users: a passwd file may arrive, or a RUN makes one.
pub(super) fn may_bring_users(context: &Context<'_>, view: &StageView<'_>) -> bool {
    let links = context.chain(view);
    let mut steps = links.into_iter().flat_map(|link| &link.steps).filter(|step| !step.is_onbuild());
    steps.any(|step| {
        let transfer = match &step.command.kind {
            Kind::Copy(copy) => &copy.transfer,
            Kind::Add(add) => &add.transfer,
            Kind::Run(_) => return true,
            _ => return false,
        };
        let target = context.expand(step, &transfer.destination.text).ok();
        let target = target.and_then(|target| absolute(step.state.workdir.as_deref(), &target.text));
        target.is_none_or(|target| below(&target, "/etc").is_some()) || brings(context, step, transfer)
    })
}

fn brings(context: &Context<'_>, step: &Step<'_>, transfer: &Transfer) -> bool {
    let Ok(destination) = context.expand(step, &transfer.destination.text) else { return true };
    let Some(target) = absolute(step.state.workdir.as_deref(), &destination.text) else { return true };
    if PLACES.iter().any(|place| below(&target, place).is_some()) {
        return true;
    }
    // Into the root: harmless for single files, anything else may be a file system.
    let is_archive =
        |path: &str| [".tar", ".tar.gz", ".tgz", ".tar.xz"].iter().any(|end| path.ends_with(end));
    let is_tree =
        |path: &str| path.ends_with('/') || path == "." || path.contains(['*', '$']) || is_root_name(path);
    target.is_empty()
        && transfer.sources.iter().any(|source| match source {
            Source::Path(word) => is_archive(&word.text) || is_tree(&word.text),
            Source::Heredoc(_) => false,
        })
}

fn is_root_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    ["root", "fs", "chroot", "install", "out", "dist", "target", "layer"]
        .iter()
        .any(|word| name.contains(word))
}
