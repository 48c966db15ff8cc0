//! A `uv` on this machine that is new enough.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use pep440_rs::Version;

use crate::pypi::error::PypiError;
use crate::pypi::process::{Process, Runner};

/// A usable `uv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uv {
    /// The program.
    pub path: PathBuf,
    /// Its version, to be recorded beside what it resolved.
    pub version: String,
}

/// Where to look for `uv`.
#[derive(Debug, Clone, Copy, Default)]
pub struct UvSearch<'a> {
    /// The program that the person named (`BAREBOAT_UV`): used or refused, never passed over.
    pub named: Option<&'a Path>,
    /// The value of `PATH`.
    pub path: Option<&'a str>,
}

/// Looks for a `uv` of at least 0.9; `None` when there is none, or only older ones.
///
/// # Errors
/// [`PypiError::NoResolver`] when the named program is not such a `uv`.
pub fn find_uv(search: UvSearch<'_>, runner: &dyn Runner) -> Result<Option<Uv>, PypiError> {
    if let Some(named) = search.named {
        let refused = |why: String| PypiError::NoResolver { why: format!("`{}` {why}", named.display()) };
        let version =
            ask_version(named, runner).ok_or_else(|| refused("does not answer as uv".to_owned()))?;
        if !is_suitable(&version) {
            return Err(refused(format!("is uv {version}; {OLDEST} or newer is needed")));
        }
        return Ok(Some(Uv { path: named.to_owned(), version }));
    }
    let directories =
        search.path.unwrap_or_default().split(':').filter(|directory| directory.starts_with('/'));
    for directory in directories {
        let path = Path::new(directory).join("uv");
        if !is_executable(&path) {
            continue;
        }
        if let Some(version) = ask_version(&path, runner).filter(|version| is_suitable(version)) {
            return Ok(Some(Uv { path, version }));
        }
    }
    Ok(None)
}

fn ask_version(program: &Path, runner: &dyn Runner) -> Option<String> {
    // Version managers put shims on `PATH` that need to know the home directory; uv itself needs nothing.
    let process = Process {
        program: program.to_owned(),
        arguments: vec!["--version".to_owned()],
        environment: BTreeMap::from([("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())]),
        ..Process::default()
    };
    let outcome = runner.run(&process).ok().filter(|outcome| outcome.success)?;
    let text = String::from_utf8(outcome.output).ok()?;
    let mut words = text.split_whitespace();
    (words.next() == Some("uv")).then(|| words.next().map(str::to_owned)).flatten()
}

fn is_suitable(version: &str) -> bool {
    let parse = |text: &str| text.parse::<Version>().ok();
    parse(version).zip(parse(OLDEST)).is_some_and(|(version, oldest)| version >= oldest)
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// The first whose `pip compile --format pylock.toml` is known to answer what is needed.
const OLDEST: &str = "0.9.0";

#[cfg(test)]
mod tests {
    use super::super::super::process::HostRunner;
    use super::*;

    fn stand_in(directory: &Path, name: &str, text: &str) -> PathBuf {
        let path = directory.join(name).join("uv");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn takes_the_first_suitable_one_and_passes_over_others() {
        let directory = tempfile::tempdir().unwrap();
        let old = stand_in(directory.path(), "old", "echo uv 0.8.24");
        stand_in(directory.path(), "broken", "exit 127");
        let new = stand_in(directory.path(), "new", "echo 'uv 0.13.9 (x86_64-unknown-linux-gnu)'");
        let at = |name: &str| directory.path().join(name).display().to_string();
        let path = format!("{}:relative:{}:{}:{}", at("none"), at("broken"), at("old"), at("new"));
        let search = UvSearch { named: None, path: Some(&path) };
        let found = find_uv(search, &HostRunner).unwrap();
        assert_eq!(found, Some(Uv { path: new, version: "0.13.9".to_owned() }));
        assert_eq!(find_uv(UvSearch { path: Some(&at("old")), ..search }, &HostRunner).unwrap(), None);
        let error = find_uv(UvSearch { named: Some(&old), ..search }, &HostRunner).unwrap_err();
        assert!(error.to_string().contains("is uv 0.8.24; 0.9.0 or newer"), "{error}");
    }
}
