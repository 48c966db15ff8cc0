//! Relationship fields: `Depends`, `Pre-Depends`, `Provides`, `Conflicts`, `Breaks`.
//!
//! Follows Debian Policy 7.1 and `deb-control(5)`: clauses separated by commas, alternatives by `|`, each with
//! an optional architecture qualifier, version and architecture restriction. Build profiles (`<!nocheck>`)
//! belong to source packages only and are refused. Borrows from the text.

use std::cmp::Ordering;
use std::fmt;

use super::architecture::Architecture;
use super::version::compare_versions;

/// Alternatives of which one must hold, in order of preference. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause<'a> {
    /// The alternatives.
    pub alternatives: Vec<Relation<'a>>,
}

/// One package wanted, in some version, on some architectures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation<'a> {
    /// Package name, real or virtual.
    pub name: &'a str,
    /// What follows the colon in `name:any`.
    pub qualifier: Option<Qualifier<'a>>,
    /// Which versions are meant; `None` for all.
    pub version: Option<Constraint<'a>>,
    /// The words of `[amd64 !arm64 linux-any]`; empty for no restriction.
    pub architectures: Vec<&'a str>,
}

/// An architecture qualifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qualifier<'a> {
    /// `:any`: a package of any architecture, when it is `Multi-Arch: allowed`.
    Any,
    /// `:native`: the architecture the package manager runs on.
    Native,
    /// A named architecture.
    Named(&'a str),
}

/// `(>= 1.2)`: which versions are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Constraint<'a> {
    /// How to compare.
    pub operator: Operator,
    /// The version to compare with.
    pub version: &'a str,
}

/// A comparison between versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `<<`
    Earlier,
    /// `<=`
    EarlierOrEqual,
    /// `=`
    Equal,
    /// `>=`
    LaterOrEqual,
    /// `>>`
    Later,
}

impl Operator {
    /// True when `left operator right` holds.
    pub fn holds(self, left: &str, right: &str) -> bool {
        let order = compare_versions(left, right);
        match self {
            Self::Earlier => order == Ordering::Less,
            Self::EarlierOrEqual => order != Ordering::Greater,
            Self::Equal => order == Ordering::Equal,
            Self::LaterOrEqual => order != Ordering::Less,
            Self::Later => order == Ordering::Greater,
        }
    }
}

impl Constraint<'_> {
    /// True when `version` is among those meant.
    pub fn admits(&self, version: &str) -> bool {
        self.operator.holds(version, self.version)
    }
}

impl Relation<'_> {
    /// True when a real package of this name in `version` is meant.
    pub fn admits(&self, version: &str) -> bool {
        self.version.is_none_or(|constraint| constraint.admits(version))
    }

    /// True when a package that provides this name, in `version` if it says one, is meant.
    ///
    /// A provision without version never satisfies a relation with one (Policy 7.5).
    pub fn admits_provided(&self, version: Option<&str>) -> bool {
        match (&self.version, version) {
            (None, _) => true,
            (Some(constraint), Some(version)) => constraint.admits(version),
            (Some(_), None) => false,
        }
    }

    /// True when the relation counts on `architecture` (Policy 7.1): its restriction names it, or excludes
    /// others only.
    pub fn applies_to(&self, architecture: Architecture) -> bool {
        let Some(first) = self.architectures.first() else { return true };
        let names = |word: &str| architecture_matches(word.trim_start_matches('!'), architecture);
        if first.starts_with('!') {
            !self.architectures.iter().any(|word| names(word))
        } else {
            self.architectures.iter().any(|word| names(word))
        }
    }
}

/// Matches a name or a wildcard such as `any`, `linux-any`, `any-amd64` (Policy 11.1).
fn architecture_matches(word: &str, architecture: Architecture) -> bool {
    let name = architecture.debian();
    match word.split_once('-') {
        None => word == "any" || word == name,
        Some((system, cpu)) => matches!(system, "any" | "linux") && (cpu == "any" || cpu == name),
    }
}

/// Parses a whole relationship field. Empty clauses (a trailing comma) are skipped.
///
/// # Errors
/// The first clause that does not follow the grammar, or a field with more than [`MAX_CLAUSES`] clauses.
pub fn parse_clauses(field: &str) -> Result<Vec<Clause<'_>>, DependencyError> {
    let mut clauses = Vec::new();
    for text in field.split(',') {
        if text.trim().is_empty() {
            continue;
        }
        if clauses.len() == MAX_CLAUSES {
            return Err(DependencyError::new(text, "the field has too many clauses"));
        }
        clauses.push(parse_clause(text)?);
    }
    Ok(clauses)
}

