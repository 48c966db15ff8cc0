//! Builds a tree of commands from tokens (POSIX, Shell Command Language 2.9 and 2.10), as far as scripts use it.

use super::lexer::{NotShell, Token, tokens};
use super::word::Word;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// Words and redirections; assignments are words of the form `name=value` in front.
    Simple {
        /// Words in order.
        words: Vec<Word>,
        /// Files written to (`>`, `>>`).
        writes: Vec<Word>,
    },
    /// `if`, with each condition and its branch, and the branch without condition.
    If {
        /// `if` and `elif`.
        branches: Vec<(Vec<Command>, Vec<Command>)>,
        /// `else`.
        otherwise: Vec<Command>,
    },
    /// `case`.
    Case {
        /// What is compared.
        subject: Word,
        /// Patterns and branch.
        arms: Vec<(Vec<Word>, Vec<Command>)>,
    },
    /// `for`.
    For {
        /// The variable.
        name: String,
        /// Its values; `None` for the script's arguments.
        values: Option<Vec<Word>>,
        /// The body.
        body: Vec<Command>,
    },
    /// `while` or `until`.
    Loop {
        /// The condition.
        condition: Vec<Command>,
        /// The body.
        body: Vec<Command>,
    },
    /// A function's definition.
    Function {
        /// Its name.
        name: String,
        /// Its body.
        body: Vec<Command>,
    },
    /// `{ … }` or `( … )`, with what it writes to.
    Group {
        /// The commands.
        body: Vec<Command>,
        /// Files written to.
        writes: Vec<Word>,
    },
    /// `a && b || c`.
    Chain {
        /// `a`.
        first: Box<Command>,
        /// What follows, true after `&&`, false after `||`.
        rest: Vec<(bool, Command)>,
    },
    /// `a | b`.
    Pipe(Vec<Command>),
    /// `! a`.
    Not(Box<Command>),
}

/// Nesting that no script reaches; bounds the recursion.
const DEEPEST: usize = 64;

