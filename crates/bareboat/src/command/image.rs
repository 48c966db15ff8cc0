//! Opens the image that a command's argument names, wherever it is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bareboat_build::event::Event;
use bareboat_image::engine;
use bareboat_image::registry::PullOptions;
use bareboat_image::source::{Image, Location, Select, Source};
use bareboat_image::tar::read::Limits;
use bareboat_image::{Reference, TreePath};
use bareboat_inspect::facts::{Checksums, Facts, Reading, read_files};
use tempfile::NamedTempFile;

use super::output::{Engine, sockets};
use super::registry::with_registries;
use crate::cli::{ImageArgs, RegistryArgs};
use crate::failure::Failure;
use crate::logins;
use crate::session::{Session, host_platform, reference};

/// A place with the image in it.
pub struct Opened<'s> {
    /// Everything that is there.
    pub source: Source<'s>,
    /// What of it is meant.
    pub select: Select,
    /// What an engine gave; it is read as long as this lives.
    _archive: Option<NamedTempFile>,
}

/// What a command was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Which image.
    pub image: &'a str,
    /// Of which platform; this machine's where there are several and none is named.
    pub platform: Option<&'a str>,
    /// How registries are talked to.
    pub registry: &'a RegistryArgs,
}

impl ImageArgs {
    /// The image of these arguments.
    pub fn asked(&self) -> Asked<'_> {
        Asked { image: &self.image, platform: self.platform.as_deref(), registry: &self.registry }
    }
}

/// Reads the facts of an image.
pub fn facts(session: &Session, asked: Asked<'_>) -> Result<Facts, Failure> {
    visit(session, asked, |_, facts| Ok(facts))
}

/// Reads the facts, and hands them on with the image, whose layers can be read again.
pub fn visit<T>(
    session: &Session,
    asked: Asked<'_>,
    with: impl FnOnce(&Image<'_>, Facts) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let opened = Opened::open(session, asked)?;
    let image = opened.source.image(&opened.select).map_err(Failure::from_source)?;
    let facts = read(session, asked.image, &image, Checksums::None)?;
    with(&image, facts)
}

/// The contents of some files.
pub fn contents(
    image: &Image<'_>,
    facts: &Facts,
    paths: &BTreeSet<TreePath>,
) -> Result<BTreeMap<TreePath, Vec<u8>>, Failure> {
    read_files(image, &facts.merged, paths, limits()).map_err(Failure::from_source)
}

fn limits() -> Limits {
    Limits { entries: MOST_ENTRIES, ..Limits::default() }
}

/// As [`facts`]; those of every platform for the platform `all`.
pub fn all_facts(session: &Session, asked: Asked<'_>, checksums: Checksums) -> Result<Vec<Facts>, Failure> {
    let opened = Opened::open(session, asked)?;
    let images = match asked.platform == Some(ALL) {
        true => opened.source.images(&opened.select),
        false => opened.source.image(&opened.select).map(|image| vec![image]),
    };
    let images = images.map_err(Failure::from_source)?;
    images.iter().map(|image| read(session, asked.image, image, checksums)).collect()
}

const ALL: &str = "all";

/// Reads the facts of an image that is open already.
pub fn read(
    session: &Session,
    name: &str,
    image: &Image<'_>,
    checksums: Checksums,
) -> Result<Facts, Failure> {
    let reading = Reading {
        name,
        temporary_directory: &session.store.temporary_directory(),
        limits: limits(),
        checksums,
    };
    Facts::read(image, &reading).map_err(Failure::from_source)
}

/// Entries of one layer: ten times what the largest images known have in all.
const MOST_ENTRIES: u64 = 2_000_000;

impl<'s> Opened<'s> {
    /// Opens the place that `asked` names.
    pub fn open(session: &'s Session, asked: Asked<'_>) -> Result<Self, Failure> {
        let platform = asked.platform.filter(|text| *text != ALL);
        let platform = platform
            .map(|text| {
                text.parse()
                    .map_err(|error| Failure::input(format!("cannot use `--platform {text}`")).because(error))
            })
            .transpose()?;
        let location: Location =
            asked.image.parse().map_err(|error| Failure::input("cannot use that image").because(error))?;
        let mut select = Select { name: None, platform, preferred: Some(host_platform()) };
        let (source, archive) = match location {
            Location::File { path, name } => {
                select.name = name;
                (open_path(session, &path)?, None)
            }
            Location::Docker(name) => taken(session, &name, Engine::Docker)?,
            Location::Podman(name) => taken(session, &name, Engine::Podman)?,
            Location::Registry(name) => (remote(session, &name, asked, &select)?, None),
            Location::Plain(text) => (plain(session, &text, asked, &select)?, None),
        };
        Ok(Self { source, select, _archive: archive })
    }
}

/// Opens a directory or file.
pub fn open_path<'s>(session: &Session, path: &Path) -> Result<Source<'s>, Failure> {
    Source::open(path, &session.store.temporary_directory()).map_err(Failure::from_source)
}

/// A name of the store before a path of the same name, and both before a registry; `./NAME` is the path.
fn plain<'s>(
    session: &'s Session,
    text: &str,
    asked: Asked<'_>,
    select: &Select,
) -> Result<Source<'s>, Failure> {
    let path = Path::new(text);
    if text.starts_with(['.', '/']) {
        return open_path(session, path);
    }
    match session.images().get(text) {
        Ok(descriptor) => Ok(Source::store(&session.store, descriptor)),
        Err(_) if path.exists() => open_path(session, path),
        Err(_) if names_registry(text) => remote(session, text, asked, select),
        Err(failure) => Err(failure.because("there is no file or directory of that name either").hint(
            "list what there is with `bareboat images`; write docker:NAME for an image of Docker's, registry:NAME for one at a registry",
        )),
    }
}

