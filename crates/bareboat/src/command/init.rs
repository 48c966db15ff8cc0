//! `bareboat init`: writes what was detected as configuration, to be changed from there.

use std::process::ExitCode;

use bareboat_build::app::build::{Request, Workshop};
use bareboat_build::app::config::FILE_NAME;
use bareboat_build::app::describe;

use crate::cli::InitArgs;
use crate::failure::Failure;
use crate::session::{Session, default_name, host_platform, options, surroundings};

/// Detects and writes `bareboat.toml`.
pub fn run(session: &Session, arguments: &InitArgs) -> Result<ExitCode, Failure> {
    let directory = &arguments.make.directory;
    let path = directory.join(FILE_NAME);
    if path.exists() && !arguments.force {
        return Err(Failure::input(format!("`{}` is there already", path.display()))
            .hint("pass `--force` to replace it"));
    }
    let options = options(&arguments.make);
    let surroundings = surroundings(&arguments.make.network);
    let fetcher = session.fetcher(&arguments.make.network);
    let observer = session.observer();
    let workshop = Workshop { store: &session.store, fetcher: &fetcher, observer: &*observer };
    let platform = [host_platform()];
    let request = Request {
        directory,
        platforms: &platform,
        host: &platform[0],
        options: &options,
        surroundings: &surroundings,
        title: &default_name(directory),
    };
    let text = describe::configuration(&workshop, &request)?;
    session.terminal.clear();
    std::fs::write(&path, text)
        .map_err(|error| Failure::world(format!("cannot write `{}`", path.display())).because(error))?;
    session.terminal.done(&format!("wrote {}", path.display()));
    Ok(ExitCode::SUCCESS)
}
