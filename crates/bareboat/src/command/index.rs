//! `bareboat index`: images of several machines as one.

use std::process::ExitCode;

use super::registry::{summary, with_registries};
use crate::cli::IndexArgs;
use crate::failure::Failure;
use crate::logins;
use crate::session::{Session, reference};

/// Writes the index at its registry.
pub fn run(session: &Session, arguments: &IndexArgs) -> Result<ExitCode, Failure> {
    let to = reference(&arguments.name)?;
    let parts: Vec<_> = arguments.images.iter().map(|name| reference(name)).collect::<Result<_, _>>()?;
    let merged = with_registries(session, &arguments.registry, &logins::find, |registries| {
        registries.merge(&parts, &to, &|_| {})
    })?;
    let platforms = merged.images.iter().filter_map(|image| image.platform.as_ref());
    let platforms: Vec<String> =
        platforms.filter(|platform| platform.os != "unknown").map(ToString::to_string).collect();
    let travelled = summary(&merged.pushed);
    let travelled = if travelled.is_empty() { travelled } else { format!("; {travelled}") };
    let name = to.familiar();
    session.terminal.done(&format!("wrote the index {name} ({}{travelled})", platforms.join(", ")));
    session.terminal.say(&format!("  {}@{}", to.name(), merged.descriptor.digest));
    Ok(ExitCode::SUCCESS)
}
