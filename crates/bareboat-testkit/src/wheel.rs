//! Wheels made by code, sound ones and broken ones.
//!
//! [`ZipEntry`] and [`zip`] write any zip archive, also those no sane tool writes: local headers that contradict the
//! central directory, forged checksums, bytes after the deflate stream, zip64 fields nobody needs. [`WheelMaker`] puts
//! `METADATA`, `WHEEL` and a matching `RECORD` around files. Follows APPNOTE 6.3.10 and PyPA's binary distribution format.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// One archive member, with every field that a hostile archive may forge.
#[derive(Debug, Clone)]
pub struct ZipEntry {
    /// Name in the central directory.
    pub name: Vec<u8>,
    /// Name in the local header, when it differs.
    pub local_name: Option<Vec<u8>>,
    /// Content before compression.
    pub data: Vec<u8>,
    /// Compression method: 0 stored, 8 deflated, anything else is written as given with stored bytes.
    pub method: u16,
    /// `st_mode` as Unix zips keep it in the external attributes; 0 when the archive has none.
    pub mode: u32,
    /// Further general purpose flags (1 encrypted, 0x800 UTF-8 names).
    pub flags: u16,
    /// CRC-32 to claim instead of the true one.
    pub crc: Option<u32>,
    /// Uncompressed size to claim instead of the true one.
    pub size: Option<u64>,
    /// Bytes put after the compressed stream and counted in the compressed size.
    pub trailing: Vec<u8>,
    /// Whether sizes and offset go into a zip64 extra field.
    pub zip64: bool,
    /// Whether sizes follow the data in a descriptor, as streaming writers do.
    pub descriptor: bool,
    /// Local header offset to claim instead of the true one.
    pub offset: Option<u32>,
}

impl ZipEntry {
    /// A deflated regular file with mode `0644`.
    pub fn deflated(name: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> Self {
        Self {
            name: name.as_ref().to_vec(),
            local_name: None,
            data: data.as_ref().to_vec(),
            method: 8,
            mode: 0o100_644,
            flags: 0,
            crc: None,
            size: None,
            trailing: Vec::new(),
            zip64: false,
            descriptor: false,
            offset: None,
        }
    }

    /// A stored regular file with mode `0644`.
    pub fn stored(name: impl AsRef<[u8]>, data: impl AsRef<[u8]>) -> Self {
        Self { method: 0, ..Self::deflated(name, data) }
    }

    /// The bytes as they stand in the archive.
    fn raw(&self) -> Vec<u8> {
        let mut raw = match self.method {
            8 => deflate(&self.data),
            _ => self.data.clone(),
        };
        raw.extend_from_slice(&self.trailing);
        raw
    }
}

/// Raw deflate of `data`.
pub fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(data).expect("a vector takes every write");
    encoder.finish().expect("a vector takes every write")
}

/// A zip archive of `entries`, in the given order, with a zip64 end record when one of them asks for zip64.
pub fn zip(entries: &[ZipEntry]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let offset = entry.offset.unwrap_or(out.len() as u32);
        let raw = entry.raw();
        let sizes = Sizes {
            crc: entry.crc.unwrap_or_else(|| crc32fast::hash(&entry.data)),
            raw: raw.len() as u64,
            full: entry.size.unwrap_or(entry.data.len() as u64),
        };
        write_local(&mut out, entry, &sizes);
        out.extend_from_slice(&raw);
        if entry.descriptor {
            write_descriptor(&mut out, entry.zip64, &sizes);
        }
        write_central(&mut directory, entry, &sizes, offset);
    }
    let start = out.len() as u64;
    out.extend_from_slice(&directory);
    write_end(&mut out, entries, start, directory.len() as u64);
    out
}

struct Sizes {
    crc: u32,
    raw: u64,
    full: u64,
}

