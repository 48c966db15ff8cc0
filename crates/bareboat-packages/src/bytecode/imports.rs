//! Which modules a Python source imports as it is itself imported, found by looking at its lines.
//!
//! This decides only where bytecode is worth its bytes, so it may be wrong in rare cases (a docstring with an import
//! line) and must be fast, for it sees every source of every wheel. What the proof says about imports comes from the
//! parser instead.

use std::collections::BTreeSet;

use memchr::memchr_iter;

/// The absolute names that `source`, the module or package `module`, imports when it is imported: `import` statements
/// outside functions and classes. For `from a import b` both `a` and `a.b`, because `b` may be a module.
///
/// `is_package` is true for an `__init__.py`; it decides what a leading dot means (language reference, 5.7).
pub fn imported_on_start(source: &[u8], module: &str, is_package: bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut is_skipped = false;
    let mut lines = Lines { source, start: 0, ends: memchr_iter(b'\n', source) };
    while let Some(line) = lines.next() {
        let text = line.trim_ascii_start();
        if text.is_empty() || text[0] == b'#' {
            continue;
        }
        if text.len() == line.len() {
            is_skipped = NOT_RUN.iter().any(|start| line.starts_with(start.as_bytes()));
        }
        if is_skipped || !(text.starts_with(b"import ") || text.starts_with(b"from ")) {
            continue;
        }
        let statement = whole_statement(text, &mut lines);
        add(&statement, module, is_package, &mut found);
    }
    found
}

/// Starts of blocks whose imports do not run on Linux when a module is imported: definitions, replacements for what is
/// there (`except ImportError`), other platforms, type checkers and the main guard.
const NOT_RUN: &[&str] = &[
    "def ",
    "class ",
    "async ",
    "@",
    "except",
    "if __name__",
    "if TYPE_CHECKING",
    "if typing.TYPE_CHECKING",
    "if sys.platform == \"win32\"",
    "if sys.platform == 'win32'",
    "if os.name == \"nt\"",
    "if os.name == 'nt'",
    "if _mswindows",
];

struct Lines<'a> {
    source: &'a [u8],
    start: usize,
    ends: memchr::Memchr<'a>,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.start >= self.source.len() {
            return None;
        }
        let end = self.ends.next().unwrap_or(self.source.len());
        let line = &self.source[self.start..end];
        self.start = end + 1;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// The statement with its continuation lines, without comments, parentheses and backslashes.
fn whole_statement<'a>(first: &'a [u8], lines: &mut impl Iterator<Item = &'a [u8]>) -> String {
    let mut statement = String::new();
    let mut line = first;
    let mut open = false;
    // No import is longer; a parenthesis that is never closed must not swallow a file.
    for _ in 0..1000 {
        let code = line.split(|&byte| byte == b'#').next().unwrap_or_default();
        open = (open || code.contains(&b'(')) && !code.contains(&b')');
        let continued = code.trim_ascii_end().ends_with(b"\\");
        let kept = code.iter().filter(|byte| !b"()\\".contains(byte)).copied().collect::<Vec<u8>>();
        statement.push_str(&String::from_utf8_lossy(&kept));
        statement.push(' ');
        if !open && !continued {
            break;
        }
        match lines.next() {
            Some(next) => line = next,
            None => break,
        }
    }
    statement
}

fn add(statement: &str, module: &str, is_package: bool, found: &mut BTreeSet<String>) {
    let statement = statement.split(';').next().unwrap_or_default().trim();
    if let Some(names) = statement.strip_prefix("import ") {
        found.extend(
            names.split(',').filter_map(first_word).filter(|name| is_dotted_name(name)).map(str::to_owned),
        );
    } else if let Some((from, names)) =
        statement.strip_prefix("from ").and_then(|rest| rest.trim_start().split_once(" import "))
    {
        let Some(from) = absolute(from.trim(), module, is_package) else { return };
        for name in names.split(',').filter_map(first_word).filter(|name| is_dotted_name(name)) {
            found.insert(if from.is_empty() { name.to_owned() } else { format!("{from}.{name}") });
        }
        if !from.is_empty() {
            found.insert(from);
        }
    }
}

fn first_word(text: &str) -> Option<&str> {
    text.split_whitespace().next()
}

fn is_dotted_name(text: &str) -> bool {
    let is_identifier =
        |part: &str| !part.is_empty() && part.chars().all(|c| c == '_' || c.is_alphanumeric());
    text.split('.').all(is_identifier)
}

/// The absolute name of what stands between `from` and `import`.
fn absolute(from: &str, module: &str, is_package: bool) -> Option<String> {
    let name = from.trim_start_matches('.');
    if !name.is_empty() && !is_dotted_name(name) {
        return None;
    }
    let dots = from.len() - name.len();
    if dots == 0 {
        return Some(name.to_owned());
    }
    let mut parts: Vec<&str> = module.split('.').collect();
    let up = dots - usize::from(is_package);
    parts.truncate(parts.len().checked_sub(up)?);
    if !name.is_empty() {
        parts.push(name);
    }
    Some(parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<String> {
        imported_on_start(source.as_bytes(), "pkg.mod", false).into_iter().collect()
    }

    #[test]
    fn finds_what_runs_at_import_and_not_what_a_function_imports() {
        let source = "import os, sys as system\nif True:\n    import json\ntry:\n  import ssl\nexcept ImportError:\n  \
                      ssl = None\ndef late():\n    import doctest\nclass C:\n    import enum\nimport re; x = 1\n";
        assert_eq!(names(source), ["json", "os", "re", "ssl", "sys"]);
    }

    #[test]
    fn leaves_out_what_does_not_run_here() {
        let source = "try:\n    import _decimal\nexcept ImportError:\n    import _pydecimal\nif TYPE_CHECKING:\n    import a\n\
                      if sys.platform == 'win32':\n    import msvcrt\nelse:\n    import fcntl\nif __name__ == '__main__':\n    import pdb\n";
        assert_eq!(names(source), ["_decimal", "fcntl"]);
    }

    #[test]
    fn follows_relative_names_and_continuations() {
        let source = "from . import a\nfrom .b import (c,  # why\n    d)\nfrom ..e import \\\n  f\nfrom x.y import *\n";
        let expected = ["e", "e.f", "pkg", "pkg.a", "pkg.b", "pkg.b.c", "pkg.b.d", "x.y"];
        assert_eq!(names(source), expected);
        let package = imported_on_start(b"from . import a\nfrom .. import b", "pkg", true);
        assert_eq!(package.into_iter().collect::<Vec<_>>(), ["b", "pkg", "pkg.a"]);
    }

    #[test]
    fn nonsense_names_nothing() {
        for source in
            ["import", "from import x", "from .... import y", "import a-b", "from a import", "import (\n"]
        {
            assert_eq!(names(source), Vec::<String>::new(), "{source}");
        }
    }
}
