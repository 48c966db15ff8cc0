//! Makes Debian packages as bytes: well-formed ones and, through [`ar`] and [`TarMaker`], broken and hostile ones.
//!
//! Follows deb(5): an `ar` archive of `debian-binary`, `control.tar.*` and `data.tar.*`.

use std::collections::BTreeSet;
use std::io::Write;

use md5::{Digest as _, Md5};

/// How the inner archives are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// `.tar.xz`, what Debian uses.
    Xz,
    /// `.tar.gz`.
    Gzip,
    /// `.tar.zst`, what Ubuntu uses.
    Zstd,
    /// `.tar`.
    None,
}

impl Compression {
    /// The member name's ending after `control.tar` or `data.tar`.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Xz => ".xz",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
            Self::None => "",
        }
    }

    /// `bytes`, compressed.
    pub fn compress(self, bytes: &[u8]) -> Vec<u8> {
        const MEMORY: &str = "writing to memory does not fail";
        match self {
            Self::Xz => {
                let mut writer = liblzma::write::XzEncoder::new(Vec::new(), 1);
                writer.write_all(bytes).expect(MEMORY);
                writer.finish().expect(MEMORY)
            }
            Self::Gzip => {
                let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                writer.write_all(bytes).expect(MEMORY);
                writer.finish().expect(MEMORY)
            }
            Self::Zstd => zstd::encode_all(bytes, 1).expect(MEMORY),
            Self::None => bytes.to_vec(),
        }
    }
}

/// A Debian package in the making.
#[derive(Debug, Clone)]
pub struct DebMaker {
    fields: Vec<(String, String)>,
    control_files: Vec<(String, Vec<u8>, u32)>,
    data: TarMaker,
    md5sums: String,
    directories: BTreeSet<String>,
    paths: BTreeSet<String>,
    compression: Compression,
}

impl DebMaker {
    /// A package without files. The architecture is Debian's name, `amd64` or `all`.
    pub fn new(package: &str, version: &str, architecture: &str) -> Self {
        let maker = Self {
            fields: Vec::new(),
            control_files: Vec::new(),
            data: TarMaker::new().directory("./", 0o755),
            md5sums: String::new(),
            directories: BTreeSet::new(),
            paths: BTreeSet::new(),
            compression: Compression::Xz,
        };
        maker
            .field("Package", package)
            .field("Version", version)
            .field("Architecture", architecture)
            .field("Maintainer", "Test <test@archive.test>")
            .field("Description", "made by the testkit")
    }

    /// Sets a control field; a second call with the same name replaces the value.
    pub fn field(mut self, name: &str, value: &str) -> Self {
        match self.fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value.to_owned(),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// Adds a regular file with its missing parent directories and its `md5sums` line.
    pub fn file(mut self, path: &str, mode: u32, content: impl AsRef<[u8]>) -> Self {
        let sum: String = Md5::digest(content.as_ref()).iter().map(|byte| format!("{byte:02x}")).collect();
        self.md5sums += &format!("{sum}  {path}\n");
        self.paths.insert(path.to_owned());
        self = self.parents(path);
        self.data = self.data.file(&format!("./{path}"), mode, content.as_ref());
        self
    }

    /// Adds a directory with its missing parents.
    pub fn directory(mut self, path: &str, mode: u32) -> Self {
        self = self.parents(path);
        if self.directories.insert(path.to_owned()) {
            self.data = self.data.directory(&format!("./{path}/"), mode);
        }
        self
    }

    /// Adds a symbolic link with its missing parent directories.
    pub fn symlink(mut self, path: &str, target: &str) -> Self {
        self = self.parents(path);
        self.paths.insert(path.to_owned());
        self.data = self.data.link(&format!("./{path}"), b'2', target);
        self
    }

    /// Adds a hard link to the file at `target`, with missing parent directories.
    pub fn hard_link(mut self, path: &str, target: &str) -> Self {
        self = self.parents(path);
        self.paths.insert(path.to_owned());
        self.data = self.data.link(&format!("./{path}"), b'1', &format!("./{target}"));
        self
    }

    /// Adds a control file: a maintainer script (mode 0755) or one of `triggers`, `conffiles`, `shlibs` …
    pub fn control_file(mut self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let script = ["preinst", "postinst", "prerm", "postrm", "config"].contains(&name);
        let mode = if script { 0o755 } else { 0o644 };
        self.control_files.push((name.to_owned(), content.as_ref().to_vec(), mode));
        self
    }

    /// Replaces the compression of both inner archives.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Changes the data archive in the making, for entries that no honest package holds.
    pub fn data(mut self, change: impl FnOnce(TarMaker) -> TarMaker) -> Self {
        self.data = change(self.data);
        self
    }

    /// Paths of the files and links added, without leading `./`, as an archive's `Contents` lists them.
    pub fn paths(&self) -> Vec<String> {
        self.paths.iter().cloned().collect()
    }

    /// The text of the `control` file.
    pub fn control(&self) -> String {
        self.fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
    }

    /// The package's bytes. The same calls give the same bytes.
    pub fn build(&self) -> Vec<u8> {
        let mut control = TarMaker::new().directory("./", 0o755);
        control = control.file("./control", 0o644, self.control().as_bytes());
        let own_md5sums = self.control_files.iter().any(|(name, ..)| name == "md5sums");
        if !own_md5sums {
            control = control.file("./md5sums", 0o644, self.md5sums.as_bytes());
        }
        for (name, content, mode) in &self.control_files {
            control = control.file(&format!("./{name}"), *mode, content);
        }
        let suffix = self.compression.suffix();
        ar(&[
            ("debian-binary", b"2.0\n"),
            (&format!("control.tar{suffix}"), &self.compression.compress(&control.build())),
            (&format!("data.tar{suffix}"), &self.compression.compress(&self.data.build())),
        ])
    }

    fn parents(mut self, path: &str) -> Self {
        let ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).collect();
        for end in ends {
            if self.directories.insert(path[..end].to_owned()) {
                self.data = self.data.directory(&format!("./{}/", &path[..end]), 0o755);
            }
        }
        self
    }
}

