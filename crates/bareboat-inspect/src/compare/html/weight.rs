//! What each file weighs, by a named size, and whom it belongs to.

use bareboat_image::{Kind, TreePath};

use crate::facts::{Ecosystem, Facts};

/// A named size of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// What a container sees.
    Visible,
    /// What all layers carry.
    Shipped,
    /// An estimate of what is pulled for it.
    Pull,
}

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    /// A package of the system's.
    System,
    /// A Python distribution.
    Python,
    /// Nobody's: the application, or what was copied.
    Nobody,
    /// It cannot be seen any more.
    Hidden,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Weighed {
    pub owner: Owner,
    /// The package, or where files of nobody lie.
    pub group: String,
    pub path: TreePath,
    pub bytes: u64,
}

impl Measure {
    pub(super) const ALL: [Self; 3] = [Self::Visible, Self::Shipped, Self::Pull];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::Shipped => "shipped",
            Self::Pull => "pull (estimate)",
        }
    }

    /// For names in the page.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::Shipped => "shipped",
            Self::Pull => "pull",
        }
    }
}

/// Every file with bytes; `None` where that size is not known.
pub(super) fn weigh(facts: &Facts, measure: Measure) -> Option<Vec<Weighed>> {
    if measure == Measure::Pull && facts.sizes.pull.is_none() {
        return None;
    }
    let bytes = |layer: usize, size: u64| match measure {
        Measure::Visible | Measure::Shipped => size,
        Measure::Pull => facts.layers.get(layer).map_or(0, |layer| {
            let part = u128::from(size) * u128::from(layer.pull.unwrap_or_default());
            u64::try_from(part / u128::from(layer.shipped.max(1))).unwrap_or_default()
        }),
    };
    let mut files = Vec::new();
    for (path, entry) in &facts.tree().entries {
        let Kind::File { size, .. } = entry.kind else { continue };
        let layer = facts.merged.origins.get(path).map_or(0, |origin| origin.layer);
        let (owner, group) = owner(facts, path);
        files.push(Weighed { owner, group, path: path.clone(), bytes: bytes(layer, size) });
    }
    if measure != Measure::Visible {
        for hidden in &facts.merged.hidden {
            let group = format!("hidden from layer {}", hidden.origin.layer + 1);
            let bytes = bytes(hidden.origin.layer, hidden.size);
            files.push(Weighed { owner: Owner::Hidden, group, path: hidden.path.clone(), bytes });
        }
    }
    files.retain(|file| file.bytes > 0);
    Some(files)
}

fn owner(facts: &Facts, path: &TreePath) -> (Owner, String) {
    match facts.owner(path) {
        Some(package) if package.ecosystem == Ecosystem::Python => (Owner::Python, package.name.clone()),
        Some(package) => (Owner::System, package.name.clone()),
        None => {
            let parent = path.parent().unwrap_or_default();
            let parts: Vec<String> =
                parent.components().take(3).map(|part| String::from_utf8_lossy(part).into_owned()).collect();
            (Owner::Nobody, format!("/{}", parts.join("/")))
        }
    }
}
