//! Instructions: what each one says, with the place of every word.
//!
//! Nothing is expanded here: words hold their quotes, escapes and variables as written, because only the
//! build knows the variables. What BuildKit itself decodes while parsing (flags, JSON strings) is decoded.

mod command_line;
mod flags;
pub mod mount;
mod pairs;
mod single;
mod stage;
mod transfer;

use std::ops::Range;

pub use self::command_line::{
    CommandLine, Device, Executed, Healthcheck, HealthcheckCommand, Network, Run, Security,
};
pub use self::mount::{Mount, MountKind, MountOption, ResolvedMount, Sharing};
pub use self::pairs::{Pair, Pairs};
pub use self::stage::{Alias, From};
pub use self::transfer::{Add, Copy, Source, Transfer};
use crate::error::{ErrorKind, ParseError, shorten};
use crate::heredoc::Heredoc;
use crate::json::{self, Json};
use crate::parse::MOST_ERRORS;
use crate::piece::Piece;
use crate::split::{Flag, Split, split_command};
use crate::{Keyword, Span, Text, Word, suggest};

/// An instruction and all the bytes that belong to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// From the keyword's indentation to the last line end, heredocs included.
    pub span: Span,
    /// The same bytes in pieces, end to end.
    pub pieces: Vec<Piece>,
    /// What BuildKit reads: the lines joined, without continuation marks, comments and blank lines.
    pub text: Text,
    /// In the order of their `<<`.
    pub heredocs: Vec<Heredoc>,
    /// What it says.
    pub command: Command,
}

/// A keyword with its flags and arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// As written, in whatever case.
    pub keyword: Word,
    /// Every flag, known or not, in order; the known ones are in `kind` too.
    pub flags: Vec<Flag>,
    /// Where the arguments are in the instruction's text, trimmed.
    pub arguments: Range<usize>,
    /// The arguments, understood.
    pub kind: Kind,
}

/// The arguments of an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `ADD`
    Add(Add),
    /// `ARG`: names with or without value.
    Arg(Vec<Pair>),
    /// `CMD`
    Cmd(CommandLine),
    /// `COPY`
    Copy(Copy),
    /// `ENTRYPOINT`
    Entrypoint(CommandLine),
    /// `ENV`
    Env(Pairs),
    /// `EXPOSE`: ports as written.
    Expose(Vec<Word>),
    /// `FROM`
    From(From),
    /// `HEALTHCHECK`
    Healthcheck(Healthcheck),
    /// `LABEL`
    Label(Pairs),
    /// `MAINTAINER`: the rest of the line.
    Maintainer(Word),
    /// `ONBUILD`
    Onbuild(Onbuild),
    /// `RUN`
    Run(Run),
    /// `SHELL`: program and arguments.
    Shell(Vec<Word>),
    /// `STOPSIGNAL`: the rest of the line.
    Stopsignal(Word),
    /// `USER`: the rest of the line.
    User(Word),
    /// `VOLUME`: paths.
    Volume(Vec<Word>),
    /// `WORKDIR`: the rest of the line.
    Workdir(Word),
    /// The keyword is unknown, or the arguments make no sense; an error says which.
    Broken,
}

/// An instruction kept for the builds that start from this image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onbuild {
    /// The trigger, within the same text.
    pub trigger: Box<Command>,
}

impl Instruction {
    /// The instruction's keyword, when it is a known one.
    pub fn keyword(&self) -> Option<Keyword> {
        self.command.known_keyword()
    }

    /// The trigger of an ONBUILD, otherwise the command itself: what runs in the end.
    pub fn effective(&self) -> &Command {
        match &self.command.kind {
            Kind::Onbuild(onbuild) => &onbuild.trigger,
            _ => &self.command,
        }
    }

    /// From the keyword to the last byte of text, without indentation, line end and heredocs.
    pub fn text_span(&self) -> Span {
        self.text.source_span(self.command.keyword.range.start..self.command.arguments.end)
    }

