//! What changes from one image to another: packages, files, configuration.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::{Entry, Kind, TreePath};

use crate::facts::{Ecosystem, Facts, Package};

/// Everything that differs, seen from the first image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Packages by ecosystem and name.
    pub packages: Vec<PackageChange>,
    /// Files by path.
    pub files: Vec<FileChange>,
    /// Settings of the configuration: name, before, after.
    pub configuration: Vec<(&'static str, String, String)>,
}

/// A package that only one image has, or in two versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageChange {
    /// Who looks after it.
    pub ecosystem: Ecosystem,
    /// Its name.
    pub name: String,
    /// Version and bytes in the first image.
    pub before: Option<(String, u64)>,
    /// Version and bytes in the second.
    pub after: Option<(String, u64)>,
}

/// A path that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileChange {
    /// Where.
    pub path: TreePath,
    /// `added`, `removed`, `changed` or `metadata`.
    pub kind: &'static str,
    /// Bytes in the first image.
    pub before: u64,
    /// Bytes in the second.
    pub after: u64,
}

impl Difference {
    /// What changes from `before` to `after`.
    pub fn between(before: &Facts, after: &Facts) -> Self {
        Self {
            packages: packages(before, after),
            files: files(before, after),
            configuration: configuration(before, after),
        }
    }
}

fn packages(before: &Facts, after: &Facts) -> Vec<PackageChange> {
    let of = |facts: &Facts| -> BTreeMap<(Ecosystem, String), (String, u64)> {
        let key = |package: &Package| (package.ecosystem, package.name.clone());
        facts
            .packages
            .iter()
            .map(|package| (key(package), (package.version.clone(), package.bytes)))
            .collect()
    };
    let (before, after) = (of(before), of(after));
    let keys: BTreeSet<&(Ecosystem, String)> = before.keys().chain(after.keys()).collect();
    let change = |key: &(Ecosystem, String)| {
        let (old, new) = (before.get(key), after.get(key));
        let is_same = old.map(|(version, _)| version) == new.map(|(version, _)| version);
        (!is_same).then(|| PackageChange {
            ecosystem: key.0,
            name: key.1.clone(),
            before: old.cloned(),
            after: new.cloned(),
        })
    };
    keys.into_iter().filter_map(change).collect()
}

fn files(before: &Facts, after: &Facts) -> Vec<FileChange> {
    let (old, new) = (&before.tree().entries, &after.tree().entries);
    let paths: BTreeSet<&TreePath> = old.keys().chain(new.keys()).collect();
    let change = |path: &TreePath| {
        let kind = match (old.get(path), new.get(path)) {
            (None, Some(_)) => "added",
            (Some(_), None) => "removed",
            (Some(old), Some(new)) if old == new => return None,
            (Some(old), Some(new)) if has_same_content(old, new) => "metadata",
            _ => "changed",
        };
        let size = |entry: Option<&Entry>| entry.map_or(0, Entry::size);
        Some(FileChange { path: path.clone(), kind, before: size(old.get(path)), after: size(new.get(path)) })
    };
    paths.into_iter().filter_map(change).collect()
}

fn has_same_content(old: &Entry, new: &Entry) -> bool {
    match (&old.kind, &new.kind) {
        (Kind::File { digest, .. }, Kind::File { digest: other, .. }) => digest == other,
        (old, new) => old == new,
    }
}

fn configuration(before: &Facts, after: &Facts) -> Vec<(&'static str, String, String)> {
    let settings = |facts: &Facts| {
        let config = &facts.config;
        let list =
            |words: &Option<Vec<String>>| words.as_ref().map(|words| words.join(" ")).unwrap_or_default();
        let set = |values: &BTreeSet<String>| values.iter().cloned().collect::<Vec<_>>().join(" ");
        [
            ("user", config.user.clone()),
            ("workdir", config.working_dir.clone()),
            ("entrypoint", list(&config.entrypoint)),
            ("cmd", list(&config.cmd)),
            ("env", crate::facts::secret::masked(&config.env.join(" "))),
            ("ports", set(&config.exposed_ports)),
            ("volumes", set(&config.volumes)),
        ]
    };
    let pairs = settings(before).into_iter().zip(settings(after));
    pairs.filter(|((_, old), (_, new))| old != new).map(|((name, old), (_, new))| (name, old, new)).collect()
}
