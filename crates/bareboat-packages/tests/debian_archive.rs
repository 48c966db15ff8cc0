//! A Debian archive from its signature to a lock, against one made by code.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::Arc;

use bareboat_packages::deb::{
    Architecture, Archive, ArchiveDate, ArchiveError, ArchiveKind, ArchiveOptions, DebianRelease, IndexFault,
    Keyring, LockedDeb, MirrorSources, Mirrors, ReleaseFileError, SignatureError, SuiteFault,
};
use bareboat_store::{FetchError, FetchOptions, Fetcher, Store, StoreError};
use bareboat_testkit::deb::{Compression, DebMaker};
use bareboat_testkit::debian_archive::{ArchiveMaker, DATE};
use bareboat_testkit::http::{Response, Server};
use bareboat_testkit::openpgp::{KeyPlan, OpenPgpKey, SignaturePlan};

/// A client of archives served on loopback.
struct Client {
    store: Store,
    fetcher: Fetcher,
    key: OpenPgpKey,
    mirrors: Vec<String>,
    now: ArchiveDate,
    _directory: tempfile::TempDir,
}

impl Client {
    fn of(servers: &[&Server]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = FetchOptions { retries: 0, ..FetchOptions::default() };
        let mirrors =
            servers.iter().flat_map(|server| [server.url("/debian"), server.url("/debian-security")]);
        Self {
            store: Store::open(directory.path()).unwrap(),
            fetcher: Fetcher::new(options, Arc::new(|_| {})),
            key: OpenPgpKey::generate(&KeyPlan::default()),
            mirrors: mirrors.collect(),
            now: ArchiveDate::from_unix(u64::from(DATE) + 3600),
            _directory: directory,
        }
    }

    fn options(&self) -> ArchiveOptions {
        let mirrors =
            Mirrors::choose(&MirrorSources { options: &self.mirrors, ..MirrorSources::default() }).unwrap();
        ArchiveOptions {
            keyring: Keyring::parse(&self.key.public()).unwrap(),
            ..ArchiveOptions::new(DebianRelease::Trixie, Architecture::Amd64, mirrors, self.now)
        }
    }

    fn open(&self) -> Result<Archive, ArchiveError> {
        Archive::open(&self.options(), &self.store, &self.fetcher)
    }

    fn serve(&self, archive: &ArchiveMaker, server: &Server) {
        archive.serve(server, &self.key, &SignaturePlan::at(DATE));
    }

    /// The fault of the first mirror of the suite that could not be opened.
    fn fault(&self) -> SuiteFault {
        match self.open() {
            Err(ArchiveError::Suite { mut attempts, .. }) => attempts.remove(0).fault,
            other => panic!("{other:?}"),
        }
    }
}

fn deb(name: &str, version: &str) -> DebMaker {
    DebMaker::new(name, version, "amd64").field("Section", "libs").field("Installed-Size", "10")
}

fn small_archive() -> ArchiveMaker {
    let mut archive = ArchiveMaker::new("trixie");
    archive.add("trixie", &deb("app", "1.0").field("Depends", "libz1 (>= 1.1), tzdata"));
    let library = deb("libz1", "1:1.1-1").field("Source", "zed (1.1-1)");
    archive.add("trixie", &library.clone().symlink("usr/lib/x86_64-linux-gnu/libz.so.1", "libz.so.1.1"));
    archive.add("trixie-security", &library.field("Version", "1:1.1-1+deb13u1"));
    archive.add("trixie-updates", &DebMaker::new("tzdata", "2026b", "all"));
    archive
}

