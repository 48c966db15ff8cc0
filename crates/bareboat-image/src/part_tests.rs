//! What parts and joined layers promise, checked with other people's readers where they are installed.

use std::io::{Cursor, Read, Write};
use std::process::{Command, Stdio};

use flate2::write::DeflateEncoder;

use super::*;
use crate::join;

struct Fixture {
    _directory: tempfile::TempDir,
    store: Store,
}

fn fixture() -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    Fixture { _directory: directory, store }
}

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

/// Compressible, but not all the same.
fn content(length: usize) -> Vec<u8> {
    (0..length as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 20) as u8 & 31).collect()
}

fn deflate(content: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::new(level));
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn deflated<'a>(raw: &'a mut &[u8], content: &[u8]) -> Deflated<'a> {
    let (raw_size, crc32) = (raw.len() as u64, crc32fast::hash(content));
    Deflated { raw, raw_size, size: content.len() as u64, crc32 }
}

/// Directory, small file, large file, transplanted file, small deflated file, links, long name.
fn write_everything(store: &Store, compression: Compression, threads: usize, chunk: usize) -> Part {
    let mut writer = PartWriter::with_threads(store, compression, 1, threads).unwrap();
    let meta = FileMeta::new(0o644);
    writer.append(&path("d"), &Entry::directory(0o755)).unwrap();
    writer.append_bytes(&path("d/small"), &meta, b"hello").unwrap();
    let large = content(3_200_000);
    writer.append_file(&path("d/large"), &meta, 3_200_000, &mut Slow(&large, chunk)).unwrap();
    let module = content(300_000);
    let raw = deflate(&module, 9);
    let mut slow = Slow(&raw, chunk);
    let given = Deflated { raw: &mut slow, ..deflated(&mut &raw[..], &module) };
    let entry = writer.append_deflated(&path("d/module"), &meta, given).unwrap();
    assert_eq!(entry.kind, Kind::File { digest: Digest::of(&module), size: 300_000 });
    let small = deflate(b"tiny", 6);
    writer.append_deflated(&path("d/tiny"), &meta, deflated(&mut &small[..], b"tiny")).unwrap();
    writer.append(&path("d/link"), &Entry::symlink("small")).unwrap();
    let hard = Kind::HardLink { target: path("d/small") };
    writer.append(&path("d/hard"), &Entry { kind: hard, ..Entry::file(NO_DIGEST, 0, 0o644) }).unwrap();
    writer.append_bytes(&path(&format!("d/{}", "é".repeat(120))), &meta, b"").unwrap();
    writer.finish().unwrap()
}

/// Gives at most so many bytes per read.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.1);
        self.0.read(&mut buffer[..length])
    }
}

fn decompress(bytes: &[u8], compression: Compression) -> Vec<u8> {
    let mut tar = Vec::new();
    match compression {
        Compression::Gzip => flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut tar),
        Compression::Zstd => zstd::Decoder::new(bytes).unwrap().read_to_end(&mut tar),
    }
    .unwrap();
    tar
}

#[test]
fn threads_and_read_sizes_change_no_byte() {
    let Fixture { store, .. } = &fixture();
    for compression in [Compression::Gzip, Compression::Zstd] {
        let expected = write_everything(store, compression, 1, usize::MAX);
        for (threads, chunk) in [(1, 1009), (2, 4096), (4, 100_000)] {
            assert_eq!(write_everything(store, compression, threads, chunk), expected);
        }
        let tar = decompress(&store.read(&expected.blob, u64::MAX).unwrap(), compression);
        assert_eq!(tar.len() as u64, expected.tar_size);
    }
}

