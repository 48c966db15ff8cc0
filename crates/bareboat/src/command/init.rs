//! `bareboat init`: writes what was detected as configuration, to be changed from there.

use std::process::ExitCode;

use bareboat_build::app::config::FILE_NAME;
use bareboat_build::app::describe;

use crate::assignment::Assignment;
use crate::cli::InitArgs;
use crate::failure::Failure;
use crate::session::{Session, options};

/// Detects and writes `bareboat.toml`.
pub fn run(session: &Session, arguments: &InitArgs) -> Result<ExitCode, Failure> {
    let directory = &arguments.make.directory;
    let path = directory.join(FILE_NAME);
    if path.exists() && !arguments.force {
        return Err(Failure::input(format!("`{}` is there already", path.display()))
            .hint("pass `--force` to replace it"));
    }
    let make = &arguments.make;
    let assignment = Assignment::new(session, directory, options(make), &make.network);
    let text = describe::configuration(&assignment.workshop(), &assignment.request())?;
    session.terminal.clear();
    std::fs::write(&path, text)
        .map_err(|error| Failure::world(format!("cannot write `{}`", path.display())).because(error))?;
    session.terminal.done(&format!("wrote {}", path.display()));
    Ok(ExitCode::SUCCESS)
}
