//! Processor architectures bareboat composes images for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A Debian architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// x86-64.
    Amd64,
    /// AArch64, little endian.
    Arm64,
}

impl Architecture {
    /// Every architecture, in the order images list them.
    pub const ALL: [Architecture; 2] = [Self::Amd64, Self::Arm64];

    /// Debian's name, which is also the OCI image specification's.
    pub const fn debian(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// The multiarch triplet, the name of its library directory below `usr/lib`.
    pub const fn triplet(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-linux-gnu",
            Self::Arm64 => "aarch64-linux-gnu",
        }
    }

    /// The machine name the kernel and Python's platform tags use.
    pub const fn machine(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }

    /// `e_machine` of its ELF files (System V ABI, processor supplements).
    pub const fn elf_machine(self) -> u16 {
        match self {
            Self::Amd64 => 62,
            Self::Arm64 => 183,
        }
    }

    /// Absolute path of the dynamic loader, as `PT_INTERP` of every dynamic executable names it.
    pub const fn loader(self) -> &'static str {
        match self {
            Self::Amd64 => "/lib64/ld-linux-x86-64.so.2",
            Self::Arm64 => "/lib/ld-linux-aarch64.so.1",
        }
    }

    /// Directories the loader searches when nothing else is configured, without leading slash, first wins.
    pub fn library_directories(self) -> Vec<String> {
        let triplet = self.triplet();
        let mut directories = vec![format!("lib/{triplet}"), format!("usr/lib/{triplet}")];
        directories.extend(["lib", "usr/lib"].map(str::to_owned));
        if self == Self::Amd64 {
            directories.extend(["lib64", "usr/lib64"].map(str::to_owned));
        }
        directories
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.debian())
    }
}

impl FromStr for Architecture {
    type Err = ArchitectureError;

    fn from_str(text: &str) -> Result<Self, ArchitectureError> {
        match text {
            "amd64" | "x86_64" | "x86-64" => Ok(Self::Amd64),
            "arm64" | "aarch64" => Ok(Self::Arm64),
            _ => Err(ArchitectureError { text: text.chars().take(80).collect() }),
        }
    }
}

/// The text names no architecture bareboat composes for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no architecture bareboat composes images for: want `amd64` or `arm64`")]
pub struct ArchitectureError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_debian_and_machine_names() {
        for architecture in Architecture::ALL {
            assert_eq!(architecture.debian().parse(), Ok(architecture));
            assert_eq!(architecture.machine().parse(), Ok(architecture));
        }
        assert!("riscv64".parse::<Architecture>().is_err());
    }

    #[test]
    fn searches_multiarch_directories_first() {
        assert_eq!(Architecture::Arm64.library_directories()[1], "usr/lib/aarch64-linux-gnu");
    }
}
