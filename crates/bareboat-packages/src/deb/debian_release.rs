//! The Debian releases an image can be composed from, and what each brings.
//!
//! A release is a data row: adding one means adding a row and its archive keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A Debian release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum DebianRelease {
    /// Debian 12.
    Bookworm,
    /// Debian 13, the default.
    #[default]
    Trixie,
    /// Debian 14, in preparation: its indexes expire weekly and its versions still move.
    Forky,
}

/// Which of Debian's two archives something lies in. They are mirrored, signed and laid out separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArchiveKind {
    /// The main archive.
    Main,
    /// The security archive.
    Security,
}

/// What a suite is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SuiteRole {
    /// The release itself.
    Base,
    /// Fixes between point releases.
    Updates,
    /// Security fixes.
    Security,
}

/// One suite of a release: a directory below `dists/` with its own signed `InRelease`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suite {
    /// Directory name, which its `Release` file repeats as `Codename`: `trixie-security`.
    pub name: String,
    /// What it is for.
    pub role: SuiteRole,
}

impl Suite {
    /// The archive that holds it.
    pub fn archive(&self) -> ArchiveKind {
        match self.role {
            SuiteRole::Base | SuiteRole::Updates => ArchiveKind::Main,
            SuiteRole::Security => ArchiveKind::Security,
        }
    }
}

impl DebianRelease {
    /// Every release, oldest first.
    pub const ALL: [DebianRelease; 3] = [Self::Bookworm, Self::Trixie, Self::Forky];

    /// Debian's number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Bookworm => 12,
            Self::Trixie => 13,
            Self::Forky => 14,
        }
    }

    /// Debian's codename, the name of its main suite.
    pub const fn codename(self) -> &'static str {
        match self {
            Self::Bookworm => "bookworm",
            Self::Trixie => "trixie",
            Self::Forky => "forky",
        }
    }

    /// True while Debian has not released it.
    pub const fn is_testing(self) -> bool {
        matches!(self, Self::Forky)
    }

    /// The minor version of its default CPython 3.
    pub const fn python_minor(self) -> u8 {
        match self {
            Self::Bookworm => 11,
            Self::Trixie => 13,
            Self::Forky => 14,
        }
    }

    /// Major and minor version of its C library, which decides the newest manylinux tag it can load.
    pub const fn glibc(self) -> (u16, u16) {
        match self {
            Self::Bookworm => (2, 36),
            Self::Trixie => (2, 41),
            Self::Forky => (2, 43),
        }
    }

    /// The packages that hold the interpreter and the standard library; the plain `python3.13` holds neither.
    pub fn interpreter_packages(self) -> [String; 3] {
        let python = format!("python3.{}", self.python_minor());
        [format!("{python}-minimal"), format!("lib{python}-minimal"), format!("lib{python}-stdlib")]
    }

    /// Its suites: the release, its updates, its security fixes.
    pub fn suites(self) -> Vec<Suite> {
        let name = self.codename();
        vec![
            Suite { name: name.to_owned(), role: SuiteRole::Base },
            Suite { name: format!("{name}-updates"), role: SuiteRole::Updates },
            Suite { name: format!("{name}-security"), role: SuiteRole::Security },
        ]
    }

    /// The release whose default interpreter is CPython 3.`minor`.
    pub fn with_python_minor(minor: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|release| release.python_minor() == minor)
    }
}

impl fmt::Display for DebianRelease {
    /// `Debian 13 (trixie)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Debian {} ({})", self.number(), self.codename())
    }
}

impl FromStr for DebianRelease {
    type Err = DebianReleaseError;

    /// Accepts `13`, `trixie`, `debian13`, `debian-13` and `debian:13`, whatever the case.
    fn from_str(text: &str) -> Result<Self, DebianReleaseError> {
        let lower = text.trim().to_ascii_lowercase();
        let name =
            lower.strip_prefix("debian").map_or(&lower[..], |rest| rest.trim_start_matches(['-', ':', ' ']));
        Self::ALL
            .into_iter()
            .find(|release| name == release.codename() || name == release.number().to_string())
            .ok_or_else(|| DebianReleaseError { text: text.chars().take(80).collect() })
    }
}

impl Serialize for DebianRelease {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.codename())
    }
}

impl<'de> Deserialize<'de> for DebianRelease {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for ArchiveKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Main => "main",
            Self::Security => "security",
        })
    }
}

/// The text names no release bareboat knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no Debian release bareboat knows: want `bookworm` (12), `trixie` (13) or `forky` (14)")]
pub struct DebianReleaseError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_numbers_codenames_and_image_style_names() {
        for text in ["13", "trixie", "Trixie", "debian13", "debian-13", "debian:13", "Debian 13", " trixie "]
        {
            assert_eq!(text.parse(), Ok(DebianRelease::Trixie), "{text}");
        }
        for text in ["", "11", "debian", "sid", "13.1", "trixie-updates"] {
            assert!(text.parse::<DebianRelease>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_suites_as_the_archives_do() {
        let suites = DebianRelease::Trixie.suites();
        let names: Vec<_> = suites.iter().map(|suite| (&suite.name[..], suite.archive())).collect();
        assert_eq!(
            names,
            [
                ("trixie", ArchiveKind::Main),
                ("trixie-updates", ArchiveKind::Main),
                ("trixie-security", ArchiveKind::Security)
            ]
        );
    }

    #[test]
    fn finds_a_release_by_its_python() {
        assert_eq!(DebianRelease::with_python_minor(11), Some(DebianRelease::Bookworm));
        assert_eq!(DebianRelease::with_python_minor(12), None);
        assert_eq!(
            DebianRelease::Trixie.interpreter_packages(),
            ["python3.13-minimal", "libpython3.13-minimal", "libpython3.13-stdlib"]
        );
    }
}
