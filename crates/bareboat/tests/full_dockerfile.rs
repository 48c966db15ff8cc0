//! RUN: commands of a Dockerfile, executed on a base made of this machine's static busybox.
#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod place;

use std::collections::BTreeMap;
use std::fs;

use bareboat_image::{
    Compression, Entry, FileMeta, ImageConfig, ImageRecord, Images, PartWriter, Platform, TreePath, join,
    write_image,
};
use bareboat_store::Store;
use bareboat_testkit::full;
use place::{Place, Said};

const BUSYBOX: &str = "/bin/busybox";

/// A home with the image `box`: busybox under the names that the tests need, root and two users.
fn home(test: &str) -> Option<Place> {
    if !full::wanted(test) || !full::has_program(test, "busybox") {
        return None;
    }
    let place = Place::new();
    let store = Store::open(&place.cache()).unwrap();
    let mut writer = PartWriter::new(&store, Compression::Gzip, 0).unwrap();
    let path = |text: &str| TreePath::new(text).unwrap();
    let program = fs::read(BUSYBOX).unwrap();
    for directory in ["bin", "etc", "root", "home", "home/app"] {
        writer.append(&path(directory), &Entry::directory(0o755)).unwrap();
    }
    writer.append_bytes(&path("bin/busybox"), &FileMeta::new(0o755), &program).unwrap();
    for name in [
        "sh", "cat", "chmod", "chown", "cp", "env", "hostname", "id", "ln", "ls", "mkdir", "rm", "sort",
        "touch", "true", "false",
    ] {
        writer.append(&path(&format!("bin/{name}")), &Entry::symlink("busybox")).unwrap();
    }
    let passwd = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n";
    writer.append_bytes(&path("etc/passwd"), &FileMeta::new(0o644), passwd.as_bytes()).unwrap();
    let group = "root:x:0:\napp:x:1001:\nstaff:x:50:app\n";
    writer.append_bytes(&path("etc/group"), &FileMeta::new(0o644), group.as_bytes()).unwrap();
    let layer = join(&store, &[writer.finish().unwrap()], Compression::Gzip).unwrap();
    let config =
        ImageConfig::new(Platform::linux(if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }));
    let descriptor = write_image(&store, config, &[layer], BTreeMap::new()).unwrap();
    let record = ImageRecord { descriptor, created: 0, annotations: BTreeMap::new() };
    Images::new(&store).put(&"box".parse().unwrap(), &record).unwrap();
    Some(place)
}

/// Builds `dockerfile` and writes the image's files to `root`.
fn build(place: &Place, dockerfile: &str, more: &[&str]) -> Said {
    place.file("app/Dockerfile", dockerfile);
    let _ = fs::remove_dir_all(place.path("root"));
    let fixed = ["build", "-f", "app/Dockerfile", "-o", "dir:root", "app"];
    place.run(&[&fixed[..], more].concat())
}

fn built(place: &Place, dockerfile: &str, more: &[&str]) -> String {
    let said = build(place, dockerfile, more);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    said.stderr
}

fn text(place: &Place, file: &str) -> String {
    fs::read_to_string(place.path("root").join(file)).unwrap()
}

#[test]
fn shell_exec_and_heredoc_forms_run() {
    let Some(place) = home("shell_exec_and_heredoc_forms_run") else { return };
    built(
        &place,
        "FROM box\nRUN echo shell > /shell\nRUN [\"/bin/cp\", \"/shell\", \"/exec\"]\nRUN <<EOF\necho one > /lines\necho two >> /lines\nEOF\nRUN <<EOF cat > /fed\nfed\nEOF\nRUN <<EOF\n#!/bin/cat\nshown\nEOF\n",
        &[],
    );
    assert_eq!(text(&place, "shell"), "shell\n");
    assert_eq!(text(&place, "exec"), "shell\n");
    assert_eq!(text(&place, "lines"), "one\ntwo\n");
    assert_eq!(text(&place, "fed"), "fed\n");
}

