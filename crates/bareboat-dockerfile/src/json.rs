//! The JSON form of arguments: an array of strings, each with its place.
//!
//! Strict JSON (RFC 8259), as Go's decoder takes it, because the verdict matters: text that is not valid JSON
//! silently becomes shell form. Works without recursion, so deep nesting is no danger.

use std::ops::Range;

/// Deepest nesting Go's decoder takes.
const DEEPEST: usize = 10_000;

/// What text turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    /// Not a JSON array at all: shell form.
    Not,
    /// Valid JSON, but this element is not a string.
    NotStrings(Range<usize>),
    /// The decoded strings and the ranges of their literals, quotes included.
    Strings(Vec<(String, Range<usize>)>),
}

/// Reads `text` (surrounding white space is fine) as an array of strings.
pub(crate) fn parse(text: &str) -> Json {
    if !text.trim_start().starts_with('[') {
        return Json::Not;
    }
    let mut reader = Reader { text, at: text.len() - text.trim_start().len() };
    reader.array().unwrap_or(Json::Not)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn array(&mut self) -> Option<Json> {
        let (mut strings, mut other) = (Vec::new(), None);
        self.eat(b'[')?;
        self.blanks();
        let mut more = self.peek()? != b']';
        while more {
            self.blanks();
            let start = self.at;
            if self.peek()? == b'"' {
                let string = self.string()?;
                strings.push((string, start..self.at));
            } else {
                self.value()?;
                other = other.or(Some(start..self.at));
            }
            self.blanks();
            more = self.eat(b',').is_some();
        }
        self.eat(b']')?;
        self.blanks();
        if self.at < self.text.len() {
            return None;
        }
        Some(other.map_or(Json::Strings(strings), Json::NotStrings))
    }

    /// Skips any value but a string at the top level; containers are tracked on an explicit stack.
    fn value(&mut self) -> Option<()> {
        let mut open = Vec::new();
        loop {
            self.blanks();
            match self.peek()? {
                opener @ (b'[' | b'{') => {
                    self.at += 1;
                    self.blanks();
                    let closer = if opener == b'[' { b']' } else { b'}' };
                    if self.eat(closer).is_none() {
                        open.push(closer);
                        // One more level is the array around this value.
                        if open.len() >= DEEPEST {
                            return None;
                        }
                        self.key(closer)?;
                        continue;
                    }
                }
                b'"' => drop(self.string()?),
                b't' => self.literal("true")?,
                b'f' => self.literal("false")?,
                b'n' => self.literal("null")?,
                _ => self.number()?,
            }
            loop {
                let Some(&closer) = open.last() else { return Some(()) };
                self.blanks();
                if self.eat(b',').is_some() {
                    self.key(closer)?;
                    break;
                }
                self.eat(closer)?;
                open.pop();
            }
        }
    }

    /// In an object: the name and colon before a value.
    fn key(&mut self, closer: u8) -> Option<()> {
        if closer == b'}' {
            self.blanks();
            self.string()?;
            self.blanks();
            self.eat(b':')?;
        }
        Some(())
    }

    fn literal(&mut self, literal: &str) -> Option<()> {
        self.text[self.at..].starts_with(literal).then(|| self.at += literal.len())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.eat(b'-');
        if self.eat(b'0').is_none() {
            self.digits()?;
        }
        if self.eat(b'.').is_some() {
            self.digits()?;
        }
        if self.eat(b'e').or_else(|| self.eat(b'E')).is_some() {
            let _ = self.eat(b'+').or_else(|| self.eat(b'-'));
            self.digits()?;
        }
        Some(())
    }

    fn string(&mut self) -> Option<String> {
        self.eat(b'"')?;
        let mut decoded = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|char: char| char == '"' || char == '\\' || char < ' ')?;
            decoded.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek()? {
                b'"' => break,
                b'\\' => decoded.push(self.escape()?),
                _ => return None,
            }
        }
        self.at += 1;
        Some(decoded)
    }

    fn escape(&mut self) -> Option<char> {
        self.at += 1;
        let byte = self.peek()?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return None,
        })
    }

    /// The digits of `\u1234`, and of a second one that completes a surrogate pair.
    fn unicode(&mut self) -> Option<char> {
        let first = self.hex()?;
        let before_second = self.at;
        if (0xd800..0xdc00).contains(&first) && self.literal("\\u").is_some() {
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                return char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            }
            self.at = before_second;
        }
        Some(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let all_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        self.at += 4;
        all_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(text: &str) -> Option<Vec<String>> {
        match parse(text) {
            Json::Strings(strings) => Some(strings.into_iter().map(|(string, _)| string).collect()),
            _ => None,
        }
    }

    #[test]
    fn reads_arrays_of_strings() {
        let cases: &[(&str, &[&str])] = &[
            ("[]", &[]),
            (" [ ] ", &[]),
            (r#"["a"]"#, &["a"]),
            (r#"[ "a" , "b c" ]"#, &["a", "b c"]),
            (r#"["\"\\\/\b\f\n\r\t"]"#, &["\"\\/\u{8}\u{c}\n\r\t"]),
            (r#"["\u0041\ud83d\ude00"]"#, &["A\u{1f600}"]),
            (r#"["\ud83d", "\ud83dx", "\ud83d\u0041"]"#, &["\u{fffd}", "\u{fffd}x", "\u{fffd}A"]),
        ];
        for (text, expected) in cases {
            assert_eq!(
                strings(text).as_deref(),
                Some(&expected.iter().map(|s| s.to_string()).collect::<Vec<_>>()[..]),
                "{text}"
            );
        }
    }

    #[test]
    fn anything_else_is_shell_form() {
        for text in [
            "",
            "a",
            "['a']",
            "[\"a\",]",
            "[\"a\"",
            "[a]",
            "[\"a\"] # c",
            "[\"a\" \"b\"]",
            "[\"\t\"]",
            "[\"\\x\"]",
            "[\"\\u12\"]",
            "[[]",
            "[01]",
            "[1.]",
            "[-]",
            "[{\"a\"}]",
            "[{\"a\":}]",
            "{}",
            "[\"a\"]]",
            "[,]",
            "[",
            "[\"\\u00g0\"]",
            "[nul]",
        ] {
            assert_eq!(parse(text), Json::Not, "{text}");
        }
        assert_eq!(parse(&"[".repeat(100_000)), Json::Not);
    }

    #[test]
    fn other_values_are_noticed() {
        for text in
            ["[1]", "[null]", "[true, \"a\"]", "[\"a\", -1.5e+3]", "[{}]", "[[\"a\"]]", "[{\"a\": [1, {}]}]"]
        {
            assert!(matches!(parse(text), Json::NotStrings(_)), "{text}: {:?}", parse(text));
        }
        assert_eq!(parse("[\"a\", 12, 3]"), Json::NotStrings(6..8));
    }

    #[test]
    fn ranges_cover_the_literals() {
        let text = r#"["a", "\u0062"]"#;
        let Json::Strings(strings) = parse(text) else { panic!() };
        assert_eq!(&text[strings[1].1.clone()], r#""\u0062""#);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\[[\\[\\]{}\",:\\\\u0-9a-f\u{e9}.eE+-]{0,30}") {
            let _ = parse(&text);
        }
    }
}
