//! How this machine reaches registries: the files of Docker, Podman and their kin, and our own.
//!
//! Our own is `registries.conf` in bareboat's configuration directory, in the form of containers-registries.conf(5); it
//! wins over the others. Certificate authorities are the `*.crt` files of `certs.d/HOST[:PORT]`, trusted for that host.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bareboat_image::registry::{Rules, RulesError};

use crate::failure::Failure;

/// Mirrors and rewritten names, from every file that is there.
pub fn rules() -> Result<Rules, Failure> {
    let mut rules = Rules::default();
    for file in containers_files() {
        add(&file, |text| rules.add_containers(text))?;
    }
    add(Path::new("/etc/docker/daemon.json"), |text| rules.add_docker(text))?;
    if let Some(home) = variable("HOME") {
        // The daemon of a user without root (dockerd-rootless).
        add(&configuration(&home).join("docker/daemon.json"), |text| rules.add_docker(text))?;
    }
    Ok(rules)
}

fn add(file: &Path, parse: impl FnOnce(&str) -> Result<(), RulesError>) -> Result<(), Failure> {
    let unusable = || Failure::input(format!("cannot use the registry configuration `{}`", file.display()));
    match std::fs::read_to_string(file) {
        Ok(text) => parse(&text).map_err(|error| unusable().because(error)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        // What only root may read is not meant for us.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(unusable().because(error)),
    }
}

/// Ours, then in the order of containers-registries.conf(5): the variable, else the user's, else the system's, each with
/// the files of its directory, which win over it.
fn containers_files() -> Vec<PathBuf> {
    let configuration = variable("HOME").map(|home| configuration(&home));
    let mut files: Vec<PathBuf> =
        configuration.iter().map(|directory| directory.join("bareboat/registries.conf")).collect();
    if let Some(file) = variable("CONTAINERS_REGISTRIES_CONF") {
        files.push(file);
        return files;
    }
    let user = configuration.map(|directory| directory.join("containers"));
    for directory in user.into_iter().chain([PathBuf::from("/etc/containers")]) {
        let mut more = listed(&directory.join("registries.conf.d"), "conf");
        more.reverse();
        files.extend(more);
        let file = directory.join("registries.conf");
        let is_there = file.is_file();
        files.push(file);
        if is_there {
            break;
        }
    }
    files
}

/// Certificate authorities by host.
pub fn authorities() -> BTreeMap<String, Vec<u8>> {
    let user = variable("HOME").map(|home| configuration(&home).join("containers/certs.d"));
    let places = user.into_iter().chain(["/etc/containers/certs.d".into(), "/etc/docker/certs.d".into()]);
    let mut authorities: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for directory in
        places.flat_map(|place: PathBuf| std::fs::read_dir(place).into_iter().flatten().flatten())
    {
        let Ok(host) = directory.file_name().into_string() else { continue };
        for file in listed(&directory.path(), "crt") {
            let Ok(text) = std::fs::read(&file) else { continue };
            let known = authorities.entry(host.clone()).or_default();
            known.extend(text);
            known.push(b'\n');
        }
    }
    authorities
}

/// Files of a directory with this extension, by name.
fn listed(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    files
}

fn configuration(home: &Path) -> PathBuf {
    variable("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"))
}

/// A path that the environment names.
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
