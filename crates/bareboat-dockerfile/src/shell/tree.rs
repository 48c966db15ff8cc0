//! The parts of a script. Every `range` counts bytes of the script's text.

use std::ops::Range;

/// Commands one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List {
    /// In order.
    pub items: Vec<AndOr>,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AndOr {
    /// The first pipeline.
    pub first: Pipeline,
    /// Operators and what follows each.
    pub rest: Vec<(AndOrOperator, Pipeline)>,
    /// Ended by `&`.
    pub background: bool,
    /// From the first word to the last.
    pub range: Range<usize>,
}

/// `&&` or `||`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AndOrOperator {
    /// `||`
    pub or: bool,
    /// Its two bytes.
    pub range: Range<usize>,
}

/// Commands joined by `|`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Starts with `!`.
    pub negated: bool,
    /// At least one.
    pub commands: Vec<Command>,
    /// The `|` or `|&` between them, one less than commands.
    pub pipes: Vec<Range<usize>>,
    /// From the first word to the last.
    pub range: Range<usize>,
}

/// A command and where it reads and writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What kind.
    pub kind: CommandKind,
    /// Redirections, in order; they may stand anywhere in a simple command.
    pub redirections: Vec<Redirection>,
    /// Everything, redirections included.
    pub range: Range<usize>,
}

/// The kinds of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandKind {
    /// `name argument …`
    Simple(Simple),
    /// `{ …; }`
    Group(List),
    /// `( … )`
    Subshell(List),
    /// `if …; then …; fi`
    If {
        /// Each condition with what it guards: `if` and every `elif`.
        branches: Vec<(List, List)>,
        /// `else`
        otherwise: Option<List>,
    },
    /// `while …; do …; done`, also `until`.
    While {
        /// `until`
        until: bool,
        /// The condition.
        condition: List,
        /// The loop's body.
        body: List,
    },
    /// `for name in …; do …; done`, also `select`.
    For {
        /// The variable.
        name: String,
        /// The words after `in`; `None` without `in`.
        words: Option<Vec<Word>>,
        /// The loop's body.
        body: List,
    },
    /// `for ((…; …; …)); do …; done`
    ArithmeticFor {
        /// Between the double parentheses.
        header: Range<usize>,
        /// The loop's body.
        body: List,
    },
    /// `case word in … esac`
    Case {
        /// What is compared.
        word: Option<Word>,
        /// Patterns and what each guards.
        arms: Vec<(Vec<Word>, List)>,
    },
    /// `name() …` or `function name …`
    Function {
        /// Its name.
        name: String,
        /// Written with the keyword `function`.
        keyword: bool,
        /// Its body.
        body: Option<Box<Command>>,
    },
    /// `[[ … ]]`: words and operators as they come.
    Test(Vec<Word>),
    /// `(( … ))`: what is inside.
    Arithmetic(Range<usize>),
}

/// Assignments, a name and arguments; any of them may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Simple {
    /// `name=value` before the first word.
    pub assignments: Vec<Assignment>,
    /// The command's name and arguments.
    pub words: Vec<Word>,
}

/// `name=value` or `name+=value`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The name, with its index if there is one: `x`, `x[1]`.
    pub name: String,
    /// `+=`
    pub append: bool,
    /// May have no parts.
    pub value: Word,
    /// All of it.
    pub range: Range<usize>,
}

/// `2>&1`, `<file`, `<<EOF` …
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirection {
    /// The number before the operator.
    pub descriptor: Option<u32>,
    /// `<`, `>`, `>>`, `<>`, `>|`, `<&`, `>&`, `&>`, `&>>`, `<<`, `<<-` or `<<<`.
    pub operator: &'static str,
    /// File, descriptor, heredoc name or string.
    pub target: Option<Word>,
    /// Index in [`super::Script::heredocs`], for `<<` and `<<-`.
    pub heredoc: Option<usize>,
    /// All of it, without a heredoc's body.
    pub range: Range<usize>,
}

/// The lines of a heredoc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellHeredoc {
    /// The line that ends it, quotes removed.
    pub name: String,
    /// Some part of the name is quoted: the body is taken as it is.
    pub quoted: bool,
    /// `<<-`
    pub strip_tabs: bool,
    /// The lines with their line ends.
    pub body: Range<usize>,
    /// What an unquoted heredoc's body expands; one literal for a quoted one's.
    pub parts: Vec<Part>,
}

/// A word: parts glued together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Word {
    /// In order; none for an empty word.
    pub parts: Vec<Part>,
    /// From the first quote or character to the last.
    pub range: Range<usize>,
}

