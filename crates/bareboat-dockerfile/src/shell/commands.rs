//! Lists, pipelines and simple commands.

use super::reader::Reader;
use super::words::{is_metacharacter, is_name};
use super::{
    AndOr, AndOrOperator, Assignment, Command, CommandKind, List, Part, Pipeline, ShellErrorKind, Simple,
    Word,
};

/// Words that end a list when they stand where a command would.
const CLOSERS: [&str; 9] = ["then", "elif", "else", "fi", "do", "done", "esac", "}", "]]"];

impl Reader<'_> {
    /// Everything up to the end; what closes nothing is noted and skipped.
    pub(super) fn script(&mut self) -> List {
        let mut script = List::default();
        loop {
            script.items.append(&mut self.list().items);
            if self.is_at_end() {
                break;
            }
            let start = self.at;
            self.at += self.closer().unwrap_or(1);
            self.unexpected(start..self.at);
            self.separator();
        }
        self.heredocs_without_lines();
        script
    }

    /// Commands up to the end or to something that closes a list.
    pub(super) fn list(&mut self) -> List {
        let mut items = Vec::new();
        loop {
            self.line_breaks();
            if self.is_at_end() || self.closer().is_some() {
                return List { items };
            }
            let start = self.at;
            if let Some(mut item) = self.deeper(Self::and_or).filter(|_| self.at > start) {
                self.blanks();
                item.background = self.peek() == Some(b'&');
                items.push(item);
            }
            self.end_of_item(start);
        }
    }

    /// What may follow an item that began at `start`: a separator, a line end, or what closes the list.
    fn end_of_item(&mut self, start: usize) {
        let Some(byte) = self.peek() else { return };
        let is_separator = matches!(byte, b';' | b'&');
        if byte == b'\n' || self.closer().is_some() {
            return;
        }
        if is_separator && self.at > start {
            self.at += 1;
            return;
        }
        let doubled = self.starts_with("&&") || self.starts_with("||");
        let length = if doubled { 2 } else { self.rest().chars().next().map_or(0, char::len_utf8) };
        self.unexpected(self.at..self.at + length);
        // A parenthesis can still be read as a subshell.
        if self.at == start || byte != b'(' {
            self.at += length;
        }
    }

    /// Length of the token at the cursor, if it closes a list.
    pub(super) fn closer(&self) -> Option<usize> {
        match self.peek()? {
            b')' => Some(1),
            b';' if self.starts_with(";;&") => Some(3),
            b';' if self.starts_with(";;") || self.starts_with(";&") => Some(2),
            _ => CLOSERS.into_iter().find(|word| self.is_reserved(word)).map(str::len),
        }
    }

    /// True when the cursor stands at the unquoted word `word`.
    pub(super) fn is_reserved(&self, word: &str) -> bool {
        let after = self.peek_at(word.len());
        self.starts_with(word) && after.is_none_or(|byte| is_metacharacter(byte) || byte == b'\r')
    }

    /// Consumes the unquoted word `word` if the cursor stands at it.
    pub(super) fn eat_reserved(&mut self, word: &str) -> bool {
        let found = self.is_reserved(word);
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn and_or(&mut self) -> AndOr {
        let start = self.at;
        let first = self.pipeline();
        let mut end = first.range.end;
        let mut rest = Vec::new();
        loop {
            self.blanks();
            let or = self.starts_with("||");
            if self.at == start || !or && !self.starts_with("&&") {
                break;
            }
            let range = self.at..self.at + 2;
            self.at += 2;
            self.line_breaks();
            let before = self.at;
            let pipeline = self.pipeline();
            if self.at == before {
                let operator = if or { "||" } else { "&&" };
                self.error(range, ShellErrorKind::MissingCommand { operator });
                break;
            }
            end = pipeline.range.end;
            rest.push((AndOrOperator { or, range }, pipeline));
        }
        AndOr { first, rest, background: false, range: start..end.max(start) }
    }

    fn pipeline(&mut self) -> Pipeline {
        let start = self.at;
        let mut negated = false;
        while self.eat_reserved("!") || self.eat_reserved("time") {
            negated |= self.text[..self.at].ends_with('!');
            self.blanks();
        }
        let mut commands = vec![self.command()];
        let mut pipes = Vec::new();
        loop {
            self.blanks();
            if self.at == start || self.peek() != Some(b'|') || self.starts_with("||") {
                break;
            }
            let pipe = self.at..self.at + if self.starts_with("|&") { 2 } else { 1 };
            self.at = pipe.end;
            self.line_breaks();
            let before = self.at;
            let command = self.command();
            if self.at == before {
                self.error(pipe, ShellErrorKind::MissingCommand { operator: "|" });
                break;
            }
            pipes.push(pipe);
            commands.push(command);
        }
        let end = commands.last().map_or(start, |command| command.range.end);
        Pipeline { negated, commands, pipes, range: start..end.max(start) }
    }

    /// The command at the cursor. When there is none, an empty simple one, and the cursor does not move.
    pub(super) fn command(&mut self) -> Command {
        let start = self.at;
        if self.is_at_end() || self.closer().is_some() {
            let kind = CommandKind::Simple(Simple::default());
            return Command { kind, redirections: Vec::new(), range: start..start };
        }
        if let Some(kind) = self.deeper(Self::compound).flatten() {
            let mut redirections = Vec::new();
            let mut end = self.at;
            loop {
                self.blanks();
                let Some(redirection) = self.redirection() else { break };
                end = redirection.range.end;
                redirections.push(redirection);
            }
            return Command { kind, redirections, range: start..end };
        }
        self.simple()
    }

    fn simple(&mut self) -> Command {
        let start = self.at;
        let mut end = start;
        let mut simple = Simple::default();
        let mut redirections = Vec::new();
        loop {
            self.blanks();
            if let Some(redirection) = self.redirection() {
                end = redirection.range.end;
                redirections.push(redirection);
                continue;
            }
            let Some(word) = self.deeper(Self::word).flatten() else { break };
            end = word.range.end;
            if simple.words.is_empty() {
                match assignment(&word) {
                    Some(assignment) => {
                        simple.assignments.push(assignment);
                        continue;
                    }
                    None if redirections.is_empty() && simple.assignments.is_empty() => {
                        if let Some(function) = self.function_after(&word) {
                            return function;
                        }
                    }
                    None => {}
                }
            }
            simple.words.push(word);
        }
        Command { kind: CommandKind::Simple(simple), redirections, range: start..end }
    }
}

/// `word` as an assignment.
fn assignment(word: &Word) -> Option<Assignment> {
    let Some(Part::Literal { text, escaped: false, range }) = word.parts.first() else { return None };
    let (target, value) = text.split_once('=')?;
    let (target, append) = target.strip_suffix('+').map_or((target, false), |target| (target, true));
    let name = target.split_once('[').map_or(target, |(name, _)| name);
    let indexed = name.len() < target.len();
    if !is_name(name) || indexed && !target.ends_with(']') {
        return None;
    }
    let value_start = range.end - value.len();
    let mut parts = word.parts.clone();
    match value {
        "" => drop(parts.remove(0)),
        _ => {
            let range = value_start..range.end;
            parts[0] = Part::Literal { text: value.to_owned(), escaped: false, range };
        }
    }
    let value = Word { parts, range: value_start..word.range.end };
    Some(Assignment { name: target.to_owned(), append, value, range: word.range.clone() })
}
