//! `bareboat build -f` as a person or a pipeline uses it. Nothing here needs privileges, a network or an engine.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod place;

use std::fs;

use place::Place;

/// A home with a context and a Dockerfile of two stages.
fn home() -> Place {
    let place = Place::new();
    place.file("app/hello", "hello\n").file("app/.dockerignore", "Dockerfile\n").file(
        "app/Dockerfile",
        "ARG WHAT=hello\nFROM scratch AS files\nARG WHAT\nCOPY $WHAT /srv/file\n\nFROM scratch\nCOPY --from=files /srv /srv\nCMD [\"/srv/file\"]\n",
    );
    place
}

fn digest(json: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    value["result"]["descriptor"]["digest"].as_str().unwrap().to_owned()
}

#[test]
fn builds_names_and_writes_an_image() {
    let place = home();
    let said = place.run(&[
        "build",
        "-f",
        "app/Dockerfile",
        "-t",
        "hello:1",
        "-o",
        "dir:root",
        "-o",
        "oci:layout",
        "app",
    ]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stderr.contains("[files 3/3] COPY $WHAT /srv/file\n"), "{}", said.stderr);
    assert_eq!(fs::read_to_string(place.path("root/srv/file")).unwrap(), "hello\n");
    assert!(place.path("layout/index.json").is_file());
    assert!(place.run(&["images"]).stdout.contains("hello"));
    let again = place.run(&["build", "-f", "app/Dockerfile", "-t", "hello:1", "app"]);
    assert!(again.stderr.contains("COPY $WHAT /srv/file (cached)\n"), "{}", again.stderr);
    assert!(again.stderr.contains("nothing changed"), "{}", again.stderr);
}

#[test]
fn builds_on_an_image_of_the_store_and_on_a_layout() {
    let place = home();
    let build = |arguments: &[&str]| {
        let said = place.run(&[&["build", "--format", "json"][..], arguments].concat());
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        digest(&said.stdout)
    };
    build(&["-f", "app/Dockerfile", "-t", "base:1", "-o", "oci:layout", "app"]);
    place.file("on/Dockerfile", "FROM base:1\nCOPY hello /hello\n").file("on/hello", "again");
    let stored = build(&["-f", "on/Dockerfile", "-o", "dir:stored", "on"]);
    assert_eq!(fs::read_to_string(place.path("stored/srv/file")).unwrap(), "hello\n");
    let other = "base:1=oci-layout://layout";
    assert_eq!(build(&["-f", "on/Dockerfile", "--build-context", other, "on"]), stored);
    let place_of = |name: &str| place.run(&["save", "base:1", "-o", name]);
    assert_eq!(place_of("docker-archive:docker.tar").code, Some(0));
    let archive = "base:1=docker-archive:docker.tar";
    build(&["-f", "on/Dockerfile", "--build-context", archive, "-o", "dir:archived", "on"]);
    assert_eq!(fs::read_to_string(place.path("archived/hello")).unwrap(), "again");
}

#[test]
fn what_is_the_same_everywhere_has_one_digest() {
    let digests: Vec<String> = ["one", "two"]
        .iter()
        .map(|_| {
            let place = home();
            let said = place.run(&["build", "--format", "json", "-f", "app/Dockerfile", "app"]);
            digest(&said.stdout)
        })
        .collect();
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn errors_show_the_lines() {
    let place = home();
    place.file("app/Dockerfile", "FROM scratch\nCOPY missing \\\n  /srv/\n");
    insta::assert_snapshot!(place.run(&["build", "-q", "-f", "app/Dockerfile", "app"]).shown());
    place.file("app/Dockerfile", "FROM scratch\nCOPPY hello /srv/\n");
    insta::assert_snapshot!(place.run(&["build", "-q", "-f", "app/Dockerfile", "app"]).shown());
}

#[test]
fn options_of_one_kind_of_build_are_no_options_of_the_other() {
    let place = home();
    let said = place.run(&["build", "-f", "app/Dockerfile", "--variant", "debug", "app"]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    let said = place.run(&["build", "--target", "files", "app"]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
}

#[test]
fn a_directory_with_nothing_but_a_dockerfile_says_how_to_build_it() {
    let place = home();
    let said = place.run(&["build", "app"]);
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.contains("bareboat build -f app/Dockerfile app"), "{}", said.stderr);
}

#[test]
fn the_plan_has_every_variable_expanded() {
    let place = home();
    let said =
        place.run(&["build", "-f", "app/Dockerfile", "--print", "plan", "--build-arg", "WHAT=other", "app"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let plan: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(plan["version"], 1);
    assert_eq!(plan["stages"][0]["steps"][1]["does"]["sources"][0]["path"], "other");
}

#[test]
fn records_say_what_was_built() {
    let place = home();
    let said = place.run(&[
        "build",
        "--format",
        "json",
        "-f",
        "app/Dockerfile",
        "--iidfile",
        "id",
        "--metadata-file",
        "meta.json",
        "app",
    ]);
    let digest = digest(&said.stdout);
    assert_eq!(fs::read_to_string(place.path("id")).unwrap(), digest);
    let meta: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path("meta.json")).unwrap()).unwrap();
    assert_eq!(meta["containerimage.digest"], digest);
}

#[test]
fn umasks_can_be_made_to_make_no_difference() {
    use std::os::unix::fs::PermissionsExt;
    let place = home();
    let build = |mode: u32, more: &[&str]| {
        fs::set_permissions(place.path("app/hello"), fs::Permissions::from_mode(mode)).unwrap();
        let said =
            place.run(&[&["build", "--format", "json", "-f", "app/Dockerfile"], more, &["app"]].concat());
        digest(&said.stdout)
    };
    assert_ne!(build(0o644, &[]), build(0o664, &[]));
    assert_eq!(build(0o644, &["--normalize-modes"]), build(0o664, &["--normalize-modes"]));
}

#[test]
fn files_of_the_network_are_fetched_and_checked() {
    let server = bareboat_testkit::http::Server::start();
    server.file("/pool/file.txt", b"from far".to_vec());
    let place = home();
    let url = server.url("/pool/file.txt?x=1");
    let sum = bareboat_store::Digest::of(b"from far");
    place.file(
        "app/Dockerfile",
        format!("FROM scratch\nADD {url} /in/\nADD --checksum={sum} {url} /as/named\n"),
    );
    let build = || place.run(&["build", "-f", "app/Dockerfile", "-o", "dir:root", "app"]);
    let said = build();
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(fs::read_to_string(place.path("root/in/file.txt")).unwrap(), "from far");
    assert_eq!(fs::read_to_string(place.path("root/as/named")).unwrap(), "from far");
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(place.path("root/as/named")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let other = bareboat_store::Digest::of(b"else");
    place.file("app/Dockerfile", format!("FROM scratch\nADD --checksum={other} {url} /x\n"));
    let said = build();
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    assert!(said.stderr.contains("ADD --checksum="), "{}", said.stderr);
}
