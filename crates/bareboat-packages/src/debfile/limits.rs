//! How much a package may hold before it is refused.

/// Bounds on one package. The defaults pass every package of Debian's main component that an application image can
/// want (the largest, CUDA-like ones, stay below 4 GiB) and stop a bomb early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the decompressed control archive.
    pub control_bytes: u64,
    /// Bytes of the decompressed data archive, tar headers included.
    pub data_bytes: u64,
    /// Entries in the data archive.
    pub entries: u64,
    /// Bytes of one path or link target. Linux's `PATH_MAX` is 4096.
    pub path_bytes: u64,
    /// Bytes of memory for one decompressor. `xz -9` wants 65 MiB, zstd's largest default window 128 MiB.
    pub decoder_memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            control_bytes: 32 << 20,
            data_bytes: 16 << 30,
            entries: 1_000_000,
            path_bytes: 4096,
            decoder_memory: 192 << 20,
        }
    }
}
