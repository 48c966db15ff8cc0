//! Reads the files of an application's directory that decide a build.
//!
//! The directory may be anybody's: a pipe or a device in a file's place must not hold a build up for ever, nor a huge
//! file fill the memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// More than the longest lock file in use.
const LARGEST: u64 = 256 << 20;

/// The bytes of a plain file, or of one that a link leads to.
///
/// # Errors
/// As [`std::fs::read`], and for what is no file or is larger than 256 MiB.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let metadata = path.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a plain file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 256 MiB"));
    }
    Ok(bytes)
}

/// The text of a plain file.
///
/// # Errors
/// As [`read`], and for what is not UTF-8.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|_| io::Error::other("it is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_files_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        assert_eq!(read(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        std::fs::write(&path, "text").unwrap();
        assert_eq!(read_to_string(&path).unwrap(), "text");
        std::fs::write(&path, b"\xff").unwrap();
        assert!(read_to_string(&path).is_err() && read(&path).is_ok());
        assert!(read(directory.path()).is_err());
        assert!(read(Path::new("/dev/zero")).is_err(), "would never end");
    }
}
