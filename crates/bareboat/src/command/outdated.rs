//! `bareboat outdated`: which locked packages and distributions have newer versions.

use std::process::ExitCode;

use bareboat_build::app::Options;
use bareboat_build::app::outdated::outdated;

use crate::assignment::Assignment;
use crate::cli::{Format, OutdatedArgs};
use crate::failure::Failure;
use crate::session::Session;
use crate::terminal::{print, table};

/// Asks the archives; exit code 1 when something is newer.
pub fn run(session: &Session, arguments: &OutdatedArgs) -> Result<ExitCode, Failure> {
    let assignment = Assignment::new(session, &arguments.directory, Options::default(), &arguments.network);
    let newer = outdated(&assignment.workshop(), &assignment.request())?;
    session.terminal.clear();
    match arguments.format {
        Format::Json => print(&format!("{:#}\n", serde_json::json!({ "version": 1, "newer": newer }))),
        Format::Text if newer.is_empty() => session.terminal.done("everything is up to date"),
        Format::Text => {
            let row = |one: &bareboat_build::app::outdated::Newer| {
                let why = if one.security { "security" } else { "" };
                vec![one.name.clone(), one.locked.clone(), one.available.clone(), why.to_owned()]
            };
            print(&table(&["name", "locked", "available", ""], &newer.iter().map(row).collect::<Vec<_>>()));
            session.terminal.say("`bareboat lock --upgrade` takes them");
        }
    }
    Ok(ExitCode::from(u8::from(!newer.is_empty())))
}
