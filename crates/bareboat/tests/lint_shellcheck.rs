//! `bareboat lint` with an external ShellCheck: made ones that misbehave, and the real one where there is one.

#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use bareboat_testkit::full;

struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new(dockerfile: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("Dockerfile"), dockerfile).unwrap();
        std::fs::create_dir(directory.path().join("bin")).unwrap();
        Self { directory }
    }

    /// A program `bin/shellcheck` that is this shell script.
    fn shellcheck(&self, script: &str) -> PathBuf {
        let path = self.directory.path().join("bin/shellcheck");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// Exit code, findings as `line:column code message`, and what is said.
    fn lint(&self, path: &str, arguments: &[&str]) -> (Option<i32>, Vec<String>, String) {
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_bareboat"))
            .args(["lint", "--format", "json", "--preset", "buildkit", "--enable", "shellcheck,cd-in-run"])
            .args(arguments)
            .current_dir(self.directory.path())
            .env("PATH", path)
            .output()
            .unwrap();
        let value: serde_json::Value = serde_json::from_slice(&stdout).unwrap_or_default();
        let findings = value["files"][0]["findings"].as_array().cloned().unwrap_or_default();
        let line = |finding: &serde_json::Value| {
            let code = finding["aliases"][0].as_str().unwrap_or_default();
            let message = finding["message"].as_str().unwrap();
            format!("{}:{} {code} {message}", finding["line"], finding["column"])
        };
        (status.code(), findings.iter().map(line).collect(), String::from_utf8(stderr).unwrap())
    }

    fn with_fake(&self, arguments: &[&str]) -> (Option<i32>, Vec<String>, String) {
        let bin = self.directory.path().join("bin");
        self.lint(&format!("{}:/usr/bin:/bin", bin.display()), arguments)
    }
}

/// The real one, found as the command finds it; only where the full suite runs, which installs it.
fn real(test: &str) -> Option<PathBuf> {
    if !full::wanted(test) || !full::has_program(test, "shellcheck") {
        return None;
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join("shellcheck")).find(|file| file.is_file())
}

const ANSWER: &str = r#"{"comments":[{"file":"-","line":2,"endLine":2,"column":6,"endColumn":10,"level":"warning","code":2154,"message":"Name is referenced but not assigned.","fix":null}]}"#;

#[test]
fn scripts_go_in_and_remarks_come_back_to_their_places() {
    let place =
        Place::new("FROM debian:13\nARG a=1\nRUN true \"$a\" && \\\n    # why\n    cd /x\nCMD echo $HOME\n");
    // A file for each: they run at the same time.
    let log = place.directory.path().join("log");
    std::fs::create_dir(&log).unwrap();
    place.shellcheck(&format!(
        "{{ echo \"$@\"; cat; echo; }} > {}/$$\necho '{ANSWER}'; exit 1",
        log.display()
    ));
    let (code, findings, stderr) = place.with_fake(&[]);
    assert_eq!(code, Some(1), "{stderr}");
    assert_eq!(
        findings,
        [
            "3:10 SC2154 name is referenced but not assigned",
            "5:5 DL3003 `cd` lasts until the end of this `RUN` only",
            "6:5 DL3025 `CMD` in shell form puts a shell between the engine and your program"
        ]
    );
    let asked = log.read_dir().unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let asked: String = asked.collect();
    assert!(asked.contains("export a=1\ntrue \"$a\" &&     cd /x\n"), "{asked}");
    assert!(asked.contains("echo $HOME\n") && asked.contains("--shell=dash"), "{asked}");
    // What rules here know is not asked for.
    assert!(asked.contains("2086") && asked.contains("--format=json1"), "{asked}");
}

#[test]
fn its_codes_are_names_like_all_others() {
    let place = Place::new("FROM debian:13\nARG a=1\n# hadolint ignore=SC2154\nRUN true \"$a\"\n");
    place.shellcheck(&format!("cat > /dev/null; echo '{ANSWER}'; exit 1"));
    assert_eq!(place.with_fake(&[]).1, [""; 0]);
    let place = Place::new("FROM debian:13\nARG a=1\nRUN true \"$a\"\n");
    place.shellcheck(&format!("cat > /dev/null; echo '{ANSWER}'; exit 1"));
    assert_eq!(place.with_fake(&["--ignore", "SC2154"]).1, [""; 0]);
    assert_eq!(place.with_fake(&[]).1.len(), 1);
    assert_eq!(place.with_fake(&["--shellcheck", "off"]).1, [""; 0]);
}

