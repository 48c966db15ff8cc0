//! Bills of materials: what something is made of, as SPDX 2.3 and CycloneDX 1.6 write it.
//!
//! A [`Bill`] is plain data in a fixed order. The documents depend on nothing else: no clock, no random number. Their
//! serial numbers are made of their own content, so the same image has the same document, byte for byte.

mod copyright;
mod cyclonedx;
mod licence;
mod licence_names;
pub mod purl;
mod serial;
mod spdx;

use std::collections::BTreeSet;

use bareboat_store::Digest;

pub use copyright::copyright_licences;
pub use cyclonedx::cyclonedx;
pub use licence::{LICENCE_IDS, Licence};
pub use spdx::spdx;

/// What something is made of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bill {
    /// What it is about.
    pub subject: Subject,
    /// Its parts, in the order they are written.
    pub components: Vec<Component>,
    /// Why there may be more parts than these, as clauses.
    pub gaps: Vec<String>,
    /// The version of the program that writes the document.
    pub tool_version: String,
}

/// A container image.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// The digest of its manifest.
    pub digest: Option<Digest>,
    /// Its package URL (type `oci`).
    pub purl: Option<String>,
    /// When it was made, as it says (RFC 3339).
    pub created: Option<String>,
    /// The diff-id of each layer, lowest first.
    pub layers: Vec<Option<Digest>>,
}

/// One part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Component {
    /// Names it within the bill: letters, digits, `.` and `-`. Unique.
    pub id: String,
    /// What it is.
    pub kind: ComponentKind,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Its package URL.
    pub purl: Option<String>,
    /// Its name in vulnerability databases (CPE 2.3).
    pub cpe: Option<String>,
    /// Who looks after it: `NAME <ADDRESS>`.
    pub supplier: Option<String>,
    /// One line about it.
    pub description: Option<String>,
    /// Where its makers are.
    pub homepage: Option<String>,
    /// What it says its licence is.
    pub licence: Licence,
    /// The digest of a file's content.
    pub sha256: Option<Digest>,
    /// The digest of what `sha256sum` prints for its regular files, in the order of their absolute paths.
    pub files: Option<Digest>,
    /// The layer that most of it is in, counted from 0 for the lowest.
    pub layer: Option<usize>,
    /// The file that says it is there.
    pub evidence: Option<String>,
    /// The components it needs, by their place in the bill.
    pub needs: BTreeSet<usize>,
}

/// What a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ComponentKind {
    /// A package of a package manager.
    #[default]
    Library,
    /// A program that runs others: an interpreter.
    Platform,
    /// What the image is for.
    Application,
    /// The distribution.
    OperatingSystem,
    /// A single file.
    File,
}

impl Bill {
    /// Components that no other one needs, but for the distribution: what the subject needs itself.
    fn tops(&self) -> Vec<&Component> {
        let needed: BTreeSet<usize> =
            self.components.iter().flat_map(|component| component.needs.iter().copied()).collect();
        let all = self.components.iter().enumerate();
        all.filter(|(index, _)| !needed.contains(index)).map(|(_, component)| component).collect()
    }

    /// The diff-id of a component's layer.
    fn layer(&self, component: &Component) -> Option<(usize, Option<Digest>)> {
        let index = component.layer?;
        Some((index + 1, self.subject.layers.get(index).copied().flatten()))
    }

    /// The identifiers of what a component needs.
    fn needs<'a>(&'a self, component: &'a Component) -> impl Iterator<Item = &'a str> {
        component.needs.iter().filter_map(|index| Some(self.components.get(*index)?.id.as_str()))
    }
}