#[test]
fn locks_a_closure_from_three_suites() {
    let server = Server::start();
    let client = Client::of(&[&server]);
    client.serve(&small_archive(), &server);
    let archive = client.open().unwrap();
    let closure = archive.packages().closure(&["app"], &BTreeSet::new()).unwrap();
    let locked: Vec<LockedDeb> = closure.packages.iter().map(LockedDeb::new).collect();
    let lines: Vec<_> = locked
        .iter()
        .map(|deb| {
            format!(
                "{} {} {} {} {}: {}",
                deb.name, deb.version, deb.architecture, deb.archive, deb.path, deb.reason
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            "app 1.0 amd64 main pool/main/a/app/app_1.0_amd64.deb: requested",
            "libz1 1:1.1-1+deb13u1 amd64 security pool/updates/main/z/zed/libz1_1.1-1+deb13u1_amd64.deb: `app` needs `libz1 (>= 1.1)`",
            "tzdata 2026b all main pool/main/t/tzdata/tzdata_2026b_all.deb: `app` needs `tzdata`",
        ]
    );
    for deb in &locked {
        let fetched = client.fetcher.fetch(&client.store, &deb.request(archive.mirrors())).unwrap();
        assert_eq!((fetched.digest, fetched.size), (deb.sha256, deb.size));
    }
    let dates: Vec<_> =
        archive.packages().dates().iter().map(|(suite, date)| format!("{suite} {date:?}")).collect();
    assert_eq!(dates.len(), 3);
    assert!(dates[1].contains("trixie-security") && dates[1].contains("2026-11-28T09:15:44Z"), "{dates:?}");
}

#[test]
fn reads_an_index_once_and_by_hash() {
    let server = Server::start();
    let client = Client::of(&[&server]);
    client.serve(&small_archive(), &server);
    client.open().unwrap();
    let first = server.requests().len();
    client.open().unwrap();
    assert_eq!(server.requests().len() - first, 3, "only the release files again");
    let indexes: Vec<_> = server
        .requests()
        .into_iter()
        .map(|request| request.path)
        .filter(|path| path.contains("/binary-"))
        .collect();
    assert_eq!(indexes.len(), 3);
    assert!(indexes.iter().all(|path| path.contains("/by-hash/SHA256/")), "{indexes:?}");
}

#[test]
fn heals_a_damaged_cache() {
    let server = Server::start();
    let client = Client::of(&[&server]);
    client.serve(&small_archive(), &server);
    client.open().unwrap();
    damage_every_file(&client.store.root().join("blobs"));
    let archive = client.open().unwrap();
    assert!(archive.packages().contains("app"));
}

fn damage_every_file(directory: &std::path::Path) {
    let mut damaged = 0;
    let mut directories = vec![directory.to_path_buf()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let mut bytes = std::fs::read(&path).unwrap();
            bytes.iter_mut().for_each(|byte| *byte ^= 1);
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, bytes).unwrap();
            damaged += 1;
        }
    }
    assert!(damaged > 0);
}

#[test]
fn takes_the_next_mirror_when_one_lies_is_silent_or_signs_itself() {
    let (empty, stranger, lying, good) = (Server::start(), Server::start(), Server::start(), Server::start());
    let client = Client::of(&[&empty, &stranger, &lying, &good]);
    let archive = small_archive();
    let other = OpenPgpKey::generate(&KeyPlan { seed: 9, ..KeyPlan::default() });
    archive.serve(&stranger, &other, &SignaturePlan::at(DATE));
    for (path, mut bytes) in archive.files(&client.key, &SignaturePlan::at(DATE)) {
        let last = bytes.len() / 2;
        bytes[last] ^= 1;
        lying.file(&format!("/{path}"), bytes);
    }
    client.serve(&archive, &good);
    assert!(client.open().unwrap().packages().contains("app"));
}

#[test]
fn opens_an_archive_on_disk() {
    let server = Server::start();
    let mut client = Client::of(&[&server]);
    let directory = tempfile::tempdir().unwrap();
    small_archive().write(directory.path(), &client.key, &SignaturePlan::at(DATE));
    let root = format!("file://{}", directory.path().display());
    client.mirrors = vec![format!("{root}/debian"), format!("{root}/debian-security")];
    assert_eq!(client.open().unwrap().packages().len(), 4);
}