#[test]
fn the_environment_is_the_images_and_the_arguments() {
    let Some(place) = home("the_environment_is_the_images_and_the_arguments") else { return };
    built(
        &place,
        "FROM box\nENV E=e X=e\nARG A=a\nARG X=a\nWORKDIR /w\nRUN env | sort > /env; hostname > /host\nUSER app\nRUN cd; touch /tmp/x 2>/dev/null; id; env > /home/app/env 2>/dev/null || true\n",
        &["--build-arg", "http_proxy=http://proxy.example"],
    );
    assert_eq!(
        text(&place, "env"),
        "A=a\nE=e\nHOME=/root\nHTTP_PROXY=http://proxy.example\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/w\nSHLVL=1\nX=a\nhttp_proxy=http://proxy.example\n"
    );
    assert_eq!(text(&place, "host"), "buildkitsandbox\n");
}

#[test]
fn users_have_their_groups_and_home() {
    let Some(place) = home("users_have_their_groups_and_home") else { return };
    let said = built(
        &place,
        "FROM box\nRUN mkdir -m 1777 /tmp\nUSER app\nRUN id; echo $HOME\nUSER app:50\nRUN id\nUSER 77\nRUN id; echo $HOME\n",
        &[],
    );
    for line in [
        "uid=1000(app) gid=1001(app) groups=50(staff)",
        "/home/app",
        "uid=1000(app) gid=50(staff)",
        "uid=77 gid=0(root)",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let said = build(&place, "FROM box\nUSER nobody\nRUN true\n", &[]);
    assert!(said.stderr.contains("there is no user `nobody`"), "{}", said.stderr);
}

#[test]
fn a_failed_command_shows_its_lines_its_output_and_how_it_ended() {
    let Some(place) = home("a_failed_command_shows_its_lines_its_output_and_how_it_ended") else { return };
    let said = build(&place, "FROM box\nRUN echo before && \\\n    nothing-of-the-kind\n", &["-q"]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    for text in
        ["exit code 127", "| before", "RUN echo before", "nothing-of-the-kind", "hint: install the program"]
    {
        assert!(said.stderr.contains(text), "{text}: {}", said.stderr);
    }
}

#[test]
fn mounts_bring_files_and_leave_nothing() {
    let Some(place) = home("mounts_bring_files_and_leave_nothing") else { return };
    place.file("app/f", "context\n").file("secret", "hidden\n");
    built(
        &place,
        "FROM box AS other\nRUN echo stage > /s\nFROM box\nRUN --mount=target=/ctx --mount=from=other,target=/other cp /ctx/f /f && cp /other/s /s\nRUN --mount=type=secret,id=s --mount=type=secret,id=s,env=S cat /run/secrets/s > /seen; echo $S >> /seen\nRUN --mount=type=tmpfs,target=/t touch /t/x\nRUN --mount=type=cache,target=/c echo kept > /c/x\nRUN --mount=type=cache,target=/c cp /c/x /from-cache\n",
        &["--secret", "id=s,src=secret"],
    );
    assert_eq!(text(&place, "f"), "context\n");
    assert_eq!(text(&place, "s"), "stage\n");
    assert_eq!(text(&place, "seen"), "hidden\nhidden\n\n".trim_end_matches('\n').to_owned() + "\n");
    assert_eq!(text(&place, "from-cache"), "kept\n");
    for gone in ["ctx/f", "run/secrets/s", "t/x", "c/x"] {
        assert!(!place.path("root").join(gone).exists(), "{gone}");
    }
}

#[test]
fn a_known_command_does_not_run_again() {
    let Some(place) = home("a_known_command_does_not_run_again") else { return };
    let dockerfile = "FROM box\nARG A\nRUN echo ran > /x\nCOPY f /f\n";
    place.file("app/f", "1");
    built(&place, dockerfile, &[]);
    let said = built(&place, dockerfile, &[]);
    assert!(said.contains("RUN echo ran > /x (cached)"), "{said}");
    place.file("app/f", "2");
    let said = built(&place, dockerfile, &[]);
    assert!(said.contains("RUN echo ran > /x (cached)") && !said.contains("COPY f /f (cached)"), "{said}");
    let said = built(&place, dockerfile, &["--build-arg", "A=1"]);
    assert!(!said.contains("RUN echo ran > /x (cached)"), "{said}");
    let said = built(&place, dockerfile, &["--no-cache"]);
    assert!(!said.contains("(cached)"), "{said}");
}
