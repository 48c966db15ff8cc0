//! Path patterns in the two dialects Dockerfiles know, matched in `O(path × pattern)` whatever the input.
//!
//! [`Glob::file`] is Go's `path.Match`, which COPY and ADD sources use; [`Glob::ignore`] is the dialect of
//! `.dockerignore` and `--exclude`, where `**` also crosses directories. A pattern is compiled to the states
//! of a small automaton; all states that a path can be in advance together, so nothing ever backtracks.

/// A compiled pattern. Case-sensitive; works on bytes, and treats well-formed UTF-8 as characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    tokens: Vec<Token>,
    /// Literal bytes every match starts with: most paths are refused by comparing these.
    prefix: Vec<u8>,
    /// Literal bytes every match ends with.
    suffix: Vec<u8>,
}

/// Why a pattern is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// `[` without `]`.
    #[error("`[` is never closed by `]`")]
    UnclosedClass,
    /// `[]`, `[-a]`, `[a-]` and the like.
    #[error("a `[...]` class has an empty or broken range; write `\\-` or `\\]` for the character itself")]
    BrokenClass,
    /// A backslash with nothing to escape.
    #[error("the pattern ends with a lone `\\`")]
    TrailingBackslash,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// One unit, itself.
    Literal(Unit),
    /// `?`: one unit but not `/`.
    AnyButSlash,
    /// `[...]`: one unit, `/` included when the ranges say so (as in Go).
    Class { negated: bool, ranges: Vec<(Unit, Unit)> },
    /// `*`: any number of units but not `/`.
    Star,
    /// `**` at the end: any number of units.
    Everything,
    /// Entry of `**/`: nothing, or whole directories (which the next token consumes).
    DirectoriesEntry,
    /// Inside `**/`: any units up to a `/`.
    Directories,
}

/// A character, or a byte that belongs to none (shifted above every character).
type Unit = u32;

const NOT_UTF8: Unit = 0x11_0000;
const SLASH: Unit = '/' as Unit;

impl Glob {
    /// Compiles a pattern for `path.Match` (Go): `*`, `?`, `[a-z]`, `[^a-z]`, `\x`; nothing crosses `/`.
    ///
    /// # Errors
    /// A malformed class or a trailing backslash.
    pub fn file(pattern: impl AsRef<[u8]>) -> Result<Self, GlobError> {
        compile(pattern.as_ref(), false)
    }

    /// Compiles a pattern for `.dockerignore` and `--exclude`: as [`Glob::file`], and `**` crosses directories.
    ///
    /// The pattern must be clean (no leading `/`, no empty, `.` or `..` component).
    /// Follows the patternmatcher library, except where a pattern falls through into its regular expressions
    /// (`\d`, `[*]`, `^` beside a star): here these mean the characters themselves.
    ///
    /// # Errors
    /// As [`Glob::file`].
    pub fn ignore(pattern: impl AsRef<[u8]>) -> Result<Self, GlobError> {
        compile(pattern.as_ref(), true)
    }

    /// True when the whole of `path` matches.
    pub fn matches(&self, path: impl AsRef<[u8]>) -> bool {
        let path = path.as_ref();
        let fits = path.len() >= self.prefix.len().max(self.suffix.len());
        if !fits || !path.starts_with(&self.prefix) || !path.ends_with(&self.suffix) {
            return false;
        }
        self.run(path, |states| states.has(self.tokens.len()))
    }

    /// True when some path below the directory `path` could match.
    pub fn could_match_below(&self, path: impl AsRef<[u8]>) -> bool {
        let directory = [path.as_ref(), b"/"].concat();
        self.run(&directory, |states| states.any_below(self.tokens.len()))
    }

    /// True when the pattern has no wildcard: it matches exactly one path.
    pub fn is_literal(&self) -> bool {
        self.tokens.iter().all(|token| matches!(token, Token::Literal(_)))
    }

    fn run<T>(&self, path: &[u8], answer: impl FnOnce(&States) -> T) -> T {
        const INLINE: usize = 4;
        let words = self.tokens.len() / 64 + 1;
        let mut inline = [0; 2 * INLINE];
        let mut heap = Vec::new();
        let buffer = if words <= INLINE {
            &mut inline[..2 * words]
        } else {
            heap.resize(2 * words, 0);
            &mut heap[..]
        };
        let (now, next) = buffer.split_at_mut(words);
        let (mut now, mut next) = (States(now), States(next));
        self.enter(&mut now, 0);
        for unit in units(path) {
            next.0.fill(0);
            for state in now.iter() {
                self.advance(state, unit, &mut next);
            }
            std::mem::swap(&mut now, &mut next);
        }
        answer(&now)
    }

