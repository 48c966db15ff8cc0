//! Wheel tags a target accepts, best first (PEP 425, PEP 600, PEP 384).
//!
//! The order is the one every installer uses, so that bareboat picks the wheel that `pip` would pick on the
//! target. musllinux wheels never fit: the images have glibc.

use std::collections::HashMap;
use std::fmt;

use super::target::Target;
use crate::deb::Architecture;

/// One wheel tag, as in `cp313-cp313-manylinux_2_28_x86_64`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// The interpreter: `cp313`, `py3`.
    pub python: String,
    /// The binary interface: `cp313`, `abi3`, `none`.
    pub abi: String,
    /// The platform: `manylinux_2_28_x86_64`, `any`.
    pub platform: String,
}

impl Tag {
    fn new(python: &str, abi: &str, platform: &str) -> Self {
        Self { python: python.to_owned(), abi: abi.to_owned(), platform: platform.to_owned() }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.python, self.abi, self.platform)
    }
}

/// The rank of every tag a target accepts.
#[derive(Debug, Clone)]
pub struct TagRanks {
    ranks: HashMap<Tag, usize>,
}

impl TagRanks {
    /// The ranks for `target`.
    pub fn new(target: &Target) -> Self {
        let mut ranks = HashMap::new();
        for (rank, tag) in target.tags().into_iter().enumerate() {
            ranks.entry(tag).or_insert(rank);
        }
        Self { ranks }
    }

    /// The rank of `tag`, 0 best; `None` when the target does not accept it.
    pub fn rank(&self, tag: &Tag) -> Option<usize> {
        self.ranks.get(tag).copied()
    }
}

impl Target {
    /// Every wheel tag this target accepts, best first.
    ///
    /// The interpreter's own binary interface comes before the stable one, newer platforms before older ones,
    /// and pure Python last.
    pub fn tags(&self) -> Vec<Tag> {
        let own = format!("cp{}", self.python.digits());
        let platforms = self.platforms();
        let mut tags = Vec::new();
        let mut add = |python: &str, abi: &str| {
            tags.extend(platforms.iter().map(|platform| Tag::new(python, abi, platform)));
        };
        add(&own, &own);
        add(&own, "abi3");
        add(&own, "none");
        for minor in (2..self.python.minor).rev() {
            add(&format!("cp{}{minor}", self.python.major), "abi3");
        }
        let generic = self.generic_interpreters();
        for python in &generic {
            add(python, "none");
        }
        tags.push(Tag::new(&own, "none", "any"));
        tags.extend(generic.iter().map(|python| Tag::new(python, "none", "any")));
        tags
    }

    /// `py313`, `py3`, then the older feature releases.
    fn generic_interpreters(&self) -> Vec<String> {
        let major = self.python.major;
        let older = (0..self.python.minor).rev().map(|minor| format!("py{major}{minor}"));
        [format!("py{}", self.python.digits()), format!("py{major}")].into_iter().chain(older).collect()
    }

    /// Platform tags, newest first, the legacy aliases right after their meaning, plain `linux` last (PEP 600).
    fn platforms(&self) -> Vec<String> {
        let (major, newest) = self.glibc;
        let machine = self.architecture.machine();
        let oldest = match self.architecture {
            Architecture::Amd64 => 5,
            Architecture::Arm64 => 17,
        };
        let mut platforms = Vec::new();
        for minor in (oldest..=newest).rev() {
            platforms.push(format!("manylinux_{major}_{minor}_{machine}"));
            let alias = match minor {
                17 => "manylinux2014",
                12 => "manylinux2010",
                5 => "manylinux1",
                _ => continue,
            };
            platforms.push(format!("{alias}_{machine}"));
        }
        platforms.push(format!("linux_{machine}"));
        platforms
    }
}

#[cfg(test)]
mod tests {
    use super::super::target::PythonVersion;
    use super::*;

    fn target(architecture: Architecture) -> Target {
        Target::new(PythonVersion::new(3, 13, 5), (2, 41), architecture)
    }

    fn position(tags: &[Tag], wanted: &str) -> usize {
        tags.iter().position(|tag| tag.to_string() == wanted).unwrap_or_else(|| panic!("{wanted} is missing"))
    }

    #[test]
    fn puts_the_closest_tags_first() {
        let tags = target(Architecture::Amd64).tags();
        assert_eq!(tags[0].to_string(), "cp313-cp313-manylinux_2_41_x86_64");
        let order = [
            "cp313-cp313-manylinux_2_17_x86_64",
            "cp313-cp313-manylinux2014_x86_64",
            "cp313-cp313-manylinux1_x86_64",
            "cp313-cp313-linux_x86_64",
            "cp313-abi3-manylinux_2_34_x86_64",
            "cp313-none-manylinux_2_28_x86_64",
            "cp311-abi3-manylinux_2_34_x86_64",
            "cp32-abi3-manylinux_2_5_x86_64",
            "py3-none-manylinux_2_17_x86_64",
            "cp313-none-any",
            "py313-none-any",
            "py3-none-any",
            "py30-none-any",
        ];
        let positions = order.map(|tag| position(&tags, tag));
        assert!(positions.is_sorted(), "{positions:?}");
    }

    #[test]
    fn never_accepts_other_libcs_newer_glibcs_or_other_processors() {
        let ranks = TagRanks::new(&target(Architecture::Arm64));
        for platform in [
            "musllinux_1_2_aarch64",
            "manylinux_2_42_aarch64",
            "manylinux_2_16_aarch64",
            "manylinux_2_17_x86_64",
        ] {
            assert_eq!(ranks.rank(&Tag::new("cp313", "cp313", platform)), None, "{platform}");
        }
        assert_eq!(ranks.rank(&Tag::new("cp313", "cp313t", "manylinux_2_17_aarch64")), None);
        assert_eq!(ranks.rank(&Tag::new("cp314", "abi3", "manylinux_2_17_aarch64")), None);
        assert!(ranks.rank(&Tag::new("cp39", "abi3", "manylinux2014_aarch64")).is_some());
    }
}
