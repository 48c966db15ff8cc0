//! `$name` and `${…}`.

use super::reader::Reader;
use super::{Parameter, Part, ShellErrorKind, Word};

/// Longest first: the first that fits is the operator.
const OPERATORS: [&str; 22] = [
    ":-", ":=", ":?", ":+", "##", "%%", "//", "/#", "/%", "^^", ",,", "-", "=", "?", "+", "#", "%", "/", "^",
    ",", ":", "@",
];

impl Reader<'_> {
    /// `$name`, `$1`, `$@`; `None` when the `$` is only a dollar sign.
    pub(super) fn plain_parameter(&mut self) -> Option<Parameter> {
        let start = self.at;
        let after = &self.rest()[1..];
        let length = match after.bytes().next()? {
            b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' => 1,
            _ => name_length(after),
        };
        if length == 0 {
            return None;
        }
        self.at += 1 + length;
        Some(Parameter {
            name: after[..length].to_owned(),
            braced: false,
            length: false,
            indirect: false,
            index: None,
            operator: None,
            argument: None,
            range: start..self.at,
        })
    }

    /// `${…}`; `quoted` inside double quotes, where single quotes mean nothing.
    pub(super) fn braced_parameter(&mut self, quoted: bool) -> Parameter {
        let start = self.at;
        self.at += 2;
        let mut parameter = Parameter {
            name: String::new(),
            braced: true,
            length: false,
            indirect: false,
            index: None,
            operator: None,
            argument: None,
            range: start..start,
        };
        self.prefix(&mut parameter);
        parameter.name = self.parameter_name();
        if parameter.name.is_empty() {
            self.error(start..self.at, ShellErrorKind::BadSubstitution);
        }
        parameter.index = self.index();
        parameter.operator =
            OPERATORS.iter().find(|operator| self.eat(operator)).map(|found| (*found).to_owned());
        let argument = self.deeper(|reader| reader.argument(quoted)).unwrap_or_default();
        if parameter.operator.is_some() {
            parameter.argument = Some(argument);
        } else if !argument.range.is_empty() && !parameter.name.is_empty() {
            self.error(argument.range, ShellErrorKind::BadSubstitution);
        }
        if !self.eat("}") {
            self.error(start..start + 2, ShellErrorKind::Unclosed { wanted: "}" });
        }
        parameter.range = start..self.at;
        parameter
    }

    /// `#` for the length, `!` for indirection; both are also names of their own.
    fn prefix(&mut self, parameter: &mut Parameter) {
        let names_follow = |byte: Option<u8>| {
            byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_@*".contains(&byte))
        };
        match self.peek() {
            Some(b'#') if names_follow(self.peek_at(1)) => parameter.length = true,
            Some(b'!') if names_follow(self.peek_at(1)) => parameter.indirect = true,
            _ => return,
        }
        self.at += 1;
    }

    fn parameter_name(&mut self) -> String {
        let rest = self.rest();
        let length = match rest.bytes().next() {
            Some(b'0'..=b'9') => rest.bytes().take_while(u8::is_ascii_digit).count(),
            Some(b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!') => 1,
            _ => name_length(rest),
        };
        self.at += length;
        rest[..length].to_owned()
    }

    fn index(&mut self) -> Option<std::ops::Range<usize>> {
        if self.peek() != Some(b'[') {
            return None;
        }
        let length = self.rest().find([']', '}']).filter(|length| self.peek_at(*length) == Some(b']'))?;
        let index = self.at + 1..self.at + length;
        self.at += length + 1;
        Some(index)
    }

    /// What stands between the operator and the closing brace.
    fn argument(&mut self, quoted: bool) -> Word {
        let start = self.at;
        let mut parts: Vec<Part> = Vec::new();
        while let Some(byte) = self.peek().filter(|byte| *byte != b'}') {
            let before = self.at;
            match quoted {
                // Quotes may open again inside: `"${x:-"a b"}"`.
                true if byte != b'"' => self.quoted_part(byte, &mut parts, Some(b'}')),
                _ => self.part(&mut parts, true),
            }
            if self.at == before {
                self.skip_char();
            }
        }
        Word { parts, range: start..self.at }
    }
}

fn name_length(text: &str) -> usize {
    let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    match starts {
        true => text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count(),
        false => 0,
    }
}
