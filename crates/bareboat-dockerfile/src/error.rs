//! What makes a Dockerfile wrong, with the place and what to do about it.

use crate::instruction::mount::MountError;
use crate::{Keyword, Span};

/// An error at a place. Parsing goes on after each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ParseError {
    /// The bytes to blame.
    pub span: Span,
    /// What is wrong.
    pub kind: ErrorKind,
    /// Inside an ONBUILD trigger: BuildKit builds this file, and fails when somebody builds on its image.
    pub deferred: bool,
}

/// What is wrong. Texts from the file are shortened to 60 characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum ErrorKind {
    #[error("the file has {bytes} bytes; at most {limit} are read")]
    FileTooLarge { bytes: usize, limit: usize },
    #[error("there is too much wrong or too much at all here; the rest of the file is not read")]
    GaveUp,
    #[error("the line has {bytes} bytes; BuildKit reads at most 65535")]
    LineTooLong { bytes: usize },
    #[error("the `{name}` directive is given twice")]
    DuplicateDirective { name: &'static str },
    #[error("the escape character can be `\\` or a backtick, not `{value}`")]
    InvalidEscape { value: String },
    #[error("`{name}` is not an instruction")]
    UnknownInstruction { name: String, suggestion: Option<Keyword> },
    #[error("`{keyword}` has no flag `--{flag}`")]
    UnknownFlag { keyword: Keyword, flag: String, suggestion: Option<&'static str> },
    #[error("`--{flag}` is given twice")]
    DuplicateFlag { flag: String },
    #[error("`--{flag}` needs a value")]
    FlagNeedsValue { flag: String },
    #[error("`--{flag}` is on or off: its value is `true` or `false`, not `{value}`")]
    FlagNotBoolean { flag: String, value: String },
    #[error("`--{flag}` cannot be `{value}`")]
    InvalidFlagValue { flag: String, value: String, allowed: &'static str },
    #[error("`{keyword}` needs {needs}")]
    MissingArguments { keyword: Keyword, needs: &'static str },
    #[error("`{word}` is no `name=value` pair")]
    MissingEquals { word: String },
    #[error("a name is missing before `=`")]
    BlankName,
    #[error("the JSON array holds something other than strings")]
    JsonNotStrings,
    #[error("`SHELL` takes the JSON form only")]
    ShellNotJson,
    #[error("`FROM` takes an image, or an image, `AS` and a name")]
    FromArguments,
    #[error("`{name}` cannot name a stage: want a letter, then letters, digits, `-`, `_` and `.`")]
    InvalidStageName { name: String },
    #[error("`ONBUILD` cannot trigger `{trigger}`")]
    ForbiddenTrigger { trigger: Keyword },
    #[error("`HEALTHCHECK` is followed by `CMD` or `NONE`, not by `{word}`")]
    HealthcheckType { word: String },
    #[error("`HEALTHCHECK NONE` takes no arguments")]
    HealthcheckNoneArguments,
    #[error("`{value}` is no duration for `--{flag}`")]
    InvalidDuration { flag: &'static str, value: String },
    #[error("`--{flag}={value}` is shorter than a millisecond")]
    DurationTooShort { flag: &'static str, value: String },
    #[error("`--retries` takes a whole number from 0, not `{value}`")]
    InvalidRetries { value: String },
    #[error("the heredoc `{name}` is never closed")]
    UnterminatedHeredoc { name: String },
    #[error("the heredoc's name has an open quote")]
    BrokenHeredocName,
    #[error("`{keyword}` cannot take a heredoc as its destination")]
    HeredocDestination { keyword: Keyword },
    #[error("a volume's path is empty")]
    EmptyVolume,
    #[error("`{option}` is taken literally, variables do not work there")]
    VariableInFrom { option: &'static str },
    #[error(transparent)]
    Mount(#[from] MountError),
}

impl ParseError {
    /// What to do about it: an imperative.
    pub fn hint(&self) -> Option<String> {
        let text = match &self.kind {
            ErrorKind::FileTooLarge { .. } | ErrorKind::GaveUp => "check that this is a Dockerfile",
            ErrorKind::LineTooLong { .. } => {
                "break the line with a continuation mark, or copy a file instead"
            }
            ErrorKind::DuplicateDirective { .. } => "remove one of them",
            ErrorKind::InvalidEscape { .. } => "write `# escape=\\` or `# escape=` and a backtick",
            ErrorKind::UnknownInstruction { name, suggestion } => {
                return unknown_instruction(name, *suggestion);
            }
            ErrorKind::UnknownFlag { keyword, suggestion, .. } => {
                return Some(unknown_flag(*keyword, *suggestion));
            }
            ErrorKind::DuplicateFlag { .. } => "keep one of them",
            ErrorKind::FlagNeedsValue { flag } => return Some(format!("write `--{flag}=VALUE`")),
            ErrorKind::FlagNotBoolean { flag, .. } => {
                return Some(format!("write `--{flag}` or `--{flag}=false`"));
            }
            ErrorKind::InvalidFlagValue { allowed, .. } => return Some(format!("use {allowed}")),
            ErrorKind::MissingEquals { .. } => "put the value in quotes, or write `name=value` for each pair",
            ErrorKind::JsonNotStrings => "put every element in double quotes",
            ErrorKind::ShellNotJson => "write it as `SHELL [\"/bin/sh\", \"-c\"]`",
            ErrorKind::FromArguments => "write `FROM image` or `FROM image AS name`",
            ErrorKind::HealthcheckType { .. } => "write `HEALTHCHECK CMD …`",
            ErrorKind::InvalidDuration { .. } => "write a number and a unit, as in `30s` or `1m30s`",
            ErrorKind::UnterminatedHeredoc { name } => {
                return Some(format!("add a line with nothing but `{name}`, without white space around it"));
            }
            ErrorKind::BrokenHeredocName => "close the quote in the heredoc's name",
            ErrorKind::HeredocDestination { .. } => "add the destination path as the last word",
            ErrorKind::VariableInFrom { .. } => {
                "name a stage (`FROM image:$VERSION AS base`) and refer to that name"
            }
            ErrorKind::Mount(error) => return error.hint(),
            _ => return None,
        };
        Some(text.to_owned())
    }
}

fn unknown_instruction(name: &str, suggestion: Option<Keyword>) -> Option<String> {
    if let Some(keyword) = suggestion {
        return Some(format!("did you mean `{keyword}`?"));
    }
    let glued = name.find(|char: char| char.is_whitespace()).map(|end| &name[..end]);
    if glued.and_then(Keyword::from_name).is_some() {
        return Some("replace the unusual white space after the keyword by a space".to_owned());
    }
    Some("if this line belongs to the one before, end that one with the escape character".to_owned())
}

fn unknown_flag(keyword: Keyword, suggestion: Option<&str>) -> String {
    match (suggestion, keyword.flags()) {
        (Some(flag), _) => format!("did you mean `--{flag}`?"),
        (None, []) => format!("remove it: `{keyword}` takes no flags"),
        (None, flags) => format!("use one of `--{}`", flags.join("`, `--")),
    }
}

/// `text`, shortened for a message.
pub(crate) fn shorten(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
