//! Variables that a host file replaces before a Dockerfile is read: `${NAME:-default}` of Compose, `${name}` of HCL.
//!
//! The environment is not asked: what has a default gets it, what has none is unknown.

use std::collections::BTreeMap;
use std::ops::Range;

use super::map::{Scalar, Writer};

/// How a file marks what is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// `$NAME`, `${NAME}`, `${NAME:-default}`; `$$` is a dollar.
    Compose,
    /// `${expression}`, `%{directive}`; `$${` and `%%{` are themselves.
    Hcl,
}

impl Syntax {
    /// `text` so that nothing in it is replaced.
    pub(super) fn escape(self, text: &str) -> String {
        match self {
            Self::Compose => text.replace('$', "$$"),
            Self::Hcl => text.replace("${", "$${").replace("%{", "%%{"),
        }
    }
}

/// The text after Compose has replaced variables (compose-spec, "Interpolation").
pub(super) fn compose(scalar: Scalar) -> Scalar {
    let none = BTreeMap::new();
    replace(
        scalar,
        &|rest| match rest.as_bytes().get(1)? {
            b'$' => Some(Found::Escape { length: 2, text: "$" }),
            b'{' => {
                let end = closing(rest)?;
                Some(Found::Variable { length: end + 1, value: default(&rest[2..end]) })
            }
            byte if byte.is_ascii_alphabetic() || *byte == b'_' => {
                let name = |char: char| char.is_ascii_alphanumeric() || char == '_';
                let length = 1 + rest[1..].find(|char| !name(char)).unwrap_or(rest.len() - 1);
                Some(Found::Variable { length, value: None })
            }
            _ => None,
        },
        &none,
    )
}

/// The text after HCL has replaced what is a variable with a default in the same file.
pub(super) fn hcl(scalar: Scalar, variables: &BTreeMap<String, String>) -> Scalar {
    replace(
        scalar,
        &|rest| {
            if rest.starts_with("$${") || rest.starts_with("%%{") {
                return Some(Found::Escape { length: 3, text: &rest[1..3] });
            }
            if rest.as_bytes().get(1) != Some(&b'{') {
                return None;
            }
            let end = closing(rest)?;
            Some(Found::Named { length: end + 1, name: rest[2..end].trim() })
        },
        variables,
    )
}

/// Something at the place of a `$` or `%`.
enum Found<'t> {
    /// An escape for `text`.
    Escape { length: usize, text: &'t str },
    /// A variable with its value, when it has a default.
    Variable { length: usize, value: Option<&'t str> },
    /// A variable of the file.
    Named { length: usize, name: &'t str },
}

fn replace(
    scalar: Scalar,
    look: &dyn for<'t> Fn(&'t str) -> Option<Found<'t>>,
    variables: &BTreeMap<String, String>,
) -> Scalar {
    let text = scalar.text().to_owned();
    let mut writer = Writer::default();
    let mut unknown: Vec<Range<usize>> = Vec::new();
    let mut rewritable = true;
    let (mut at, mut copied) = (0, 0);
    while let Some(mark) = text[at..].find(['$', '%']).map(|found| at + found) {
        let Some(found) = look(&text[mark..]) else {
            at = mark + 1;
            continue;
        };
        if copied < mark {
            writer.push(&text[copied..mark], copied..mark);
        }
        let (length, value) = match found {
            Found::Escape { length, text } => (length, Some(text)),
            Found::Variable { length, value } => (length, value),
            Found::Named { length, name } => (length, variables.get(name).map(String::as_str)),
        };
        rewritable &= matches!(found, Found::Escape { .. });
        at = mark + length;
        copied = at;
        let start = writer.text.len();
        writer.push(value.unwrap_or(&text[mark..at]), mark..at);
        if value.is_none() {
            unknown.push(start..writer.text.len());
        }
    }
    if copied == 0 {
        return scalar;
    }
    writer.push(&text[copied..], copied..text.len());
    scalar.interpolated(writer, unknown, rewritable)
}

/// Where the brace closes that is the second character of `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return Some(at),
            b'}' => depth -= 1,
            b'\n' => return None,
            _ => {}
        }
    }
    None
}

/// The default in `NAME:-default` or `NAME-default`, when it is a plain text.
fn default(inner: &str) -> Option<&str> {
    let name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let rest = &inner[inner.find(|char| !name(char))?..];
    let value = rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-'))?;
    (!value.contains('$')).then_some(value)
}
