//! Every format from the command line, and the page of a rule.

use std::process::Command;

use super::{BAD, directory, lint};

#[test]
fn every_format_is_a_document_of_its_kind() {
    let place = directory(&[("Dockerfile", BAD)]);
    let show = |format: &str| {
        let (code, stdout, stderr) = lint(place.path(), &["--format", format], "");
        assert_eq!(code, Some(1), "{stderr}");
        stdout
    };
    for format in ["json", "sarif", "gitlab", "codeclimate", "sonarqube"] {
        serde_json::from_str::<serde_json::Value>(&show(format)).unwrap();
    }
    for format in ["checkstyle", "junit"] {
        assert!(show(format).starts_with("<?xml version=\"1.0\""));
    }
    assert_eq!(show("gnu").lines().count(), 3);
    assert_eq!(
        show("github").lines().filter(|line| line.starts_with("::warning file=Dockerfile,line=")).count(),
        3
    );
    assert!(show("markdown").contains("| 2:1 | warning | `maintainer`<br>DL4000"));
}

#[test]
fn sarif_describes_the_rules_and_the_fixes() {
    let place = directory(&[("Dockerfile", BAD)]);
    let (_, stdout, _) = lint(place.path(), &["--format", "sarif"], "");
    let log: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let run = &log["runs"][0];
    let result =
        run["results"].as_array().unwrap().iter().find(|result| result["ruleId"] == "maintainer").unwrap();
    let rule =
        &run["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
    assert_eq!(
        (&rule["id"], &rule["helpUri"]),
        (&result["ruleId"], &"https://github.com/hadolint/hadolint/wiki/DL4000".into())
    );
    assert!(rule["help"]["markdown"].as_str().unwrap().starts_with("# maintainer\n"));
    let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["deletedRegion"]["startLine"], 2);
    assert!(replacement["insertedContent"]["text"].as_str().unwrap().starts_with("LABEL "));
}

fn explain(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bareboat"))
        .arg("explain")
        .args(arguments)
        .env_remove("HOME")
        .env_remove("XDG_CACHE_HOME")
        .env_remove("BAREBOAT_CACHE_DIR")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn explain_prints_the_page_of_a_rule_by_any_name() {
    let (code, page, _) = explain(&["maintainer"]);
    assert_eq!(code, Some(0));
    assert!(page.starts_with("# maintainer\n\nSeverity: error; also called `DL4000`"), "{page}");
    for name in ["dl4000", "MaintainerDeprecated"] {
        assert_eq!(explain(&[name]).1, page);
    }
    let (_, json, _) = explain(&["DL4000", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&value["version"], &value["rules"][0]["name"]), (&1.into(), &"maintainer".into()));
    let (code, _, stderr) = explain(&["maintaner"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("did you mean `maintainer`?"), "{stderr}");
}
