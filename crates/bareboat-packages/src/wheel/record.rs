//! `RECORD`: the list of a distribution's files with hashes and sizes.
//!
//! Follows PyPA's "Recording installed projects", section "The RECORD file", and PEP 376: comma-separated values with
//! `"` quoting; hashes as `algorithm=` and URL-safe base64 without padding; sha256 or better.

use std::collections::BTreeMap;

use bareboat_store::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::WheelError;

/// A file's hash as `RECORD` states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FileHash {
    Sha256([u8; 32]),
    Sha384([u8; 48]),
    Sha512(Box<[u8; 64]>),
}

/// One row with a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub hash: FileHash,
    /// Bytes, when stated.
    pub size: Option<u64>,
}

/// Rows by path in the wheel. Rows without a hash (`RECORD` itself, its signatures) are left out.
pub(super) type Record = BTreeMap<String, Row>;

/// Reads the text of `RECORD`; `file` is its path, for messages.
pub(super) fn parse(file: &str, text: &str) -> Result<Record, WheelError> {
    let mut record = Record::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (fields, after) =
            csv_row(rest).ok_or_else(|| WheelError::malformed(file, "has an unclosed quote"))?;
        rest = after;
        let [path, hash, size] = &fields[..] else {
            if fields == [""] {
                continue;
            }
            let why = format!("has a line of {} fields instead of three", fields.len());
            return Err(WheelError::malformed(file, why));
        };
        if hash.is_empty() {
            continue;
        }
        let malformed = |what| WheelError::malformed(file, format!("has no usable {what} for `{path}`"));
        let size = match size.as_str() {
            "" => None,
            digits => Some(digits.parse().map_err(|_| malformed("size"))?),
        };
        let row = Row { hash: parse_hash(hash).ok_or_else(|| malformed("hash"))?, size };
        if record.insert(path.clone(), row.clone()).is_some_and(|before| before != row) {
            return Err(WheelError::malformed(file, format!("lists `{path}` twice with different hashes")));
        }
    }
    Ok(record)
}

/// Splits the first row off `text`. `None` when a quoted field never ends.
fn csv_row(text: &str) -> Option<(Vec<String>, &str)> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let field;
        (field, rest) = match rest.strip_prefix('"') {
            Some(inside) => quoted_field(inside)?,
            None => plain_field(rest),
        };
        fields.push(field);
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => break,
        }
    }
    let rest = rest.strip_prefix('\r').unwrap_or(rest);
    Some((fields, rest.strip_prefix('\n').unwrap_or(rest)))
}

fn plain_field(text: &str) -> (String, &str) {
    let end = text.find([',', '\n', '\r']).unwrap_or(text.len());
    (text[..end].to_owned(), &text[end..])
}

/// The field after its opening quote; `""` stands for a quote.
fn quoted_field(mut text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    loop {
        let end = text.find('"')?;
        field.push_str(&text[..end]);
        text = &text[end + 1..];
        match text.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                text = more;
            }
            None => {
                // Text between the closing quote and the next separator belongs to no field; Python's reader appends it.
                let (tail, rest) = plain_field(text);
                field.push_str(&tail);
                return Some((field, rest));
            }
        }
    }
}

fn parse_hash(text: &str) -> Option<FileHash> {
    let (algorithm, encoded) = text.split_once('=')?;
    let bytes = URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?;
    Some(match algorithm {
        "sha256" => FileHash::Sha256(bytes.try_into().ok()?),
        "sha384" => FileHash::Sha384(bytes.try_into().ok()?),
        "sha512" => FileHash::Sha512(Box::new(bytes.try_into().ok()?)),
        _ => return None,
    })
}

/// Writes `RECORD`, sorted by path: `rows` are paths relative to site-packages with digest and size; `own` is the path
/// of `RECORD` itself, which cannot have a hash.
pub(super) fn write(mut rows: Vec<(String, Digest, u64)>, own: &str) -> String {
    rows.sort();
    let mut lines: Vec<(String, String)> = rows
        .into_iter()
        .map(|(path, digest, size)| {
            let hash = URL_SAFE_NO_PAD.encode(digest.as_bytes());
            let line = format!("{},sha256={hash},{size}\n", quote(&path));
            (path, line)
        })
        .collect();
    lines.push((own.to_owned(), format!("{},,\n", quote(own))));
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

fn quote(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

    #[test]
    fn reads_quotes_carriage_returns_and_a_missing_last_line_feed() {
        let text = format!("a.py,{HASH},0\r\n\"b,\"\"c\"\".py\",{HASH},\r\n\r\nx/RECORD,,\nd.py,{HASH},0");
        let record = parse("RECORD", &text).unwrap();
        let paths: Vec<_> = record.keys().map(String::as_str).collect();
        assert_eq!(paths, ["a.py", "b,\"c\".py", "d.py"]);
        assert_eq!(record["b,\"c\".py"].size, None);
    }

    #[test]
    fn accepts_padding_and_longer_hashes_but_no_weak_ones() {
        for (hash, good) in [
            (format!("{HASH}="), true),
            (format!("sha512={}", URL_SAFE_NO_PAD.encode([7; 64])), true),
            (format!("sha384={}", URL_SAFE_NO_PAD.encode([7; 48])), true),
            (format!("md5={}", URL_SAFE_NO_PAD.encode([7; 16])), false),
            ("sha256=short".to_owned(), false),
            ("plain".to_owned(), false),
        ] {
            assert_eq!(parse("RECORD", &format!("a,{hash},1\n")).is_ok(), good, "{hash}");
        }
    }

    #[test]
    fn refuses_contradicting_rows_and_broken_lines() {
        let other = format!("sha256={}", URL_SAFE_NO_PAD.encode([7; 32]));
        assert!(parse("RECORD", &format!("a,{HASH},0\na,{HASH},0\n")).is_ok());
        assert!(parse("RECORD", &format!("a,{HASH},0\na,{other},0\n")).is_err());
        assert!(parse("RECORD", "a\n").is_err());
        assert!(parse("RECORD", "a,,,,\n").is_err());
        assert!(parse("RECORD", "\"a,,\n").is_err());
        assert!(parse("RECORD", &format!("a,{HASH},many\n")).is_err());
    }

    #[test]
    fn writes_what_it_reads() {
        let digest = Digest::of(b"");
        let rows = vec![("z".to_owned(), digest, 0), ("a,b".to_owned(), digest, 0)];
        let text = write(rows, "d/RECORD");
        assert_eq!(text, format!("\"a,b\",{HASH},0\nd/RECORD,,\nz,{HASH},0\n"));
        assert_eq!(parse("RECORD", &text).unwrap().len(), 2);
    }
}
