//! Everything some packages need, and who needs it.
//!
//! Works as apt does in a suite of which nothing is installed: breadth first, the first alternative that can be had,
//! a package already chosen before any other. Nothing is ever taken back: in a released suite nothing has to be.
//! `Recommends` and `Suggests` are not followed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use super::dependency::{Clause, DependencyError, Qualifier, Relation, parse_clause};
use super::packages_index::PackageIndex;
use super::record::PackageRecord;

/// Packages with all they need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    /// The packages, ordered by name.
    pub packages: Vec<Selected>,
    /// Excluded packages that somebody needs, with who does.
    pub left_out: BTreeMap<String, Reason>,
}

/// A package in a closure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// The package.
    pub record: PackageRecord,
    /// Why it is there.
    pub reason: Reason,
}

/// Why a package is in a closure.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It was asked for.
    Requested,
    /// Another package needs it.
    NeededBy {
        /// Name of that package.
        package: String,
        /// What it asks for, as it says it.
        clause: String,
    },
}

impl PackageIndex {
    /// The packages that `roots` name with all that they need, except `exclude` and what only those need.
    ///
    /// A root is a relation as in a `Depends` field: `libpq5`, `libpq5 (>= 15)`, a virtual name.
    ///
    /// # Errors
    /// [`ClosureError`]: a root that is not there, a need nothing satisfies, two packages that exclude each other.
    pub fn closure<R: AsRef<str>>(
        &self,
        roots: &[R],
        exclude: &BTreeSet<String>,
    ) -> Result<Closure, ClosureError> {
        let mut walk = Walk {
            index: self,
            exclude,
            selected: BTreeMap::new(),
            provided: BTreeMap::new(),
            exclusions: BTreeMap::new(),
            left_out: BTreeMap::new(),
            queue: VecDeque::new(),
        };
        for root in roots {
            let clause = parse_clause(root.as_ref())
                .map_err(|source| ClosureError::Malformed { package: None, source })?;
            walk.satisfy(&clause, Reason::Requested)?;
        }
        while let Some(name) = walk.queue.pop_front() {
            walk.follow(&name)?;
        }
        Ok(Closure { packages: walk.selected.into_values().collect(), left_out: walk.left_out })
    }
}

struct Walk<'a> {
    index: &'a PackageIndex,
    exclude: &'a BTreeSet<String>,
    selected: BTreeMap<String, Selected>,
    /// Virtual names with who provides them in which version.
    provided: BTreeMap<String, Vec<(String, Option<String>)>>,
    /// Names that chosen packages do not tolerate, with who does not and how it says so.
    exclusions: BTreeMap<String, Vec<(String, String)>>,
    left_out: BTreeMap<String, Reason>,
    queue: VecDeque<String>,
}

