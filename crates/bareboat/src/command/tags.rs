//! `bareboat tags`: the tags of a repository.

use std::process::ExitCode;

use super::registry::with_registries;
use crate::cli::{Format, TagsArgs};
use crate::failure::Failure;
use crate::logins;
use crate::session::{Session, reference};
use crate::terminal::print;

/// Prints them, one a line, in the registry's order.
pub fn run(session: &Session, arguments: &TagsArgs) -> Result<ExitCode, Failure> {
    let reference = reference(&arguments.name)?;
    let tags = with_registries(session, &arguments.registry, &logins::find, |registries| {
        registries.tags(&reference)
    })?;
    print(&match arguments.format {
        Format::Text => tags.iter().map(|tag| format!("{tag}\n")).collect(),
        Format::Json => {
            let value = serde_json::json!({ "version": 1, "name": reference.name(), "tags": tags });
            format!("{value:#}\n")
        }
    });
    Ok(ExitCode::SUCCESS)
}
