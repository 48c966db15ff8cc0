//! Paragraphs of `Field: value` lines: `Packages`, `Release`, deb822 source lists, package control files.
//!
//! Borrows from the text and never copies: an archive's `Packages` is 60 MB. Follows `deb-control(5)` and
//! Debian Policy 5.1. Signatures, which Policy allows around such text, are not this module's business.

/// The paragraphs of `text`, in order. Empty paragraphs are skipped.
pub fn paragraphs(text: &str) -> Paragraphs<'_> {
    Paragraphs { rest: text }
}

/// Iterator over paragraphs, made by [`paragraphs`].
#[derive(Debug, Clone)]
pub struct Paragraphs<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Paragraphs<'a> {
    type Item = Paragraph<'a>;

    fn next(&mut self) -> Option<Paragraph<'a>> {
        loop {
            let text = self.take_paragraph()?;
            if text.lines().any(|line| !is_blank(line) && !line.starts_with('#')) {
                return Some(Paragraph { text });
            }
        }
    }
}

impl<'a> Paragraphs<'a> {
    /// Text up to a line that is empty or only blanks, which ends a paragraph.
    fn take_paragraph(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let bytes = self.rest.as_bytes();
        for newline in memchr::memchr_iter(b'\n', bytes) {
            // The usual next line starts with a letter: look at one byte before looking for the line's end.
            if bytes.get(newline + 1).is_some_and(|byte| !b" \t\r\n".contains(byte)) {
                continue;
            }
            let next = self.rest[newline + 1..].split('\n').next().unwrap_or_default();
            if is_blank(next) {
                let (paragraph, rest) = self.rest.split_at(newline + 1);
                self.rest = rest[next.len()..].strip_prefix('\n').unwrap_or_default();
                return Some(paragraph);
            }
        }
        Some(std::mem::take(&mut self.rest))
    }
}

fn is_blank(line: &str) -> bool {
    line.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

/// One paragraph. Field names are compared without regard to case, as Policy 5.1 says.
#[derive(Debug, Clone, Copy)]
pub struct Paragraph<'a> {
    text: &'a str,
}

impl<'a> Paragraph<'a> {
    /// The value of the first field called `name`, trimmed; a folded value keeps its line breaks.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.fields().find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Every field with its value, in order. Lines that are neither field, continuation nor comment are
    /// skipped.
    pub fn fields(&self) -> Fields<'a> {
        Fields { rest: self.text }
    }
}

/// Iterator over a paragraph's fields, made by [`Paragraph::fields`].
#[derive(Debug, Clone)]
pub struct Fields<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        while !self.rest.is_empty() {
            let field = self.take_field();
            if field.starts_with(['#', ' ', '\t']) {
                continue;
            }
            if let Some((name, value)) = field.split_once(':') {
                return Some((name.trim_end(), value.trim()));
            }
        }
        None
    }
}

impl<'a> Fields<'a> {
    /// A line and the lines that continue it, which start with a blank.
    fn take_field(&mut self) -> &'a str {
        let bytes = self.rest.as_bytes();
        let end = memchr::memchr_iter(b'\n', bytes)
            .find(|&newline| !matches!(bytes.get(newline + 1), Some(b' ' | b'\t')))
            .map_or(bytes.len(), |newline| newline + 1);
        let (field, rest) = self.rest.split_at(end);
        self.rest = rest;
        field
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fields(text: &str) -> Vec<Vec<(&str, &str)>> {
        paragraphs(text).map(|paragraph| paragraph.fields().collect()).collect()
    }

    #[test]
    fn splits_paragraphs_and_folds_continuations() {
        let text =
            "\nPackage: a\nDescription: one\n two\n\tthree\nTag:\n x,\n y\n\n \t\n# note\n\nPackage:b\r\n";
        assert_eq!(
            fields(text),
            [
                vec![("Package", "a"), ("Description", "one\n two\n\tthree"), ("Tag", "x,\n y")],
                vec![("Package", "b")]
            ]
        );
    }

    #[test]
    fn ignores_case_comments_and_lines_that_are_no_field() {
        let text = " lost continuation\nno colon here\n# Version: 9\nVERSION : 1\nversion: 2\n";
        let paragraph = paragraphs(text).next().unwrap();
        assert_eq!(paragraph.get("Version"), Some("1"));
        assert_eq!(paragraph.get("Package"), None);
    }

    #[test]
    fn keeps_a_comment_out_of_the_field_before_it() {
        let paragraph = paragraphs("URIs: a\n# b\nSuites: c\n").next().unwrap();
        assert_eq!(paragraph.fields().collect::<Vec<_>>(), [("URIs", "a"), ("Suites", "c")]);
    }

    proptest! {
        #[test]
        fn never_panics_and_never_invents_text(text in "[a-b:# \\t\\r\\n\u{e9}]{0,60}") {
            for (name, value) in paragraphs(&text).flat_map(|paragraph| paragraph.fields()) {
                prop_assert!(text.contains(name) && text.contains(value));
            }
        }
    }
}
