//! Debian's real archives, as this machine's apt reaches them: signatures against `gpgv`, versions against
//! `dpkg`, locks for every release and architecture.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bareboat_packages::deb::{
    Architecture, Archive, ArchiveDate, ArchiveError, ArchiveOptions, DebianRelease, HostSources, Keyring,
    LockedDeb, MirrorSources, Mirrors, ReleaseFileError, Suite, SuiteFault, compare_versions,
    read_host_sources, verify_cleartext,
};
use bareboat_store::{FetchOptions, Fetcher, Store};
use bareboat_testkit::full;

struct Client {
    store: Store,
    fetcher: Fetcher,
    mirrors: Mirrors,
    _directory: tempfile::TempDir,
}

impl Client {
    fn new() -> Self {
        let host: HostSources = read_host_sources(Path::new("/"));
        let directory = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(directory.path()).unwrap(),
            fetcher: Fetcher::new(FetchOptions::default(), Arc::new(|_| {})),
            mirrors: Mirrors::choose(&MirrorSources { host: Some(&host), ..MirrorSources::default() })
                .unwrap(),
            _directory: directory,
        }
    }

    fn options(&self, release: DebianRelease, architecture: Architecture) -> ArchiveOptions {
        ArchiveOptions::new(release, architecture, self.mirrors.clone(), SystemTime::now())
    }

    /// Opens a release; one in testing whose mirror is not renewed is opened as of its own time.
    fn open(&self, release: DebianRelease, architecture: Architecture) -> Archive {
        let mut options = self.options(release, architecture);
        loop {
            match Archive::open(&options, &self.store, &self.fetcher) {
                Ok(archive) => return archive,
                Err(ArchiveError::Suite { suite, attempts }) if release.is_testing() => {
                    let until = attempts.iter().find_map(|attempt| match &attempt.fault {
                        SuiteFault::Release(ReleaseFileError::Expired { until, .. }) => Some(*until),
                        _ => None,
                    });
                    let until = until.unwrap_or_else(|| panic!("{suite}: {attempts:?}"));
                    assert!(until < options.now, "an expired suite is older than now");
                    eprintln!("{release}: `{suite}` expired {until}; opened as of then");
                    options.now = until;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn release_files(&self) -> Vec<(Suite, Vec<u8>)> {
        let suites = DebianRelease::ALL.into_iter().flat_map(DebianRelease::suites);
        suites
            .map(|suite| {
                let url = self.mirrors.suite_urls(&suite, "InRelease").remove(0);
                let bytes = self.fetcher.get(&url, 8 << 20).unwrap().bytes;
                (suite, bytes)
            })
            .collect()
    }
}

#[test]
fn locks_interpreters_of_every_release_and_architecture() {
    if !full::wanted("locks_interpreters_of_every_release_and_architecture") {
        return;
    }
    let client = Client::new();
    let exclude: BTreeSet<String> = ["dpkg", "debconf", "mawk"].map(str::to_owned).into();
    for release in DebianRelease::ALL {
        for architecture in Architecture::ALL {
            let cold = timed(|| client.open(release, architecture));
            let warm = timed(|| client.open(release, architecture));
            let index = warm.0.packages();
            assert!(index.len() > 50_000, "{}", index.len());
            let roots = release.interpreter_packages();
            let (closure, resolve) = timed(|| index.closure(&roots, &exclude).unwrap());
            let locked: Vec<LockedDeb> = closure.packages.iter().map(LockedDeb::new).collect();
            let has = |name: &str| locked.iter().any(|deb| deb.name == name);
            assert!(has("libc6") && has("zlib1g") && has(&roots[0]) && !has("dpkg"));
            assert!(locked.iter().all(|deb| deb.fits(architecture)));
            let python = index.get(&roots[0]).unwrap();
            assert!(python.version.as_str().starts_with(&format!("3.{}.", release.python_minor())));
            let libc = index.get("libc6").unwrap().version;
            let (major, minor) = release.glibc();
            assert!(libc.as_str().starts_with(&format!("{major}.{minor}-")), "{libc}");
            eprintln!(
                "{release} {architecture}: {} packages; cold {:?}, warm {:?}, closure of {} in {resolve:?}; {} {} from {}",
                index.len(),
                cold.1,
                warm.1,
                locked.len(),
                python.name,
                python.version,
                python.suite
            );
        }
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

#[test]
fn fetches_what_it_locks() {
    if !full::wanted("fetches_what_it_locks") {
        return;
    }
    let client = Client::new();
    let archive = client.open(DebianRelease::Trixie, Architecture::Arm64);
    let closure = archive.packages().closure(&["zlib1g", "media-types"], &BTreeSet::new()).unwrap();
    for selected in &closure.packages {
        let deb = LockedDeb::new(selected);
        client.fetcher.fetch(&client.store, &deb.request(&client.mirrors)).unwrap();
    }
    assert!(closure.packages.len() >= 4);
}

#[test]
fn finds_the_packages_of_shared_libraries() {
    if !full::wanted("finds_the_packages_of_shared_libraries") {
        return;
    }
    let client = Client::new();
    for (release, expected) in [
        (DebianRelease::Bookworm, [("libssl.so.3", "libssl3"), ("libgobject-2.0.so.0", "libglib2.0-0")]),
        (DebianRelease::Trixie, [("libssl.so.3", "libssl3t64"), ("libgobject-2.0.so.0", "libglib2.0-0t64")]),
    ] {
        for architecture in Architecture::ALL {
            let archive = client.open(release, architecture);
            let (contents, cold) = timed(|| archive.contents(&client.store, &client.fetcher).unwrap());
            if !contents.unsigned_suites().is_empty() {
                eprintln!("{release} {architecture}: the mirror lags in {:?}", contents.unsigned_suites());
            }
            let warm = timed(|| archive.contents(&client.store, &client.fetcher).unwrap()).1;
            let common = [
                ("libGL.so.1", "libgl1"),
                ("libstdc++.so.6", "libstdc++6"),
                ("libz.so.1", "zlib1g"),
                ("libc.so.6", "libc6"),
                ("libodbc.so.2", "libodbc2"),
                ("libjpeg.so.62", "libjpeg62-turbo"),
                ("libX11.so.6", "libx11-6"),
                ("libgomp.so.1", "libgomp1"),
                ("libpq.so.5", "libpq5"),
            ];
            for (soname, package) in common.into_iter().chain(expected) {
                let choice =
                    contents.choose(soname, archive.packages()).unwrap_or_else(|| panic!("{soname}"));
                assert_eq!(choice.shipper.package, package, "{soname}: {choice:?}");
                assert!(choice.shipper.rank.is_some());
            }
            let between =
                ["libavcodec.so.61", "libavcodec.so.59", "libjack.so.0", "libSDL2-2.0.so.0", "libblas.so.3"];
            for soname in between {
                if let Some(choice) = contents.choose(soname, archive.packages()) {
                    eprintln!(
                        "{release} {architecture} {soname}: `{}` {}",
                        choice.shipper.package, choice.reason
                    );
                }
            }
            eprintln!("{release} {architecture}: contents cold {cold:?}, warm {warm:?}");
        }
    }
    let archive = client.open(DebianRelease::Trixie, Architecture::Amd64);
    let (found, scan) =
        timed(|| archive.packages_with_file("usr/bin/git", &client.store, &client.fetcher).unwrap());
    assert_eq!(found, BTreeSet::from(["git".to_owned()]));
    eprintln!("who has usr/bin/git: {scan:?}");
}

#[test]
fn believes_what_gpgv_believes() {
    let name = "believes_what_gpgv_believes";
    if !full::wanted(name) || !full::has_program(name, "gpgv") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let keyring_path = directory.path().join("keyring.gpg");
    std::fs::write(&keyring_path, include_bytes!("../data/debian-archive-keyring.pgp")).unwrap();
    let keyring = Keyring::debian();
    let now = ArchiveDate::from(SystemTime::now());
    let mut compared = 0;
    for (suite, bytes) in Client::new().release_files() {
        let (verdict, took) = timed(|| verify_cleartext(&bytes, &keyring, suite.role, now));
        eprintln!(
            "{}: {} in {took:?}",
            suite.name,
            verdict.as_ref().map(|signed| &signed.signer[..]).unwrap_or("refused")
        );
        assert!(verdict.is_ok(), "{}: {verdict:?}", suite.name);
        assert!(gpgv_accepts(&keyring_path, &bytes), "{}", suite.name);
        for tampered in tampered(&bytes) {
            let ours = verify_cleartext(&tampered, &keyring, suite.role, now);
            // gpgv skips text around the message and we do not, so where we accept it must, but not the other
            // way round.
            let accepted = gpgv_accepts(&keyring_path, &tampered);
            let note = format!("{}: {}", suite.name, describe(&bytes, &tampered));
            match ours {
                Ok(ours) => {
                    assert!(accepted, "{note}");
                    assert_eq!(ours.text, verdict.as_ref().unwrap().text, "{note}");
                }
                Err(error) => assert!(!accepted || !inside_only(&bytes, &tampered), "{note}: {error}"),
            }
            compared += 1;
        }
    }
    eprintln!("{compared} tampered release files compared");
}

/// Copies with one byte changed, over the whole length, and some with lines moved, lost and added.
fn tampered(bytes: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let flipped = (0..24).map(|step| {
        let mut copy = bytes.to_vec();
        let at = bytes.len() * step / 24 + 7;
        copy[at] = if copy[at] == b'a' { b'b' } else { b'a' };
        copy
    });
    let changed = [
        text.replacen("Codename: ", "Codename:  ", 1),
        text.replacen("Hash: SHA256\n", "Hash: SHA512\n", 1),
        text.replacen("SHA256:\n", "SHA256:\n 00 0 x\n", 1),
        text.replacen("\n\nOrigin", "\n\n\nOrigin", 1),
        format!("Origin: Debian\n\n{text}"),
        format!("{text}\nSuite: evil\n"),
        format!("{text}{text}"),
        text[..text.len() / 2].to_owned(),
        text[..text.len() - 200].to_owned(),
        text.replace('\n', "\r\n"),
    ];
    flipped.chain(changed.into_iter().map(String::into_bytes)).collect()
}

/// Where a copy first differs.
fn describe(bytes: &[u8], tampered: &[u8]) -> String {
    let at = bytes.iter().zip(tampered).position(|(a, b)| a != b).unwrap_or(bytes.len().min(tampered.len()));
    let around = |text: &[u8]| {
        let (start, end) = (at.saturating_sub(20).min(text.len()), (at + 40).min(text.len()));
        String::from_utf8_lossy(&text[start..end]).into_owned()
    };
    format!("byte {at}: {:?} became {:?}", around(bytes), around(tampered))
}

/// True when the copy differs in the signed lines only, where both verifiers must agree.
fn inside_only(bytes: &[u8], tampered: &[u8]) -> bool {
    let (start, end) =
        (b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n", b"-----BEGIN PGP SIGNATURE-----");
    let at = bytes.windows(end.len()).position(|window| window == end).unwrap();
    let tail = &bytes[at..];
    tampered.starts_with(start) && tampered.ends_with(tail) && tampered.len() < bytes.len() * 2
}

fn gpgv_accepts(keyring: &Path, message: &[u8]) -> bool {
    let mut child = Command::new("gpgv")
        .args(["--status-fd", "1", "--keyring"])
        .arg(keyring)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    // It may stop reading early.
    let _ = input.write_all(message);
    drop(input);
    let output = child.wait_with_output().unwrap();
    // Its exit status counts every key it does not know; like apt, one good signature is enough.
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.contains("[GNUPG:] VALIDSIG") && !text.contains("[GNUPG:] BADSIG")
}

#[test]
fn orders_versions_as_dpkg_does() {
    let name = "orders_versions_as_dpkg_does";
    if !full::wanted(name) || !full::has_program(name, "dpkg") {
        return;
    }
    let client = Client::new();
    let archive = client.open(DebianRelease::Trixie, Architecture::Amd64);
    let mut versions =
        vec!["1.0~rc1", "1.0", "1.0-1", "1.0+b1", "1:0.1", "09", "9", "1.0~~", "2.0a", "2.0.a", "1.0-0"]
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>();
    for name in [
        "libc6",
        "python3",
        "perl",
        "bash",
        "vim",
        "openssl",
        "zlib1g",
        "git",
        "gcc",
        "linux-libc-dev",
        "tzdata",
        "0ad",
    ] {
        versions.extend(archive.packages().get(name).map(|record| record.version.to_string()));
    }
    let mut judged = 0;
    for left in &versions {
        for right in &versions {
            let order = compare_versions(left, right);
            let relation = if order.is_lt() {
                "lt"
            } else if order.is_gt() {
                "gt"
            } else {
                "eq"
            };
            let status =
                Command::new("dpkg").args(["--compare-versions", left, relation, right]).status().unwrap();
            assert!(status.success(), "{left} {relation} {right}");
            judged += 1;
        }
    }
    eprintln!("dpkg agreed on {judged} pairs");
}
