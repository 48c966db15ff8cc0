//! Commands of RUN, CMD, ENTRYPOINT and HEALTHCHECK: a program with its arguments, constant values filled in.

use std::borrow::Cow;

use bareboat_dockerfile::Span;
use bareboat_dockerfile::shell::{self, Simple};

use super::evaluate::Evaluator;
use super::script::ShellScript;
use super::wrapper::{is_assignment, wrapped};

/// A program that is called.
///
/// `sudo apt-get install x` is two calls: `sudo` with everything, and `apt-get install x`, which is `wrapped`.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// The program's name without directories; empty when it is not known.
    pub name: String,
    /// The program as written, and its place.
    pub program: Argument<'a>,
    /// What follows.
    pub arguments: Vec<Argument<'a>>,
    /// `NAME=value` in front, also after `env`; `None` for values that are not known.
    pub environment: Vec<(String, Option<String>)>,
    /// From the first word (an assignment too) to the last, redirections included.
    pub span: Span,
    /// It is called by another one, the call before it.
    pub wrapped: bool,
    /// The script it is in; `None` for a JSON form.
    pub script: Option<&'a ShellScript>,
    /// The command as parsed; `None` for a JSON form.
    pub simple: Option<&'a Simple>,
    /// Its redirections are here; `None` for a JSON form.
    pub command: Option<&'a shell::Command>,
    /// Where in its script it stands: in a pipeline, a condition, a loop.
    pub context: shell::Context,
}

/// A word of a call.
#[derive(Debug, Clone)]
pub struct Argument<'a> {
    /// The value: quotes removed, variables replaced where their values are known. When it is not complete, the
    /// part before the first thing that is not known.
    pub text: String,
    /// `text` is all of it.
    pub is_complete: bool,
    /// Its bytes, as written.
    pub span: Span,
    /// The word as parsed; `None` for a JSON form. Several arguments share one when a variable was split.
    pub word: Option<&'a shell::Word>,
}

impl Argument<'_> {
    /// The value, when all of it is known.
    pub fn value(&self) -> Option<&str> {
        self.is_complete.then_some(self.text.as_str())
    }

    /// True when all of it is known and it is `text`.
    pub fn is(&self, text: &str) -> bool {
        self.is_complete && self.text == text
    }
}

impl<'a> Call<'a> {
    /// True when the program is one of `names`.
    pub fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }

    /// The arguments as options and operands, the way this program reads them.
    pub fn options(&self, grammar: &Grammar) -> Options<'_, 'a> {
        let mut options = Options { options: Vec::new(), operands: Vec::new() };
        let mut arguments = self.arguments.iter().peekable();
        while let Some(argument) = arguments.next() {
            let text = argument.text.as_str();
            if argument.is("--") {
                options.operands.extend(arguments);
                break;
            }
            if let Some(long) = text.strip_prefix("--").filter(|long| !long.is_empty()) {
                let (name, value) = split_value(long);
                let valued = value.is_none() && grammar.takes_value(&text[..name.len() + 2]);
                let following = if valued { arguments.next() } else { None };
                options.push(Cow::Borrowed(&text[..name.len() + 2]), argument, value, following);
            } else if text.len() > 1 && text.starts_with('-') {
                short(&mut options, argument, grammar, &mut arguments);
            } else {
                options.operands.push(argument);
            }
        }
        options
    }

    /// Calls of one simple command: itself, and the one inside when it is a wrapper.
    pub(super) fn of_simple(
        script: &'a ShellScript,
        evaluator: &Evaluator<'a, '_>,
        (simple, command, context): (&'a Simple, &'a shell::Command, shell::Context),
    ) -> Vec<Self> {
        let words: Vec<_> = simple.words.iter().flat_map(|word| evaluator.arguments(word)).collect();
        let environment = simple.assignments.iter().map(|assignment| {
            let mut values = evaluator.arguments(&assignment.value);
            let value = match values.len() {
                0 => Some(String::new()),
                1 => values.pop().filter(|value| value.is_complete).map(|value| value.text),
                _ => None,
            };
            (assignment.name.clone(), value)
        });
        let template = Call {
            environment: environment.collect(),
            span: script.script.span(command.range.clone()),
            script: Some(script),
            simple: Some(simple),
            command: Some(command),
            context,
            ..Self::empty()
        };
        template.of_words(words)
    }

    /// Calls of a JSON form.
    pub(super) fn of_exec(words: &[bareboat_dockerfile::Word]) -> Vec<Self> {
        let arguments = words.iter().map(|word| Argument {
            text: word.text.clone(),
            is_complete: true,
            span: word.span,
            word: None,
        });
        let span = words.first().zip(words.last()).map(|(first, last)| first.span.to(last.span));
        Self { span: span.unwrap_or_default(), ..Self::empty() }.of_words(arguments.collect())
    }

    fn of_words(self, words: Vec<Argument<'a>>) -> Vec<Self> {
        let values: Vec<_> = words.iter().map(|word| word.value().map(str::to_owned)).collect();
        let inner = wrapped(&values);
        let mut calls = Vec::new();
        for start in if inner > 0 { vec![0, inner] } else { vec![0] } {
            let Some((program, arguments)) = words[start.min(words.len())..].split_first() else { break };
            let mut call = self.clone();
            call.name = program.value().map_or("", |path| path.rsplit('/').next().unwrap_or(path)).to_owned();
            call.program = program.clone();
            call.arguments = arguments.to_vec();
            call.wrapped = start > 0;
            if call.wrapped {
                let before = words[..start].iter().filter_map(Argument::value);
                let assignments =
                    before.filter(|word| is_assignment(word)).filter_map(|word| word.split_once('='));
                let assignments = assignments.map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
                call.environment.extend(assignments);
                call.span = Span { start: program.span.start, ..self.span };
            }
            calls.push(call);
        }
        calls
    }

    fn empty() -> Self {
        let program = Argument { text: String::new(), is_complete: false, span: Span::default(), word: None };
        Self {
            name: String::new(),
            program,
            arguments: Vec::new(),
            environment: Vec::new(),
            span: Span::default(),
            wrapped: false,
            script: None,
            simple: None,
            command: None,
            context: shell::Context::default(),
        }
    }
}

