//! Loads images into Docker or Podman and takes them out again, through the engine's API socket (Docker Engine API,
//! `POST /images/load`, `GET /images/NAME/get`).

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bareboat_store::Store;
use serde::Deserialize;

use crate::archive::write_docker_archive;
use crate::output::{OutputError, Subject};

/// Streams one image to the engine that listens on `socket`; what the engine calls it now.
///
/// # Errors
/// [`EngineError::Refused`] carries the engine's own words.
pub fn load(store: &Store, subject: &Subject<'_>, socket: &Path) -> Result<String, EngineError> {
    let fail = |act| move |source| EngineError::Io { act, socket: socket.to_path_buf(), source };
    let mut stream = UnixStream::connect(socket).map_err(fail("connect to"))?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(fail("talk to"))?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(fail("talk to"))?;
    let head = "POST /images/load?quiet=1 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bareboat\r\n\
                Content-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).map_err(fail("send to"))?;
    let mut chunks = Chunks { stream: &stream, buffer: Vec::with_capacity(CHUNK), failed: None };
    let written = write_docker_archive(store, subject, &mut chunks)
        .and_then(|()| chunks.finish().map_err(OutputError::io("send to", socket)));
    if let Err(error) = written {
        let Some(source) = chunks.failed else { return Err(error.into()) };
        // An engine that dislikes the beginning answers and hangs up: its answer says more than the broken pipe.
        return match read_response(&stream) {
            Ok(response) if response.status >= 400 => Err(response.refused()),
            _ => Err(fail("send to")(source)),
        };
    }
    let response = read_response(&stream).map_err(fail("read the answer of"))?;
    response.outcome()
}

/// Asks the engine that listens on `socket` for the image `name`: writes its archive, the form of `docker save`, to
/// `file`.
///
/// # Errors
/// [`EngineError::Refused`] carries the engine's own words, such as that there is no such image.
pub fn save(name: &str, socket: &Path, file: &mut File) -> Result<(), EngineError> {
    let fail = |act| move |source| EngineError::Io { act, socket: socket.to_path_buf(), source };
    let mut stream = UnixStream::connect(socket).map_err(fail("connect to"))?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(fail("talk to"))?;
    let head = format!(
        "GET /images/{}/get HTTP/1.1\r\nHost: localhost\r\nUser-Agent: bareboat\r\nConnection: close\r\n\r\n",
        in_url(name)
    );
    stream.write_all(head.as_bytes()).map_err(fail("send to"))?;
    let mut input = BufReader::with_capacity(CHUNK, stream);
    let head = read_head(&mut input).map_err(fail("read the answer of"))?;
    if head.status != 200 {
        let mut body = Vec::new();
        head.copy(&mut input.take(MAX_RESPONSE), &mut body).map_err(fail("read the answer of"))?;
        return Err(Response { status: head.status, body }.refused());
    }
    head.copy(&mut input, file).map_err(fail("read an image from"))
}

/// A name as part of a path; anything but the characters of image names is escaped (RFC 3986, section 2.1).
fn in_url(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:@".contains(&byte);
    name.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Collects what is written and sends it in chunks (RFC 9112, section 7.1).
struct Chunks<'a> {
    stream: &'a UnixStream,
    buffer: Vec<u8>,
    failed: Option<io::Error>,
}

impl Chunks<'_> {
    fn send(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let head = format!("{:x}\r\n", self.buffer.len());
        self.buffer.extend_from_slice(b"\r\n");
        let mut stream = self.stream;
        let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&self.buffer));
        self.buffer.clear();
        self.keep(sent)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.send()?;
        let mut stream = self.stream;
        let sent = stream.write_all(b"0\r\n\r\n");
        self.keep(sent)
    }

    fn keep(&mut self, sent: io::Result<()>) -> io::Result<()> {
        sent.map_err(|error| {
            let kind = error.kind();
            self.failed = Some(error);
            kind.into()
        })
    }
}

impl Write for Chunks<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..length]);
        if self.buffer.len() == CHUNK {
            self.send()?;
        }
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Response {
    status: u16,
    body: Vec<u8>,
}

/// One line of the engine's answer.
#[derive(Deserialize, Default)]
struct Line {
    stream: Option<String>,
    error: Option<String>,
    message: Option<String>,
}

