//! From locked packages and wheels in the store to a merged tree with everything generated, ready to prove and cut.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bareboat_image::{Kind, Tree, TreePath};
use bareboat_packages::elf::ElfFacts;
use bareboat_packages::system::base::{self, Role};
use bareboat_packages::system::ld_so_cache;
use bareboat_packages::system::users::{HomeAccess, RuntimeUser};
use bareboat_store::Digest;

use super::bytecode_choice;
use super::generated::{self, Made};
use super::layers::{LayerName, heavy_wheels, layer_plans};
use super::target::Target;
use crate::BuildError;
use crate::cut::LayerPlan;
use crate::event::Event;
use crate::merge::{self, Merged};
use crate::op::sources::is_source;
use crate::piece::Piece;
use crate::plan::{Op, Origin, Place, Step};
use crate::solve::Context;
use bareboat_packages::system::slices::{Slice, Slicing};

/// What goes in, all of it in the store.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// For what.
    pub target: Target,
    /// Debian packages: name, version, the `.deb`.
    pub packages: &'a [(String, String, Digest)],
    /// The debug variant's tools: name, version, the `.deb`.
    pub tools: &'a [(String, String, Digest)],
    /// Wheels: name, version, the `.whl`, its size in bytes, asked for by name, URL when it has one of its own.
    pub wheels: &'a [WheelInput],
    /// The application's files, below `/app`.
    pub application: &'a Tree,
    /// The virtual environment's own files, the launcher, the project as a distribution.
    pub environment: &'a Tree,
    /// Decisions of the user.
    pub decisions: &'a Decisions,
}

/// One wheel.
#[derive(Debug, Clone)]
pub struct WheelInput {
    /// Normalised name.
    pub name: String,
    /// Version.
    pub version: String,
    /// The file.
    pub blob: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The user asked for it.
    pub requested: bool,
    /// Text of `direct_url.json`.
    pub direct_url: Option<String>,
}

/// What the user decided about the file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decisions {
    /// What is left out.
    pub slice: Slice,
    /// Debian packages asked for by name: their tools stay.
    pub named: BTreeSet<String>,
    /// Who runs it.
    pub user: RuntimeUser,
    /// Who may use the home directory.
    pub home: HomeAccess,
    /// Directories the application may write to.
    pub writable: Vec<TreePath>,
}

/// Everything that goes into one image.
pub struct Composition {
    /// Steps with their layers.
    pub steps: Vec<Step>,
    /// Their results.
    pub pieces: Vec<Arc<Piece>>,
    /// The whole tree and who brought what.
    pub merged: Merged,
    /// Which steps make which layer.
    pub layers: Vec<LayerPlan>,
    /// Why each generated file is there.
    pub reasons: BTreeMap<TreePath, &'static str>,
}

impl Composition {
    /// The ELF facts of every file that is in the tree, by path.
    pub fn elf(&self) -> BTreeMap<&TreePath, &ElfFacts> {
        let facts = |index: usize| self.pieces[index].elf.iter();
        (0..self.pieces.len())
            .flat_map(|index| facts(index).map(move |(path, facts)| (index, path, facts)))
            .filter(|(index, path, _)| self.merged.owner.get(*path) == Some(index))
            .map(|(_, path, facts)| (path, facts))
            .collect()
    }

    /// Who brought a path.
    pub fn origin(&self, path: &TreePath) -> Option<&Origin> {
        Some(&self.steps[*self.merged.owner.get(path)?].origin)
    }
}

/// Packages and wheels with their layers, and their pieces.
type Sources = (Vec<(Step, LayerName)>, Vec<Arc<Piece>>);

/// Whether overlaps are told: once, when the image is composed, not in every round of a lock.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Overlaps {
    Told,
    Silent,
}

/// Collects steps and results while the image grows.
struct Growing<'a> {
    context: &'a Context<'a>,
    steps: Vec<Step>,
    layers: Vec<LayerName>,
    pieces: Vec<Arc<Piece>>,
    reasons: BTreeMap<TreePath, &'static str>,
    overlaps: Overlaps,
}

impl<'a> Growing<'a> {
    fn new(
        context: &'a Context<'a>,
        steps: Vec<(Step, LayerName)>,
        pieces: Vec<Arc<Piece>>,
        overlaps: Overlaps,
    ) -> Self {
        let (steps, layers) = steps.into_iter().unzip();
        Self { context, steps, layers, pieces, reasons: BTreeMap::new(), overlaps }
    }

