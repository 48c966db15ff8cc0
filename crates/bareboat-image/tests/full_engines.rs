//! What we write, read by the real engines: Docker, Podman and skopeo load it, run it, and show the same files.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output as ProcessOutput};

use bareboat_image::output::{Output, Subject};
use bareboat_image::rootfs::Ownership;
use bareboat_image::source::{Select, Source};
use bareboat_image::tar::read::Limits;
use bareboat_image::{
    Compression, Deflated, Descriptor, Entry, FileMeta, ImageConfig, Kind, Owner, PartWriter, Platform,
    Reference, TreePath, engine, join, write_image,
};
use bareboat_store::{Digest, Store};
use bareboat_testkit::full;
use flate2::write::DeflateEncoder;

const TEXT: &str = "it runs\n";

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

fn noise(length: usize, mut state: u64) -> Vec<u8> {
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 59) as u8
    };
    (0..length).map(step).collect()
}

/// Two layers with everything the format knows: a transplanted and a large file, links of both kinds, long and
/// foreign names, owners, capabilities, whiteouts and an opaque directory.
fn write_everything(store: &Store, compression: Compression) -> Descriptor {
    let meta = FileMeta::new(0o644);
    let mut lower = PartWriter::new(store, compression, 1_700_000_000).unwrap();
    lower.append(&path("data"), &Entry::directory(0o755)).unwrap();
    for number in 0..40u64 {
        let content = noise(20_000 + 7_919 * number as usize, number);
        let mut encoder = DeflateEncoder::new(Vec::new(), flate2::Compression::new(9));
        encoder.write_all(&content).unwrap();
        let raw = encoder.finish().unwrap();
        let deflated = Deflated {
            raw: &mut &raw[..],
            raw_size: raw.len() as u64,
            size: content.len() as u64,
            crc32: crc32fast::hash(&content),
        };
        lower.append_deflated(&path(&format!("data/transplanted-{number}")), &meta, deflated).unwrap();
    }
    lower.append_bytes(&path("data/large"), &meta, &noise(5_000_000, 99)).unwrap();
    let mut program = FileMeta::new(0o755);
    // cap_net_bind_service+ep, as a file carries it (linux/capability.h, revision 2).
    let capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    program.xattrs.insert("security.capability".into(), capability.to_vec());
    let elf = bareboat_testkit::program::x86_64(TEXT, 0);
    lower.append_bytes(&path("data/program"), &program, &elf).unwrap();
    let hard =
        |target: &str| Entry { kind: Kind::HardLink { target: path(target) }, ..Entry::directory(0o644) };
    lower.append(&path("data/hard"), &hard("data/large")).unwrap();
    lower.append(&path("data/soft"), &Entry::symlink("./large")).unwrap();
    let long = format!("data/{}", "long/".repeat(40));
    lower.append_bytes(&path(&format!("{long}{}", "é".repeat(100))), &meta, b"long").unwrap();
    let owner = Owner { uid: 3_000_000, gid: 65_532 };
    lower.append_bytes(&path("data/owned"), &FileMeta { owner, ..FileMeta::new(0o4750) }, b"x").unwrap();
    lower.append(&path("data/sticky"), &Entry::directory(0o1777)).unwrap();
    for name in ["gone", "opaque/lower", "replaced"] {
        lower.append_bytes(&path(&format!("data/{name}")), &meta, b"lower").unwrap();
    }
    let mut upper = PartWriter::new(store, compression, 1_700_000_000).unwrap();
    upper.append(&path("data"), &Entry::directory(0o755)).unwrap();
    upper.append(&path("data/opaque"), &Entry::directory(0o700)).unwrap();
    for name in [".wh.gone", "opaque/.wh..wh..opq", "opaque/upper", "replaced"] {
        upper.append_bytes(&path(&format!("data/{name}")), &meta, b"upper!").unwrap();
    }
    let layers = [lower, upper].map(|part| join(store, &[part.finish().unwrap()], compression).unwrap());
    let mut config = ImageConfig::new(Platform::linux("amd64"));
    config.config.entrypoint = Some(vec!["/data/program".into()]);
    config.config.user = "65532".into();
    write_image(store, config, &layers, BTreeMap::new()).unwrap()
}

struct Fixture {
    directory: tempfile::TempDir,
    store: Store,
}

fn fixture() -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&directory.path().join("store")).unwrap();
    Fixture { directory, store }
}

