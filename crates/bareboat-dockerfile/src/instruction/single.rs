//! EXPOSE and VOLUME, and the instructions whose one argument is the rest of the line.

use super::{Call, Kind, Reader};
use crate::error::ErrorKind;
use crate::split::plain_words;
use crate::{Keyword, Word};

impl Reader<'_> {
    /// The rest of the line, for MAINTAINER, STOPSIGNAL, USER and WORKDIR.
    pub(super) fn rest(&mut self, call: &Call<'_>) -> Option<Word> {
        // BuildKit never looks at the flags of a STOPSIGNAL.
        if call.keyword() != Keyword::Stopsignal {
            self.check_flags(call);
        }
        if call.arguments.is_empty() {
            self.missing(call, "an argument");
            return None;
        }
        Some(self.text.word(call.arguments.clone()))
    }

    pub(super) fn expose(&mut self, call: &Call<'_>) -> Option<Kind> {
        self.check_flags(call);
        let words = self.plain_words(call);
        if words.is_empty() {
            self.missing(call, "a port");
            return None;
        }
        Some(Kind::Expose(words))
    }

    pub(super) fn volume(&mut self, call: &Call<'_>) -> Option<Kind> {
        self.check_flags(call);
        let words = match self.json(call.arguments.clone()).ok()? {
            Some(words) => words,
            None => self.plain_words(call),
        };
        if words.is_empty() {
            self.missing(call, "a path");
            return None;
        }
        for word in words.iter().filter(|word| word.text.trim().is_empty()) {
            self.error(word.span, ErrorKind::EmptyVolume);
        }
        Some(Kind::Volume(words))
    }

    pub(super) fn plain_words(&self, call: &Call<'_>) -> Vec<Word> {
        let ranges = plain_words(self.text, call.arguments.clone());
        ranges.into_iter().map(|range| self.text.word(range)).collect()
    }
}
