//! ENV, LABEL and ARG: names and values.

use std::ops::Range;

use super::{Call, Kind, Reader};
use crate::error::{ErrorKind, shorten};
use crate::split::{is_separator, quoted_words};
use crate::{Span, Word};

/// The pairs of an ENV or LABEL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairs {
    /// Written the old way, `ENV name value`: one pair, whose value is the rest of the line.
    pub legacy: bool,
    /// In order; at least one, each with a value.
    pub pairs: Vec<Pair>,
}

/// A name, and a value if one is given. Quotes, escapes and variables are as written in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Never empty.
    pub name: Word,
    /// `None` only for an ARG without `=`.
    pub value: Option<Word>,
    /// Both.
    pub span: Span,
}

impl Reader<'_> {
    pub(super) fn arg(&mut self, call: &Call<'_>) -> Option<Kind> {
        // BuildKit never looks at the flags of an ARG.
        let words = quoted_words(self.text, call.arguments.clone(), self.escape);
        if words.is_empty() {
            self.missing(call, "a name");
            return None;
        }
        let pairs: Vec<Pair> = words.into_iter().filter_map(|word| self.pair(word)).collect();
        (!pairs.is_empty()).then_some(Kind::Arg(pairs))
    }

    pub(super) fn pairs(&mut self, call: &Call<'_>) -> Option<Pairs> {
        self.check_flags(call);
        let words = quoted_words(self.text, call.arguments.clone(), self.escape);
        let Some(first) = words.first() else {
            self.missing(call, "`name=value`");
            return None;
        };
        if !self.text.as_str()[first.clone()].contains('=') {
            return self.legacy_pair(call);
        }
        let mut pairs = Vec::new();
        for word in words {
            if self.text.as_str()[word.clone()].contains('=') {
                pairs.extend(self.pair(word));
            } else {
                let word = self.text.word(word);
                self.error(word.span, ErrorKind::MissingEquals { word: shorten(&word.text) });
            }
        }
        (!pairs.is_empty()).then_some(Pairs { legacy: false, pairs })
    }

    fn legacy_pair(&mut self, call: &Call<'_>) -> Option<Pairs> {
        let arguments = self.argument_text(call);
        let Some(end) = arguments.find(is_separator) else {
            self.missing(call, "a name and a value");
            return None;
        };
        let value = arguments[end..].trim_start_matches(is_separator);
        let range = call.arguments.clone();
        let pair = Pair {
            name: self.text.word(range.start..range.start + end),
            value: Some(self.text.word(range.end - value.len()..range.end)),
            span: self.text.source_span(range),
        };
        Some(Pairs { legacy: true, pairs: vec![pair] })
    }

    fn pair(&mut self, word: Range<usize>) -> Option<Pair> {
        let equals = self.text.as_str()[word.clone()].find('=').map(|at| word.start + at);
        let span = self.text.source_span(word.clone());
        if equals == Some(word.start) {
            self.error(span, ErrorKind::BlankName);
            return None;
        }
        Some(Pair {
            name: self.text.word(word.start..equals.unwrap_or(word.end)),
            value: equals.map(|equals| self.text.word(equals + 1..word.end)),
            span,
        })
    }
}
