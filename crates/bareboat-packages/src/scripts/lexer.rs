//! Cuts a shell script into words and operators (POSIX, Shell Command Language 2.2 and 2.3).

use super::word::{Piece, Word};

/// A word or an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word.
    Word(Word),
    /// `;`, `;;`, `&`, `&&`, `|`, `||`, `(`, `)` or a line end, as `\n`.
    Operator(&'static str),
    /// `>`, `>>`, `>|`, `<` and the like, with the number before it.
    Redirect {
        /// The operator without number.
        operator: &'static str,
        /// The word that follows.
        target: Word,
    },
}

/// A script that cannot be cut: it is not POSIX shell, or broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotShell;

/// No maintainer script comes near; it bounds the work on a hostile one.
const MOST_BYTES: usize = 256 << 10;
/// Nesting of quotes and substitutions.
const DEEPEST: usize = 32;

/// All tokens of `script`; comments and here-documents are gone.
pub(super) fn tokens(script: &str) -> Result<Vec<Token>, NotShell> {
    if script.len() > MOST_BYTES {
        return Err(NotShell);
    }
    let mut lexer = Lexer { rest: script, here_documents: Vec::new() };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

/// Longest first, so that `&&` is not two `&`.
const OPERATORS: [&str; 9] = ["&&", "||", ";;", "&", "|", ";", "(", ")", "\n"];
const REDIRECTS: [&str; 9] = ["<<-", "<<", ">>", ">&", "<&", ">|", "<>", "<", ">"];

struct Lexer<'a> {
    rest: &'a str,
    /// Ends of the here-documents that start after this line, and whether tabs are stripped.
    here_documents: Vec<(String, bool)>,
}

impl Lexer<'_> {
    fn token(&mut self) -> Result<Option<Token>, NotShell> {
        self.skip_blanks();
        if self.rest.is_empty() {
            return Ok(None);
        }
        let digits = self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if let Some(operator) =
            REDIRECTS.into_iter().find(|operator| self.rest[digits..].starts_with(operator))
        {
            self.rest = &self.rest[digits + operator.len()..];
            return self.redirect(operator).map(Some);
        }
        if let Some(operator) = OPERATORS.into_iter().find(|operator| self.rest.starts_with(operator)) {
            self.rest = &self.rest[operator.len()..];
            if operator == "\n" {
                self.skip_here_documents();
            }
            return Ok(Some(Token::Operator(operator)));
        }
        self.word().map(|word| Some(Token::Word(word)))
    }

    fn skip_blanks(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\r']);
            if let Some(rest) = self.rest.strip_prefix("\\\n") {
                self.rest = rest;
            } else if self.rest.starts_with('#') {
                self.rest = self.rest.find('\n').map_or("", |end| &self.rest[end..]);
            } else {
                return;
            }
        }
    }

    fn redirect(&mut self, operator: &'static str) -> Result<Token, NotShell> {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
        let target = self.word()?;
        if operator.starts_with("<<") {
            let end = target.raw.replace(['\'', '"', '\\'], "");
            self.here_documents.push((end, operator == "<<-"));
        }
        Ok(Token::Redirect { operator, target })
    }

    fn skip_here_documents(&mut self) {
        for (end, strip) in std::mem::take(&mut self.here_documents) {
            while !self.rest.is_empty() {
                let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
                self.rest = rest;
                let line = if strip { line.trim_start_matches('\t') } else { line };
                if line == end {
                    break;
                }
            }
        }
    }

    fn word(&mut self) -> Result<Word, NotShell> {
        let start = self.rest;
        let mut word = Word::default();
        while let Some(next) = self.rest.chars().next() {
            match next {
                ' ' | '\t' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\'' => {
                    let (text, rest) = self.rest[1..].split_once('\'').ok_or(NotShell)?;
                    push_text(&mut word, text);
                    (self.rest, word.quoted) = (rest, true);
                }
                '"' => {
                    self.rest = &self.rest[1..];
                    word.quoted = true;
                    self.double_quoted(&mut word)?;
                }
                '\\' => {
                    let escaped = self.rest[1..].chars().next().ok_or(NotShell)?;
                    self.rest = &self.rest[1 + escaped.len_utf8()..];
                    if escaped != '\n' {
                        push_text(&mut word, escaped.encode_utf8(&mut [0; 4]));
                        word.quoted = true;
                    }
                }
                '$' | '`' => self.expansion(&mut word)?,
                plain => {
                    self.rest = &self.rest[plain.len_utf8()..];
                    push_text(&mut word, plain.encode_utf8(&mut [0; 4]));
                }
            }
        }
        word.raw = start[..start.len() - self.rest.len()].to_owned();
        // Every character that ends a word was handled before; an empty one means this is no shell.
        if word.raw.is_empty() { Err(NotShell) } else { Ok(word) }
    }

    fn double_quoted(&mut self, word: &mut Word) -> Result<(), NotShell> {
        loop {
            let next = self.rest.chars().next().ok_or(NotShell)?;
            match next {
                '"' => {
                    self.rest = &self.rest[1..];
                    return Ok(());
                }
                '\\' => {
                    let escaped = self.rest[1..].chars().next().ok_or(NotShell)?;
                    self.rest = &self.rest[1 + escaped.len_utf8()..];
                    if !matches!(escaped, '$' | '`' | '"' | '\\' | '\n') {
                        push_text(word, "\\");
                    }
                    if escaped != '\n' {
                        push_text(word, escaped.encode_utf8(&mut [0; 4]));
                    }
                }
                '$' | '`' => self.expansion(word)?,
                plain => {
                    self.rest = &self.rest[plain.len_utf8()..];
                    push_text(word, plain.encode_utf8(&mut [0; 4]));
                }
            }
        }
    }

    /// At `$` or a backquote.
    fn expansion(&mut self, word: &mut Word) -> Result<(), NotShell> {
        if let Some(rest) = self.rest.strip_prefix('`') {
            let end = rest.find('`').ok_or(NotShell)?;
            self.rest = &rest[end + 1..];
            word.pieces.push(Piece::Unknown);
            return Ok(());
        }
        let rest = &self.rest[1..];
        if rest.starts_with(['(', '{']) {
            let length = bracketed(rest, 0)?;
            let inner = &rest[1..length - 1];
            // `${name:-}` is how scripts under `set -u` write `$name`.
            let name = inner.strip_suffix(":-").or(inner.strip_suffix('-')).unwrap_or(inner);
            let is_name =
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let plain = rest.starts_with('{') && is_name;
            word.pieces.push(if plain { Piece::Parameter(name.to_owned()) } else { Piece::Unknown });
            self.rest = &rest[length..];
            return Ok(());
        }
        let length = match rest.bytes().next() {
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
            }
            Some(byte) if byte.is_ascii_digit() || b"@*#?$!-".contains(&byte) => 1,
            _ => {
                push_text(word, "$");
                self.rest = rest;
                return Ok(());
            }
        };
        word.pieces.push(Piece::Parameter(rest[..length].to_owned()));
        self.rest = &rest[length..];
        Ok(())
    }
}

