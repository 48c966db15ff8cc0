//! Deterministic Python bytecode, compiled by the image's own interpreter.
//!
//! [`Compiler`] starts the interpreter of a composed root through that root's dynamic loader: no namespace, no root
//! privilege, no library of this machine. It feeds it sources and gets `.pyc` files (unchecked-hash, PEP 552) whose
//! bytes depend on the source, its path in the image and the interpreter release, and on nothing else: not on order,
//! other files, hash seed or number of processes. They load to the same code objects as `py_compile`'s, whose own bytes
//! depend on what it compiled before (see [`marshal`]). CPU architecture does not matter either, so the interpreter for
//! this machine serves images for any.
//!
//! Never runs or imports what it compiles.

mod core_modules;
mod error;
mod imports;
mod marshal;
mod process;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use bareboat_image::TreePath;
use process::{Interpreter, Process};

pub use core_modules::CORE_MODULES;
pub use error::BytecodeError;
pub use imports::imported_on_start;

/// Compiles sources with the interpreter of a composed root. Shared freely between threads.
pub struct Compiler {
    interpreter: Interpreter,
    python: (u8, u8),
    processes: usize,
    timeout: Duration,
    pool: Mutex<Pool>,
    freed: Condvar,
}

/// Interpreters waiting for work, and how many there are in all.
#[derive(Default)]
struct Pool {
    idle: Vec<Process>,
    started: usize,
}

/// What became of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The bytes of its `.pyc` file.
    Code(Vec<u8>),
    /// Not a Python source for this release, as templates and tests in packages are. It has no bytecode; that is no
    /// error.
    Refused {
        /// Line of the error.
        line: Option<u32>,
        /// What the interpreter says.
        message: String,
    },
}

impl Compiler {
    /// A compiler that runs up to `processes` interpreters `usr/bin/pythonX.Y` of the directory `root`. None is started yet.
    ///
    /// # Errors
    /// No such interpreter, or none for this machine.
    pub fn new(root: &Path, python: (u8, u8), processes: usize) -> Result<Self, BytecodeError> {
        Ok(Self {
            interpreter: Interpreter::find(root, python)?,
            python,
            processes: processes.max(1),
            timeout: TIMEOUT,
            pool: Mutex::new(Pool::default()),
            freed: Condvar::new(),
        })
    }

    /// Gives up on a file after `timeout` instead of a minute.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Where the bytecode of `source` belongs: `__pycache__/NAME.cpython-XY.pyc` beside it (PEP 3147). `None` when it
    /// is no `.py` file.
    pub fn cache_path(&self, source: &TreePath) -> Option<TreePath> {
        let name = source.file_name().strip_suffix(b".py")?;
        let (major, minor) = self.python;
        let tag = format!(".cpython-{major}{minor}.pyc");
        let tail = [b"__pycache__/", name, tag.as_bytes()].concat();
        source.parent()?.join(tail).ok()
    }

    /// Compiles one source that will be at `path` in the image. Waits for an interpreter when all are busy.
    ///
    /// # Errors
    /// The interpreter cannot be started, dies, or takes too long. The next file gets a new one.
    pub fn compile(&self, path: &TreePath, source: &[u8]) -> Result<Outcome, BytecodeError> {
        if source.len() > MAX_SOURCE {
            let message = format!("{} bytes are too many for one source", source.len());
            return Ok(Outcome::Refused { line: None, message });
        }
        let mut process = self.acquire()?;
        let absolute = [b"/", path.as_bytes()].concat();
        let outcome = process.compile(&path.to_string(), &absolute, source);
        // Names stay in an interpreter's memory for ever.
        let is_reusable = outcome.is_ok() && process.compiled < RENEW_AFTER;
        self.release(is_reusable.then_some(process));
        outcome
    }

    /// Compiles `sources` on all interpreters and gives the outcomes to `take` in the order of `sources`. Only a few
    /// sources and outcomes are in memory at any time.
    ///
    /// # Errors
    /// The first error in input order, of compiling or of `take`; nothing after it is taken.
    pub fn compile_all<E: From<BytecodeError>>(
        &self,
        sources: impl IntoIterator<Item = (TreePath, Vec<u8>)>,
        mut take: impl FnMut(TreePath, Outcome) -> Result<(), E>,
    ) -> Result<(), E> {
        let (to_workers, work) = mpsc::channel::<(usize, TreePath, Vec<u8>)>();
        let (to_here, done) = mpsc::channel();
        let work = Mutex::new(work);
        thread::scope(|scope| {
            for _ in 0..self.processes {
                let (work, to_here) = (&work, to_here.clone());
                scope.spawn(move || {
                    while let Ok((index, path, source)) = lock(work).recv() {
                        let outcome = self.compile(&path, &source);
                        if to_here.send((index, path, outcome)).is_err() {
                            break;
                        }
                    }
                });
            }
            // Dropped on every way out, which ends the workers.
            let (to_workers, done) = (to_workers, done);
            let mut sources = sources.into_iter().fuse().enumerate();
            let mut waiting = BTreeMap::new();
            let (mut sent, mut taken) = (0, 0);
            loop {
                while sent - taken < self.processes * AHEAD {
                    let Some((index, (path, source))) = sources.next() else { break };
                    to_workers
                        .send((index, path, source))
                        .expect("workers listen until the sender is dropped");
                    sent += 1;
                }
                if sent == taken {
                    return Ok(());
                }
                let (index, path, outcome) = done.recv().expect("every worker answers what it was sent");
                waiting.insert(index, (path, outcome));
                while let Some((path, outcome)) = waiting.remove(&taken) {
                    take(path, outcome?)?;
                    taken += 1;
                }
            }
        })
    }

    fn acquire(&self) -> Result<Process, BytecodeError> {
        let mut pool = lock(&self.pool);
        loop {
            if let Some(process) = pool.idle.pop() {
                return Ok(process);
            }
            if pool.started < self.processes {
                pool.started += 1;
                break;
            }
            pool = self.freed.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
        drop(pool);
        let started = Process::start(&self.interpreter, self.timeout);
        if started.is_err() {
            self.release(None);
        }
        started
    }

    /// Puts an interpreter back, or makes room for a new one.
    fn release(&self, process: Option<Process>) {
        let mut pool = lock(&self.pool);
        match process {
            Some(process) => pool.idle.push(process),
            None => pool.started -= 1,
        }
        drop(pool);
        self.freed.notify_one();
    }
}

/// The guarded values are whole after any panic: every change to them is a single step.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The standard library's modules that the interpreter loads before it compiles anything, relative to `lib/pythonX.Y`.
/// With their bytecode in the root it starts faster.
pub const STARTUP_MODULES: [&str; 4] =
    ["encodings/__init__.py", "encodings/aliases.py", "encodings/utf_8.py", "linecache.py"];

/// The largest sources known take a few seconds.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes of source; compiling needs about a hundred times as much memory.
const MAX_SOURCE: usize = 8 << 20;

/// Bytes of source after which an interpreter is replaced.
const RENEW_AFTER: u64 = 64 << 20;

/// Sources in flight per interpreter: enough to keep all busy behind one that is slow.
const AHEAD: usize = 8;
