//! Reading images from everywhere, honest and hostile.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::archive::{write_docker_archive, write_oci_archive};
use crate::layout::write_layout;
use crate::output::Subject;
use crate::tar::write::{END_OF_ARCHIVE, padding, write_header};
use crate::{Compression, Entry, FileMeta, HiddenCause, Kind, Layer, Merged, PartWriter, join};

struct Fixture {
    directory: tempfile::TempDir,
    store: Store,
}

fn fixture() -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("store")).unwrap();
    Fixture { directory, store }
}

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

fn layer(store: &Store, compression: Compression, files: &[(&str, &str)]) -> Layer {
    let mut writer = PartWriter::new(store, compression, 0).unwrap();
    for (at, content) in files {
        writer.append_bytes(&path(at), &FileMeta::new(0o644), content.as_bytes()).unwrap();
    }
    join(store, &[writer.finish().unwrap()], compression).unwrap()
}

/// Two layers, the second hides a file of the first.
fn image(store: &Store, architecture: &str) -> Descriptor {
    let layers = [
        layer(store, Compression::Gzip, &[("etc/a", "one"), ("etc/b", architecture)]),
        layer(store, Compression::Zstd, &[("etc/.wh.a", ""), ("etc/c", "three")]),
    ];
    let config = ImageConfig::new(Platform::linux(architecture));
    crate::write_image(store, config, &layers, BTreeMap::new()).unwrap()
}

fn index(store: &Store) -> Descriptor {
    let manifests = vec![image(store, "amd64"), image(store, "arm64")];
    crate::write_index(store, manifests, BTreeMap::new()).unwrap()
}

fn platform(text: &str) -> Select {
    Select { platform: Some(text.parse().unwrap()), ..Select::default() }
}

fn contents(image: &Image<'_>) -> (Vec<(String, String)>, Merged, Sizes) {
    let mut seen = Vec::new();
    let (merged, sizes) = image
        .merge(Limits::default(), |layer, member, content| {
            let mut text = String::new();
            content.read_to_string(&mut text)?;
            seen.push((format!("{layer}{}", member.path), text));
            Ok(())
        })
        .unwrap();
    (seen, merged, sizes)
}

fn check_amd64(image: &Image<'_>) {
    let (seen, merged, sizes) = contents(image);
    let text = |at: &str| seen.iter().find(|(path, _)| path == at).map(|(_, text)| text.as_str());
    assert_eq!(
        (text("0/etc/a"), text("0/etc/b"), text("1/etc/c")),
        (Some("one"), Some("amd64"), Some("three"))
    );
    let paths: Vec<_> = merged.tree.entries.keys().map(ToString::to_string).collect();
    assert_eq!(paths, ["/etc", "/etc/b", "/etc/c"]);
    assert_eq!((sizes.shipped, sizes.visible, sizes.hidden), (13, 10, 3));
    assert_eq!(merged.hidden[0].cause, HiddenCause::Deleted);
}

#[test]
fn one_image_reads_the_same_from_store_layout_and_archives() {
    let Fixture { directory, store } = &fixture();
    let index = index(store);
    let temporary = directory.path();
    let from_store = Source::store(store, index.clone());
    check_amd64(&from_store.image(&platform("linux/amd64")).unwrap());
    let layout = temporary.join("layout");
    write_layout(store, &index, Some("docker.io/library/app:1"), &layout).unwrap();
    let mut oci = Vec::new();
    write_oci_archive(store, &index, Some("app"), &mut oci).unwrap();
    std::fs::write(temporary.join("oci.tar"), &oci).unwrap();
    std::fs::write(temporary.join("oci.tar.zst"), zstd::bulk::compress(&oci, 1).unwrap()).unwrap();
    for place in ["layout", "oci.tar", "oci.tar.zst"] {
        let source = Source::open(&temporary.join(place), temporary).unwrap();
        let image = source.image(&platform("linux/amd64")).unwrap();
        check_amd64(&image);
        let sizes = contents(&image).2;
        let pull: u64 = image.manifest.as_ref().unwrap().layers.iter().map(|layer| layer.size).sum();
        assert_eq!((sizes.pull, sizes.tar), (Some(pull), Some(2 * 1024 + 7 * 512)), "{place}");
    }
    let source = Source::open(&layout, temporary).unwrap();
    assert_eq!(source.images(&Select::default()).unwrap().len(), 2);
    let named = Select { name: Some("app:1".into()), ..platform("linux/arm64") };
    assert!(source.image(&named).is_ok());
    let Err(error) = source.image(&Select::default()) else { panic!() };
    assert!(matches!(&error, SourceError::Several { choices } if choices.len() == 2), "{error}");
    let Err(error) = source.image(&platform("linux/s390x")) else { panic!() };
    assert!(error.to_string().contains("linux/amd64"), "{error}");
}

