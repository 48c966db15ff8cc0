//! Runs the case files of all rules: their documentation pages are their tests.
//!
//! A page is `# name`, a paragraph that sums the rule up, more text, and cases in fenced blocks:
//!
//! - ` ```dockerfile bad ` with a line `Found at LINE:COLUMN` below it for every finding of the rule, in order;
//!   `Found at LINE:COLUMN: message` also fixes the message;
//! - ` ```dockerfile fixed ` is the bad file above it after its safe fixes; ` fixed unsafe ` after all its fixes;
//! - ` ```dockerfile good ` in which the rule finds nothing;
//! - ` ```text file=PATH ` in front of a case is a file of its build context. It stays for the blocks below until the
//!   next `file=` that follows a case. ` context ` on a block gives an empty context;
//! - `with=RULE,RULE` on a block also runs other rules (their findings do not count); `preset=hadolint` sets the preset;
//!   `day=2026-11-23` sets the day; `label=NAME:FORMAT`, `strict-labels` and `trusted=REGISTRY` set what rules are told;
//!   `shellcheck=2154@1:6-11` is what ShellCheck answers about the first script: its code, line and columns.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bareboat_dockerfile::Dockerfile;
use bareboat_report::Finding;

use super::{
    BuildContext, Configuration, Input, Linter, MemoryFiles, Preset, Rule, RunShellCheck, ScriptToCheck,
    ShellRemark, WhichFixes, read_remarks, rules,
};
use crate::page::{Block, blocks};

/// One page under test.
struct Page<'p> {
    rule: &'static Rule,
    files: Option<MemoryFiles>,
    after_case: bool,
    bad: Option<&'p Block<'p>>,
    faults: Vec<String>,
}

impl<'p> Page<'p> {
    fn block(&mut self, block: &'p Block<'p>) {
        if let Some(path) = block.option("file") {
            if std::mem::take(&mut self.after_case) {
                self.files = None;
            }
            let files = self.files.get_or_insert_default();
            files.0.insert(path.to_owned(), block.text.clone().into_bytes());
            return;
        }
        if block.words.first() != Some(&"dockerfile") {
            return;
        }
        self.after_case = true;
        if block.is("dockerfile", "bad") {
            self.bad = Some(block);
            self.bad(block);
        } else if block.is("dockerfile", "good") {
            self.good(block);
        } else if block.is("dockerfile", "fixed") {
            self.fixed(block);
        } else {
            self.fault(block, "the block is neither `bad`, `good` nor `fixed`");
        }
    }

    fn fault(&mut self, block: &Block<'_>, fault: impl std::fmt::Display) {
        self.faults.push(format!("{}.md:{}: {fault}", self.rule.name, block.line));
    }

    fn linter(&self, block: &Block<'_>) -> Linter {
        let others = block.option("with").unwrap_or_default().split(',').filter(|name| !name.is_empty());
        let mut selected: Vec<&'static Rule> = others.flat_map(rules::find).collect();
        selected.push(self.rule);
        let preset = block.option("preset").map_or(Preset::All, |name| name.parse().unwrap());
        let mut configuration = Configuration { preset, ..Configuration::default() };
        configuration.settings.preset = preset;
        configuration.settings.strict_labels = block.words.contains(&"strict-labels");
        for word in &block.words {
            if let Some(registry) = word.strip_prefix("trusted=") {
                configuration.settings.trusted_registries.push(registry.to_owned());
            } else if let Some((name, format)) =
                word.strip_prefix("label=").and_then(|word| word.split_once(':'))
            {
                let format = format.parse().unwrap_or_else(|fault| panic!("{fault}"));
                configuration.settings.labels.insert(name.to_owned(), format);
            }
        }
        Linter::with_rules(configuration, selected)
    }

