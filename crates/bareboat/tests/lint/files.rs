//! Which files are judged, and Dockerfiles in other files.

use super::{BAD, directory, lint};

/// The files that something is found in, in the order of the output.
fn files(stdout: &str) -> Vec<&str> {
    let mut files: Vec<&str> = stdout.lines().filter_map(|line| line.split(':').next()).collect();
    files.dedup();
    files
}

#[test]
fn directories_are_searched_with_ignore_files_and_always_in_the_same_order() {
    let place = directory(&[
        (".gitignore", "node_modules\n"),
        ("vendor/.ignore", "*\n"),
        ("b/Dockerfile.dev", BAD),
        ("b/dockerfile", BAD),
        ("b/Dockerfile.md", BAD),
        ("a/x.Containerfile", BAD),
        (".devcontainer/Dockerfile", BAD),
        ("node_modules/x/Dockerfile", BAD),
        ("vendor/Dockerfile", BAD),
        ("old/Dockerfile", BAD),
        (".git/Dockerfile", BAD),
    ]);
    let (_, stdout, _) = lint(place.path(), &["--format", "gnu", "--exclude", "/old"], "");
    let expected = [".devcontainer/Dockerfile", "a/x.Containerfile", "b/Dockerfile.dev", "b/dockerfile"];
    assert_eq!(files(&stdout), expected);
    let again = ["--format", "gnu", "--exclude", "/old", ".", "b", "./b/dockerfile"];
    assert_eq!(lint(place.path(), &again, "").1, stdout);
    let (code, stdout, _) =
        lint(place.path(), &["--format", "gnu", "vendor/Dockerfile", "b/Dockerfile.md"], "");
    assert_eq!((code, files(&stdout)), (Some(1), vec!["vendor/Dockerfile", "b/Dockerfile.md"]));
}

#[test]
fn globs_match_below_their_directory() {
    let place = directory(&[("a/x.df", BAD), ("a/b/y.df", BAD), ("z.df", BAD)]);
    let found = |glob: &str| {
        let (_, stdout, _) = lint(place.path(), &["--format", "gnu", glob], "");
        files(&stdout).join(" ")
    };
    assert_eq!(found("*.df"), "z.df");
    assert_eq!(found("a/**/*.df"), "a/b/y.df a/x.df");
    assert_eq!(found("./{a,z}*.df"), "z.df");
    let (code, _, stderr) = lint(place.path(), &["*.none"], "");
    assert_eq!((code, stderr.lines().next()), (Some(2), Some("0 files: nothing found")));
    assert!(stderr.contains("nothing matches `*.none`"), "{stderr}");
}

const COMPOSE: &str = "\
services:
  web:
    build:
      context: web
      dockerfile_inline: |
        FROM debian:13
        COPY app.py /
        MAINTAINER me
  api:
    build: {context: ., dockerfile: api/Dockerfile}
  gone:
    build: gone
";

#[test]
fn a_compose_file_holds_dockerfiles_and_knows_their_contexts() {
    let place = directory(&[
        ("compose.yaml", COMPOSE),
        ("web/app.py", ""),
        ("api/Dockerfile", "FROM debian:13\nCOPY main.py /\nCOPY missing.py /\n"),
        ("main.py", ""),
    ]);
    let arguments = ["--enable", "copy-source-missing", "--format", "gnu", "compose.yaml"];
    let (code, stdout, stderr) = lint(place.path(), &arguments, "");
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(stdout, @"
    compose.yaml:8:9: warning: `MAINTAINER` is deprecated [maintainer, DL4000]
    api/Dockerfile:3:6: error: `missing.py` is not in the build context [copy-source-missing]
    ");
    assert!(stderr.contains("`compose.yaml` names `gone/Dockerfile`, which is not there"), "{stderr}");
    let (_, searched, _) = lint(place.path(), &["--enable", "copy-source-missing", "--format", "gnu"], "");
    let mut lines: Vec<&str> = stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(searched.lines().collect::<Vec<_>>(), lines);
    let excluded = ["--enable", "copy-source-missing", "--format", "gnu", "--exclude", "api/"];
    assert_eq!(files(&lint(place.path(), &excluded, "").1), ["compose.yaml"]);
}

#[test]
fn a_dockerfile_in_a_compose_file_is_repaired_where_it_stands() {
    let place = directory(&[("compose.yaml", COMPOSE), ("web/app.py", "")]);
    let (_, stdout, _) = lint(place.path(), &["--diff", "compose.yaml"], "");
    insta::assert_snapshot!(stdout, @r#"
    --- compose.yaml
    +++ compose.yaml
    @@ -5,7 +5,7 @@
           dockerfile_inline: |
             FROM debian:13
             COPY app.py /
    -        MAINTAINER me
    +        LABEL org.opencontainers.image.authors="me"
       api:
         build: {context: ., dockerfile: api/Dockerfile}
       gone:
    "#);
    lint(place.path(), &["--fix", "compose.yaml"], "");
    let text = std::fs::read_to_string(place.path().join("compose.yaml")).unwrap();
    let label = "LABEL org.opencontainers.image.authors=\"me\"";
    assert_eq!(text, COMPOSE.replace("MAINTAINER me", label));
}

#[test]
fn bake_files_hold_dockerfiles_too_and_a_broken_one_is_a_finding() {
    let hcl = "target \"a\" {\n  dockerfile-inline = <<EOT\nFROM debian:13\nMAINTAINER me\nEOT\n}\n";
    let place = directory(&[("docker-bake.hcl", hcl), ("docker-bake.override.json", "{\n  ]")]);
    let (code, stdout, _) = lint(place.path(), &["--format", "gnu"], "");
    assert_eq!(code, Some(1));
    let mut lines = stdout.lines();
    assert_eq!(
        lines.next().unwrap(),
        "docker-bake.hcl:4:1: warning: `MAINTAINER` is deprecated [maintainer, DL4000]"
    );
    let broken = lines.next().unwrap();
    assert!(broken.starts_with("docker-bake.override.json:2:1: error: this is not JSON: "), "{broken}");
}