/// Parses one clause, `a (>= 1) | b`.
///
/// # Errors
/// An alternative that does not follow the grammar.
pub fn parse_clause(text: &str) -> Result<Clause<'_>, DependencyError> {
    let alternatives = text.split('|').map(parse_relation).collect::<Result<_, _>>()?;
    Ok(Clause { alternatives })
}

fn parse_relation(text: &str) -> Result<Relation<'_>, DependencyError> {
    let fail = |reason| DependencyError::new(text, reason);
    let trimmed = text.trim();
    let end = trimmed.find([' ', '\t', '\r', '\n', '(', '[', '<']).unwrap_or(trimmed.len());
    let (name, mut rest) = trimmed.split_at(end);
    let (name, qualifier) = parse_name(name).ok_or_else(|| fail("it starts with no package name"))?;
    let mut relation = Relation { name, qualifier, version: None, architectures: Vec::new() };
    loop {
        rest = rest.trim_start();
        let (inside, after) = match rest.as_bytes().first() {
            None => return Ok(relation),
            Some(b'(') => rest[1..].split_once(')').ok_or_else(|| fail("a parenthesis is not closed"))?,
            Some(b'[') => rest[1..].split_once(']').ok_or_else(|| fail("a bracket is not closed"))?,
            Some(_) => return Err(fail("something other than a version or architectures follows the name")),
        };
        if rest.starts_with('(') {
            if relation.version.is_some() {
                return Err(fail("it has two versions"));
            }
            relation.version =
                Some(parse_constraint(inside).ok_or_else(|| fail("its version is malformed"))?);
        } else {
            relation.architectures.extend(inside.split_ascii_whitespace());
        }
        rest = after;
    }
}

fn parse_name(text: &str) -> Option<(&str, Option<Qualifier<'_>>)> {
    let (name, qualifier) = match text.split_once(':') {
        None => (text, None),
        Some((name, "any")) => (name, Some(Qualifier::Any)),
        Some((name, "native")) => (name, Some(Qualifier::Native)),
        Some((name, other)) if is_package_name(other) => (name, Some(Qualifier::Named(other))),
        Some(_) => return None,
    };
    is_package_name(name).then_some((name, qualifier))
}

/// True for what Policy 5.6.1 allows as a package name, upper case included since virtual names use it.
pub fn is_package_name(text: &str) -> bool {
    let starts_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    starts_well
        && text.len() <= 255
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte))
}

fn parse_constraint(text: &str) -> Option<Constraint<'_>> {
    let text = text.trim();
    // `<` and `>` are the deprecated spellings of `<=` and `>=` (Policy 7.1).
    let (operator, version) = [
        ("<<", Operator::Earlier),
        ("<=", Operator::EarlierOrEqual),
        (">=", Operator::LaterOrEqual),
        (">>", Operator::Later),
        ("=", Operator::Equal),
        ("<", Operator::EarlierOrEqual),
        (">", Operator::LaterOrEqual),
    ]
    .into_iter()
    .find_map(|(sign, operator)| Some((operator, text.strip_prefix(sign)?.trim())))?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".+-~:".contains(&byte);
    (!version.is_empty() && version.bytes().all(plain)).then_some(Constraint { operator, version })
}

/// The largest field of Debian 13 has under 900 clauses.
pub const MAX_CLAUSES: usize = 20_000;

impl fmt::Display for Clause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, relation) in self.alternatives.iter().enumerate() {
            let separator = if index == 0 { "" } else { " | " };
            write!(f, "{separator}{relation}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Relation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        match self.qualifier {
            None => {}
            Some(Qualifier::Any) => f.write_str(":any")?,
            Some(Qualifier::Native) => f.write_str(":native")?,
            Some(Qualifier::Named(name)) => write!(f, ":{name}")?,
        }
        if let Some(constraint) = self.version {
            write!(f, " ({} {})", constraint.operator, constraint.version)?;
        }
        if !self.architectures.is_empty() {
            write!(f, " [{}]", self.architectures.join(" "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Earlier => "<<",
            Self::EarlierOrEqual => "<=",
            Self::Equal => "=",
            Self::LaterOrEqual => ">=",
            Self::Later => ">>",
        })
    }
}

/// A relationship does not follow the grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the dependency `{text}`: {reason}")]
pub struct DependencyError {
    text: String,
    reason: &'static str,
}

impl DependencyError {
    fn new(text: &str, reason: &'static str) -> Self {
        Self { text: text.trim().chars().take(120).collect(), reason }
    }
}

#[cfg(test)]
mod tests;