#[test]
fn joined_parts_are_one_archive_with_the_right_digests() {
    let Fixture { store, .. } = &fixture();
    for compression in [Compression::Gzip, Compression::Zstd] {
        let mut other = PartWriter::new(store, compression, 1).unwrap();
        other.append_bytes(&path("z"), &FileMeta::new(0o600), b"last").unwrap();
        let parts = [write_everything(store, compression, 2, 4096), other.finish().unwrap()];
        let layer = join(store, &parts, compression).unwrap();
        let blob = store.read(&layer.digest, u64::MAX).unwrap();
        let tar = decompress(&blob, compression);
        assert_eq!((layer.size, layer.digest), (blob.len() as u64, Digest::of(&blob)));
        assert_eq!((layer.tar_size, layer.diff_id), (tar.len() as u64, Digest::of(&tar)));
        let mut names = Vec::new();
        let mut archive = tar::Archive::new(Cursor::new(&tar));
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            names.push(String::from_utf8(entry.path_bytes().into_owned()).unwrap());
            let mut found = Vec::new();
            entry.read_to_end(&mut found).unwrap();
            match names.last().unwrap().as_str() {
                "d/large" => assert!(found == content(3_200_000)),
                "d/module" => assert!(found == content(300_000)),
                "d/tiny" => assert_eq!(found, b"tiny"),
                _ => {}
            }
        }
        assert_eq!(&names[..7], ["d/", "d/small", "d/large", "d/module", "d/tiny", "d/link", "d/hard"]);
        assert_eq!(names.last().unwrap(), "z");
    }
}

#[test]
fn joining_with_more_threads_changes_no_byte() {
    let Fixture { store, .. } = &fixture();
    for compression in [Compression::Gzip, Compression::Zstd] {
        let part = write_everything(store, compression, 2, 4096);
        let mut huge = PartWriter::new(store, compression, 0).unwrap();
        // Larger than a segment in one member, and deflate data longer than its content.
        let zeros = vec![0; 9_000_000];
        let raw = deflate(&zeros, 6);
        huge.append_deflated(&path("zeros"), &FileMeta::new(0o644), deflated(&mut &raw[..], &zeros)).unwrap();
        let empty_blocks = [[0, 0, 0, 0xff, 0xff].repeat(900_000), deflate(b"x", 6)].concat();
        let meta = FileMeta::new(0o644);
        huge.append_deflated(&path("long"), &meta, deflated(&mut &empty_blocks[..], b"x")).unwrap();
        let parts = [part.clone(), huge.finish().unwrap(), part];
        let expected = join(store, &parts, compression).unwrap();
        for threads in [1, 2, 4] {
            assert_eq!(
                crate::layer::join_with_threads(store, &parts, compression, threads).unwrap(),
                expected
            );
        }
        let tar = decompress(&store.read(&expected.digest, u64::MAX).unwrap(), compression);
        assert_eq!(Digest::of(&tar), expected.diff_id);
    }
}

#[test]
fn parts_whose_records_are_wrong_are_refused() {
    let Fixture { store, .. } = &fixture();
    let part = write_everything(store, Compression::Gzip, 2, 4096);
    for change in [
        |part: &mut Part| part.segments[0].tar_size -= 1,
        |part: &mut Part| part.segments[1].size -= 1,
        |part: &mut Part| part.segments.truncate(1),
        |part: &mut Part| part.tar_size += 512,
        |part: &mut Part| part.size += 1,
        |part: &mut Part| part.segments[0].size = u64::MAX,
    ] {
        let mut wrong = part.clone();
        change(&mut wrong);
        let result = join(store, &[wrong], Compression::Gzip);
        assert!(matches!(result, Err(crate::LayerError::Inconsistent { .. })), "{result:?}");
    }
}

#[test]
fn an_empty_layer_is_an_empty_archive() {
    let Fixture { store, .. } = &fixture();
    let layer = join(store, &[], Compression::Gzip).unwrap();
    assert_eq!((layer.tar_size, layer.diff_id), (1024, Digest::of([0; 1024])));
}

#[test]
fn a_transplant_keeps_the_deflate_bytes() {
    let Fixture { store, .. } = &fixture();
    let module = content(300_000);
    let raw = deflate(&module, 1);
    let mut writer = PartWriter::new(store, Compression::Gzip, 0).unwrap();
    writer.append_deflated(&path("m"), &FileMeta::new(0o644), deflated(&mut &raw[..], &module)).unwrap();
    let part = writer.finish().unwrap();
    let blob = store.read(&part.blob, u64::MAX).unwrap();
    assert!(blob.windows(raw.len()).any(|window| window == raw));
}

