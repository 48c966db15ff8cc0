//! A description of the target's interpreter in the place of an interpreter.
//!
//! uv starts every interpreter it is given with a question about itself and reads the answer as JSON. A script that
//! gives the target's answer makes uv resolve for exactly that Python, glibc and processor: `--python-platform` knows
//! no glibc beyond 2.40, and without a matching Python on the host uv would refuse or download one. The script can do
//! nothing else, so uv cannot run a package's build by accident either.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bareboat_store::Digest;
use serde_json::json;

use crate::pypi::requirement::MarkerEnvironment;
use crate::pypi::target::Target;

/// Writes the description of `target` below `directory` and returns its path.
///
/// # Errors
/// Those of the file system.
pub(super) fn write_description(directory: &Path, target: &Target) -> io::Result<PathBuf> {
    let script = script(target);
    // uv remembers answers by path, so another answer needs another path.
    let path = directory.join(format!("python-{}", Digest::of(&script).short()));
    if fs::read(&path).is_ok_and(|present| present == script.as_bytes()) {
        return Ok(path);
    }
    fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(script.as_bytes())?;
    file.as_file().set_permissions(fs::Permissions::from_mode(0o755))?;
    file.persist(&path)?;
    Ok(path)
}

fn script(target: &Target) -> String {
    format!("#!/bin/sh\ncat <<'END'\n{}\nEND\n", answer(target))
}

/// The answer in the forms of uv 0.7 and later; each version passes over what it does not know.
fn answer(target: &Target) -> serde_json::Value {
    let variables: serde_json::Map<String, serde_json::Value> = MarkerEnvironment::new(target)
        .variables()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let library = format!("/usr/lib/python{}", target.python.short());
    let executable = format!("/usr/bin/python{}", target.python.short());
    let scheme = json!({
        "purelib": library, "platlib": library, "include": "/usr/include", "scripts": "/usr/bin", "data": "/usr",
    });
    let (major, minor) = target.glibc;
    let os = json!({ "name": "manylinux", "major": major, "minor": minor });
    let architecture = target.architecture.machine();
    json!({
        "result": "success",
        "markers": variables,
        "sys_base_prefix": "/usr",
        "sys_base_exec_prefix": "/usr",
        "sys_prefix": "/usr",
        "sys_base_executable": executable,
        "sys_executable": executable,
        "sys_path": [],
        "site_packages": [],
        "stdlib": library,
        "extension_suffixes": [".abi3.so", ".so"],
        "standalone": false,
        "scheme": scheme,
        "virtualenv": environment_scheme(&target.python.short()),
        "os": os,
        "arch": architecture,
        "platform": { "os": os, "arch": architecture },
        "cpu_info": { "detected": { "kind": "flags", "flags": "" } },
        "manylinux_compatible": true,
        "gil_disabled": false,
        "debug_enabled": false,
        "pointer_size": "64",
    })
}

/// Where things lie inside a virtual environment, relative to it. uv joins these to the directory of an environment it
/// makes; an absolute path here would lead it into this machine's own `/usr`.
fn environment_scheme(python: &str) -> serde_json::Value {
    let library = format!("lib/python{python}/site-packages");
    serde_json::json!({
        "purelib": library, "platlib": library, "include": format!("include/site/python{python}"), "scripts": "bin", "data": "",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deb::Architecture;
    use crate::pypi::target::PythonVersion;

    #[test]
    fn answers_as_the_target_would() {
        let directory = tempfile::tempdir().unwrap();
        let target = Target::new(PythonVersion::new(3, 13, 5), (2, 41), Architecture::Arm64);
        let path = write_description(directory.path(), &target).unwrap();
        assert_eq!(write_description(directory.path(), &target).unwrap(), path);
        let output = std::process::Command::new(&path).output().unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["markers"]["python_full_version"], "3.13.5");
        assert_eq!(answer["os"]["minor"], 41);
        let other = Target { glibc: (2, 36), ..target };
        assert_ne!(write_description(directory.path(), &other).unwrap(), path);
    }

    #[test]
    fn an_environment_never_leads_into_the_machine() {
        for (name, place) in environment_scheme("3.11").as_object().unwrap() {
            assert!(!place.as_str().unwrap().starts_with('/'), "{name}: {place}");
        }
    }
}
