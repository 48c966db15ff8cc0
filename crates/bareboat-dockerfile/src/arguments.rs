//! Build arguments that exist without anybody declaring them.
//!
//! Follows BuildKit's Dockerfile reference, sections "Predefined ARGs", "Automatic platform ARGs" and
//! "BuildKit built-in build args".

use std::collections::BTreeMap;

/// Proxy settings: they reach every RUN without an ARG, in both cases of letters, and never the cache key.
pub const PROXY: [&str; 10] = [
    "ALL_PROXY",
    "FTP_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "all_proxy",
    "ftp_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// Set by the builder; FROM knows them at once, a stage only after an ARG with the name.
pub const PLATFORM: [&str; 11] = [
    "BUILDARCH",
    "BUILDOS",
    "BUILDOSVERSION",
    "BUILDPLATFORM",
    "BUILDVARIANT",
    "TARGETARCH",
    "TARGETOS",
    "TARGETOSVERSION",
    "TARGETPLATFORM",
    "TARGETSTAGE",
    "TARGETVARIANT",
];

/// Read by the builder itself when given; no ARG is needed for that.
pub const BUILDER: [&str; 9] = [
    "BUILDKIT_BUILD_NAME",
    "BUILDKIT_CACHE_MOUNT_NS",
    "BUILDKIT_CONTEXT_KEEP_GIT_DIR",
    "BUILDKIT_DOCKERFILE_CHECK",
    "BUILDKIT_INLINE_CACHE",
    "BUILDKIT_MULTI_PLATFORM",
    "BUILDKIT_SANDBOX_HOSTNAME",
    "BUILDKIT_SYNTAX",
    "SOURCE_DATE_EPOCH",
];

/// The search path of a base image that sets none, as BuildKit has it for Linux.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A platform in its normal form (`amd64`, not `x86_64`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Platform {
    /// `linux`
    pub os: String,
    /// `amd64`, `arm64`, `arm` …
    pub architecture: String,
    /// `v7`, or empty.
    pub variant: String,
    /// Windows only, otherwise empty.
    pub os_version: String,
}

impl Platform {
    /// `linux` on `architecture`, without variant.
    pub fn linux(architecture: impl Into<String>) -> Self {
        Self { os: "linux".to_owned(), architecture: architecture.into(), ..Self::default() }
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if !self.variant.is_empty() {
            write!(f, "/{}", self.variant)?;
        }
        Ok(())
    }
}

/// The values of [`PLATFORM`]. `stage` is the target stage's name; without one it is `default`.
pub fn platform_arguments(
    build: &Platform,
    target: &Platform,
    stage: Option<&str>,
) -> BTreeMap<String, String> {
    let mut arguments = BTreeMap::new();
    for (prefix, platform) in [("BUILD", build), ("TARGET", target)] {
        let mut set = |name: &str, value: String| arguments.insert(format!("{prefix}{name}"), value);
        set("PLATFORM", platform.to_string());
        set("OS", platform.os.clone());
        set("OSVERSION", platform.os_version.clone());
        set("ARCH", platform.architecture.clone());
        set("VARIANT", platform.variant.clone());
    }
    arguments.insert("TARGETSTAGE".to_owned(), stage.unwrap_or("default").to_owned());
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_argument_has_a_value() {
        let arm = Platform { variant: "v7".into(), ..Platform::linux("arm") };
        let arguments = platform_arguments(&Platform::linux("amd64"), &arm, None);
        assert_eq!(arguments.keys().map(String::as_str).collect::<Vec<_>>(), PLATFORM);
        assert_eq!(arguments["TARGETPLATFORM"], "linux/arm/v7");
        assert_eq!(arguments["BUILDPLATFORM"], "linux/amd64");
        assert_eq!(arguments["TARGETSTAGE"], "default");
    }
}
