//! Turns operations into pieces: from the action cache when they were done before, side by side when not.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bareboat_image::{Compression, PartError, TreePath};
use bareboat_store::{Digest, Store, StoreError};
use rayon::prelude::*;

use crate::BuildError;
use crate::event::{Event, Observer};
use crate::op;
use crate::piece::Piece;
use crate::plan::{Op, Place, Step};

/// Everything an operation may touch, none of it part of its identity.
pub struct Context<'a> {
    /// Blobs and the action cache.
    pub store: &'a Store,
    /// How parts are compressed.
    pub compression: Compression,
    /// The application's directory, for [`Place::Application`].
    pub application: &'a Path,
    /// Modification time of the application's files: seconds since 1970.
    pub application_mtime: i64,
    /// A directory with the composed interpreter, for [`Op::Bytecode`].
    pub interpreter: Option<&'a op::bytecode::Interpreter>,
    /// Sources between unpacking and compiling.
    pub sources: op::sources::Stash,
    /// What this build solved already.
    pub solved: Solved,
    /// Who wants to know.
    pub observer: &'a Observer,
}

/// Pieces by their key, so that what was made ahead of its time is not even read again.
#[derive(Default)]
pub struct Solved(Mutex<BTreeMap<Digest, Arc<Piece>>>);

impl Solved {
    fn pieces(&self) -> MutexGuard<'_, BTreeMap<Digest, Arc<Piece>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Context<'_> {
    /// The pieces of `steps`, in their order. Nothing is done twice: not what is in the cache, not now.
    ///
    /// # Errors
    /// The first step that fails, with its origin.
    pub fn solve(&self, steps: &[Step]) -> Result<Vec<Arc<Piece>>, BuildError> {
        steps.par_iter().map(|step| self.solve_one(step)).collect()
    }

    /// The piece of one step.
    ///
    /// # Errors
    /// As [`Context::solve`].
    pub fn solve_one(&self, step: &Step) -> Result<Arc<Piece>, BuildError> {
        let key = self.key(&step.op);
        if let Some(piece) = self.solved.pieces().get(&key) {
            return Ok(piece.clone());
        }
        let piece = match self.cached(&key) {
            Some(piece) => piece,
            None => self.make(step, &key)?,
        };
        let piece = Arc::new(piece);
        self.solved.pieces().insert(key, piece.clone());
        Ok(piece)
    }

    fn make(&self, step: &Step, key: &Digest) -> Result<Piece, BuildError> {
        (self.observer)(Event::Step { origin: step.origin.clone() });
        let piece = self.run(&step.op).and_then(without_whiteouts);
        let piece = piece.map_err(|error| self.blame(&step.op, error).in_origin(&step.origin))?;
        let record = serde_json::to_vec(&piece).expect("pieces have string keys only");
        self.store.put_action(key, &record)?;
        Ok(piece)
    }

    fn run(&self, operation: &Op) -> Result<Piece, BuildError> {
        match operation {
            Op::Package { blob, slicing, exclude } => op::package::unpack(self, blob, *slicing, exclude),
            Op::Wheel { blob, environment, python, requested, direct_url, exclude } => {
                let options = op::wheel::Options {
                    environment,
                    python: *python,
                    requested: *requested,
                    direct_url: direct_url.as_deref(),
                    exclude,
                };
                op::wheel::install(self, blob, &options)
            }
            Op::Busybox { blob, exclude } => op::busybox::unpack(self, blob, exclude),
            Op::Files { tree, from } => op::files::take(self, tree, *from),
            Op::Bytecode { of, only, exclude, .. } => {
                op::bytecode::compile(self, of, &op::bytecode::Choice { only: only.as_ref(), exclude })
            }
        }
    }

    /// A download that was damaged on disk explains any error of reading it. It is removed, to be fetched again.
    fn blame(&self, operation: &Op, error: BuildError) -> BuildError {
        let (Op::Package { blob, .. } | Op::Wheel { blob, .. } | Op::Busybox { blob, .. }) = operation else {
            return error;
        };
        match self.store.read_verified_to(blob, &mut io::sink()) {
            Err(damage @ StoreError::Corrupt { .. }) => damage.into(),
            _ => error,
        }
    }

    /// The result, when it is known and its bytes are still there.
    fn cached(&self, key: &Digest) -> Option<Piece> {
        let piece: Piece = serde_json::from_slice(&self.store.action(key)?).ok()?;
        let whole = piece.part.as_ref().is_none_or(|part| self.store.size(&part.blob) == Some(part.size));
        // Small: read now, because whoever needs them cannot make the piece again.
        let readable = piece.captured.read(self.store).is_ok();
        (whole && readable).then_some(piece)
    }

    /// Forgets a result whose bytes turned out damaged, so that the next solve makes it again.
    pub fn forget(&self, operation: &Op) -> Result<(), BuildError> {
        let key = self.key(operation);
        self.solved.pieces().remove(&key);
        Ok(self.store.put_action(&key, b"")?)
    }

    fn key(&self, operation: &Op) -> Digest {
        let key = operation.key(self.compression);
        match operation {
            Op::Files { from: Place::Application, .. } => {
                Digest::of(format!("{key} {}", self.application_mtime))
            }
            Op::Bytecode { of, .. } if matches!(**of, Op::Files { from: Place::Application, .. }) => {
                Digest::of(format!("{key} {}", self.application_mtime))
            }
            _ => key,
        }
    }

    /// The modification time for the files of `operation`.
    pub(crate) fn mtime(&self, from: Place) -> i64 {
        match from {
            Place::Store => crate::plan::MTIME,
            Place::Application => self.application_mtime,
        }
    }
}

/// Refuses names that would take away what lower layers bring (OCI image specification, layer.md, "Whiteouts").
fn without_whiteouts(piece: Piece) -> Result<Piece, BuildError> {
    let is_one = |path: &&TreePath| path.file_name().starts_with(b".wh.");
    match piece.tree.entries.keys().find(is_one) {
        Some(path) => Err(BuildError::Whiteout { path: path.to_string() }),
        None => Ok(piece),
    }
}

/// The path of an application file below its directory: the tree path below `/app`.
pub(crate) fn below_application(path: &TreePath) -> Option<TreePath> {
    path.strip_prefix(&TreePath::new("app").expect("a constant path"))
}

impl From<PartError> for BuildError {
    fn from(error: PartError) -> Self {
        BuildError::Part(error)
    }
}
