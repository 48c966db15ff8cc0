//! Writing comments that silence what is found: today's findings are accepted where they stand, in sight of whoever
//! changes the line.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_dockerfile::{Dockerfile, Edit, Edits, Instruction, Span};
use bareboat_report::Finding;

use super::rules;

/// `source` with a comment above every instruction that has findings, and how many findings they silence. A comment
/// of ours that is there already gets the new names. `reason` follows the names; it may be empty.
///
/// A file that cannot be parsed, a comment that silences nothing, and what stands above the first instruction cannot be silenced.
pub fn add_ignores(source: &[u8], findings: &[Finding], reason: &str) -> (Vec<u8>, usize) {
    let parsed = Dockerfile::parse(source);
    let mut wanted: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    let mut silenced = 0;
    for finding in findings.iter().filter(|finding| can_be_silenced(finding)) {
        let before = |instruction: &&Instruction| instruction.span.start <= finding.place.range.start;
        let Some(instruction) = parsed.file.instructions().take_while(before).last() else { continue };
        wanted.entry(instruction.span.start).or_default().insert(finding.rule.as_ref());
        silenced += 1;
    }
    let mut edits = Edits::new();
    for instruction in parsed.file.instructions() {
        if let Some(names) = wanted.get(&instruction.span.start) {
            edits.add([comment(&parsed.file, instruction, names, reason)]);
        }
    }
    (edits.apply(source).into_owned(), silenced)
}

fn can_be_silenced(finding: &Finding) -> bool {
    [&rules::PARSE_ERROR, &rules::UNUSED_PRAGMA].iter().all(|rule| rule.name != finding.rule)
}

/// A comment above `instruction`, or new names in the one that is there.
fn comment(file: &Dockerfile, instruction: &Instruction, names: &BTreeSet<&str>, reason: &str) -> Edit {
    let source = file.source();
    let line_start = |at: usize| source[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let text = instruction.text_span().start;
    let start = line_start(text).max(instruction.span.start);
    if let Some(span) = own_list(file, start) {
        let listed = String::from_utf8_lossy(span.of(source));
        let mut all: BTreeSet<&str> =
            listed.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        all.extend(names);
        return Edit::replace(span, join(&all));
    }
    let indent = String::from_utf8_lossy(&source[start..text.max(start)]);
    let indent: String = indent.chars().take_while(|char| matches!(char, ' ' | '\t')).collect();
    let crlf = source.iter().position(|byte| *byte == b'\n').is_some_and(|at| source[..at].ends_with(b"\r"));
    let line_end = if crlf { "\r\n" } else { "\n" };
    let reason = if reason.is_empty() { String::new() } else { format!(" {reason}") };
    Edit::insert(start, format!("{indent}# bareboat ignore={}{reason}{line_end}", join(names)))
}

fn join(names: &BTreeSet<&str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(",")
}

/// The names in `# bareboat ignore=…` on one of the comment lines directly above the line at `start`.
fn own_list(file: &Dockerfile, start: usize) -> Option<Span> {
    let source = file.source();
    let mut end = start;
    while end > 0 {
        let line_start = source[..end - 1].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = std::str::from_utf8(&source[line_start..end]).ok()?;
        let text = line.trim_start().strip_prefix('#')?.trim_start();
        if let Some(list) = text.strip_prefix("bareboat ignore=") {
            let at = line_start + (list.as_ptr() as usize - line.as_ptr() as usize);
            let length = list.find(|char: char| char.is_whitespace()).unwrap_or(list.len());
            return Some(Span::new(at, at + length));
        }
        end = line_start;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::{Configuration, Input, Linter, Preset};

    fn add(source: &str, reason: &str) -> (String, usize) {
        let enable = vec!["from-latest".to_owned(), "cd-in-run".to_owned()];
        let configuration = Configuration { preset: Preset::Buildkit, enable, ..Configuration::default() };
        let linter = Linter::new(configuration).unwrap();
        let findings = linter.lint(&Input::new(source.as_bytes()));
        let (text, silenced) = add_ignores(source.as_bytes(), &findings, reason);
        let left = linter.lint(&Input::new(&text));
        let again = add_ignores(&text, &left, reason);
        assert_eq!((&again.0, again.1), (&text, 0), "it is not stable: {left:?}");
        (String::from_utf8(text).unwrap(), silenced)
    }

    #[test]
    fn writes_above_the_instruction_and_keeps_the_rest() {
        let (text, silenced) = add(
            "# syntax=docker/dockerfile:1\nFROM debian:latest\n\n# why\n  RUN a \\\n    && cd /x\nMAINTAINER me\n",
            "TODO",
        );
        assert_eq!(silenced, 3);
        insta::assert_snapshot!(text, @r"
        # syntax=docker/dockerfile:1
        # bareboat ignore=from-latest TODO
        FROM debian:latest

        # why
          # bareboat ignore=cd-in-run TODO
          RUN a \
            && cd /x
        # bareboat ignore=maintainer TODO
        MAINTAINER me
        ");
    }

    #[test]
    fn a_comment_that_is_there_gets_the_new_names() {
        let (text, silenced) = add(
            "FROM debian:13\r\n# bareboat ignore=maintainer as ever\r\n# more\r\nmaintainer me\r\nRUN a\r\n",
            "",
        );
        assert_eq!(silenced, 1);
        assert_eq!(
            text,
            "FROM debian:13\r\n# bareboat ignore=keyword-casing,maintainer as ever\r\n# more\r\nmaintainer me\r\nRUN a\r\n"
        );
    }

    #[test]
    fn what_cannot_be_silenced_stays() {
        assert_eq!(add("FROM debian:13\nRUN --x a\n", ""), ("FROM debian:13\nRUN --x a\n".to_owned(), 0));
        assert_eq!(add("FROM debian:latest", "").0, "# bareboat ignore=from-latest\nFROM debian:latest");
    }
}
