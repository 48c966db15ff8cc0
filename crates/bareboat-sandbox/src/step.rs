//! The steps between "start" and "the application runs", as an error names them.

/// One step of setting a sandbox up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Step {
    /// Making the process with its own namespaces.
    Namespaces,
    /// Writing the user and group id maps.
    IdentityMap,
    /// Becoming the sandbox's root user for the set-up.
    BecomeRoot,
    /// Cutting mounts off from the host's.
    PrivateMounts,
    /// Opening the root directory.
    OpenRoot,
    /// Opening a mount's source.
    OpenSource,
    /// Mounting the private scratch file system.
    Stage,
    /// Making mount points that the root lacks.
    MountPoints,
    /// Mounting the root.
    Root,
    /// Mounting an overlay over the root.
    Overlay,
    /// Entering the root.
    Pivot,
    /// One of the mounts below the root.
    Mount,
    /// Setting the host name.
    Hostname,
    /// Switching the loopback interface on.
    Loopback,
    /// Letting the host's file system go.
    Detach,
    /// Starting the process that supervises the application.
    Supervise,
    /// Connecting standard input, output and error.
    StandardStreams,
    /// Setting supplementary groups.
    Groups,
    /// Becoming the sandbox's user and group.
    User,
    /// Dropping capabilities.
    Capabilities,
    /// Forbidding new privileges.
    NoNewPrivileges,
    /// Installing the system call filter.
    Seccomp,
    /// Changing to the working directory.
    WorkingDirectory,
    /// Executing the program.
    Execute,
}

impl Step {
    const ALL: [Self; 24] = [
        Self::Namespaces,
        Self::IdentityMap,
        Self::BecomeRoot,
        Self::PrivateMounts,
        Self::OpenRoot,
        Self::OpenSource,
        Self::Stage,
        Self::MountPoints,
        Self::Root,
        Self::Overlay,
        Self::Pivot,
        Self::Mount,
        Self::Hostname,
        Self::Loopback,
        Self::Detach,
        Self::Supervise,
        Self::StandardStreams,
        Self::Groups,
        Self::User,
        Self::Capabilities,
        Self::NoNewPrivileges,
        Self::Seccomp,
        Self::WorkingDirectory,
        Self::Execute,
    ];

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }

    /// What the step does, as the end of "cannot …".
    pub fn act(self) -> &'static str {
        match self {
            Self::Namespaces => "make new namespaces",
            Self::IdentityMap => "map user and group ids",
            Self::BecomeRoot => "become root inside the user namespace",
            Self::PrivateMounts => "separate the mounts from the host's",
            Self::OpenRoot => "open the root directory",
            Self::OpenSource => "open the source of a mount",
            Self::Stage => "mount a private scratch file system",
            Self::MountPoints => "make the mount points that the root lacks",
            Self::Root => "mount the root directory",
            Self::Overlay => "mount an overlay file system over the root",
            Self::Pivot => "enter the root directory",
            Self::Mount => "mount",
            Self::Hostname => "set the host name",
            Self::Loopback => "switch the loopback interface on",
            Self::Detach => "let go of the host's file system",
            Self::Supervise => "start supervising the application",
            Self::StandardStreams => "connect the standard streams",
            Self::Groups => "set the supplementary groups",
            Self::User => "become the user",
            Self::Capabilities => "drop capabilities",
            Self::NoNewPrivileges => "forbid new privileges",
            Self::Seccomp => "install the system call filter",
            Self::WorkingDirectory => "change to the working directory",
            Self::Execute => "execute the program",
        }
    }

    /// Whether the kernel decides this step by privilege, so that another way of mapping ids may succeed.
    pub(crate) fn needs_privilege(self) -> bool {
        matches!(
            self,
            Self::Namespaces
                | Self::IdentityMap
                | Self::BecomeRoot
                | Self::PrivateMounts
                | Self::Stage
                | Self::Overlay
                | Self::Root
                | Self::Pivot
                | Self::Mount
                | Self::Hostname
                | Self::Loopback
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_survives_the_trip_as_a_byte() {
        for step in Step::ALL {
            assert_eq!(Step::from_byte(step as u8), Some(step));
        }
        assert_eq!(Step::from_byte(Step::ALL.len() as u8), None);
    }
}
