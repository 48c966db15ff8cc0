//! `check`: structure tests on an image, in the format of container-structure-test (schemas 1.0.0 and 2.0.0).
//!
//! Files are judged from the facts and from contents that were read out of the layers; nothing is unpacked for them.
//! Whoever calls runs the commands, or says why one is skipped: a test that did not run has not passed.

mod command;
mod file;
mod licence;
mod metadata;
mod report;
mod schema;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::TreePath;

use crate::facts::Facts;

pub use report::{Report, json, junit, text};
pub use schema::{CheckError, CommandTest, Tests, Variable};

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is as expected.
    Passed,
    /// Why not, a sentence each.
    Failed(Vec<String>),
    /// It did not run, and why.
    Skipped(String),
}

/// A test that was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// `command`, `file existence`, `file content`, `metadata` or `license`.
    pub kind: &'static str,
    /// Its name in the file.
    pub name: String,
    /// How it ended.
    pub verdict: Verdict,
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// What it printed.
    pub output: String,
    /// What it printed to standard error.
    pub error: String,
}

/// Why there is nothing to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotRun {
    /// The image cannot do it: the test fails.
    Failed(String),
    /// This machine cannot do it: nobody knows.
    Skipped(String),
}

/// Runs a command in the image: the variables of the whole file come first.
pub type RunCommand<'r> = dyn FnMut(&CommandTest, &[Variable]) -> Result<Ran, NotRun> + 'r;

/// Files whose contents the tests look at, by their real paths.
pub fn wanted(tests: &Tests, facts: &Facts) -> BTreeSet<TreePath> {
    let named = tests.contents.iter().map(|test| test.path.as_str());
    let licences = tests.licences.iter().flat_map(|test| test.files.iter().map(String::as_str));
    let mut wanted: BTreeSet<TreePath> = named.chain(licences).filter_map(|path| facts.at(path)).collect();
    if tests.licences.iter().any(|test| test.debian) {
        wanted.extend(licence::debian(facts).into_iter().filter_map(|(_, file)| file));
    }
    wanted.retain(|path| facts.file(path).is_some());
    wanted
}

/// Judges every test, in the order of the kinds that container-structure-test has.
pub fn check(
    tests: &Tests,
    facts: &Facts,
    contents: &BTreeMap<TreePath, Vec<u8>>,
    run: &mut RunCommand<'_>,
) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for test in &tests.commands {
        let verdict = match run(test, &tests.variables) {
            Ok(ran) => verdict(command::judge(test, &ran)),
            Err(NotRun::Failed(why)) => Verdict::Failed(vec![why]),
            Err(NotRun::Skipped(why)) => Verdict::Skipped(why),
        };
        outcomes.push(Outcome { kind: "command", name: test.name.clone(), verdict });
    }
    for test in &tests.existences {
        let verdict = verdict(file::existence(test, facts));
        outcomes.push(Outcome { kind: "file existence", name: test.name.clone(), verdict });
    }
    for test in &tests.contents {
        let verdict = verdict(file::content(test, facts, contents));
        outcomes.push(Outcome { kind: "file content", name: test.name.clone(), verdict });
    }
    for test in &tests.licences {
        let verdict = verdict(licence::judge(test, facts, contents));
        outcomes.push(Outcome { kind: "license", name: "License Test".to_owned(), verdict });
    }
    if let Some(test) = &tests.metadata {
        let verdict = match facts.has_config {
            true => verdict(metadata::judge(test, facts)),
            false => Verdict::Skipped("a root file system has no configuration".to_owned()),
        };
        outcomes.push(Outcome { kind: "metadata", name: "Metadata Test".to_owned(), verdict });
    }
    outcomes
}

fn verdict(faults: Vec<String>) -> Verdict {
    if faults.is_empty() { Verdict::Passed } else { Verdict::Failed(faults) }
}
