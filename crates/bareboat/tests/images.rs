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
use bareboat_testkit::full;
use bareboat_testkit::http::{Response, Server};
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
fn findings_come_in_every_format_of_lint() {
    let place = place();
    let said = place.run(&["audit", "root:1", "--ignore", "health", "--format", "gnu"]);
    assert_eq!(said.code, Some(1));
    assert_eq!(
        said.stdout,
        "root:1: error: the container runs as root: no user is set [user-root, CIS-4.1]\n"
    );
    let said = place.run(&["audit", "root:1", "--format", "sarif"]);
    let log: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    let rules: Vec<_> =
        log["runs"][0]["results"].as_array().unwrap().iter().map(|one| &one["ruleId"]).collect();
    assert_eq!(rules, ["health", "user-root"]);
    let said = place.run(&["audit", "index.tar", "--platform", "all", "--format", "junit"]);
    assert!(said.stdout.contains("<testsuite name=\"index.tar for linux/riscv64\""), "{}", said.stdout);
    for format in ["github", "gitlab", "codeclimate", "checkstyle", "sonarqube", "markdown"] {
        let said = place.run(&["audit", "root:1", "--format", format]);
        assert!(said.stdout.contains("runs as root"), "{format}: {}", said.stdout);
    }
}

#[test]
fn rules_are_listed_explained_and_graded() {
    let place = place();
    let said = place.run(&["audit", "--list-rules", "--ignore", "shell"]);
    assert!(said.stdout.contains("user-root        error    on   CIS-4.1"), "{}", said.stdout);
    assert!(said.stdout.lines().any(|line| line.starts_with("shell ") && line.contains(" off")));
    let said = place.run(&["explain", "user-root"]);
    assert!(said.stdout.starts_with("# user-root\n"), "{}", said.stdout);
    let said = place.run(&["audit", "good:1", "--severity", "health=error"]);
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    let said = place.run(&["audit", "good:1", "--severity", "health=bad"]);
    assert_eq!(said.code, Some(2));
    assert_eq!(place.run(&["audit"]).code, Some(2));
}

