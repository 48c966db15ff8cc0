//! Configuration files: which one counts, and what the command line says over it.

use super::{BAD, directory, lint};

/// `line severity rule` of everything found in `Dockerfile`.
fn found(place: &tempfile::TempDir, arguments: &[&str]) -> String {
    let arguments: Vec<&str> = arguments.iter().chain(&["--format", "json"]).copied().collect();
    let (code, stdout, stderr) = lint(place.path(), &arguments, "");
    let Ok(value) = serde_json::from_str::<serde_json::Value>(&stdout) else {
        return format!("{code:?} {stderr}");
    };
    let findings =
        value["files"].as_array().unwrap().iter().flat_map(|file| file["findings"].as_array().unwrap());
    let line = |finding: &serde_json::Value| {
        let word = |key: &str| finding[key].as_str().unwrap().to_owned();
        format!("{} {} {}", finding["line"], word("severity"), word("rule"))
    };
    findings.map(line).collect::<Vec<_>>().join("; ")
}

#[test]
fn the_nearest_file_counts_and_the_command_line_wins() {
    let place = directory(&[
        ("Dockerfile", BAD),
        ("sub/Dockerfile", BAD),
        ("bareboat.toml", "[lint]\nignore = [\"DL3007\"]\nseverity = { maintainer = \"error\" }\n"),
        ("sub/pyproject.toml", "[tool.bareboat.lint]\nignore = [\"cd-in-run\", \"from-latest\"]\n"),
        ("sub/bareboat.toml", "port = 8000\n"),
    ]);
    assert_eq!(
        found(&place, &["Dockerfile"]),
        "1 warning from-latest; 2 error maintainer; 3 warning cd-in-run"
    );
    assert_eq!(found(&place, &["sub"]), "1 warning from-latest; 2 warning maintainer; 3 warning cd-in-run");
    std::fs::write(place.path().join("sub/pyproject.toml"), "[tool.bareboat.lint]\nignore = [\"DL4000\"]\n")
        .unwrap();
    assert_eq!(found(&place, &["sub"]), "1 warning from-latest; 3 warning cd-in-run");
    assert_eq!(
        found(&place, &["--config", "bareboat.toml", "sub", "--ignore", "cd-in-run"]),
        "1 warning from-latest; 2 error maintainer"
    );
    assert!(found(&place, &["--no-config", "Dockerfile"]).contains("2 warning maintainer"));
}

#[test]
fn hadolints_file_works_as_written() {
    let place = directory(&[
        ("Dockerfile", BAD),
        (
            ".hadolint.yaml",
            "ignored: [DL4000]\noverride: {info: [DL3003]}\nfailure-threshold: error\nnew-key: 1\n",
        ),
    ]);
    assert_eq!(found(&place, &[]), "1 warning from-latest; 3 info cd-in-run");
    let (code, _, stderr) = lint(place.path(), &[], "");
    assert_eq!(code, Some(0));
    assert!(stderr.contains("line 4: unknown setting `new-key`"), "{stderr}");
    assert_eq!(lint(place.path(), &["--threshold", "warning"], "").0, Some(1));
}

#[test]
fn a_broken_file_is_the_users_input() {
    let place = directory(&[("Dockerfile", BAD), ("bareboat.toml", "[lint]\nfromat = \"json\"\n")]);
    let (code, stdout, stderr) = lint(place.path(), &[], "");
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert_eq!(
        stderr,
        "error: cannot use `bareboat.toml`, line 2\n  because: there is no setting `fromat`\n  hint: did you mean `format`?\n"
    );
    let place = directory(&[("Dockerfile", BAD), (".hadolint.yml", "ignored: [\n")]);
    assert_eq!(lint(place.path(), &[], "").0, Some(2));
    assert_eq!(lint(place.path(), &["--config", "none.toml"], "").0, Some(2));
    assert_eq!(lint(place.path(), &["--ruleset", "2020.01"], "").0, Some(2));
}

#[test]
fn a_file_excludes_and_chooses_the_format() {
    let toml = "[lint]\nexclude = [\"old/\"]\nformat = \"gnu\"\nthreshold = \"never\"\n";
    let place = directory(&[("a/Dockerfile", BAD), ("old/Dockerfile", BAD), ("bareboat.toml", toml)]);
    let (code, stdout, _) = lint(place.path(), &[], "");
    assert_eq!(code, Some(0));
    assert_eq!(stdout.lines().filter(|line| line.starts_with("a/Dockerfile:")).count(), 3, "{stdout}");
    assert!(!stdout.contains("old"), "{stdout}");
}