    /// The source bytes of `range` in `word`'s text, where `word` belongs to this instruction.
    pub fn locate(&self, word: &Word, range: Range<usize>) -> Span {
        word.locate(&self.text, range)
    }

    /// What an ONBUILD stores in the image: the trigger's text with its heredocs, as BuildKit writes it.
    pub fn onbuild_expression(&self, source: &[u8]) -> Option<String> {
        let Kind::Onbuild(_) = self.command.kind else { return None };
        let text = self.text.as_str();
        let rest = &text[self.command.keyword.range.end..];
        let mut expression = rest.trim_start_matches(crate::split::is_separator).to_owned();
        for heredoc in &self.heredocs {
            expression.push('\n');
            expression.push_str(&String::from_utf8_lossy(heredoc.body.of(source)));
            expression.push_str(&heredoc.name);
        }
        Some(expression)
    }
}

impl Command {
    /// The keyword, when it is a known one.
    pub fn known_keyword(&self) -> Option<Keyword> {
        Keyword::from_name(&self.keyword.text)
    }

    /// The first flag called `name`.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.name == name)
    }

    /// From the keyword to the end of the arguments; `text` is the instruction's.
    pub fn span(&self, text: &Text) -> Span {
        text.source_span(self.keyword.range.start..self.arguments.end.max(self.keyword.range.end))
    }
}

/// An instruction split but not understood: enough to know whether heredocs follow.
pub(crate) struct Head {
    split: Split,
    keyword: Option<Keyword>,
    trigger: Option<Box<Head>>,
}

impl Head {
    pub(crate) fn read(text: &Text, range: Range<usize>) -> Self {
        let split = split_command(text, range);
        let keyword = Keyword::from_name(&text.as_str()[split.keyword.clone()]);
        // Triggers of triggers are refused, so one level is all there is.
        let trigger = (keyword == Some(Keyword::Onbuild) && !split.arguments.is_empty()).then(|| {
            let split = split_command(text, split.arguments.clone());
            let keyword = Keyword::from_name(&text.as_str()[split.keyword.clone()]);
            Box::new(Head { split, keyword, trigger: None })
        });
        Self { split, keyword, trigger }
    }

    /// True when `<<` in it may announce heredocs. A misspelt keyword counts as the one it resembles, so that
    /// the lines of its heredoc are not taken for instructions.
    pub(crate) fn takes_heredocs(&self, text: &Text) -> bool {
        let head = self.trigger.as_deref().unwrap_or(self);
        let keyword = head.keyword.or_else(|| suggested(&text.as_str()[head.split.keyword.clone()]));
        keyword.is_some_and(Keyword::takes_heredocs)
            && json::parse(&text.as_str()[head.split.arguments.clone()]) == Json::Not
    }
}

fn suggested(name: &str) -> Option<Keyword> {
    suggest(name, Keyword::ALL.map(Keyword::as_str)).and_then(Keyword::from_name)
}

/// Understands arguments, and collects what is wrong with them.
pub(crate) struct Reader<'a> {
    pub(crate) text: &'a Text,
    pub(crate) heredocs: &'a [Heredoc],
    pub(crate) escape: char,
    pub(crate) errors: &'a mut Vec<ParseError>,
    pub(crate) deferred: bool,
}