#[test]
fn docker_archives_read_as_layouts() {
    let Fixture { directory, store } = &fixture();
    let amd64 = image(store, "amd64");
    let reference: Reference = "app:1".parse().unwrap();
    let subject = Subject { descriptor: &amd64, reference: Some(&reference), platform: None };
    let mut archive = Vec::new();
    write_docker_archive(store, &subject, &mut archive).unwrap();
    let file = directory.path().join("image.tar");
    std::fs::write(&file, &archive).unwrap();
    let source = Source::open(&file, directory.path()).unwrap();
    check_amd64(&source.image(&Select { name: Some("app:1".into()), ..Select::default() }).unwrap());
}

/// The old form of a Docker archive: no layout, uncompressed layers in directories, some of them links. The
/// configuration is called `config_name`, or by its digest.
fn old_docker_archive(store: &Store, config_name: Option<&str>) -> Vec<u8> {
    let source = Source::store(store, image(store, "amd64"));
    let image = source.image(&Select::default()).unwrap();
    let mut files: Vec<(String, Kind, Vec<u8>)> = Vec::new();
    let mut layers = Vec::new();
    for (number, layer) in image.layers.iter().enumerate() {
        let mut tar = Vec::new();
        let LayerContent::Blob(digest) = &layer.content else { panic!() };
        let blob = image.blobs.open(digest).unwrap();
        Decompressed::new(blob).unwrap().read_to_end(&mut tar).unwrap();
        let kind = Kind::File { digest: Digest::of(&tar), size: tar.len() as u64 };
        files.push((format!("real{number}/layer.tar"), kind, tar));
        let target = format!("../real{number}/layer.tar");
        files.push((format!("{number}/layer.tar"), Kind::Symlink { target }, Vec::new()));
        layers.push(format!("\"{number}/layer.tar\""));
    }
    let config = image.config.unwrap().to_bytes();
    let own_name = format!("{}.json", Digest::of(&config).hex());
    let config_name = config_name.unwrap_or(&own_name);
    let layers = layers.join(",");
    let manifest = format!(r#"[{{"Config":"{config_name}","RepoTags":["app:1"],"Layers":[{layers}]}}]"#);
    for (name, bytes) in [(config_name, config), ("manifest.json", manifest.into_bytes())] {
        let kind = Kind::File { digest: Digest::of(&bytes), size: bytes.len() as u64 };
        files.push((name.to_owned(), kind, bytes));
    }
    tar_of(&files)
}

#[test]
fn old_docker_archives_read_by_their_manifest() {
    let Fixture { directory, store } = &fixture();
    let file = directory.path().join("old.tar");
    std::fs::write(&file, old_docker_archive(store, None)).unwrap();
    let source = Source::open(&file, directory.path()).unwrap();
    let image = source.image(&Select { name: Some("app:1".into()), ..Select::default() }).unwrap();
    check_amd64(&image);
    assert_eq!(contents(&image).2.pull, None);
    let lying = format!("{}.json", Digest::of(b"other").hex());
    std::fs::write(&file, old_docker_archive(store, Some(&lying))).unwrap();
    let source = Source::open(&file, directory.path()).unwrap();
    assert!(matches!(source.images(&Select::default()), Err(SourceError::Digest { .. })));
}

fn tar_of(files: &[(String, Kind, Vec<u8>)]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, kind, content) in files {
        let entry = Entry { kind: kind.clone(), ..Entry::directory(0o644) };
        write_header(&mut tar, &path(name), &entry, 0).unwrap();
        tar.extend_from_slice(content);
        tar.resize(tar.len() + padding(content.len() as u64), 0);
    }
    tar.extend_from_slice(&END_OF_ARCHIVE);
    tar
}

