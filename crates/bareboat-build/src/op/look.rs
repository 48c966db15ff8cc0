//! Looks at a file's content as it streams by: ELF facts, the interpreter a script names on its first line, what a
//! Python source imports.
//!
//! ELF headers may point anywhere in the file, so its bytes are kept for a moment; scripts are only peeked at.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use bareboat_image::TreePath;
use bareboat_packages::elf::ElfFacts;
use bareboat_store::Store;

use super::sources;
use crate::piece::Piece;

/// Larger files wait on disk instead of in memory.
const IN_MEMORY: u64 = 16 << 20;

/// The longest first line Linux reads of a script (binfmt_script, `BINPRM_BUF_SIZE`).
const FIRST_LINE: u64 = 256;

/// A file's content, looked at.
pub(super) struct Spooled<'r> {
    content: Content<'r>,
    elf: Option<ElfFacts>,
    interpreter: Option<String>,
    imports: Option<sources::Imported>,
}

enum Content<'r> {
    Stream(io::Chain<Cursor<Vec<u8>>, &'r mut dyn Read>),
    Memory(Cursor<Vec<u8>>),
    File(std::fs::File),
}

/// Looks at `content` of `size` bytes.
pub(super) fn spool<'r>(
    store: &Store,
    path: &TreePath,
    content: &'r mut dyn Read,
    size: u64,
) -> io::Result<Spooled<'r>> {
    let mut start = Vec::new();
    if sources::is_source(path) && size <= sources::LARGEST {
        // One byte more than announced, as below.
        content.take(size + 1).read_to_end(&mut start)?;
        let interpreter = shebang(&start[..start.len().min(FIRST_LINE as usize)]);
        let imports = sources::imports(path, &start);
        return Ok(Spooled { content: Content::Memory(Cursor::new(start)), elf: None, interpreter, imports });
    }
    content.take(FIRST_LINE).read_to_end(&mut start)?;
    if !start.starts_with(b"\x7fELF") {
        let interpreter = shebang(&start);
        return Ok(Spooled {
            content: Content::Stream(Cursor::new(start).chain(content)),
            elf: None,
            interpreter,
            imports: None,
        });
    }
    // One byte more than announced, so that the writer notices a file that is too long.
    let rest = size.saturating_sub(start.len() as u64) + 1;
    if size <= IN_MEMORY {
        content.take(rest).read_to_end(&mut start)?;
        let mut bytes = Cursor::new(start);
        let elf = ElfFacts::read(&mut bytes).ok();
        bytes.set_position(0);
        return Ok(Spooled { content: Content::Memory(bytes), elf, interpreter: None, imports: None });
    }
    let mut file = tempfile::tempfile_in(store.temporary_directory())?;
    file.write_all(&start)?;
    io::copy(&mut content.take(rest), &mut file)?;
    file.seek(SeekFrom::Start(0))?;
    let elf = ElfFacts::read(&mut file).ok();
    file.seek(SeekFrom::Start(0))?;
    Ok(Spooled { content: Content::File(file), elf, interpreter: None, imports: None })
}

impl Spooled<'_> {
    /// The content from its start.
    pub(super) fn reader(&mut self) -> &mut dyn Read {
        match &mut self.content {
            Content::Stream(stream) => stream,
            Content::Memory(bytes) => bytes,
            Content::File(file) => file,
        }
    }

    /// All of the content, when it is in memory.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match &self.content {
            Content::Memory(bytes) => Some(bytes.get_ref()),
            Content::Stream(_) | Content::File(_) => None,
        }
    }

    /// Puts what was seen into the piece; the interpreter of a file that nobody may execute means nothing.
    pub(super) fn record(self, piece: &mut Piece, path: &TreePath, mode: u16) {
        if let Some(elf) = self.elf {
            piece.elf.insert(path.clone(), elf);
        }
        if let Some(interpreter) = self.interpreter.filter(|_| mode & 0o111 != 0) {
            piece.interpreters.insert(path.clone(), interpreter);
        }
        if let Some(imports) = self.imports {
            imports.record(&mut piece.imports);
        }
    }
}

/// The first line of a script without `#!`: interpreter and its argument.
fn shebang(start: &[u8]) -> Option<String> {
    let line = start.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    Some(String::from_utf8_lossy(line).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_interpreter_of_a_script_and_nothing_else() {
        assert_eq!(shebang(b"#! /usr/bin/env python3\nx").as_deref(), Some("/usr/bin/env python3"));
        assert_eq!(shebang(b"print()"), None);
    }
}
