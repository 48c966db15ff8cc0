//! Shared libraries that no package of the lock brings: found by soname, one package at a time, each with its reason.
//!
//! The common ones are known by heart ([`sonames`]), the others are looked up in the archive's own contents. No `Depends`
//! is followed, and of a package that is there for one library only that one has to be complete: `opencv` needs 13
//! packages this way, not 50.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::{Compression, Tree, TreePath};
use bareboat_packages::deb::{Archive, Contents, LockedDeb, PackageRecord};
use bareboat_packages::elf::loader::Finding;
use bareboat_packages::system::sonames;

use super::fetch;
use crate::BuildError;
use crate::app::build::{Request, Workshop};
use crate::app::compose::{self, Inputs};
use crate::app::config::Config;
use crate::app::lock::Locked;
use crate::app::options;
use crate::app::project::Project;
use crate::app::sdist::BuiltWheels;
use crate::app::target::Target;
use crate::event::Event;
use crate::op::sources::Stash;
use crate::plan::MTIME;
use crate::solve::{Context, Solved};
use crate::verify::loader;

/// Libraries need libraries; real chains are four or five long.
const MOST_ROUNDS: usize = 20;

/// What a lock is made for.
pub struct Locking<'a> {
    /// What it is made with.
    pub workshop: &'a Workshop<'a>,
    /// What is asked for.
    pub request: &'a Request<'a>,
    /// The application.
    pub project: &'a Project,
    /// Its configuration.
    pub config: &'a Config,
    /// Release and architecture.
    pub target: Target,
    /// The release's signed indexes.
    pub archive: &'a Archive,
    /// The wheels made of source distributions.
    pub built: &'a BuiltWheels,
}

/// Adds packages until every library resolves, or nothing more can be found; the proof tells what is left.
///
/// # Errors
/// A download that fails, a hostile package or wheel.
pub fn complete(locking: &Locking<'_>, locked: &mut Locked) -> Result<(), BuildError> {
    let mut finder = Finder { locking, contents: None, tried: BTreeMap::new() };
    for _ in 0..MOST_ROUNDS {
        let missing = missing(locking, locked)?;
        finder.drop_mistakes(&missing, locked);
        let mut found = false;
        for (soname, needed_by) in &missing {
            found |= finder.add(soname, needed_by, locked)?;
        }
        if !found {
            break;
        }
    }
    Ok(())
}

/// Finds packages for libraries, never the same one twice for the same library.
struct Finder<'a> {
    locking: &'a Locking<'a>,
    contents: Option<Contents>,
    /// Packages tried, by library.
    tried: BTreeMap<String, BTreeSet<String>>,
}

