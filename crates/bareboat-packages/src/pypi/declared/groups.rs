//! Dependency groups (PEP 735): lists that may include each other.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Dependency;
use crate::pypi::error::{Place, PypiError};
use crate::pypi::name::DistributionName;
use crate::pypi::requirement::Requirement;

/// One entry of a group.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum GroupEntry {
    Requirement(String),
    Include(Include),
}

/// `{ include-group = "name" }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Include {
    include_group: DistributionName,
}

/// The groups with their includes put in.
///
/// # Errors
/// Requirements that cannot be understood, includes of groups that do not exist or that include themselves.
pub(super) fn expand_groups(
    groups: &BTreeMap<DistributionName, Vec<GroupEntry>>,
    place: &dyn Fn(&str) -> Place,
) -> Result<BTreeMap<DistributionName, Vec<Dependency>>, PypiError> {
    let mut expanded = BTreeMap::new();
    for name in groups.keys() {
        expanded.insert(name.clone(), expand(groups, name, place, &mut Vec::new())?);
    }
    Ok(expanded)
}

fn expand(
    groups: &BTreeMap<DistributionName, Vec<GroupEntry>>,
    name: &DistributionName,
    place: &dyn Fn(&str) -> Place,
    stack: &mut Vec<DistributionName>,
) -> Result<Vec<Dependency>, PypiError> {
    let wrong = |why: &str| PypiError::syntax(place("include-group"), format!("the group `{name}` {why}"));
    if stack.contains(name) {
        return Err(wrong("includes itself"));
    }
    let entries = groups.get(name).ok_or_else(|| wrong("does not exist"))?;
    stack.push(name.clone());
    let mut dependencies = Vec::new();
    for entry in entries {
        match entry {
            GroupEntry::Requirement(text) => {
                let requirement: Requirement =
                    text.parse().map_err(|error| PypiError::syntax(place(text), error))?;
                dependencies.push(requirement.into());
            }
            GroupEntry::Include(include) => {
                dependencies.extend(expand(groups, &include.include_group, place, stack)?)
            }
        }
    }
    stack.pop();
    Ok(dependencies)
}
