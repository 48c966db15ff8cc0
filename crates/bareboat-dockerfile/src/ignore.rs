//! `.dockerignore`: which paths of a build context stay out.
//!
//! Follows what BuildKit does with the patternmatcher library: `#` comments only at column one, patterns are
//! trimmed and cleaned, a leading `/` means nothing, the last pattern that changes the outcome wins, `!`
//! brings back (also below an excluded directory), and a match on a directory holds for all below it.
//! The text is an argument; nothing is read here.

use std::fmt;

use crate::glob::{Glob, GlobError};

/// Longest line BuildKit reads, in bytes with its line end.
const LONGEST_LINE: usize = 64 * 1024;

/// A compiled ignore file (or list of `--exclude` patterns).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ignore {
    patterns: Vec<Pattern>,
}

/// One pattern and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    line: usize,
    text: String,
    brings_back: bool,
    glob: Glob,
}

/// What to do with a path met in a directory walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Part of the context.
    Include,
    /// Not part of the context, but something below it may be: go on into it. (When something is, the
    /// directory is sent as its parent.)
    Exclude,
    /// Neither this nor anything below it is part of the context: do not descend.
    Prune,
}

/// What is known about a directory and serves all paths directly in it. Starts as [`Walk::default`] at the root.
///
/// Cheap to clone, so that subtrees can be walked by several threads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Walk {
    /// Per pattern: did it match this directory or one above? Empty at the root.
    matched: Vec<bool>,
}