#[test]
fn what_is_accepted_needs_a_reason_and_ends() {
    let place = place();
    place.file("waivers.toml", "[[waiver]]\nrule = \"CIS-4.1\"\nreason = \"until the move\"\n");
    let said = place.run(&["audit", "root:1", "--waivers", "waivers.toml"]);
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    assert!(said.stdout.contains("17 of 17 hard rules pass, 1 finding is waived"), "{}", said.stdout);
    place.file(
        "old.toml",
        "[[waiver]]\nrule = \"user-root\"\nreason = \"until the move\"\nexpires = \"2020-01-01\"\n",
    );
    let said = place.run(&["audit", "root:1", "--waivers", "old.toml", "--format", "gnu"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("the waiver of `user-root` has ended: until the move"), "{}", said.stderr);
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

#[test]
fn a_comparison_is_written_as_page_picture_and_comment() {
    let place = place();
    for (file, begins) in [
        ("page.html", "<!DOCTYPE html>"),
        ("picture.svg", "<svg "),
        ("comment.md", "<!-- bareboat compare -->"),
        ("facts.json", "{"),
    ] {
        let said = place.run(&["compare", "root:1", "good:1", "-o", file]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "{file}: {}", said.stderr);
        assert!(std::fs::read_to_string(place.path(file)).unwrap().starts_with(begins), "{file}");
    }
    place.run(&["compare", "root:1", "good:1", "-o", "light.png"]);
    place.run(&["compare", "root:1", "good:1", "-o", "dark.png", "--theme", "dark"]);
    let png = |name: &str| std::fs::read(place.path(name)).unwrap();
    assert!(png("light.png").starts_with(b"\x89PNG\r\n\x1a\n") && png("light.png") != png("dark.png"));
    let said = place.run(&["compare", "root:1", "good:1", "-o", "nowhere/page.html"]);
    assert_eq!(said.code, Some(3), "{}", said.stderr);
}

#[test]
fn an_image_over_budget_fails() {
    let place = place();
    let said = place.run(&["compare", "good:1", "root:1", "--fail-on", "surface,hard-rules,pull=5%"]);
    assert_eq!(said.code, Some(1));
    assert_eq!(
        said.stderr,
        "warning: root:1: writable-code were added: everything: it runs as root\n\
         warning: root:1: hard rules fail that passed: user-root\n"
    );
    let said = place.run(&["compare", "root:1", "good:1", "--fail-on", "surface,hard-rules,pull"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let said = place.run(&["compare", "root:1", "good:1", "--fail-on", "sise=5%"]);
    assert_eq!((said.code, said.stderr.contains("pull=5%")), (Some(2), true), "{}", said.stderr);
}

#[test]
fn structure_tests_run_without_a_daemon() {
    let place = place();
    place.file(
        "tests.yaml",
        "schemaVersion: 2.0.0\n\
         commandTests:\n- {name: runs, command: /app}\n\
         fileExistenceTests:\n- {name: app, path: /app, permissions: \"-rwxr-xr-x\", isExecutableBy: any}\n\
         - {name: no shell, path: /bin/sh, shouldExist: false}\n\
         fileContentTests:\n- {name: elf, path: /app, expectedContents: [ELF]}\n\
         metadataTest: {user: '65532:65532', entrypoint: [/app]}\n",
    );
    let said = place.run(&["check", "docker.tar", "-c", "tests.yaml", "--no-commands"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    insta::assert_snapshot!(said.stdout, @"
    tests.yaml
      skipped  command: runs
                 `--no-commands` was given
      ok       file existence: app
      ok       file existence: no shell
      ok       file content: elf
      ok       metadata: Metadata Test

    4 passed, 0 failed, 1 skipped
    ");
    let said = place.run(&["check", "root:1", "-c", "tests.yaml", "--no-commands", "--format", "junit"]);
    assert_eq!(said.code, Some(1));
    assert!(said.stdout.contains("the user is ``, not `65532:65532`"), "{}", said.stdout);
    let said = place.run(&["check", "good:1", "-c", "tests.yaml", "--no-commands", "--no-skip"]);
    assert_eq!(said.code, Some(1));
    // For another machine nothing can run.
    let elsewhere =
        ["check", "index.tar", "-c", "tests.yaml", "--platform", "linux/s390x", "--format", "json"];
    let document: serde_json::Value = serde_json::from_str(&place.run(&elsewhere).stdout).unwrap();
    let reason = document["results"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("the image is for linux/s390x, and this machine is "), "{reason}");
    place.file("bad.yaml", "schemaVersion: 2.0.0\nfileExistenceTest: []\n");
    let said = place.run(&["check", "good:1", "-c", "bad.yaml"]);
    assert_eq!(
        (said.code, said.stderr.contains("line 2: `fileExistenceTest`")),
        (Some(2), true),
        "{}",
        said.stderr
    );
}

#[test]
fn an_image_is_explored_in_a_terminal_and_the_terminal_is_given_back() {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
    use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

    let place = place();
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    let outer = openpt(flags).unwrap();
    unlockpt(&outer).unwrap();
    let inner = ioctl_tiocgptpeer(&outer, flags).unwrap();
    tcsetwinsize(&inner, Winsize { ws_row: 20, ws_col: 90, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
    let before = tcgetattr(&inner).unwrap().local_modes;
    let stdio = || Stdio::from(inner.try_clone().unwrap());
    let mut command = place.command(&["explore", "good:1"]);
    command.env("TERM", "xterm").stdin(stdio()).stdout(stdio()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut terminal = File::from(outer);
    let mut shown = String::new();
    let mut see = |terminal: &mut File, word: &str| {
        let start = Instant::now();
        while !shown.contains(word) {
            assert!(start.elapsed() < Duration::from_secs(60), "`{word}` is not in {shown:?}");
            let mut buffer = [0; 4096];
            let length = terminal.read(&mut buffer).unwrap();
            shown.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
        shown.clear();
    };
    see(&mut terminal, "Layers of good:1");
    terminal.write_all(b"\t\x1b[B").unwrap();
    see(&mut terminal, "the command starts it");
    terminal.write_all(b"e").unwrap();
    see(&mut terminal, "wrote ./app");
    terminal.write_all(b"/nothing\r").unwrap();
    see(&mut terminal, "with `nothing`");
    terminal.write_all(b"q").unwrap();
    see(&mut terminal, "\x1b[?1049l");
    assert!(child.wait().unwrap().success());
    assert_eq!(tcgetattr(&inner).unwrap().local_modes, before);
    assert!(std::fs::read(place.path("app")).unwrap().starts_with(b"\x7fELF"));
    // Without a terminal: the biggest first.
    let said = place.run(&["explore", "good:1"]);
    assert!(said.stdout.ends_with("100.0 %  app\n"), "{}", said.stdout);
}

/// Opens a page in Chromium, from a server that counts; what the page has become, and what the browser said.
fn browse(place: &Place, server: &Server, path: &str) -> (String, String) {
    let output = std::process::Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"])
        .args(["--disable-background-networking", "--disable-component-update", "--no-first-run"])
        .arg(format!("--user-data-dir={}", place.path("browser").display()))
        .arg(server.url(path))
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_page_works_in_a_browser_and_asks_for_nothing() {
    if !full::wanted("page_in_a_browser") || !full::has_program("page_in_a_browser", "chromium") {
        return;
    }
    let place = place();
    place.file("root/etc/passwd", "root:x:0:0::/:\n").file("root/srv/data", "x");
    place.run(&["compare", "root:1", "dir:root", "-o", "page.html"]);
    let page = std::fs::read_to_string(place.path("page.html")).unwrap();
    // As somebody who types into the search field.
    let types = "<script>const field = document.querySelector('input[type=search]');\
                 field.value = 'etc'; field.dispatchEvent(new Event('input'));</script>";
    let server = Server::start();
    let page = page.replace("</body>", &format!("{types}</body>")).into_bytes();
    server.route("/page.html", move |_| Response::ok(page.clone()).header("Content-Type", "text/html"));
    let (dom, said) = browse(&place, &server, "/page.html");
    assert!(dom.contains("<h1>Images side by side</h1>"), "{said}");
    assert!(!said.contains("CONSOLE"), "{said}");
    let asked: Vec<String> = server.requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(asked, ["/page.html"]);
    // The header's row is no file; `/etc` and `/etc/passwd` are two of the others.
    assert!(dom.contains("<output>2 of "), "{dom}");
    assert!(dom.contains("<tr hidden=\"\"><td>/srv/data</td>"), "{dom}");
}

#[test]
fn base_images_are_read_where_the_user_allows_it() {
    let place = place();
    place.file("Dockerfile", "FROM good:1\nCMD run me\n");
    let base = ["lint", "--shellcheck", "off", "--preset", "buildkit", "--format", "gnu"];
    let enabled = ["--enable", "shell-form-without-shell", "--ignore", "shell-form-pid1", "Dockerfile"];
    let lint = |resolve: &[&str]| place.run(&[&base, resolve, &enabled].concat());
    // Nobody's table knows it.
    assert_eq!(lint(&[]).stdout, "");
    let said = lint(&["--resolve", "store"]);
    assert_eq!(
        said.stdout,
        "Dockerfile:2:5: error: `CMD` in shell form needs `/bin/sh`, and `good:1` has none [shell-form-without-shell, P07]\n",
        "{}",
        said.stderr
    );
    // Docker does not have it, or is not there: the next place is asked.
    let said = lint(&["--resolve", "docker,store"]);
    assert_eq!(said.stdout.lines().count(), 1, "{}", said.stderr);
}
