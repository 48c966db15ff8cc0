//! The tables of a `uv.lock`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::pypi::name::DistributionName;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct UvLock {
    pub(super) version: u32,
    #[serde(default)]
    pub(super) requires_python: String,
    #[serde(default)]
    pub(super) supported_markers: Vec<String>,
    #[serde(default)]
    pub(super) manifest: Manifest,
    #[serde(rename = "package", default)]
    pub(super) packages: Vec<Package>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Manifest {
    pub(super) members: Vec<DistributionName>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Package {
    pub(super) name: DistributionName,
    pub(super) version: Option<String>,
    pub(super) source: Source,
    #[serde(default)]
    pub(super) dependencies: Vec<Dependency>,
    #[serde(default)]
    pub(super) optional_dependencies: BTreeMap<DistributionName, Vec<Dependency>>,
    #[serde(default, alias = "dependency-groups")]
    pub(super) dev_dependencies: BTreeMap<DistributionName, Vec<Dependency>>,
    pub(super) sdist: Option<Artifact>,
    #[serde(default)]
    pub(super) wheels: Vec<Artifact>,
    #[serde(default)]
    pub(super) metadata: Metadata,
}

/// Where a package comes from: one key, by which the kinds are told apart.
#[derive(Deserialize, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Source {
    pub(super) registry: Option<String>,
    pub(super) url: Option<String>,
    pub(super) path: Option<String>,
    pub(super) directory: Option<String>,
    pub(super) editable: Option<String>,
    #[serde(rename = "virtual")]
    pub(super) unpackaged: Option<String>,
    pub(super) git: Option<String>,
    pub(super) subdirectory: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Dependency {
    pub(super) name: DistributionName,
    pub(super) version: Option<String>,
    pub(super) source: Option<Source>,
    #[serde(default)]
    pub(super) extra: Vec<DistributionName>,
    pub(super) marker: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Artifact {
    pub(super) url: Option<String>,
    pub(super) path: Option<String>,
    pub(super) filename: Option<String>,
    pub(super) hash: Option<String>,
    pub(super) size: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct Metadata {
    pub(super) requires_dist: Option<Vec<Required>>,
}

/// What a project required when it was locked.
#[derive(Deserialize)]
pub(super) struct Required {
    pub(super) name: DistributionName,
    #[serde(default)]
    pub(super) extras: Vec<DistributionName>,
    pub(super) specifier: Option<String>,
}
