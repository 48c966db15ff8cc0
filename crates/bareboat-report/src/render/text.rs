//! Findings for people: a title, the source with the place marked, what will happen, what to do.

use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet};

use super::lines::Lines;
use crate::{FileReport, Finding, Safety, Severity};

/// How the text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextStyle {
    /// With ANSI escape sequences.
    pub colors: bool,
    /// Columns of the terminal.
    pub width: usize,
}

/// Everything found in one file; empty without findings.
pub fn text(report: &FileReport, style: TextStyle) -> String {
    let renderer = if style.colors { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(style.width);
    let lines = Lines::new(&report.source);
    let mut text = String::new();
    for finding in &report.findings {
        text.push_str(&renderer.render(&[group(report, finding, &lines)]));
        text.push_str("\n\n");
    }
    text
}

fn group<'a>(report: &'a FileReport, finding: &'a Finding, lines: &Lines<'_>) -> Group<'a> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
        Severity::Style => Level::INFO.with_name("style"),
    };
    let id = finding
        .aliases
        .first()
        .map_or(finding.rule.to_string(), |alias| format!("{}, {alias}", finding.rule));
    let title = level.primary_title(finding.message.as_str()).id(id);
    let mut places = vec![(&finding.place, AnnotationKind::Primary, None)];
    let related = finding.related.iter();
    places.extend(related.map(|other| (&other.place, AnnotationKind::Context, Some(other.message.as_str()))));
    places.sort_by_key(|(place, ..)| (place.range.start, place.range.end));
    let mut elements: Vec<Element<'a>> = Vec::new();
    for (place, kind, label) in places {
        let (excerpt, marked) = lines.excerpt(place);
        let annotation = kind.span(marked).label(label);
        let snippet = Snippet::source(excerpt).line_start(place.line).path(report.path.as_str());
        elements.push(snippet.annotation(annotation).into());
    }
    elements.extend(finding.notes.iter().map(|note| Level::NOTE.message(note.as_str()).into()));
    elements.extend(finding.help.iter().map(|help| Level::HELP.message(help.as_str()).into()));
    elements.extend(finding.fix.iter().map(|fix| {
        let option = if fix.safety == Safety::Safe { "--fix" } else { "--fix --unsafe" };
        Level::HELP.with_name("fix").message(format!("{} (`{option}`)", fix.title)).into()
    }));
    title.elements(elements)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::{Fix, Place, Related};

    const SOURCE: &[u8] = b"FROM a\r\nRUN \xff caf\xc3\xa9 && \\\n  cd /x\nUSER root\n";

    fn place(range: Range<usize>, line: usize, column: usize, end_line: usize, end_column: usize) -> Place {
        Place { range, line, column, end_line, end_column }
    }

    #[test]
    fn shows_the_source_what_happens_and_what_to_do() {
        let report = FileReport {
            path: "app/Dockerfile".to_owned(),
            source: SOURCE.to_vec(),
            findings: vec![Finding {
                rule: "cd-in-run".into(),
                aliases: vec!["DL3003".into()],
                severity: Severity::Warning,
                message: "`cd` only lasts until the end of this `RUN`".to_owned(),
                place: place(8..32, 2, 1, 3, 8),
                related: vec![Related {
                    place: place(33..42, 4, 1, 4, 10),
                    message: "runs elsewhere".to_owned(),
                }],
                notes: vec!["the next instruction starts in `/` again".to_owned()],
                help: Some("use `WORKDIR`".to_owned()),
                fix: Some(Fix {
                    safety: Safety::Unsafe,
                    title: "replace it by `WORKDIR`".to_owned(),
                    edits: Vec::new(),
                    writes: Vec::new(),
                }),
            }],
        };
        insta::assert_snapshot!(text(&report, TextStyle { colors: false, width: 100 }), @r"
        warning[cd-in-run, DL3003]: `cd` only lasts until the end of this `RUN`
         --> app/Dockerfile:2:1
          |
        2 | / RUN � café && \
        3 | |   cd /x
          | |_______^
          |
         ::: app/Dockerfile:4:1
          |
        4 |   USER root
          |   --------- runs elsewhere
          |
          = note: the next instruction starts in `/` again
          = help: use `WORKDIR`
          = fix: replace it by `WORKDIR` (`--fix --unsafe`)
        ");
    }
}