#[test]
fn works_without_by_hash_and_with_any_form() {
    for form in [Compression::Gzip, Compression::Xz, Compression::None] {
        let server = Server::start();
        let client = Client::of(&[&server]);
        let mut archive = small_archive();
        for suite in ["trixie", "trixie-updates", "trixie-security"] {
            archive.suite(suite).set("Acquire-By-Hash", "no");
            archive.suite(suite).forms = vec![form];
        }
        client.serve(&archive, &server);
        assert_eq!(client.open().unwrap().packages().len(), 4);
        assert!(server.requests().iter().all(|request| !request.path.contains("by-hash")));
    }
}

#[test]
fn refuses_a_tampered_release_file_naming_the_mirror_and_the_key() {
    let server = Server::start();
    let client = Client::of(&[&server]);
    let files = small_archive().files(&client.key, &SignaturePlan::at(DATE));
    for (path, bytes) in files {
        let text = String::from_utf8_lossy(&bytes).replace("Origin: Debian", "Origin: Debiam").into_bytes();
        server.file(&format!("/{path}"), if path.ends_with("InRelease") { text } else { bytes });
    }
    let error = client.open().unwrap_err();
    let expected = format!(
        "cannot use the suite `trixie`: `{}`: its signatures do not hold: key `{}`: the text is not what it signed",
        server.url("/debian/dists/trixie/InRelease"),
        client.key.fingerprint()
    );
    assert_eq!(error.to_string(), expected);
    assert!(error.hint().unwrap().contains("--mirror"));
}

#[test]
fn refuses_expired_and_misplaced_release_files() {
    let server = Server::start();
    let mut client = Client::of(&[&server]);
    client.serve(&small_archive(), &server);
    let now = client.now;
    client.now = ArchiveDate::from_unix(now.unix() + 8 * 86_400);
    assert!(matches!(client.fault(), SuiteFault::Release(ReleaseFileError::Expired { .. })));
    client.now = ArchiveDate::from_unix(u64::from(DATE) - 7200);
    assert!(matches!(client.fault(), SuiteFault::Signature(SignatureError::DoNotHold { .. })));
    client.now = now;
    let mut archive = small_archive();
    archive.suite("trixie").set("Codename", "bookworm");
    client.serve(&archive, &server);
    assert!(matches!(client.fault(), SuiteFault::Release(ReleaseFileError::WrongSuite { .. })));
    archive.suite("trixie").set("Origin", "Somebody");
    client.serve(&archive, &server);
    assert!(matches!(client.fault(), SuiteFault::Release(ReleaseFileError::WrongOrigin { .. })));
}

#[test]
fn refuses_an_index_that_is_not_the_signed_one() {
    let server = Server::start();
    let client = Client::of(&[&server]);
    client.serve(&small_archive(), &server);
    server.route_below("/debian/dists/trixie/main/", |_| Response::ok("Package: evil\n"));
    for (path, _) in small_archive().files(&client.key, &SignaturePlan::at(DATE)) {
        if path.starts_with("debian/dists/trixie/main/") {
            server.route(&format!("/{path}"), |_| Response::ok("Package: evil\n"));
        }
    }
    let error = client.open().unwrap_err();
    assert!(matches!(error, ArchiveError::Store(StoreError::Fetch(FetchError::NoMirror { .. }))), "{error}");
}

#[test]
fn refuses_a_signed_index_that_makes_no_sense() {
    let server = Server::start();
    let client = Client::of(&[&server]);
    let mut archive = small_archive();
    archive
        .suite("trixie")
        .add_text("amd64", "Package: x\nArchitecture: amd64\nVersion: 1\nFilename: ../../etc/passwd\n");
    client.serve(&archive, &server);
    let error = client.open().unwrap_err();
    assert!(matches!(error, ArchiveError::Index { fault: IndexFault::Package(_), .. }));
    assert_eq!(
        error.to_string(),
        "cannot read `main/binary-amd64/Packages.gz` of the suite `trixie`: its package `x` has no good `Filename` field"
    );
}

