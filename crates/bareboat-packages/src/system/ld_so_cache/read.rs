//! Reads a cache that somebody else wrote. Offsets are checked; nothing is trusted.

use std::collections::BTreeMap;

use super::{ENTRY, EXTENSION_MAGIC, HEADER, HWCAPS_BIT, MAGIC, TAG_HWCAPS};

/// One library of a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedLibrary {
    /// What programs ask for.
    pub name: String,
    /// Absolute path.
    pub path: String,
    /// Architecture and kind, in glibc's numbers: `0x0303` is x86-64, `0x0a03` AArch64.
    pub flags: u32,
    /// The `glibc-hwcaps` subdirectory that a processor must be good for.
    pub hwcaps: Option<String>,
}

/// The libraries of a cache, in its order: the loader takes the first that fits.
///
/// # Errors
/// Another format (glibc before 2.33 wrote one), big-endian, or offsets that point nowhere.
pub fn parse(bytes: &[u8]) -> Result<Vec<CachedLibrary>, CacheError> {
    if !bytes.starts_with(MAGIC) {
        return Err(CacheError::Format);
    }
    // 0 is what glibc wrote before it recorded the byte order.
    if !matches!(bytes.get(28), Some(0 | 2)) {
        return Err(CacheError::ByteOrder);
    }
    let cache = Bytes(bytes);
    let count = cache.int(20)? as usize;
    if count > bytes.len().saturating_sub(HEADER) / ENTRY {
        return Err(CacheError::Truncated);
    }
    let hwcaps = cache.hwcaps()?;
    let mut libraries = Vec::with_capacity(count);
    for index in 0..count {
        let at = HEADER + ENTRY * index;
        let hwcap = u64::from(cache.int(at + 20)?) << 32 | u64::from(cache.int(at + 16)?);
        let level = (hwcap & HWCAPS_BIT != 0).then(|| hwcaps.get((hwcap & 0xffff_ffff) as usize));
        libraries.push(CachedLibrary {
            flags: cache.int(at)?,
            name: cache.text(cache.int(at + 4)?)?,
            path: cache.text(cache.int(at + 8)?)?,
            hwcaps: level.map(|name| name.cloned().ok_or(CacheError::Truncated)).transpose()?,
        });
    }
    Ok(libraries)
}

/// Library name to path, for the processor's baseline: what any machine finds.
pub fn plain_paths(libraries: &[CachedLibrary]) -> BTreeMap<String, String> {
    let mut paths = BTreeMap::new();
    for library in libraries.iter().filter(|library| library.hwcaps.is_none()) {
        paths.entry(library.name.clone()).or_insert_with(|| library.path.clone());
    }
    paths
}

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn int(&self, at: usize) -> Result<u32, CacheError> {
        let four = self.0.get(at..).and_then(|rest| rest.first_chunk::<4>());
        four.map(|&four| u32::from_le_bytes(four)).ok_or(CacheError::Truncated)
    }

    fn text(&self, at: u32) -> Result<String, CacheError> {
        const LONGEST: usize = 4096;
        let rest = self.0.get(at as usize..).ok_or(CacheError::Truncated)?;
        let rest = &rest[..rest.len().min(LONGEST)];
        let end = memchr::memchr(0, rest).ok_or(CacheError::Truncated)?;
        Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
    }

    fn hwcaps(&self) -> Result<Vec<String>, CacheError> {
        const MOST: u32 = 64;
        let extension = self.int(32)? as usize;
        if extension == 0 || self.int(extension)? != EXTENSION_MAGIC {
            return Ok(Vec::new());
        }
        for index in 0..self.int(extension + 4)?.min(MOST) {
            let section = extension + 8 + 16 * index as usize;
            if self.int(section)? != TAG_HWCAPS {
                continue;
            }
            let (at, size) = (self.int(section + 8)? as usize, self.int(section + 12)?);
            let names = (0..(size / 4).min(MOST)).map(|index| self.text(self.int(at + 4 * index as usize)?));
            return names.collect();
        }
        Ok(Vec::new())
    }
}

/// Why a cache cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// Not the format of glibc 2.33 and later.
    #[error("not a loader cache of glibc 2.33 or later")]
    Format,
    /// Big-endian.
    #[error("loader cache of a big-endian system")]
    ByteOrder,
    /// An offset points outside the file.
    #[error("loader cache is cut off or damaged")]
    Truncated,
}