    fn add(&mut self, new: Vec<(Step, LayerName)>) -> Result<(), BuildError> {
        let (steps, layers): (Vec<Step>, Vec<LayerName>) = new.into_iter().unzip();
        self.pieces.extend(self.context.solve(&steps)?);
        self.steps.extend(steps);
        self.layers.extend(layers);
        Ok(())
    }

    fn add_tree(
        &mut self,
        tree: Tree,
        from: Place,
        origin: Origin,
        layer: LayerName,
    ) -> Result<(), BuildError> {
        if tree.entries.is_empty() {
            return Ok(());
        }
        self.add(vec![(Step { op: Op::Files { tree, from }, origin }, layer)])
    }

    fn add_application(&mut self, inputs: &Inputs<'_>) -> Result<(), BuildError> {
        let tree = inputs.application.clone();
        self.add_tree(tree, Place::Application, Origin::Application, LayerName::Application)
    }

    fn add_made(&mut self, made: Made, layer: LayerName) -> Result<(), BuildError> {
        self.reasons.extend(made.reasons);
        self.add_tree(made.tree, Place::Store, Origin::Generated, layer)
    }

    /// The merged tree; a path that two bring is left out of one of them.
    fn merge(&mut self) -> Result<Merged, BuildError> {
        let merged = merge::merge(&self.pieces);
        if merged.overlaps.is_empty() {
            return Ok(merged);
        }
        let mut leave_out: BTreeMap<usize, BTreeSet<TreePath>> = BTreeMap::new();
        for overlap in &merged.overlaps {
            if merge::is_package_conflict(overlap, &self.steps) {
                let text = merge::describe(overlap, &self.steps).unwrap_or_default();
                return Err(BuildError::Conflict { text });
            }
            let text = merge::describe(overlap, &self.steps).filter(|_| self.overlaps == Overlaps::Told);
            if let Some(text) = text {
                (self.context.observer)(Event::Decision { text });
            }
            leave_out.entry(overlap.dropped).or_default().insert(overlap.path.clone());
        }
        for (index, paths) in leave_out {
            match &mut self.steps[index].op {
                Op::Package { exclude, .. } | Op::Wheel { exclude, .. } | Op::Busybox { exclude, .. } => {
                    exclude.extend(paths);
                }
                Op::Files { tree, .. } => tree.entries.retain(|path, _| !paths.contains(path)),
                Op::Bytecode { exclude, .. } => exclude.extend(paths),
            }
            self.pieces[index] = self.context.solve_one(&self.steps[index])?;
        }
        Ok(merge::merge(&self.pieces))
    }

    fn finish(mut self) -> Result<Composition, BuildError> {
        let merged = self.merge()?;
        let layers = layer_plans(&self.layers);
        Ok(Composition { steps: self.steps, pieces: self.pieces, merged, layers, reasons: self.reasons })
    }
}

/// The pieces of packages and wheels.
fn sources(context: &Context<'_>, inputs: &Inputs<'_>) -> Result<Sources, BuildError> {
    let mut steps = source_steps(inputs);
    let only: Vec<Step> = steps.iter().map(|(step, _)| step.clone()).collect();
    let mut pieces = context.solve(&only)?;
    // Something that converts character sets by name needs all of them, and they are in the C library's package.
    let wants_gconv = pieces
        .iter()
        .any(|piece| piece.python.is_some() && piece.elf.values().any(|facts| facts.imports_iconv));
    let links_mvec = |facts: &ElfFacts| facts.needed.iter().any(|soname| soname == "libmvec.so.1");
    let wants_mvec = pieces.iter().any(|piece| piece.elf.values().any(links_mvec));
    if wants_gconv || wants_mvec {
        for (index, (step, _)) in steps.iter_mut().enumerate() {
            let is_libc = matches!(&step.origin, Origin::Debian { name, .. } if name == "libc6");
            if let (true, Op::Package { slicing, .. }) = (is_libc, &mut step.op) {
                (slicing.needs_gconv, slicing.needs_mvec) = (wants_gconv, wants_mvec);
                pieces[index] = context.solve_one(step)?;
            }
        }
    }
    Ok((steps, pieces))
}

