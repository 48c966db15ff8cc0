//! The exact version of an interpreter, as far as the image says it.

use bareboat_packages::pypi::PythonVersion;

use crate::facts::{Facts, Interpreter};

/// The version, and whether it is exact: by the package that brought the program, by the headers beside it, by the
/// variable that the official images set; else only the minor one, from its name.
pub(super) fn version(facts: &Facts, found: &Interpreter) -> (String, bool) {
    let is_same = |version: &PythonVersion| version.major == 3 && version.minor == found.minor;
    let known = packaged(facts, found).or_else(|| headers(facts, found));
    let known = known.or_else(|| facts.variable("PYTHON_VERSION")?.parse().ok());
    match known.filter(is_same) {
        Some(version) => (version.to_string(), true),
        None => (format!("3.{}", found.minor), false),
    }
}

/// Debian's packages of interpreters have their version.
fn packaged(facts: &Facts, found: &Interpreter) -> Option<PythonVersion> {
    let owner = facts.owner(found.program.as_ref().or(found.library.as_ref())?)?;
    let is_python = owner.name.starts_with("python3") || owner.name.starts_with("libpython3");
    is_python.then(|| owner.version.parse().ok())?
}

/// `#define PY_VERSION "3.13.5"`.
fn headers(facts: &Facts, found: &Interpreter) -> Option<PythonVersion> {
    let prefix = found.program.as_ref()?.parent()?.parent()?;
    let file = facts.at(&format!("{prefix}/include/python3.{}/patchlevel.h", found.minor))?;
    let text = facts.content(&file)?.text()?.into_owned();
    let line = text.lines().find_map(|line| line.trim().strip_prefix("#define PY_VERSION"))?;
    line.trim().trim_matches('"').parse().ok()
}