/// The commands of `script`.
pub(super) fn parse(script: &str) -> Result<Vec<Command>, NotShell> {
    let mut parser = Parser { tokens: tokens(script)?, at: 0, depth: 0 };
    let commands = parser.list(&[])?;
    if parser.at < parser.tokens.len() { Err(NotShell) } else { Ok(commands) }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    /// Commands until one of `ends` (left unread) or the end.
    fn list(&mut self, ends: &[&str]) -> Result<Vec<Command>, NotShell> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(NotShell);
        }
        let mut commands = Vec::new();
        loop {
            while self.takes_operator(&[";", "\n", "&"]) {}
            let ended =
                self.tokens.get(self.at).is_none() || self.keyword().is_some_and(|word| ends.contains(&word));
            if ended || ends.iter().any(|end| self.is_operator(end)) {
                self.depth -= 1;
                return Ok(commands);
            }
            commands.push(self.and_or()?);
        }
    }

    fn and_or(&mut self) -> Result<Command, NotShell> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            let and = self.is_operator("&&");
            if !self.takes_operator(&["&&", "||"]) {
                break;
            }
            self.skip_lines();
            rest.push((and, self.pipeline()?));
        }
        Ok(if rest.is_empty() { first } else { Command::Chain { first: Box::new(first), rest } })
    }

    fn pipeline(&mut self) -> Result<Command, NotShell> {
        let mut inverted = false;
        while self.takes_keyword("!") {
            inverted = !inverted;
        }
        let mut commands = vec![self.command()?];
        while self.takes_operator(&["|"]) {
            self.skip_lines();
            commands.push(self.command()?);
        }
        let pipeline = if commands.len() == 1 { commands.remove(0) } else { Command::Pipe(commands) };
        Ok(if inverted { Command::Not(Box::new(pipeline)) } else { pipeline })
    }

    fn command(&mut self) -> Result<Command, NotShell> {
        if self.takes_operator(&["("]) {
            let body = self.list(&[")"])?;
            self.expect_operator(")")?;
            return self.group(body);
        }
        match self.keyword() {
            Some("if") => self.conditional(),
            Some("case") => self.case(),
            Some("for") => self.for_loop(),
            Some("while" | "until") => {
                self.at += 1;
                let condition = self.list(&["do"])?;
                let body = self.body()?;
                Ok(Command::Loop { condition, body })
            }
            Some("{") => {
                self.at += 1;
                let body = self.list(&["}"])?;
                self.expect_keyword("}")?;
                self.group(body)
            }
            _ => self.simple(),
        }
    }

    fn group(&mut self, body: Vec<Command>) -> Result<Command, NotShell> {
        let writes = self.redirects();
        Ok(Command::Group { body, writes })
    }

    fn conditional(&mut self) -> Result<Command, NotShell> {
        let mut branches = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            if self.takes_keyword("if") || self.takes_keyword("elif") {
                let condition = self.list(&["then"])?;
                self.expect_keyword("then")?;
                branches.push((condition, self.list(&["elif", "else", "fi"])?));
            } else if self.takes_keyword("else") {
                otherwise = self.list(&["fi"])?;
            } else {
                self.expect_keyword("fi")?;
                self.redirects();
                return Ok(Command::If { branches, otherwise });
            }
        }
    }

    fn case(&mut self) -> Result<Command, NotShell> {
        self.at += 1;
        let subject = self.take_word()?;
        self.skip_lines();
        self.expect_keyword("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_lines();
            if self.takes_keyword("esac") {
                self.redirects();
                return Ok(Command::Case { subject, arms });
            }
            self.takes_operator(&["("]);
            let mut patterns = vec![self.take_word()?];
            while self.takes_operator(&["|"]) {
                patterns.push(self.take_word()?);
            }
            self.expect_operator(")")?;
            let body = self.list(&[";;", "esac"])?;
            self.takes_operator(&[";;"]);
            arms.push((patterns, body));
        }
    }

    fn for_loop(&mut self) -> Result<Command, NotShell> {
        self.at += 1;
        let name = self.take_word()?.raw;
        self.skip_lines();
        let mut values = None;
        if self.takes_keyword("in") {
            let mut words = Vec::new();
            while let Some(Token::Word(word)) = self.tokens.get(self.at) {
                words.push(word.clone());
                self.at += 1;
            }
            values = Some(words);
        }
        while self.takes_operator(&[";", "\n"]) {}
        let body = self.body()?;
        Ok(Command::For { name, values, body })
    }

    /// `do … done`.
    fn body(&mut self) -> Result<Vec<Command>, NotShell> {
        self.expect_keyword("do")?;
        let body = self.list(&["done"])?;
        self.expect_keyword("done")?;
        self.redirects();
        Ok(body)
    }

    fn simple(&mut self) -> Result<Command, NotShell> {
        let mut words: Vec<Word> = Vec::new();
        let mut writes = Vec::new();
        loop {
            match self.tokens.get(self.at) {
                Some(Token::Word(word)) => words.push(word.clone()),
                Some(Token::Redirect { operator, target }) => writes.extend(written(operator, target)),
                Some(Token::Operator("(")) if words.len() == 1 => return self.function(&words[0]),
                _ => break,
            }
            self.at += 1;
        }
        let nothing = words.is_empty() && writes.is_empty();
        // A lone redirection, such as `<&3`, is a command; a stray operator is not.
        let was_redirect =
            self.at > 0 && matches!(self.tokens.get(self.at - 1), Some(Token::Redirect { .. }));
        if nothing && !was_redirect { Err(NotShell) } else { Ok(Command::Simple { words, writes }) }
    }

    fn function(&mut self, name: &Word) -> Result<Command, NotShell> {
        let name = name.bare().ok_or(NotShell)?.to_owned();
        self.expect_operator("(")?;
        self.expect_operator(")")?;
        self.skip_lines();
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(NotShell);
        }
        let body = vec![self.command()?];
        self.depth -= 1;
        Ok(Command::Function { name, body })
    }

    fn redirects(&mut self) -> Vec<Word> {
        let mut writes = Vec::new();
        while let Some(Token::Redirect { operator, target }) = self.tokens.get(self.at) {
            writes.extend(written(operator, target));
            self.at += 1;
        }
        writes
    }

    /// The next token's text, if it is a word that may be a keyword.
    fn keyword(&self) -> Option<&str> {
        match self.tokens.get(self.at)? {
            Token::Word(word) => word.bare(),
            _ => None,
        }
    }

    fn takes_keyword(&mut self, wanted: &str) -> bool {
        let found = self.keyword() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn expect_keyword(&mut self, wanted: &str) -> Result<(), NotShell> {
        if self.takes_keyword(wanted) { Ok(()) } else { Err(NotShell) }
    }

    fn is_operator(&self, wanted: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token::Operator(operator)) if *operator == wanted)
    }

    fn takes_operator(&mut self, wanted: &[&str]) -> bool {
        let found = wanted.iter().any(|operator| self.is_operator(operator));
        self.at += usize::from(found);
        found
    }

    fn expect_operator(&mut self, wanted: &str) -> Result<(), NotShell> {
        if self.takes_operator(&[wanted]) { Ok(()) } else { Err(NotShell) }
    }

    fn take_word(&mut self) -> Result<Word, NotShell> {
        let Some(Token::Word(word)) = self.tokens.get(self.at).cloned() else { return Err(NotShell) };
        self.at += 1;
        Ok(word)
    }

    fn skip_lines(&mut self) {
        while self.takes_operator(&["\n"]) {}
    }
}

/// The file a redirection writes to. Descriptors (`2>&1`) and devices are none.
fn written(operator: &str, target: &Word) -> Option<Word> {
    let writes = matches!(operator, ">" | ">>" | ">|" | "<>");
    let device = target.bare().is_some_and(|path| path.starts_with("/dev/"));
    (writes && !device).then(|| target.clone())
}
