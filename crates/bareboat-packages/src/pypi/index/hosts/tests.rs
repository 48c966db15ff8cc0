//! Locks made with one index and used with another.

use std::sync::Arc;

use bareboat_store::FetchOptions;
use bareboat_testkit::package_index::{PackageIndex, PageFormat};

use super::*;
use crate::pypi::index::IndexSource;
use crate::pypi::locked::DistributionKind;

struct World {
    directory: tempfile::TempDir,
    fetcher: Fetcher,
}

impl World {
    fn new() -> Self {
        let options = FetchOptions { retries: 0, ..FetchOptions::default() };
        Self { directory: tempfile::tempdir().unwrap(), fetcher: Fetcher::new(options, Arc::new(|_| {})) }
    }

    fn store(&self, name: &str) -> Store {
        Store::open(&self.directory.path().join(name)).unwrap()
    }
}

fn index_at(url: String, extra: Vec<String>) -> Index {
    Index { url, source: IndexSource::Configured, extra, unknown_to_uv: Vec::new(), has_explicit: false }
}

fn name(text: &str) -> DistributionName {
    DistributionName::new(text).unwrap()
}

fn locked(project: &str, file: &str, bytes: &[u8], source: DistributionSource) -> LockedDistribution {
    LockedDistribution {
        name: name(project),
        version: Some("1.0".to_owned()),
        kind: DistributionKind::Wheel,
        filename: Some(file.to_owned()),
        sha256: Some(Digest::of(bytes)),
        size: Some(bytes.len() as u64),
        required_by: Vec::new(),
        source,
    }
}

const A: &str = "a-1.0-py3-none-any.whl";
const B: &str = "b-1.0-py3-none-any.whl";

#[test]
fn a_lock_made_with_one_index_serves_with_another_and_names_no_host() {
    let world = World::new();
    let public = PackageIndex::start(PageFormat::Json);
    let paths = [public.add("a", A, b"one"), public.add("b", B, b"two")];
    let index = index_at(public.url(), Vec::new());
    let hosts = FileHosts::new(&index, &world.fetcher, None);
    let sources = [
        hosts.place(&name("a"), &public.file_url(&paths[0])).unwrap(),
        hosts.place(&name("b"), &public.file_url(&paths[1])).unwrap(),
    ];
    assert_eq!(public.page_server().requests().len(), 0, "the only index needs no question");
    let lock = [locked("a", A, b"one", sources[0].clone()), locked("b", B, b"two", sources[1].clone())];
    let text = toml::to_string(&lock[0]).unwrap();
    assert!(!text.contains("127.0.0.1") && text.contains("index = \"packages/"), "{text}");
    assert_eq!(toml::from_str::<LockedDistribution>(&text).unwrap(), lock[0]);

    let memory = world.directory.path().join("hosts.json");
    let hosts = FileHosts::new(&index, &world.fetcher, Some(memory.clone()));
    let results = hosts.fetch(&world.store("first"), &lock);
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert_eq!(public.page_server().requests().len(), 1, "one page tells the host of all files");

    // Another run remembers the host; another index has other paths and is asked for each file.
    let hosts = FileHosts::new(&index, &world.fetcher, Some(memory));
    assert!(hosts.fetch(&world.store("second"), &lock).iter().all(Result::is_ok));
    assert_eq!(public.page_server().requests().len(), 1);
    let mirror = bareboat_testkit::http::Server::start();
    for (project, file, bytes) in [("a", A, b"one"), ("b", B, b"two")] {
        mirror.file(&format!("/pypi/files/{file}"), bytes.to_vec());
        mirror.file(
            &format!("/pypi/simple/{project}/"),
            format!("<a href='../../files/{file}#sha256={}'>f</a>", Digest::of(bytes).hex()),
        );
    }
    let index = index_at(mirror.url("/pypi/simple"), Vec::new());
    let hosts = FileHosts::new(&index, &world.fetcher, None);
    let results = hosts.fetch(&world.store("third"), &lock);
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

#[test]
fn files_of_further_indexes_keep_their_address_without_credentials() {
    let world = World::new();
    let public = PackageIndex::start(PageFormat::Json);
    let extra = PackageIndex::start(PageFormat::Html);
    let ours = public.file_url(&public.add("a", A, b"one"));
    let theirs = extra.file_url(&extra.add("b", B, b"two"));
    let index = index_at(public.url(), vec![extra.url()]);
    let hosts = FileHosts::new(&index, &world.fetcher, None);
    assert!(matches!(hosts.place(&name("a"), &ours).unwrap(), DistributionSource::Index(_)));
    let with_credentials = theirs.replace("http://", "http://user:pw@");
    assert_eq!(hosts.place(&name("b"), &with_credentials).unwrap(), DistributionSource::Url(theirs));
}

#[test]
fn an_index_that_serves_its_files_itself_needs_no_page() {
    let world = World::new();
    let index = PackageIndex::start(PageFormat::Html);
    let url = index.file_url(&index.add("a", A, b"one"));
    let at = index_at(index.url(), vec!["https://extra.test".to_owned()]);
    let hosts = FileHosts::new(&at, &world.fetcher, None);
    let source = hosts.place(&name("a"), &url).unwrap();
    assert!(matches!(&source, DistributionSource::Index(path) if path.starts_with("packages/")));
    assert_eq!(hosts.addresses(&locked("a", A, b"one", source)), [url]);
}

#[test]
fn a_file_with_other_content_is_refused_wherever_it_comes_from() {
    let world = World::new();
    let index = PackageIndex::start(PageFormat::Html);
    let path = index.add("a", A, b"one");
    index.page_server().file(&path, b"two".to_vec());
    let at = index_at(index.url(), Vec::new());
    let hosts = FileHosts::new(&at, &world.fetcher, None);
    let source = DistributionSource::Index(path.trim_start_matches('/').to_owned());
    let results = hosts.fetch(&world.store("store"), &[locked("a", A, b"one", source)]);
    assert!(results[0].is_err());
}

#[test]
fn a_file_of_another_index_is_ours_when_we_have_the_same_bytes() {
    let world = World::new();
    let ours = PackageIndex::start(PageFormat::Json);
    ours.add("a", A, b"one");
    let theirs = "https://files.test/packages/aa/bb/a-1.0-py3-none-any.whl";
    let at = index_at(ours.url(), vec!["https://extra.test".to_owned()]);
    let hosts = FileHosts::new(&at, &world.fetcher, None);
    let place = |bytes: &str| hosts.place_locked(&name("a"), theirs, Some(Digest::of(bytes))).unwrap();
    let path = DistributionSource::Index("packages/aa/bb/a-1.0-py3-none-any.whl".to_owned());
    assert_eq!(place("one"), path);
    let lock = [locked("a", A, b"one", path)];
    assert!(hosts.fetch(&world.store("store"), &lock)[0].is_ok(), "found on our page by its digest");
    let hosts = FileHosts::new(&at, &world.fetcher, None);
    let other = hosts.place_locked(&name("a"), theirs, Some(Digest::of("two"))).unwrap();
    assert_eq!(other, DistributionSource::Url(theirs.to_owned()));
}
