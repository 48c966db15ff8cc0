//! What the user asks for and what surrounds the process: everything a build depends on comes in through these.

use std::collections::BTreeMap;
use std::time::SystemTime;

use bareboat_image::{Compression, TreePath};
use bareboat_packages::deb::DebianRelease;
use bareboat_packages::system::slices::Slice;
use bareboat_packages::system::users::{HomeAccess, RuntimeUser};

use super::compose::Decisions;
use super::config::{Config, ConfigError};

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
    /// Uncovered maintainer scripts are errors.
    pub strict: bool,
    /// Prove that the image starts.
    pub verify: bool,
    /// `gzip` or `zstd`.
    pub compression: Option<String>,
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
            reason: "want seconds since 1970 as a whole number".to_owned(),
        })
    }
}

/// The release that is asked for, if any.
///
/// # Errors
/// A name that is no release.
pub fn release(options: &Options, config: &Config) -> Result<Option<DebianRelease>, ConfigError> {
    let Some(text) = options.debian.as_ref().or(config.debian.as_ref()) else { return Ok(None) };
    let parsed = text.parse().map_err(|error| value("debian", text, error));
    parsed.map(Some)
}

/// The compression that is asked for.
///
/// # Errors
/// Neither `gzip` nor `zstd`.
pub fn compression(options: &Options, config: &Config) -> Result<Compression, ConfigError> {
    match options.compression.as_deref().or(config.compression.as_deref()) {
        None | Some("gzip") => Ok(Compression::Gzip),
        Some("zstd") => Ok(Compression::Zstd),
        Some(other) => Err(value("compression", other, "want `gzip` or `zstd`")),
    }
}

/// What the user decided about the file system.
///
/// # Errors
/// A slice, user or directory that cannot be.
pub fn decisions(options: &Options, config: &Config) -> Result<Decisions, ConfigError> {
    let slice = match options.slice.as_ref().or(config.slice.as_ref()) {
        Some(text) => text.parse::<Slice>().map_err(|error| value("slice", text, error))?,
        None => Slice::default(),
    };
    let arbitrary = options.arbitrary_user || config.arbitrary_user;
    let mut user = match options.user.as_ref().or(config.user.as_ref()) {
        Some(text) => text.parse::<RuntimeUser>().map_err(|error| value("user", text, error))?,
        None => RuntimeUser::default(),
    };
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
    Ok(Decisions { slice, user, home, writable })
}

fn value(key: &'static str, value: &str, reason: impl std::fmt::Display) -> ConfigError {
    ConfigError::Value { key, value: value.to_owned(), reason: reason.to_string() }
}