    fn with_input<T>(&self, block: &Block<'_>, source: &str, run: impl FnOnce(&Input<'_>) -> T) -> T {
        let empty = block.words.contains(&"context").then(MemoryFiles::default);
        let files = self.files.as_ref().or(empty.as_ref());
        let build = files.map(|files| BuildContext::new(files, Some("Dockerfile"), false));
        let today = block.option("day").map(|day| day.parse().unwrap());
        let answer = block.option("shellcheck").map(remark);
        let check = |scripts: &[ScriptToCheck]| {
            let first = answer.clone().map(|answer| vec![answer]);
            [first].into_iter().chain(std::iter::repeat(None)).take(scripts.len()).collect::<Vec<_>>()
        };
        let shellcheck = answer.is_some().then_some(&check as &RunShellCheck<'_>);
        run(&Input { build: build.as_ref(), today, shellcheck, ..Input::new(source.as_bytes()) })
    }

    fn own<'f>(&self, findings: &'f [Finding]) -> Vec<&'f Finding> {
        findings.iter().filter(|finding| finding.rule == self.rule.name).collect()
    }

    fn bad(&mut self, block: &Block<'_>) {
        let findings = self.with_input(block, &block.text, |input| self.linter(block).lint(input));
        let own = self.own(&findings);
        let place = |finding: &Finding| format!("{}:{}", finding.place.line, finding.place.column);
        let found: Vec<(String, &str)> =
            own.iter().map(|finding| (place(finding), finding.message.as_str())).collect();
        if block.found.is_empty() {
            self.fault(block, "no `Found at` line below the block");
        }
        if let Some(difference) = block.differs(&found) {
            self.fault(block, difference);
        }
    }

    fn good(&mut self, block: &Block<'_>) {
        let findings = self.with_input(block, &block.text, |input| self.linter(block).lint(input));
        for finding in self.own(&findings) {
            let (line, column) = (finding.place.line, finding.place.column);
            self.fault(block, format!("found in a good case at {line}:{column}: {}", finding.message));
        }
        self.parses(block, &block.text);
    }

    fn fixed(&mut self, block: &Block<'_>) {
        let Some(bad) = self.bad else { return self.fault(block, "nothing bad above it") };
        let which = if block.words.contains(&"unsafe") { WhichFixes::All } else { WhichFixes::Safe };
        let fixed = self.with_input(bad, &bad.text, |input| self.linter(bad).fix(input, which));
        let source = String::from_utf8_lossy(&fixed.source).into_owned();
        if source != block.text {
            self.fault(block, format!("fixing gives\n{source}"));
        }
        for finding in self.own(&fixed.findings) {
            let (line, column) = (finding.place.line, finding.place.column);
            self.fault(block, format!("still found after fixing at {line}:{column}: {}", finding.message));
        }
        let written: BTreeMap<_, _> =
            fixed.writes.iter().map(|write| (&write.path, &write.content)).collect();
        if block.option("writes").map(str::to_owned) != written.keys().next().map(|path| (*path).clone()) {
            self.fault(block, format!("fixing writes {written:?}; say so with `writes=PATH`"));
        }
        self.parses(block, &source);
    }

    fn parses(&mut self, block: &Block<'_>, source: &str) {
        for error in Dockerfile::parse(source).errors {
            self.fault(block, format!("does not parse: {error}"));
        }
    }
}

/// `CODE@LINE:COLUMN-COLUMN` as a remark. The line counts from the script's first; a line declares variables above.
fn remark(text: &str) -> ShellRemark {
    let (code, place) = text.split_once('@').unwrap();
    let (line, columns) = place.split_once(':').unwrap();
    let (column, end) = columns.split_once('-').unwrap();
    let json = format!(
        r#"{{"comments":[{{"line":{line},"endLine":{line},"column":{column},"endColumn":{end},"level":"warning",
            "code":{code},"message":"What ShellCheck says.","fix":null}}]}}"#
    );
    read_remarks(json.as_bytes()).unwrap().remove(0)
}

fn faults(rule: &'static Rule) -> Vec<String> {
    let blocks = blocks(rule.docs);
    let mut page = Page { rule, files: None, after_case: false, bad: None, faults: Vec::new() };
    for block in &blocks {
        page.block(block);
    }
    for kind in ["bad", "good"] {
        if !blocks.iter().any(|block| block.is("dockerfile", kind)) {
            page.faults.push(format!("{}.md: no `{kind}` case", rule.name));
        }
    }
    if !rule.docs.starts_with(&format!("# {}\n\n", rule.name)) || rule.summary().is_empty() {
        page.faults.push(format!("{}.md: begin with `# {}` and a paragraph", rule.name, rule.name));
    }
    page.faults
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
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lint/rules");
    let mut expected = BTreeSet::new();
    for rule in rules::all() {
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(rule.name.chars().all(kebab), "{} is not in kebab-case", rule.name);
        let group = rule.group.directory();
        assert!(expected.insert(format!("{group}/{}.md", rule.name)), "{} exists twice", rule.name);
        expected.insert(format!("{group}/{}.rs", rule.name.replace('-', "_")));
    }
    let mut found = BTreeSet::new();
    for group in std::fs::read_dir(&directory).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
        for file in std::fs::read_dir(group.path()).unwrap().flatten().filter(|file| file.path().is_file()) {
            let name = file.file_name().into_string().unwrap();
            let is_page = name.ends_with(".md");
            if is_page || std::fs::read_to_string(file.path()).unwrap().contains("RULE: Rule =") {
                found.insert(format!("{}/{name}", group.file_name().to_string_lossy()));
            }
        }
    }
    assert_eq!(found, expected, "left: files below `rules`; right: what the groups' lists say");
}
