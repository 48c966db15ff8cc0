//! `bareboat lock`: writes every package and wheel by digest.

use std::process::ExitCode;

use bareboat_build::app::build::{Request, Workshop, lock};

use crate::cli::LockArgs;
use crate::failure::Failure;
use crate::session::{Session, default_name, host_platform, options, platforms, surroundings};

/// Locks.
pub fn run(session: &Session, arguments: &LockArgs) -> Result<ExitCode, Failure> {
    let mut options = options(&arguments.make);
    options.upgrade = arguments.upgrade;
    let surroundings = surroundings(&arguments.make.network);
    let fetcher = session.fetcher(&arguments.make.network);
    let observer = session.observer();
    let workshop = Workshop { store: &session.store, fetcher: &fetcher, observer: &*observer };
    let request = Request {
        directory: &arguments.make.directory,
        platforms: &platforms(&arguments.platform)?,
        host: &host_platform(),
        options: &options,
        surroundings: &surroundings,
        title: &default_name(&arguments.make.directory),
    };
    let (lock, changed) = lock(&workshop, &request)?;
    session.terminal.clear();
    for (architecture, locked) in &lock.architectures {
        session.terminal.say(&format!(
            "{architecture}: {} Debian packages, {} distributions, {} with Python {}",
            locked.packages.len(),
            locked.distributions.len(),
            lock.debian,
            lock.python
        ));
    }
    session.terminal.done(if changed { "wrote bareboat.lock" } else { "bareboat.lock is up to date" });
    Ok(ExitCode::SUCCESS)
}
