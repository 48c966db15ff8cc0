//! Groups, conditions, loops, `case`, functions, `[[ … ]]` and `(( … ))`.

use super::reader::Reader;
use super::words::{is_metacharacter, literal};
use super::{Command, CommandKind, List, ShellErrorKind, Word};

impl Reader<'_> {
    /// The compound command at the cursor; `None`, and nothing consumed, when a simple one is there.
    pub(super) fn compound(&mut self) -> Option<CommandKind> {
        let start = self.at;
        if self.starts_with("((")
            && let Some(inside) = self.arithmetic_inside(start + 2)
        {
            return Some(CommandKind::Arithmetic(inside));
        }
        if self.eat("(") {
            return Some(CommandKind::Subshell(self.parenthesised(start)));
        }
        if self.eat_reserved("{") {
            let body = self.filled_list();
            self.expect("}");
            return Some(CommandKind::Group(body));
        }
        if self.eat_reserved("if") {
            return Some(self.condition());
        }
        let until = self.is_reserved("until");
        if self.eat_reserved("while") || self.eat_reserved("until") {
            let condition = self.filled_list();
            return Some(CommandKind::While { until, condition, body: self.loop_body() });
        }
        if self.eat_reserved("for") || self.eat_reserved("select") {
            return Some(self.for_loop());
        }
        if self.eat_reserved("case") {
            return Some(self.case());
        }
        if self.eat_reserved("[[") {
            return Some(CommandKind::Test(self.test()));
        }
        if self.eat_reserved("function") {
            return Some(self.function());
        }
        None
    }

    /// Commands where the grammar wants at least one (POSIX.1-2024, shell grammar: `compound_list`).
    fn filled_list(&mut self) -> List {
        let list = self.list();
        if list.is_empty() && !self.is_at_end() {
            let rest = &self.text[self.at..];
            let length = rest.find(|char: char| !char.is_ascii_lowercase()).unwrap_or(rest.len()).max(1);
            self.unexpected(self.at..(self.at + length).min(self.text.len()));
        }
        list
    }

    /// Consumes `keyword`, or notes that it is missing; whether it was there.
    fn expect(&mut self, keyword: &'static str) -> bool {
        self.line_breaks();
        let found = self.eat_reserved(keyword);
        if !found {
            self.error(self.at..self.at, ShellErrorKind::MissingKeyword { keyword });
        }
        found
    }

    /// The commands after `keyword`. Without it nothing more is wrong when there are none.
    fn list_after(&mut self, keyword: &'static str) -> List {
        match self.expect(keyword) {
            true => self.filled_list(),
            false => self.list(),
        }
    }

    fn condition(&mut self) -> CommandKind {
        let mut branches = Vec::new();
        let mut otherwise = None;
        loop {
            let condition = self.filled_list();
            branches.push((condition, self.list_after("then")));
            if !self.eat_reserved("elif") {
                break;
            }
        }
        if self.eat_reserved("else") {
            otherwise = Some(self.filled_list());
        }
        self.expect("fi");
        CommandKind::If { branches, otherwise }
    }

    /// `do … done`, or the `{ … }` that bash takes too.
    fn loop_body(&mut self) -> List {
        self.line_breaks();
        let (open, close) = if self.is_reserved("{") { ("{", "}") } else { ("do", "done") };
        let body = self.list_after(open);
        self.expect(close);
        body
    }

    fn for_loop(&mut self) -> CommandKind {
        self.blanks();
        if self.starts_with("((")
            && let Some(header) = self.arithmetic_inside(self.at + 2)
        {
            self.separator();
            return CommandKind::ArithmeticFor { header, body: self.loop_body() };
        }
        let name = self.name_after("for");
        self.line_breaks();
        let words = self.eat_reserved("in").then(|| self.words_of_line());
        self.separator();
        CommandKind::For { name, words, body: self.loop_body() }
    }

    /// One `;`, if it is there, and line ends.
    pub(super) fn separator(&mut self) {
        self.blanks();
        if self.peek() == Some(b';') && self.closer().is_none() {
            self.at += 1;
        }
        self.line_breaks();
    }

    fn name_after(&mut self, after: &'static str) -> String {
        let word = self.deeper(Self::word).flatten();
        if word.is_none() {
            self.error(self.at..self.at, ShellErrorKind::MissingWord { after });
        }
        word.map(|word| self.text[word.range].to_owned()).unwrap_or_default()
    }

    fn words_of_line(&mut self) -> Vec<Word> {
        let mut words = Vec::new();
        loop {
            self.blanks();
            let Some(word) = self.deeper(Self::word).flatten() else { return words };
            words.push(word);
        }
    }

    fn case(&mut self) -> CommandKind {
        self.blanks();
        let word = self.deeper(Self::word).flatten();
        if word.is_none() {
            self.error(self.at..self.at, ShellErrorKind::MissingWord { after: "case" });
        }
        self.expect("in");
        let mut arms = Vec::new();
        loop {
            self.line_breaks();
            if self.eat_reserved("esac") {
                break;
            }
            if self.is_at_end() {
                self.error(self.at..self.at, ShellErrorKind::MissingKeyword { keyword: "esac" });
                break;
            }
            let before = self.at;
            arms.push(self.arm());
            if self.at == before {
                self.unexpected(before..before + self.rest().chars().next().map_or(0, char::len_utf8));
                self.skip_char();
                arms.pop();
            }
        }
        CommandKind::Case { word, arms }
    }

    /// `pattern | pattern) commands ;;`
    fn arm(&mut self) -> (Vec<Word>, List) {
        let start = self.at;
        let mut patterns = Vec::new();
        self.eat("(");
        loop {
            self.blanks();
            patterns.extend(self.deeper(Self::word).flatten());
            self.blanks();
            if self.starts_with("||") || !self.eat("|") {
                break;
            }
        }
        if !self.eat(")") {
            self.error(start..self.at, ShellErrorKind::Unclosed { wanted: ")" });
        }
        let body = self.list();
        let _ = self.eat(";;&") || self.eat(";;") || self.eat(";&");
        (patterns, body)
    }

    /// `[[ … ]]` after its opening: operators count as words.
    fn test(&mut self) -> Vec<Word> {
        let opening = self.at - 2..self.at;
        let mut words = Vec::new();
        loop {
            self.line_breaks();
            if self.eat_reserved("]]") {
                return words;
            }
            let start = self.at;
            if let Some(word) = self.deeper(Self::word).flatten() {
                words.push(word);
                continue;
            }
            let length = self.rest().bytes().take_while(|byte| is_operator(*byte)).count();
            if length == 0 || self.peek() == Some(b';') {
                self.error(opening, ShellErrorKind::Unclosed { wanted: "]]" });
                return words;
            }
            // Parentheses one at a time, so that the ones of a regular expression stay readable.
            let length = if matches!(self.peek(), Some(b'(' | b')')) { 1 } else { length };
            self.at += length;
            words.push(Word { parts: literal(self.text, start..self.at, false), range: start..self.at });
        }
    }

    fn function(&mut self) -> CommandKind {
        self.blanks();
        let name = self.name_after("function");
        self.blanks();
        if self.eat("(") {
            self.blanks();
            self.eat(")");
        }
        CommandKind::Function { name, keyword: true, body: self.function_body() }
    }

    /// `()` and a body after `word`, when it turns out to be the name of a function.
    pub(super) fn function_after(&mut self, word: &Word) -> Option<Command> {
        let before = self.at;
        self.blanks();
        let found = self.eat("(") && {
            self.blanks();
            self.eat(")")
        };
        if !found || !word.is_bare() {
            self.at = before;
            return None;
        }
        let name = self.text[word.range.clone()].to_owned();
        let body = self.function_body();
        let end = body.as_ref().map_or(self.at, |body| body.range.end);
        let kind = CommandKind::Function { name, keyword: false, body };
        Some(Command { kind, redirections: Vec::new(), range: word.range.start..end })
    }

    fn function_body(&mut self) -> Option<Box<Command>> {
        self.line_breaks();
        let start = self.at;
        let body = self.deeper(Self::command)?;
        if self.at == start {
            self.error(start..start, ShellErrorKind::MissingCommand { operator: "()" });
            return None;
        }
        Some(Box::new(body))
    }
}

fn is_operator(byte: u8) -> bool {
    is_metacharacter(byte) && !matches!(byte, b' ' | b'\t' | b'\n')
}
