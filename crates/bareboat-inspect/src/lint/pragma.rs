//! Comments that silence findings, in several languages:
//!
//! - `# hadolint ignore=DL3008,SC2086`, `# hadolint stage ignore=…`, `# hadolint global ignore=…`
//! - `# check=skip=JSONArgsRecommended` or `skip=all`, as a directive for the file, otherwise for an instruction
//! - `# checkov:skip=CKV_DOCKER_2:reason` for the file, `#trivy:ignore:DS-0002` for the next instruction
//! - `# bareboat ignore=from-latest the reason`, `# bareboat stage ignore=…`, `# bareboat global ignore=…`
//!
//! `ignore` is for the next instruction (or the one the comment is in), `stage` for the stage the comment is in or
//! above, `global` for the file. Every tool's pragma may use every name.

use std::collections::BTreeMap;

use bareboat_dockerfile::{DirectiveName, Dockerfile, Keyword, Span};

use super::preset::BUILDKIT;

/// All pragmas of a file.
#[derive(Debug, Default)]
pub(super) struct Pragmas {
    codes: Vec<Code>,
    /// Indexes of codes for the whole file.
    global: Vec<usize>,
    /// The same by the start of a stage's FROM.
    stages: BTreeMap<usize, Vec<usize>>,
    /// The same by the start of an instruction.
    instructions: BTreeMap<usize, Vec<usize>>,
}

/// A name in a pragma.
#[derive(Debug)]
pub(super) struct Code {
    /// As written; empty for BuildKit's `all`.
    pub(super) name: String,
    pub(super) span: Span,
    /// It is in our own pragma, where a name that nothing has is a mistake.
    pub(super) own: bool,
    /// It silenced something.
    pub(super) used: bool,
}

enum Reach {
    Instruction,
    Stage,
    File,
}

impl Pragmas {
    pub(super) fn new(file: &Dockerfile) -> Self {
        let source = file.source();
        // Most files have none, and finding that out is cheap.
        let mentions =
            |word: &[u8]| source.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word));
        let mut pragmas = Self::default();
        if !mentions(b"ignore") && !mentions(b"check") {
            return pragmas;
        }
        if let Some(directive) = file.directive(DirectiveName::Check) {
            for code in skipped(&directive.value, directive.value_span.start) {
                pragmas.global.push(pragmas.codes.len());
                pragmas.codes.push(code);
            }
        }
        for comment in file.comments() {
            let line = String::from_utf8_lossy(comment.span.of(source));
            let Some((reach, codes)) = read(&line, comment.span.start) else { continue };
            for code in codes {
                let index = pragmas.codes.len();
                pragmas.codes.push(code);
                let place = match reach {
                    Reach::File => Some(&mut pragmas.global),
                    Reach::Stage => stage_of(file, comment.span.start)
                        .map(|start| pragmas.stages.entry(start).or_default()),
                    Reach::Instruction => instruction_of(file, comment.span.start)
                        .map(|start| pragmas.instructions.entry(start).or_default()),
                };
                place.into_iter().for_each(|place| place.push(index));
            }
        }
        pragmas
    }

    pub(super) fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// True when a finding in the instruction at `instruction`, in the stage at `stage` (where they start), with
    /// these names is silenced. Remembers who did it.
    pub(super) fn silences(
        &mut self,
        names: &[&str],
        instruction: Option<usize>,
        stage: Option<usize>,
    ) -> bool {
        let own = instruction.and_then(|start| self.instructions.get(&start));
        let staged = stage.and_then(|start| self.stages.get(&start));
        let candidates = own.into_iter().chain(staged).chain([&self.global]).flatten();
        let mut silenced = false;
        for &index in candidates {
            let code = &mut self.codes[index];
            let hit = match code.name.is_empty() {
                true => names.iter().any(|name| BUILDKIT.contains(name)),
                false => names.iter().any(|name| name.eq_ignore_ascii_case(&code.name)),
            };
            code.used |= hit;
            silenced |= hit;
        }
        silenced
    }

    /// The names that silenced nothing.
    pub(super) fn unused(&self) -> impl Iterator<Item = &Code> {
        self.codes.iter().filter(|code| !code.used)
    }
}

/// The comments that silence something, by place; BuildKit's and those of other linters are not among them.
pub(super) fn silencing(file: &Dockerfile) -> Vec<Span> {
    let is_ours = |line: &str| {
        let text = line.trim_start().trim_start_matches('#').trim_start();
        word(text, "bareboat").is_some() || word(text, "hadolint").is_some()
    };
    let comments = file.comments().filter(|comment| {
        let line = String::from_utf8_lossy(comment.span.of(file.source()));
        is_ours(&line) && read(&line, comment.span.start).is_some()
    });
    comments.map(|comment| comment.span).collect()
}

