//! Every format of one report that has everything: whole outputs.

use super::*;
use crate::render::lines::Lines;
use crate::{Concern, Edit, FileReport, Finding, Fix, Related, RuleInfo, Safety, Severity};

const SOURCE: &str = "FROM a\nRUN café && \\\n  cd \"/x\"\nUSER root\n";

fn files() -> Vec<FileReport> {
    let lines = Lines::new(SOURCE.as_bytes());
    let cd = Finding {
        rule: "cd-in-run".into(),
        aliases: vec!["DL3003".into()],
        severity: Severity::Warning,
        message: "`cd` lasts until the end of this `RUN` only: 100%, <here>".to_owned(),
        place: lines.place(11..31),
        related: vec![Related { place: lines.place(32..41), message: "runs elsewhere".to_owned() }],
        notes: vec!["the next instruction starts in `/` | again".to_owned()],
        help: Some("use `WORKDIR`".to_owned()),
        fix: Some(Fix {
            safety: Safety::Unsafe,
            title: "replace it by `WORKDIR`".to_owned(),
            edits: vec![Edit { range: 24..31, replacement: "x".to_owned() }],
            writes: Vec::new(),
        }),
    };
    let user = Finding {
        rule: "user-root-last".into(),
        aliases: Vec::new(),
        severity: Severity::Error,
        message: "the application runs as `root`".to_owned(),
        place: lines.place(32..41),
        related: Vec::new(),
        notes: Vec::new(),
        help: None,
        fix: None,
    };
    vec![
        FileReport {
            path: "my app/Dockerfile".to_owned(),
            source: SOURCE.as_bytes().to_vec(),
            findings: vec![cd, user],
        },
        FileReport { path: "b.Dockerfile".to_owned(), source: b"FROM b\n".to_vec(), findings: Vec::new() },
    ]
}

fn rules() -> Vec<RuleInfo> {
    vec![RuleInfo {
        name: "cd-in-run".into(),
        aliases: vec!["DL3003".into()],
        severity: Severity::Warning,
        concern: Concern::Reliability,
        summary: "`cd` where `WORKDIR` is meant.".to_owned(),
        page: "# cd-in-run\n\n`cd` where `WORKDIR` is meant.\n".to_owned(),
        address: Some("https://example.org/cd-in-run".to_owned()),
    }]
}

fn shown(format: Format) -> String {
    let (files, rules) = (files(), rules());
    let report = Report { files: &files, rules: &rules, version: "1.2.3" };
    render(format, &report, TextStyle { colors: false, width: 100 })
}

#[test]
fn every_format_is_found_by_its_name() {
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(format));
    }
    assert!("sarf".parse::<Format>().is_err());
}

#[test]
fn gnu() {
    insta::assert_snapshot!(shown(Format::Gnu));
}

#[test]
fn github() {
    insta::assert_snapshot!(shown(Format::Github));
}

#[test]
fn gitlab_and_codeclimate() {
    insta::assert_snapshot!(shown(Format::Gitlab));
    assert_eq!(shown(Format::Gitlab), shown(Format::Codeclimate));
}

#[test]
fn checkstyle() {
    insta::assert_snapshot!(shown(Format::Checkstyle));
}

#[test]
fn junit() {
    insta::assert_snapshot!(shown(Format::Junit));
}

#[test]
fn sonarqube() {
    insta::assert_snapshot!(shown(Format::Sonarqube));
}

#[test]
fn markdown() {
    insta::assert_snapshot!(shown(Format::Markdown));
}

#[test]
fn sarif() {
    insta::assert_snapshot!(shown(Format::Sarif));
}

#[test]
fn what_is_about_a_whole_file_has_no_line() {
    let mut files = files();
    files.truncate(1);
    files[0].path = "app:1".to_owned();
    files[0].source.clear();
    files[0].findings.remove(0);
    files[0].findings[0].place = crate::Place::default();
    let report = Report { files: &files, rules: &[], version: "1" };
    let show = |format| render(format, &report, TextStyle { colors: false, width: 100 });
    assert_eq!(show(Format::Gnu), "app:1: error: the application runs as `root` [user-root-last]\n");
    assert_eq!(
        show(Format::Github),
        "::error file=app:1,title=user-root-last::the application runs as `root`\n"
            .replace("app:1", "app%3A1")
    );
    assert!(show(Format::Junit).contains("<testcase name=\"user-root-last\" classname=\"app:1\">"));
    assert!(
        show(Format::Markdown).contains("|  | error | `user-root-last` | the application runs as `root` |")
    );
    assert!(show(Format::Gitlab).contains("\"begin\": 1"));
    assert!(show(Format::Sarif).contains("\"startLine\": 1"));
    assert!(show(Format::Checkstyle).contains("line=\"1\""));
    assert!(!show(Format::Sonarqube).contains("textRange"));
}

#[test]
fn no_document_breaks_on_hostile_text() {
    let mut files = files();
    files[0].path = "a\"<>&\u{1}\n::error::,b".to_owned();
    files[0].findings[1].message = "\u{0}]]> \"'`|\r\n::set-output".to_owned();
    let report = Report { files: &files, rules: &rules(), version: "1" };
    let show = |format| render(format, &report, TextStyle { colors: false, width: 100 });
    for format in [Format::Checkstyle, Format::Junit] {
        let text = show(format);
        assert!(!text.contains(['\u{0}', '\u{1}']) && !text.contains("]]>"), "{text}");
    }
    for format in [Format::Gnu, Format::Github] {
        assert_eq!(show(format).lines().count(), 2, "{}", show(format));
    }
    for format in [Format::Sarif, Format::Gitlab, Format::Sonarqube, Format::Json] {
        serde_json::from_str::<serde_json::Value>(&show(format)).unwrap();
    }
}
