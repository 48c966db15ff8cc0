//! Accepting what is there: baselines and written comments.

use super::{BAD, directory, lint};

#[test]
fn a_baseline_accepts_todays_findings_and_no_new_ones() {
    let place =
        directory(&[("app/Dockerfile", BAD), ("bareboat.toml", "[lint]\nbaseline = \"lint.json\"\n")]);
    let (code, _, stderr) = lint(place.path(), &[], "");
    assert_eq!(code, Some(2));
    assert!(stderr.contains("write it with `--write-baseline`"), "{stderr}");
    let (code, stdout, stderr) = lint(place.path(), &["--write-baseline"], "");
    assert_eq!(
        (code, stdout.as_str(), stderr.as_str()),
        (Some(0), "", "3 findings are accepted from now on\n")
    );
    let moved = format!("# a comment\n\n{BAD}RUN cd /y\n");
    std::fs::write(place.path().join("app/Dockerfile"), moved).unwrap();
    let (code, stdout, stderr) = lint(&place.path().join("app"), &["--format", "gnu"], "");
    assert_eq!(code, Some(1));
    assert_eq!(
        stdout,
        "Dockerfile:6:5: warning: `cd` lasts until the end of this `RUN` only [cd-in-run, DL3003]\n"
    );
    assert!(stderr.starts_with("1 file: 3 accepted by the baseline, 1 warning"), "{stderr}");
}

#[test]
fn without_a_place_no_baseline_is_written() {
    let place = directory(&[("Dockerfile", BAD), ("old.json", "[]")]);
    assert_eq!(lint(place.path(), &["--write-baseline"], "").0, Some(2));
    let (code, _, stderr) = lint(place.path(), &["--baseline", "old.json"], "");
    assert_eq!(code, Some(2));
    assert!(stderr.starts_with("error: cannot use the baseline `old.json`"), "{stderr}");
}

#[test]
fn comments_are_written_once() {
    let place = directory(&[("Dockerfile", BAD)]);
    let (code, stdout, _) = lint(place.path(), &["--add-ignore=see #12", "--diff"], "");
    assert_eq!(code, Some(0));
    insta::assert_snapshot!(stdout, @"
    --- Dockerfile
    +++ Dockerfile
    @@ -1,3 +1,6 @@
    +# bareboat ignore=from-latest see #12
     FROM debian:latest
    +# bareboat ignore=maintainer see #12
     MAINTAINER Jane
    +# bareboat ignore=cd-in-run see #12
     RUN cd /x
    ");
    let text = || std::fs::read_to_string(place.path().join("Dockerfile")).unwrap();
    assert_eq!(text(), BAD);
    let (code, stdout, stderr) = lint(place.path(), &["--add-ignore"], "");
    assert_eq!(
        (code, stdout.as_str(), stderr.as_str()),
        (Some(0), "", "1 file: 3 silenced, nothing found\n")
    );
    let once = text();
    assert!(once.starts_with("# bareboat ignore=from-latest TODO: say why\n"), "{once}");
    lint(place.path(), &["--add-ignore"], "");
    assert_eq!(text(), once);
    assert_eq!(lint(place.path(), &["--no-pragmas"], "").0, Some(1));
}