/// How a program reads its options. Constants for programs that several rules look at are in
/// [`super::grammar`]; a rule may have its own.
#[derive(Debug, Clone, Copy)]
pub struct Grammar {
    /// Options that take the next word as their value, with their dashes: `-o`, `--target-release`.
    pub valued: &'static [&'static str],
    /// Long options have one dash (`go`, `java`, `find`): letters after a dash are no flags of their own.
    pub single_dash: bool,
}

impl Grammar {
    fn takes_value(&self, option: &str) -> bool {
        self.valued.contains(&option)
    }
}

/// Options and operands of a call.
#[derive(Debug)]
pub struct Options<'c, 'a> {
    /// In order; letters written together (`-qqy`) are separate.
    pub options: Vec<CallOption<'c, 'a>>,
    /// The words that are neither options nor their values.
    pub operands: Vec<&'c Argument<'a>>,
}

/// An option of a call.
#[derive(Debug)]
pub struct CallOption<'c, 'a> {
    /// With its dashes, without value: `-y`, `--yes`.
    pub name: Cow<'c, str>,
    /// Its value: after `=`, after the letter, or the next word.
    pub value: Option<Cow<'c, str>>,
    /// The word it is in.
    pub argument: &'c Argument<'a>,
    /// The next word, when that is its value.
    pub following: Option<&'c Argument<'a>>,
}

impl<'c, 'a> Options<'c, 'a> {
    /// True when one of the options called `names` is given.
    pub fn has(&self, names: &[&str]) -> bool {
        self.find(names).is_some()
    }

    /// The first option called one of `names`.
    pub fn find(&self, names: &[&str]) -> Option<&CallOption<'c, 'a>> {
        self.options.iter().find(|option| names.contains(&option.name.as_ref()))
    }

    /// The value of the last option called one of `names`.
    pub fn value(&self, names: &[&str]) -> Option<&str> {
        let found = self.options.iter().rfind(|option| names.contains(&option.name.as_ref()));
        found.and_then(|option| option.value.as_deref())
    }

    /// The first operand, when it is known: `install` in `apt-get -y install x`.
    pub fn subcommand(&self) -> Option<&str> {
        self.operands.first().and_then(|operand| operand.value())
    }

    /// The operands after the first: `x` in `apt-get -y install x`.
    pub fn rest(&self) -> &[&'c Argument<'a>] {
        self.operands.get(1..).unwrap_or_default()
    }

    fn push(
        &mut self,
        name: Cow<'c, str>,
        argument: &'c Argument<'a>,
        value: Option<&'c str>,
        following: Option<&'c Argument<'a>>,
    ) {
        let value = value.or(following.map(|following| following.text.as_str())).map(Cow::Borrowed);
        self.options.push(CallOption { name, value, argument, following });
    }
}

type Rest<'c, 'a> = std::iter::Peekable<std::slice::Iter<'c, Argument<'a>>>;

fn short<'c, 'a>(
    options: &mut Options<'c, 'a>,
    argument: &'c Argument<'a>,
    grammar: &Grammar,
    rest: &mut Rest<'c, 'a>,
) {
    let text = argument.text.as_str();
    if grammar.single_dash {
        let (name, value) = split_value(text);
        let following = if value.is_none() && grammar.takes_value(name) { rest.next() } else { None };
        options.push(Cow::Borrowed(name), argument, value, following);
        return;
    }
    for (at, letter) in text.char_indices().skip(1) {
        let name = format!("-{letter}");
        if !grammar.takes_value(&name) {
            // `-o=value`, where the letter takes none: the rest is no letters either.
            if letter == '=' {
                return;
            }
            options.push(Cow::Owned(name), argument, None, None);
            continue;
        }
        let attached = &text[at + letter.len_utf8()..];
        let attached = attached.strip_prefix('=').unwrap_or(attached);
        match attached.is_empty() {
            true => {
                let following = rest.next();
                options.push(Cow::Owned(name), argument, None, following);
            }
            false => options.push(Cow::Owned(name), argument, Some(attached), None),
        }
        return;
    }
}

fn split_value(option: &str) -> (&str, Option<&str>) {
    match option.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (option, None),
    }
}
