//! The digests by which Poetry, PDM and pipenv notice that a project has moved on.
//!
//! All three hash a part of the project's own file as Python's `json.dumps` writes it with sorted keys.

use std::fmt::Write as _;

use bareboat_store::Digest;
use toml::Value;

/// How Python separates items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separators {
    /// `", "` and `": "`, the default.
    Spaced,
    /// `","` and `":"`.
    Compact,
}

/// A value as Python writes it; `None` is its `null`.
pub(super) enum Json<'a> {
    Toml(&'a Value),
    Object(Vec<(&'a str, Json<'a>)>),
    Text(&'a str),
    EmptyList,
    EmptyObject,
    Null,
}

impl<'a> Json<'a> {
    /// `value`, or what stands for one that is missing.
    pub(super) fn or(value: Option<&'a Value>, missing: Json<'a>) -> Self {
        value.map_or(missing, Json::Toml)
    }
}

/// SHA-256 of `value` as `json.dumps(value, sort_keys=True)` writes it, in hex.
pub(super) fn python_json_sha256(value: &Json<'_>, separators: Separators) -> String {
    let mut text = String::new();
    write_json(&mut text, value, separators);
    Digest::of(text).hex()
}

fn write_json(out: &mut String, value: &Json<'_>, separators: Separators) {
    match value {
        Json::Toml(value) => write_toml(out, value, separators),
        Json::Text(text) => write_text(out, text),
        Json::EmptyList => out.push_str("[]"),
        Json::EmptyObject => out.push_str("{}"),
        Json::Null => out.push_str("null"),
        Json::Object(entries) => {
            let mut entries: Vec<&(&str, Json<'_>)> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            write_object(out, entries.into_iter(), separators, |out, (key, value)| {
                write_text(out, key);
                out.push_str(colon(separators));
                write_json(out, value, separators);
            });
        }
    }
}

fn write_toml(out: &mut String, value: &Value, separators: Separators) {
    match value {
        Value::String(text) => write_text(out, text),
        Value::Integer(number) => _ = write!(out, "{number}"),
        Value::Float(number) => _ = write!(out, "{number:?}"),
        Value::Boolean(flag) => _ = write!(out, "{flag}"),
        Value::Datetime(date) => write_text(out, &date.to_string()),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { comma(separators) } else { "" });
                write_toml(out, item, separators);
            }
            out.push(']');
        }
        Value::Table(table) => {
            // Python sorts keys by code point, which is the order of UTF-8 bytes, too.
            let mut entries: Vec<(&String, &Value)> = table.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            write_object(out, entries.into_iter(), separators, |out, (key, value)| {
                write_text(out, key);
                out.push_str(colon(separators));
                write_toml(out, value, separators);
            });
        }
    }
}

fn write_object<T>(
    out: &mut String,
    entries: impl Iterator<Item = T>,
    separators: Separators,
    write: impl Fn(&mut String, T),
) {
    out.push('{');
    for (index, entry) in entries.enumerate() {
        out.push_str(if index > 0 { comma(separators) } else { "" });
        write(out, entry);
    }
    out.push('}');
}

fn comma(separators: Separators) -> &'static str {
    if separators == Separators::Spaced { ", " } else { "," }
}

fn colon(separators: Separators) -> &'static str {
    if separators == Separators::Spaced { ": " } else { ":" }
}

/// As Python with `ensure_ascii`: everything beyond ASCII as UTF-16 escapes.
fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_python_writes() {
        let table: Value =
            toml::from_str("b = [1, true, 2.0]\na = { \"é\\u0001\\\"\" = \"\\U0001F600\\n\" }\nc = []\n")
                .unwrap();
        let mut text = String::new();
        write_toml(&mut text, &table, Separators::Spaced);
        assert_eq!(
            text,
            "{\"a\": {\"\\u00e9\\u0001\\\"\": \"\\ud83d\\ude00\\n\"}, \"b\": [1, true, 2.0], \"c\": []}"
        );
        let object = Json::Object(vec![("z", Json::Null), ("a", Json::EmptyList), ("m", Json::Text("x"))]);
        text.clear();
        write_json(&mut text, &object, Separators::Compact);
        assert_eq!(text, "{\"a\":[],\"m\":\"x\",\"z\":null}");
    }
}
