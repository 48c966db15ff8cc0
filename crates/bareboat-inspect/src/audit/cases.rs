//! Runs the case files of all rules: their documentation pages are their tests.
//!
//! A page is `# name`, a paragraph that sums the rule up, more text, and cases in fenced blocks:
//!
//! - ` ```image bad `, lines as [`super::fixture`] reads them, with a line `Found at PATH` below it for every finding of
//!   the rule, in order (`image` for the image as a whole); `Found at PATH: message` also fixes the message;
//! - ` ```image good ` in which the rule finds nothing; `day=2026-11-23` on a block sets the day.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Auditor, Configuration, Context, Finding, Preset, Rule, fixture, rules};
use crate::page::{Block, blocks};

fn audit(rule: &'static Rule, block: &Block<'_>) -> Vec<Finding> {
    let facts = fixture::facts(&block.text);
    let today = block.option("day").map(|day| day.parse().unwrap());
    let auditor = Auditor::new(Configuration { preset: Preset::All, ..Configuration::default() }).unwrap();
    let findings = auditor.audit(&Context { facts: &facts, today }).findings;
    findings.into_iter().filter(|finding| finding.rule == rule).collect()
}

fn faults(rule: &'static Rule) -> Vec<String> {
    let blocks = blocks(rule.docs);
    let mut faults = Vec::new();
    for block in &blocks {
        let findings = audit(rule, block);
        let place =
            |finding: &Finding| finding.place.path.as_ref().map_or("image".to_owned(), ToString::to_string);
        let found: Vec<(String, &str)> =
            findings.iter().map(|finding| (place(finding), finding.message.as_str())).collect();
        let mut fault = |fault: String| faults.push(format!("{}.md:{}: {fault}", rule.name, block.line));
        if !block.is("image", "bad") && !block.is("image", "good") {
            fault("the block is neither `image bad` nor `image good`".to_owned());
        } else if block.is("image", "bad") == block.found.is_empty() {
            fault("`bad` has `Found at` lines below it, `good` has none".to_owned());
        }
        if let Some(difference) = block.differs(&found) {
            fault(difference);
        }
    }
    for kind in ["bad", "good"] {
        if !blocks.iter().any(|block| block.is("image", kind)) {
            faults.push(format!("{}.md: no `{kind}` case", rule.name));
        }
    }
    if !blocks.iter().flat_map(|block| &block.found).any(|(_, message)| message.is_some()) {
        faults.push(format!("{}.md: no message is fixed", rule.name));
    }
    if !rule.docs.starts_with(&format!("# {}\n\n", rule.name)) || rule.summary().is_empty() {
        faults.push(format!("{}.md: begin with `# {}` and a paragraph", rule.name, rule.name));
    }
    faults
}

#[test]
fn every_page_tells_the_truth() {
    // `RULE=name cargo test` looks at one page.
    let only = std::env::var("RULE").ok();
    let rules = rules::all().filter(|rule| only.as_ref().is_none_or(|only| rule.name == only));
    let faults: Vec<String> = rules.flat_map(faults).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_rule_has_its_files_and_a_name_of_its_own() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/audit/rules");
    let mut expected = BTreeSet::new();
    for rule in rules::all() {
        let group = rule.group.directory();
        assert!(expected.insert(format!("{group}/{}.md", rule.name)), "{} exists twice", rule.name);
        expected.insert(format!("{group}/{}.rs", rule.name.replace('-', "_")));
    }
    let mut found = BTreeSet::new();
    for group in std::fs::read_dir(&directory).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
        for file in std::fs::read_dir(group.path()).unwrap().flatten() {
            let name = file.file_name().into_string().unwrap();
            if name != "mod.rs" {
                found.insert(format!("{}/{name}", group.file_name().to_string_lossy()));
            }
        }
    }
    assert_eq!(found, expected, "left: files below `rules`; right: what the groups' lists say");
}
