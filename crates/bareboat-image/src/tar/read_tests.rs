//! What the reader makes of archives by us, by others and by attackers.

use std::io::Write;

use proptest::prelude::*;

use super::*;
use crate::tar::write::{END_OF_ARCHIVE, write_header};

fn path(text: impl AsRef<[u8]>) -> TreePath {
    TreePath::new(text).unwrap()
}

/// An archive as our writer makes it.
fn archive(entries: &[(&TreePath, &Entry, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (path, entry, content) in entries {
        write_header(&mut bytes, path, entry, 7).unwrap();
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len() + padding(content.len() as u64), 0);
    }
    bytes.extend_from_slice(&END_OF_ARCHIVE);
    bytes
}

/// A header with any type and size, and a right checksum.
fn raw_header(name: &[u8], flag: u8, size: u64) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.as_mut_bytes()[156] = flag;
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    header.as_bytes().to_vec()
}

/// A PAX record shorter than 100 bytes.
fn record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let length = if rest + 1 < 10 { rest + 1 } else { rest + 2 };
    format!("{length} {key}={value}\n")
}

fn pax(records: &[&str]) -> Vec<u8> {
    let body = records.concat();
    let mut bytes = raw_header(b"PaxHeaders/x", b'x', body.len() as u64);
    bytes.extend_from_slice(body.as_bytes());
    bytes.resize(bytes.len() + padding(body.len() as u64), 0);
    bytes
}

fn read_all(bytes: &[u8], limits: Limits) -> Result<Vec<(Member, Vec<u8>)>, TarError> {
    let mut reader = TarReader::new(bytes, limits);
    let mut members = Vec::new();
    while let Some(member) = reader.next_member()? {
        let mut content = Vec::new();
        reader.content().read_to_end(&mut content)?;
        members.push((member, content));
    }
    Ok(members)
}

fn read(bytes: &[u8]) -> Result<Vec<(Member, Vec<u8>)>, TarError> {
    read_all(bytes, Limits::default())
}

