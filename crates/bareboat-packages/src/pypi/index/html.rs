//! The HTML form of the simple API: anchors of one page (PEP 503, PEP 592, PEP 629).

use std::collections::BTreeMap;

/// One anchor: its attributes, decoded.
pub(super) type Anchor = BTreeMap<String, String>;

/// What a page holds.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The address that relative links are relative to, if the page names one.
    pub(super) base: Option<String>,
    pub(super) anchors: Vec<Anchor>,
    /// The value of `pypi:repository-version`.
    pub(super) version: Option<String>,
}

/// Collects the tags that matter; anything else is passed over, since pages of old indexes are no clean HTML.
pub(super) fn scan_page(text: &str) -> Page {
    let mut page = Page::default();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = &rest[end..];
        if !matches!(name.as_str(), "a" | "base" | "meta") {
            continue;
        }
        let (attributes, after) = scan_attributes(rest);
        rest = after;
        match name.as_str() {
            "base" => page.base = page.base.take().or_else(|| attributes.get("href").cloned()),
            "meta" if attributes.get("name").map(String::as_str) == Some("pypi:repository-version") => {
                page.version = attributes.get("content").cloned();
            }
            "a" if attributes.contains_key("href") => page.anchors.push(attributes),
            _ => {}
        }
    }
    page
}

fn scan_attributes(text: &str) -> (Anchor, &str) {
    let mut attributes = BTreeMap::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return (attributes, rest);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (attributes, after);
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>')).unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            (value, rest) = scan_value(after.trim_start());
        } else if name.is_empty() {
            // A stray character that begins nothing.
            rest = rest.get(1..).unwrap_or("");
        }
        attributes.entry(name).or_insert_with(|| unescape(value));
    }
}

fn scan_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            let end = quoted.find(quote).unwrap_or(quoted.len());
            return (&quoted[..end], quoted.get(end + 1..).unwrap_or(""));
        }
    }
    let end = text.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(text.len());
    (&text[..end], &text[end..])
}

/// The character references that URLs and version specifiers need.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|&end| end <= 10);
        match end.and_then(|end| Some((character(&rest[1..end])?, end))) {
            Some((character, end)) => {
                plain.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                plain.push('&');
                rest = &rest[1..];
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn character(reference: &str) -> Option<char> {
    match reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = reference.strip_prefix('#')?;
            let value = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            char::from_u32(value.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_anchors_of_clean_and_unclean_pages() {
        let page = scan_page(
            "<!DOCTYPE html><html><head><meta name=\"pypi:repository-version\" content=\"1.1\"><base href='/files/'></head>\
             <!-- <a href='no'> --><A HREF=\"../x-1.0.tar.gz#sha256=aa\" data-requires-python=\"&gt;=3.8&#44;&lt;4\">x</a><br/>\
             <a href=plain.whl data-yanked>y</a><a name=anchor>z</a><abbr>n</abbr><a href='open",
        );
        assert_eq!(page.base.as_deref(), Some("/files/"));
        assert_eq!(page.version.as_deref(), Some("1.1"));
        assert_eq!(page.anchors.len(), 3);
        assert_eq!(page.anchors[0]["data-requires-python"], ">=3.8,<4");
        assert_eq!(page.anchors[1]["href"], "plain.whl");
        assert_eq!(page.anchors[1]["data-yanked"], "");
    }

    #[test]
    fn survives_any_text() {
        for text in [
            "<",
            "<a",
            "<a ",
            "<a =",
            "<a href",
            "<a href=",
            "<a href=\"",
            "<!--",
            "&",
            "<a \"é=\u{1F600}>",
            "<a href='&#x110000;&bogus;'>",
        ] {
            scan_page(text);
        }
    }
}
