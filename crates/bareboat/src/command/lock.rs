//! `bareboat lock`: writes every package and wheel by digest.

use std::process::ExitCode;

use bareboat_build::app::build::lock;

use crate::assignment::Assignment;
use crate::cli::LockArgs;
use crate::failure::Failure;
use crate::session::{Session, options, platforms};

/// Locks.
pub fn run(session: &Session, arguments: &LockArgs) -> Result<ExitCode, Failure> {
    let mut options = options(&arguments.make);
    options.upgrade = arguments.upgrade;
    let make = &arguments.make;
    let assignment = Assignment::new(session, &make.directory, options, &make.network)
        .platforms(platforms(&arguments.platform)?);
    let (lock, changed) = lock(&assignment.workshop(), &assignment.request())?;
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