#[test]
fn the_configuration_chooses_unless_an_option_does() {
    let place = Place::new("FROM debian:13\nARG a=1\nRUN true \"$a\"\n");
    let inside = place.shellcheck(&format!("cat > /dev/null; echo '{ANSWER}'; exit 1"));
    let configure = |choice: &str| {
        let text = format!("[lint]\nshellcheck = \"{choice}\"\n");
        std::fs::write(place.directory.path().join("bareboat.toml"), text).unwrap();
    };
    configure("off");
    assert_eq!(place.with_fake(&[]).1, [""; 0]);
    assert_eq!(place.with_fake(&["--shellcheck", "auto"]).1.len(), 1);
    configure("auto");
    assert_eq!(place.with_fake(&[]).1.len(), 1);
    // Elsewhere, where nobody who writes a Dockerfile puts files.
    let elsewhere = tempfile::tempdir().unwrap();
    let program = elsewhere.path().join("shellcheck");
    std::fs::copy(&inside, &program).unwrap();
    configure(program.to_str().unwrap());
    assert_eq!(place.lint("/usr/bin:/bin", &[]).1.len(), 1);
    // A program that may have come with what is judged is not started.
    let way_back = format!("/proc/self/cwd/../{}/bin/shellcheck", name(&place));
    for mine in ["bin/shellcheck", inside.to_str().unwrap(), &way_back] {
        configure(mine);
        let (code, findings, stderr) = place.with_fake(&[]);
        assert_eq!((code, findings.len()), (Some(2), 0), "{mine}: {stderr}");
        assert!(stderr.contains("could come with what is judged"), "{mine}: {stderr}");
        assert_eq!(place.with_fake(&["--shellcheck", "off"]).0, Some(0), "{mine}");
    }
}

fn name(place: &Place) -> String {
    place.directory.path().file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn one_that_fails_hides_nothing_and_is_mentioned_once() {
    for (script, trouble) in [
        ("cat > /dev/null; echo broken >&2; exit 4", "exit status: 4: broken"),
        ("cat > /dev/null; echo nonsense", "cannot be read"),
        ("kill -SEGV $$", "signal: 11"),
    ] {
        let place = Place::new("FROM debian:13\nRUN cd /x\nRUN cd /y\nRUN echo \"$z\"\n");
        place.shellcheck(script);
        let (code, findings, stderr) = place.with_fake(&[]);
        assert_eq!((code, findings.len()), (Some(1), 2), "{stderr}");
        assert_eq!(stderr.matches("warning: some scripts were not given to").count(), 1, "{stderr}");
        assert!(stderr.contains(trouble), "{stderr}");
    }
}

#[test]
fn without_one_nothing_is_said_unless_it_was_asked_for() {
    let place = Place::new("FROM debian:13\nRUN cd /x\n");
    let (code, findings, stderr) = place.lint("/nonexistent", &[]);
    assert_eq!((code, findings.len()), (Some(1), 1));
    assert!(!stderr.contains("shellcheck"), "{stderr}");
    let (code, _, stderr) = place.lint("/nonexistent", &["--shellcheck", "/nonexistent/shellcheck"]);
    assert_eq!(code, Some(2));
    assert!(stderr.starts_with("error: `/nonexistent/shellcheck` is no program\n  hint: "), "{stderr}");
    // A directory of the project on the search path is not trusted with running something.
    place.shellcheck(&format!("cat > /dev/null; echo '{ANSWER}'"));
    assert_eq!(place.lint("bin", &[]).1.len(), 1);
}

#[test]
fn the_real_one_agrees() {
    let Some(program) = real("shellcheck_places") else { return };
    let dockerfile = "FROM debian:13\nARG known=1\nENV set=1\n\
        RUN echo \"$known $set $unknown\" && \\\n    # in between\n    read answer\n\
        RUN <<EOF\necho é \"$lost\"\nEOF\nSHELL [\"/bin/bash\", \"-c\"]\n\
        RUN echo hi; for i in {1..3}; do find . -name \"*.o\" | xargs rm; done\n\
        ONBUILD RUN echo \"$later\"\nCMD [\"sh\", \"-c\", \"echo \\\"$known\\\"\"]\n";
    let place = Place::new(dockerfile);
    let (_, findings, stderr) = place.lint("/usr/bin:/bin", &["--shellcheck", program.to_str().unwrap()]);
    let codes: Vec<String> =
        findings.iter().map(|line| line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        codes,
        ["4:23 SC2154", "6:5 SC2162", "6:10 SC2034", "8:9 SC2154", "11:14 SC2034", "11:34 SC2038"],
        "{findings:?} {stderr}"
    );
}

#[test]
fn the_real_ones_fixes_are_made_where_the_text_is() {
    let Some(program) = real("shellcheck_fixes") else { return };
    let before = "FROM debian:13\nRUN x=1 && \\\n    # in between\n    [ \"x$x\" = \\\n      \"xa\" ]\n";
    let place = Place::new(before);
    place.lint("/usr/bin:/bin", &["--shellcheck", program.to_str().unwrap(), "--fix", "--unsafe"]);
    let after = std::fs::read_to_string(place.directory.path().join("Dockerfile")).unwrap();
    assert_eq!(after, before.replace("\"x$x\"", "\"$x\"").replace("\"xa\"", "\"a\""));
}
