//! `bareboat inspect`: what an image is.

use std::process::ExitCode;

use bareboat_inspect::inspect;

use super::image;
use crate::cli::{Format, InspectArgs};
use crate::failure::Failure;
use crate::session::Session;
use crate::terminal::print;

/// Prints the facts.
pub fn run(session: &Session, arguments: &InspectArgs) -> Result<ExitCode, Failure> {
    let facts = image::facts(session, arguments.image.asked())?;
    print(&match arguments.format {
        Format::Text => inspect::text(&facts),
        Format::Json => inspect::json(&facts),
    });
    if facts.is_incomplete {
        session.terminal.warning("the image's lists of packages are larger than is read; some are missing");
    }
    Ok(ExitCode::SUCCESS)
}