fn u16le(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn u32le(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn u64le(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn flags(entry: &ZipEntry) -> u16 {
    entry.flags | if entry.descriptor { 8 } else { 0 }
}

/// Version, flags, method, time, date, CRC and both sizes: what local and central headers share.
fn write_common(out: &mut Vec<u8>, entry: &ZipEntry, crc: u32, raw: u32, full: u32) {
    u16le(out, if entry.zip64 { 45 } else { 20 });
    u16le(out, flags(entry));
    u16le(out, entry.method);
    u16le(out, 0);
    u16le(out, 0x21);
    u32le(out, crc);
    u32le(out, raw);
    u32le(out, full);
}

fn write_local(out: &mut Vec<u8>, entry: &ZipEntry, sizes: &Sizes) {
    let name = entry.local_name.as_ref().unwrap_or(&entry.name);
    u32le(out, 0x0403_4b50);
    match (entry.descriptor, entry.zip64) {
        (true, _) => write_common(out, entry, 0, 0, 0),
        (false, true) => write_common(out, entry, sizes.crc, u32::MAX, u32::MAX),
        (false, false) => write_common(out, entry, sizes.crc, sizes.raw as u32, sizes.full as u32),
    }
    u16le(out, name.len() as u16);
    u16le(out, if entry.zip64 { 20 } else { 0 });
    out.extend_from_slice(name);
    if entry.zip64 {
        u16le(out, 1);
        u16le(out, 16);
        u64le(out, sizes.full);
        u64le(out, sizes.raw);
    }
}

fn write_descriptor(out: &mut Vec<u8>, zip64: bool, sizes: &Sizes) {
    u32le(out, 0x0807_4b50);
    u32le(out, sizes.crc);
    if zip64 {
        u64le(out, sizes.raw);
        u64le(out, sizes.full);
    } else {
        u32le(out, sizes.raw as u32);
        u32le(out, sizes.full as u32);
    }
}

fn write_central(out: &mut Vec<u8>, entry: &ZipEntry, sizes: &Sizes, offset: u32) {
    u32le(out, 0x0201_4b50);
    u16le(out, 3 << 8 | 20);
    if entry.zip64 {
        write_common(out, entry, sizes.crc, u32::MAX, u32::MAX);
    } else {
        write_common(out, entry, sizes.crc, sizes.raw as u32, sizes.full as u32);
    }
    u16le(out, entry.name.len() as u16);
    u16le(out, if entry.zip64 { 28 } else { 0 });
    u16le(out, 0);
    u16le(out, 0);
    u16le(out, 0);
    u32le(out, entry.mode << 16);
    u32le(out, if entry.zip64 { u32::MAX } else { offset });
    out.extend_from_slice(&entry.name);
    if entry.zip64 {
        u16le(out, 1);
        u16le(out, 24);
        u64le(out, sizes.full);
        u64le(out, sizes.raw);
        u64le(out, offset.into());
    }
}

fn write_end(out: &mut Vec<u8>, entries: &[ZipEntry], start: u64, length: u64) {
    let count = entries.len() as u64;
    let zip64 = entries.iter().any(|entry| entry.zip64);
    if zip64 {
        let record = out.len() as u64;
        u32le(out, 0x0606_4b50);
        u64le(out, 44);
        u16le(out, 45);
        u16le(out, 45);
        u32le(out, 0);
        u32le(out, 0);
        u64le(out, count);
        u64le(out, count);
        u64le(out, length);
        u64le(out, start);
        u32le(out, 0x0706_4b50);
        u32le(out, 0);
        u64le(out, record);
        u32le(out, 1);
    }
    u32le(out, 0x0605_4b50);
    u16le(out, 0);
    u16le(out, 0);
    for _ in 0..2 {
        u16le(out, if zip64 { u16::MAX } else { count as u16 });
    }
    u32le(out, if zip64 { u32::MAX } else { length as u32 });
    u32le(out, if zip64 { u32::MAX } else { start as u32 });
    u16le(out, 0);
}

/// Builds a wheel file.
#[derive(Debug, Clone)]
pub struct WheelMaker {
    stem: String,
    metadata: String,
    body: String,
    wheel: String,
    entries: Vec<ZipEntry>,
    unrecorded: Vec<String>,
    extra_records: String,
    files: Files,
}

/// Which of the three files of a `.dist-info` directory are written.
#[derive(Debug, Clone)]
struct Files {
    metadata: bool,
    wheel: bool,
    record: bool,
}

impl WheelMaker {
    /// A pure wheel `py3-none-any` of `name` (escaped as in file names) and `version`, without any module.
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            stem: format!("{name}-{version}"),
            metadata: format!("Metadata-Version: 2.3\nName: {name}\nVersion: {version}\n"),
            body: String::new(),
            wheel: "Wheel-Version: 1.0\nGenerator: testkit\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
                .into(),
            entries: Vec::new(),
            unrecorded: Vec::new(),
            extra_records: String::new(),
            files: Files { metadata: true, wheel: true, record: true },
        }
    }

    /// Adds a deflated file.
    pub fn file(self, path: &str, data: impl AsRef<[u8]>) -> Self {
        self.entry(ZipEntry::deflated(path, data))
    }

    /// Adds a file to the `.dist-info` directory.
    pub fn dist_info(self, name: &str, data: impl AsRef<[u8]>) -> Self {
        let path = format!("{}.dist-info/{name}", self.stem);
        self.file(&path, data)
    }

    /// Adds a file to the `.data` directory.
    pub fn data(self, path: &str, data: impl AsRef<[u8]>) -> Self {
        let path = format!("{}.data/{path}", self.stem);
        self.file(&path, data)
    }

    /// Adds any archive member; its true content goes into `RECORD`.
    pub fn entry(mut self, entry: ZipEntry) -> Self {
        self.entries.push(entry);
        self
    }

    /// Adds lines to `METADATA` (each with its line feed).
    pub fn metadata(mut self, lines: &str) -> Self {
        self.metadata.push_str(lines);
        self
    }

    /// The description after the blank line of `METADATA`.
    pub fn body(mut self, text: &str) -> Self {
        self.body = text.to_owned();
        self
    }

    /// Replaces the text of `WHEEL`.
    pub fn wheel(mut self, text: &str) -> Self {
        self.wheel = text.to_owned();
        self
    }

    /// Leaves `path` out of `RECORD`.
    pub fn unrecorded(mut self, path: &str) -> Self {
        self.unrecorded.push(path.to_owned());
        self
    }

    /// Adds raw lines to `RECORD`.
    pub fn record_lines(mut self, lines: &str) -> Self {
        self.extra_records.push_str(lines);
        self
    }

    /// Leaves out one of `METADATA`, `WHEEL`, `RECORD`.
    pub fn without(mut self, name: &str) -> Self {
        match name {
            "METADATA" => self.files.metadata = false,
            "WHEEL" => self.files.wheel = false,
            "RECORD" => self.files.record = false,
            _ => panic!("`{name}` is not a file this maker writes"),
        }
        self
    }

    /// The wheel's bytes: modules first, `.dist-info` last, as build tools write them.
    pub fn build(&self) -> Vec<u8> {
        let mut entries = self.entries.clone();
        if self.files.metadata {
            let text = format!("{}\n{}", self.metadata, self.body);
            entries.push(ZipEntry::deflated(format!("{}.dist-info/METADATA", self.stem), text));
        }
        if self.files.wheel {
            entries.push(ZipEntry::deflated(format!("{}.dist-info/WHEEL", self.stem), &self.wheel));
        }
        if self.files.record {
            let record = self.record(&entries);
            entries.push(ZipEntry::deflated(format!("{}.dist-info/RECORD", self.stem), record));
        }
        zip(&entries)
    }

    fn record(&self, entries: &[ZipEntry]) -> String {
        let mut text = String::new();
        for entry in entries {
            let name = String::from_utf8_lossy(&entry.name).into_owned();
            if !name.ends_with('/') && !self.unrecorded.contains(&name) {
                text.push_str(&record_line(&name, &entry.data));
            }
        }
        format!("{text}{}{}.dist-info/RECORD,,\n", self.extra_records, self.stem)
    }
}

/// One line of `RECORD`: path, `sha256=` and unpadded URL-safe base64, size.
pub fn record_line(path: &str, data: &[u8]) -> String {
    let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(data));
    let path =
        if path.contains([',', '"']) { format!("\"{}\"", path.replace('"', "\"\"")) } else { path.into() };
    format!("{path},sha256={hash},{}\n", data.len())
}
