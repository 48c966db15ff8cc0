//! A cursor over one dependency specifier.

use super::RequirementError;

/// Reads a text from left to right; every `take_` skips white space first.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes `symbol` if it comes next.
    pub(super) fn take_symbol(&mut self, symbol: &str) -> bool {
        self.skip_space();
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len();
        }
        found
    }

    /// Takes `word` if it comes next and ends there.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        self.skip_space();
        let Some(rest) = self.rest().strip_prefix(word) else {
            return false;
        };
        let ends = !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
        if ends {
            self.at += word.len();
        }
        ends
    }

    /// Takes the longest run of characters that `belongs` accepts, perhaps empty.
    pub(super) fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        self.skip_space();
        let rest = self.rest();
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Takes a quoted text if a quote comes next.
    pub(super) fn take_quoted(&mut self) -> Result<Option<String>, RequirementError> {
        self.skip_space();
        let rest = self.rest();
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return Ok(None);
        };
        let end = rest[1..].find(quote).ok_or_else(|| self.error("the quote does not end"))?;
        self.at += end + 2;
        Ok(Some(rest[1..=end].to_owned()))
    }

    pub(super) fn expect_end(&mut self) -> Result<(), RequirementError> {
        self.skip_space();
        match self.rest().chars().next() {
            None => Ok(()),
            Some(_) => {
                Err(self
                    .error(&format!("`{}` is unexpected", self.rest().chars().take(40).collect::<String>())))
            }
        }
    }

    /// An error at the current position.
    pub(super) fn error(&self, why: &str) -> RequirementError {
        RequirementError::new(self.text, self.at, why)
    }
}
