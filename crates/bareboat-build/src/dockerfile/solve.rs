//! Does what a plan says, stage after stage: from the action cache what was done before, the rest now.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;

use bareboat_dockerfile::Ignore;
use bareboat_image::{Entry, History, Kind, Layer, Owner, Tree, TreePath};
use bareboat_store::Digest;

use super::accounts;
use super::context::Context;
use super::contexts::Contexts;
use super::error::{DockerfileError, Problem};
use super::execute::Commands;
use super::files::{self, Files, overlay};
use super::keys::{self, Ground, Outcome};
use super::plan::{Base, Origin, Plan, PlannedStage, Source, Step, Transfer, Work};
use super::transfer::archive::Unpacking;
use super::transfer::changes::{Change, Changes, Content};
use super::transfer::copy::{CONTEXT, Manner, copy};
use super::transfer::write::{self, Writing};
use super::transfer::{parents, select};
use super::walk;
use super::{Request, Workshop};
use crate::event::Event;
use crate::plan::MTIME;

/// What solving a plan gives.
pub(super) struct Solved {
    /// The target's files.
    pub files: Files,
    /// Of the layers, how many the base image brought.
    pub base_layers: usize,
    /// What happened after the base image, oldest first.
    pub history: Vec<History>,
    /// Everything was known.
    pub unchanged: bool,
}

/// Solves the target of `plan`.
///
/// # Errors
/// At the lines of the step that fails.
pub(super) fn solve(
    workshop: &Workshop<'_>,
    request: &Request<'_>,
    plan: &Plan,
    contexts: &Contexts,
) -> Result<Solved, DockerfileError> {
    let ground = Ground { compression: request.compression, mtime: request.epoch.unwrap_or(MTIME) };
    let mut solver = Solver {
        workshop,
        request,
        plan,
        contexts,
        ground,
        done: BTreeMap::new(),
        commands: Commands::new(workshop, request, ground.mtime),
        unchanged: true,
    };
    for (number, stage) in &plan.stages {
        let done = solver.stage(stage)?;
        solver.done.insert(*number, done);
    }
    let unchanged = solver.unchanged;
    let target = solver.done.remove(&plan.target);
    let target = target.ok_or_else(|| DockerfileError::from(Problem::words("the plan has no target")))?;
    Ok(Solved { unchanged, ..target })
}

/// What solves one plan.
pub(super) struct Solver<'s> {
    pub(super) workshop: &'s Workshop<'s>,
    pub(super) request: &'s Request<'s>,
    plan: &'s Plan,
    contexts: &'s Contexts,
    pub(super) ground: Ground,
    done: BTreeMap<usize, Solved>,
    pub(super) commands: Commands<'s>,
    unchanged: bool,
}

/// Files to take from.
pub(super) enum Place {
    Directory(Arc<Context>),
    Layers(Files),
}

