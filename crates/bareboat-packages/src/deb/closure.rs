//! Everything some packages need, and who needs it.
//!
//! Works as apt does in a suite of which nothing is installed: breadth first, the first alternative that can be
//! had, a package already chosen before any other. Nothing is ever taken back: in a released suite nothing has
//! to be. `Recommends` and `Suggests` are not followed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use super::closure_error::ClosureError;
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
    /// [`ClosureError`]: a root that is not there, a need nothing satisfies, two packages that exclude each
    /// other.
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

    /// What could be chosen for `relation`, best first: the package of that name, then those that provide it,
    /// by priority and name.
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
        if !alternatives.iter().any(known) {
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

#[cfg(test)]
mod tests;
