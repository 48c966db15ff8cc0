//! Parser directives: `# syntax=`, `# escape=`, `# check=`, before anything else in the file.

use crate::Span;

/// A directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// The whole line with its line end.
    pub span: Span,
    /// Which one.
    pub name: DirectiveName,
    /// What follows `=`, trimmed.
    pub value: String,
    /// The value's bytes.
    pub value_span: Span,
}

/// The known directives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DirectiveName {
    /// The image of the frontend that would build this.
    Syntax,
    /// The escape and continuation character.
    Escape,
    /// Build checks to skip, or to fail on.
    Check,
}

impl DirectiveName {
    /// The name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Escape => "escape",
            Self::Check => "check",
        }
    }

    fn from_name(name: &[u8]) -> Option<Self> {
        let all = [Self::Syntax, Self::Escape, Self::Check];
        all.into_iter().find(|known| known.as_str().as_bytes().eq_ignore_ascii_case(name))
    }
}

/// Reads a comment line as a known directive. `line` starts at offset `at` of the file, with its `#`, and has no
/// line end; the span given back is that of the line as passed.
pub(crate) fn read(line: &[u8], at: usize) -> Option<Directive> {
    let space = |byte: &u8| matches!(byte, b'\t' | b'\n' | 0xc | b'\r' | b' ');
    let skip = |from: usize| from + line[from..].iter().take_while(|byte| space(byte)).count();
    let name_start = 1 + line.get(1..)?.len() - crate::scan::trim_start(&line[1..]).len();
    let name_length = line[name_start..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name_end = name_start + name_length;
    let equals = skip(name_end);
    if line.get(equals) != Some(&b'=') {
        return None;
    }
    let start = skip(equals + 1);
    let trailing = line[start..].iter().rev().take_while(|byte| space(byte)).count();
    let value_span = Span::new(at + start, at + line.len() - trailing);
    if value_span.is_empty() {
        return None;
    }
    Some(Directive {
        span: Span::new(at, at + line.len()),
        name: DirectiveName::from_name(&line[name_start..name_end])?,
        value: String::from_utf8_lossy(&line[start..line.len() - trailing]).into_owned(),
        value_span,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_known_directives_only() {
        let value = |line: &str| read(line.as_bytes(), 0).map(|found| (found.name.as_str(), found.value));
        assert_eq!(value("# syntax=docker/dockerfile:1"), Some(("syntax", "docker/dockerfile:1".into())));
        assert_eq!(value("#SYNTAX = a b \t"), Some(("syntax", "a b".into())));
        assert_eq!(
            value("#\u{2003}check=skip=all;error=true"),
            Some(("check", "skip=all;error=true".into()))
        );
        for line in
            ["#", "# syntax", "# syntax=", "# syntax= ", "# x=1", "# syn tax=1", "## syntax=1", "# 1syntax=x"]
        {
            assert_eq!(value(line), None, "{line}");
        }
        let found = read(b"#  escape = ` ", 100).unwrap();
        assert_eq!((found.span, found.value_span), (Span::new(100, 114), Span::new(112, 113)));
    }
}
