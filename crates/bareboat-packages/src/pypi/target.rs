//! The machine an image runs on, as Python packaging sees it: interpreter, C library and processor.
//!
//! Everything here is about the target. Nothing asks the host which Python it has.

use std::fmt;
use std::str::FromStr;

use pep440_rs::Version;
use serde::{Deserialize, Serialize};

use crate::deb::Architecture;

/// What wheels must fit and markers are evaluated for: one CPython on one glibc on one processor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The interpreter's exact version.
    pub python: PythonVersion,
    /// The newest glibc whose symbols may be used: major, minor.
    pub glibc: (u32, u32),
    /// The processor.
    pub architecture: Architecture,
}

/// The version of a CPython release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PythonVersion {
    /// 3.
    pub major: u32,
    /// The feature release: 13 in 3.13.5.
    pub minor: u32,
    /// The maintenance release: 5 in 3.13.5.
    pub patch: u32,
}

impl PythonVersion {
    /// A version from its three numbers.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    /// `3.13`, as in `python3.13` and `python_version`.
    pub fn short(&self) -> String {
        format!("{}.{}", self.major, self.minor)
    }

    /// `313`, as in `cp313`.
    pub fn digits(&self) -> String {
        format!("{}{}", self.major, self.minor)
    }

    /// The version for comparisons under PEP 440.
    pub fn to_pep440(&self) -> Version {
        Version::new([self.major, self.minor, self.patch].map(u64::from))
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for PythonVersion {
    type Err = TargetError;

    /// Reads `3.13.5` or Debian's `3.13.5-2+deb13u5`.
    fn from_str(text: &str) -> Result<Self, TargetError> {
        let invalid = || TargetError::PythonVersion { text: text.chars().take(80).collect() };
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let numbers: Result<Vec<u32>, _> = text[..end].split('.').map(str::parse).collect();
        match numbers.map_err(|_| invalid())?[..] {
            [major, minor, patch] => Ok(Self { major, minor, patch }),
            _ => Err(invalid()),
        }
    }
}

impl Target {
    /// A target from its parts.
    pub const fn new(python: PythonVersion, glibc: (u32, u32), architecture: Architecture) -> Self {
        Self { python, glibc, architecture }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.glibc;
        let machine = self.architecture.machine();
        write!(f, "CPython {} on {machine} with glibc {major}.{minor}", self.python)
    }
}

/// The text does not describe a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not three numbers with dots.
    #[error("`{text}` is not a Python version: want three numbers such as `3.13.5`")]
    PythonVersion {
        /// What was given.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_debian_and_upstream_versions() {
        let version: PythonVersion = "3.13.5-2+deb13u5".parse().unwrap();
        assert_eq!(version, PythonVersion::new(3, 13, 5));
        assert_eq!((version.short(), version.digits()), ("3.13".to_owned(), "313".to_owned()));
        for text in ["3", "3.13", "", "3.13.x", "a", "3..1", "99999999999.1.1"] {
            assert!(text.parse::<PythonVersion>().is_err(), "{text}");
        }
    }
}
