//! The sources and files of a package in a `uv.lock`.

use bareboat_store::Digest;

use super::format::{Artifact, Package, Source};
use crate::pypi::file_name::file_name_of;
use crate::pypi::pin::{LockedFile, Origin};

/// Where the package comes from; `None` for one that is not installed (a `virtual` project).
pub(super) fn origin(package: &Package) -> Result<Option<Origin>, String> {
    let source = &package.source;
    let below = |path: &str| match &source.subdirectory {
        Some(below) => format!("{path}/{below}"),
        None => path.to_owned(),
    };
    let directory = |path: &str, editable| Some(Origin::Directory { path: below(path), editable });
    Ok(match source {
        Source { registry: Some(_), .. } => Some(Origin::Index),
        Source { url: Some(url), .. } => Some(Origin::Url(url.clone())),
        Source { path: Some(path), .. } => Some(Origin::File(path.clone())),
        Source { directory: Some(path), .. } => directory(path, false),
        Source { editable: Some(path), .. } => directory(path, true),
        Source { git: Some(git), .. } => Some(git_origin(git)?),
        Source { unpackaged: Some(_), .. } => None,
        _ => return Err("its source is of no known kind".to_owned()),
    })
}

/// Reads `URL?rev=…&subdirectory=…#COMMIT`.
fn git_origin(git: &str) -> Result<Origin, String> {
    let (address, commit) = git.split_once('#').ok_or("its repository has no commit")?;
    let (url, query) = address.split_once('?').unwrap_or((address, ""));
    let subdirectory = url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == "subdirectory")
        .map(|(_, value)| value.into_owned());
    Ok(Origin::Git { url: url.to_owned(), commit: commit.to_owned(), subdirectory })
}

/// The files of the package, wheels first.
pub(super) fn files(package: &Package) -> Result<Vec<LockedFile>, String> {
    package.wheels.iter().chain(&package.sdist).map(|artifact| file(package, artifact)).collect()
}

fn file(package: &Package, artifact: &Artifact) -> Result<LockedFile, String> {
    let source = &package.source;
    let url = artifact.url.clone().or_else(|| source.url.clone());
    // A registry may be a directory of files, and a path source is its only file.
    let path = match (&artifact.path, &source.registry) {
        (Some(path), Some(registry)) if !registry.contains("://") => Some(format!("{registry}/{path}")),
        (Some(path), _) => Some(path.clone()),
        (None, _) => source.path.clone(),
    };
    let location = url.as_deref().or(path.as_deref());
    let name = artifact.filename.clone().or_else(|| location.and_then(file_name_of));
    let name = name.ok_or("a file of it has no name")?;
    let sha256 = match artifact.hash.as_deref().and_then(|hash| hash.strip_prefix("sha256:")) {
        Some(hex) => Some(Digest::from_hex(hex).map_err(|error| error.to_string())?),
        None => None,
    };
    let url = url.filter(|_| path.is_none());
    Ok(LockedFile { name, url, path, sha256, size: artifact.size })
}