/// A name with its registry in front. A short one is more likely a slip than an image of Docker Hub's.
pub fn names_registry(text: &str) -> bool {
    let parsed: Option<Reference> = text.parse().ok();
    parsed.is_some_and(|reference| text.starts_with(&format!("{}/", reference.domain())))
}

/// Brings what is missing of an image at a registry into the store, where it is read.
fn remote<'s>(
    session: &'s Session,
    text: &str,
    asked: Asked<'_>,
    select: &Select,
) -> Result<Source<'s>, Failure> {
    let reference = reference(text)?;
    let platforms = match (asked.platform, &select.platform) {
        (Some(ALL), _) => Vec::new(),
        (_, Some(platform)) => vec![platform.clone()],
        (_, None) => vec![host_platform()],
    };
    session.terminal.event(Event::Stage { name: format!("Pulling {}", reference.familiar()) });
    let pulled = with_registries(session, asked.registry, &logins::find, |registries| {
        registries.pull(&reference, &PullOptions { platforms })
    })?;
    Ok(Source::store(&session.store, pulled.descriptor))
}

/// Takes an image out of an engine, into a file that goes away with it.
fn taken<'s>(
    session: &Session,
    name: &str,
    engine: Engine,
) -> Result<(Source<'s>, Option<NamedTempFile>), Failure> {
    let word = if engine == Engine::Docker { "docker" } else { "podman" };
    let socket = sockets(&[engine]).into_iter().find(|path| path.exists()).ok_or_else(|| {
        Failure::world(format!("{word}'s socket is not there"))
            .hint(format!("start it, or run `{word} save -o FILE {name}` and name the file"))
    })?;
    let directory = session.store.temporary_directory();
    let unwritable = |error| Failure::world("cannot make a temporary file").because(error);
    let mut archive = NamedTempFile::new_in(&directory).map_err(unwritable)?;
    engine::save(name, &socket, archive.as_file_mut()).map_err(|error| {
        let hint = error.hint();
        let failure = Failure::from_image(error);
        hint.into_iter().fold(failure, Failure::hint)
    })?;
    let source = open_path(session, archive.path())?;
    Ok((source, Some(archive)))
}