/// `# hadolint shell=bash`: where it is and what it says, by place.
pub(super) fn shells(file: &Dockerfile) -> Vec<(usize, Vec<String>)> {
    let found = file.comments().filter_map(|comment| {
        let line = String::from_utf8_lossy(comment.span.of(file.source()));
        let text = line.trim_start().strip_prefix('#')?.trim_start();
        let text = word(text, "hadolint").or_else(|| word(text, "bareboat"))?;
        let value = word(text, "shell").and_then(equals)?;
        let words: Vec<String> = value.split_whitespace().map(str::to_owned).collect();
        (!words.is_empty()).then_some((comment.span.start, words))
    });
    found.collect()
}

/// Where the instruction starts that contains `at`, or the next one.
fn instruction_of(file: &Dockerfile, at: usize) -> Option<usize> {
    let found = file.instructions().find(|instruction| instruction.span.end > at);
    found.map(|instruction| instruction.span.start)
}

/// Where the FROM starts whose stage `at` is in; of the next one when nothing but comments is in between.
fn stage_of(file: &Dockerfile, at: usize) -> Option<usize> {
    let is_from = |keyword| keyword == Some(Keyword::From);
    let next = file.instructions().find(|instruction| instruction.span.end > at);
    if let Some(next) = next.filter(|next| is_from(next.keyword())) {
        return Some(next.span.start);
    }
    let before = file.instructions().take_while(|instruction| instruction.span.start <= at);
    before.filter(|instruction| is_from(instruction.keyword())).last().map(|from| from.span.start)
}

/// Reads a comment line that starts at `start` of the file.
fn read(line: &str, start: usize) -> Option<(Reach, Vec<Code>)> {
    let text = line.trim_start().strip_prefix('#')?;
    let at = |rest: &str| start + (rest.as_ptr() as usize - line.as_ptr() as usize);
    let text = text.trim_start();
    if let Some(value) = word(text, "check").and_then(equals) {
        return Some((Reach::Instruction, skipped(value, at(value))));
    }
    if let Some(list) = text.strip_prefix("checkov:skip=") {
        return Some((Reach::File, names(list, at(list), false)));
    }
    if let Some(list) = text.strip_prefix("trivy:ignore:") {
        let list = list.strip_prefix("AVD-").unwrap_or(list);
        return Some((Reach::Instruction, names(list, at(list), false)));
    }
    let (own, text) = match (word(text, "bareboat"), word(text, "hadolint")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return None,
    };
    let (reach, text) = match (word(text, "stage"), word(text, "global")) {
        (Some(rest), _) => (Reach::Stage, rest),
        (_, Some(rest)) => (Reach::File, rest),
        _ => (Reach::Instruction, text),
    };
    let list = word(text, "ignore").and_then(equals)?;
    Some((reach, names(list, at(list), own)))
}

/// What follows the word `expected` in any case, without white space; `None` when `text` starts otherwise.
fn word<'t>(text: &'t str, expected: &str) -> Option<&'t str> {
    let start = text.get(..expected.len())?;
    let rest = &text[expected.len()..];
    let ends = rest.starts_with('=') || rest.starts_with(char::is_whitespace);
    (start.eq_ignore_ascii_case(expected) && ends).then(|| rest.trim_start())
}

fn equals(text: &str) -> Option<&str> {
    text.strip_prefix('=').map(str::trim_start)
}

/// The names after `skip=` in the value of `check=`.
fn skipped(value: &str, start: usize) -> Vec<Code> {
    let mut at = 0;
    for part in value.split(';') {
        let trimmed = part.trim_start();
        if let Some(list) = word(trimmed, "skip").and_then(equals) {
            let offset = start + at + part.len() - list.len();
            let mut codes = names(list, offset, false);
            codes
                .iter_mut()
                .filter(|code| code.name.eq_ignore_ascii_case("all"))
                .for_each(|code| code.name.clear());
            return codes;
        }
        at += part.len() + 1;
    }
    Vec::new()
}

/// Names separated by commas, up to the first thing that is neither; `list` starts at `start` of the file.
fn names(list: &str, start: usize, own: bool) -> Vec<Code> {
    let mut codes = Vec::new();
    let mut at = 0;
    loop {
        at += list[at..].len() - list[at..].trim_start().len();
        let length = list[at..].find(|char: char| !char.is_ascii_alphanumeric() && !"-_".contains(char));
        let length = length.unwrap_or(list.len() - at);
        if length == 0 {
            return codes;
        }
        let span = Span::new(start + at, start + at + length);
        codes.push(Code { name: list[at..at + length].to_owned(), span, own, used: false });
        at += length;
        let rest = list[at..].trim_start();
        match rest.strip_prefix(',') {
            Some(after) => at = list.len() - after.len(),
            None => return codes,
        }
    }
}
