//! `bareboat delete`: removes tags and images from a registry.
//!
//! A verb of its own and not an option of `rm`: `rm` forgets a local name and harms nobody, while this is final and for
//! everybody who uses the registry. One must not be a slip away from the other.

use std::process::ExitCode;

use super::registry::with_registries;
use crate::cli::DeleteArgs;
use crate::failure::Failure;
use crate::logins;
use crate::session::{Session, reference};

/// Deletes each; the first that cannot be deleted ends it.
pub fn run(session: &Session, arguments: &DeleteArgs) -> Result<ExitCode, Failure> {
    let references: Vec<_> = arguments.names.iter().map(|name| exact(name)).collect::<Result<_, _>>()?;
    for reference in &references {
        with_registries(session, &arguments.registry, &logins::find, |registries| {
            registries.delete(reference)
        })?;
        session.terminal.done(&format!("deleted {}", reference.familiar()));
    }
    Ok(ExitCode::SUCCESS)
}

/// A name that says what goes: `latest` is not meant unless it is written.
fn exact(text: &str) -> Result<bareboat_image::Reference, Failure> {
    let reference = reference(text)?;
    let last = text.rsplit('/').next().unwrap_or_default();
    match reference.digest().is_some() || last.contains(':') {
        true => Ok(reference),
        false => Err(Failure::input(format!("`{text}` says neither a tag nor a digest"))
            .hint(format!("write `{text}:TAG`; list them with `bareboat tags {text}`"))),
    }
}
