//! A directory to lock or build, as a command line asks for it: what all such verbs hand to the engine.

use std::path::{Path, PathBuf};

use bareboat_build::app::build::{Request, Workshop};
use bareboat_build::app::{Options, Surroundings};
use bareboat_build::event::Observer;
use bareboat_image::Platform;
use bareboat_store::Fetcher;

use crate::cli::NetworkArgs;
use crate::session::{Session, default_name, host_platform, surroundings};

/// What a verb works on and with.
pub struct Assignment<'s> {
    session: &'s Session,
    directory: PathBuf,
    options: Options,
    platforms: Vec<Platform>,
    host: Platform,
    title: String,
    surroundings: Surroundings,
    fetcher: Fetcher,
    observer: Box<Observer>,
}

impl<'s> Assignment<'s> {
    /// For this machine, named like the directory.
    pub fn new(session: &'s Session, directory: &Path, options: Options, network: &NetworkArgs) -> Self {
        Self {
            session,
            directory: directory.to_owned(),
            options,
            platforms: vec![host_platform()],
            host: host_platform(),
            title: default_name(directory),
            surroundings: surroundings(network),
            fetcher: session.fetcher(network),
            observer: session.observer(),
        }
    }

    /// For other platforms.
    pub fn platforms(self, platforms: Vec<Platform>) -> Self {
        Self { platforms, ..self }
    }

    /// With another title.
    pub fn title(self, title: &str) -> Self {
        Self { title: title.to_owned(), ..self }
    }

    /// What the engine works with.
    pub fn workshop(&self) -> Workshop<'_> {
        Workshop { store: &self.session.store, fetcher: &self.fetcher, observer: &*self.observer }
    }

    /// What is asked of it.
    pub fn request(&self) -> Request<'_> {
        Request {
            directory: &self.directory,
            platforms: &self.platforms,
            host: &self.host,
            options: &self.options,
            surroundings: &self.surroundings,
            title: &self.title,
        }
    }
}