#[test]
fn root_file_systems_read_from_directories_and_tars() {
    let Fixture { directory, .. } = &fixture();
    let root = directory.path().join("root");
    std::fs::create_dir_all(root.join("bin")).unwrap();
    std::fs::write(root.join("bin/sh"), "shell").unwrap();
    std::fs::hard_link(root.join("bin/sh"), root.join("bin/zsh")).unwrap();
    std::os::unix::fs::symlink("bin/sh", root.join("link")).unwrap();
    std::fs::set_permissions(root.join("bin/sh"), std::fs::Permissions::from_mode(0o4755)).unwrap();
    let source = Source::open(&root, directory.path()).unwrap();
    let image = source.image(&platform("linux/amd64")).unwrap();
    let (seen, merged, sizes) = contents(&image);
    assert_eq!(seen[1], ("0/bin/sh".into(), "shell".into()));
    assert_eq!(merged.tree.get(&path("bin/zsh")).unwrap().kind, Kind::HardLink { target: path("bin/sh") });
    assert_eq!(merged.tree.get(&path("bin/sh")).unwrap().mode, 0o4755);
    assert_eq!((sizes.pull, sizes.tar, sizes.visible), (None, None, 5));
    let file = ("f".to_owned(), Kind::File { digest: Digest::of(b"x"), size: 1 }, b"x".to_vec());
    let tar = tar_of(&[file]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar).unwrap();
    for (name, bytes) in [("root.tar", tar), ("root.tar.gz", gzip.finish().unwrap())] {
        std::fs::write(directory.path().join(name), bytes).unwrap();
        let source = Source::open(&directory.path().join(name), directory.path()).unwrap();
        let image = source.image(&Select::default()).unwrap();
        assert_eq!(contents(&image).1.tree.entries.len(), 1);
    }
}

/// Writes a layout of one image and hands its files to `change`; the error of reading it.
fn broken(change: impl FnOnce(&Path, &Manifest)) -> SourceError {
    let Fixture { directory, store } = &fixture();
    let amd64 = image(store, "amd64");
    let manifest = Manifest::parse(&store.read(&amd64.digest, 1 << 20).unwrap()).unwrap();
    let layout = directory.path().join("layout");
    write_layout(store, &amd64, None, &layout).unwrap();
    change(&layout, &manifest);
    let source = match Source::open(&layout, directory.path()) {
        Ok(source) => source,
        Err(error) => return error,
    };
    let image = match source.image(&Select::default()) {
        Ok(image) => image,
        Err(error) => return error,
    };
    image.merge(Limits::default(), |_, _, _| Ok(())).unwrap_err()
}

/// Replaces a blob's bytes under its old name.
fn replace(layout: &Path, digest: &Digest, bytes: &[u8]) {
    let file = layout.join("blobs/sha256").join(digest.hex());
    std::fs::remove_file(&file).unwrap();
    std::fs::write(file, bytes).unwrap();
}

fn read_blob(layout: &Path, digest: &Digest) -> Vec<u8> {
    std::fs::read(layout.join("blobs/sha256").join(digest.hex())).unwrap()
}

#[test]
fn every_change_to_a_blob_is_noticed() {
    let error = broken(|layout, manifest| {
        let mut bytes = read_blob(layout, &manifest.config.digest);
        *bytes.last_mut().unwrap() = b' ';
        replace(layout, &manifest.config.digest, &bytes);
    });
    assert!(matches!(error, SourceError::Digest { .. }), "{error}");
    let error = broken(|layout, manifest| {
        let layer = &manifest.layers[0];
        let mut bytes = read_blob(layout, &layer.digest);
        // A flag nobody looks at: only the digest tells.
        bytes[9] = 3;
        replace(layout, &layer.digest, &bytes);
    });
    assert!(matches!(error, SourceError::Digest { .. }), "{error}");
    let error = broken(|layout, manifest| {
        let layer = &manifest.layers[0];
        let bytes = read_blob(layout, &layer.digest);
        replace(layout, &layer.digest, &bytes[..bytes.len() - 4]);
    });
    assert!(matches!(error, SourceError::Tar { .. }), "{error}");
    let error = broken(|layout, manifest| {
        let layer = &manifest.layers[0];
        let bytes = read_blob(layout, &layer.digest);
        replace(layout, &layer.digest, &[&bytes[..], b"behind"].concat());
    });
    assert!(matches!(error, SourceError::Tar { .. } | SourceError::Invalid { .. }), "{error}");
    let error = broken(|layout, manifest| {
        std::fs::remove_file(layout.join("blobs/sha256").join(manifest.layers[1].digest.hex())).unwrap();
    });
    assert!(matches!(error, SourceError::Missing { .. }), "{error}");
    let error = broken(|layout, _| std::fs::write(layout.join("index.json"), "[]").unwrap());
    assert!(matches!(error, SourceError::Document(_)), "{error}");
}

#[test]
fn a_wrong_diff_id_is_noticed() {
    let Fixture { store, .. } = &fixture();
    let mut lying = layer(store, Compression::Gzip, &[("f", "x")]);
    lying.diff_id = Digest::of(b"other");
    let config = ImageConfig::new(Platform::linux("amd64"));
    let descriptor = crate::write_image(store, config, &[lying], BTreeMap::new()).unwrap();
    let source = Source::store(store, descriptor);
    let image = source.image(&Select::default()).unwrap();
    let error = image.merge(Limits::default(), |_, _, _| Ok(())).unwrap_err();
    assert!(error.to_string().contains("decompressed"), "{error}");
}