impl Response {
    fn outcome(self) -> Result<String, EngineError> {
        if self.status != 200 {
            return Err(self.refused());
        }
        let mut loaded = String::new();
        for line in self.lines() {
            if let Some(error) = line.error {
                return Err(EngineError::Refused { status: self.status, message: error });
            }
            loaded.push_str(&line.stream.unwrap_or_default());
        }
        let loaded = loaded.trim();
        let name = loaded.split_once(": ").filter(|(text, _)| text.starts_with("Loaded image"));
        Ok(name.map_or(loaded, |(_, name)| name).to_owned())
    }

    fn refused(self) -> EngineError {
        let words = self.lines().into_iter().find_map(|line| line.message.or(line.error));
        let message = words.unwrap_or_else(|| {
            String::from_utf8_lossy(&self.body).chars().take(1000).collect::<String>().trim().to_owned()
        });
        EngineError::Refused { status: self.status, message }
    }

    fn lines(&self) -> Vec<Line> {
        let lines = self.body.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }
}

/// What comes before an answer's body, and how the body is delimited.
struct Head {
    status: u16,
    chunked: bool,
    length: Option<u64>,
}

impl Head {
    /// Copies the body, all of which must come.
    fn copy(&self, input: &mut impl BufRead, output: &mut impl Write) -> io::Result<()> {
        match (self.chunked, self.length) {
            (true, _) => copy_chunked(input, output),
            (false, Some(length)) => copy_exactly(input, length, output),
            (false, None) => io::copy(input, output).map(drop),
        }
    }
}

/// Reads an answer of bounded size, whichever way it is delimited.
fn read_response(stream: &UnixStream) -> io::Result<Response> {
    let mut input = BufReader::new(stream.take(MAX_RESPONSE));
    let head = read_head(&mut input)?;
    let mut body = Vec::new();
    match head.copy(&mut input, &mut body) {
        // An answer that is shorter than announced still has its words.
        Err(error) if head.chunked || error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(Response { status: head.status, body }),
    }
}

fn read_head(input: &mut impl BufRead) -> io::Result<Head> {
    loop {
        let status = read_line(input)?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status: u16 = status.ok_or_else(|| malformed("it is not HTTP"))?;
        let mut head = Head { status, chunked: false, length: None };
        loop {
            let line = read_line(input)?;
            if line.is_empty() {
                break;
            }
            let Some((name, value)) = line.split_once(':') else { continue };
            let (name, value) = (name.to_ascii_lowercase(), value.trim());
            head.chunked |= name == "transfer-encoding" && value.eq_ignore_ascii_case("chunked");
            if name == "content-length" {
                head.length = value.parse::<u64>().ok();
            }
        }
        if !(100..200).contains(&status) {
            return Ok(head);
        }
    }
}

fn copy_chunked(input: &mut impl BufRead, output: &mut impl Write) -> io::Result<()> {
    loop {
        let line = read_line(input)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| malformed("a chunk has no size"))?;
        if size == 0 {
            return Ok(());
        }
        copy_exactly(input, size, output)?;
        read_line(input)?;
    }
}

fn copy_exactly(input: &mut impl BufRead, size: u64, output: &mut impl Write) -> io::Result<()> {
    match io::copy(&mut input.take(size), output)? == size {
        true => Ok(()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn read_line(input: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    input.take(MAX_LINE).read_until(b'\n', &mut line)?;
    match line.strip_suffix(b"\n") {
        Some(line) => Ok(String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn malformed(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

const CHUNK: usize = 256 * 1024;
const MAX_LINE: u64 = 64 * 1024;
const MAX_RESPONSE: u64 = 4 << 20;
/// An engine that unpacks a large image says nothing until it is done.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// Why an engine did not take or give an image.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The image could not be read from the store.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The socket failed.
    #[error("cannot {act} the engine at `{}`: {source}", socket.display())]
    Io {
        /// What we tried.
        act: &'static str,
        /// The socket.
        socket: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The engine refused the image.
    #[error("the engine refused ({status}): {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The engine's words.
        message: String,
    },
}

impl EngineError {
    /// An imperative that helps, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Output(error) => error.hint(),
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Some(
                    "start the engine (`systemctl start docker`, `systemctl --user start podman.socket`)"
                        .into(),
                ),
                io::ErrorKind::PermissionDenied => Some(
                    "join the group that owns the socket, or write `-o docker-archive:FILE` and load that"
                        .into(),
                ),
                _ => None,
            },
            Self::Refused { .. } => None,
        }
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
