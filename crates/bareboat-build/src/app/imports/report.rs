//! What checking the imports of an application gives.

use bareboat_image::TreePath;

use super::scan::{Need, ScanError};

/// Where the program starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A module that something imports: `app` of `gunicorn app:app`.
    Module(String),
    /// A module that is run: `python -m app`.
    MainModule(String),
    /// A file that is run: `python app.py`.
    MainFile(TreePath),
}

/// What the imports of an application come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Imports that resolve.
    pub resolved: usize,
    /// Modules that are not there, the most needed first, then by file and line.
    pub missing: Vec<Missing>,
    /// Imports that only running can tell, by file and line.
    pub unknown: Vec<Unknown>,
    /// Reached files that could not be read as Python.
    pub unreadable: Vec<Unreadable>,
    /// Own files that nothing reached: tests, tools, what a framework finds by itself.
    pub unreached: Vec<TreePath>,
}

/// An import that fails.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// How much it matters, weakened by the way its file is reached.
    pub need: Need,
    /// The importing file; `None` for the entry point itself.
    pub file: Option<TreePath>,
    /// Line in it, from 1.
    pub line: u32,
    /// The shortest dotted name that is missing.
    pub module: String,
    /// A file of that name that the interpreter will not load, and why.
    pub unfit: Option<String>,
    /// What to do.
    pub hint: String,
}

/// An import that nobody can judge without running it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unknown {
    /// The importing file.
    pub file: TreePath,
    /// Line in it, from 1.
    pub line: u32,
    /// The dotted module, or the called function.
    pub what: String,
    /// Why it cannot be judged.
    pub why: String,
}

/// A reached file that is not Python for this release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// How much the file matters.
    pub need: Need,
    /// The file.
    pub file: TreePath,
    /// What is wrong and where.
    pub error: ScanError,
}
