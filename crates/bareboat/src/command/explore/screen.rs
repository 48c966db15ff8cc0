//! The terminal as a screen: raw, without a cursor, and as it was before when this ends. Escape sequences are those that
//! every terminal of the last decades knows (ECMA-48, xterm).

use std::io::{self, Write};
use std::time::{Duration, Instant};

use bareboat_inspect::explore::{Key, Line, Style};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// The terminal while it is a screen.
pub struct Screen {
    before: Termios,
    last_size: (usize, usize),
    pending: Vec<u8>,
    colors: bool,
}

/// How often the size is looked at.
const TICK: Duration = Duration::from_millis(400);
/// How long after Escape the rest of a sequence may come.
const SEQUENCE: Duration = Duration::from_millis(40);

impl Screen {
    /// Takes the terminal over.
    pub fn enter() -> io::Result<Self> {
        let before = tcgetattr(rustix::stdio::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &raw)?;
        let colors = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let screen = Self { before, last_size: (0, 0), pending: Vec::new(), colors };
        // Another screen, so that what was there comes back; no cursor.
        write("\x1b[?1049h\x1b[?25l")?;
        Ok(screen)
    }

    /// Columns and lines.
    pub fn size(&mut self) -> (usize, usize) {
        self.last_size = match tcgetwinsize(rustix::stdio::stdout()) {
            Ok(size) if size.ws_col > 0 => (size.ws_col.into(), size.ws_row.into()),
            _ => (80, 24),
        };
        self.last_size
    }

    /// Writes every line in its place.
    pub fn draw(&self, lines: &[Line]) -> io::Result<()> {
        let mut text = String::new();
        for (index, line) in lines.iter().enumerate() {
            text.push_str(&format!("\x1b[{};1H", index + 1));
            for (style, words) in line {
                text.push_str(&format!("\x1b[0{}m{words}", self.code(*style)));
            }
        }
        text.push_str("\x1b[0m\x1b[J");
        write(&text)
    }

    fn code(&self, style: Style) -> &'static str {
        match style {
            Style::Plain => "",
            Style::Title => ";1",
            Style::ActiveTitle => ";1;7",
            Style::Selected => ";7",
            _ if !self.colors => "",
            Style::Dim => ";2",
            Style::Added => ";32",
            Style::Modified => ";33",
            Style::Removed => ";31",
        }
    }

    /// The next key; `None` when the size has changed.
    pub fn key(&mut self) -> io::Result<Option<Key>> {
        loop {
            if let Some((key, length)) = parse(&self.pending, false) {
                self.pending.drain(..length);
                if let Some(key) = key {
                    return Ok(Some(key));
                }
                continue;
            }
            let wait = if self.pending.is_empty() { TICK } else { SEQUENCE };
            if self.read(wait)? {
                continue;
            }
            // Nothing more came: what is there is all.
            if let Some((Some(key), length)) = parse(&self.pending, true) {
                self.pending.drain(..length);
                return Ok(Some(key));
            }
            self.pending.clear();
            let last = self.last_size;
            if self.size() != last {
                return Ok(None);
            }
        }
    }

    /// Reads what comes within a time; false when nothing does.
    fn read(&mut self, wait: Duration) -> io::Result<bool> {
        let deadline = Instant::now() + wait;
        let stdin = rustix::stdio::stdin();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left).map_err(|_| io::ErrorKind::InvalidInput)?;
            match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&timeout)) {
                Ok(0) => return Ok(false),
                Ok(_) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let mut buffer = [0; 256];
        match rustix::io::read(stdin, &mut buffer)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            length => {
                self.pending.extend(&buffer[..length]);
                Ok(true)
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = write("\x1b[0m\x1b[?25h\x1b[?1049l");
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Drain, &self.before);
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// The first key of some bytes and how many they are; a key that means nothing is `None`. Nothing at all where more
/// bytes may follow, unless these are `all`.
fn parse(bytes: &[u8], all: bool) -> Option<(Option<Key>, usize)> {
    let first = *bytes.first()?;
    let key = match first {
        0x1b => return escape(bytes, all),
        b'\t' => Key::Tab,
        b'\r' => Key::Enter,
        0x7f | 0x08 => Key::Backspace,
        0 => Key::Control(' '),
        1..=26 => Key::Control(char::from(b'a' + first - 1)),
        0x20..=0x7e => Key::Character(char::from(first)),
        0x80.. => {
            let length = bytes.len().min(4);
            let whole = (1..=length).find_map(|length| std::str::from_utf8(&bytes[..length]).ok());
            return match whole {
                Some(text) => Some((text.chars().next().map(Key::Character), text.len())),
                None if length < 4 && !all => None,
                None => Some((None, 1)),
            };
        }
        _ => return Some((None, 1)),
    };
    Some((Some(key), 1))
}

/// A sequence that begins with Escape, or the key itself.
fn escape(bytes: &[u8], all: bool) -> Option<(Option<Key>, usize)> {
    match bytes.get(1) {
        None if all => return Some((Some(Key::Escape), 1)),
        None => return None,
        Some(b'[' | b'O') => {}
        Some(_) => return Some((Some(Key::Escape), 1)),
    }
    let end = bytes.iter().skip(2).position(|byte| (0x40..=0x7e).contains(byte)).map(|at| at + 2);
    let Some(end) = end else { return if all { Some((None, bytes.len())) } else { None } };
    let key = match (&bytes[2..end], bytes[end]) {
        (_, b'A') => Some(Key::Up),
        (_, b'B') => Some(Key::Down),
        (_, b'C') => Some(Key::Right),
        (_, b'D') => Some(Key::Left),
        (_, b'H') | (b"1" | b"7", b'~') => Some(Key::Home),
        (_, b'F') | (b"4" | b"8", b'~') => Some(Key::End),
        (b"5", b'~') => Some(Key::PageUp),
        (b"6", b'~') => Some(Key::PageDown),
        _ => None,
    };
    Some((key, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_terminals_send_them() {
        let key = |bytes: &[u8]| parse(bytes, true);
        assert_eq!(key(b"\x1b[A"), Some((Some(Key::Up), 3)));
        assert_eq!(key(b"\x1bOB"), Some((Some(Key::Down), 3)));
        assert_eq!(key(b"\x1b[6~x"), Some((Some(Key::PageDown), 4)));
        assert_eq!(key(b"\x1b[200~"), Some((None, 6)));
        assert_eq!(key(b"\x1b"), Some((Some(Key::Escape), 1)));
        assert_eq!(parse(b"\x1b", false), None);
        assert_eq!(parse(b"\x1b[", false), None);
        assert_eq!(key(b"\x01"), Some((Some(Key::Control('a')), 1)));
        assert_eq!(key("é".as_bytes()), Some((Some(Key::Character('é')), 2)));
        assert_eq!(parse(b"\xc3", false), None);
        assert_eq!(key(b"\xff\xff\xff\xff"), Some((None, 1)));
        assert_eq!(key(b""), None);
    }
}