impl Walk<'_> {
    fn follow(&mut self, name: &str) -> Result<(), ClosureError> {
        let Some(selected) = self.selected.get(name) else { return Ok(()) };
        let record = selected.record.clone();
        let clauses = record.dependencies().map_err(|source| malformed(&record, source))?;
        for clause in &clauses {
            let reason = Reason::NeededBy { package: name.to_owned(), clause: clause.to_string() };
            self.satisfy(clause, reason)?;
        }
        Ok(())
    }

    fn satisfy(&mut self, clause: &Clause<'_>, reason: Reason) -> Result<(), ClosureError> {
        let applies = |relation: &&Relation<'_>| relation.applies_to(self.index.architecture());
        let alternatives: Vec<&Relation<'_>> = clause.alternatives.iter().filter(applies).collect();
        if alternatives.is_empty() || alternatives.iter().any(|relation| self.holds(relation)) {
            return Ok(());
        }
        if let Some(name) = alternatives.iter().find_map(|relation| self.excluded(relation)) {
            self.left_out.entry(name).or_insert(reason);
            return Ok(());
        }
        let mut clash = None;
        for record in alternatives.iter().flat_map(|relation| self.candidates(relation)) {
            match self.clash(&record)? {
                None => return self.select(record, reason),
                Some(found) => clash = clash.or(Some(found)),
            }
        }
        Err(match clash {
            Some(clash) => clash.error(self.chain(&reason)),
            None => self.unsatisfiable(clause, &alternatives, &reason),
        })
    }

    /// True when a chosen package satisfies `relation`.
    fn holds(&self, relation: &Relation<'_>) -> bool {
        let real = self.selected.get(relation.name);
        real.is_some_and(|selected| relation.admits(selected.record.version.as_str()))
            || self.provided.get(relation.name).is_some_and(|providers| {
                providers.iter().any(|(_, version)| relation.admits_provided(version.as_deref()))
            })
    }

    /// The excluded package that would satisfy `relation`.
    fn excluded(&self, relation: &Relation<'_>) -> Option<String> {
        if self.exclude.contains(relation.name) {
            return Some(relation.name.to_owned());
        }
        if self.exclude.is_empty() || self.index.contains(relation.name) {
            return None;
        }
        let providers = self.index.providers(relation.name).into_iter().map(|record| record.name);
        providers.into_iter().find(|provider| self.exclude.contains(provider))
    }

    /// What could be chosen for `relation`, best first: the package of that name, then those that provide it, by
    /// priority and name.
    fn candidates(&self, relation: &Relation<'_>) -> Vec<PackageRecord> {
        if let Some(Qualifier::Named(architecture)) = relation.qualifier
            && architecture != self.index.architecture().debian()
        {
            return Vec::new();
        }
        let real = self.index.get(relation.name).filter(|record| relation.admits(record.version.as_str()));
        let mut providers = self.index.providers(relation.name);
        providers.retain(|record| {
            record.name != relation.name
                && record.provides(relation.name).is_some_and(|version| relation.admits_provided(version))
        });
        providers.sort_by_key(priority_rank);
        real.into_iter().chain(providers).collect()
    }

    /// What keeps `record` and the chosen packages apart.
    fn clash(&self, record: &PackageRecord) -> Result<Option<Clash>, ClosureError> {
        for clause in &record.exclusions().map_err(|source| malformed(record, source))? {
            let relation = &clause.alternatives[0];
            if let Some(other) = self.chosen_match(relation, &record.name) {
                return Ok(Some(Clash::new(&record.name, relation, &other)));
            }
        }
        let names = record.provisions().map(|(name, version)| (name, version, true));
        for (name, version, is_virtual) in
            names.chain([(&record.name[..], Some(record.version.as_str()), false)])
        {
            for (owner, text) in self.exclusions.get(name).into_iter().flatten() {
                let Ok(clause) = parse_clause(text) else { continue };
                let relation = &clause.alternatives[0];
                let hit = match (is_virtual, version) {
                    (true, version) => relation.admits_provided(version),
                    (false, version) => version.is_some_and(|version| relation.admits(version)),
                };
                if hit && *owner != record.name {
                    return Ok(Some(Clash::new(owner, relation, &record.name)));
                }
            }
        }
        Ok(None)
    }

    /// A chosen package other than `except` that `relation` is about.
    fn chosen_match(&self, relation: &Relation<'_>, except: &str) -> Option<String> {
        if relation.name != except
            && self
                .selected
                .get(relation.name)
                .is_some_and(|chosen| relation.admits(chosen.record.version.as_str()))
        {
            return Some(relation.name.to_owned());
        }
        let providers = self.provided.get(relation.name)?.iter();
        let mut hits = providers
            .filter(|(owner, version)| owner != except && relation.admits_provided(version.as_deref()));
        hits.next().map(|(owner, _)| owner.clone())
    }

    fn select(&mut self, record: PackageRecord, reason: Reason) -> Result<(), ClosureError> {
        let name = record.name.clone();
        for (provided, version) in record.provisions() {
            let provider = (name.clone(), version.map(str::to_owned));
            self.provided.entry(provided.to_owned()).or_default().push(provider);
        }
        for clause in &record.exclusions().map_err(|source| malformed(&record, source))? {
            let relation = &clause.alternatives[0];
            let exclusion = (name.clone(), relation.to_string());
            self.exclusions.entry(relation.name.to_owned()).or_default().push(exclusion);
        }
        self.selected.insert(name.clone(), Selected { record, reason });
        self.queue.push_back(name);
        Ok(())
    }

    /// Who led to `reason`, nearest first.
    fn chain(&self, reason: &Reason) -> Vec<String> {
        let mut chain = Vec::new();
        let mut reason = reason;
        while let Reason::NeededBy { package, .. } = reason {
            let Some(selected) = self.selected.get(package) else { break };
            chain.push(format!("{package} {}", selected.record.version));
            reason = &selected.reason;
        }
        chain
    }

    fn unsatisfiable(
        &self,
        clause: &Clause<'_>,
        alternatives: &[&Relation<'_>],
        reason: &Reason,
    ) -> ClosureError {
        let place = self.index.release().to_string();
        let first = alternatives[0];
        let known = |relation: &&Relation<'_>| {
            self.index.contains(relation.name) || !self.index.providers(relation.name).is_empty()
        };
        if !alternatives.iter().any(|relation| known(&relation)) {
            let suggestions = self.index.suggest(first.name);
            return ClosureError::Unknown {
                clause: clause.to_string(),
                place,
                chain: self.chain(reason),
                suggestions,
            };
        }
        let found = alternatives
            .iter()
            .filter_map(|relation| self.index.get(relation.name))
            .map(|record| format!("{} {}", record.name, record.version))
            .collect();
        ClosureError::Unsatisfiable { clause: clause.to_string(), place, chain: self.chain(reason), found }
    }
}

