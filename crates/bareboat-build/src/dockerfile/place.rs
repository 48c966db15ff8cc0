//! Where in a Dockerfile something is, shown with its lines.

use std::fmt;
use std::sync::Arc;

use bareboat_dockerfile::{LineIndex, Span};

/// A text that instructions come from: a Dockerfile, or what ONBUILD left in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// What it is called in messages.
    pub name: Arc<str>,
    /// Its bytes.
    pub source: Arc<[u8]>,
}

/// Some lines of a text, with the words that matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The text's name.
    name: Arc<str>,
    /// Number of the first line, from 1.
    pub line: usize,
    column: usize,
    /// Characters to underline; 0 when more than one line is meant.
    width: usize,
    lines: Vec<String>,
}

impl Text {
    /// The place of `span`.
    pub fn place(&self, span: Span) -> Place {
        let index = LineIndex::new(&self.source);
        let (start, last) = (index.position(span.start), index.position(span.end.max(span.start + 1) - 1));
        let shown = start.line..=last.line.min(start.line + MOST_LINES - 1);
        let lines = shown.map(|line| String::from_utf8_lossy(index.line(line)).into_owned()).collect();
        let width = if start.line == last.line { last.column + 1 - start.column } else { 0 };
        Place { name: self.name.clone(), line: start.line, column: start.column, width, lines }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.line + self.lines.len().saturating_sub(1);
        let margin = last.to_string().len();
        write!(f, "{:margin$}--> {}:{}", "", self.name, self.line)?;
        for (number, line) in (self.line..).zip(&self.lines) {
            write!(f, "\n{number:>margin$} | {line}")?;
        }
        if self.width > 0 {
            // Tabs stay tabs, so that the marks stand below the words.
            let before = self.lines.first().map_or("", String::as_str).chars().take(self.column - 1);
            let blank: String = before.map(|char| if char == '\t' { '\t' } else { ' ' }).collect();
            write!(f, "\n{:margin$} | {blank}{}", "", "^".repeat(self.width))?;
        }
        Ok(())
    }
}

const MOST_LINES: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn place(source: &str, start: usize, end: usize) -> String {
        let text = Text { name: "Dockerfile".into(), source: source.as_bytes().into() };
        text.place(Span::new(start, end)).to_string()
    }

    #[test]
    fn marks_words_of_one_line() {
        let shown = place("FROM a\nCOPY b /c\n", 12, 13);
        assert_eq!(shown, " --> Dockerfile:2\n2 | COPY b /c\n  |      ^");
    }

    #[test]
    fn shows_all_lines_of_a_longer_instruction() {
        let shown = place("FROM a\nRUN x \\\n  && y\n", 7, 21);
        assert_eq!(shown, " --> Dockerfile:2\n2 | RUN x \\\n3 |   && y");
    }
}
