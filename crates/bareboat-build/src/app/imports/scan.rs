//! Reads one Python source: what it imports, and when.

mod nesting;
mod walk;

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::thread;

use ruff_python_parser::parse_module;
use serde::{Deserialize, Serialize};

use nesting::is_too_deep;
use walk::{Lines, walk};

/// How much an import matters. Ordered: the first is the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// The module cannot be imported without it.
    Required,
    /// Inside a function: needed when the function is called.
    Lazy,
    /// Its failure is caught, or a condition that only running tells stands before it.
    Optional,
    /// Never imported in the image: for type checkers, other platforms or other releases.
    Never,
}

/// A `try` body or a handler that an import depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// Number of the `try` statement in the file.
    pub guard: u32,
    /// The import happens when the body failed (a handler) or when it did not (`else`).
    pub failed: bool,
}

/// One import of one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Leading dots: 0 for an absolute import.
    pub level: u32,
    /// Dotted module, empty in `from . import x`.
    pub module: String,
    /// `x` in `from module import x`: an attribute or a submodule.
    pub name: Option<String>,
    /// Line in the file, from 1.
    pub line: u32,
    /// How much it matters.
    pub need: Need,
    /// The innermost `try` whose handlers catch its failure.
    pub guard: Option<u32>,
    /// Bodies that must have failed or worked before it happens.
    pub branches: Vec<Branch>,
    /// It happens only when the file is run as the program.
    pub only_as_main: bool,
}

/// An import whose module is computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dynamic {
    /// Line in the file, from 1.
    pub line: u32,
    /// The called function, as written.
    pub call: String,
}

/// What one source imports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileImports {
    /// Imports in source order.
    pub imports: Vec<Import>,
    /// Calls that import something computed.
    pub dynamic: Vec<Dynamic>,
    /// String literals that could name a module: frameworks import what such strings name.
    pub names: BTreeSet<String>,
}

/// A source that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ScanError {
    /// Line, from 1.
    pub line: u32,
    /// What is wrong.
    pub message: String,
}

/// Scans many sources on a stack large enough for any source that Python itself accepts.
///
/// # Errors
/// Per source: see [`ScanError`]. None is lost.
pub fn scan_all<K>(
    sources: impl IntoIterator<Item = (K, Vec<u8>)>,
    python: (u8, u8),
) -> Vec<(K, Result<FileImports, ScanError>)> {
    let (keys, sources): (Vec<K>, Vec<Vec<u8>>) = sources.into_iter().unzip();
    let all = || sources.iter().map(|source| scan(source, python)).collect::<Vec<_>>();
    let results =
        thread::scope(|scope| match thread::Builder::new().stack_size(STACK).spawn_scoped(scope, all) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            // No address space for it: this stack does for everything but the oddest sources.
            Err(_) => all(),
        });
    keys.into_iter().zip(results).collect()
}

/// Scans one source for CPython `python` on Linux. Deep nesting needs a deep stack: see [`scan_all`].
///
/// # Errors
/// Not Python, or nested beyond what Python accepts.
pub fn scan(source: &[u8], python: (u8, u8)) -> Result<FileImports, ScanError> {
    // Other encodings (PEP 263) differ from UTF-8 in strings and comments, hardly ever in names of modules.
    let source = String::from_utf8_lossy(source);
    let fail = |line, message: &str| ScanError { line, message: message.to_owned() };
    if is_too_deep(&source) {
        return Err(fail(1, "it has too many operators and brackets in one statement"));
    }
    let lines = Lines::new(&source);
    let parsed = parse_module(&source)
        .map_err(|error| fail(lines.of(error.location.start().to_usize()), &error.error.to_string()))?;
    Ok(walk(&parsed.syntax().body, lines, python))
}

/// Address space, taken page by page as it is used.
const STACK: usize = 512 << 20;