struct Clash {
    package: String,
    relation: String,
    other: String,
}

impl Clash {
    fn new(package: &str, relation: &Relation<'_>, other: &str) -> Self {
        Self { package: package.to_owned(), relation: relation.to_string(), other: other.to_owned() }
    }

    fn error(self, chain: Vec<String>) -> ClosureError {
        ClosureError::Clash { package: self.package, relation: self.relation, other: self.other, chain }
    }
}

fn malformed(record: &PackageRecord, source: DependencyError) -> ClosureError {
    ClosureError::Malformed { package: Some(record.name.clone()), source }
}

fn priority_rank(record: &PackageRecord) -> usize {
    let order = ["required", "important", "standard", "optional"];
    order.iter().position(|priority| *priority == record.priority).unwrap_or(order.len())
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requested => f.write_str("requested"),
            Self::NeededBy { package, clause } => write!(f, "`{package}` needs `{clause}`"),
        }
    }
}

/// Why there is no closure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClosureError {
    /// No package of that name exists.
    #[error("no package in {place} is or provides `{clause}`{}", needed_by(chain))]
    Unknown {
        /// What was asked for.
        clause: String,
        /// The release.
        place: String,
        /// Who asked, nearest first; empty when the user did.
        chain: Vec<String>,
        /// Names that may have been meant.
        suggestions: Vec<String>,
    },
    /// Packages of that name exist in other versions only.
    #[error("nothing in {place} satisfies `{clause}`{}{}", having(found), needed_by(chain))]
    Unsatisfiable {
        /// What was asked for.
        clause: String,
        /// The release.
        place: String,
        /// Who asked, nearest first; empty when the user did.
        chain: Vec<String>,
        /// What there is instead.
        found: Vec<String>,
    },
    /// Two packages cannot be in one image.
    #[error("`{package}` excludes `{relation}`, so it cannot be together with `{other}`{}", needed_by(chain))]
    Clash {
        /// Who excludes.
        package: String,
        /// Whom, as it says it.
        relation: String,
        /// Who that is.
        other: String,
        /// Who asked for the second of both, nearest first; empty when the user did.
        chain: Vec<String>,
    },
    /// A relation cannot be read.
    #[error("{}{source}", package.as_ref().map(|name| format!("package `{name}`: ")).unwrap_or_default())]
    Malformed {
        /// The package that has it; `None` for a request.
        package: Option<String>,
        /// What is wrong.
        source: DependencyError,
    },
}

impl ClosureError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { suggestions, .. } if !suggestions.is_empty() => {
                let names: Vec<_> = suggestions.iter().map(|name| format!("`{name}`")).collect();
                Some(format!("there is {}", names.join(", ")))
            }
            Self::Clash { package, other, .. } => {
                Some(format!("leave out one of `{package}` and `{other}`, or what needs it"))
            }
            _ => None,
        }
    }
}

fn needed_by(chain: &[String]) -> String {
    let links = chain.iter().enumerate().map(|(index, package)| {
        let needed = if index == 0 { "; it is needed by" } else { ", which is needed by" };
        format!("{needed} `{package}`")
    });
    links.collect()
}

fn having(found: &[String]) -> String {
    if found.is_empty() { String::new() } else { format!(" (there is `{}`)", found.join("`, `")) }
}

#[cfg(test)]
mod tests {
    use super::super::packages_index::tests::index;
    use super::*;

    fn closure(packages: &[&str], roots: &[&str], exclude: &[&str]) -> Result<Vec<String>, ClosureError> {
        let exclude = exclude.iter().map(|name| (*name).to_owned()).collect();
        let closure = index([packages, &[], &[]]).closure(roots, &exclude)?;
        Ok(closure.packages.into_iter().map(|selected| selected.record.name).collect())
    }

