//! `bareboat inspect`, `audit` and `compare` as a person or a pipeline uses them.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod place;

use std::collections::BTreeMap;
use std::path::Path;

use bareboat_image::archive::{write_docker_archive, write_oci_archive};
use bareboat_image::output::Subject;
use bareboat_image::{
    Compression, Descriptor, FileMeta, ImageConfig, ImageRecord, Images, PartWriter, Platform, Reference,
    TreePath, join, write_image, write_index,
};
use bareboat_store::Store;
use bareboat_testkit::elf::{ElfMaker, X86_64};
use place::Place;

/// A program that needs nothing; as another user, or as root.
fn image(store: &Store, architecture: &str, user: &str) -> Descriptor {
    let mut writer = PartWriter::new(store, Compression::Gzip, 0).unwrap();
    let app = ElfMaker::static_program(X86_64).build();
    writer.append_bytes(&TreePath::new("app").unwrap(), &FileMeta::new(0o755), &app).unwrap();
    let layer = join(store, &[writer.finish().unwrap()], Compression::Gzip).unwrap();
    let mut config = ImageConfig::new(Platform::linux(architecture));
    config.config.entrypoint = Some(vec!["/app".to_owned()]);
    config.config.user = user.to_owned();
    write_image(store, config, &[layer], BTreeMap::new()).unwrap()
}

/// A home with `good` and `root` in the store, `index.tar` with two platforms, and `docker.tar`.
fn place() -> Place {
    let place = Place::new();
    let store = Store::open(&place.cache()).unwrap();
    let images = Images::new(&store);
    let good = image(&store, "amd64", "65532:65532");
    for (name, descriptor) in [("good:1", &good), ("root:1", &image(&store, "amd64", ""))] {
        let record = ImageRecord { descriptor: descriptor.clone(), created: 0, annotations: BTreeMap::new() };
        images.put(&name.parse().unwrap(), &record).unwrap();
    }
    let index = write_index(
        &store,
        vec![image(&store, "riscv64", "1:1"), image(&store, "s390x", "1:1")],
        BTreeMap::new(),
    );
    let mut archive = Vec::new();
    write_oci_archive(&store, &index.unwrap(), Some("two"), &mut archive).unwrap();
    place.file("index.tar", &archive);
    let reference: Reference = "good:1".parse().unwrap();
    let mut archive = Vec::new();
    let subject = Subject { descriptor: &good, reference: Some(&reference), platform: None };
    write_docker_archive(&store, &subject, &mut archive).unwrap();
    place.file("docker.tar", &archive);
    place
}