/// Everything below `/data`: kind, content, mode, owner, attributes.
fn files(source: &Source<'_>) -> BTreeMap<TreePath, Entry> {
    let (merged, _) =
        source.image(&Select::default()).unwrap().merge(Limits::default(), |_, _, _| Ok(())).unwrap();
    merged.tree.entries.into_iter().filter(|(at, _)| at.starts_with(&path("data"))).collect()
}

fn run(command: &mut Command) -> ProcessOutput {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {text}");
    output
}

fn text(output: ProcessOutput) -> String {
    String::from_utf8(output.stdout).unwrap()
}

/// Exports a container of `image` and compares its files with what we say they are.
fn check_files(client: &dyn Fn() -> Command, image: &str, expected: &Source<'_>, directory: &Path) {
    let container = text(run(client().args(["create", image])));
    let tar = directory.join("export.tar");
    run(client().args(["export", "-o"]).arg(&tar).arg(container.trim()));
    run(client().args(["rm", container.trim()]));
    let found = files(&Source::open(&tar, directory).unwrap());
    let expected = files(expected);
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (at, entry) in expected {
        let found = &found[&at];
        // Which of two hard links comes first depends on the order of the export.
        if !matches!((&entry.kind, &found.kind), (Kind::HardLink { .. }, _) | (_, Kind::HardLink { .. })) {
            assert_eq!(found.kind, entry.kind, "{at}");
        }
        assert_eq!((found.mode, found.owner), (entry.mode, entry.owner), "{at}");
        assert_eq!(found.xattrs, entry.xattrs, "{at}");
    }
}

fn docker() -> Command {
    // Debian's, where another is earlier on PATH.
    let debian = Path::new("/usr/bin/docker");
    Command::new(if debian.is_file() { debian } else { Path::new("docker") })
}

fn has_docker(test: &str) -> bool {
    if !full::wanted(test) || !full::has_program(test, "docker") {
        return false;
    }
    let runs = docker().arg("version").output().is_ok_and(|output| output.status.success());
    if !runs {
        full::skip(test, "dockerd does not run");
    }
    runs
}

fn docker_socket() -> PathBuf {
    let host = text(run(docker().args(["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"])));
    PathBuf::from(host.trim().trim_start_matches("unix://"))
}

#[test]
fn docker_loads_an_archive_runs_it_and_shows_the_same_files() {
    if !has_docker("docker_loads_an_archive") {
        return;
    }
    let Fixture { directory, store } = &fixture();
    let descriptor = write_everything(store, Compression::Gzip);
    let reference: Reference = "bareboat.test/docker-archive:1".parse().unwrap();
    let subject = Subject { descriptor: &descriptor, reference: Some(&reference), platform: None };
    let file = directory.path().join("image.tar");
    Output::DockerArchive { file: file.clone() }.write(store, &subject, Ownership::Caller).unwrap();
    let said = text(run(docker().arg("load").arg("-i").arg(&file)));
    assert_eq!(said.trim(), format!("Loaded image: {reference}"));
    let name = reference.to_string();
    let confined = ["run", "--rm", "--read-only", "--cap-drop", "ALL", "--network", "none"];
    // The program asks for a capability that is dropped, so the kernel refuses it; unconfined it runs.
    assert!(!docker().args(confined).arg(&name).output().unwrap().status.success());
    assert_eq!(
        text(run(docker().args(["run", "--rm", "--read-only", "--network", "none"]).arg(&name))),
        TEXT
    );
    check_files(&docker, &name, &Source::store(store, descriptor.clone()), directory.path());
    run(docker().args(["rmi", &name]));
}

#[test]
fn docker_loads_through_its_socket_and_says_why_not() {
    if !has_docker("docker_loads_through_its_socket") {
        return;
    }
    let Fixture { store, .. } = &fixture();
    let descriptor = write_everything(store, Compression::Gzip);
    let reference: Reference = "bareboat.test/docker-socket:1".parse().unwrap();
    let subject = Subject { descriptor: &descriptor, reference: Some(&reference), platform: None };
    let socket = docker_socket();
    assert_eq!(engine::load(store, &subject, &socket).unwrap(), reference.to_string());
    let name = reference.to_string();
    assert_eq!(text(run(docker().args(["run", "--rm", "--network", "none"]).arg(&name))), TEXT);
    run(docker().args(["rmi", &name]));
    // A layer that is not what the configuration says.
    let mut part = PartWriter::new(store, Compression::Gzip, 0).unwrap();
    part.append(&path("x"), &Entry::directory(0o755)).unwrap();
    let mut layer = join(store, &[part.finish().unwrap()], Compression::Gzip).unwrap();
    layer.diff_id = Digest::of(b"other");
    let config = ImageConfig::new(Platform::linux("amd64"));
    let descriptor = write_image(store, config, &[layer], BTreeMap::new()).unwrap();
    let subject = Subject { descriptor: &descriptor, reference: Some(&reference), platform: None };
    match engine::load(store, &subject, &socket) {
        Err(engine::EngineError::Refused { message, .. }) => {
            assert!(message.contains("invalid diffID"), "{message}")
        }
        other => panic!("{other:?}"),
    }
}

