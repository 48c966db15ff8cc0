//! What is in a layout or an archive after writing, and after failing to.

use std::collections::BTreeMap;

use super::*;
use crate::archive::{write_docker_archive, write_oci_archive};
use crate::output::{Output, Subject};
use crate::rootfs::Ownership;
use crate::tar::read::{Limits, TarReader};
use crate::{
    Compression, FileMeta, ImageConfig, PartWriter, Platform, Reference, TreePath, join, write_image,
    write_index,
};

struct Fixture {
    directory: tempfile::TempDir,
    store: Store,
}

fn fixture() -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("store")).unwrap();
    Fixture { directory, store }
}

fn image(store: &Store, architecture: &str) -> Descriptor {
    let mut writer = PartWriter::new(store, Compression::Gzip, 0).unwrap();
    let path = TreePath::new("f").unwrap();
    writer.append_bytes(&path, &FileMeta::new(0o644), architecture.as_bytes()).unwrap();
    let layer = join(store, &[writer.finish().unwrap()], Compression::Gzip).unwrap();
    write_image(store, ImageConfig::new(Platform::linux(architecture)), &[layer], BTreeMap::new()).unwrap()
}

fn names(layout: &Path) -> Vec<(Option<String>, Digest)> {
    let index = read_index(layout).unwrap();
    index
        .manifests
        .into_iter()
        .map(|entry| (entry.annotations.get(REF_NAME).cloned(), entry.digest))
        .collect()
}

#[test]
fn images_are_added_and_replaced_by_name() {
    let Fixture { directory, store } = &fixture();
    let layout = &directory.path().join("new/layout");
    let (one, two) = (image(store, "amd64"), image(store, "arm64"));
    let some = |name: &str| Some(name.to_owned());
    write_layout(store, &one, Some("a"), layout).unwrap();
    write_layout(store, &one, Some("b"), layout).unwrap();
    write_layout(store, &one, None, layout).unwrap();
    assert_eq!(names(layout), [(some("a"), one.digest), (some("b"), one.digest), (None, one.digest)]);
    write_layout(store, &two, Some("a"), layout).unwrap();
    write_layout(store, &two, None, layout).unwrap();
    assert_eq!(names(layout), [(some("b"), one.digest), (some("a"), two.digest), (None, two.digest)]);
    assert_eq!(fs::read_dir(layout.join("blobs/sha256")).unwrap().count(), 6);
    assert_eq!(fs::read_to_string(layout.join("oci-layout")).unwrap(), MARKER);
    // Nothing temporary is left.
    assert_eq!(fs::read_dir(layout).unwrap().count(), 3);
    assert_eq!(fs::read_dir(layout.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn damaged_blobs_of_a_layout_are_replaced() {
    let Fixture { directory, store } = &fixture();
    let layout = &directory.path().join("layout");
    let one = image(store, "amd64");
    write_layout(store, &one, None, layout).unwrap();
    let blob = layout.join("blobs/sha256").join(one.digest.hex());
    fs::remove_file(&blob).unwrap();
    fs::write(&blob, "damaged").unwrap();
    write_layout(store, &one, None, layout).unwrap();
    assert_eq!(Digest::of(fs::read(&blob).unwrap()), one.digest);
}

#[test]
fn nothing_appears_when_the_image_is_not_complete() {
    let Fixture { directory, store } = &fixture();
    let one = image(store, "amd64");
    let all = crate::blobs(store, &one).unwrap();
    fs::remove_file(store.path(&all[2].digest)).unwrap();
    let subject = Subject { descriptor: &one, reference: None, platform: None };
    for output in ["oci", "oci-archive", "docker-archive", "dir"] {
        let place = directory.path().join("out");
        let output: Output = format!("{output}:{}", place.display()).parse().unwrap();
        let error = output.write(store, &subject, Ownership::Caller).unwrap_err();
        assert!(error.to_string().contains(&all[2].digest.hex()), "{error}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "only the store is there");
    }
}

#[test]
fn directories_with_other_things_in_them_are_refused() {
    let Fixture { directory, store } = &fixture();
    let one = image(store, "amd64");
    let place = directory.path().join("full");
    fs::create_dir(&place).unwrap();
    write_layout(store, &one, None, &place).unwrap();
    fs::remove_dir_all(&place).unwrap();
    fs::create_dir(&place).unwrap();
    fs::write(place.join("x"), "mine").unwrap();
    let error = write_layout(store, &one, None, &place).unwrap_err();
    assert!(error.to_string().ends_with("is not empty and not an OCI layout"), "{error}");
    fs::write(place.join("oci-layout"), "").unwrap();
    fs::write(place.join("index.json"), "{}").unwrap();
    assert!(matches!(write_layout(store, &one, None, &place), Err(OutputError::Layout { .. })));
    assert_eq!(fs::read_to_string(place.join("x")).unwrap(), "mine");
}

fn members(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut reader = TarReader::new(archive, Limits::default());
    let mut found = BTreeMap::new();
    while let Some(member) = reader.next_member().unwrap() {
        let mut content = Vec::new();
        reader.content().read_to_end(&mut content).unwrap();
        assert_eq!(member.mtime, 0);
        found.insert(member.path.to_string(), content);
    }
    found
}

#[test]
fn archives_are_equal_and_complete() {
    let Fixture { store, .. } = &fixture();
    let index =
        write_index(store, vec![image(store, "amd64"), image(store, "arm64")], BTreeMap::new()).unwrap();
    let write = || {
        let mut archive = Vec::new();
        write_oci_archive(store, &index, Some("app:1"), &mut archive).unwrap();
        archive
    };
    let archive = write();
    assert!(archive == write());
    let members = members(&archive);
    assert_eq!(members.len(), 2 + 7 + 2);
    for (name, content) in &members {
        if let Some(hex) = name.strip_prefix("/blobs/sha256/") {
            assert_eq!(Digest::of(content).hex(), hex);
        }
    }
}

#[test]
fn docker_archives_name_one_image_for_everybody() {
    let Fixture { store, .. } = &fixture();
    let index =
        write_index(store, vec![image(store, "amd64"), image(store, "arm64")], BTreeMap::new()).unwrap();
    let reference: Reference = "app:1".parse::<Reference>().unwrap().with_digest(index.digest);
    let platform = Platform::linux("arm64");
    let mut subject = Subject { descriptor: &index, reference: Some(&reference), platform: None };
    let error = write_docker_archive(store, &subject, &mut io::sink()).unwrap_err();
    assert_eq!(error.to_string(), "one platform must be chosen; the image has linux/amd64, linux/arm64");
    subject.platform = Some(&platform);
    let mut archive = Vec::new();
    write_docker_archive(store, &subject, &mut archive).unwrap();
    let members = members(&archive);
    let text = |name: &str| String::from_utf8(members[name].clone()).unwrap();
    assert!(text("/manifest.json").contains(r#""RepoTags":["app:1"]"#), "{}", text("/manifest.json"));
    assert!(text("/index.json").contains(r#""io.containerd.image.name":"docker.io/library/app:1""#));
    assert!(text("/index.json").contains(r#""org.opencontainers.image.ref.name":"1""#));
}