/// A stretch of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text outside quotes, or inside double ones.
    Literal {
        /// Without the backslash that escaped it.
        text: String,
        /// A character after a backslash: no wildcard, no variable.
        escaped: bool,
        /// Its bytes, backslash included.
        range: Range<usize>,
    },
    /// `'…'`
    SingleQuoted {
        /// Between the quotes; for `$'…'` with its escapes decoded.
        text: String,
        /// Written `$'…'`.
        ansi: bool,
        /// Quotes included.
        range: Range<usize>,
    },
    /// `"…"`
    DoubleQuoted {
        /// Between the quotes.
        parts: Vec<Part>,
        /// Quotes included.
        range: Range<usize>,
    },
    /// `$name` or `${…}`
    Parameter(Box<Parameter>),
    /// `$(…)` or backquotes.
    Command {
        /// What runs.
        body: List,
        /// Written with backquotes.
        backquoted: bool,
        /// Delimiters included.
        range: Range<usize>,
    },
    /// `$((…))`
    Arithmetic {
        /// What is inside.
        inside: Range<usize>,
        /// Delimiters included.
        range: Range<usize>,
    },
    /// `<(…)` or `>(…)`
    Process {
        /// What runs.
        body: List,
        /// `>(…)`
        output: bool,
        /// Delimiters included.
        range: Range<usize>,
    },
    /// `(…)` after `name=`.
    Array {
        /// The elements.
        words: Vec<Word>,
        /// Parentheses included.
        range: Range<usize>,
    },
}

/// `$name` or `${…}`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// A variable, a number, or a special character; empty when it is malformed.
    pub name: String,
    /// Written with braces.
    pub braced: bool,
    /// `${#name}`
    pub length: bool,
    /// `${!name}`
    pub indirect: bool,
    /// Between the brackets of `${name[…]}`.
    pub index: Option<Range<usize>>,
    /// What follows the name: `:-`, `%%`, `//`, `:` and so on.
    pub operator: Option<String>,
    /// What follows the operator.
    pub argument: Option<Word>,
    /// `$` and braces included.
    pub range: Range<usize>,
}

impl Part {
    /// Its bytes.
    pub fn range(&self) -> Range<usize> {
        match self {
            Self::Literal { range, .. }
            | Self::SingleQuoted { range, .. }
            | Self::DoubleQuoted { range, .. }
            | Self::Command { range, .. }
            | Self::Arithmetic { range, .. }
            | Self::Process { range, .. }
            | Self::Array { range, .. } => range.clone(),
            Self::Parameter(parameter) => parameter.range.clone(),
        }
    }

    /// True for what the shell replaces by something else.
    pub fn is_expansion(&self) -> bool {
        !matches!(self, Self::Literal { .. } | Self::SingleQuoted { .. } | Self::DoubleQuoted { .. })
    }

    fn push_literal(&self, result: &mut String) -> bool {
        match self {
            Self::Literal { text, .. } | Self::SingleQuoted { text, .. } => result.push_str(text),
            Self::DoubleQuoted { parts, .. } => return parts.iter().all(|part| part.push_literal(result)),
            _ => return false,
        }
        true
    }
}

impl Word {
    /// The word's value, quotes and escapes removed, when nothing in it is expanded. Wildcards count as text.
    pub fn literal(&self) -> Option<String> {
        let mut result = String::new();
        self.parts.iter().all(|part| part.push_literal(&mut result)).then_some(result)
    }

    /// The value up to the first expansion: the `foo=` of `foo=$x`.
    pub fn literal_prefix(&self) -> String {
        let mut result = String::new();
        // On failure the text before it is already there.
        let _ = self.parts.iter().all(|part| part.push_literal(&mut result));
        result
    }

    /// True when nothing in it is quoted, escaped or expanded.
    pub fn is_bare(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Literal { escaped: false, .. }))
    }

    /// True when something outside double quotes is replaced by the shell and then split.
    pub fn has_unquoted_expansion(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Parameter(_) | Part::Command { .. }))
    }

    /// True when the shell would look for files: `*`, `?` or `[` outside quotes.
    pub fn has_wildcard(&self) -> bool {
        self.parts.iter().any(|part| {
            matches!(part, Part::Literal { text, escaped: false, .. } if text.contains(['*', '?', '[']))
        })
    }
}

impl Simple {
    /// The command's name, when nothing in it is expanded.
    pub fn name(&self) -> Option<String> {
        self.words.first().and_then(Word::literal)
    }

    /// The words after the name.
    pub fn arguments(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }
}

impl List {
    /// True without commands.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl AndOr {
    /// All pipelines in order.
    pub fn pipelines(&self) -> impl Iterator<Item = &Pipeline> {
        std::iter::once(&self.first).chain(self.rest.iter().map(|(_, pipeline)| pipeline))
    }
}

impl Command {
    /// The command as a simple one.
    pub fn as_simple(&self) -> Option<&Simple> {
        match &self.kind {
            CommandKind::Simple(simple) => Some(simple),
            _ => None,
        }
    }
}