/// The length of `(…)` or `{…}` at the start of `text`, quotes and nested brackets respected.
fn bracketed(text: &str, depth: usize) -> Result<usize, NotShell> {
    let close = if text.starts_with('(') { b')' } else { b'}' };
    if depth > DEEPEST {
        return Err(NotShell);
    }
    let bytes = text.as_bytes();
    let mut at = 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            _ if byte == close => return Ok(at + 1),
            b'\\' => at += 2,
            b'\'' if close == b')' => {
                at += text.get(at + 1..).and_then(|rest| rest.find('\'')).ok_or(NotShell)? + 2
            }
            b'"' => at += quoted_length(text, at, depth)?,
            b'(' if close == b')' => at += bracketed(text.get(at..).ok_or(NotShell)?, depth + 1)?,
            b'$' if matches!(bytes.get(at + 1), Some(b'(' | b'{')) => {
                at += 1 + bracketed(text.get(at + 1..).ok_or(NotShell)?, depth + 1)?;
            }
            _ => at += 1,
        }
    }
    Err(NotShell)
}

/// The length of `"…"` at `start`.
fn quoted_length(text: &str, start: usize, depth: usize) -> Result<usize, NotShell> {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return Ok(at + 1 - start),
            b'\\' => at += 2,
            b'$' if matches!(bytes.get(at + 1), Some(b'(' | b'{')) => {
                at += 1 + bracketed(text.get(at + 1..).ok_or(NotShell)?, depth + 1)?;
            }
            _ => at += 1,
        }
    }
    Err(NotShell)
}

fn push_text(word: &mut Word, text: &str) {
    match word.pieces.last_mut() {
        Some(Piece::Text(before)) => before.push_str(text),
        _ => word.pieces.push(Piece::Text(text.to_owned())),
    }
}
