//! The files of a project that tell its dependencies, read with bounds.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::{Place, PypiError};

/// A directory with an application.
#[derive(Debug, Clone)]
pub struct ProjectDir {
    root: PathBuf,
}

impl ProjectDir {
    /// The project in `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The project in the directory `relative` of this one.
    pub fn inside(&self, relative: &str) -> Self {
        Self { root: self.root.join(relative) }
    }

    /// True when `file` is a regular file here.
    pub fn has(&self, file: &str) -> bool {
        self.root.join(file).is_file()
    }

    /// The text of `file`, or `None` when there is no such file.
    ///
    /// Byte order marks are honoured: `pip freeze > file` in some shells writes UTF-16.
    ///
    /// # Errors
    /// Unreadable files, files beyond 64 MiB, and files that are no text.
    pub fn read(&self, file: &str) -> Result<Option<String>, PypiError> {
        let failed = |source| PypiError::Read { file: file.to_owned(), source };
        let path = self.root.join(file);
        match std::fs::metadata(&path) {
            // Opening a pipe waits for whoever writes to it, for ever.
            Ok(metadata) if !metadata.is_file() => {
                return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        }
        let reader = File::open(&path).map_err(failed)?;
        let mut bytes = Vec::new();
        reader.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(PypiError::TooLarge { file: file.to_owned(), limit: MAX_FILE });
        }
        let text =
            decode(bytes).ok_or_else(|| PypiError::syntax(Place::file(file), "it is not UTF-8 text"))?;
        Ok(Some(text))
    }

    /// As [`ProjectDir::read`], for a file that must exist.
    ///
    /// # Errors
    /// Also when there is no such file.
    pub fn require(&self, file: &str) -> Result<String, PypiError> {
        self.read(file)?
            .ok_or_else(|| PypiError::Read { file: file.to_owned(), source: io::ErrorKind::NotFound.into() })
    }

    /// The names directly inside the directory, sorted; names that are not UTF-8 are left out.
    ///
    /// # Errors
    /// An unreadable directory.
    pub fn names(&self) -> Result<Vec<String>, PypiError> {
        let failed = |source| PypiError::Read { file: self.root.display().to_string(), source };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.root).map_err(failed)? {
            names.extend(entry.map_err(failed)?.file_name().into_string().ok());
        }
        names.sort();
        Ok(names)
    }
}

fn decode(bytes: Vec<u8>) -> Option<String> {
    let wide = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()
    };
    match &bytes[..] {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes).ok(),
    }
}

/// Lock files of large workspaces reach a few megabytes.
const MAX_FILE: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_text_with_every_byte_order_mark() {
        let directory = tempfile::tempdir().unwrap();
        let project = ProjectDir::new(directory.path());
        for (name, bytes) in [
            ("plain", b"flask".to_vec()),
            ("utf8", b"\xef\xbb\xbfflask".to_vec()),
            ("little", b"\xff\xfef\0l\0a\0s\0k\0".to_vec()),
            ("big", b"\xfe\xff\0f\0l\0a\0s\0k".to_vec()),
        ] {
            std::fs::write(directory.path().join(name), bytes).unwrap();
            assert_eq!(project.read(name).unwrap().as_deref(), Some("flask"), "{name}");
        }
        std::fs::write(directory.path().join("binary"), b"\x80\x81").unwrap();
        assert!(project.read("binary").is_err());
        assert_eq!(project.read("missing").unwrap(), None);
        assert_eq!(project.names().unwrap(), ["big", "binary", "little", "plain", "utf8"]);
    }
}
