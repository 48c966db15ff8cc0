//! Names of Python distributions, extras and dependency groups, in their one normalised form (PEP 503, PEP 685).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A normalised name: lower case, runs of `-`, `_` and `.` written as one `-` (PEP 503).
///
/// Extras and dependency groups follow the same rule (PEP 685, PEP 735), so they share the type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DistributionName(String);

impl DistributionName {
    /// Normalises `name`.
    ///
    /// # Errors
    /// Anything but ASCII letters, digits, `-`, `_` and `.` that begins and ends with a letter or digit
    /// (core metadata, field `Name`), and names beyond 255 bytes.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let invalid = || NameError { text: name.chars().take(80).collect() };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = name.as_bytes();
        if bytes.len() > 255 || !bytes.iter().copied().all(allowed) {
            return Err(invalid());
        }
        if !ends(bytes.first()) || !ends(bytes.last()) {
            return Err(invalid());
        }
        let mut normal = String::with_capacity(name.len());
        for character in name.chars() {
            match character {
                '-' | '_' | '.' if normal.ends_with('-') => {}
                '-' | '_' | '.' => normal.push('-'),
                _ => normal.push(character.to_ascii_lowercase()),
            }
        }
        Ok(Self(normal))
    }

    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form used in wheel and `.dist-info` names: `-` becomes `_` (binary distribution format, "Escaping").
    pub fn underscored(&self) -> String {
        self.0.replace('-', "_")
    }
}

impl fmt::Display for DistributionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for DistributionName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl Serialize for DistributionName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DistributionName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

/// The text is not the name of a distribution.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a distribution name")]
pub struct NameError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises_case_and_separators() {
        for name in [
            "friendly-bard",
            "Friendly-Bard",
            "FRIENDLY-BARD",
            "friendly.bard",
            "friendly_bard",
            "friendly--bard",
            "FrIeNdLy-._.-bArD",
        ] {
            assert_eq!(DistributionName::new(name).unwrap().as_str(), "friendly-bard");
        }
        assert_eq!(DistributionName::new("zope.interface").unwrap().underscored(), "zope_interface");
    }

    #[test]
    fn refuses_what_is_not_a_name() {
        for text in ["", "-a", "a-", "a b", "a/b", "../a", "ä", "a@b", &"a".repeat(256)] {
            assert!(DistributionName::new(text).is_err(), "{text}");
        }
    }
}