fn podman() -> Command {
    Command::new("podman")
}

/// Podman with what a nested machine needs to start a container.
fn podman_run(image: &str) -> Command {
    let mut command = podman();
    command.args(["--runtime", "runc", "run", "--rm", "--ulimit", "nofile=1024:1024"]);
    command.args(["--ulimit", "nproc=1024:1024", "--network", "host", "--read-only", image]);
    command
}

#[test]
fn podman_loads_archives_of_both_kinds_and_shows_the_same_files() {
    let test = "podman_loads_archives_of_both_kinds";
    if !full::wanted(test) || !full::has_program(test, "podman") || !full::has_program(test, "runc") {
        return;
    }
    let Fixture { directory, store } = &fixture();
    let place = directory.path();
    for (compression, kind) in [
        (Compression::Gzip, "docker-archive"),
        (Compression::Zstd, "docker-archive"),
        (Compression::Gzip, "oci-archive"),
        (Compression::Zstd, "oci-archive"),
    ] {
        let descriptor = write_everything(store, compression);
        let reference: Reference = "bareboat.test/podman:1".parse().unwrap();
        let subject = Subject { descriptor: &descriptor, reference: Some(&reference), platform: None };
        let file = place.join("image.tar");
        let output: Output = format!("{kind}:{}", file.display()).parse().unwrap();
        output.write(store, &subject, Ownership::Caller).unwrap();
        let said = text(run(podman().arg("load").arg("-i").arg(&file)));
        let name = reference.to_string();
        assert!(said.contains(&name), "{kind}: {said}");
        assert_eq!(text(run(&mut podman_run(&name))), TEXT);
        check_files(&podman, &name, &Source::store(store, descriptor.clone()), place);
        run(podman().args(["rmi", &name]));
    }
}

#[test]
fn podman_loads_through_its_socket() {
    let test = "podman_loads_through_its_socket";
    if !full::wanted(test) || !full::has_program(test, "podman") {
        return;
    }
    let Fixture { directory, store } = &fixture();
    let socket = directory.path().join("podman.sock");
    let address = format!("unix://{}", socket.display());
    let mut service = podman().args(["system", "service", "--time", "60", &address]).spawn().unwrap();
    for _ in 0..100 {
        if socket.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let descriptor = write_everything(store, Compression::Gzip);
    let reference: Reference = "bareboat.test/podman-socket:1".parse().unwrap();
    let subject = Subject { descriptor: &descriptor, reference: Some(&reference), platform: None };
    let loaded = engine::load(store, &subject, &socket);
    service.kill().unwrap();
    service.wait().unwrap();
    assert_eq!(loaded.unwrap(), reference.to_string());
    run(podman().args(["rmi", &reference.to_string()]));
}

#[test]
fn skopeo_reads_layouts_and_archives() {
    let test = "skopeo_reads_layouts_and_archives";
    if !full::wanted(test) || !full::has_program(test, "skopeo") {
        return;
    }
    let Fixture { directory, store } = &fixture();
    for compression in [Compression::Gzip, Compression::Zstd] {
        let descriptor = write_everything(store, compression);
        let reference: Reference = "bareboat.test/skopeo:1".parse().unwrap();
        let subject = Subject { descriptor: &descriptor, reference: Some(&reference), platform: None };
        for kind in ["oci", "oci-archive", "docker-archive"] {
            let place = directory.path().join(format!("{kind}-{compression:?}"));
            let output: Output = format!("{kind}:{}", place.display()).parse().unwrap();
            output.write(store, &subject, Ownership::Caller).unwrap();
            let from = format!("{kind}:{}:{reference}", place.display());
            let said = text(run(Command::new("skopeo").args(["inspect", &from])));
            assert!(said.contains(r#""Os": "linux""#), "{said}");
            if kind != "docker-archive" {
                assert!(said.contains(&descriptor.digest.to_string()), "{said}");
            }
            let copy = directory.path().join(format!("copy-{kind}-{compression:?}"));
            run(Command::new("skopeo").args(["copy", "-q", &from, &format!("dir:{}", copy.display())]));
        }
    }
}
