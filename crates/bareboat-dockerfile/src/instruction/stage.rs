//! FROM: the start of a stage.

use super::{Call, Kind, Reader};
use crate::Word;
use crate::error::{ErrorKind, shorten};

/// `FROM image AS name`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct From {
    /// `--platform`
    pub platform: Option<Word>,
    /// An image, an earlier stage, or `scratch`; variables as written.
    pub image: Word,
    /// The stage's name.
    pub alias: Option<Alias>,
}

/// `AS name`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The `AS` as written.
    pub keyword: Word,
    /// The name as written; stages are known by it in lower case.
    pub name: Word,
}

impl Reader<'_> {
    pub(super) fn from(&mut self, call: &Call<'_>) -> Option<Kind> {
        self.check_flags(call);
        let platform = call.value("platform");
        let mut words = self.plain_words(call).into_iter();
        let (image, keyword, name) = (words.next(), words.next(), words.next());
        let alias = match (image.is_some(), keyword, name, words.next()) {
            (true, None, None, None) => None,
            (true, Some(keyword), Some(name), None) if keyword.text.eq_ignore_ascii_case("as") => {
                if !is_stage_name(&name.text) {
                    self.error(name.span, ErrorKind::InvalidStageName { name: shorten(&name.text) });
                }
                Some(Alias { keyword, name })
            }
            (false, ..) => {
                self.missing(call, "an image");
                None
            }
            _ => {
                let span = self.text.source_span(call.arguments.clone());
                self.error(span, ErrorKind::FromArguments);
                None
            }
        };
        Some(Kind::From(From { platform, image: image?, alias }))
    }
}

/// True for what can name a stage once it is in lower case.
pub(crate) fn is_stage_name(name: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || "-_.".contains(char))
}
