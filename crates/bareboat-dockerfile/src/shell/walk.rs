//! Walking over a script: every command, word and expansion once, in order, with where it stands.

use super::{
    AndOr, Assignment, Command, CommandKind, List, Part, Pipeline, Redirection, Script, Simple, Word,
};

/// Something met on the walk.
#[derive(Debug, Clone, Copy)]
pub enum Node<'s> {
    /// Before its pipelines.
    AndOr(&'s AndOr),
    /// Before its commands.
    Pipeline(&'s Pipeline),
    /// Before its parts; also before [`Node::Simple`].
    Command(&'s Command),
    /// A simple command with the command it is.
    Simple(&'s Simple, &'s Command),
    /// Before its value.
    Assignment(&'s Assignment),
    /// Before its target.
    Redirection(&'s Redirection),
    /// Before its parts.
    Word(&'s Word, Place),
    /// A part of a word; `true` inside double quotes or a heredoc.
    Part(&'s Part, Place, bool),
}

/// What a word is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The name of a simple command.
    CommandName,
    /// An argument.
    Argument,
    /// The value of an assignment: not split.
    Value,
    /// An element of an array.
    Element,
    /// The target of a redirection.
    Target,
    /// In the list of a `for`.
    ForList,
    /// What a `case` compares: not split.
    CaseWord,
    /// A pattern of a `case`.
    Pattern,
    /// Inside `[[ … ]]`: not split.
    Test,
    /// The body of a heredoc: not split.
    Heredoc,
    /// The argument of a `${name:-…}`.
    ParameterArgument,
}

/// Where something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Context {
    /// Inside `$(…)`, backquotes or `<(…)`.
    pub in_substitution: bool,
    /// Inside `( … )`.
    pub in_subshell: bool,
    /// In the body of a function.
    pub in_function: bool,
    /// In the body of a loop.
    pub in_loop: bool,
    /// Its status is looked at: a condition, the left of `&&` or `||`, or after `!`.
    pub checked: bool,
    /// In a pipeline of several commands.
    pub in_pipeline: bool,
}

impl Script {
    /// Calls `visit` for everything in the script.
    pub fn walk<'s>(&'s self, visit: &mut dyn FnMut(Node<'s>, Context)) {
        let mut walker = Walker { script: self, visit };
        walker.list(&self.body, Context::default());
    }

    /// Every simple command in order, also those in substitutions, with where it stands.
    pub fn simple_commands(&self) -> Vec<(&Simple, &Command, Context)> {
        let mut found = Vec::new();
        self.walk(&mut |node, context| {
            if let Node::Simple(simple, command) = node {
                found.push((simple, command, context));
            }
        });
        found
    }
}

struct Walker<'s, 'v> {
    script: &'s Script,
    visit: &'v mut dyn FnMut(Node<'s>, Context),
}

impl<'s> Walker<'s, '_> {
    fn list(&mut self, list: &'s List, context: Context) {
        for and_or in &list.items {
            (self.visit)(Node::AndOr(and_or), context);
            let last = and_or.rest.len();
            for (index, pipeline) in and_or.pipelines().enumerate() {
                let checked = context.checked || index < last;
                self.pipeline(pipeline, Context { checked, ..context });
            }
        }
    }

    fn pipeline(&mut self, pipeline: &'s Pipeline, context: Context) {
        (self.visit)(Node::Pipeline(pipeline), context);
        let checked = context.checked || pipeline.negated;
        let in_pipeline = context.in_pipeline || pipeline.commands.len() > 1;
        for command in &pipeline.commands {
            self.command(command, Context { checked, in_pipeline, ..context });
        }
    }

    fn command(&mut self, command: &'s Command, context: Context) {
        (self.visit)(Node::Command(command), context);
        let condition = Context { checked: true, ..context };
        let looped = Context { in_loop: true, ..context };
        match &command.kind {
            CommandKind::Simple(simple) => self.simple(simple, command, context),
            CommandKind::Group(body) => self.list(body, context),
            CommandKind::Subshell(body) => self.list(body, Context { in_subshell: true, ..context }),
            CommandKind::If { branches, otherwise } => {
                for (guard, body) in branches {
                    self.list(guard, condition);
                    self.list(body, context);
                }
                otherwise.iter().for_each(|body| self.list(body, context));
            }
            CommandKind::While { condition: guard, body, .. } => {
                self.list(guard, Context { checked: true, ..looped });
                self.list(body, looped);
            }
            CommandKind::For { words, body, .. } => {
                words.iter().flatten().for_each(|word| self.word(word, Place::ForList, context));
                self.list(body, looped);
            }
            CommandKind::ArithmeticFor { body, .. } => self.list(body, looped),
            CommandKind::Case { word, arms } => {
                word.iter().for_each(|word| self.word(word, Place::CaseWord, context));
                for (patterns, body) in arms {
                    patterns.iter().for_each(|word| self.word(word, Place::Pattern, context));
                    self.list(body, context);
                }
            }
            CommandKind::Function { body, .. } => {
                let context = Context { in_function: true, ..Context::default() };
                body.iter().for_each(|body| self.command(body, context));
            }
            CommandKind::Test(words) => words.iter().for_each(|word| self.word(word, Place::Test, context)),
            CommandKind::Arithmetic(_) => {}
        }
        command.redirections.iter().for_each(|redirection| self.redirection(redirection, context));
    }

    fn simple(&mut self, simple: &'s Simple, command: &'s Command, context: Context) {
        (self.visit)(Node::Simple(simple, command), context);
        for assignment in &simple.assignments {
            (self.visit)(Node::Assignment(assignment), context);
            self.word(&assignment.value, Place::Value, context);
        }
        for (index, word) in simple.words.iter().enumerate() {
            let place = if index == 0 { Place::CommandName } else { Place::Argument };
            self.word(word, place, context);
        }
    }

    fn redirection(&mut self, redirection: &'s Redirection, context: Context) {
        (self.visit)(Node::Redirection(redirection), context);
        match redirection.heredoc.and_then(|index| self.script.heredocs.get(index)) {
            Some(heredoc) => self.parts(&heredoc.parts, Place::Heredoc, true, context),
            None => redirection.target.iter().for_each(|word| self.word(word, Place::Target, context)),
        }
    }

    fn word(&mut self, word: &'s Word, place: Place, context: Context) {
        (self.visit)(Node::Word(word, place), context);
        self.parts(&word.parts, place, false, context);
    }

    fn parts(&mut self, parts: &'s [Part], place: Place, quoted: bool, context: Context) {
        for part in parts {
            (self.visit)(Node::Part(part, place, quoted), context);
            // What runs inside has its own status, pipeline and loop.
            let inner =
                Context { in_substitution: true, in_function: context.in_function, ..Context::default() };
            match part {
                Part::DoubleQuoted { parts, .. } => self.parts(parts, place, true, context),
                Part::Command { body, .. } | Part::Process { body, .. } => self.list(body, inner),
                Part::Array { words, .. } => {
                    words.iter().for_each(|word| self.word(word, Place::Element, context));
                }
                Part::Parameter(parameter) => {
                    let argument = parameter.argument.iter();
                    argument.for_each(|word| {
                        (self.visit)(Node::Word(word, Place::ParameterArgument), context);
                        self.parts(&word.parts, Place::ParameterArgument, quoted, context);
                    });
                }
                Part::Literal { .. } | Part::SingleQuoted { .. } | Part::Arithmetic { .. } => {}
            }
        }
    }
}