#[test]
fn a_bare_image_passes_and_one_that_runs_as_root_does_not() {
    let place = place();
    let said = place.run(&["audit", "good:1"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), "good:1: 1 notice\n"), "{}", said.stdout);
    insta::assert_snapshot!(said.stdout, @"
    will it start?

    info[health, CIS-4.6]: the image has no health check
      = note: Docker cannot tell a hung container from a working one; Kubernetes has probes of its own

    17 of 17 hard rules pass
    ");
    let said = place.run(&["audit", "root:1", "--ignore", "health"]);
    assert_eq!(said.code, Some(1));
    insta::assert_snapshot!(said.stdout, @"
    how bare is it?

    error[user-root, CIS-4.1]: the container runs as root: no user is set
      = note: whoever breaks into it can change everything in it, and is root in what it mounts
      = help: add `USER 65532:65532` to the last stage

    16 of 17 hard rules pass
    ");
    assert_eq!(place.run(&["audit", "root:1", "--ignore", "CIS-4.1"]).code, Some(0));
    assert_eq!(place.run(&["audit", "good:1", "--threshold", "info"]).code, Some(1));
    let said = place.run(&["audit", "good:1", "--ignore", "user-rooot"]);
    assert_eq!(
        (said.code, said.stderr.contains("did you mean `user-root`?")),
        (Some(2), true),
        "{}",
        said.stderr
    );
}

#[test]
fn the_facts_are_shown_with_named_sizes() {
    let place = place();
    let said = place.run(&["inspect", "good:1"]);
    assert_eq!(said.code, Some(0));
    insta::assert_snapshot!(said.stdout, @"
    image     good:1
    digest    sha256:06d5917744968c1f904b7d03a787445ead3ec9da9d3e3e2ed1868640ec8e6a6b
    platform  linux/amd64
    user      65532:65532
    command   /app

    size
    pull      149 B  compressed layers
    tar      2.0 kB  decompressed layers
    shipped   512 B  files in all layers
    visible   512 B  files a container sees
    hidden      0 B  shipped, but overwritten or deleted

    layer   pull  shipped  hidden  made by
        1  149 B    512 B     0 B        —

    executables        1 (1 names)
    shells             none
    interpreters       none
    package managers   none
    compilers          none
    network tools      none
    setuid, setgid     0
    file capabilities  0
    writable           nothing
    secrets            0
    ");
    let said = place.run(&["inspect", "docker.tar", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(document["version"], 1);
    assert_eq!(document["image"]["user"]["uid"], 65532);
    assert_eq!(document["image"]["sizes"]["hidden"], 0);
    assert_eq!(document["surface"]["executables"][0]["path"], "/app");
}

#[test]
fn of_several_images_one_must_be_chosen() {
    let place = place();
    let said = place.run(&["inspect", "index.tar"]);
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.contains("linux/riscv64") && said.stderr.contains("linux/s390x"), "{}", said.stderr);
    assert!(said.stderr.contains("--platform"), "{}", said.stderr);
    let said =
        place.run(&["inspect", "oci-archive:index.tar:two", "--platform", "linux/s390x", "--format", "json"]);
    assert!(said.stdout.contains("\"platform\": \"linux/s390x\""), "{}", said.stderr);
    // The program is for amd64 whatever the platform says.
    let said = place.run(&["audit", "index.tar", "--platform", "linux/s390x"]);
    assert!(said.stdout.contains("`/app` is for amd64, the image for s390x"), "{}", said.stdout);
    assert_eq!(said.code, Some(1));
    let said = place.run(&["audit", "index.tar", "--platform", "all"]);
    let titles: Vec<&str> = said.stdout.lines().filter(|line| line.starts_with("index.tar for")).collect();
    assert_eq!(titles, ["index.tar for linux/riscv64", "index.tar for linux/s390x"]);
    let said = place.run(&["audit", "index.tar", "--platform", "all", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(document["images"][1]["image"]["platform"], "linux/s390x");
}

#[test]
fn what_is_no_image_or_damaged_is_named() {
    let place = place();
    let said = place.run(&["audit", "nowhere"]);
    assert_eq!((said.code, said.stderr.contains("bareboat images")), (Some(2), true), "{}", said.stderr);
    let archive = std::fs::read(place.path("docker.tar")).unwrap();
    place.file("short.tar", &archive[..archive.len() / 2]);
    place.file("text.tar", "no archive at all");
    for (name, word) in
        [("short.tar", "not complete"), ("text.tar", "text.tar"), ("./nowhere", "nowhere"), ("oci:", "oci:")]
    {
        let said = place.run(&["audit", name]);
        assert_eq!(said.code, Some(2), "{name}: {}", said.stderr);
        assert!(said.stderr.contains(word), "{name}: {}", said.stderr);
    }
    assert!(!Path::new("nowhere").exists());
}

#[test]
fn images_are_set_side_by_side() {
    let place = place();
    let said = place.run(&["compare", "root:1", "docker-archive:docker.tar"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    insta::assert_snapshot!(said.stdout, @"
                          ...er-archive:docker.tar  root:1             change
    pull size             149 B    ########         149 B    ########  =
    on disk (visible)     512 B    ########         512 B    ########  =
    hidden in layers      0 B                       0 B                =
    packages              0                         0                  =
    executables           1 (1 names)               1 (1 names)        =
    shell                 + none                    + none             =
    package manager       + none                    + none             =
    compiler              + none                    + none             =
    network tools         + none                    + none             =
    runs as               + 65532:65532             - 0:0
    setuid / file caps    + 0 / 0                   + 0 / 0            =
    secrets               + 0                       + 0                =
    hard rules            17/17                     16/17              -1

    user: 65532:65532
      -> nothing
    ");
    let said = place.run(&["compare", "root:1", "good:1", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(document["differences"][0]["configuration"][0]["after"], "65532:65532");
}