impl Reader<'_> {
    pub(crate) fn command(&mut self, head: Head) -> Command {
        let Head { split, keyword, trigger } = head;
        let name = self.text.word(split.keyword);
        let (flags, arguments) = (split.flags, split.arguments);
        let kind = match keyword {
            None => self.unknown(&name),
            Some(keyword) => {
                let call = Call { keyword, name: name.span, flags: &flags, arguments: arguments.clone() };
                self.kind(call, trigger)
            }
        };
        Command { keyword: name, flags, arguments, kind }
    }

    fn unknown(&mut self, name: &Word) -> Kind {
        let suggestion = suggested(&name.text);
        self.error(name.span, ErrorKind::UnknownInstruction { name: shorten(&name.text), suggestion });
        Kind::Broken
    }

    fn kind(&mut self, call: Call<'_>, trigger: Option<Box<Head>>) -> Kind {
        let kind = match call.keyword {
            Keyword::Add => self.add(&call),
            Keyword::Arg => self.arg(&call),
            Keyword::Cmd => self.command_line(&call).map(Kind::Cmd),
            Keyword::Copy => self.copy(&call),
            Keyword::Entrypoint => self.command_line(&call).map(Kind::Entrypoint),
            Keyword::Env => self.pairs(&call).map(Kind::Env),
            Keyword::Expose => self.expose(&call),
            Keyword::From => self.from(&call),
            Keyword::Healthcheck => self.healthcheck(&call),
            Keyword::Label => self.pairs(&call).map(Kind::Label),
            Keyword::Maintainer => self.rest(&call).map(Kind::Maintainer),
            Keyword::Onbuild => self.onbuild(&call, trigger),
            Keyword::Run => self.run(&call),
            Keyword::Shell => self.shell(&call),
            Keyword::Stopsignal => self.rest(&call).map(Kind::Stopsignal),
            Keyword::User => self.rest(&call).map(Kind::User),
            Keyword::Volume => self.volume(&call),
            Keyword::Workdir => self.rest(&call).map(Kind::Workdir),
        };
        kind.unwrap_or(Kind::Broken)
    }

    fn onbuild(&mut self, call: &Call<'_>, trigger: Option<Box<Head>>) -> Option<Kind> {
        self.check_flags(call);
        let Some(head) = trigger else {
            self.missing(call, "an instruction");
            return None;
        };
        let forbidden = [Keyword::Onbuild, Keyword::From, Keyword::Maintainer];
        if let Some(keyword) = head.keyword.filter(|keyword| forbidden.contains(keyword)) {
            let span = self.text.source_span(head.split.keyword.clone());
            self.error(span, ErrorKind::ForbiddenTrigger { trigger: keyword });
            return None;
        }
        let outer = std::mem::replace(&mut self.deferred, true);
        let trigger = Box::new(self.command(*head));
        self.deferred = outer;
        Some(Kind::Onbuild(Onbuild { trigger }))
    }

    pub(crate) fn error(&mut self, span: Span, kind: ErrorKind) {
        if !self.is_full() {
            self.errors.push(ParseError { span, kind, deferred: self.deferred });
        }
    }

    /// True when further errors are not kept.
    fn is_full(&self) -> bool {
        self.errors.len() >= MOST_ERRORS
    }

    /// Reports that arguments are missing; the keyword is to blame.
    fn missing(&mut self, call: &Call<'_>, needs: &'static str) {
        self.error(call.name, ErrorKind::MissingArguments { keyword: call.keyword, needs });
    }

    fn argument_text(&self, call: &Call<'_>) -> &str {
        &self.text.as_str()[call.arguments.clone()]
    }

    /// The arguments as JSON strings: `Ok(None)` for shell form, `Err(())` once other values are reported.
    fn json(&mut self, range: Range<usize>) -> Result<Option<Vec<Word>>, ()> {
        match json::parse(&self.text.as_str()[range.clone()]) {
            Json::Not => Ok(None),
            Json::NotStrings(place) => {
                let span = self.text.source_span(range.start + place.start..range.start + place.end);
                self.error(span, ErrorKind::JsonNotStrings);
                Err(())
            }
            Json::Strings(strings) => Ok(Some(
                strings
                    .into_iter()
                    .map(|(text, place)| Word {
                        text,
                        ..self.text.word(range.start + place.start..range.start + place.end)
                    })
                    .collect(),
            )),
        }
    }
}

/// What the reader of one instruction is given.
pub(crate) struct Call<'a> {
    keyword: Keyword,
    /// The keyword's bytes.
    name: Span,
    flags: &'a [Flag],
    arguments: Range<usize>,
}
