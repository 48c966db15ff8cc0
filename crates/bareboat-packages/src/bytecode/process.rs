//! One running interpreter that compiles file after file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{BytecodeError, Outcome, marshal};

/// How to start the interpreter of a composed root on this machine, without entering the root.
#[derive(Debug, Clone)]
pub(super) struct Interpreter {
    /// The root's dynamic loader: started by name, it needs neither the root's own path nor this machine's libraries.
    loader: PathBuf,
    library_path: String,
    program: PathBuf,
    home: PathBuf,
}

impl Interpreter {
    /// Finds `pythonX.Y` and its loader below `root`; both merged and separate `/usr` are known.
    pub fn find(root: &Path, python: (u8, u8)) -> Result<Self, BytecodeError> {
        let none = || BytecodeError::NoInterpreter { root: root.to_owned(), python };
        // The loader splits its library path at colons, and knows no way to escape one.
        let text = root.to_str().filter(|text| !text.contains([':', ';'])).ok_or_else(none)?;
        let (triplet, loader) = LOADERS
            .iter()
            .find(|(arch, ..)| *arch == std::env::consts::ARCH)
            .map(|row| (row.1, row.2))
            .ok_or_else(none)?;
        let directories = [format!("{text}/usr/lib/{triplet}"), format!("{text}/lib/{triplet}")];
        let loader =
            directories.iter().map(|directory| Path::new(directory).join(loader)).find(|path| path.is_file());
        let program = root.join(format!("usr/bin/python{}.{}", python.0, python.1));
        if !program.is_file() {
            return Err(none());
        }
        Ok(Self {
            loader: loader.ok_or_else(none)?,
            library_path: directories.join(":"),
            program,
            home: root.join("usr"),
        })
    }

    /// Starts it with an empty environment. `-S` and `-s`: no site-packages of anybody; `-P`: nothing from the working
    /// directory; `-B`: no bytecode of its own. The fixed hash seed is a second lock on a door that is already shut.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.loader);
        command
            .args(["--library-path", &self.library_path])
            .arg(&self.program)
            .args(["-S", "-s", "-P", "-B", "-c", DRIVER])
            .env_clear()
            .env("PYTHONHOME", &self.home)
            .env("PYTHONHASHSEED", "0")
            .current_dir("/");
        command
    }
}

/// A started interpreter.
pub(super) struct Process {
    child: Child,
    socket: UnixStream,
    /// Where it complains.
    complaints: File,
    timeout: Duration,
    /// Bytes of source it has compiled.
    pub compiled: u64,
}

impl Process {
    /// Starts an interpreter and checks its greeting.
    pub fn start(interpreter: &Interpreter, timeout: Duration) -> Result<Self, BytecodeError> {
        let start = |source| BytecodeError::Start { program: interpreter.loader.clone(), source };
        let temporary = |source| BytecodeError::Temporary { source };
        let complaints = tempfile::tempfile().map_err(temporary)?;
        let (socket, other) = UnixStream::pair().map_err(start)?;
        socket.set_read_timeout(Some(timeout)).map_err(start)?;
        socket.set_write_timeout(Some(timeout)).map_err(start)?;
        let child = interpreter
            .command()
            .stdin(OwnedFd::from(other))
            .stdout(Stdio::null())
            .stderr(complaints.try_clone().map_err(temporary)?)
            .spawn()
            .map_err(start)?;
        let mut process = Self { child, socket, complaints, timeout, compiled: 0 };
        process.greet()?;
        Ok(process)
    }

    fn greet(&mut self) -> Result<(), BytecodeError> {
        let mut greeting = [0; 16];
        if self.socket.read_exact(&mut greeting).is_err() || !greeting.starts_with(b"bareboat") {
            let why = self.last_words();
            return Err(BytecodeError::Unusable { why });
        }
        let version = u32::from_le_bytes([greeting[8], greeting[9], greeting[10], greeting[11]]);
        if !(4..=5).contains(&version) {
            let why = format!("its marshal format is version {version}; 4 and 5 are known");
            return Err(BytecodeError::Unusable { why });
        }
        Ok(())
    }