impl Finder<'_> {
    /// Adds the next package for `soname`; false when there is none.
    fn add(&mut self, soname: &str, needed_by: &str, locked: &mut Locked) -> Result<bool, BuildError> {
        while let Some(record) = self.next(soname)? {
            self.tried.entry(soname.to_owned()).or_default().insert(record.name.clone());
            if let Some(known) = locked.packages.iter_mut().find(|package| package.name == record.name) {
                if !known.sonames.is_empty() && !known.sonames.iter().any(|name| name == soname) {
                    // Added in this round for another library.
                    known.sonames.push(soname.to_owned());
                    return Ok(true);
                }
                continue;
            }
            let reason = format!("{needed_by} needs `{soname}`");
            let text = format!("adding `{}`: {reason}", record.name);
            (self.locking.workshop.observer)(Event::Decision { text });
            let mut package = LockedDeb::pin(&record, reason);
            package.sonames.push(soname.to_owned());
            locked.packages.push(package);
            return Ok(true);
        }
        Ok(false)
    }

    /// The best package for `soname` that was not tried yet.
    fn next(&mut self, soname: &str) -> Result<Option<PackageRecord>, BuildError> {
        let Locking { archive, target, .. } = self.locking;
        let is_new = |name: &str, tried: &BTreeMap<String, BTreeSet<String>>| {
            !tried.get(soname).is_some_and(|tried| tried.contains(name))
        };
        let known = sonames::package(soname, target.release).filter(|name| is_new(name, &self.tried));
        if let Some(record) = known.and_then(|name| archive.packages().get(name)) {
            return Ok(Some(record));
        }
        let contents = self.contents()?;
        let choice = contents.choose(soname, archive.packages());
        let unsigned = contents.unsigned_suites().join("`, `");
        let name = choice.map(|choice| choice.shipper.package).filter(|name| is_new(name, &self.tried));
        if let (Some(name), false) = (&name, unsigned.is_empty()) {
            let text = format!(
                "`{name}` is taken for `{soname}` by the word of a mirror: its `Contents` of `{unsigned}` is not the \
                 signed one. The package itself is signed for, and has to ship the library"
            );
            (self.locking.workshop.observer)(Event::Warning { text });
        }
        Ok(name.and_then(|name| archive.packages().get(&name)))
    }

    /// The archive's contents, read once they are needed.
    fn contents(&mut self) -> Result<&Contents, BuildError> {
        let Locking { workshop, archive, .. } = self.locking;
        match &mut self.contents {
            Some(contents) => Ok(contents),
            none => Ok(none.insert(archive.contents(workshop.store, workshop.fetcher)?)),
        }
    }

    /// Takes out packages that turned out not to hold the one library they were added for by heart.
    fn drop_mistakes(&self, missing: &BTreeMap<String, String>, locked: &mut Locked) {
        let release = self.locking.target.release;
        locked.packages.retain(|package| match &package.sonames[..] {
            [only] => {
                !(missing.contains_key(only)
                    && sonames::package(only, release) == Some(package.name.as_str()))
            }
            _ => true,
        });
    }
}

/// Sonames that do not resolve, with one who needs them.
fn missing(locking: &Locking<'_>, locked: &Locked) -> Result<BTreeMap<String, String>, BuildError> {
    let Locking { workshop, request, project, config, target, .. } = *locking;
    let fetched = fetch(workshop, request, config, project, locked, locking.built)?;
    let decisions = options::decisions(request.options, config)?;
    let context = Context {
        store: workshop.store,
        compression: options::compression(request.options, config).unwrap_or(Compression::Gzip),
        application: &project.root,
        application_mtime: MTIME,
        interpreter: None,
        sources: Stash::default(),
        solved: Solved::default(),
        observer: workshop.observer,
    };
    let none = Tree::new();
    let inputs = Inputs {
        target,
        packages: &fetched.packages,
        tools: &[],
        wheels: &fetched.wheels,
        application: &none,
        environment: &none,
        decisions: &decisions,
    };
    let composition = compose::without_application(&context, &inputs)?;
    let library_path = config.env.get("LD_LIBRARY_PATH").map_or("", String::as_str);
    let report = loader::load(&composition, locked, target, library_path, workshop.store)?;
    let mut missing = BTreeMap::new();
    for (path, findings) in &report.findings {
        for soname in findings.iter().filter_map(|finding| wanted(path, finding, target)) {
            let owner = || composition.origin(path).map(ToString::to_string).unwrap_or_default();
            missing.entry(soname.to_owned()).or_insert_with(owner);
        }
    }
    Ok(missing)
}

/// The library that a package has to be found for.
fn wanted<'f>(path: &TreePath, finding: &'f Finding, target: Target) -> Option<&'f str> {
    match finding {
        // Files for musl are data: the C library they want does not go with ours.
        Finding::MissingLibrary { soname, .. } if !soname.contains("musl") => Some(soname),
        // Another distribution happens to bring a library of this name; wheels may count on the system's.
        Finding::PreloadedOnly { soname, candidates }
            if sonames::package(soname, target.release).is_some()
                && candidates.iter().all(|other| distribution(other) != distribution(path)) =>
        {
            Some(soname)
        }
        _ => None,
    }
}

/// The top-level directory of a distribution in `site-packages`, without the `.libs` that auditwheel adds.
fn distribution(path: &TreePath) -> Option<String> {
    let text = path.to_str_lossy().into_owned();
    let (_, below) = text.split_once("/site-packages/")?;
    let top = below.split('/').next()?;
    Some(top.trim_end_matches(".libs").to_owned())
}