/// An `ar` archive of `members`, in order, as dpkg-deb writes it.
pub fn ar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = b"!<arch>\n".to_vec();
    for (name, content) in members {
        out.extend(
            format!("{name:<16}{:<12}{:<6}{:<6}{:<8o}{:<10}`\n", 0, 0, 0, 0o100644, content.len()).bytes(),
        );
        out.extend_from_slice(content);
        if content.len() % 2 == 1 {
            out.push(b'\n');
        }
    }
    out
}

/// A GNU tar archive in the making. Nothing is checked: hostile names and sizes are the point.
#[derive(Debug, Clone, Default)]
pub struct TarMaker {
    bytes: Vec<u8>,
    owner: (u64, u64),
}

impl TarMaker {
    /// An empty archive.
    pub fn new() -> Self {
        Self::default()
    }

    /// The owner of the entries added from here on.
    pub fn owner(mut self, uid: u64, gid: u64) -> Self {
        self.owner = (uid, gid);
        self
    }

    /// A regular file.
    pub fn file(self, path: &str, mode: u32, content: &[u8]) -> Self {
        self.entry(path.as_bytes(), b'0', mode, b"", content.len() as u64, content)
    }

    /// A directory; GNU tar writes its name with a final slash.
    pub fn directory(self, path: &str, mode: u32) -> Self {
        self.entry(path.as_bytes(), b'5', mode, b"", 0, b"")
    }

    /// A link: type `1` hard, `2` symbolic.
    pub fn link(self, path: &str, kind: u8, target: &str) -> Self {
        self.entry(path.as_bytes(), kind, 0o777, target.as_bytes(), 0, b"")
    }

    /// Any entry: `size` is what the header claims, `content` what follows (padded to 512 bytes).
    pub fn entry(mut self, path: &[u8], kind: u8, mode: u32, link: &[u8], size: u64, content: &[u8]) -> Self {
        for (long_kind, name) in [(b'K', link), (b'L', path)] {
            if name.len() > 100 {
                let with_nul = [name, b"\0"].concat();
                let long = header(b"././@LongLink", long_kind, 0o644, b"", with_nul.len() as u64, (0, 0));
                self.bytes.extend_from_slice(&long);
                self.pad(&with_nul);
            }
        }
        self.bytes.extend_from_slice(&header(path, kind, mode, link, size, self.owner));
        self.pad(content);
        self
    }

    /// The archive with its two closing zero blocks.
    pub fn build(&self) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes.resize(bytes.len() + 1024, 0);
        bytes
    }

    fn pad(&mut self, content: &[u8]) {
        self.bytes.extend_from_slice(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
    }
}

fn header(path: &[u8], kind: u8, mode: u32, link: &[u8], size: u64, owner: (u64, u64)) -> [u8; 512] {
    let mut header = tar::Header::new_gnu();
    let old = header.as_old_mut();
    let name = &path[..path.len().min(100)];
    old.name[..name.len()].copy_from_slice(name);
    let target = &link[..link.len().min(100)];
    old.linkname[..target.len()].copy_from_slice(target);
    old.linkflag = [kind];
    header.set_mode(mode);
    header.set_uid(owner.0);
    header.set_gid(owner.1);
    header.set_mtime(0);
    header.set_size(size);
    header.set_cksum();
    *header.as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_calls_give_the_same_bytes() {
        let make = || {
            let maker = DebMaker::new("hello", "1.0-1", "amd64").file("usr/bin/hello", 0o755, b"hi\n");
            maker.symlink("usr/bin/hi", "hello").control_file("postinst", "#!/bin/sh\nexit 0\n").build()
        };
        assert_eq!(make(), make());
        assert!(make().starts_with(b"!<arch>\ndebian-binary   "));
    }
}
