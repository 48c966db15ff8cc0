//! Platforms: what an image runs on, written `os/architecture[/variant]`.
//!
//! Architecture names are Go's (OCI image index, "platform"); the synonyms of `uname -m` are understood.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::json::null_is_default;

/// Operating system and processor architecture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Platform {
    /// As Go names it: `amd64`, `arm64`.
    pub architecture: String,
    /// As Go names it: `linux`.
    pub os: String,
    /// Version of the operating system; Windows only.
    #[serde(default, rename = "os.version", skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// Features of the operating system; Windows only.
    #[serde(
        default,
        rename = "os.features",
        deserialize_with = "null_is_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub os_features: Vec<String>,
    /// Variant of the architecture: `v7` of `arm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// A Linux platform without variant.
    pub fn linux(architecture: impl Into<String>) -> Self {
        let (architecture, os) = (architecture.into(), "linux".into());
        Self { architecture, os, os_version: None, os_features: Vec::new(), variant: None }
    }

    /// The same platform under its usual name: `aarch64` is `arm64`, `arm64/v8` is `arm64`, `arm` is `arm/v7`.
    pub fn normalized(&self) -> Self {
        let mut normal = self.clone();
        normal.os = self.os.to_ascii_lowercase();
        let architecture = self.architecture.to_ascii_lowercase();
        let variant = self.variant.as_deref().filter(|variant| !variant.is_empty());
        let (architecture, variant) = match (architecture.as_str(), variant) {
            ("x86_64" | "x86-64" | "amd64", None | Some("v1")) => ("amd64", None),
            ("x86_64" | "x86-64", variant) => ("amd64", variant),
            ("aarch64" | "arm64", None | Some("8" | "v8")) => ("arm64", None),
            ("aarch64", variant) => ("arm64", variant),
            ("armhf" | "armv7l", _) | ("arm", None | Some("7" | "v7")) => ("arm", Some("v7")),
            ("armel", _) | ("arm", Some("6")) => ("arm", Some("v6")),
            ("i386" | "i686" | "x86", variant) => ("386", variant),
            ("ppc64el", variant) => ("ppc64le", variant),
            (other, variant) => (other, variant),
        };
        normal.variant = variant.map(str::to_owned);
        normal.architecture = architecture.to_owned();
        normal
    }

    /// True when an image for `self` is what somebody who asks for `wanted` means.
    pub fn satisfies(&self, wanted: &Platform) -> bool {
        let (have, want) = (self.normalized(), wanted.normalized());
        have.os == want.os && have.architecture == want.architecture && have.variant == want.variant
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.iter().try_for_each(|variant| write!(f, "/{variant}"))
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    /// Parses `os/architecture[/variant]` and gives the usual names.
    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let invalid = |reason| PlatformError { text: text.chars().take(80).collect(), reason };
        let parts: Vec<&str> = text.split('/').collect();
        let (os, architecture, variant) = match parts[..] {
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant)),
            [_] => return Err(invalid("want `os/architecture`, like `linux/amd64`")),
            _ => return Err(invalid("it has more than three parts")),
        };
        let is_word = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        if !parts.iter().all(|part| is_word(part)) {
            return Err(invalid(
                "a part is empty or has characters other than letters, digits, `.`, `_`, `-`",
            ));
        }
        let mut platform = Self::linux(architecture);
        platform.os = os.to_owned();
        platform.variant = variant.map(str::to_owned);
        Ok(platform.normalized())
    }
}

/// The text is not a platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a platform: {reason}")]
pub struct PlatformError {
    text: String,
    reason: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_gives_the_usual_names() {
        for (text, expected) in [
            ("linux/amd64", "linux/amd64"),
            ("linux/x86_64", "linux/amd64"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/arm/v6", "linux/arm/v6"),
            ("Linux/AMD64", "linux/amd64"),
        ] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for text in ["", "amd64", "linux/", "a/b/c/d", "linux/amd 64"] {
            let error = text.parse::<Platform>().unwrap_err().to_string();
            assert!(error.contains("is not a platform"), "{error}");
        }
    }

    #[test]
    fn synonyms_satisfy_each_other_and_variants_do_not() {
        let platform = |text: &str| text.parse::<Platform>().unwrap();
        let spelled = Platform { variant: Some("v8".into()), ..Platform::linux("arm64") };
        assert!(spelled.satisfies(&platform("linux/aarch64")));
        assert!(!platform("linux/arm/v6").satisfies(&platform("linux/arm/v7")));
    }
}