    /// Adds `state` and all states reachable from it without consuming anything.
    fn enter(&self, states: &mut States, state: usize) {
        states.add(state);
        match self.tokens.get(state) {
            Some(Token::Star | Token::Everything) => self.enter(states, state + 1),
            Some(Token::DirectoriesEntry) => {
                states.add(state + 1);
                self.enter(states, state + 2);
            }
            _ => {}
        }
    }

    fn advance(&self, state: usize, unit: Unit, next: &mut States) {
        let Some(token) = self.tokens.get(state) else { return };
        match token {
            Token::Literal(literal) if *literal == unit => self.enter(next, state + 1),
            Token::AnyButSlash if unit != SLASH => self.enter(next, state + 1),
            Token::Class { negated, ranges } => {
                let inside = ranges.iter().any(|(low, high)| (low..=high).contains(&&unit));
                if inside != *negated {
                    self.enter(next, state + 1);
                }
            }
            Token::Star if unit != SLASH => self.enter(next, state),
            Token::Everything => self.enter(next, state),
            Token::Directories => {
                next.add(state);
                if unit == SLASH {
                    self.enter(next, state + 1);
                }
            }
            Token::Literal(_) | Token::AnyButSlash | Token::Star | Token::DirectoriesEntry => {}
        }
    }
}

/// A set of automaton states, one bit each.
struct States<'a>(&'a mut [u64]);

impl States<'_> {
    fn add(&mut self, state: usize) {
        self.0[state / 64] |= 1 << (state % 64);
    }

    fn has(&self, state: usize) -> bool {
        self.0[state / 64] & (1 << (state % 64)) != 0
    }

    fn any_below(&self, limit: usize) -> bool {
        self.iter().next().is_some_and(|first| first < limit)
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(index, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest.wrapping_sub(1);
                (bit < 64).then_some(index * 64 + bit)
            })
        })
    }
}

/// The units of `bytes`, first to last.
fn units(bytes: &[u8]) -> impl Iterator<Item = Unit> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid().chars().map(Unit::from);
        valid.chain(chunk.invalid().iter().map(|byte| NOT_UTF8 + Unit::from(*byte)))
    })
}

fn compile(pattern: &[u8], crosses_directories: bool) -> Result<Glob, GlobError> {
    let units: Vec<Unit> = units(pattern).collect();
    let mut tokens = Vec::with_capacity(units.len());
    let mut at = 0;
    while let Some(&unit) = units.get(at) {
        at += 1;
        match char::from_u32(unit) {
            Some('*') if crosses_directories && units.get(at) == Some(&('*' as Unit)) => {
                at += 1;
                let bounded = units.get(at) == Some(&SLASH);
                at += usize::from(bounded);
                // A leading `**` before plain text means "ends with" to the reference implementation, so
                // `**.log` and `**file` need no directory boundary, while `**/file` does.
                let any = at == units.len() || tokens.is_empty() && !bounded && is_plain(&units[at..]);
                match any {
                    true => tokens.push(Token::Everything),
                    false => tokens.extend([Token::DirectoriesEntry, Token::Directories]),
                }
            }
            // Neighbouring stars mean the same as one.
            Some('*') if tokens.last() == Some(&Token::Star) => {}
            Some('*') => tokens.push(Token::Star),
            Some('?') => tokens.push(Token::AnyButSlash),
            Some('[') => tokens.push(class(&units, &mut at)?),
            Some('\\') => {
                let escaped = units.get(at).ok_or(GlobError::TrailingBackslash)?;
                tokens.push(Token::Literal(*escaped));
                at += 1;
            }
            _ => tokens.push(Token::Literal(unit)),
        }
    }
    let prefix = literal_bytes(tokens.iter());
    let mut suffix = literal_bytes(tokens.iter().rev());
    suffix.reverse();
    Ok(Glob { tokens, prefix, suffix })
}

