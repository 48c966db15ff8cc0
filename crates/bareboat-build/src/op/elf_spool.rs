//! Reads ELF facts from a stream: the headers may point anywhere in the file, so its bytes are kept for a moment.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use bareboat_packages::elf::ElfFacts;
use bareboat_store::Store;

/// Larger files wait on disk instead of in memory.
const IN_MEMORY: u64 = 16 << 20;

/// A file's content, looked at.
pub(super) enum Spooled<'r> {
    /// Not ELF: the bytes read so far, then the rest of the stream.
    Stream(io::Chain<Cursor<Vec<u8>>, &'r mut dyn Read>),
    /// ELF, in memory.
    Memory(Cursor<Vec<u8>>, Option<ElfFacts>),
    /// ELF, on disk.
    File(std::fs::File, Option<ElfFacts>),
}

/// Looks whether `content` of `size` bytes is ELF and reads its facts if so.
pub(super) fn spool<'r>(store: &Store, content: &'r mut dyn Read, size: u64) -> io::Result<Spooled<'r>> {
    let mut magic = Vec::with_capacity(4);
    content.take(4).read_to_end(&mut magic)?;
    if magic != b"\x7fELF" {
        return Ok(Spooled::Stream(Cursor::new(magic).chain(content)));
    }
    if size <= IN_MEMORY {
        content.take(size.saturating_sub(4) + 1).read_to_end(&mut magic)?;
        let mut bytes = Cursor::new(magic);
        let facts = ElfFacts::read(&mut bytes).ok();
        bytes.set_position(0);
        return Ok(Spooled::Memory(bytes, facts));
    }
    let mut file = tempfile::tempfile_in(store.temporary_directory())?;
    file.write_all(&magic)?;
    io::copy(&mut content.take(size.saturating_sub(4) + 1), &mut file)?;
    file.seek(SeekFrom::Start(0))?;
    let facts = ElfFacts::read(&mut file).ok();
    file.seek(SeekFrom::Start(0))?;
    Ok(Spooled::File(file, facts))
}

impl Spooled<'_> {
    /// The content from its start, and the facts when it is ELF that could be read.
    pub(super) fn split(&mut self) -> (&mut dyn Read, Option<ElfFacts>) {
        match self {
            Spooled::Stream(stream) => (stream, None),
            Spooled::Memory(bytes, facts) => (bytes, facts.take()),
            Spooled::File(file, facts) => (file, facts.take()),
        }
    }
}
