//! Splitting an instruction's text: keyword, flags, arguments; and arguments into words.
//!
//! All positions are byte offsets in the joined text of the instruction.

use std::ops::Range;

use crate::Text;

/// An instruction's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) keyword: Range<usize>,
    pub(crate) flags: Vec<Flag>,
    /// What is left, without white space around it.
    pub(crate) arguments: Range<usize>,
}

/// A `--name=value` before the arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The name without `--`, quotes and escapes removed.
    pub name: String,
    /// The name's bytes, without `--`.
    pub name_span: crate::Span,
    /// The value, quotes and escapes removed; `None` without `=`.
    pub value: Option<crate::Word>,
    /// All its bytes.
    pub span: crate::Span,
}

/// White space between words, where Unicode's does not count.
pub(crate) fn is_separator(char: char) -> bool {
    matches!(char, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ')
}

/// Splits the part of `text` at `range` into keyword, flags and arguments.
pub(crate) fn split_command(text: &Text, range: Range<usize>) -> Split {
    let whole = trim(text.as_str(), range);
    let line = &text.as_str()[whole.clone()];
    let keyword = line.find(is_separator).unwrap_or(line.len());
    let after = line[keyword..].trim_start_matches(is_separator);
    let mut at = whole.end - after.len();
    let mut flags = Vec::new();
    at = read_flags(text, at..whole.end, &mut flags);
    Split {
        keyword: whole.start..whole.start + keyword,
        flags,
        arguments: trim(text.as_str(), at..whole.end),
    }
}

/// `range` without white space at its ends.
pub(crate) fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let inside = &text[range.clone()];
    let start = range.start + inside.len() - inside.trim_start().len();
    let end = (range.start + inside.trim_end().len()).max(start);
    start..end
}

/// Collects flags from the start of `range`; returns where the arguments start.
fn read_flags(text: &Text, range: Range<usize>, flags: &mut Vec<Flag>) -> usize {
    let mut at = range.start;
    loop {
        let rest = &text.as_str()[at..range.end];
        at = range.end - rest.trim_start().len();
        if !text.as_str()[at..range.end].starts_with("--") {
            return at;
        }
        let flag = read_flag(text, at..range.end);
        at = flag.end;
        if flag.cooked == "--" {
            return at;
        }
        flags.push(flag.finish(text));
    }
}

/// A flag in the making.
struct RawFlag {
    start: usize,
    end: usize,
    /// Without quotes and backslashes.
    cooked: String,
    /// Where the first `=` is, in `cooked` and in the text.
    equals: Option<(usize, usize)>,
}

/// Reads to the next white space outside quotes. The backslash escapes here whatever the escape directive says.
fn read_flag(text: &Text, range: Range<usize>) -> RawFlag {
    let mut flag = RawFlag { start: range.start, end: range.end, cooked: String::new(), equals: None };
    let mut quote = None;
    let mut chars = text.as_str()[range.clone()].char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            _ if quote == Some(char) => quote = None,
            '\'' | '"' if quote.is_none() => quote = Some(char),
            '\\' => flag.cooked.extend(chars.next().map(|(_, escaped)| escaped)),
            _ if quote.is_none() && char.is_whitespace() => {
                flag.end = range.start + at;
                break;
            }
            _ => {
                if char == '=' && flag.equals.is_none() {
                    flag.equals = Some((flag.cooked.len(), range.start + at));
                }
                flag.cooked.push(char);
            }
        }
    }
    flag
}

impl RawFlag {
    fn finish(self, text: &Text) -> Flag {
        let (name_end, raw_name_end) = self.equals.unwrap_or((self.cooked.len(), self.end));
        let name = self.cooked.get(2..name_end).unwrap_or_default().to_owned();
        let value = self.equals.map(|(cooked, raw)| {
            let mut word = text.word(raw + 1..self.end);
            word.text = self.cooked[cooked + 1..].to_owned();
            word
        });
        let name_start = (self.start + 2).min(raw_name_end);
        Flag {
            name,
            name_span: text.source_span(name_start..raw_name_end),
            value,
            span: text.source_span(self.start..self.end),
        }
    }
}

/// The words between separators.
pub(crate) fn plain_words(text: &Text, range: Range<usize>) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut at = range.start;
    for word in text.as_str()[range].split(is_separator) {
        if !word.is_empty() {
            words.push(at..at + word.len());
        }
        // Every separator is one byte.
        at += word.len() + 1;
    }
    words
}