#[test]
fn a_blob_that_is_a_link_is_read_and_checked() {
    let Fixture { directory, store } = &fixture();
    let amd64 = image(store, "amd64");
    let layout = directory.path().join("layout");
    write_layout(store, &amd64, None, &layout).unwrap();
    let blob = layout.join("blobs/sha256").join(amd64.digest.hex());
    std::fs::rename(&blob, layout.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("../../elsewhere", &blob).unwrap();
    let source = Source::open(&layout, directory.path()).unwrap();
    check_amd64(&source.image(&Select::default()).unwrap());
}

#[test]
fn endless_and_absurd_archives_end_in_an_error() {
    let Fixture { directory, .. } = &fixture();
    let link =
        |name: &str, target: &str| (name.to_owned(), Kind::Symlink { target: target.to_owned() }, Vec::new());
    let manifest = br#"[{"Config":"a","RepoTags":null,"Layers":[]}]"#.to_vec();
    let kind = Kind::File { digest: Digest::of(&manifest), size: manifest.len() as u64 };
    let circle = [link("a", "b"), link("b", "a"), ("manifest.json".to_owned(), kind, manifest)];
    let file = directory.path().join("circle.tar");
    std::fs::write(&file, tar_of(&circle)).unwrap();
    let source = Source::open(&file, directory.path()).unwrap();
    assert!(matches!(source.images(&Select::default()), Err(SourceError::Missing { .. })));
    for garbage in [&b"not a tar"[..], &[7; 1000], b"\x1f\x8b\x08garbage"] {
        std::fs::write(&file, garbage).unwrap();
        assert!(Source::open(&file, directory.path()).is_err());
    }
    assert!(Source::open(&directory.path().join("nowhere"), directory.path()).is_err());
}

#[test]
fn layers_that_cannot_be_applied_are_named() {
    let Fixture { store, .. } = &fixture();
    let good = layer(store, Compression::Gzip, &[("f", "x")]);
    let mut writer = PartWriter::new(store, Compression::Gzip, 0).unwrap();
    let kind = Kind::HardLink { target: path("gone") };
    writer.append(&path("h"), &Entry { kind, ..Entry::directory(0o644) }).unwrap();
    let bad = join(store, &[writer.finish().unwrap()], Compression::Gzip).unwrap();
    let config = ImageConfig::new(Platform::linux("amd64"));
    let descriptor = crate::write_image(store, config, &[good, bad], BTreeMap::new()).unwrap();
    let source = Source::store(store, descriptor);
    let error =
        source.image(&Select::default()).unwrap().merge(Limits::default(), |_, _, _| Ok(())).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot apply layer 2: `/h` is a hard link to `/gone`, which is no file of this or a lower layer"
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(60))]

    /// Whatever is changed in a layout or archive: the same image, or an error. Never a panic, never another image.
    #[test]
    fn damaged_layouts_are_noticed(
        at: proptest::sample::Index,
        file: proptest::sample::Index,
        value: u8,
        cut: bool,
        archive: bool,
    ) {
        let Fixture { directory, store } = &fixture();
        let amd64 = image(store, "amd64");
        let place = directory.path().join("place");
        if archive {
            let mut bytes = Vec::new();
            write_oci_archive(store, &amd64, Some("app"), &mut bytes).unwrap();
            std::fs::write(&place, bytes).unwrap();
        } else {
            write_layout(store, &amd64, Some("app"), &place).unwrap();
        }
        let files: Vec<_> = match archive {
            true => vec![place.clone()],
            false => {
                let blobs = std::fs::read_dir(place.join("blobs/sha256")).unwrap();
                let mut files: Vec<_> = blobs.map(|entry| entry.unwrap().path()).collect();
                files.push(place.join("index.json"));
                files.sort();
                files
            }
        };
        let file = &files[file.index(files.len())];
        let mut bytes = std::fs::read(file).unwrap();
        let at = at.index(bytes.len());
        match cut {
            true => bytes.truncate(at),
            false => bytes[at] = value,
        }
        std::fs::remove_file(file).unwrap();
        std::fs::write(file, bytes).unwrap();
        let read = || -> Result<Option<String>, SourceError> {
            let source = Source::open(&place, directory.path())?;
            let image = source.image(&Select::default())?;
            let (merged, _) = image.merge(Limits::default(), |_, _, _| Ok(()))?;
            Ok(image.config.is_some().then(|| merged.tree.dump()))
        };
        if let Ok(Some(dump)) = read() {
            let digests = [b"amd64".as_slice(), b"three"].map(Digest::of);
            let expected = format!(
                "drwxr-xr-x 0:0 /etc\n-rw-r--r-- 0:0 /etc/b 5 {}\n-rw-r--r-- 0:0 /etc/c 5 {}\n",
                digests[0], digests[1]
            );
            proptest::prop_assert_eq!(dump, expected);
        }
    }
}