    #[test]
    fn follows_dependencies_and_pre_dependencies_once() {
        let packages = ["a 1 | Depends: b, c | Pre-Depends: d", "b 1 | Depends: a, d", "c 1", "d 1", "e 1"];
        assert_eq!(closure(&packages, &["a"], &[]).unwrap(), ["a", "b", "c", "d"]);
        assert_eq!(closure(&packages, &[], &[]).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn takes_the_first_alternative_unless_another_is_there_already() {
        let packages = ["a 1 | Depends: x / y", "b 1 | Depends: y", "x 1", "y 1", "z 1 | Depends: gone / y"];
        assert_eq!(closure(&packages, &["a"], &[]).unwrap(), ["a", "x"]);
        assert_eq!(closure(&packages, &["y", "a"], &[]).unwrap(), ["a", "y"]);
        assert_eq!(closure(&packages, &["z"], &[]).unwrap(), ["y", "z"]);
    }

    #[test]
    fn takes_providers_by_priority_and_respects_provided_versions() {
        let packages = [
            "a 1 | Depends: awk (>= 2)",
            "b 1 | Depends: awk",
            "mawk 1 | Provides: awk | Priority: required",
            "gawk 1 | Provides: awk (= 2) | Priority: optional",
            "busy 1 | Provides: awk | Priority: optional",
        ];
        assert_eq!(closure(&packages, &["b"], &[]).unwrap(), ["b", "mawk"]);
        assert_eq!(closure(&packages, &["a"], &[]).unwrap(), ["a", "gawk"]);
        assert_eq!(closure(&packages, &["a", "b"], &[]).unwrap(), ["a", "b", "gawk", "mawk"]);
        assert_eq!(closure(&packages, &["busy", "b"], &[]).unwrap(), ["b", "busy"]);
    }

    #[test]
    fn leaves_out_what_is_excluded_and_says_who_needs_it() {
        let packages = [
            "a 1 | Depends: debconf (>= 1) / debconf-2.0, awk",
            "debconf 2 | Depends: perl",
            "perl 5",
            "mawk 1 | Provides: awk",
        ];
        let exclude = ["debconf", "mawk"].map(str::to_owned).into();
        let closure = index([&packages, &[], &[]]).closure(&["a"], &exclude).unwrap();
        assert_eq!(closure.packages.len(), 1);
        let reasons: Vec<_> =
            closure.left_out.iter().map(|(name, reason)| format!("{name}: {reason}")).collect();
        assert_eq!(reasons, ["debconf: `a` needs `debconf (>= 1) | debconf-2.0`", "mawk: `a` needs `awk`"]);
    }

    #[test]
    fn explains_what_nothing_satisfies() {
        let packages = [
            "a 1 | Depends: b",
            "b 2 | Depends: c (>= 3)",
            "c 2",
            "d 1 | Depends: libfoo1",
            "libfoo2 1",
            "e 1 | Depends: v (>= 2)",
            "p 1 | Provides: v (= 1)",
        ];
        let error = closure(&packages, &["a"], &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "nothing in Debian 13 (trixie) satisfies `c (>= 3)` (there is `c 2`); it is needed by `b 2`, which is needed by `a 1`"
        );
        let error = closure(&packages, &["d"], &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no package in Debian 13 (trixie) is or provides `libfoo1`; it is needed by `d 1`"
        );
        assert_eq!(error.hint().unwrap(), "there is `libfoo2`");
        assert!(matches!(closure(&packages, &["e"], &[]), Err(ClosureError::Unsatisfiable { .. })));
        assert!(matches!(
            closure(&packages, &["a b"], &[]),
            Err(ClosureError::Malformed { package: None, .. })
        ));
    }

    #[test]
    fn keeps_packages_apart_that_exclude_each_other() {
        let packages = [
            "a 1 | Conflicts: mta | Provides: mta",
            "b 1 | Provides: mta | Conflicts: mta",
            "old 1",
            "new 1 | Breaks: old (<< 2)",
            "c 1 | Depends: b / old",
        ];
        let error = closure(&packages, &["a", "b"], &[]).unwrap_err();
        assert_eq!(error.to_string(), "`b` excludes `mta`, so it cannot be together with `a`");
        assert!(matches!(closure(&packages, &["old", "new"], &[]), Err(ClosureError::Clash { .. })));
        assert!(matches!(closure(&packages, &["new", "old"], &[]), Err(ClosureError::Clash { .. })));
        assert_eq!(closure(&packages, &["a", "c"], &[]).unwrap(), ["a", "c", "old"]);
    }

    #[test]
    fn reads_roots_as_relations_and_ignores_other_architectures() {
        let packages = ["a 2 | Depends: b [arm64], c:any, d:i386 / e", "c 1", "d 1", "e 1"];
        assert_eq!(closure(&packages, &["a (>= 2)"], &[]).unwrap(), ["a", "c", "e"]);
        assert!(closure(&packages, &["a (>= 3)"], &[]).is_err());
    }
}