fn source_steps(inputs: &Inputs<'_>) -> Vec<(Step, LayerName)> {
    let roles: BTreeMap<&str, Role> = base::packages(inputs.target.release, inputs.decisions.slice)
        .into_iter()
        .map(|package| (package.name, package.role))
        .collect();
    let mut steps = Vec::new();
    for (name, version, blob) in inputs.packages {
        let layer = match roles.get(name.as_str()) {
            Some(Role::Data | Role::Runtime) => LayerName::Base,
            Some(_) => LayerName::Python,
            None => LayerName::Libraries,
        };
        let Decisions { slice, named, .. } = inputs.decisions;
        let slicing = Slicing { slice: *slice, named: named.contains(name), ..Slicing::default() };
        let op = Op::Package { blob: *blob, slicing, exclude: BTreeSet::new() };
        let origin = Origin::Debian { name: name.clone(), version: version.clone() };
        steps.push((Step { op, origin }, layer));
    }
    let heavy = heavy_wheels(inputs.wheels);
    for wheel in inputs.wheels {
        let is_heavy = heavy.contains(wheel.name.as_str());
        let layer = if is_heavy { LayerName::Heavy(wheel.name.clone()) } else { LayerName::Dependencies };
        let op = Op::Wheel {
            blob: wheel.blob,
            environment: environment(),
            python: inputs.target.python(),
            requested: wheel.requested,
            direct_url: wheel.direct_url.clone(),
            exclude: BTreeSet::new(),
        };
        let origin = Origin::Python { name: wheel.name.clone(), version: wheel.version.clone() };
        steps.push((Step { op, origin }, layer));
    }
    steps
}

/// The virtual environment's directory.
pub fn environment() -> TreePath {
    TreePath::new("app/.venv").expect("a constant path")
}

/// Composes the whole image.
///
/// # Errors
/// A hostile or damaged package or wheel, two packages with the same file, a file of the application that changes.
pub fn compose(context: &Context<'_>, inputs: &Inputs<'_>) -> Result<Composition, BuildError> {
    let system = || system(context, inputs, Overlaps::Told);
    // Starting the interpreter takes as long as everything else, when only the application has changed.
    let (growing, _) = rayon::join(system, || application_ahead(context, inputs));
    let mut growing = growing?;
    let environment =
        Made::new(inputs.environment.clone(), "the virtual environment and how the command starts");
    growing.add_made(environment, LayerName::Dependencies)?;
    growing.add_application(inputs)?;
    let decisions = inputs.decisions;
    let writable = generated::writable(&decisions.writable, decisions.user, decisions.home);
    growing.add_made(Made::new(writable, "a directory of `writable`"), LayerName::Application)?;
    add_bytecode(&mut growing)?;
    add_tools(&mut growing, inputs.tools)?;
    growing.finish()
}

/// Makes what `inputs` decide alone, for a composition that will hold more: packages while wheels are still on their way.
///
/// # Errors
/// As [`compose`]; that will meet the same.
pub fn ahead(context: &Context<'_>, inputs: &Inputs<'_>) -> Result<(), BuildError> {
    let (sources, pieces) = sources(context, inputs)?;
    add_bytecode(&mut Growing::new(context, sources, pieces, Overlaps::Silent))
}

fn application_ahead(context: &Context<'_>, inputs: &Inputs<'_>) -> Result<(), BuildError> {
    let mut growing = Growing::new(context, Vec::new(), Vec::new(), Overlaps::Silent);
    growing.add_application(inputs)?;
    add_bytecode(&mut growing)
}

/// The image without the application: what a lock needs to know which libraries are missing.
///
/// # Errors
/// As [`compose`].
pub fn without_application(context: &Context<'_>, inputs: &Inputs<'_>) -> Result<Composition, BuildError> {
    system(context, inputs, Overlaps::Silent)?.finish()
}

/// Packages, wheels, and what maintainer scripts would have made.
fn system<'a>(
    context: &'a Context<'a>,
    inputs: &Inputs<'_>,
    overlaps: Overlaps,
) -> Result<Growing<'a>, BuildError> {
    let (sources, pieces) = sources(context, inputs)?;
    let mut growing = Growing::new(context, sources, pieces, overlaps);
    let merged = growing.merge()?;
    add_system(&mut growing, inputs, &merged)?;
    Ok(growing)
}

