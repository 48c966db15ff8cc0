//! Image configurations: how a container starts, and what its layers are (OCI image configuration specification).
//!
//! Docker's additions (health check, shell, triggers) are kept: engines that know them read them from here.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_store::Digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Platform;
use crate::json::{self, DocumentError, null_is_default};

/// An image's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// When the image was made (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// What it runs on.
    #[serde(flatten)]
    pub platform: Platform,
    /// How a container of it starts.
    #[serde(default, deserialize_with = "null_is_default")]
    pub config: ContainerConfig,
    /// Its layers.
    #[serde(rename = "rootfs")]
    pub root_fs: RootFs,
    /// How it came to be, oldest step first.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<History>,
}

/// The layers of an image by their decompressed content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFs {
    /// Always `layers`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Digests of the decompressed layers, lowest first.
    #[serde(default, deserialize_with = "null_is_default")]
    pub diff_ids: Vec<Digest>,
}

/// One step of an image's history.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct History {
    /// When (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The command that made the layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// True when the step made no layer.
    #[serde(default, deserialize_with = "null_is_default", skip_serializing_if = "std::ops::Not::not")]
    pub empty_layer: bool,
}

/// How a container starts unless its user says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContainerConfig {
    /// `user`, `uid`, `user:group` or `uid:gid`; empty is root.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// `port/protocol`.
    #[serde(with = "keys", skip_serializing_if = "BTreeSet::is_empty")]
    pub exposed_ports: BTreeSet<String>,
    /// `NAME=value`, in order.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// The command's fixed beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    /// Its default arguments, or the command where there is no entry point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Vec<String>>,
    /// Directories for data that outlives a container's layers.
    #[serde(with = "keys", skip_serializing_if = "BTreeSet::is_empty")]
    pub volumes: BTreeSet<String>,
    /// Where the command starts; empty is `/`.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    /// Arbitrary remarks.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The signal that asks the command to stop; empty is `SIGTERM`.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// Seconds from that signal to SIGKILL (Docker).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<u32>,
    /// How to tell that the container works (Docker).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Healthcheck>,
    /// Instructions for images built on this one (Docker).
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub on_build: Vec<String>,
    /// What shell-form instructions run in (Docker).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<Vec<String>>,
    /// Windows: the command is one escaped string (Docker).
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "std::ops::Not::not")]
    pub args_escaped: bool,
}

/// A health check. Times are in nanoseconds; 0 is the engine's default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Healthcheck {
    /// `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", command]`; empty inherits.
    #[serde(deserialize_with = "null_is_default", skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<String>,
    /// Between two checks.
    #[serde(skip_serializing_if = "is_zero")]
    pub interval: i64,
    /// Until a check counts as failed.
    #[serde(skip_serializing_if = "is_zero")]
    pub timeout: i64,
    /// During which failures do not count.
    #[serde(skip_serializing_if = "is_zero")]
    pub start_period: i64,
    /// Between two checks in that period.
    #[serde(skip_serializing_if = "is_zero")]
    pub start_interval: i64,
    /// Failures in a row that make the container unhealthy.
    #[serde(skip_serializing_if = "is_zero")]
    pub retries: i64,
}

impl ImageConfig {
    /// A configuration without layers.
    pub fn new(platform: Platform) -> Self {
        Self {
            created: None,
            author: None,
            platform,
            config: ContainerConfig::default(),
            root_fs: RootFs { kind: "layers".into(), diff_ids: Vec::new() },
            history: Vec::new(),
        }
    }

    /// Parses a configuration of either dialect.
    ///
    /// # Errors
    /// Another document, or one larger than [`json::MAX_DOCUMENT`].
    pub fn parse(bytes: &[u8]) -> Result<Self, DocumentError> {
        json::from_bytes("image configuration", bytes)
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        json::to_bytes(self)
    }
}

fn is_zero(value: &i64) -> bool {
    *value == 0
}

/// Go's sets: maps from text to an empty object.
mod keys {
    use super::*;

    pub fn serialize<S: Serializer>(keys: &BTreeSet<String>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(keys.iter().map(|key| (key, BTreeMap::<(), ()>::new())))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<String>, D::Error> {
        let map: BTreeMap<String, serde::de::IgnoredAny> = null_is_default(deserializer)?;
        Ok(map.into_keys().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_one_canonical_form() {
        let mut config = ImageConfig::new(Platform::linux("amd64"));
        config.created = Some(crate::time::rfc3339(0));
        config.config.user = "65532".into();
        config.config.exposed_ports = ["5000/tcp".to_owned()].into();
        config.config.cmd = Some(vec!["app".into()]);
        config.root_fs.diff_ids = vec![Digest::of(b"")];
        config.history = vec![History { empty_layer: true, ..History::default() }];
        let expected = format!(
            r#"{{"created":"1970-01-01T00:00:00Z","architecture":"amd64","os":"linux","config":{{"User":"65532","ExposedPorts":{{"5000/tcp":{{}}}},"Cmd":["app"]}},"rootfs":{{"type":"layers","diff_ids":["{}"]}},"history":[{{"empty_layer":true}}]}}"#,
            Digest::of(b"")
        );
        assert_eq!(String::from_utf8(config.to_bytes()).unwrap(), expected);
        assert_eq!(ImageConfig::parse(expected.as_bytes()).unwrap(), config);
    }

    #[test]
    fn reads_what_docker_writes() {
        let text = r#"{"architecture":"arm","variant":"v7","os":"linux","docker_version":"20.10.24","container":"x",
            "config":{"Hostname":"","AttachStdin":false,"Env":["PATH=/bin"],"Cmd":null,"Image":"sha256:0","Volumes":null,
                "WorkingDir":"","Entrypoint":["/x"],"OnBuild":null,"Labels":null,"ExposedPorts":{"80/tcp":{}},
                "Healthcheck":{"Test":["CMD","/x"],"Interval":30000000000,"Retries":3}},
            "rootfs":{"type":"layers","diff_ids":null},"history":null}"#;
        let config = ImageConfig::parse(text.as_bytes()).unwrap();
        assert_eq!(config.platform.to_string(), "linux/arm/v7");
        assert_eq!(config.config.entrypoint.as_deref(), Some(&["/x".to_owned()][..]));
        assert_eq!(config.config.cmd, None);
        let check = config.config.healthcheck.unwrap();
        assert_eq!((check.interval, check.retries), (30_000_000_000, 3));
    }
}