/// The words between white space that is neither quoted nor escaped; quotes and escapes stay. An escape
/// character at the very end is dropped.
pub(crate) fn quoted_words(text: &Text, range: Range<usize>, escape: char) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut word: Option<Range<usize>> = None;
    let mut quote = None;
    let mut chars = text.as_str()[range.clone()].char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        let at = range.start + at;
        if quote.is_none() && char.is_whitespace() {
            words.extend(word.take().filter(|word| !word.is_empty()));
            continue;
        }
        let open = word.get_or_insert(at..at);
        let mut end = at + char.len_utf8();
        if char == escape && quote != Some('\'') {
            match chars.next() {
                Some((_, escaped)) => end += escaped.len_utf8(),
                None => end = at,
            }
        } else if quote == Some(char) {
            quote = None;
        } else if quote.is_none() && matches!(char, '\'' | '"') {
            quote = Some(char);
        }
        open.end = end;
    }
    words.extend(word.filter(|word| !word.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Span;

    fn text(source: &str) -> Text {
        let mut text = Text::default();
        text.push_source(source.as_bytes(), Span::new(0, source.len()));
        text
    }

    fn flags(source: &str) -> (Vec<(String, Option<String>)>, String) {
        let text = text(source);
        let split = split_command(&text, 0..text.len());
        let flags = split.flags.into_iter().map(|flag| (flag.name, flag.value.map(|value| value.text)));
        (flags.collect(), text.as_str()[split.arguments].to_owned())
    }

    #[test]
    fn takes_flags_up_to_the_first_other_word() {
        let flag = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        let cases = [
            ("RUN ls --all", vec![], "ls --all"),
            ("RUN --a --b=c ls", vec![flag("a", None), flag("b", Some("c"))], "ls"),
            ("RUN --a='x y' ls", vec![flag("a", Some("x y"))], "ls"),
            ("RUN --a=x\\ y\\\"z ls", vec![flag("a", Some("x y\"z"))], "ls"),
            ("RUN --a=b=c", vec![flag("a", Some("b=c"))], ""),
            ("RUN --a= -- --b", vec![flag("a", Some(""))], "--b"),
            ("RUN --a --", vec![flag("a", None)], ""),
            ("RUN\t\u{b}--a\t x ", vec![flag("a", None)], "x"),
            ("RUN - -x", vec![], "- -x"),
            ("RUN --'a b'=\"c\" d", vec![flag("a b", Some("c"))], "d"),
            ("RUN --a='open", vec![flag("a", Some("open"))], ""),
        ];
        for (source, expected, arguments) in cases {
            assert_eq!(flags(source), (expected, arguments.to_owned()), "{source}");
        }
    }

    #[test]
    fn flag_places_are_exact() {
        let text = text("COPY  --from=a --chown='b c' x y");
        let split = split_command(&text, 0..text.len());
        let source = text.as_str().as_bytes();
        assert_eq!(split.flags[0].span.of(source), b"--from=a");
        assert_eq!(split.flags[0].name_span.of(source), b"from");
        assert_eq!(split.flags[1].value.as_ref().unwrap().span.of(source), b"'b c'");
    }

    #[test]
    fn non_breaking_spaces_separate_nothing() {
        let text = text("FROM\u{a0}alpine x");
        let split = split_command(&text, 0..text.len());
        assert_eq!(&text.as_str()[split.keyword], "FROM\u{a0}alpine");
    }

    #[test]
    fn quoted_words_keep_their_quotes() {
        let cases: &[(&str, &[&str])] = &[
            ("foo bar", &["foo", "bar"]),
            ("foo\\ bar", &["foo\\ bar"]),
            ("a 'b c' \"d e\"", &["a", "'b c'", "\"d e\""]),
            ("a=\"b \\\" c\" d", &["a=\"b \\\" c\"", "d"]),
            ("a='b\\' c", &["a='b\\'", "c"]),
            ("a\\", &["a"]),
            ("a \\", &["a"]),
            ("\"a\\", &["\"a"]),
            ("'a b", &["'a b"]),
            ("''", &["''"]),
            ("\u{e9}\u{2003}x", &["\u{e9}", "x"]),
        ];
        for (source, expected) in cases {
            let text = text(source);
            let words: Vec<_> =
                quoted_words(&text, 0..text.len(), '\\').into_iter().map(|word| &source[word]).collect();
            assert_eq!(words, *expected, "{source}");
        }
    }
}