fn fault(bytes: &[u8]) -> Fault {
    match read(bytes) {
        Err(TarError::Entry { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn reads_what_gnu_tar_and_the_tar_crate_write() {
    let mut builder = tar::Builder::new(Vec::new());
    let long = "d/".repeat(120) + "f";
    let mut header = Header::new_gnu();
    header.set_size(3);
    header.set_uid(5_000_000);
    header.set_gid(6);
    header.set_mode(0o100644);
    header.set_mtime(9);
    builder.append_data(&mut header, &long, &b"abc"[..]).unwrap();
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, "l", &long).unwrap();
    let members = read(&builder.into_inner().unwrap()).unwrap();
    let (file, content) = &members[0];
    assert_eq!((file.path.clone(), &content[..]), (path(&long), &b"abc"[..]));
    assert_eq!((file.owner, file.mode, file.mtime), (Owner { uid: 5_000_000, gid: 6 }, 0o644, 9));
    let (link, _) = &members[1];
    assert_eq!(link.kind, MemberKind::Other(Kind::Symlink { target: long }));
}

#[test]
fn pax_records_may_hold_any_bytes_and_override_the_header() {
    let records =
        [("path", "n\u{e9}w"), ("size", "2"), ("mtime", "1700000.500"), ("SCHILY.xattr.user.x", "a\n=\0")];
    let records = records.map(|(key, value)| record(key, value));
    let mut bytes = pax(&records.each_ref().map(String::as_str));
    bytes.extend(raw_header(b"old", b'0', 0));
    bytes.extend_from_slice(b"hi");
    bytes.resize(bytes.len() + padding(2), 0);
    let members = read(&bytes).unwrap();
    let (member, content) = &members[0];
    assert_eq!((member.path.clone(), &content[..]), (path("n\u{e9}w"), &b"hi"[..]));
    assert_eq!(member.mtime, 1_700_000);
    assert_eq!(member.xattrs["user.x"], b"a\n=\0");
}

#[test]
fn entries_that_cannot_have_content_have_none() {
    let mut bytes = raw_header(b"d/", b'5', 512);
    bytes.extend(raw_header(b"f", b'0', 0));
    let members = read(&bytes).unwrap();
    assert_eq!(members[1].0.path, path("f"), "the directory's size is ignored, as Go does");
}

#[test]
fn refuses_traversal_sparse_files_and_foreign_types() {
    assert!(matches!(fault(&raw_header(b"../x", b'0', 0)), Fault::Path(PathError::Parent { .. })));
    assert!(matches!(fault(&raw_header(b"a/../../x", b'5', 0)), Fault::Path(_)));
    assert_eq!(fault(&raw_header(b"f", b'S', 0)), Fault::Sparse);
    let sparse = [pax(&["22 GNU.sparse.major=1\n"]), raw_header(b"f", b'0', 0)].concat();
    assert_eq!(fault(&sparse), Fault::Sparse);
    assert_eq!(fault(&raw_header(b"f", b'M', 0)), Fault::Type('M'));
    assert_eq!(fault(&raw_header(b"f/", b'0', 0)), Fault::FileWithSlash);
    assert_eq!(fault(&raw_header(b"/", b'0', 0)), Fault::FileWithSlash);
    assert_eq!(fault(&raw_header(b".", b'0', 0)), Fault::Root);
    assert_eq!(fault(&raw_header(b"l", b'2', 0)), Fault::EmptyLink);
    let huge_owner = [pax(&["18 uid=4294967296\n"]), raw_header(b"f", b'0', 0)].concat();
    assert_eq!(fault(&huge_owner), Fault::Number("uid"));
}

#[test]
fn absolute_paths_stay_inside() {
    assert_eq!(read(&raw_header(b"/etc/x", b'0', 0)).unwrap()[0].0.path, path("etc/x"));
}

#[test]
fn limits_stop_bombs_before_they_are_read() {
    let small = Limits { entries: 3, path: 20, extension: 600, bytes: 1 << 20 };
    let many: Vec<u8> = (0..4).flat_map(|_| raw_header(b"f", b'0', 0)).collect();
    assert!(matches!(read_all(&many, small), Err(TarError::TooMany { limit: 3 })));
    let chain: Vec<u8> = (0..4).flat_map(|_| pax(&["10 path=a\n"])).collect();
    assert!(matches!(read_all(&chain, small), Err(TarError::TooMany { .. })));
    for flag in *b"xgLK" {
        let extension = raw_header(b"x", flag, 1 << 40);
        assert!(matches!(read_all(&extension, small), Err(TarError::Extension(_))), "{flag}");
    }
    assert!(matches!(read_all(&raw_header(b"f", b'0', 2 << 20), small), Err(TarError::TooLarge { .. })));
    let long = raw_header(&[b'a'; 21], b'0', 0);
    assert!(matches!(read_all(&long, small), Err(TarError::Entry { fault: Fault::LongPath, .. })));
}

#[test]
fn a_gigabyte_of_zeros_in_a_megabyte_of_gzip_is_stopped_at_the_limit() {
    let gzip = |content: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    };
    let megabyte = gzip(&vec![0; 1 << 20]);
    let bomb = [gzip(&raw_header(b"zeros", b'0', 1 << 30)), megabyte.repeat(1024)].concat();
    assert!(bomb.len() < 2 << 20);
    let read = |bytes| {
        let limits = Limits { bytes, ..Limits::default() };
        let mut reader = TarReader::new(flate2::read::MultiGzDecoder::new(&bomb[..]), limits);
        reader.next_member()?;
        reader.next_member()
    };
    // Announced too large; and found so while it is skipped.
    assert!(matches!(read((1 << 30) - 1), Err(TarError::TooLarge { .. })));
    let many = [gzip(&raw_header(b"zeros", b'0', 1 << 20)), megabyte].concat().repeat(1024);
    let limits = Limits { bytes: 10 << 20, ..Limits::default() };
    let reader = TarReader::new(flate2::read::MultiGzDecoder::new(&many[..]), limits);
    assert!(matches!(reader.finish(), Err(TarError::TooLarge { .. })));
    // Not announced, but there: behind the end of the archive.
    assert!(matches!(TarReader::new(io::repeat(0), limits).finish(), Err(TarError::TooLarge { .. })));
}

#[test]
fn truncated_and_damaged_archives_are_told_apart() {
    let file = Entry::file(Digest::of(b"x"), 1000, 0o644);
    let bytes = archive(&[(&path("f"), &file, &[7; 1000]), (&path("g"), &Entry::directory(0o755), b"")]);
    for end in [100, 512, 1511] {
        assert!(matches!(read(&bytes[..end]), Err(TarError::Truncated | TarError::Read(_))), "{end}");
    }
    assert_eq!(read(&bytes[..1512]).unwrap().len(), 1, "only padding is missing");
    assert_eq!(read(&bytes[..1536]).unwrap().len(), 1, "no end of archive");
    let mut damaged = bytes.clone();
    damaged[1536] ^= 1;
    assert!(matches!(read(&damaged), Err(TarError::Checksum { offset: 1536 })));
}

#[test]
fn position_leads_to_the_content() {
    let file = Entry::file(Digest::of(b"x"), 3, 0o644);
    let bytes = archive(&[(&path("\u{e9}"), &file, b"abc"), (&path("g"), &file, b"def")]);
    let mut reader = TarReader::new(&bytes[..], Limits::default());
    for expected in [b"abc", b"def"] {
        reader.next_member().unwrap().unwrap();
        let start = reader.position() as usize;
        assert_eq!(&bytes[start..start + 3], expected);
    }
}

fn entries() -> impl Strategy<Value = Entry> {
    let kind = prop_oneof![
        Just(Kind::Directory),
        (0u64..2000).prop_map(|size| Kind::File { digest: Digest::of(b""), size }),
        "[a-zé/.]{1,150}".prop_map(|target| Kind::Symlink { target }),
        "[a-z]{1,5}(/[a-z]{1,40}){0,5}".prop_map(|target| Kind::HardLink { target: path(target) }),
        Just(Kind::Fifo),
        (0u32..1 << 21, 0u32..1 << 21).prop_map(|(major, minor)| Kind::CharDevice { major, minor }),
    ];
    let xattrs =
        proptest::collection::btree_map("[a-z.]{1,10}", proptest::collection::vec(any::<u8>(), 1..60), 0..3);
    (kind, 0u16..0o10000, any::<u32>(), any::<u32>(), xattrs)
        .prop_map(|(kind, mode, uid, gid, xattrs)| Entry { kind, mode, owner: Owner { uid, gid }, xattrs })
}

proptest! {
    #[test]
    fn reads_back_exactly_what_was_written(
        given in proptest::collection::vec(("[A-Zé]{1,90}(/[A-Z]{1,90}){0,4}", entries()), 0..8),
    ) {
        let given: Vec<_> = given.into_iter().map(|(at, entry)| (path(at), entry)).collect();
        let contents: Vec<_> = given.iter().map(|(_, entry)| vec![1u8; entry.size() as usize]).collect();
        let parts: Vec<_> = given.iter().zip(&contents).map(|((at, entry), bytes)| (at, entry, &bytes[..])).collect();
        let found = read(&archive(&parts)).unwrap();
        prop_assert_eq!(found.len(), given.len());
        for ((member, content), ((at, entry), expected)) in found.into_iter().zip(given.iter().zip(&contents)) {
            prop_assert_eq!(&member.path, at);
            prop_assert_eq!(member.mtime, 7);
            prop_assert_eq!(&content, expected);
            prop_assert_eq!(&member.into_entry(Digest::of(b"")), entry);
        }
    }

    #[test]
    fn damaged_archives_never_panic(
        given in proptest::collection::vec(("[a-z]{1,120}", entries()), 1..4),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..20),
        repair in any::<bool>(),
    ) {
        let given: Vec<_> = given.into_iter().map(|(at, entry)| (path(at), entry)).collect();
        let parts: Vec<_> = given.iter().map(|(at, entry)| (at, entry, &b""[..])).collect();
        let mut bytes = archive(&parts);
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if repair {
            // With right checksums the damage reaches the fields.
            for block in bytes.chunks_exact_mut(BLOCK) {
                let mut header = Header::from_byte_slice(block).clone();
                header.set_cksum();
                block.copy_from_slice(header.as_bytes());
            }
        }
        let limits = Limits { bytes: 1 << 20, ..Limits::default() };
        let _ = read_all(&bytes, limits);
    }

    #[test]
    fn arbitrary_pax_never_panics(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_pax(&body);
    }
}
