//! `bareboat referrers`: what refers to an image.

use std::process::ExitCode;

use super::registry::with_registries;
use crate::cli::{Format, ReferrersArgs};
use crate::failure::Failure;
use crate::logins;
use crate::session::{Session, reference};
use crate::terminal::{print, size, table};

/// Prints the artifacts as the registry lists them.
pub fn run(session: &Session, arguments: &ReferrersArgs) -> Result<ExitCode, Failure> {
    let reference = reference(&arguments.name)?;
    let found = with_registries(session, &arguments.registry, &logins::find, |registries| {
        registries.referrers(&reference, arguments.artifact_type.as_deref())
    })?;
    if arguments.format == Format::Json {
        let value = serde_json::json!({ "version": 1, "name": reference.familiar(), "referrers": found });
        print(&format!("{value:#}\n"));
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        session.terminal.say(&format!("nothing refers to {}", reference.familiar()));
        return Ok(ExitCode::SUCCESS);
    }
    let row = |one: &bareboat_image::Descriptor| {
        let kind = one.artifact_type.clone().unwrap_or_else(|| one.media_type.clone());
        vec![kind, one.digest.to_string(), size(one.size)]
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    print(&table(&["type", "digest", "manifest"], &rows));
    Ok(ExitCode::SUCCESS)
}
