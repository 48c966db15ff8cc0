//! What a lock answers to: when any of it changes, the lock is stale.

use std::collections::BTreeSet;
use std::io;

use bareboat_packages::pypi::{ProjectDir, RequirementsFile};
use bareboat_store::Digest;

use crate::BuildError;
use crate::app::build::Request;
use crate::app::config::Config;
use crate::app::plain_file;
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
    // `dynamic` dependencies of setuptools stand in files that `pyproject.toml` names.
    let declared = project.text("pyproject.toml")?.unwrap_or_default();
    let is_named = |path: &&String| {
        (path.ends_with(".txt") || path.ends_with(".in")) && declared.contains(path.as_str())
    };
    names.extend(project.files.iter().filter(is_named).cloned());
    names.extend(included(request, project, config));
    // Workspace members and directories that requirements name.
    let is_project = |path: &&String| path.ends_with("/pyproject.toml") || path.ends_with("/setup.cfg");
    names.extend(project.files.iter().filter(is_project).cloned());
    names.sort();
    names.dedup();
    for name in names {
        let path = project.root.join(&name);
        match plain_file::read(&path) {
            Ok(bytes) => identity.push_str(&format!("{name} {}\n", Digest::of(bytes))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(BuildError::Read { path: path.display().to_string(), reason: error.to_string() });
            }
        }
    }
    Ok(Digest::of(identity))
}

/// The requirements file that was named and what it and `requirements.txt` include, wherever that lies. Files that cannot
/// be understood include nothing: whoever resolves them says so.
fn included(request: &Request<'_>, project: &Project, config: &Config) -> BTreeSet<String> {
    let directory = ProjectDir::new(&project.root);
    let named = config.requirements.as_deref();
    let read = |file| RequirementsFile::read(&directory, file, &request.surroundings.environment).ok();
    let roots = named.into_iter().chain(["requirements.txt"]);
    roots.filter_map(read).flat_map(|file| file.files).chain(named.map(str::to_owned)).collect()
}

fn tells_dependencies(name: &str) -> bool {
    const NAMED: &[&str] =
        &["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pyproject.toml", "Pipfile", "setup.cfg"];
    NAMED.contains(&name)
        || (name.starts_with("pylock.") && name.ends_with(".toml"))
        || matches!(name, ".python-version" | "runtime.txt")
        || (name.contains("requirements") && (name.ends_with(".txt") || name.ends_with(".in")))
}

#[cfg(test)]
mod tests {
    use bareboat_image::Platform;

    use super::*;
    use crate::app::options::{Options, Surroundings};

    fn digest_of(root: &std::path::Path) -> Digest {
        let surroundings = Surroundings {
            environment: Default::default(),
            apt_sources: Vec::new(),
            mirrors: Vec::new(),
            now: std::time::SystemTime::UNIX_EPOCH,
            offline: true,
        };
        let request = Request {
            directory: root,
            platforms: &[],
            host: &Platform::linux("amd64"),
            options: &Options::default(),
            surroundings: &surroundings,
            title: "app",
        };
        digest(&request, &Project::open(root).unwrap(), &Config::default()).unwrap()
    }

    #[test]
    fn a_lock_answers_to_what_tells_dependencies_and_to_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, bytes: &[u8]| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        write("pyproject.toml", b"[tool.setuptools.dynamic]\ndependencies = { file = \"deps.txt\" }\n");
        write("requirements.txt", b"-r requirements/base.txt\n");
        write("requirements/base.txt", b"flask\n");
        write("lib/pyproject.toml", b"");
        // Text in an old encoding is data, not requirements.
        write("data/words.txt", b"caf\xe9\n");
        write(".dockerignore", b"requirements\n");
        let before = digest_of(root.path());
        write("data/words.txt", b"th\xe9\n");
        write("README.txt", b"new\n");
        assert_eq!(digest_of(root.path()), before);
        for path in ["requirements/base.txt", "deps.txt", "lib/pyproject.toml", "runtime.txt", "uv.lock"] {
            let before = digest_of(root.path());
            write(path, b"# changed\n");
            assert_ne!(digest_of(root.path()), before, "{path}");
        }
        let before = digest_of(root.path());
        let wide: Vec<u8> = "\u{feff}flask\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        write("requirements.txt", &wide);
        assert_ne!(digest_of(root.path()), before, "UTF-16 is fine");
    }
}
