//! Libraries and programs that a distribution opens or starts by name, where nothing in its files says so: the table is
//! [`dlopen_hints`]. Libraries are added to a lock, programs only suggested.

use std::collections::BTreeSet;

use bareboat_packages::deb::{LockedDeb, PackageIndex};
use bareboat_packages::pypi::DistributionName;
use bareboat_packages::system::dlopen_hints::{self, Hint, LDCONFIG, Need};

use crate::app::build::Workshop;
use crate::app::config::Config;
use crate::app::imports;
use crate::app::lock::Locked;
use crate::app::project::Project;
use crate::app::target::Target;
use crate::event::Event;

/// Adds the packages that the locked distributions open.
pub fn add(
    workshop: &Workshop<'_>,
    config: &Config,
    project: &Project,
    target: Target,
    index: &PackageIndex,
    locked: &mut Locked,
) {
    for hint in hints(project, config, locked, target) {
        let reason = format!("`{}` {}", hint.distribution, hint.why);
        let absent: Vec<&str> = packages(hint, target).filter(|name| !has(locked, name)).collect();
        if hint.need == Need::Program {
            if !absent.is_empty() {
                let names = absent.join("\", \"");
                let text = format!(
                    "{reason}, which is not in the image: if the application needs it, add `packages = [\"{names}\"]` to `bareboat.toml`"
                );
                (workshop.observer)(Event::Warning { text });
            }
            continue;
        }
        for name in absent {
            match index.get(name) {
                Some(record) => {
                    (workshop.observer)(Event::Decision { text: format!("adding `{name}`: {reason}") });
                    locked.packages.push(LockedDeb::pin(&record, reason.clone()));
                }
                None => {
                    let text = format!("{reason}, and the release has no package `{name}`");
                    (workshop.observer)(Event::Warning { text });
                }
            }
        }
    }
}

/// What a lock that was made earlier has not, because the application imports more now: one sentence each.
pub fn absent(project: &Project, config: &Config, locked: &Locked, target: Target) -> Vec<String> {
    let mut sentences = Vec::new();
    for hint in hints(project, config, locked, target) {
        let absent: Vec<&str> = packages(hint, target).filter(|name| !has(locked, name)).collect();
        if hint.need == Need::Import && !absent.is_empty() {
            sentences.push(format!(
                "`{}` {}, and `bareboat.lock` has no `{}`: run `bareboat lock --upgrade`",
                hint.distribution,
                hint.why,
                absent.join("`, `")
            ));
        }
    }
    sentences
}

/// The hints for what is locked and what the application's own files import.
fn hints(project: &Project, config: &Config, locked: &Locked, target: Target) -> Vec<&'static Hint> {
    let from_debian = config.debian_python.keys().filter_map(|name| DistributionName::new(name).ok());
    let installed = locked.distributions.iter().map(|one| one.name.clone());
    let distributions: BTreeSet<String> = installed.chain(from_debian).map(|name| name.to_string()).collect();
    let possible = dlopen_hints::of_distributions(&distributions);
    if possible.iter().all(|hint| hint.when_imported.is_none()) {
        return possible;
    }
    // Few files name such a module at all; only those are parsed.
    let names: Vec<&str> = possible
        .iter()
        .filter_map(|hint| hint.when_imported)
        .map(|module| module.rsplit('.').next().unwrap_or(module))
        .collect();
    let mut sources = project.python_sources();
    sources.retain(|(_, bytes)| names.iter().any(|name| String::from_utf8_lossy(bytes).contains(name)));
    let mut imported = BTreeSet::new();
    for (_, scanned) in imports::scan_all(sources, target.python()) {
        for import in scanned.into_iter().flat_map(|file| file.imports).filter(|import| import.level == 0) {
            imported.extend(import.name.map(|name| format!("{}.{name}", import.module)));
            imported.insert(import.module);
        }
    }
    possible.into_iter().filter(|hint| hint.applies(&imported)).collect()
}

/// The packages of a hint, and the program that `ctypes.util.find_library` asks.
fn packages(hint: &Hint, target: Target) -> impl Iterator<Item = &'static str> {
    let ldconfig = hint.find_library.then_some(LDCONFIG);
    hint.packages(target.release).iter().copied().chain(ldconfig)
}

fn has(locked: &Locked, name: &str) -> bool {
    locked.packages.iter().any(|package| package.name == name)
}
