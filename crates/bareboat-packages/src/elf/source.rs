//! Bounded random access to a file that is never loaded whole.

use std::io::{self, Read, Seek, SeekFrom};

use super::ElfError;

/// Bytes read at once. Most tables of most libraries fit.
const WINDOW: usize = 16 << 10;
/// No name that matters is longer: Linux's `PATH_MAX`.
const LONGEST_TEXT: usize = 4096;

/// A file with one window of it in memory.
pub(super) struct Source<R> {
    reader: R,
    length: u64,
    window: Vec<u8>,
    start: u64,
}

impl<R: Read + Seek> Source<R> {
    pub(super) fn new(mut reader: R) -> Result<Self, ElfError> {
        let length = reader.seek(SeekFrom::End(0))?;
        Ok(Self { reader, length, window: Vec::new(), start: 0 })
    }

    /// Bytes in the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Exactly `size` bytes at `offset`; `size` is at most the window's.
    pub(super) fn bytes(&mut self, offset: u64, size: usize) -> Result<&[u8], ElfError> {
        let available = self.some(offset, size)?;
        available.get(..size).ok_or(ElfError::OutOfFile { offset, size: size as u64 })
    }

    /// At least `size` bytes at `offset` unless the file ends before, more where the window has them.
    pub(super) fn some(&mut self, offset: u64, size: usize) -> Result<&[u8], ElfError> {
        let inside =
            offset.checked_sub(self.start).is_some_and(|skip| skip + size as u64 <= self.window.len() as u64);
        if !inside {
            self.load(offset)?;
        }
        // Either inside the window just checked, or the window was loaded to start here.
        let skip = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        Ok(self.window.get(skip..).unwrap_or_default())
    }

    /// The NUL-terminated text at `offset`, with U+FFFD for what is not UTF-8.
    pub(super) fn text(&mut self, offset: u64) -> Result<String, ElfError> {
        let bytes = self.some(offset, LONGEST_TEXT)?;
        let bytes = &bytes[..bytes.len().min(LONGEST_TEXT)];
        let end = memchr::memchr(0, bytes).ok_or(ElfError::Text { offset })?;
        Ok(String::from_utf8_lossy(&bytes[..end]).into_owned())
    }

    fn load(&mut self, offset: u64) -> Result<(), ElfError> {
        self.window.clear();
        self.start = offset;
        if offset >= self.length {
            return Ok(());
        }
        self.reader.seek(SeekFrom::Start(offset))?;
        (&mut self.reader).take(WINDOW as u64).read_to_end(&mut self.window)?;
        Ok(())
    }
}

impl From<io::Error> for ElfError {
    fn from(source: io::Error) -> Self {
        Self::Read(source)
    }
}

/// How this file's numbers are laid out.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// 64-bit words.
    pub wide: bool,
    /// Most significant byte first.
    pub big: bool,
}

impl Shape {
    /// The 16-bit number at `at`; 0 beyond the end.
    pub(super) fn half(self, bytes: &[u8], at: usize) -> u16 {
        let Some(&[a, b]) = bytes.get(at..).and_then(|rest| rest.first_chunk::<2>()) else { return 0 };
        if self.big { u16::from_be_bytes([a, b]) } else { u16::from_le_bytes([a, b]) }
    }

    /// The 32-bit number at `at`; 0 beyond the end.
    pub(super) fn int(self, bytes: &[u8], at: usize) -> u32 {
        let Some(&four) = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()) else { return 0 };
        if self.big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    }

    /// A word: 8 bytes at `wide`, or 4 bytes at `narrow`.
    pub(super) fn word(self, bytes: &[u8], narrow: usize, wide: usize) -> u64 {
        if !self.wide {
            return u64::from(self.int(bytes, narrow));
        }
        let Some(&eight) = bytes.get(wide..).and_then(|rest| rest.first_chunk::<8>()) else { return 0 };
        if self.big { u64::from_be_bytes(eight) } else { u64::from_le_bytes(eight) }
    }
}
