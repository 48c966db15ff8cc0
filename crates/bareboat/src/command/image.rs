//! Opens the image that a command's argument names, wherever it is.

use std::path::Path;

use bareboat_image::engine;
use bareboat_image::source::{Image, Location, Select, Source};
use bareboat_image::tar::read::Limits;
use bareboat_inspect::facts::{Facts, Reading};
use tempfile::NamedTempFile;

use super::output::{Engine, sockets};
use crate::failure::Failure;
use crate::session::{Session, host_platform};

/// A place with the image in it.
pub struct Opened<'s> {
    source: Source<'s>,
    select: Select,
    /// What an engine gave; it is read as long as this lives.
    _archive: Option<NamedTempFile>,
}

/// Reads the facts of the image that `text` names; this machine's platform where there are several.
pub fn facts(session: &Session, text: &str, platform: Option<&str>) -> Result<Facts, Failure> {
    let opened = Opened::open(session, text, platform)?;
    let image = opened.source.image(&opened.select).map_err(Failure::from_source)?;
    read(session, text, &image)
}

/// As [`facts`]; those of every platform for the platform `all`.
pub fn all_facts(session: &Session, text: &str, platform: Option<&str>) -> Result<Vec<Facts>, Failure> {
    if platform != Some("all") {
        return Ok(vec![facts(session, text, platform)?]);
    }
    let opened = Opened::open(session, text, None)?;
    let images = opened.source.images(&opened.select).map_err(Failure::from_source)?;
    images.iter().map(|image| read(session, text, image)).collect()
}

fn read(session: &Session, name: &str, image: &Image<'_>) -> Result<Facts, Failure> {
    let reading = Reading {
        name,
        temporary_directory: &session.store.temporary_directory(),
        limits: Limits { entries: MOST_ENTRIES, ..Limits::default() },
    };
    Facts::read(image, &reading).map_err(Failure::from_source)
}

/// Entries of one layer: ten times what the largest images known have in all.
const MOST_ENTRIES: u64 = 2_000_000;

impl<'s> Opened<'s> {
    fn open(session: &'s Session, text: &str, platform: Option<&str>) -> Result<Self, Failure> {
        let platform = platform
            .map(|text| {
                text.parse()
                    .map_err(|error| Failure::input(format!("cannot use `--platform {text}`")).because(error))
            })
            .transpose()?;
        let location: Location =
            text.parse().map_err(|error| Failure::input("cannot use that image").because(error))?;
        let mut select = Select { name: None, platform, preferred: Some(host_platform()) };
        let (source, archive) = match location {
            Location::File { path, name } => {
                select.name = name;
                (open_path(session, &path)?, None)
            }
            Location::Docker(name) => taken(session, &name, Engine::Docker)?,
            Location::Podman(name) => taken(session, &name, Engine::Podman)?,
            Location::Plain(text) => (plain(session, &text)?, None),
        };
        Ok(Self { source, select, _archive: archive })
    }
}

fn open_path<'s>(session: &Session, path: &Path) -> Result<Source<'s>, Failure> {
    Source::open(path, &session.store.temporary_directory()).map_err(Failure::from_source)
}

/// A name of the store before a path of the same name; `./NAME` is the path.
fn plain<'s>(session: &'s Session, text: &str) -> Result<Source<'s>, Failure> {
    let path = Path::new(text);
    if text.starts_with(['.', '/']) {
        return open_path(session, path);
    }
    match session.images().get(text) {
        Ok(descriptor) => Ok(Source::store(&session.store, descriptor)),
        Err(_) if path.exists() => open_path(session, path),
        Err(failure) => Err(failure
            .because("there is no file or directory of that name either")
            .hint("list what there is with `bareboat images`; write docker:NAME for an image of Docker's")),
    }
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
