//! Whether the project still asks for what was locked.
//!
//! uv keeps in the lock what each local project required. That is compared with what the `pyproject.toml` says now:
//! names, extras and versions. Markers are left out (uv rewrites them), and so are versions of what comes from a
//! source of its own. What cannot be known, such as dependencies that only a build tells, is not claimed to be stale.

use std::collections::BTreeSet;
use std::str::FromStr;

use pep440_rs::VersionSpecifiers;

use super::super::LockContext;
use super::format::{Package, UvLock};
use crate::pypi::declared::Declared;
use crate::pypi::error::PypiError;
use crate::pypi::requirement::Wanted;

/// Name, extras and versions of a requirement; `None` stands for versions that are not compared.
type Key = (String, Vec<String>);

pub(super) fn check(context: &LockContext<'_>, lock: &UvLock) -> Result<(), PypiError> {
    for package in &lock.packages {
        let source = &package.source;
        let local = [&source.unpackaged, &source.editable, &source.directory].into_iter().flatten().next();
        let Some(path) = local else { continue };
        let project = context.project.inside(path);
        // A project that cannot be read, or only partly, is not a reason to distrust the lock.
        let Ok(Some(declared)) = Declared::read(&project, context.environment) else { continue };
        if declared.name.as_ref() != Some(&package.name) {
            continue;
        }
        if let Some(why) = difference(package, &declared) {
            return Err(PypiError::Stale { lock: context.file.to_owned(), why, renew: "uv lock" });
        }
    }
    Ok(())
}

fn difference(package: &Package, declared: &Declared) -> Option<String> {
    let required = package.metadata.requires_dist.as_ref()?;
    let mut locked: BTreeSet<Key> = BTreeSet::new();
    let mut locked_versions: BTreeSet<(String, String)> = BTreeSet::new();
    for one in required {
        locked.insert((one.name.to_string(), one.extras.iter().map(ToString::to_string).collect()));
        if let Some(specifier) = &one.specifier {
            locked_versions.insert((one.name.to_string(), normal(specifier)));
        }
    }
    let mut asked: BTreeSet<Key> = BTreeSet::new();
    for dependency in declared.dependencies.iter().chain(declared.extras.values().flatten()) {
        let requirement = &dependency.requirement;
        if declared.name.as_ref() == Some(&requirement.name) {
            continue;
        }
        let name = requirement.name.to_string();
        if let Wanted::Versions(specifiers) = &requirement.wanted
            && !specifiers.is_empty()
            && locked_versions.iter().any(|(known, _)| *known == name)
            && !locked_versions.contains(&(name.clone(), normal(&specifiers.to_string())))
        {
            return Some(format!("`{}` asks for `{requirement}`, which was not locked", declared.file));
        }
        asked.insert((name, requirement.extras.iter().map(ToString::to_string).collect()));
    }
    locked.retain(|(name, _)| declared.name.as_ref().is_none_or(|own| own.as_str() != name));
    let file = &declared.file;
    if let Some((name, _)) = asked.difference(&locked).next() {
        return Some(format!("`{file}` asks for `{name}`, which was not locked"));
    }
    let gone = locked.difference(&asked).next();
    gone.map(|(name, _)| format!("it was locked with `{name}`, which `{file}` no longer asks for"))
}

/// Specifiers in one order and one spelling.
fn normal(text: &str) -> String {
    let Ok(specifiers) = VersionSpecifiers::from_str(text) else { return text.to_owned() };
    let mut parts: Vec<String> = specifiers.iter().map(ToString::to_string).collect();
    parts.sort();
    parts.join(",")
}