impl Ignore {
    /// Parses the text of an ignore file.
    ///
    /// # Errors
    /// A malformed pattern, a lone `!` or a line that BuildKit would not read; the first one is reported.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, IgnoreError> {
        let text = text.as_ref();
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut ignore = Self::default();
        for (index, raw) in text.split(|&byte| byte == b'\n').enumerate() {
            let line = index + 1;
            if raw.len() >= LONGEST_LINE {
                return Err(IgnoreError { line, pattern: String::new(), reason: IgnoreReason::TooLong });
            }
            if !raw.starts_with(b"#") {
                ignore.push(line, raw)?;
            }
        }
        Ok(ignore)
    }

    /// Compiles patterns that do not come from a file, such as `--exclude` values; `line` counts them from 1.
    ///
    /// # Errors
    /// As [`Ignore::parse`].
    pub fn from_patterns<P: AsRef<[u8]>>(patterns: impl IntoIterator<Item = P>) -> Result<Self, IgnoreError> {
        let mut ignore = Self::default();
        for (index, pattern) in patterns.into_iter().enumerate() {
            ignore.push(index + 1, pattern.as_ref())?;
        }
        Ok(ignore)
    }

    fn push(&mut self, line: usize, raw: &[u8]) -> Result<(), IgnoreError> {
        let lossy = String::from_utf8_lossy(raw);
        let text = lossy.trim();
        let (brings_back, bare) = match text.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, text),
        };
        if text.is_empty() {
            return Ok(());
        }
        let failed = |reason| IgnoreError { line, pattern: text.chars().take(200).collect(), reason };
        if bare.is_empty() {
            return Err(failed(IgnoreReason::LoneExclamationMark));
        }
        let clean = clean(trim_bytes(raw, brings_back));
        let glob = Glob::ignore(clean).map_err(|error| failed(IgnoreReason::Malformed(error)))?;
        self.patterns.push(Pattern { line, text: text.to_owned(), brings_back, glob });
        Ok(())
    }

    /// The patterns in file order.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// True when some pattern starts with `!`.
    pub fn brings_back(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.brings_back)
    }

    /// True when `path` (relative to the context, `/` between components) stays out.
    ///
    /// Whether it is a directory makes no difference: patterns cannot ask for one. The context's root is
    /// never excluded. In a directory walk [`Ignore::enter`] is faster.
    pub fn excludes(&self, path: impl AsRef<[u8]>) -> bool {
        self.is_exclusion(self.decide(path.as_ref()))
    }

    /// The pattern that decides about `path`: the one that excludes it or, when it starts with `!`, brings it
    /// back. `None` when no pattern has a say.
    pub fn reason(&self, path: impl AsRef<[u8]>) -> Option<&Pattern> {
        self.decide(path.as_ref()).map(|index| &self.patterns[index])
    }

    fn decide(&self, path: &[u8]) -> Option<usize> {
        let clean = clean(path);
        if clean.is_empty() || clean == b"." {
            return None;
        }
        let mut walk = Walk::default();
        let slashes = clean.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        for end in slashes {
            walk = self.visit_directory(&clean[..end], &walk).1;
        }
        self.visit(&clean, &walk, |_| {})
    }

    /// Judges the file (or link, or other leaf) at `path`, whose directory is `parent`.
    pub fn excludes_in(&self, path: impl AsRef<[u8]>, parent: &Walk) -> bool {
        self.is_exclusion(self.visit(path.as_ref(), parent, |_| {}))
    }

    /// Judges the directory at `path`, whose own directory is `parent`; the [`Walk`] is for what it contains.
    ///
    /// `path` is relative to the context, without leading, trailing or doubled slashes.
    pub fn enter(&self, path: impl AsRef<[u8]>, parent: &Walk) -> (Verdict, Walk) {
        let path = path.as_ref();
        let (decided, walk) = self.visit_directory(path, parent);
        let verdict = match self.is_exclusion(decided) {
            true => self.excluded_directory(path, &walk),
            false => Verdict::Include,
        };
        (verdict, walk)
    }

    /// Only a `!` pattern after the last match that excludes can bring something below back.
    fn excluded_directory(&self, path: &[u8], walk: &Walk) -> Verdict {
        let last = walk
            .matched
            .iter()
            .zip(&self.patterns)
            .rposition(|(matched, pattern)| *matched && !pattern.brings_back);
        let after = self.patterns.get(last.map_or(0, |last| last + 1)..).unwrap_or_default();
        let open = after.iter().any(|pattern| pattern.brings_back && pattern.glob.could_match_below(path));
        if open { Verdict::Exclude } else { Verdict::Prune }
    }

    /// The index of the pattern that decides about `path`; `matched` is told every pattern that matches.
    ///
    /// A pattern that could not change the outcome is not tried, and then counts as not matched for the
    /// children too: the reference does so, and it shows in rare files, hence not a mere shortcut.
    fn visit(&self, path: &[u8], parent: &Walk, mut matched: impl FnMut(usize)) -> Option<usize> {
        let mut decided = None;
        let mut excluded = false;
        for (index, pattern) in self.patterns.iter().enumerate() {
            let inherited = parent.matched.get(index).copied().unwrap_or(false);
            if !inherited && (pattern.brings_back != excluded || !pattern.glob.matches(path)) {
                continue;
            }
            matched(index);
            if excluded == pattern.brings_back {
                excluded = !pattern.brings_back;
                decided = Some(index);
            }
        }
        decided
    }

    fn visit_directory(&self, path: &[u8], parent: &Walk) -> (Option<usize>, Walk) {
        let mut matched = vec![false; self.patterns.len()];
        let decided = self.visit(path, parent, |index| matched[index] = true);
        (decided, Walk { matched })
    }

    fn is_exclusion(&self, decided: Option<usize>) -> bool {
        decided.is_some_and(|index| !self.patterns[index].brings_back)
    }
}

impl Pattern {
    /// The line it stands on, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The pattern as written, without surrounding white space.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True for `!` patterns.
    pub fn brings_back(&self) -> bool {
        self.brings_back
    }

    /// True when the pattern itself (not through a parent directory) matches the clean relative `path`.
    pub fn matches(&self, path: impl AsRef<[u8]>) -> bool {
        self.glob.matches(path)
    }
}

