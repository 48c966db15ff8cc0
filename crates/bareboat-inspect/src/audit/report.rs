//! An audit as the findings that every format of `lint` is made of.
//!
//! An image is a file without lines: what is found is about the whole, and says in a note where in the image it is.

use std::collections::BTreeMap;

use bareboat_report::{FileReport, Finding, Place, RuleInfo};

use super::{Audit, Confidence, DockerfileLines, render};
use crate::facts::Facts;

/// The Dockerfile that an image was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// As the user named it.
    pub path: String,
    /// Its bytes.
    pub source: Vec<u8>,
}

/// What was found in an image and not waived: under the name `name`, and under the Dockerfile what a line of that made.
pub fn reports(name: &str, facts: &Facts, audit: &Audit, origin: Option<&Origin>) -> Vec<FileReport> {
    let mut report = FileReport { path: name.to_owned(), source: Vec::new(), findings: Vec::new() };
    let Some(Origin { path, source }) = origin else {
        report.findings = audit.counted().map(|finding| converted(facts, finding)).collect();
        return vec![report];
    };
    let lines = DockerfileLines::new(source, facts);
    let mut file = FileReport { path: path.clone(), source: source.clone(), findings: Vec::new() };
    for finding in audit.counted() {
        let mut converted = converted(facts, finding);
        match lines.place(finding) {
            Some(place) => {
                converted.place = place.clone();
                converted.notes.insert(0, format!("found in {name}"));
                file.findings.push(converted);
            }
            None => report.findings.push(converted),
        }
    }
    file.findings.sort_by(|a, b| (a.place.range.start, &a.rule).cmp(&(b.place.range.start, &b.rule)));
    vec![file, report]
}

/// The rules that found something, by name.
pub fn described(audits: &[(Facts, Audit)]) -> Vec<RuleInfo> {
    let found = audits.iter().flat_map(|(_, audit)| audit.counted());
    let rules = found.map(|finding| (finding.rule.name, finding.rule));
    rules.collect::<BTreeMap<_, _>>().into_values().map(super::Rule::info).collect()
}

fn converted(facts: &Facts, finding: &super::Finding) -> Finding {
    let place = render::place(facts, finding);
    let mut notes = finding.notes.clone();
    if !place.is_empty() {
        notes.insert(0, format!("in {place}"));
    }
    if finding.confidence == Confidence::Unknown {
        notes.push("only running the image would tell for certain".to_owned());
    }
    Finding {
        rule: finding.rule.name.into(),
        aliases: finding.rule.aliases.iter().map(|alias| (*alias).into()).collect(),
        severity: finding.severity,
        message: finding.message.clone(),
        place: Place::default(),
        related: Vec::new(),
        notes,
        help: finding.help.clone(),
        fix: None,
    }
}

#[cfg(test)]
mod tests {
    use bareboat_report::render::{Format, Report, TextStyle, render};

    use super::*;
    use crate::audit::{Auditor, Configuration, Context, fixture};

    #[test]
    fn an_image_is_a_file_without_lines_in_every_format() {
        let facts = fixture::facts(
            "user 1:1\ncmd [\"/app\"]\nlayer \"COPY app /\"\nelf /app 0755 static\nlayer \"RUN x\"\nelf /bin/sh 0755 static\n",
        );
        let configuration = Configuration { ignore: vec!["health".into()], ..Configuration::default() };
        let audit = Auditor::new(configuration).unwrap().audit(&Context { facts: &facts, today: None });
        let files = reports("app:1", &facts, &audit, None);
        let facts_and_audit = (facts, audit);
        let rules = described(std::slice::from_ref(&facts_and_audit));
        let all = Report { files: &files, rules: &rules, version: "1" };
        let shown = |format| render(format, &all, TextStyle { colors: false, width: 100 });
        insta::assert_snapshot!(shown(Format::Gnu));
        insta::assert_snapshot!(shown(Format::Markdown));
        insta::assert_snapshot!(shown(Format::Junit));
        let sarif: serde_json::Value = serde_json::from_str(&shown(Format::Sarif)).unwrap();
        assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "shell");
        let source = b"FROM scratch\nCOPY app /\nRUN x\n".to_vec();
        let origin = Origin { path: "Dockerfile".to_owned(), source };
        let (facts, audit) = facts_and_audit;
        let files = reports("app:1", &facts, &audit, Some(&origin));
        assert_eq!((files[0].path.as_str(), files[0].findings[0].place.line), ("Dockerfile", 2));
        assert!(files[1].findings.is_empty());
        assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"][0]["id"], "shell");
    }
}
