//! Command lines as people write them in a Procfile or in configuration, without a shell to read them.
//!
//! Quotes and backslashes are understood (POSIX shell, XCU section 2.2), `$NAME`, `${NAME}` and
//! `${NAME:-default}` are kept for the launcher, and everything that only a shell can do is refused by name.

/// Splits `line` into words.
///
/// # Errors
/// A construct that needs a shell (`&&`, pipes, redirection, command substitution, …) or an unclosed quote.
pub fn split(line: &str) -> Result<Vec<String>, WordsError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some('$') => word.push_str(LITERAL_DOLLAR),
                        Some(inner) => word.push(inner),
                        None => return Err(WordsError::UnclosedQuote { line: line.to_owned() }),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') if matches!(chars.peek(), Some('"' | '\\' | '`')) => {
                            word.extend(chars.next())
                        }
                        Some('\\') if chars.peek() == Some(&'$') => {
                            chars.next();
                            word.push_str(LITERAL_DOLLAR);
                        }
                        Some('`') => return Err(shell(line, "`")),
                        Some(inner) => word.push(inner),
                        None => return Err(WordsError::UnclosedQuote { line: line.to_owned() }),
                    }
                }
            }
            '\\' => match chars.next() {
                Some('$') => word.get_or_insert_default().push_str(LITERAL_DOLLAR),
                Some('\n') => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
                None => word.get_or_insert_default().push('\\'),
            },
            '$' if chars.peek() == Some(&'(') => return Err(shell(line, "$(")),
            '#' if word.is_none() => break,
            '&' | '|' | ';' | '<' | '>' | '(' | ')' | '`' => {
                let doubled = chars.peek() == Some(&c) && matches!(c, '&' | '|');
                return Err(shell(line, &c.to_string().repeat(if doubled { 2 } else { 1 })));
            }
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if words.is_empty() {
        return Err(WordsError::Empty);
    }
    Ok(words)
}

/// A dollar sign that the launcher must not read as a variable.
const LITERAL_DOLLAR: &str = "$$";

/// True when the launcher has to replace a variable in `word` at start.
pub fn has_variable(word: &str) -> bool {
    word.contains('$')
}

/// The default of `PORT` in `${PORT:-8000}`, when the command names one.
pub fn default_port(words: &[String]) -> Option<u16> {
    words.iter().find_map(|word| {
        let rest = &word[word.find("${PORT:-")? + "${PORT:-".len()..];
        rest.split('}').next()?.parse().ok()
    })
}

fn shell(line: &str, construct: &str) -> WordsError {
    WordsError::NeedsShell { line: line.to_owned(), construct: construct.to_owned() }
}

/// Why a command line cannot be split without a shell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// Only a shell could run it.
    #[error("`{construct}` in `{line}` needs a shell, and the image has none")]
    NeedsShell {
        /// The whole line.
        line: String,
        /// The first construct that needs the shell.
        construct: String,
    },
    /// A quote is not closed.
    #[error("a quote in `{line}` is not closed")]
    UnclosedQuote {
        /// The whole line.
        line: String,
    },
    /// Nothing there.
    #[error("the command is empty")]
    Empty,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_quotes_escapes_and_keeps_variables() {
        let words =
            split(r#"gunicorn -b "0.0.0.0:${PORT:-8000}" 'my app':x a\ b --e="x y" '$5' # note"#).unwrap();
        assert_eq!(words, ["gunicorn", "-b", "0.0.0.0:${PORT:-8000}", "my app:x", "a b", "--e=x y", "$$5"]);
        assert_eq!(default_port(&words), Some(8000));
    }

    #[test]
    fn names_what_needs_a_shell() {
        for (line, construct) in
            [("a && b", "&&"), ("a | b", "|"), ("a > f", ">"), ("a $(b)", "$("), ("a; b", ";")]
        {
            assert_eq!(split(line), Err(shell(line, construct)));
        }
        assert_eq!(split("  "), Err(WordsError::Empty));
        assert!(matches!(split("a 'b"), Err(WordsError::UnclosedQuote { .. })));
    }
}
