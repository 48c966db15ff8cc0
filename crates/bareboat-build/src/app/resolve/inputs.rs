//! What a lock answers to: when any of it changes, the lock is stale.

use bareboat_store::Digest;

use crate::BuildError;
use crate::app::build::Request;
use crate::app::config::Config;
use crate::app::project::Project;

/// Raised whenever other packages would be locked for the same input, so that older locks are made again.
const BASE: u32 = 2;

/// The digest of the files that tell dependencies, and of the settings that choose packages.
///
/// # Errors
/// A file that cannot be read.
pub fn digest(request: &Request<'_>, project: &Project, config: &Config) -> Result<Digest, BuildError> {
    let mut identity = format!(
        "lock {BASE} {:?} {:?} {:?} {:?} {:?} {:?} {:?}\n",
        request.options.debian.as_ref().or(config.debian.as_ref()),
        config.python,
        request.options.slice.as_ref().or(config.slice.as_ref()),
        config.packages,
        config.debian_python,
        config.extras,
        config.requirements,
    );
    if !config.build_packages.is_empty() || !config.build_requirements.is_empty() {
        identity.push_str(&format!("build {:?} {:?}\n", config.build_packages, config.build_requirements));
    }
    let mut names: Vec<String> = std::fs::read_dir(&project.root)
        .map_err(|error| BuildError::Read {
            path: project.root.display().to_string(),
            reason: error.to_string(),
        })?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| tells_dependencies(name))
        .collect();
    // Files that requirements include with `-r` lie anywhere in the project.
    names.extend(project.files.iter().filter(|path| path.contains('/') && path.ends_with(".txt")).cloned());
    names.extend(config.requirements.clone());
    names.sort();
    names.dedup();
    for name in names {
        if let Some(text) = project.text(&name)? {
            identity.push_str(&format!("{name} {}\n", Digest::of(text)));
        }
    }
    Ok(Digest::of(identity))
}

fn tells_dependencies(name: &str) -> bool {
    const NAMED: &[&str] =
        &["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pyproject.toml", "Pipfile", "setup.cfg"];
    NAMED.contains(&name)
        || (name.starts_with("pylock.") && name.ends_with(".toml"))
        || name == ".python-version"
        || name.ends_with(".txt")
        || name.ends_with(".in")
}
