//! Shared libraries that wheels need and no package of the lock brings: found by soname in the archive's own contents,
//! one package at a time, each with its reason. No `Depends` is followed: `opencv` needs 15 packages this way, not 50.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::{Compression, Tree, TreePath};
use bareboat_packages::deb::{Archive, Contents};

use super::{debian, fetch};
use crate::BuildError;
use crate::app::build::{Request, Workshop};
use crate::app::compose::{self, Inputs};
use crate::app::config::Config;
use crate::app::lock::Locked;
use crate::app::options;
use crate::app::project::Project;
use crate::app::target::Target;
use crate::event::Event;
use crate::merge;
use crate::plan::MTIME;
use crate::solve::Context;
use crate::verify::loader::{Loader, LoaderFault};

/// Libraries need libraries; real chains are four or five long.
const MOST_ROUNDS: usize = 20;

/// Adds packages until every library resolves, or nothing more can be found; the proof tells what is left.
///
/// # Errors
/// A download that fails, a hostile package or wheel.
pub fn complete(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    project: &Project,
    config: &Config,
    target: Target,
    archive: &Archive,
    locked: &mut Locked,
) -> Result<(), BuildError> {
    let mut contents: Option<Contents> = None;
    let mut hopeless: BTreeSet<String> = BTreeSet::new();
    for _ in 0..MOST_ROUNDS {
        let missing = missing(workshop, request, project, config, target, locked)?;
        let wanted: Vec<(&String, &String)> =
            missing.iter().filter(|(soname, _)| !hopeless.contains(*soname)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let contents = match &mut contents {
            Some(contents) => contents,
            none => none.insert(archive.contents(workshop.store, workshop.fetcher)?),
        };
        for (soname, needed_by) in wanted {
            let choice = contents.choose(soname, archive.packages());
            let record = choice.as_ref().and_then(|choice| archive.packages().get(&choice.shipper.package));
            let known = |name: &str| locked.packages.iter().any(|package| package.name == name);
            let Some(record) = record.filter(|record| !known(&record.name)) else {
                hopeless.insert(soname.clone());
                continue;
            };
            let reason = format!("{needed_by} needs `{soname}`");
            (workshop.observer)(Event::Decision { text: format!("adding `{}`: {reason}", record.name) });
            locked.packages.push(debian::locked(&record, reason));
        }
    }
    Ok(())
}

/// Sonames that do not resolve, with one who needs them.
fn missing(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    project: &Project,
    config: &Config,
    target: Target,
    locked: &Locked,
) -> Result<BTreeMap<String, String>, BuildError> {
    let fetched = fetch(workshop, request, config, project, locked)?;
    let decisions = options::decisions(request.options, config)?;
    let context = Context {
        store: workshop.store,
        compression: options::compression(request.options, config).unwrap_or(Compression::Gzip),
        application: &project.root,
        application_mtime: MTIME,
        interpreter: None,
        observer: workshop.observer,
    };
    let none = Tree::new();
    let inputs = Inputs {
        target,
        packages: &fetched.packages,
        wheels: &fetched.wheels,
        application: &none,
        environment: &none,
        decisions: &decisions,
    };
    let (steps, pieces) = compose::sources(&context, &inputs)?;
    let mut merged = merge::merge(&pieces);
    // Merged /usr, as the finished image has it: loaders are named below /lib64.
    for link in bareboat_packages::system::usr_merge::alias_links(&merged.tree) {
        merged.tree.insert(link.path, link.entry);
    }
    let elf: BTreeMap<&TreePath, _> = pieces.iter().flat_map(|piece| piece.elf.iter()).collect();
    let loader = Loader::new(
        &merged.tree,
        &elf,
        target.architecture,
        config.env.get("LD_LIBRARY_PATH").map_or("", String::as_str),
    );
    let mut missing = BTreeMap::new();
    for fault in loader.faults() {
        if let LoaderFault::Missing { file, soname, .. } = fault {
            let owner =
                merged.owner.get(&file).map(|owner| steps[*owner].0.origin.to_string()).unwrap_or_default();
            missing.entry(soname).or_insert(owner);
        }
    }
    Ok(missing)
}