#[test]
fn wrong_sizes_and_damaged_data_are_refused_and_poison_the_part() {
    let Fixture { store, .. } = &fixture();
    let meta = FileMeta::new(0o644);
    let writer = || PartWriter::new(store, Compression::Gzip, 0).unwrap();
    for (announced, bytes) in [(3, &b"four"[..]), (5, b"four"), (u64::MAX / 4, b"")] {
        let mut writer = writer();
        let result = writer.append_file(&path("f"), &meta, announced, &mut &bytes[..]);
        assert!(matches!(result, Err(PartError::Size { .. })), "{result:?}");
        assert!(matches!(writer.append_bytes(&path("g"), &meta, b""), Err(PartError::Unfinished)));
        assert!(matches!(writer.finish(), Err(PartError::Unfinished)));
    }
    let module = content(100_000);
    for level in [1, 6] {
        let mut raw = deflate(&module, level);
        let middle = raw.len() / 2;
        raw[middle] ^= 0x10;
        let mut writer = writer();
        let result = writer.append_deflated(&path("f"), &meta, deflated(&mut &raw[..], &module));
        assert!(matches!(result, Err(PartError::Deflated { .. })), "{result:?}");
        assert!(matches!(writer.finish(), Err(PartError::Unfinished)));
    }
    let mut writer = writer();
    let file = Entry::file(NO_DIGEST, 0, 0o644);
    assert!(matches!(writer.append(&path("f"), &file), Err(PartError::NeedsContent { .. })));
    writer.finish().unwrap();
}

#[test]
fn a_damaged_part_is_named_so_that_it_can_be_written_again() {
    let Fixture { store, .. } = &fixture();
    let part = write_everything(store, Compression::Gzip, 1, 4096);
    let fine = join(store, &[], Compression::Gzip).unwrap();
    let file = store.path(&part.blob);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[1000] ^= 1;
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, bytes).unwrap();
    for _ in 0..2 {
        // Damaged at first, then missing: the store removes what is damaged.
        match join(store, std::slice::from_ref(&part), Compression::Gzip) {
            Err(crate::LayerError::DamagedPart { index: 0, part: named, .. }) => assert_eq!(named, part.blob),
            other => panic!("{other:?}"),
        }
    }
    let again = write_everything(store, Compression::Gzip, 1, 4096);
    assert_eq!(again, part);
    assert_ne!(join(store, &[again], Compression::Gzip).unwrap(), fine);
}

#[test]
fn parts_of_another_compression_are_refused() {
    let Fixture { store, .. } = &fixture();
    let part = PartWriter::new(store, Compression::Zstd, 0).unwrap().finish().unwrap();
    let result = join(store, &[part], Compression::Gzip);
    assert!(matches!(result, Err(crate::LayerError::MixedCompression { .. })));
}

/// Runs a tool on `input`; its output, or `None` when it is not installed.
fn tool(command: &[&str], input: &[u8]) -> Option<String> {
    if !bareboat_testkit::full::has_program("gnu_tools_accept_a_layer", command[0]) {
        return None;
    }
    let mut process = Command::new(command[0])
        .args(&command[1..])
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let output = process.wait_with_output().unwrap();
    feeder.join().unwrap().unwrap();
    assert!(output.status.success(), "{command:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn gnu_tools_accept_a_layer() {
    let Fixture { store, .. } = &fixture();
    let part = write_everything(store, Compression::Gzip, 2, 4096);
    let layer = join(store, &[part], Compression::Gzip).unwrap();
    let blob = store.read(&layer.digest, u64::MAX).unwrap();
    tool(&["gzip", "-t"], &blob);
    if let Some(listing) = tool(&["tar", "-tvzf", "-", "--quoting-style=literal"], &blob) {
        let lines: Vec<_> = listing.lines().collect();
        assert_eq!(lines[0], "drwxr-xr-x 0/0               0 1970-01-01 00:00 d/");
        assert_eq!(lines[2], "-rw-r--r-- 0/0         3200000 1970-01-01 00:00 d/large");
        assert_eq!(lines[6], "hrw-r--r-- 0/0               0 1970-01-01 00:00 d/hard link to d/small");
        assert!(lines[7].ends_with(&"é".repeat(120)));
    }
    let part = write_everything(store, Compression::Zstd, 2, 4096);
    let layer = join(store, &[part], Compression::Zstd).unwrap();
    tool(&["zstd", "-tq"], &store.read(&layer.digest, u64::MAX).unwrap());
}
