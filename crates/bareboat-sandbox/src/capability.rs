//! Sets of Linux capabilities (capabilities(7)).

/// A set of capabilities: bit *n* is the capability with number *n*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Capabilities(u64);

impl Capabilities {
    /// No capability at all.
    pub const NONE: Self = Self(0);

    /// The fourteen that Docker leaves to a container, as `CapBnd` shows them: chown, dac_override, fowner, fsetid,
    /// kill, setgid, setuid, setpcap, net_bind_service, net_raw, sys_chroot, mknod, audit_write, setfcap.
    pub const DOCKER: Self = Self(0xa804_25fb);

    /// A set from its bits, as `/proc/PID/status` prints them.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The set's bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether the set holds the capability with this number.
    pub const fn contains(self, number: u32) -> bool {
        number < 64 && self.0 & (1 << number) != 0
    }
}
