//! The Debian releases and architectures an image can be made of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A Debian release whose minimal composition is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Release {
    /// Debian 12, Python 3.11, glibc 2.36.
    Bookworm,
    /// Debian 13, Python 3.13, glibc 2.41. The default.
    Trixie,
    /// Debian 14, in testing: Python 3.14, glibc 2.43.
    Forky,
}

impl Release {
    /// Oldest first.
    pub const ALL: [Release; 3] = [Self::Bookworm, Self::Trixie, Self::Forky];

    /// The suite's name in an archive.
    pub fn codename(self) -> &'static str {
        match self {
            Self::Bookworm => "bookworm",
            Self::Trixie => "trixie",
            Self::Forky => "forky",
        }
    }

    /// The major version: `VERSION_ID` of os-release(5), which scanners key on.
    pub fn number(self) -> &'static str {
        match self {
            Self::Bookworm => "12",
            Self::Trixie => "13",
            Self::Forky => "14",
        }
    }

    /// `major.minor` of the release's own Python.
    pub fn python(self) -> &'static str {
        match self {
            Self::Bookworm => "3.11",
            Self::Trixie => "3.13",
            Self::Forky => "3.14",
        }
    }

    /// `major.minor` of its C library: the highest `manylinux` tag it satisfies.
    pub fn glibc(self) -> (u32, u32) {
        match self {
            Self::Bookworm => (2, 36),
            Self::Trixie => (2, 41),
            Self::Forky => (2, 43),
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.codename())
    }
}

impl FromStr for Release {
    type Err = UnknownRelease;

    /// Accepts the codename or the number.
    fn from_str(text: &str) -> Result<Self, UnknownRelease> {
        let known =
            Self::ALL.into_iter().find(|release| text == release.codename() || text == release.number());
        known.ok_or_else(|| UnknownRelease { text: text.chars().take(80).collect() })
    }
}

/// Neither codename nor number of a known release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown Debian release `{text}`: want `bookworm` (12), `trixie` (13) or `forky` (14)")]
pub struct UnknownRelease {
    text: String,
}

/// A processor architecture, by Debian's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// x86-64, `linux/amd64`.
    Amd64,
    /// AArch64 little endian, `linux/arm64`.
    Arm64,
}

impl Architecture {
    /// Both, by name.
    pub const ALL: [Architecture; 2] = [Self::Amd64, Self::Arm64];

    /// Debian's name, which is also OCI's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// The multiarch directory below `/usr/lib`.
    pub fn multiarch(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-linux-gnu",
            Self::Arm64 => "aarch64-linux-gnu",
        }
    }

    /// The program interpreter that executables name (psABI), without leading slash.
    pub fn interpreter(self) -> &'static str {
        match self {
            Self::Amd64 => "lib64/ld-linux-x86-64.so.2",
            Self::Arm64 => "lib/ld-linux-aarch64.so.1",
        }
    }

    /// `e_machine` of its ELF files (gABI).
    pub fn elf_machine(self) -> u16 {
        match self {
            Self::Amd64 => 62,
            Self::Arm64 => 183,
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Architecture {
    type Err = UnknownArchitecture;

    fn from_str(text: &str) -> Result<Self, UnknownArchitecture> {
        let known = Self::ALL.into_iter().find(|architecture| text == architecture.name());
        known.ok_or_else(|| UnknownArchitecture { text: text.chars().take(80).collect() })
    }
}

/// Not the name of a known architecture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown architecture `{text}`: want `amd64` or `arm64`")]
pub struct UnknownArchitecture {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_and_architectures_parse_their_own_names() {
        for release in Release::ALL {
            assert_eq!(release.codename().parse(), Ok(release));
            assert_eq!(release.number().parse(), Ok(release));
        }
        for architecture in Architecture::ALL {
            assert_eq!(architecture.name().parse(), Ok(architecture));
        }
        assert!("sid".parse::<Release>().is_err() && "i386".parse::<Architecture>().is_err());
    }
}