/// `raw` without white space at its ends and, for a `!` pattern, without the mark and what follows it.
fn trim_bytes(raw: &[u8], brings_back: bool) -> &[u8] {
    let Ok(text) = std::str::from_utf8(raw) else {
        let trimmed = raw.trim_ascii();
        return if brings_back { trimmed[1..].trim_ascii() } else { trimmed };
    };
    let trimmed = text.trim();
    if brings_back { trimmed[1..].trim().as_bytes() } else { trimmed.as_bytes() }
}

/// Go's `filepath.Clean`, then without leading slash (a lone `/` stays and matches nothing).
fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if parts.last().is_some_and(|last| *last != b"..") => {
                parts.pop();
            }
            b".." if rooted => {}
            _ => parts.push(part),
        }
    }
    match (parts.is_empty(), rooted) {
        (true, true) => b"/".to_vec(),
        (true, false) => b".".to_vec(),
        _ => parts.join(&b"/"[..]),
    }
}

/// Why an ignore file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bad ignore pattern `{pattern}` on line {line}: {reason}")]
pub struct IgnoreError {
    /// Line of the pattern, counted from 1.
    pub line: usize,
    /// The pattern, shortened; empty when the line was too long.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: IgnoreReason,
}

/// What is wrong with an ignore pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IgnoreReason {
    /// A `!` with nothing after it.
    LoneExclamationMark,
    /// The pattern does not compile.
    Malformed(GlobError),
    /// The line has 65,536 bytes or more.
    TooLong,
}

impl fmt::Display for IgnoreReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LoneExclamationMark => f.write_str("`!` needs a pattern after it"),
            Self::Malformed(error) => error.fmt(f),
            Self::TooLong => f.write_str("the line is longer than 65,535 bytes"),
        }
    }
}

impl IgnoreError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self.reason {
            IgnoreReason::LoneExclamationMark => {
                format!("remove line {}, or write what it should bring back", self.line)
            }
            IgnoreReason::Malformed(_) => "escape the character with `\\`, as in `\\[`".to_owned(),
            IgnoreReason::TooLong => "split the line into several patterns".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignore(text: &str) -> Ignore {
        Ignore::parse(text).unwrap()
    }

