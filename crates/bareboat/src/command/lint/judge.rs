//! Judging one file: a Dockerfile, or a file that holds Dockerfiles.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bareboat_inspect::knowledge::Date;
use bareboat_inspect::lint::{
    BuildContext, Embedded, HostKind, Input, Linter, RunShellCheck, ScriptToCheck, WhichFixes, add_ignores,
};
use bareboat_report::{FileReport, FileWrite, Finding};

use super::bases::Bases;
use super::configuration::Effective;
use super::directory::DirectoryFiles;
use super::source::Target;
use super::walk::normal;
use crate::cli::LintArgs;
use crate::shellcheck::ShellCheck;

/// What the command line says about every file.
pub struct Asked<'a> {
    /// The command line.
    pub arguments: &'a LintArgs,
    /// The day.
    pub today: Option<Date>,
    /// Who is asked about scripts.
    pub shellcheck: Option<&'a ShellCheck>,
    /// What is known about base images.
    pub bases: &'a Bases,
}

/// What one file gave.
pub struct Judged {
    /// What is wrong with the text as it is now.
    pub report: FileReport,
    /// The text before it was changed, when it was.
    pub before: Option<Vec<u8>>,
    /// Other files to write.
    pub writes: Vec<(PathBuf, String)>,
    /// Findings that were repaired, or silenced by a comment.
    pub applied: usize,
}

/// What to do with what is found.
#[derive(Clone, Copy)]
enum Change<'a> {
    Nothing,
    Fix(WhichFixes),
    Ignore(&'a str),
}

impl<'a> Change<'a> {
    fn new(arguments: &'a LintArgs) -> Self {
        match &arguments.add_ignore {
            Some(reason) => Self::Ignore(reason),
            None if !arguments.fix && !arguments.diff => Self::Nothing,
            None if arguments.unsafe_fixes => Self::Fix(WhichFixes::All),
            None => Self::Fix(WhichFixes::Safe),
        }
    }
}

/// Judges a file whose bytes are `text`.
pub fn judge(asked: &Asked<'_>, effective: &Effective, target: &Target, text: Vec<u8>) -> Judged {
    let arguments = asked.arguments;
    let given = arguments.context.as_deref().or(target.context.as_deref());
    let change = Change::new(arguments);
    if let Some(kind) = target.host() {
        return Host { kind, asked, effective, change, target }.judge(text);
    }
    let context = given.or(target.directory());
    let surroundings =
        Surroundings { asked, context, name: target.name_in(context), assumed: given.is_none() };
    let done = surroundings.judge(&effective.linter, &target.arguments, &text, change);
    let before = (done.text != text).then_some(text);
    let report = FileReport { path: target.name.clone(), source: done.text, findings: done.findings };
    Judged { report, before, writes: done.writes, applied: done.applied }
}

/// A Dockerfile's build context.
struct Surroundings<'a> {
    asked: &'a Asked<'a>,
    context: Option<&'a Path>,
    /// The Dockerfile's path in it.
    name: Option<String>,
    assumed: bool,
}

/// A Dockerfile after what was to be done with it.
struct Done {
    text: Vec<u8>,
    findings: Vec<Finding>,
    writes: Vec<(PathBuf, String)>,
    applied: usize,
}

