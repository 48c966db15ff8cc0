//! What is built for: a Debian release with its interpreter, and an architecture.

use bareboat_image::Platform;
use bareboat_packages::deb::{Architecture, DebianRelease};
use bareboat_packages::pypi;

use crate::BuildError;

/// The target of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The release.
    pub release: DebianRelease,
    /// The architecture.
    pub architecture: Architecture,
}

impl Target {
    /// The target for an OCI platform.
    ///
    /// # Errors
    /// A platform other than `linux/amd64` and `linux/arm64`.
    pub fn new(release: DebianRelease, platform: &Platform) -> Result<Self, BuildError> {
        let architecture = match (platform.os.as_str(), platform.architecture.as_str()) {
            ("linux", "amd64") => Architecture::Amd64,
            ("linux", "arm64") => Architecture::Arm64,
            _ => return Err(BuildError::Platform { platform: platform.to_string() }),
        };
        Ok(Self { release, architecture })
    }

    /// CPython's major and minor version.
    pub fn python(&self) -> (u8, u8) {
        (3, self.release.python_minor())
    }

    /// `python3.13`.
    pub fn python_name(&self) -> String {
        format!("python3.{}", self.release.python_minor())
    }

    /// The OCI platform.
    pub fn platform(&self) -> Platform {
        Platform::linux(self.architecture.debian())
    }

    /// The target as the Python resolver knows it, for the interpreter's full version.
    pub fn for_wheels(&self, patch: u32) -> pypi::Target {
        let python = pypi::PythonVersion::new(3, u32::from(self.release.python_minor()), patch);
        let (major, minor) = self.release.glibc();
        pypi::Target::new(python, (u32::from(major), u32::from(minor)), self.architecture)
    }
}
