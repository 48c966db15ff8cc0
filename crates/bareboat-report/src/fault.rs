//! Where an error comes from decides the exit code.

/// Whose doing an error is. The binary maps it to an exit code, nothing else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// What the user gave us: files, options, configuration. Exit code 2.
    Input,
    /// The world around us: network, registry, kernel, disk. Exit code 3.
    World,
    /// Ours. Exit code 101.
    Bug,
}

impl Fault {
    /// The process exit code.
    pub const fn exit_code(self) -> u8 {
        match self {
            Fault::Input => 2,
            Fault::World => 3,
            Fault::Bug => 101,
        }
    }
}
