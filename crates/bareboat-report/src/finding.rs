//! One thing found in one file.
//!
//! A place is kept twice: as a range of bytes, which edits and editors need, and as lines and columns, which people
//! read. Lines and columns count from 1; columns count characters (a byte that is not UTF-8 is one); an end is the
//! first column after.

use std::borrow::Cow;
use std::ops::Range;

use crate::{Fix, Severity};

/// A name or code of a rule; most are known when the program is compiled.
pub type Code = Cow<'static, str>;

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name: `from-latest`.
    pub rule: Code,
    /// What other tools call this finding: `DL3007`.
    pub aliases: Vec<Code>,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in lower case (names aside) and without full stop.
    pub message: String,
    /// Where.
    pub place: Place,
    /// Other places that explain it, in the order they should be read.
    pub related: Vec<Related>,
    /// What will happen, and why: one sentence each.
    pub notes: Vec<String>,
    /// What to do: an imperative.
    pub help: Option<String>,
    /// What would repair it.
    pub fix: Option<Fix>,
}

/// A stretch of a file; line 0 where something is about the file as a whole, or the file has no lines. See the module's
/// words about counting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// Its bytes.
    pub range: Range<usize>,
    /// Line of the first byte, from 1.
    pub line: usize,
    /// Column of the first byte, from 1.
    pub column: usize,
    /// Line of the end, from 1.
    pub end_line: usize,
    /// Column after the last character, from 1.
    pub end_column: usize,
}

impl Place {
    /// True for something that is about the file as a whole.
    pub fn is_whole(&self) -> bool {
        self.line == 0
    }
}

/// Another place with a word about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// Where, in the same file.
    pub place: Place,
    /// What is there.
    pub message: String,
}

/// What was found in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// As the user named it; `-` for standard input without a name.
    pub path: String,
    /// The file's bytes, for excerpts.
    pub source: Vec<u8>,
    /// By place, then rule.
    pub findings: Vec<Finding>,
}

impl Finding {
    /// True when `code` is the rule's name or one of the finding's aliases.
    pub fn is_called(&self, code: &str) -> bool {
        self.rule == code || self.aliases.iter().any(|alias| alias == code)
    }
}