    /// Compiles one source. After an error the process is of no use any more.
    pub fn compile(&mut self, path: &str, raw_path: &[u8], source: &[u8]) -> Result<Outcome, BytecodeError> {
        self.compiled += source.len() as u64;
        let (status, payload) = match self.exchange(raw_path, source) {
            Ok(answer) => answer,
            Err(error) => return Err(self.failure(path, &error)),
        };
        let unknown = |why: String| BytecodeError::UnknownForm { path: path.to_owned(), why };
        match status {
            b'c' => {
                let (header, code) =
                    payload.split_at_checked(HEADER).ok_or_else(|| unknown("it is cut off".into()))?;
                let mut pyc = header.to_vec();
                pyc.extend(marshal::canonical(code).map_err(unknown)?);
                Ok(Outcome::Code(pyc))
            }
            b'e' => {
                let text = String::from_utf8_lossy(&payload);
                let (line, message) = text.split_once(':').unwrap_or(("0", &text));
                let line = line.parse().ok().filter(|&line| line > 0);
                Ok(Outcome::Refused { line, message: message.to_owned() })
            }
            other => Err(unknown(format!("status {other}"))),
        }
    }

    fn exchange(&mut self, path: &[u8], source: &[u8]) -> io::Result<(u8, Vec<u8>)> {
        let too_long = |_| io::Error::from(io::ErrorKind::InvalidInput);
        for part in [path, source] {
            let length = u32::try_from(part.len()).map_err(too_long)?;
            self.socket.write_all(&length.to_le_bytes())?;
        }
        self.socket.write_all(path)?;
        self.socket.write_all(source)?;
        let mut head = [0; 5];
        self.socket.read_exact(&mut head)?;
        let length = u64::from(u32::from_le_bytes([head[1], head[2], head[3], head[4]]));
        let mut payload = Vec::new();
        let read = (&mut self.socket).take(length).read_to_end(&mut payload)?;
        if read as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok((head[0], payload))
    }

    fn failure(&mut self, path: &str, error: &io::Error) -> BytecodeError {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                BytecodeError::TooSlow { path, seconds: self.timeout.as_secs() }
            }
            _ => BytecodeError::Crashed { path, how: self.last_words() },
        }
    }

    /// How it ended and the last thing it said.
    fn last_words(&mut self) -> String {
        let _ = self.socket.shutdown(Shutdown::Both);
        // It may have closed the socket without having ended.
        let _ = self.child.kill();
        let status = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        let mut text = String::new();
        let from = self.complaints.seek(SeekFrom::End(0)).unwrap_or(0).saturating_sub(LAST_WORDS);
        let _ = self.complaints.seek(SeekFrom::Start(from));
        let _ = self.complaints.read_to_string(&mut text);
        match text.lines().rev().find(|line| !line.trim().is_empty()) {
            Some(line) => format!("{status}: {}", line.trim()),
            None => status,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The script that runs in the interpreter.
const DRIVER: &str = include_str!("driver.py");

/// Bytes of a `.pyc` file before the code: magic, flags, source hash (PEP 552).
const HEADER: usize = 16;

/// Bytes of complaints worth reading.
const LAST_WORDS: u64 = 4096;

/// Architecture as Rust names it, Debian's multiarch triplet, the dynamic loader's file name.
const LOADERS: [(&str, &str, &str); 5] = [
    ("x86_64", "x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    ("aarch64", "aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
    ("riscv64", "riscv64-linux-gnu", "ld-linux-riscv64-lp64d.so.1"),
    ("powerpc64", "powerpc64le-linux-gnu", "ld64.so.2"),
    ("s390x", "s390x-linux-gnu", "ld64.so.1"),
];
