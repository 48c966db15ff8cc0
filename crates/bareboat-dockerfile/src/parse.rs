//! Bytes to items: lines, continuations, directives, comments, instructions, heredocs.
//!
//! Every step looks at each byte a bounded number of times, whatever the input, and nothing stops the parser:
//! what it cannot use becomes an error and it goes on with the next line.

use crate::directive::{self, Directive, DirectiveName};
use crate::error::{ErrorKind, ParseError, shorten};
use crate::file::{Dockerfile, Item, Parsed};
use crate::heredoc::{self, Heredoc};
use crate::instruction::{Head, Instruction, Reader};
use crate::piece::{Piece, PieceKind};
use crate::scan::{Line, trim_start};
use crate::{Keyword, Span, Text};

/// Largest file that is looked at. BuildKit's own transport refuses larger ones.
pub const LARGEST_FILE: usize = 16 * 1024 * 1024;
/// Longest line BuildKit reads, in bytes without its line feed.
const LONGEST_LINE: usize = 65_535;
/// Instructions after which the rest of the file is left alone: no build could run so many.
const MOST_INSTRUCTIONS: usize = 100_000;
/// Errors after which the rest of the file is left alone: it is no Dockerfile.
pub(crate) const MOST_ERRORS: usize = 10_000;

pub(crate) fn parse(source: Vec<u8>) -> Parsed {
    let bytes = source.len();
    if bytes > LARGEST_FILE {
        let kind = ErrorKind::FileTooLarge { bytes, limit: LARGEST_FILE };
        let errors = vec![ParseError { span: Span::at(0), kind, deferred: false }];
        let items = vec![Item::Skipped(Span::new(0, bytes))];
        return Parsed { file: Dockerfile { source, items, escape: '\\' }, errors };
    }
    let mut parser = Parser::new(&source);
    parser.run();
    let Parser { items, mut errors, escape, .. } = parser;
    errors.sort_by_key(|error| error.span.start);
    Parsed { file: Dockerfile { source, items, escape: char::from(escape) }, errors }
}

struct Parser<'a> {
    source: &'a [u8],
    at: usize,
    items: Vec<Item>,
    errors: Vec<ParseError>,
    escape: u8,
    directives: Directives,
    /// How many bytes searches for a closing line that fail may still look at; see [`Parser::find_end`].
    search_budget: usize,
    instructions: usize,
}

/// Whether directives are still possible.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Directives {
    Possible,
    /// After a `#!` line the frontend is still looked for, the escape character is not.
    AfterShebang,
    Over,
}

impl<'a> Parser<'a> {
    fn new(source: &'a [u8]) -> Self {
        Self {
            source,
            at: 0,
            items: Vec::new(),
            errors: Vec::new(),
            escape: b'\\',
            directives: Directives::Possible,
            search_budget: 8 * source.len(),
            instructions: 0,
        }
    }

    fn run(&mut self) {
        if self.source.starts_with(b"\xef\xbb\xbf") {
            self.items.push(Item::ByteOrderMark(Span::new(0, 3)));
            self.at = 3;
        }
        while let Some(line) = self.next_line() {
            if self.instructions == MOST_INSTRUCTIONS || self.errors.len() >= MOST_ERRORS {
                return self.give_up(line.start);
            }
            let text = line.text(self.source);
            let rest = trim_start(text);
            match rest.first() {
                None => self.blank(line.span()),
                Some(b'#') => self.comment(line, text.len() - rest.len()),
                Some(_) => self.instruction(line, text.len() - rest.len()),
            }
        }
    }

    fn give_up(&mut self, at: usize) {
        let span = Span::new(at, self.source.len());
        self.items.push(Item::Skipped(span));
        self.errors.push(ParseError { span: Span::at(at), kind: ErrorKind::GaveUp, deferred: false });
    }

    fn next_line(&mut self) -> Option<Line> {
        let line = Line::at(self.source, self.at)?;
        self.at = line.end;
        let bytes = line.length(self.source);
        if bytes > LONGEST_LINE {
            self.error(Span::new(line.start, line.text_end), ErrorKind::LineTooLong { bytes });
        }
        Some(line)
    }

    fn error(&mut self, span: Span, kind: ErrorKind) {
        self.errors.push(ParseError { span, kind, deferred: false });
    }

    /// Neighbouring blank lines are one item: a file of nothing else stays small.
    fn blank(&mut self, span: Span) {
        self.directives = Directives::Over;
        match self.items.last_mut() {
            Some(Item::Blank(last)) => *last = last.to(span),
            _ => self.items.push(Item::Blank(span)),
        }
    }

    fn comment(&mut self, line: Line, indent: usize) {
        let found = self.directive(line, indent);
        self.items.push(match found {
            Some(directive) => Item::Directive(Box::new(directive)),
            None => Item::Comment(line.span()),
        });
    }

    fn directive(&mut self, line: Line, indent: usize) -> Option<Directive> {
        if self.directives == Directives::Over {
            return None;
        }
        let text = &line.text(self.source)[indent..];
        if self.items.iter().all(|item| matches!(item, Item::ByteOrderMark(_))) && text.starts_with(b"#!") {
            self.directives = Directives::AfterShebang;
            return None;
        }
        let found = directive::read(text, line.start + indent);
        let Some(mut directive) = found else {
            self.directives = Directives::Over;
            return None;
        };
        directive.span = line.span();
        let name = directive.name;
        let seen = |item: &Item| matches!(item, Item::Directive(other) if other.name == name);
        if self.items.iter().any(seen) {
            self.error(directive.value_span, ErrorKind::DuplicateDirective { name: name.as_str() });
            return None;
        }
        if name == DirectiveName::Escape && self.directives == Directives::AfterShebang {
            self.directives = Directives::Over;
            return None;
        }
        if name == DirectiveName::Escape {
            self.set_escape(&directive);
        }
        Some(directive)
    }

