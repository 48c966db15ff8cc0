//! What the user asks for and what surrounds the process: everything a build depends on comes in through these.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use bareboat_image::{Compression, TreePath};
use bareboat_packages::deb::DebianRelease;
use bareboat_packages::system::slices::Slice;
use bareboat_packages::system::users::{HomeAccess, RuntimeUser};

use super::compose::Decisions;
use super::config::{Config, ConfigError, Said};

/// Options of the command line. They win over the configuration.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Debian release.
    pub debian: Option<String>,
    /// Refuse a missing or stale lock.
    pub locked: bool,
    /// Lock again, with newer versions where the requirements allow them.
    pub upgrade: bool,
    /// `UID` or `UID:GID`.
    pub user: Option<String>,
    /// Run under arbitrary user ids in group 0.
    pub arbitrary_user: bool,
    /// `safe`, `full` or `web`.
    pub slice: Option<String>,
    /// `standard` or `debug`.
    pub variant: Option<String>,
    /// Uncovered maintainer scripts are errors.
    pub strict: bool,
    /// Prove that the image starts.
    pub verify: bool,
    /// `gzip` or `zstd`.
    pub compression: Option<String>,
}

/// Which of an application's images is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Variant {
    /// Nothing but the application and what it runs on.
    #[default]
    Standard,
    /// The same with a static busybox in `/busybox`.
    Debug,
}

impl FromStr for Variant {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "standard" => Ok(Self::Standard),
            "debug" => Ok(Self::Debug),
            _ => Err("want `standard` or `debug`"),
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::Debug => "debug",
        })
    }
}

/// What libraries may not look up themselves.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// The host's apt sources: file name and text.
    pub apt_sources: Vec<(String, String)>,
    /// Debian mirrors from the command line.
    pub mirrors: Vec<String>,
    /// The time.
    pub now: SystemTime,
    /// The network may not be asked.
    pub offline: bool,
}

impl Surroundings {
    /// `SOURCE_DATE_EPOCH` (reproducible-builds.org), when it is set to a number of seconds.
    ///
    /// # Errors
    /// It is set to something else.
    pub fn source_date_epoch(&self) -> Result<Option<i64>, ConfigError> {
        let Some(text) = self.environment.get("SOURCE_DATE_EPOCH").filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        text.parse().map(Some).map_err(|_| ConfigError::Value {
            key: "SOURCE_DATE_EPOCH",
            value: text.clone(),
            said: Said::Variable,
            reason: "want seconds since 1970 as a whole number".to_owned(),
        })
    }
}

/// The release that is asked for, if any.
///
/// # Errors
/// A name that is no release.
pub fn release(options: &Options, config: &Config) -> Result<Option<DebianRelease>, ConfigError> {
    chosen("debian", options.debian.as_ref(), config.debian.as_ref())
}

/// The variant that is asked for.
///
/// # Errors
/// Neither `standard` nor `debug`.
pub fn variant(options: &Options, config: &Config) -> Result<Variant, ConfigError> {
    Ok(chosen("variant", options.variant.as_ref(), config.variant.as_ref())?.unwrap_or_default())
}

/// The compression that is asked for.
///
/// # Errors
/// Neither `gzip` nor `zstd`.
pub fn compression(options: &Options, config: &Config) -> Result<Compression, ConfigError> {
    let chosen = chosen::<Named>("compression", options.compression.as_ref(), config.compression.as_ref())?;
    Ok(chosen.map_or(Compression::Gzip, |named| named.0))
}

/// A compression by its name.
struct Named(Compression);

impl FromStr for Named {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "gzip" => Ok(Self(Compression::Gzip)),
            "zstd" => Ok(Self(Compression::Zstd)),
            _ => Err("want `gzip` or `zstd`"),
        }
    }
}

/// What the user decided about the file system.
///
/// # Errors
/// A slice, user or directory that cannot be.
pub fn decisions(options: &Options, config: &Config) -> Result<Decisions, ConfigError> {
    let slice: Slice = chosen("slice", options.slice.as_ref(), config.slice.as_ref())?.unwrap_or_default();
    let arbitrary = options.arbitrary_user || config.arbitrary_user;
    let mut user: RuntimeUser =
        chosen("user", options.user.as_ref(), config.user.as_ref())?.unwrap_or_default();
    if arbitrary {
        user.gid = 0;
    }
    let home = if arbitrary { HomeAccess::GroupZero } else { HomeAccess::Private };
    let mut writable = Vec::new();
    for text in &config.writable {
        let path = TreePath::new(text).map_err(|error| value("writable", text, error))?;
        if !text.starts_with('/') || path.is_root() {
            return Err(value("writable", text, "want an absolute directory below `/`"));
        }
        writable.push(path);
    }
    let named = config.packages.iter().cloned().collect();
    Ok(Decisions { slice, named, user, home, writable })
}

/// The option of the command line, else the setting, parsed.
fn chosen<T: FromStr<Err: fmt::Display>>(
    key: &'static str,
    option: Option<&String>,
    setting: Option<&String>,
) -> Result<Option<T>, ConfigError> {
    let (text, said) = match (option, setting) {
        (Some(text), _) => (text, Said::Option),
        (None, Some(text)) => (text, Said::Setting),
        (None, None) => return Ok(None),
    };
    let wrong =
        |error: T::Err| ConfigError::Value { key, value: text.clone(), said, reason: error.to_string() };
    text.parse().map(Some).map_err(wrong)
}

fn value(key: &'static str, value: &str, reason: impl fmt::Display) -> ConfigError {
    ConfigError::Value { key, value: value.to_owned(), said: Said::Setting, reason: reason.to_string() }
}