    #[test]
    fn decides_like_the_reference() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("docs\n", &["docs", "docs/a", "docs/a/b"], &["xdocs", "a/docs", "Docs"]),
            ("docs/\n", &["docs", "docs/a"], &[]),
            ("/docs\n", &["docs", "docs/a"], &["a/docs"]),
            ("./a//b/../c\n", &["a/c"], &["a/b"]),
            ("*.log\n", &["a.log"], &["d/a.log"]),
            ("**/*.log\n", &["a.log", "d/e/a.log"], &["a.logx"]),
            (".\n", &[], &["a", "a/b", "."]),
            ("/\n", &[], &["a", "a/b"]),
            ("*\n!src\n", &["a", "a/src"], &["src", "src/a/b"]),
            ("docs\n!docs/README.md\n", &["docs", "docs/x"], &["docs/README.md"]),
            ("!a.go\n*.go\n", &["a.go", "b.go"], &[]),
            ("*.go\n!a.go\n", &["b.go"], &["a.go"]),
            ("**\n!util/web\nutil/web/foo\n", &["x", "util/web/foo"], &["util/web", "util/web/bar"]),
            (" # not a comment\n", &["# not a comment"], &[]),
            ("#comment\n\n  x  \r\n", &["x"], &["comment", "#comment"]),
            ("\u{feff}#comment\nx", &["x"], &["#comment"]),
            ("\u{feff}x\r\n! y \r\n", &["x"], &["y"]),
            ("foo bar\n", &["foo bar"], &["foo", "bar"]),
            ("../up\n", &[], &["up"]),
            ("a\\ b\n", &["a b"], &[]),
        ];
        for (text, yes, no) in cases {
            let ignore = ignore(text);
            yes.iter().for_each(|path| assert!(ignore.excludes(path), "{text:?} should exclude `{path}`"));
            no.iter().for_each(|path| assert!(!ignore.excludes(path), "{text:?} should keep `{path}`"));
        }
    }

    #[test]
    fn refuses_bad_patterns_with_their_line() {
        for (text, line) in [("a\n[\n", 2), ("!\n", 1), ("a\n\n!  \n", 3), ("x\\", 1), ("[a-]", 1)] {
            let error = Ignore::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error}");
            assert!(error.hint().is_some());
        }
        let long = format!("a\n{}", "x".repeat(65_536));
        assert_eq!(Ignore::parse(long).unwrap_err().reason, IgnoreReason::TooLong);
        assert_eq!(
            Ignore::parse("ok\n[z").unwrap_err().to_string(),
            "bad ignore pattern `[z` on line 2: `[` is never closed by `]`"
        );
    }

    #[test]
    fn names_the_deciding_pattern() {
        let ignore = ignore("# c\nnode_modules\n!node_modules/keep\n*.log\n");
        let reason = |path: &str| ignore.reason(path).map(|pattern| (pattern.line(), pattern.text()));
        assert_eq!(reason("node_modules/x/y"), Some((2, "node_modules")));
        assert_eq!(reason("node_modules/keep/z"), Some((3, "!node_modules/keep")));
        assert_eq!(reason("a.log"), Some((4, "*.log")));
        assert_eq!(reason("src/main.rs"), None);
    }

    #[test]
    fn prunes_only_where_nothing_can_come_back() {
        let cases = [
            ("a\n", "a", Verdict::Prune),
            ("a\n!a/b/c\n", "a", Verdict::Exclude),
            ("a\n!a/b/c\n", "a/x", Verdict::Prune),
            ("a\n!a/b/c\n", "a/b", Verdict::Exclude),
            ("a\n!**/keep\n", "a/x/y", Verdict::Exclude),
            ("!a/b\na\n", "a", Verdict::Prune),
            ("a\n!z\n", "a", Verdict::Prune),
            ("a\n!z\n", "b", Verdict::Include),
            ("**\n!src/**\n", "src", Verdict::Exclude),
        ];
        for (text, path, expected) in cases {
            let ignore = ignore(text);
            let mut walk = Walk::default();
            let mut verdict = Verdict::Include;
            for (at, _) in format!("{path}/").match_indices('/') {
                (verdict, walk) = ignore.enter(&path[..at], &walk);
            }
            assert_eq!(verdict, expected, "{text:?} at `{path}`");
        }
    }

    proptest::proptest! {
        #[test]
        fn walking_agrees_with_asking(
            lines in proptest::collection::vec("!?(\\*\\*/?)?[ab*?]{0,3}(/[ab*]{1,2}){0,2}", 0..6),
            path in "[ab]{1,2}(/[ab]{1,2}){0,4}",
        ) {
            let Ok(ignore) = Ignore::parse(lines.join("\n")) else { return Ok(()) };
            let (mut walk, mut pruned) = (Walk::default(), false);
            for (at, _) in path.match_indices('/') {
                let (verdict, below) = ignore.enter(&path[..at], &walk);
                pruned |= verdict == Verdict::Prune;
                proptest::prop_assert_eq!(verdict != Verdict::Include, ignore.excludes(&path[..at]));
                walk = below;
            }
            let excluded = ignore.excludes_in(&path, &walk);
            proptest::prop_assert_eq!(excluded, ignore.excludes(&path));
            proptest::prop_assert!(excluded || !pruned, "pruned a directory above a path that is kept");
        }

        #[test]
        fn arbitrary_bytes_never_panic(text in proptest::collection::vec(0u8.., 0..200), path in ".{0,20}") {
            if let Ok(ignore) = Ignore::parse(text) {
                ignore.excludes(path);
            }
        }
    }
}
