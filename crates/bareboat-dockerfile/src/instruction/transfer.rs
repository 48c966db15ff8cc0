//! COPY and ADD: sources, a destination, and how files arrive.

use super::command_line::has_variable;
use super::{Call, Kind, Reader};
use crate::error::ErrorKind;
use crate::{Word, heredoc};

/// What COPY and ADD have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// At least one, in order.
    pub sources: Vec<Source>,
    /// The last word.
    pub destination: Word,
    /// Written as a JSON array.
    pub json: bool,
    /// `--chown`
    pub chown: Option<Word>,
    /// `--chmod`
    pub chmod: Option<Word>,
    /// `--link`
    pub link: bool,
    /// `--exclude`, in order.
    pub exclude: Vec<Word>,
}

/// Where files come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A path, pattern or, for ADD, an address.
    Path(Word),
    /// The heredoc with this index in the instruction.
    Heredoc(usize),
}

/// `COPY`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// `--from`: a stage, its number, an image or a named context.
    pub from: Option<Word>,
    /// `--parents`
    pub parents: bool,
    /// The rest.
    pub transfer: Transfer,
}

/// `ADD`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Add {
    /// `--checksum`
    pub checksum: Option<Word>,
    /// `--keep-git-dir`
    pub keep_git_dir: bool,
    /// `--unpack`; without it local archives are unpacked and remote ones are not.
    pub unpack: Option<bool>,
    /// The rest.
    pub transfer: Transfer,
}

impl Reader<'_> {
    pub(super) fn copy(&mut self, call: &Call<'_>) -> Option<Kind> {
        self.check_flags(call);
        let from = call.value("from");
        if let Some(word) = from.as_ref().filter(|word| has_variable(&word.text)) {
            self.error(word.span, ErrorKind::VariableInFrom { option: "--from" });
        }
        let transfer = self.transfer(call)?;
        Some(Kind::Copy(Copy { from, parents: call.switch("parents").unwrap_or(false), transfer }))
    }

    pub(super) fn add(&mut self, call: &Call<'_>) -> Option<Kind> {
        self.check_flags(call);
        let transfer = self.transfer(call)?;
        Some(Kind::Add(Add {
            checksum: call.value("checksum"),
            keep_git_dir: call.switch("keep-git-dir").unwrap_or(false),
            unpack: call.switch("unpack"),
            transfer,
        }))
    }

    fn transfer(&mut self, call: &Call<'_>) -> Option<Transfer> {
        let (mut words, json) = match self.json(call.arguments.clone()).ok()? {
            Some(words) => (words, true),
            None => (self.plain_words(call), false),
        };
        if words.len() < 2 {
            self.missing(call, "at least one source and a destination");
            return None;
        }
        let destination = words.pop()?;
        let is_heredoc = |word: &Word| !json && matches!(heredoc::parse_word(&word.text), Ok(Some(_)));
        if is_heredoc(&destination) {
            self.error(destination.span, ErrorKind::HeredocDestination { keyword: call.keyword() });
            return None;
        }
        Some(Transfer {
            sources: words.into_iter().map(|word| self.source(word, json)).collect(),
            destination,
            json,
            chown: call.value("chown"),
            chmod: call.value("chmod"),
            link: call.switch("link").unwrap_or(false),
            exclude: call.values("exclude"),
        })
    }

    /// Heredocs are found in the whole line first; a source is one when it stands at the same place.
    fn source(&self, word: Word, json: bool) -> Source {
        let index = self.heredocs.binary_search_by_key(&word.range.start, |heredoc| heredoc.word.range.start);
        match index {
            Ok(index) if !json => Source::Heredoc(index),
            _ => Source::Path(word),
        }
    }
}
