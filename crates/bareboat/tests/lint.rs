//! `bareboat lint` as a person or a pipeline uses it.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output, Stdio};

const BAD: &str = "FROM debian:latest\nMAINTAINER Jane\nRUN cd /x\n";

fn lint(directory: &Path, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_bareboat"))
        .arg("lint")
        // Rules that stand still while others are added.
        .args(["--preset", "buildkit", "--enable", "from-latest,cd-in-run"])
        .args(arguments)
        .current_dir(directory)
        // Neither is set where a linter runs for other people; it must not need a cache.
        .env_remove("HOME")
        .env_remove("XDG_CACHE_HOME")
        .env_remove("BAREBOAT_CACHE_DIR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that refuses its options does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    directory
}

#[test]
fn shows_what_is_wrong_and_exits_with_1() {
    let place = directory(&[("Dockerfile", BAD)]);
    let (code, stdout, stderr) = lint(place.path(), &[], "");
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(stdout, @r#"
    warning[from-latest, DL3007]: `debian:latest` is another image from time to time
     --> Dockerfile:1:6
      |
    1 | FROM debian:latest
      |      ^^^^^^^^^^^^^
      |
      = note: the same file builds something else the next time, or no longer builds
      = help: name the version that this file was written for, and its digest when builds must repeat

    warning[maintainer, DL4000]: `MAINTAINER` is deprecated
     --> Dockerfile:2:1
      |
    2 | MAINTAINER Jane
      | ^^^^^^^^^^^^^^^
      |
      = help: write `LABEL org.opencontainers.image.authors="…"`, which registries and scanners read
      = fix: replace it by a label (`--fix`)

    warning[cd-in-run, DL3003]: `cd` lasts until the end of this `RUN` only
     --> Dockerfile:3:5
      |
    3 | RUN cd /x
      |     ^^^^^
      |
      = note: the next instruction starts in the old directory again, so this does nothing
      = help: set the directory with `WORKDIR`
      = fix: set the directory with `WORKDIR`, for what follows too (`--fix --unsafe`)
    "#);
    assert_eq!(stderr, "1 file: 3 warnings; `--fix` repairs 1; `--fix --unsafe` repairs 2\n");
}

#[test]
fn exits_with_0_below_the_threshold_and_without_findings() {
    let place = directory(&[("Dockerfile", BAD), ("b.Dockerfile", "FROM debian:13\nUSER 1\n")]);
    let (code, _, _) = lint(place.path(), &["--threshold", "error"], "");
    assert_eq!(code, Some(0));
    let (code, stdout, stderr) = lint(place.path(), &["b.Dockerfile"], "");
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(0), "", "1 file: nothing found\n"));
}

#[test]
fn what_cannot_be_read_hides_nothing_and_exits_with_2() {
    let place = directory(&[("Dockerfile", BAD)]);
    let (code, stdout, stderr) = lint(place.path(), &["missing", "Dockerfile"], "");
    assert_eq!(code, Some(2));
    assert!(stdout.contains("from-latest") && stderr.contains("cannot read `missing`"), "{stdout}{stderr}");
    let empty = directory(&[]);
    let (code, _, stderr) = lint(empty.path(), &[], "");
    assert_eq!(code, Some(2));
    assert!(stderr.contains("holds no Dockerfile"), "{stderr}");
}

#[test]
fn repairs_in_place_what_is_safe_and_shows_the_rest_as_a_difference() {
    let place = directory(&[("Dockerfile", BAD)]);
    let (code, stdout, _) = lint(place.path(), &["--diff", "--unsafe"], "");
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(stdout, @r#"
    --- Dockerfile
    +++ Dockerfile
    @@ -1,3 +1,3 @@
     FROM debian:latest
    -MAINTAINER Jane
    -RUN cd /x
    +LABEL org.opencontainers.image.authors="Jane"
    +WORKDIR /x
    "#);
    let text = || std::fs::read_to_string(place.path().join("Dockerfile")).unwrap();
    assert_eq!(text(), BAD);
    lint(place.path(), &["--fix"], "");
    assert_eq!(text(), "FROM debian:latest\nLABEL org.opencontainers.image.authors=\"Jane\"\nRUN cd /x\n");
}

#[test]
fn standard_input_has_a_name_and_its_repaired_text_is_data() {
    let place = directory(&[]);
    let (code, stdout, _) =
        lint(place.path(), &["--format", "json", "--stdin-filename", "a/Dockerfile", "-"], BAD);
    assert_eq!(code, Some(1));
    let value: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&value["version"], &value["files"][0]["path"]), (&1.into(), &"a/Dockerfile".into()));
    let finding = &value["files"][0]["findings"][0];
    assert_eq!(
        (&finding["rule"], &finding["line"], &finding["column"]),
        (&"from-latest".into(), &1.into(), &6.into())
    );
    let (_, stdout, _) = lint(place.path(), &["--fix", "--unsafe", "-"], BAD);
    assert_eq!(stdout, "FROM debian:latest\nLABEL org.opencontainers.image.authors=\"Jane\"\nWORKDIR /x\n");
}

#[test]
fn a_misspelt_rule_is_the_users_input() {
    let (code, _, stderr) = lint(Path::new("."), &["--ignore", "from-lates", "-"], BAD);
    assert_eq!(code, Some(2));
    assert_eq!(stderr, "error: there is no rule `from-lates`\n  hint: did you mean `from-latest`?\n");
}

#[path = "lint/configuration.rs"]
mod configuration;
#[path = "lint/debts.rs"]
mod debts;
#[path = "lint/files.rs"]
mod files;
#[path = "lint/formats.rs"]
mod formats;

#[test]
fn a_file_that_a_fix_writes_goes_into_the_context() {
    let dir = directory(&[("docker/Dockerfile", "FROM debian:13\nCOPY . /srv/\n"), ("app/x", "")]);
    let enable = ["--enable", "dockerignore-missing"];
    let arguments = [&enable[..], &["--fix", "--unsafe", "--context", "app", "docker/Dockerfile"]].concat();
    lint(dir.path(), &arguments, "");
    assert!(dir.path().join("app/.dockerignore").is_file());
    assert!(!dir.path().join("docker/.dockerignore").exists());
}

#[test]
fn a_file_too_large_for_any_build_is_a_finding_and_stays_as_it_is() {
    let place = directory(&[("Dockerfile", BAD)]);
    let file = std::fs::File::create(place.path().join("large.Dockerfile")).unwrap();
    file.set_len(100_000_000).unwrap();
    let (code, stdout, stderr) =
        lint(place.path(), &["--fix", "--unsafe", "large.Dockerfile", "Dockerfile"], "");
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stdout.contains("error[parse-error, DL1000]: the file has"), "{stdout}");
    assert!(stdout.contains("from-latest"), "one bad file hides no other: {stdout}");
    assert_eq!(file.metadata().unwrap().len(), 100_000_000);
}

#[test]
fn binary_junk_is_a_finding() {
    let junk: String =
        (0..200_000_u32).map(|n| char::from((n.wrapping_mul(2_654_435_761) >> 24) as u8)).collect();
    let place = directory(&[("Dockerfile", &junk)]);
    for arguments in [&["--format", "text"][..], &["--format", "json"], &["--diff", "--unsafe"]] {
        let (code, _, stderr) = lint(place.path(), arguments, "");
        assert_eq!(code, Some(1), "{stderr}");
    }
}
