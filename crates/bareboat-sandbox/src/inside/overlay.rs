//! One overlay mount, put together without allocation (the kernel's overlayfs documentation).

use std::ffi::CStr;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::io::Errno;
use rustix::mount::MountFlags;

use super::path::StackPath;

/// Which extended attributes an overlay keeps its records in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// `trusted.overlay.`: only the initial user namespace's administrator can.
    Trusted,
    /// `user.overlay.`: what a user namespace can write.
    User,
}

impl Records {
    /// What the names of the attributes begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Trusted => "trusted.overlay.",
            Self::User => "user.overlay.",
        }
    }
}

/// The options of an overlay, growing.
///
/// Directories are named by descriptors rather than paths: no escaping of `:` and `,`, no limit on their length, and
/// the mount table inside shows nothing of the host's directories.
pub(super) struct Overlay {
    options: StackPath,
    records: Records,
    lower: usize,
}

impl Overlay {
    pub(super) fn new(records: Records) -> Result<Self, Errno> {
        Ok(Self { options: StackPath::new(b"lowerdir=")?, records, lower: 0 })
    }

    /// Lays a directory below those added before; it must stay open until the mount is made.
    pub(super) fn add_lower(&mut self, directory: &OwnedFd) -> Result<(), Errno> {
        if self.lower > 0 {
            self.options.append(b":")?;
        }
        self.lower += 1;
        self.append_descriptor(directory)
    }

    pub(super) fn add_all_lower(&mut self, directories: &[OwnedFd]) -> Result<(), Errno> {
        directories.iter().try_for_each(|directory| self.add_lower(directory))
    }

    /// Lets changes go to `upper`.
    pub(super) fn record_changes(&mut self, upper: &OwnedFd, work: &OwnedFd) -> Result<(), Errno> {
        self.options.append(b",upperdir=")?;
        self.append_descriptor(upper)?;
        self.options.append(b",workdir=")?;
        self.append_descriptor(work)
    }

    /// Whoever reads the changes must find whole files under their own names, whatever a distribution made the default.
    pub(super) fn mount(mut self, target: &CStr) -> Result<(), Errno> {
        self.options.append(match self.records {
            Records::User => b",userxattr".as_slice(),
            Records::Trusted => b",redirect_dir=nofollow,metacopy=off,index=off",
        })?;
        rustix::mount::mount(c"overlay", target, c"overlay", MountFlags::empty(), self.options.as_c_str())
    }

    fn append_descriptor(&mut self, directory: &OwnedFd) -> Result<(), Errno> {
        self.options.append(b"/host/proc/self/fd/")?;
        self.options.append_number(directory.as_raw_fd().unsigned_abs())
    }
}
