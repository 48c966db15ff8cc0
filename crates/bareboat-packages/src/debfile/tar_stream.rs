//! Tar headers one after the other, with the GNU extensions that deb(5) allows and nothing else.
//!
//! The `tar` crate's iterator is not used: it loads long names of any claimed length into memory.

use std::io::{self, Read};

use super::compression::Bounded;
use super::{DebError, Limits};

const BLOCK: usize = 512;

/// A tar header with its long names applied. Numbers are as claimed, nothing is checked yet.
pub(super) struct Header {
    pub path: Vec<u8>,
    pub link: Vec<u8>,
    pub kind: u8,
    pub mode: u32,
    pub uid: u64,
    pub gid: u64,
    pub size: u64,
}

/// Reads headers and contents from one decompressed member.
pub(super) struct TarStream<'a> {
    member: &'a str,
    stream: Bounded<Box<dyn Read + 'a>>,
    limit: u64,
    path_bytes: u64,
}

impl<'a> TarStream<'a> {
    /// A stream that gives at most `limit` bytes of tar.
    pub(super) fn new(member: &'a str, reader: Box<dyn Read + 'a>, limit: u64, limits: &Limits) -> Self {
        Self { member, stream: Bounded::new(reader, limit), limit, path_bytes: limits.path_bytes }
    }

    /// The next entry's header; its content must be taken with [`TarStream::content`] before the next call.
    /// `None` at the end, once the compressed stream's own checksum was verified.
    pub(super) fn next(&mut self) -> Result<Option<Header>, DebError> {
        let mut long_path = None;
        let mut long_link = None;
        loop {
            let Some(block) = self.block()? else {
                self.drain()?;
                return Ok(None);
            };
            let header = self.parse(&block)?;
            match header.kind {
                b'L' => long_path = Some(self.long_name(header.size)?),
                b'K' => long_link = Some(self.long_name(header.size)?),
                _ => {
                    let path = long_path.unwrap_or(header.path);
                    let link = long_link.unwrap_or(header.link);
                    return Ok(Some(Header { path, link, ..header }));
                }
            }
        }
    }

    /// Hands the `size` bytes of content to `visit`, then skips what it left and the padding.
    ///
    /// A failure of the stream wins over what `visit` makes of it.
    pub(super) fn content<E: From<DebError>>(
        &mut self,
        size: u64,
        visit: impl FnOnce(&mut dyn Read) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut content = Content { stream: &mut self.stream, left: size, failure: None };
        let outcome = visit(&mut content);
        if outcome.is_ok() {
            // A failure of the stream is remembered in `content`; this copy has no other.
            let _ = io::copy(&mut content, &mut io::sink());
        }
        if let Some(failure) = content.failure.take() {
            return Err(self.failed(failure).into());
        }
        outcome?;
        let padding = size.next_multiple_of(BLOCK as u64) - size;
        let skipped = io::copy(&mut (&mut self.stream).take(padding), &mut io::sink());
        match skipped {
            Ok(length) if length == padding => Ok(()),
            Ok(_) => Err(self.failed(io::ErrorKind::UnexpectedEof.into()).into()),
            Err(problem) => Err(self.failed(problem).into()),
        }
    }

    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, DebError> {
        let mut block = [0; BLOCK];
        self.stream.read_exact(&mut block).map_err(|problem| self.failed(problem))?;
        Ok(block.iter().any(|&byte| byte != 0).then_some(block))
    }

    fn parse(&self, block: &[u8; BLOCK]) -> Result<Header, DebError> {
        let header = tar::Header::from_byte_slice(block);
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        let field: u32 = header.as_old().cksum.iter().map(|&byte| u32::from(byte)).sum();
        let computed = sum - field + 8 * u32::from(b' ');
        if header.cksum().ok() != Some(computed) {
            return Err(self.failed(io::Error::other("a tar header's checksum is wrong")));
        }
        let path = header.path_bytes().into_owned();
        let wrong = |field| DebError::Header { path: String::from_utf8_lossy(&path).into_owned(), field };
        let kind = match block[156] {
            0 => b'0',
            kind => kind,
        };
        Ok(Header {
            link: header.link_name_bytes().map(|link| link.into_owned()).unwrap_or_default(),
            kind,
            mode: header.mode().map_err(|_| wrong("mode"))?,
            uid: header.uid().map_err(|_| wrong("owner"))?,
            gid: header.gid().map_err(|_| wrong("owner"))?,
            // Only files and long names have content; GNU tar writes 0 elsewhere and old tars a link's size.
            size: match kind {
                b'1'..=b'6' => 0,
                _ => header.entry_size().map_err(|_| wrong("size"))?,
            },
            path,
        })
    }

    fn long_name(&mut self, size: u64) -> Result<Vec<u8>, DebError> {
        if size > self.path_bytes + 1 {
            let member = format!("a name in {}", self.member);
            return Err(DebError::TooLarge { member, limit: self.path_bytes, unit: "bytes" });
        }
        let mut name = Vec::new();
        self.content(size, |content| {
            let read = content.read_to_end(&mut name);
            read.map(|_| ()).map_err(|source| DebError::Member { member: String::new(), source })
        })?;
        if name.last() == Some(&0) {
            name.pop();
        }
        Ok(name)
    }

    /// Reads on to the end, so that a checksum that stands there is checked and a cut-off stream noticed.
    fn drain(&mut self) -> Result<(), DebError> {
        io::copy(&mut self.stream, &mut io::sink()).map(|_| ()).map_err(|problem| self.failed(problem))
    }

    fn failed(&self, source: io::Error) -> DebError {
        let member = self.member.to_owned();
        match self.stream.exceeded() {
            true => DebError::TooLarge { member, limit: self.limit, unit: "bytes" },
            false => DebError::Member { member, source },
        }
    }
}

/// An entry's content; remembers the first failure of the stream below, for the visitor may swallow it.
struct Content<'a, R> {
    stream: &'a mut Bounded<R>,
    left: u64,
    failure: Option<io::Error>,
}

impl<R: Read> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        match self.stream.read(&mut buffer[..most]) {
            Ok(0) => Err(self.fail(io::ErrorKind::UnexpectedEof.into())),
            Ok(read) => {
                self.left -= read as u64;
                Ok(read)
            }
            Err(problem) if problem.kind() == io::ErrorKind::Interrupted => Err(problem),
            Err(problem) => Err(self.fail(problem)),
        }
    }
}

impl<R> Content<'_, R> {
    fn fail(&mut self, problem: io::Error) -> io::Error {
        let copy = io::Error::new(problem.kind(), problem.to_string());
        self.failure = Some(problem);
        copy
    }
}