#[test]
fn all_layers_at_once_give_what_one_after_the_other_gives() {
    let Fixture { store, .. } = &fixture();
    let source = Source::store(store, index(store));
    let host = Select { preferred: Some(Platform::linux("arm64")), ..Select::default() };
    let image = source.image(&host).unwrap();
    let (_, merged, sizes) = contents(&image);
    let pass = image.read(Limits::default(), &|member, content| {
        let mut text = String::new();
        // What is not read counts as well.
        content.take(2).read_to_string(&mut text)?;
        Ok((member.path.to_string(), text))
    });
    let pass = pass.unwrap();
    assert_eq!((pass.merged, pass.sizes), (merged, sizes));
    let seen: Vec<_> = pass.seen.iter().flatten().map(|seen| (seen.digest, seen.value.clone())).collect();
    assert_eq!(seen[1], (Digest::of("arm64"), ("/etc/b".to_owned(), "ar".to_owned())));
    assert_eq!(pass.layers.len(), 2);
    let other = Select { preferred: Some(Platform::linux("s390x")), ..Select::default() };
    assert!(matches!(source.image(&other), Err(SourceError::Several { choices }) if choices.len() == 2));
}

#[test]
fn of_several_broken_layers_the_lowest_is_named() {
    let Fixture { store, .. } = &fixture();
    let mut layers =
        [("f", "x"), ("g", "y"), ("h", "z")].map(|file| layer(store, Compression::Gzip, &[file]));
    layers[1].diff_id = Digest::of(b"other");
    layers[2].diff_id = Digest::of(b"other");
    let config = ImageConfig::new(Platform::linux("amd64"));
    let descriptor = crate::write_image(store, config, &layers, BTreeMap::new()).unwrap();
    let source = Source::store(store, descriptor);
    let error =
        source.image(&Select::default()).unwrap().read(Limits::default(), &|_, _| Ok(())).unwrap_err();
    assert!(error.to_string().starts_with("layer 2, decompressed, was changed"), "{error}");
}

#[test]
fn half_an_image_is_no_root_file_system() {
    let Fixture { directory, store } = &fixture();
    let amd64 = image(store, "amd64");
    let mut archive = Vec::new();
    write_oci_archive(store, &amd64, None, &mut archive).unwrap();
    let file = directory.path().join("image.tar");
    let mut boundary = 0;
    let mut reader = crate::tar::read::TarReader::new(&archive[..], Limits::default());
    while let Some(member) = reader.next_member().unwrap() {
        if member.path.as_bytes().starts_with(b"blobs/sha256/") {
            boundary = reader.position() as usize + member.size() as usize + padding(member.size());
            break;
        }
    }
    // Cut where the next header would be, as a full disk may leave it.
    std::fs::write(&file, &archive[..boundary]).unwrap();
    let Err(error) = Source::open(&file, directory.path()) else { panic!() };
    assert!(matches!(&error, SourceError::Missing { .. }), "{error}");
    let layout = directory.path().join("layout");
    write_layout(store, &amd64, None, &layout).unwrap();
    std::fs::remove_file(layout.join("oci-layout")).unwrap();
    let Err(error) = Source::open(&layout, directory.path()) else { panic!() };
    assert_eq!(error.to_string(), "the image is not complete: the file `oci-layout` is missing");
    let other = directory.path().join("other");
    std::fs::create_dir(&other).unwrap();
    for name in ["manifest.json", "version"] {
        std::fs::write(other.join(name), "x").unwrap();
    }
    let Err(error) = Source::open(&other, directory.path()) else { panic!() };
    assert!(error.hint().unwrap().contains("skopeo copy"), "{error}");
    for (name, bytes) in [("empty", &b""[..]), ("zeros", &[0; 10_240])] {
        let file = directory.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let Err(error) = Source::open(&file, directory.path()) else { panic!() };
        assert!(error.to_string().ends_with("is an empty archive"), "{error}");
    }
    let pipe = directory.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    let Err(error) = Source::open(&pipe, directory.path()) else { panic!() };
    assert!(error.to_string().ends_with("is neither a file nor a directory"), "{error}");
}