#[test]
fn says_which_mirrors_were_tried_when_none_answers() {
    let server = Server::start();
    let client = Client::of(&[&server]);
    let error = client.open().unwrap_err();
    assert!(error.to_string().contains(&server.url("/debian/dists/trixie/InRelease")), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn finds_the_package_of_a_library_and_of_a_file() {
    let server = Server::start();
    let client = Client::of(&[&server]);
    client.serve(&small_archive(), &server);
    let archive = client.open().unwrap();
    for _ in 0..2 {
        let contents = archive.contents(&client.store, &client.fetcher).unwrap();
        assert_eq!(contents.packages_shipping("libz.so.1"), ["libz1"]);
        let choice = contents.choose("libz.so.1", archive.packages()).unwrap();
        assert_eq!((&choice.shipper.package[..], choice.passed_over.len()), ("libz1", 0));
    }
    let fetched = server
        .requests()
        .iter()
        .filter(|request| request.path.contains("Contents") || request.path.contains("main/by-hash"))
        .count();
    assert_eq!(fetched, 1, "the main suite's, once: the others list no files");
    let found = archive
        .packages_with_file("/usr/lib/x86_64-linux-gnu/libz.so.1", &client.store, &client.fetcher)
        .unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["libz1"]);
    let ending = |ending| archive.files_ending_in(ending, &client.store, &client.fetcher).unwrap();
    let (path, package) = ending("/libz.so.1").pop_first().unwrap();
    assert_eq!((&path[..], &package[..]), ("usr/lib/x86_64-linux-gnu/libz.so.1", "libz1"));
    assert!(ending("/ibz.so.1").is_empty());
}

#[test]
fn reads_a_lagging_list_of_files_and_says_so() {
    let server = Server::start();
    let client = Client::of(&[&server]);
    let mut archive = small_archive();
    let old = archive.files(&client.key, &SignaturePlan::at(DATE));
    archive
        .add("trixie", &deb("libnew1", "1").symlink("usr/lib/x86_64-linux-gnu/libnew.so.1", "libnew.so.1.0"));
    for (path, bytes) in archive.files(&client.key, &SignaturePlan::at(DATE)) {
        let lags = path == "debian/dists/trixie/main/Contents-amd64.gz";
        if !path.contains("debian/dists/trixie/main/by-hash/") {
            server.file(&format!("/{path}"), if lags { old[&path].clone() } else { bytes });
        }
    }
    let opened = client.open().unwrap();
    for _ in 0..2 {
        let contents = opened.contents(&client.store, &client.fetcher).unwrap();
        assert_eq!(contents.unsigned_suites(), ["trixie"]);
        assert_eq!(contents.packages_shipping("libz.so.1"), ["libz1"]);
        assert_eq!(contents.packages_shipping("libnew.so.1"), Vec::<String>::new());
    }
    server.route("/debian/dists/trixie/main/Contents-amd64.gz", |_| Response::status(404));
    let error = opened.contents(&client.store, &client.fetcher).unwrap_err();
    assert!(error.to_string().contains("by-hash"), "{error}");
    client.serve(&archive, &server);
    let contents = opened.contents(&client.store, &client.fetcher).unwrap();
    assert_eq!((contents.unsigned_suites().len(), contents.packages_shipping("libnew.so.1").len()), (0, 1));
}

#[test]
fn gives_the_same_index_whoever_asks_and_whenever() {
    let server = Server::start();
    let client = Client::of(&[&server]);
    client.serve(&small_archive(), &server);
    let names =
        |archive: &Archive| archive.packages().get("libz1").map(|record| (record.archive, record.version));
    let (cold, warm) = (client.open().unwrap(), client.open().unwrap());
    assert_eq!(names(&cold), names(&warm));
    assert_eq!(names(&cold).unwrap().0, ArchiveKind::Security);
}