fn is_plain(units: &[Unit]) -> bool {
    !units.iter().any(|unit| char::from_u32(*unit).is_some_and(|unit| r"*?[]\".contains(unit)))
}

/// A class, from just after its `[`; leaves `at` just after its `]`.
fn class(units: &[Unit], at: &mut usize) -> Result<Token, GlobError> {
    let is = |at: usize, wanted: char| units.get(at) == Some(&Unit::from(wanted));
    let negated = is(*at, '^');
    *at += usize::from(negated);
    let mut ranges = Vec::new();
    while ranges.is_empty() || !is(*at, ']') {
        let low = class_unit(units, at)?;
        let mut high = low;
        if is(*at, '-') {
            *at += 1;
            high = class_unit(units, at)?;
        }
        ranges.push((low, high));
    }
    *at += 1;
    Ok(Token::Class { negated, ranges })
}

fn class_unit(units: &[Unit], at: &mut usize) -> Result<Unit, GlobError> {
    let mut unit = *units.get(*at).ok_or(GlobError::UnclosedClass)?;
    if unit == Unit::from('-') || unit == Unit::from(']') {
        return Err(GlobError::BrokenClass);
    }
    if unit == Unit::from('\\') {
        *at += 1;
        unit = *units.get(*at).ok_or(GlobError::UnclosedClass)?;
    }
    *at += 1;
    if *at == units.len() { Err(GlobError::UnclosedClass) } else { Ok(unit) }
}

/// The ASCII bytes of the literals before the first other token. Stops before other characters, so that the
/// result serves from either end.
fn literal_bytes<'a>(tokens: impl Iterator<Item = &'a Token>) -> Vec<u8> {
    tokens
        .map_while(|token| match token {
            Token::Literal(unit) => u8::try_from(*unit).ok().filter(u8::is_ascii),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_like_the_ignore_dialect() {
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("**", &["file", "a/b", ""], &[]),
            ("**/dir", &["dir", "a/dir", "a/b/dir"], &["xdir", "dir/x", "a/xdir"]),
            ("**file", &["file", "xfile", "a/file", "a/xfile"], &["file/x"]),
            ("**.log", &["a.log", "b/a.log"], &["a.logs"]),
            ("**/*.txt", &["f.txt", "a/b/f.txt", ".txt"], &["f.txt/x", "txt"]),
            ("**/**/*.txt", &["f.txt", "a/f.txt", "a/b/f.txt"], &["f.txt2"]),
            ("**/dir2/**", &["dir2/x", "a/dir2/b/c"], &["dir2", "a/dir2"]),
            ("dir/**", &["dir/a", "dir/a/b"], &["dir", "dirx/a"]),
            ("a**/*.txt", &["a/f.txt", "a/d/d/f.txt", "ab/f.txt", "af.txt"], &["b/f.txt"]),
            ("a/*.txt**", &["a/f.txt", "a/f.txt/b", "a/f.txtx"], &["a/b/f.txt"]),
            ("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["ab", "a/xb"]),
            ("*", &["a", ".a"], &["a/b"]),
            ("a?c", &["abc", "a\u{263a}c"], &["ac", "a/c"]),
            ("a[b-d]e", &["ace"], &["ae", "aae", "aXe"]),
            ("a[^b-d]e", &["aze"], &["ace"]),
            ("[\u{3b1}-\u{3b6}]", &["\u{3b2}"], &["b"]),
            (r"a\*b", &["a*b"], &["axb"]),
            (r"[\]a]", &["]", "a"], &["b"]),
            (r"[x\-]", &["x", "-"], &["z"]),
            ("[[]", &["["], &["x"]),
            ("a.|)$(}+{bc", &["a.|)$(}+{bc"], &["aX|)$(}+{bc"]),
            ("Abc", &["Abc"], &["abc"]),
        ];
        for (pattern, yes, no) in cases {
            let glob = Glob::ignore(pattern).unwrap();
            yes.iter().for_each(|path| assert!(glob.matches(path), "`{pattern}` should match `{path}`"));
            no.iter().for_each(|path| assert!(!glob.matches(path), "`{pattern}` should not match `{path}`"));
        }
    }

    #[test]
    fn double_star_is_a_single_star_in_the_file_dialect() {
        let glob = Glob::file("a/**").unwrap();
        assert!(glob.matches("a/b") && !glob.matches("a/b/c"));
        assert!(Glob::file("abc").unwrap().is_literal() && !glob.is_literal());
    }

    #[test]
    fn refuses_what_go_refuses() {
        for pattern in ["[", "[^", "[^bc", "a[", "[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "\\", "a\\", "[a"]
        {
            assert!(Glob::file(pattern).is_err() && Glob::ignore(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn knows_whether_anything_below_can_match() {
        let cases =
            [("a/b/c", "a", true), ("a/b/c", "a/b", true), ("a/b/c", "a/b/c", false), ("a/b", "x", false)];
        let wild = [("**/x", "any/where", true), ("a/*/x", "a/q", true), ("a/*/x", "a/q/x", false)];
        for (pattern, directory, expected) in cases.into_iter().chain(wild) {
            let found = Glob::ignore(pattern).unwrap().could_match_below(directory);
            assert_eq!(found, expected, "`{pattern}` below `{directory}`");
        }
    }

    #[test]
    fn hostile_patterns_take_no_exponential_time() {
        let pattern = "**/a*".repeat(60) + "b";
        assert!(!Glob::ignore(&pattern).unwrap().matches("a/".repeat(400)));
    }

    #[test]
    fn bytes_outside_utf8_match_themselves() {
        let glob = Glob::ignore(b"caf\xe9*").unwrap();
        assert!(glob.matches(b"caf\xe9") && !glob.matches(b"caf\xe8"));
        assert!(Glob::ignore("caf?").unwrap().matches(b"caf\xe9"));
    }
}