    fn set_escape(&mut self, directive: &Directive) {
        match directive.value.as_str() {
            "\\" => self.escape = b'\\',
            "`" => self.escape = b'`',
            value => self.error(directive.value_span, ErrorKind::InvalidEscape { value: shorten(value) }),
        }
    }

    fn instruction(&mut self, line: Line, indent: usize) {
        self.directives = Directives::Over;
        self.instructions += 1;
        let (pieces, text) = self.join(line, indent);
        let head = Head::read(&text, 0..text.len());
        let mut instruction_pieces = pieces;
        let heredocs = match head.takes_heredocs(&text) {
            true => self.heredocs(&text, &mut instruction_pieces),
            false => Vec::new(),
        };
        let escape = char::from(self.escape);
        let mut reader =
            Reader { text: &text, heredocs: &heredocs, escape, errors: &mut self.errors, deferred: false };
        let command = reader.command(head);
        let span = Span::new(line.start, self.at);
        let instruction = Instruction { span, pieces: instruction_pieces, text, heredocs, command };
        self.items.push(Item::Instruction(Box::new(instruction)));
    }

    /// The instruction's lines up to the last continued one, as pieces and as joined text.
    fn join(&mut self, first: Line, indent: usize) -> (Vec<Piece>, Text) {
        let mut pieces = Vec::new();
        let mut text = Text::starting_at(first.start + indent);
        push(&mut pieces, PieceKind::Indent, first.start, first.start + indent);
        let mut line = Line { start: first.start + indent, ..first };
        loop {
            let mark = self.continuation(line);
            let code_end = mark.unwrap_or(line.text_end);
            push(&mut pieces, PieceKind::Code, line.start, code_end);
            text.push_source(self.source, Span::new(line.start, code_end));
            if mark.is_none() {
                push(&mut pieces, PieceKind::LineEnd, code_end, line.end);
                break;
            }
            push(&mut pieces, PieceKind::Continuation, code_end, line.end);
            match self.next_code_line(&mut pieces) {
                Some(next) => line = next,
                None => break,
            }
        }
        (pieces, text)
    }

    /// The next line that is neither comment nor blank; those are kept as pieces.
    fn next_code_line(&mut self, pieces: &mut Vec<Piece>) -> Option<Line> {
        loop {
            let line = self.next_line()?;
            let kind = match trim_start(line.text(self.source)).first() {
                None => PieceKind::Blank,
                Some(b'#') => PieceKind::Comment,
                Some(_) => return Some(line),
            };
            push(pieces, kind, line.start, line.end);
        }
    }

    /// Where the continuation mark of `line` is. Two escape characters in a row are none.
    fn continuation(&self, line: Line) -> Option<usize> {
        let text = line.text(self.source);
        let blanks = text.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let before = text[..text.len() - blanks].strip_suffix(&[self.escape])?;
        (before.last() != Some(&self.escape)).then_some(line.start + before.len())
    }

    fn heredocs(&mut self, text: &Text, pieces: &mut Vec<Piece>) -> Vec<Heredoc> {
        let mut heredocs = match heredoc::find(text) {
            Ok(heredocs) => heredocs,
            Err(word) => {
                self.error(word.span, ErrorKind::BrokenHeredocName);
                return Vec::new();
            }
        };
        let mut closed = true;
        for heredoc in &mut heredocs {
            let start = self.at;
            // What follows a heredoc that is never closed is anybody's guess.
            let end = if closed { self.find_end(heredoc) } else { Span::at(start) };
            heredoc.body = Span::new(start, end.start);
            heredoc.end = end;
            if closed && end.is_empty() {
                closed = false;
                let name = shorten(&heredoc.name);
                self.error(heredoc.word.span, ErrorKind::UnterminatedHeredoc { name });
            }
            push(pieces, PieceKind::HeredocBody, start, end.start);
            push(pieces, PieceKind::HeredocEnd, end.start, end.end);
            self.at = end.end;
        }
        heredocs
    }

    /// The line that closes `heredoc`; empty, at the place where the body is taken to end, without one.
    ///
    /// Many heredocs that are never closed would each search the whole rest of the file. A budget of a few
    /// times the file bounds that; once it is used up, a search ends at the next thing like an instruction.
    fn find_end(&mut self, heredoc: &Heredoc) -> Span {
        let (start, errors) = (self.at, self.errors.len());
        let mut guess = None;
        while let Some(line) = self.next_line() {
            let text = line.text(self.source);
            if heredoc.closes(text) {
                return line.span();
            }
            if guess.is_none() && starts_instruction(text) {
                guess = Some(line.start);
            }
            if guess.is_some() && self.search_budget == 0 {
                break;
            }
        }
        self.search_budget = self.search_budget.saturating_sub(self.at - start);
        self.errors.truncate(errors);
        self.at = guess.unwrap_or(self.at);
        Span::at(self.at)
    }
}

/// True for a line that is most likely an instruction of its own: a keyword in capitals at the first column.
fn starts_instruction(line: &[u8]) -> bool {
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    Keyword::ALL.iter().any(|keyword| keyword.as_str().as_bytes() == &line[..end])
}

fn push(pieces: &mut Vec<Piece>, kind: PieceKind, start: usize, end: usize) {
    if start < end {
        pieces.push(Piece { kind, span: Span::new(start, end) });
    }
}