impl Solver<'_> {
    fn stage(&mut self, stage: &PlannedStage) -> Result<Solved, DockerfileError> {
        let mut solved = match &stage.base {
            Base::Scratch => Solved::of(Vec::new()),
            Base::Image(image) => Solved::of(image.layers.clone()),
            Base::Stage(number) => match self.done.get(number) {
                Some(base) => Solved {
                    files: base.files.clone(),
                    base_layers: base.base_layers,
                    history: base.history.clone(),
                    unchanged: true,
                },
                None => return Err(Problem::words("the base stage is missing").at(stage.place.clone())),
            },
        };
        let count = stage.steps.len() + 1;
        self.tell(stage, 1, count, &stage.text, false);
        for (number, step) in (2..).zip(&stage.steps) {
            self.workshop.cancel.check()?;
            let title = format!("[{} {number}/{count}] {}", stage.title, step.text);
            let outcome = self.step(&solved.files, step, &title).map_err(|problem| match problem {
                Ok(problem) => problem.at(step.place.clone()),
                Err(error) => error,
            })?;
            solved.history.push(History {
                created_by: Some(step.text.clone()),
                empty_layer: outcome.is_none(),
                ..History::default()
            });
            if let Some((layer, tree)) = outcome {
                solved.files = solved.files.with(layer, tree);
            }
        }
        Ok(solved)
    }

    fn tell(&self, stage: &PlannedStage, number: usize, count: usize, text: &str, known: bool) {
        let text = format!("[{} {number}/{count}] {text}", stage.title);
        (self.workshop.observer)(Event::Instruction { text, known });
    }

    fn step(&mut self, files: &Files, step: &Step, title: &str) -> Result<Option<Added>, Failed> {
        if let Work::Metadata = step.work {
            return Ok(None);
        }
        let (store, identity) = (self.workshop.store, files.identity());
        let inputs = self.inputs(&step.work).map_err(Ok)?;
        let key = self.ground.key(&identity, &step.work, &inputs);
        let known = if self.request.no_cache { None } else { Outcome::known(store, &key) };
        (self.workshop.observer)(Event::Instruction { text: title.to_owned(), known: known.is_some() });
        if let Some(outcome) = known {
            return Ok(outcome.layer.map(|layer| (layer, None)));
        }
        self.unchanged = false;
        let added = match &step.work {
            Work::Metadata => None,
            Work::Directory { path, user } => self.directory(files, path, user).map_err(Ok)?,
            Work::Transfer(transfer) => self.transfer(files, transfer).map_err(Ok)?,
            Work::Run(run) => super::execute::run(self, files, run, step)?.map(|layer| (layer, None)),
        };
        let layer = added.as_ref().map(|(layer, _)| layer.clone());
        Outcome { layer }.keep(store, &key).map_err(Ok)?;
        Ok(added)
    }

    /// The digests of what a step takes from elsewhere.
    fn inputs(&self, work: &Work) -> Result<Vec<Digest>, Problem> {
        match work {
            Work::Metadata | Work::Directory { .. } => Ok(Vec::new()),
            Work::Transfer(transfer) => {
                let paths = transfer.sources.iter().filter_map(|source| match source {
                    Source::Path(path) => Some(path.as_str()),
                    Source::Heredoc { .. } | Source::Url { .. } => None,
                });
                let paths: Vec<&str> = paths.collect();
                let mut inputs = Vec::new();
                for source in &transfer.sources {
                    if let Source::Url { url, checksum, .. } = source {
                        inputs.push(
                            self.contexts
                                .fetch(self.workshop, self.request, url, checksum.as_deref())?
                                .digest,
                        );
                    }
                }
                inputs.extend(match self.place(&transfer.from, !paths.is_empty())? {
                    Some(Place::Layers(files)) => Some(files.identity()),
                    Some(Place::Directory(context)) => {
                        Some(keys::of_context(&context, &paths, transfer.parents)?)
                    }
                    None => None,
                });
                Ok(inputs)
            }
            Work::Run(run) => super::execute::inputs(self, run),
        }
    }

    /// The files that `origin` names; `None` when they are not wanted.
    pub(super) fn place(&self, origin: &Origin, wanted: bool) -> Result<Option<Place>, Problem> {
        if !wanted {
            return Ok(None);
        }
        Ok(Some(match origin {
            Origin::Context => Place::Directory(self.contexts.own(self.workshop, self.request)?),
            Origin::Directory(name) => Place::Directory(self.contexts.named(self.request, name)?),
            Origin::Stage(number) => match self.done.get(number) {
                Some(stage) => Place::Layers(stage.files.clone()),
                None => return Err(Problem::words("the stage to copy from is missing")),
            },
            Origin::Image(name) => match self.plan.images.get(name) {
                Some(image) => Place::Layers(Files::new(image.layers.clone())),
                None => return Err(Problem::words("the image to copy from is missing")),
            },
        }))
    }

    /// WORKDIR: makes what is missing, owned by the user of the moment.
    fn directory(&self, files: &Files, path: &str, user: &str) -> Result<Option<Added>, Problem> {
        let tree = files.tree(self.workshop.store)?;
        let mut changes = Changes::new(&tree);
        let at = changes.resolve(&walk::clean(path))?;
        if changes.is_directory(&at) {
            return Ok(None);
        }
        let owner = self.owner(files, user, "USER")?;
        changes.make_directories(&at, 0o755, owner)?;
        self.write(&tree, changes.finish(), None, None)
    }

    fn owner(&self, files: &Files, text: &str, what: &str) -> Result<Owner, Problem> {
        if text.is_empty() {
            return Ok(Owner::ROOT);
        }
        let found = accounts::owner(self.workshop.store, files, text)?;
        if found.unknown {
            let text = format!("{what} names `{text}`, whom the stage does not know; root is taken");
            (self.workshop.observer)(Event::Warning { text });
        }
        Ok(found.owner)
    }

    fn transfer(&self, files: &Files, transfer: &Transfer) -> Result<Option<Added>, Problem> {
        let store = self.workshop.store;
        let tree = files.tree(store)?;
        let owner = transfer.chown.as_deref().map(|text| self.owner(files, text, "`--chown`")).transpose()?;
        let exclude = Ignore::from_patterns(&transfer.exclude)
            .map_err(|error| Problem::words(format!("`--exclude`: {error}")))?;
        let origin = transfer.from.describe();
        let manner = Manner { origin: &origin, owner, mode: transfer.chmod.clone(), exclude: &exclude };
        let any_path = transfer.sources.iter().any(|source| matches!(source, Source::Path(_)));
        let place = self.place(&transfer.from, any_path)?;
        let source = match &place {
            Some(Place::Layers(files)) => files.tree(store)?,
            Some(Place::Directory(context)) => context.tree.clone(),
            None => Arc::default(),
        };
        let mut changes = Changes::new(&tree);
        let mut unpacking = transfer.unpack.then(|| Unpacking::new(store)).transpose()?;
        for one in &transfer.sources {
            match one {
                Source::Path(path) => {
                    let archives = unpacking.as_mut().zip(place.as_ref());
                    take(&mut changes, &source, path, transfer, &manner, archives)?;
                }
                Source::Heredoc { name, content } => {
                    let entry = Entry::file(Digest::of(content), content.len() as u64, 0o644);
                    let content = Content::Bytes(content.as_bytes().to_vec());
                    put(&mut changes, name, Change { entry, content }, &transfer.destination, &manner)?;
                }
                Source::Url { url, checksum, name } => {
                    let fetched =
                        self.contexts.fetch(self.workshop, self.request, url, checksum.as_deref())?;
                    if let Some(unpacking) = &mut unpacking {
                        let (path, file) = (walk::clean(name), store.open_blob(&fetched.digest)?);
                        let to = &transfer.destination;
                        if unpacking.unpack(&mut changes, &path, file, to, owner)? {
                            continue;
                        }
                    }
                    let entry = Entry::file(fetched.digest, fetched.size, 0o600);
                    let content = Content::Blob(fetched.digest);
                    put(&mut changes, name, Change { entry, content }, &transfer.destination, &manner)?;
                }
            }
        }
        if let Some(Place::Directory(context)) = &place {
            let digests = context.digests(&changes.sources())?;
            changes.settle(&digests);
        }
        let unpacked = unpacking.as_ref().map(Unpacking::file);
        self.write(&tree, changes.finish(), place.as_ref(), unpacked)
    }

    /// What a context has at `path` and below, as a layer; nothing when there is nothing.
    pub(super) fn context_layer(
        &self,
        context: &Arc<Context>,
        path: &TreePath,
    ) -> Result<Option<Layer>, Problem> {
        let empty = Tree::new();
        let nobody = Ignore::default();
        let manner = Manner { origin: CONTEXT, owner: None, mode: None, exclude: &nobody };
        let mut changes = Changes::new(&empty);
        let is_directory = path.is_root() || files::is_directory(&context.tree, path);
        let destination = if is_directory { format!("{path}/") } else { path.to_string() };
        copy(&mut changes, &context.tree, path, &destination, &manner)?;
        changes.settle(&context.digests(&changes.sources())?);
        let place = Place::Directory(context.clone());
        Ok(self.write(&empty, changes.finish(), Some(&place), None)?.map(|(layer, _)| layer))
    }

    fn write(
        &self,
        tree: &Tree,
        changes: BTreeMap<TreePath, Change>,
        place: Option<&Place>,
        unpacked: Option<&File>,
    ) -> Result<Option<Added>, Problem> {
        if changes.is_empty() {
            return Ok(None);
        }
        let origin = match place {
            Some(Place::Layers(files)) => write::Origin::Layers(&files.layers),
            Some(Place::Directory(context)) => write::Origin::Context(context),
            None => write::Origin::Layers(&[]),
        };
        let Ground { compression, mtime } = self.ground;
        let writing = Writing { store: self.workshop.store, compression, mtime, origin, unpacked };
        let layer = writing.layer(tree, &changes)?;
        let upper = changes.into_iter().map(|(path, change)| (path, change.entry));
        let merged = overlay(tree, &Tree { entries: upper.collect() })?;
        Ok(Some((layer, Some(Arc::new(merged)))))
    }
}

