//! Lines of bytes.

use crate::Span;

/// One line of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    /// First byte.
    pub(crate) start: usize,
    /// End of the text: before the `\n` and every `\r` in front of it.
    pub(crate) text_end: usize,
    /// Start of the next line.
    pub(crate) end: usize,
}

impl Line {
    /// The line that starts at `at`; `None` at the end of the file.
    pub(crate) fn at(source: &[u8], at: usize) -> Option<Self> {
        if at >= source.len() {
            return None;
        }
        let newline = memchr::memchr(b'\n', &source[at..]).map(|length| at + length);
        let content_end = newline.unwrap_or(source.len());
        let returns = source[at..content_end].iter().rev().take_while(|byte| **byte == b'\r').count();
        let end = newline.map_or(source.len(), |newline| newline + 1);
        Some(Self { start: at, text_end: content_end - returns, end })
    }

    /// Bytes from the first one to the line feed, which BuildKit limits.
    pub(crate) fn length(self, source: &[u8]) -> usize {
        let with_feed = source[..self.end].ends_with(b"\n");
        self.end - self.start - usize::from(with_feed)
    }

    pub(crate) fn text(self, source: &[u8]) -> &[u8] {
        &source[self.start..self.text_end]
    }

    pub(crate) fn span(self) -> Span {
        Span::new(self.start, self.end)
    }
}

/// `bytes` without white space (Unicode's) at the start.
pub(crate) fn trim_start(mut bytes: &[u8]) -> &[u8] {
    loop {
        let ascii = bytes.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0xb).count();
        bytes = &bytes[ascii..];
        if bytes.first().is_none_or(u8::is_ascii) {
            return bytes;
        }
        // White space outside ASCII takes 2 or 3 bytes a character.
        let blank = |length: &usize| {
            let text = bytes.get(..*length).and_then(|head| std::str::from_utf8(head).ok());
            text.is_some_and(|text| text.chars().all(char::is_whitespace))
        };
        match [2, 3].into_iter().find(blank) {
            Some(length) => bytes = &bytes[length..],
            None => return bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_before_every_carriage_return() {
        let source = b"ab\r\r\n\nc\rd";
        let first = Line::at(source, 0).unwrap();
        assert_eq!((first.text(source), first.end, first.length(source)), (&b"ab"[..], 5, 4));
        let last = Line::at(source, 6).unwrap();
        assert_eq!((last.text(source), last.end, last.length(source)), (&b"c\rd"[..], 9, 3));
        assert!(Line::at(source, 9).is_none());
    }

    #[test]
    fn trims_unicode_white_space() {
        assert_eq!(trim_start("\t\u{b}\u{a0}\u{2003} \u{85}x ".as_bytes()), b"x ");
        assert_eq!(trim_start(b"\xff "), b"\xff ");
        assert_eq!(trim_start("\u{e9}".as_bytes()), "\u{e9}".as_bytes());
    }
}
