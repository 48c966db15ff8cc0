//! Compiles the Python files of another operation's result to bytecode, with the composed interpreter itself.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::OnceLock;

use bareboat_image::{Entry, FileMeta, Kind, PartWriter, TreePath};
use bareboat_packages::bytecode::{Compiler, Outcome, STARTUP_MODULES};
use bareboat_packages::debfile::{DebKind, DebReader};
use bareboat_packages::system::placement::{Placed, Placer};
use bareboat_packages::system::slices::Slicing;
use bareboat_packages::wheel::{InstallOptions, Wheel};
use bareboat_store::{Digest, Store, StoreError};

use super::sources::{Source, is_source};
use crate::BuildError;
use crate::piece::Piece;
use crate::plan::{MTIME, Op, Place};
use crate::solve::Context;

/// The interpreter of the target's release, for this machine. It is unpacked when it is first needed.
pub struct Interpreter {
    packages: Vec<Digest>,
    python: (u8, u8),
    identity: Digest,
    /// Name of its root in the store.
    root: String,
    compiler: OnceLock<Compiler>,
}

impl Interpreter {
    /// The interpreter that `packages` (its own and the C library's, for this machine's architecture, all in the
    /// store) hold, in `version`: Debian's full version of the interpreter package.
    ///
    /// Bytecode is the same on every architecture, so the identity is the version alone.
    pub fn new(packages: Vec<Digest>, python: (u8, u8), version: &str) -> Self {
        let identity = Digest::of(format!("python {}.{} {version}", python.0, python.1));
        let names: String = packages.iter().map(|blob| format!("{blob}\n")).collect();
        let root = format!("interpreter-{}", Digest::of(names).short());
        Self { packages, python, identity, root, compiler: OnceLock::new() }
    }

    /// What cache keys hold of it.
    pub fn identity(&self) -> Digest {
        self.identity
    }

    fn compiler(&self, store: &Store) -> Result<&Compiler, BuildError> {
        if let Some(compiler) = self.compiler.get() {
            return Ok(compiler);
        }
        let root = store.unpacked(&self.root, |root| self.unpack(store, root))?;
        let compiler = Compiler::new(&root, self.python, rayon::current_num_threads())?;
        Ok(self.compiler.get_or_init(|| compiler))
    }

    fn unpack(&self, store: &Store, root: &Path) -> Result<(), BuildError> {
        for blob in &self.packages {
            unpack_package(store, blob, root, self.python)?;
        }
        for (link, target) in [("lib", "usr/lib"), ("lib64", "usr/lib64"), ("bin", "usr/bin")] {
            let link = root.join(link);
            std::os::unix::fs::symlink(target, &link)
                .map_err(|error| StoreError::io("write", &link, error))?;
        }
        Ok(())
    }
}

/// What the interpreter needs to start and to compile: itself, the loader and libraries, and the modules that it reads
/// from disk: those of character sets, when a source names one, and a few more.
fn is_needed(path: &TreePath, python: (u8, u8)) -> bool {
    let text = path.to_str_lossy();
    let library = format!("usr/lib/python{}.{}/", python.0, python.1);
    if let Some(module) = text.strip_prefix(&library) {
        return module.starts_with("encodings/") || STARTUP_MODULES.contains(&module);
    }
    // Beside the libraries are directories that nothing here is linked to.
    text.starts_with("usr/bin/python") || (text.starts_with("usr/lib") && text.matches('/').count() <= 3)
}

/// Writes what a package brings below `root`. Paths were checked by the reader: none leaves the tree or passes a link.
fn unpack_package(store: &Store, blob: &Digest, root: &Path, python: (u8, u8)) -> Result<(), BuildError> {
    let mut reader = DebReader::open(store.open_blob(blob)?)?;
    let package = reader.control().package().to_owned();
    let mut placer = Placer::new(&package, Slicing::default());
    reader.for_each_entry(|entry, content| {
        let placed = match placer.place(entry)? {
            Placed::Keep(placed) if is_needed(&placed.path, python) => placed,
            _ => return Ok(()),
        };
        let path = root.join(placed.path.to_str_lossy().as_ref());
        let fail = |error: std::io::Error| BuildError::from(StoreError::io("write", &path, error));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(fail)?;
        }
        match &placed.kind {
            DebKind::Directory => fs::create_dir_all(&path).map_err(fail),
            DebKind::File => {
                let mut file = fs::File::create(&path).map_err(fail)?;
                std::io::copy(content, &mut file).map_err(fail)?;
                fs::set_permissions(&path, fs::Permissions::from_mode(u32::from(placed.mode) & 0o755))
                    .map_err(fail)
            }
            // Absolute links would lead into this machine; what the compiler needs has none.
            DebKind::Symlink { target } if !target.starts_with('/') => {
                std::os::unix::fs::symlink(target, &path).map_err(fail)
            }
            _ => Ok(()),
        }
    })
}

/// Which sources of an operation's result are compiled.
pub struct Choice<'a> {
    /// These; `None` for all.
    pub only: Option<&'a BTreeSet<TreePath>>,
    /// Bytecode files that another origin brings.
    pub exclude: &'a BTreeSet<TreePath>,
}

impl Choice<'_> {
    fn includes(&self, compiler: &Compiler, source: &TreePath) -> bool {
        is_source(source)
            && self.only.is_none_or(|only| only.contains(source))
            && compiler.cache_path(source).is_some_and(|cache| !self.exclude.contains(&cache))
    }
}