impl Surroundings<'_> {
    fn judge(
        &self,
        linter: &Linter,
        arguments: &BTreeMap<String, String>,
        text: &[u8],
        change: Change<'_>,
    ) -> Done {
        let files = self.context.map(DirectoryFiles::new);
        let build = files.as_ref().map(|files| BuildContext::new(files, self.name.as_deref(), self.assumed));
        let Asked { today, shellcheck, bases, .. } = *self.asked;
        let ask = |scripts: &[ScriptToCheck]| shellcheck.map_or_else(Vec::new, |found| found.ask(scripts));
        let input = Input {
            source: text,
            build: build.as_ref(),
            today,
            arguments,
            facts: &|reference, today| bases.lookup(reference, today),
            shellcheck: shellcheck.is_some().then_some(&ask as &RunShellCheck<'_>),
        };
        match change {
            Change::Nothing => {
                let findings = linter.lint(&input);
                Done { text: text.to_vec(), findings, writes: Vec::new(), applied: 0 }
            }
            Change::Fix(which) => {
                let fixed = linter.fix(&input, which);
                let writes = fixed.writes.into_iter().filter_map(|write| self.write(write)).collect();
                Done { text: fixed.source, findings: fixed.findings, writes, applied: fixed.applied.len() }
            }
            Change::Ignore(reason) => {
                let (text, applied) = add_ignores(text, &linter.lint(&input), reason);
                let findings = linter.lint(&Input { source: &text, ..input });
                Done { text, findings, writes: Vec::new(), applied }
            }
        }
    }

    fn write(&self, write: FileWrite) -> Option<(PathBuf, String)> {
        Some((normal(&self.context?.join(write.path)), write.content))
    }
}

/// A file that holds Dockerfiles.
struct Host<'a> {
    kind: HostKind,
    asked: &'a Asked<'a>,
    effective: &'a Effective,
    change: Change<'a>,
    target: &'a Target,
}

impl Host<'_> {
    fn judge(&self, bytes: Vec<u8>) -> Judged {
        let path = self.target.name.clone();
        let mut judged = Judged {
            report: FileReport { path, source: bytes, findings: Vec::new() },
            before: None,
            writes: Vec::new(),
            applied: 0,
        };
        // What is not UTF-8 stands in no Dockerfile that a tool would read from here.
        let text = String::from_utf8_lossy(&judged.report.source).into_owned();
        if !matches!(self.change, Change::Nothing) {
            let changed = self.change(&text, &mut judged);
            if changed != text {
                judged.before =
                    Some(std::mem::replace(&mut judged.report.source, changed.clone().into_bytes()));
            }
            judged.report.findings = self.findings(&changed);
        } else {
            judged.report.findings = self.findings(&text);
        }
        judged
    }

    fn findings(&self, text: &str) -> Vec<Finding> {
        let builds = match self.kind.builds(text) {
            Ok(builds) => builds,
            Err(error) => return vec![error.finding(text.as_bytes())],
        };
        let mut findings = Vec::new();
        for embedded in &builds.embedded {
            let done = self.inside(embedded, Change::Nothing);
            findings.extend(embedded.host_findings(text, done.findings));
        }
        findings.sort_by(|a, b| (a.place.range.start, &a.rule).cmp(&(b.place.range.start, &b.rule)));
        // Two services may share a Dockerfile by an alias.
        findings.dedup();
        findings
    }

    /// The text after its Dockerfiles are changed, where the way they are written allows it.
    fn change(&self, text: &str, judged: &mut Judged) -> String {
        let Ok(builds) = self.kind.builds(text) else { return text.to_owned() };
        let mut changes: BTreeMap<usize, (usize, String)> = BTreeMap::new();
        for embedded in &builds.embedded {
            let done = self.inside(embedded, self.change);
            let changed = String::from_utf8_lossy(&done.text);
            if changed != embedded.text.as_str() {
                let Some((range, replacement)) = embedded.rewrite(&changed) else { continue };
                changes.insert(range.start, (range.end, replacement));
            }
            judged.writes.extend(done.writes);
            judged.applied += done.applied;
        }
        let mut text = text.to_owned();
        for (start, (end, replacement)) in changes.into_iter().rev() {
            text.replace_range(start..end, &replacement);
        }
        text
    }

    fn inside(&self, embedded: &Embedded, change: Change<'_>) -> Done {
        let beside = || Some(normal(&self.target.directory()?.join(embedded.context.as_deref()?)));
        let context = self.asked.arguments.context.clone().or_else(beside);
        let context =
            context.map(|context| if context.as_os_str().is_empty() { PathBuf::from(".") } else { context });
        let surroundings =
            Surroundings { asked: self.asked, context: context.as_deref(), name: None, assumed: false };
        let text = embedded.text.as_bytes();
        surroundings.judge(&self.effective.linter, &embedded.arguments, text, change)
    }
}