/// A layer, and the merged tree with it when that is known.
type Added = (Layer, Option<Arc<Tree>>);
/// A problem to be placed at the step's lines, or one that knows its place.
pub(super) type Failed = Result<Problem, DockerfileError>;

impl Solved {
    fn of(layers: Vec<Layer>) -> Self {
        let base_layers = layers.len();
        Self { files: Files::new(layers), base_layers, history: Vec::new(), unchanged: true }
    }
}

impl Origin {
    fn describe(&self) -> String {
        match self {
            Self::Context => CONTEXT.to_owned(),
            Self::Directory(name) => format!("the context `{name}`"),
            Self::Stage(number) => format!("stage {number}"),
            Self::Image(name) => format!("the image `{name}`"),
        }
    }
}

/// Takes what one argument means.
fn take(
    changes: &mut Changes<'_>,
    source: &Tree,
    path: &str,
    transfer: &Transfer,
    manner: &Manner<'_>,
    mut archives: Option<(&mut Unpacking, &Place)>,
) -> Result<(), Problem> {
    if transfer.parents {
        let (part, names) = parents::cut(source, path, manner.origin)?;
        copy(changes, &part, &TreePath::ROOT, &transfer.destination, manner)?;
        changes.rename_sources(&names);
        return Ok(());
    }
    for found in select::select(source, path)? {
        if let Some((unpacking, Place::Directory(context))) = &mut archives {
            let at = select::follow(source, &found)?;
            let is_file = matches!(
                source.get(&at).map(|entry| &entry.kind),
                Some(Kind::File { .. } | Kind::HardLink { .. })
            );
            let (to, owner) = (&transfer.destination, manner.owner);
            if is_file && unpacking.unpack(changes, &at, context.open_file(&at)?, to, owner)? {
                continue;
            }
        }
        copy(changes, source, &found, &transfer.destination, manner)?;
    }
    Ok(())
}

/// Puts a file that no tree holds.
fn put(
    changes: &mut Changes<'_>,
    name: &str,
    change: Change,
    destination: &str,
    manner: &Manner<'_>,
) -> Result<(), Problem> {
    // In a directory that no other source of the instruction can have.
    let path = TreePath::new(format!("\u{1}/{name}")).map_err(|error| Problem::words(error.to_string()))?;
    let mut source = Tree::new();
    source.insert(path.clone(), change.entry);
    copy(changes, &source, &path, destination, manner)?;
    changes.place(&path, &change.content);
    Ok(())
}