/// The piece with the bytecode of `of`'s files.
///
/// # Errors
/// The interpreter cannot be started, or the other operation's input is damaged.
pub fn compile(context: &Context<'_>, of: &Op, choice: &Choice<'_>) -> Result<Piece, BuildError> {
    let interpreter = context.interpreter.ok_or(BuildError::NoInterpreter)?;
    let compiler = interpreter.compiler(context.store)?;
    let mtime = match of {
        Op::Files { from: Place::Application, .. } => context.application_mtime,
        _ => MTIME,
    };
    let writer = PartWriter::new(context.store, context.compression, mtime)?;
    let mut compiling = Compiling { compiler, writer, piece: Piece::empty() };
    match of {
        Op::Package { blob, slicing, exclude } => {
            let sources = package_sources(context, blob, *slicing, |path| {
                choice.includes(compiler, path) && !exclude.contains(path)
            })?;
            compiling.all(sources.into_iter().map(Ok))?;
        }
        Op::Wheel { blob, environment, python, exclude, .. } => {
            let wheel = Wheel::open(context.store.open_blob(blob)?)?;
            let layout = super::wheel::layout(environment, *python)?;
            let mut members = wheel.members(&layout, InstallOptions::default())?;
            members
                .retain(|member| choice.includes(compiler, &member.path) && !exclude.contains(&member.path));
            compiling.all(members.into_iter().map(|member| {
                let mut source = Vec::new();
                let read = wheel.reader(&member).read_to_end(&mut source);
                read.map_err(|error| read_error(&member.path, &error))?;
                Ok((member.path, source))
            }))?;
        }
        Op::Files { tree, from } => {
            let files = tree.entries.iter().filter(|(path, _)| choice.includes(compiler, path));
            compiling.all(files.filter_map(|(path, entry)| match &entry.kind {
                Kind::File { digest, .. } => Some(file_source(context, path, digest, *from)),
                _ => None,
            }))?;
        }
        Op::Busybox { .. } | Op::Bytecode { .. } => {}
    }
    let Compiling { writer, mut piece, .. } = compiling;
    if !piece.tree.entries.is_empty() {
        piece.part = Some(writer.finish()?);
    }
    Ok(piece)
}

struct Compiling<'a> {
    compiler: &'a Compiler,
    writer: PartWriter<'a>,
    piece: Piece,
}

impl Compiling<'_> {
    /// Compiles on all interpreters and writes in the order of `sources`, until the first that cannot be read.
    fn all(&mut self, sources: impl Iterator<Item = Result<Source, BuildError>>) -> Result<(), BuildError> {
        let mut unread = None;
        let readable = sources.map_while(|source| source.map_err(|error| unread = Some(error)).ok());
        let compiler = self.compiler;
        compiler.compile_all(readable, |path, outcome| self.take(path, outcome))?;
        unread.map_or(Ok(()), Err)
    }

    fn take(&mut self, path: TreePath, outcome: Outcome) -> Result<(), BuildError> {
        let code = match outcome {
            Outcome::Code(code) => code,
            Outcome::Refused { message, .. } => {
                self.piece.uncompiled.push((path, message));
                return Ok(());
            }
        };
        let cache = self.compiler.cache_path(&path).expect("only sources are compiled");
        let entry = self.writer.append_bytes(&cache, &FileMeta::new(0o644), &code)?;
        if let Some(directory) = cache.parent() {
            self.piece.tree.insert(directory, Entry::directory(0o755));
        }
        self.piece.tree.insert(cache, entry);
        Ok(())
    }
}

/// The wanted sources of a Debian package, in its order.
fn package_sources(
    context: &Context<'_>,
    blob: &Digest,
    slicing: Slicing,
    wanted: impl Fn(&TreePath) -> bool,
) -> Result<Vec<Source>, BuildError> {
    if let Some(sources) = context.sources.get(blob, &wanted) {
        return Ok(sources);
    }
    let mut reader = DebReader::open(context.store.open_blob(blob)?)?;
    let package = reader.control().package().to_owned();
    let mut placer = Placer::new(&package, slicing);
    let mut sources = Vec::new();
    reader.for_each_entry(|entry, content| {
        let Placed::Keep(placed) = placer.place(entry)? else { return Ok(()) };
        if placed.kind == DebKind::File && wanted(&placed.path) {
            let mut source = Vec::new();
            content.read_to_end(&mut source).map_err(|error| read_error(&placed.path, &error))?;
            sources.push((placed.path, source));
        }
        Ok::<(), BuildError>(())
    })?;
    Ok(sources)
}

/// A file of known content.
fn file_source(
    context: &Context<'_>,
    path: &TreePath,
    digest: &Digest,
    from: Place,
) -> Result<Source, BuildError> {
    let mut source = Vec::new();
    let mut content = super::files::open(context, path, digest, from)?;
    content.read_to_end(&mut source).map_err(|error| read_error(path, &error))?;
    if Digest::of(&source) != *digest {
        return Err(BuildError::Changed { path: path.to_string() });
    }
    Ok((path.clone(), source))
}

fn read_error(path: &TreePath, error: &std::io::Error) -> BuildError {
    BuildError::Read { path: path.to_string(), reason: error.to_string() }
}
