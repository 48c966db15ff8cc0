//! A walk over the packages of a lock that tells dependencies but not what applies where.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::{Version, VersionSpecifiers};

use super::LockContext;
use crate::pypi::declared::Declared;
use crate::pypi::error::{Place, PypiError};
use crate::pypi::name::DistributionName;
use crate::pypi::pin::Pin;
use crate::pypi::requirement::{Marker, MarkerEnvironment, Requirement, Wanted};

/// One package of a lock.
pub(super) struct Node {
    pub(super) pin: Pin,
    /// The extras that this entry is for, in locks that have an entry for each set of extras.
    pub(super) extras: BTreeSet<DistributionName>,
    pub(super) edges: Vec<Edge>,
}

/// One dependency of a package.
#[derive(Clone)]
pub(super) struct Edge {
    pub(super) name: DistributionName,
    pub(super) extras: BTreeSet<DistributionName>,
    pub(super) marker: Option<Marker>,
    /// Sets of versions, one of which must hold; none means any.
    pub(super) versions: Vec<VersionSpecifiers>,
}

impl From<&Requirement> for Edge {
    fn from(requirement: &Requirement) -> Self {
        let versions = match &requirement.wanted {
            Wanted::Versions(set) => vec![set.clone()],
            Wanted::Url(_) => Vec::new(),
        };
        let Requirement { name, extras, marker, .. } = requirement.clone();
        Self { name, extras, marker, versions }
    }
}

impl Edge {
    fn accepts(&self, version: Option<&Version>) -> bool {
        let Some(version) = version else { return true };
        self.versions.is_empty() || self.versions.iter().any(|set| set.contains(version) || set.is_empty())
    }
}

/// The pins that the project's own declarations lead to; `relock` says how to get a lock that needs no walk.
///
/// # Errors
/// There is no `pyproject.toml`; as [`walk`].
pub(super) fn walk_from_project(
    context: &LockContext<'_>,
    nodes: &[Node],
    relock: &str,
) -> Result<Vec<Pin>, PypiError> {
    let declared =
        Declared::read(context.project, context.environment)?.ok_or_else(|| PypiError::Unsupported {
            place: Place::file(context.file),
            what: "it can be read only with the `pyproject.toml` it was made from".to_owned(),
            instead: format!("keep `pyproject.toml` beside it, or lock again with {relock}"),
        })?;
    let wanted = declared.wanted(context.environment);
    let roots: Vec<Edge> = wanted.iter().map(|dependency| Edge::from(&dependency.requirement)).collect();
    walk(context.file, nodes, &roots, context.environment)
}

/// The pins of a lock that says itself which packages apply, each with who requires it.
pub(super) fn pins_with_dependents(
    mut pins: BTreeMap<DistributionName, Pin>,
    mut required_by: BTreeMap<DistributionName, BTreeSet<DistributionName>>,
) -> Vec<Pin> {
    for (name, pin) in &mut pins {
        pin.required_by = required_by.remove(name).unwrap_or_default();
    }
    pins.into_values().collect()
}

/// The pins that `roots` lead to in `environment`, by name.
///
/// # Errors
/// Edges to packages that the lock does not hold.
fn walk(
    file: &str,
    nodes: &[Node],
    roots: &[Edge],
    environment: &MarkerEnvironment,
) -> Result<Vec<Pin>, PypiError> {
    let mut pins: BTreeMap<DistributionName, Pin> = BTreeMap::new();
    let mut seen: BTreeSet<(usize, DistributionName)> = BTreeSet::new();
    let mut pending: Vec<(Option<usize>, Edge, BTreeSet<DistributionName>)> = Vec::new();
    let root_extras = &environment.extras;
    pending.extend(roots.iter().map(|edge| (None, edge.clone(), root_extras.clone())));
    while let Some((from, edge, extras)) = pending.pop() {
        let here = environment.with_extras(extras);
        if edge.marker.as_ref().is_some_and(|marker| !marker.evaluate(&here)) {
            continue;
        }
        let at = find(nodes, &edge)
            .ok_or_else(|| PypiError::NotLocked { file: file.to_owned(), name: edge.name.clone() })?;
        let node = &nodes[at];
        let pin = pins.entry(edge.name.clone()).or_insert_with(|| node.pin.clone());
        if let Some(from) = from.map(|from| &nodes[from].pin.name).filter(|from| **from != edge.name) {
            pin.required_by.insert(from.clone());
        }
        // Once without extras and once for each: what an extra adds does not depend on the others.
        let sets = [BTreeSet::new()]
            .into_iter()
            .chain(edge.extras.iter().map(|extra| BTreeSet::from([extra.clone()])));
        for set in sets {
            let label = set.first().cloned().unwrap_or_else(|| edge.name.clone());
            if seen.insert((at, label)) {
                pending.extend(node.edges.iter().map(|edge| (Some(at), edge.clone(), set.clone())));
            }
        }
    }
    Ok(pins.into_values().collect())
}

/// The node that fits best: with exactly the wanted extras, else without any.
fn find(nodes: &[Node], edge: &Edge) -> Option<usize> {
    let fitting =
        |node: &&(usize, &Node)| node.1.pin.name == edge.name && edge.accepts(node.1.pin.version.as_ref());
    let nodes: Vec<(usize, &Node)> = nodes.iter().enumerate().collect();
    let candidates: Vec<&(usize, &Node)> = nodes.iter().filter(fitting).collect();
    let exact = candidates.iter().find(|(_, node)| node.extras == edge.extras);
    let superset = candidates.iter().find(|(_, node)| node.extras.is_superset(&edge.extras));
    exact.or(superset).or(candidates.first()).map(|(at, _)| *at)
}
