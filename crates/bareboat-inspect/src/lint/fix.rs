//! Applying fixes until nothing more is to be fixed.
//!
//! Each round takes the fixes that do not get in each other's way, whole or not at all; the others have their turn
//! in the next one. A fix after which the file has more parse errors than before is not made.

use std::collections::BTreeSet;

use bareboat_dockerfile::{self as dockerfile, Dockerfile, Edits};
use bareboat_report::{FileWrite, Finding, Fix, Safety};

use super::{Input, Linter};

/// Rounds at most; a fix that undoes another one would go on for ever.
const MOST_ROUNDS: usize = 20;
/// How often the file is parsed to find the fixes that break it, in one round.
const MOST_ATTEMPTS: usize = 100;

/// Which fixes to apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichFixes {
    /// Those that cannot change what the image does.
    Safe,
    /// Also those that may.
    All,
}

/// A file after its fixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// Its text.
    pub source: Vec<u8>,
    /// Findings whose fixes were made, in the order of making.
    pub applied: Vec<Finding>,
    /// What is still wrong.
    pub findings: Vec<Finding>,
    /// Other files of the build context to write.
    pub writes: Vec<FileWrite>,
}

impl Linter {
    /// Judges a file and repairs what can be repaired.
    pub fn fix(&self, input: &Input<'_>, which: WhichFixes) -> Fixed {
        let mut fixed = Fixed {
            source: input.source.to_vec(),
            applied: Vec::new(),
            findings: Vec::new(),
            writes: Vec::new(),
        };
        let mut written = BTreeSet::new();
        for _ in 0..MOST_ROUNDS {
            fixed.findings = self.lint(&Input { source: &fixed.source, ..*input });
            if !round(&mut fixed, &mut written, which) {
                return fixed.without_written(&written);
            }
        }
        fixed.findings = self.lint(&Input { source: &fixed.source, ..*input });
        fixed.without_written(&written)
    }
}

impl Fixed {
    /// Rules look at the context as it was: what a file that is to be written repairs is repaired.
    fn without_written(mut self, written: &BTreeSet<String>) -> Self {
        self.findings.retain(|finding| {
            let writes = finding.fix.as_ref().map(|fix| fix.writes.as_slice()).unwrap_or_default();
            writes.is_empty() || writes.iter().any(|write| !written.contains(&write.path))
        });
        self
    }
}

/// One round; `false` when nothing could be done.
fn round(fixed: &mut Fixed, written: &mut BTreeSet<String>, which: WhichFixes) -> bool {
    let allowed = |fix: &Fix| which == WhichFixes::All || fix.safety == Safety::Safe;
    let candidates = fixed.findings.iter().filter_map(|finding| Some((finding, finding.fix.as_ref()?)));
    let candidates: Vec<_> = candidates.filter(|(_, fix)| allowed(fix)).collect();
    let mut edits = Edits::new();
    let mut taken = Vec::new();
    for (finding, fix) in &candidates {
        // A file is written once: the context that rules look at does not change meanwhile.
        let stale = fix.writes.iter().any(|write| written.contains(&write.path));
        if !stale && edits.add(group(fix)) {
            written.extend(fix.writes.iter().map(|write| write.path.clone()));
            taken.push((*finding, *fix));
        }
    }
    let before = errors(&fixed.source);
    let mut result = edits.apply(&fixed.source).into_owned();
    if errors(&result) > before {
        (result, taken) = those_that_parse(&fixed.source, before, &taken);
    }
    if taken.is_empty() || result == fixed.source && taken.iter().all(|(_, fix)| fix.writes.is_empty()) {
        return false;
    }
    fixed.writes.extend(taken.iter().flat_map(|(_, fix)| fix.writes.iter().cloned()));
    fixed.applied.extend(taken.into_iter().map(|(finding, _)| finding.clone()));
    fixed.source = result;
    true
}

type Taken<'f> = Vec<(&'f Finding, &'f Fix)>;

/// Leaves out the fixes that break the file: all at once, then half of them, and so on. What is not found out in a
/// bounded number of attempts is left out.
fn those_that_parse<'f>(source: &[u8], before: usize, candidates: &Taken<'f>) -> (Vec<u8>, Taken<'f>) {
    let (mut edits, mut taken) = (Edits::new(), Vec::new());
    let mut pending = vec![&candidates[..]];
    for _ in 0..MOST_ATTEMPTS {
        let Some(some) = pending.pop() else { break };
        let mut attempt = edits.clone();
        let added: Vec<_> = some.iter().copied().filter(|(_, fix)| attempt.add(group(fix))).collect();
        if errors(&attempt.apply(source)) <= before {
            edits = attempt;
            taken.extend(added);
        } else if some.len() > 1 {
            let (first, second) = some.split_at(some.len() / 2);
            pending.extend([second, first]);
        }
    }
    (edits.apply(source).into_owned(), taken)
}

fn group(fix: &Fix) -> impl Iterator<Item = dockerfile::Edit> {
    fix.edits
        .iter()
        .map(|edit| dockerfile::Edit::replace(edit.range.clone().into(), edit.replacement.clone()))
}

fn errors(source: &[u8]) -> usize {
    Dockerfile::parse(source).errors.len()
}
