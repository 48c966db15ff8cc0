//! Redirections, and heredocs as they are announced.

use super::reader::Reader;
use super::{Redirection, ShellErrorKind, ShellHeredoc, Word};

/// Longest first: the first that fits is the operator.
const OPERATORS: [&str; 12] = ["<<<", "<<-", "&>>", "<<", "<&", "<>", ">>", ">&", ">|", "&>", "<", ">"];

impl Reader<'_> {
    /// The redirection at the cursor, if there is one.
    pub(super) fn redirection(&mut self) -> Option<Redirection> {
        let start = self.at;
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let operator = *OPERATORS.iter().find(|operator| self.rest()[digits..].starts_with(**operator))?;
        // `2&>x` is not one redirection, and `<(…)` starts a word.
        let substitution = operator.len() == 1 && self.peek_at(digits + 1) == Some(b'(');
        if digits > 0 && operator.starts_with('&') || substitution {
            return None;
        }
        let descriptor = self.rest()[..digits].parse().ok();
        self.at += digits + operator.len();
        self.blanks();
        let target = self.deeper(Self::word).flatten();
        if target.is_none() {
            self.error(start..self.at, ShellErrorKind::MissingWord { after: operator });
        }
        let heredoc = match (operator, &target) {
            ("<<" | "<<-", Some(word)) => Some(self.announce(word, operator == "<<-")),
            _ => None,
        };
        let end = target.as_ref().map_or(start + digits + operator.len(), |word| word.range.end);
        Some(Redirection { descriptor, operator, target, heredoc, range: start..end })
    }

    fn announce(&mut self, word: &Word, strip_tabs: bool) -> usize {
        let raw = || self.text[word.range.clone()].to_owned();
        let name = word.literal().unwrap_or_else(raw);
        let heredoc =
            ShellHeredoc { name, quoted: !word.is_bare(), strip_tabs, body: 0..0, parts: Vec::new() };
        self.heredocs.push(heredoc);
        let index = self.heredocs.len() - 1;
        self.pending.push(index);
        index
    }
}