/// What maintainer scripts would have made, and the loader's cache.
fn add_system(growing: &mut Growing<'_>, inputs: &Inputs<'_>, merged: &Merged) -> Result<(), BuildError> {
    let store = growing.context.store;
    let decisions = inputs.decisions;
    let mut authorities = BTreeMap::new();
    for piece in &growing.pieces {
        authorities.extend(piece.captured.read(store)?);
    }
    let release = inputs.target.release;
    let made = generated::base(store, release, decisions.user, decisions.home, &merged.tree, &authorities)?;
    growing.add_made(made, LayerName::Base)?;
    let (major, minor) = inputs.target.python();
    let made = generated::interpreter(store, &merged.tree, &format!("{major}.{minor}"))?;
    growing.add_made(made, LayerName::Python)?;
    let offered: Vec<_> = growing
        .pieces
        .iter()
        .filter_map(|piece| piece.debian.as_ref())
        .flat_map(|facts| facts.alternatives.clone())
        .collect();
    // They change with every package, so they lie in the last layer that has any.
    let last = growing
        .layers
        .iter()
        .filter(|layer| **layer <= LayerName::Libraries)
        .max()
        .cloned()
        .unwrap_or(LayerName::Base);
    growing.add_made(generated::alternatives(store, &merged.tree, &offered)?, last.clone())?;
    let merged = growing.merge()?;
    let elf: BTreeMap<&TreePath, &ElfFacts> =
        growing.pieces.iter().flat_map(|piece| piece.elf.iter()).collect();
    let libc =
        inputs.packages.iter().find(|(name, ..)| name == "libc6").map(|(_, version, _)| version.as_str());
    let cache = ld_so_cache::write(&merged.tree, &elf, inputs.target.architecture, libc);
    let mut tree = Tree::new();
    let path = TreePath::new(ld_so_cache::PATH).expect("a constant path");
    tree.insert(path, bareboat_image::Entry::file(store.insert(&cache)?, cache.len() as u64, 0o644));
    growing.add_made(Made::new(tree, "where libraries are, so that the loader need not search"), last)
}

/// Bytecode for every piece with Python files, beside them; of the standard library what is worth it.
fn add_bytecode(growing: &mut Growing<'_>) -> Result<(), BuildError> {
    let Some(interpreter) = growing.context.interpreter else { return Ok(()) };
    let chosen = bytecode_choice::choose(&growing.pieces);
    let mut new = Vec::new();
    for (index, piece) in growing.pieces.iter().enumerate() {
        let step = &growing.steps[index];
        let mut add = |only: Option<BTreeSet<TreePath>>, layer: LayerName| {
            let op = Op::Bytecode {
                of: Box::new(step.op.clone()),
                interpreter: interpreter.identity(),
                only,
                exclude: BTreeSet::new(),
            };
            let origin = Origin::Bytecode { of: Box::new(step.origin.clone()) };
            new.push((Step { op, origin }, layer));
        };
        let standard = &piece.imports.standard;
        if standard.is_empty() {
            let is_file = |entry: &bareboat_image::Entry| matches!(entry.kind, Kind::File { .. });
            if piece.tree.entries.iter().any(|(path, entry)| is_source(path) && is_file(entry)) {
                add(None, growing.layers[index].clone());
            }
            continue;
        }
        let layers =
            [(&chosen.core, growing.layers[index].clone()), (&chosen.extra, LayerName::Dependencies)];
        for (all, layer) in layers {
            let only: BTreeSet<TreePath> =
                all.iter().filter(|path| standard.contains_key(*path)).cloned().collect();
            if !only.is_empty() {
                add(Some(only), layer);
            }
        }
    }
    growing.add(new)
}

/// The debug variant's tools, last: what is there already stays as it is.
fn add_tools(growing: &mut Growing<'_>, tools: &[(String, String, Digest)]) -> Result<(), BuildError> {
    let step = |(name, version, blob): &(String, String, Digest)| {
        let op = Op::Busybox { blob: *blob, exclude: BTreeSet::new() };
        let origin = Origin::Debian { name: name.clone(), version: version.clone() };
        (Step { op, origin }, LayerName::Debug)
    };
    growing.add(tools.iter().map(step).collect())
}
