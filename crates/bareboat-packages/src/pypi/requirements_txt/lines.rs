//! Logical lines of a requirements file: continuations joined, comments gone, variables filled in.
//!
//! Follows pip's documented "Requirements File Format".

use std::collections::BTreeMap;

/// One logical line.
pub(super) struct Line {
    /// The line it begins on, from 1.
    pub(super) number: usize,
    pub(super) text: String,
}

/// The logical lines of `text` that are not empty.
pub(super) fn logical_lines(text: &str, variables: &BTreeMap<String, String>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut pending: Option<Line> = None;
    for (index, raw) in text.lines().enumerate() {
        let mut line = pending.take().unwrap_or(Line { number: index + 1, text: String::new() });
        let comment = raw.trim_start().starts_with('#');
        match raw.strip_suffix('\\') {
            Some(continued) if !comment => {
                line.text.push_str(continued);
                pending = Some(line);
            }
            // A comment line ends a continuation, but what came before it counts.
            _ if comment => lines.push(line),
            _ => {
                line.text.push_str(raw);
                lines.push(line);
            }
        }
    }
    lines.extend(pending);
    for line in &mut lines {
        line.text = fill_in(strip_comment(&line.text).trim(), variables);
    }
    lines.retain(|line| !line.text.is_empty());
    lines
}

/// Cuts a `#` that stands at the beginning or behind white space.
fn strip_comment(text: &str) -> &str {
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        if character == '#' && before.is_whitespace() {
            return &text[..at];
        }
        before = character;
    }
    text
}

/// Replaces `${NAME}` (upper case, digits, `_`) by the variable; unknown ones stay as they are.
fn fill_in(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (head, tail) = rest.split_at(at);
        filled.push_str(head);
        let name = tail[2..].split('}').next().unwrap_or_default();
        let sound = !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
            && tail[2 + name.len()..].starts_with('}');
        match variables.get(name) {
            Some(value) if sound => {
                filled.push_str(value);
                rest = &tail[name.len() + 3..];
            }
            _ => {
                filled.push_str("${");
                rest = &tail[2..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_strips_and_fills_in() {
        let variables = BTreeMap::from([("TOKEN".to_owned(), "s3cret".to_owned())]);
        let text = "flask==3.0 \\\n  --hash=sha256:aa \\\n  --hash=sha256:bb # why\n\n# all\nx @ https://${TOKEN}@a.test/x#egg=x\ny${NO}${TOKEN\nlast \\\n# comment\nnext\\";
        let lines: Vec<(usize, String)> =
            logical_lines(text, &variables).into_iter().map(|line| (line.number, line.text)).collect();
        assert_eq!(
            lines,
            [
                (1, "flask==3.0   --hash=sha256:aa   --hash=sha256:bb".to_owned()),
                (6, "x @ https://s3cret@a.test/x#egg=x".to_owned()),
                (7, "y${NO}${TOKEN".to_owned()),
                (8, "last".to_owned()),
                (10, "next".to_owned()),
            ]
        );
    }
}
