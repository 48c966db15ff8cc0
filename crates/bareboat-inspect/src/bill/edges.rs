//! Which package needs which: by what package managers wrote down, and by which library the loader takes.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_packages::deb::{Architecture, Relation, parse_clauses};
use bareboat_packages::pypi::{DistributionName, MarkerEnvironment, PythonVersion, Requirement, Target};

use super::interpreter;
use super::records::Record;
use crate::facts::{Ecosystem, Facts};

/// Edges between packages, by their places in the facts.
pub(super) struct Edges {
    pub(super) packages: Vec<BTreeSet<usize>>,
}

impl Edges {
    pub(super) fn find(facts: &Facts, records: &[Record]) -> Self {
        let mut edges = Self { packages: vec![BTreeSet::new(); facts.packages.len()] };
        edges.debian(facts, records);
        edges.alpine(facts, records);
        edges.python(facts, records);
        edges.loaded(facts);
        for (from, needed) in edges.packages.iter_mut().enumerate() {
            needed.remove(&from);
        }
        edges
    }

    /// The packages that an interpreter is of, or that its program's libraries are of.
    pub(super) fn interpreter(&self, facts: &Facts, index: usize) -> impl Iterator<Item = usize> {
        let found = &facts.interpreters[index];
        let mut needed: BTreeSet<usize> = BTreeSet::new();
        for path in [&found.program, &found.library].into_iter().flatten() {
            needed.extend(facts.owner_index(path));
            let libraries = facts.load.iter().filter_map(|load| load.libraries.get(path)).flatten();
            needed.extend(libraries.filter_map(|(_, library)| facts.owner_index(library)));
            // A directory has no owner; its best known file has.
            let module = path.join("os.py").ok();
            needed.extend(module.and_then(|module| facts.owner_index(&module)));
        }
        needed.into_iter()
    }

    /// Python distributions that no other one needs.
    pub(super) fn top_distributions(&self, facts: &Facts) -> impl Iterator<Item = usize> {
        let is_python = |index: &usize| facts.packages[*index].ecosystem == Ecosystem::Python;
        let all = (0..facts.packages.len()).filter(is_python);
        let needed: BTreeSet<usize> =
            all.clone().flat_map(|from| self.packages[from].iter().copied()).collect();
        all.filter(move |index| !needed.contains(index)).collect::<Vec<_>>().into_iter()
    }

    /// The first alternative of each clause that is there, under its own name or a provided one (Policy 7.1, 7.5).
    fn debian(&mut self, facts: &Facts, records: &[Record]) {
        let mut real: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut provided: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, package) in of(facts, Ecosystem::Deb) {
            real.entry(&package.name).or_default().push(index);
            for clause in
                records[index].provides.iter().filter_map(|field| parse_clauses(field).ok()).flatten()
            {
                for relation in clause.alternatives {
                    provided.entry(relation.name).or_default().push(index);
                }
            }
        }
        for (from, package) in of(facts, Ecosystem::Deb) {
            // Of a package for several architectures its own, or the one for all.
            let own = |candidates: &Vec<usize>| {
                let same = |index: &&usize| facts.packages[**index].architecture == package.architecture;
                candidates.iter().take(MOST_OF_A_NAME).find(same).or(candidates.first()).copied()
            };
            let there = |relation: &Relation<'_>| {
                real.get(relation.name).and_then(own).or_else(|| provided.get(relation.name).and_then(own))
            };
            let clauses = records[from].needs.iter().filter_map(|field| parse_clauses(field).ok()).flatten();
            let found: Vec<usize> =
                clauses.filter_map(|clause| clause.alternatives.iter().find_map(there)).collect();
            self.packages[from].extend(found);
        }
    }

    /// `so:libc.musl-x86_64.so.1`, `cmd:sh`, `busybox>=1.36`, each without its version; `!` is a conflict.
    fn alpine(&mut self, facts: &Facts, records: &[Record]) {
        let bare = |word: &str| word.split(['<', '>', '=', '~']).next().unwrap_or_default().to_owned();
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for (index, package) in of(facts, Ecosystem::Apk) {
            for word in &records[index].provides {
                known.entry(bare(word)).or_insert(index);
            }
            known.insert(package.name.clone(), index);
        }
        for (from, _) in of(facts, Ecosystem::Apk) {
            let wanted = records[from].needs.iter().filter(|word| !word.starts_with('!'));
            let found: Vec<usize> = wanted.filter_map(|word| known.get(&bare(word)).copied()).collect();
            self.packages[from].extend(found);
        }
    }

    /// Requirements whose markers hold in the image; extras count when another distribution asks for them.
    fn python(&mut self, facts: &Facts, records: &[Record]) {
        let named: BTreeMap<DistributionName, usize> = of(facts, Ecosystem::Python)
            .filter_map(|(index, package)| Some((DistributionName::new(&package.name).ok()?, index)))
            .collect();
        let environment = environment(facts);
        let mut extras: BTreeMap<usize, BTreeSet<DistributionName>> = BTreeMap::new();
        // An extra may ask for another one, of the same distribution even.
        for _ in 0..MOST_ROUNDS {
            let mut grew = false;
            for (from, _) in of(facts, Ecosystem::Python) {
                let active = extras.get(&from).cloned().unwrap_or_default();
                for text in &records[from].needs {
                    let Ok(requirement) = text.parse::<Requirement>() else { continue };
                    let Some(to) = named.get(&requirement.name).copied() else { continue };
                    if !holds(&requirement, environment.as_ref(), &active) {
                        continue;
                    }
                    self.packages[from].insert(to);
                    let asked = extras.entry(to).or_default();
                    for extra in requirement.extras {
                        grew |= asked.insert(extra);
                    }
                }
            }
            if !grew {
                return;
            }
        }
    }

    /// A file of one package that is linked to a file of another.
    fn loaded(&mut self, facts: &Facts) {
        for (path, libraries) in facts.load.iter().flat_map(|load| &load.libraries) {
            let Some(from) = facts.owner_index(path) else { continue };
            self.packages[from].extend(libraries.values().filter_map(|library| facts.owner_index(library)));
        }
    }
}

/// Packages of one name that are looked at: there is one for each architecture.
const MOST_OF_A_NAME: usize = 64;

/// Extras that lead to extras: real ones do so twice.
const MOST_ROUNDS: usize = 16;

fn of(facts: &Facts, ecosystem: Ecosystem) -> impl Iterator<Item = (usize, &crate::facts::Package)> {
    facts.packages.iter().enumerate().filter(move |(_, package)| package.ecosystem == ecosystem)
}

/// What markers are evaluated for; `None` for a processor whose names in markers are not known here.
fn environment(facts: &Facts) -> Option<MarkerEnvironment> {
    let found = facts.interpreters.first()?;
    let version = interpreter::version(facts, found).0;
    let version = version.parse().unwrap_or(PythonVersion::new(3, found.minor, 0));
    let name = facts.platform.as_ref()?.architecture.as_str();
    let architecture = Architecture::ALL.into_iter().find(|known| known.debian() == name)?;
    Some(MarkerEnvironment::new(&Target::new(version, (2, 0), architecture)))
}

fn holds(
    requirement: &Requirement,
    environment: Option<&MarkerEnvironment>,
    extras: &BTreeSet<DistributionName>,
) -> bool {
    match environment {
        Some(environment) => requirement.applies(&environment.with_extras(extras.clone())),
        None => requirement.marker.is_none(),
    }
}
