//! Secrets in contents and in words. Only forms that are precise are known; a value is never passed on, only its first
//! characters.
//!
//! Tokens with a prefix of their own are found anywhere, in any file, while it streams by. Files whose name says that
//! they hold credentials are read for those.

use std::io::{self, Read};
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use bareboat_image::TreePath;

/// A secret, masked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Secret {
    /// What it is, with article: `a private key`.
    pub what: &'static str,
    /// Its first characters and an ellipsis; empty where even they say too much.
    pub masked: String,
}

/// Files beyond this are no credential files.
pub(super) const LARGEST_NAMED: u64 = 1 << 20;

impl Secret {
    fn new(what: &'static str, value: &str) -> Self {
        Self { what, masked: mask(value) }
    }
}

/// The first four characters of a value that has many more.
fn mask(value: &str) -> String {
    let shown: String = value.chars().take(4).collect();
    if value.chars().count() >= 12 { format!("{shown}…") } else { "…".to_owned() }
}

/// A token that its own prefix gives away.
struct Token {
    what: &'static str,
    prefix: &'static str,
    /// Characters that follow: how many at least, at most, and which.
    length: (usize, usize),
    is_part: fn(u8) -> bool,
}

const TOKENS: &[Token] = &[
    Token { what: "an AWS access key", prefix: "AKIA", length: (16, 16), is_part: upper },
    Token { what: "an AWS session key", prefix: "ASIA", length: (16, 16), is_part: upper },
    Token { what: "a GitHub token", prefix: "ghp_", length: (36, 36), is_part: alnum },
    Token { what: "a GitHub token", prefix: "gho_", length: (36, 36), is_part: alnum },
    Token { what: "a GitHub token", prefix: "ghs_", length: (36, 36), is_part: alnum },
    Token { what: "a GitHub token", prefix: "github_pat_", length: (82, 82), is_part: word },
    Token { what: "a GitLab token", prefix: "glpat-", length: (20, 64), is_part: word },
    Token { what: "a Slack token", prefix: "xoxb-", length: (40, 80), is_part: word },
    Token { what: "a Slack token", prefix: "xoxp-", length: (40, 100), is_part: word },
    Token { what: "a Stripe key", prefix: "sk_live_", length: (24, 120), is_part: alnum },
    Token { what: "a Google API key", prefix: "AIza", length: (35, 35), is_part: word },
    Token { what: "an npm token", prefix: "npm_", length: (36, 36), is_part: alnum },
    Token { what: "a PyPI token", prefix: "pypi-AgEIcHlwaS5vcmc", length: (50, 300), is_part: word },
];

/// What else is looked for, before the prefixes of tokens.
const OTHER_WORDS: [&str; 2] = ["PRIVATE KEY-----", "BusyBox v1."];

/// All words in one automaton: a file is passed over once, however many there are. None of them begins within another.
static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = OTHER_WORDS.into_iter().chain(TOKENS.iter().map(|token| token.prefix));
    AhoCorasick::new(words).expect("a few short words make a small automaton")
});

/// What their makers print in manuals.
const EXAMPLES: &[&str] = &["AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE", "ASIAIOSFODNN7EXAMPLE"];

fn upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn alnum(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Looks through a stream of bytes.
pub(super) struct Scanner {
    window: Vec<u8>,
    found: Vec<Secret>,
    busybox: bool,
}

impl Scanner {
    pub(super) fn new() -> Self {
        Self { window: Vec::new(), found: Vec::new(), busybox: false }
    }

    /// Reads to the end.
    pub(super) fn read(&mut self, input: &mut dyn Read) -> io::Result<()> {
        loop {
            let before = self.window.len();
            input.take(WINDOW as u64).read_to_end(&mut self.window)?;
            let is_end = self.window.len() - before < WINDOW;
            // What begins in the tail is judged when more of it is there.
            let judged = if is_end { self.window.len() } else { self.window.len() - LONGEST };
            self.judge(judged);
            self.window.drain(..judged);
            if is_end || self.found.len() >= MOST_FOUND {
                return Ok(());
            }
        }
    }

    /// True when BusyBox names itself.
    pub(super) fn has_busybox(&self) -> bool {
        self.busybox
    }

    /// Everything found, each once.
    pub(super) fn finish(mut self) -> Vec<Secret> {
        self.found.sort();
        self.found.dedup();
        self.found
    }

    /// Looks at what begins before `end`.
    fn judge(&mut self, end: usize) {
        let window = &self.window;
        for found in WORDS.find_iter(window).filter(|found| found.start() < end) {
            let at = found.start();
            match found.pattern().as_usize().checked_sub(OTHER_WORDS.len()) {
                Some(token) => self.found.extend(TOKENS[token].at(window, at)),
                None if found.pattern().as_usize() == 0 => self.found.extend(private_key(window, at)),
                None => self.busybox = true,
            }
            if self.found.len() >= MOST_FOUND {
                break;
            }
        }
    }
}

impl Token {
    fn at(&self, bytes: &[u8], at: usize) -> Option<Secret> {
        if at.checked_sub(1).is_some_and(|before| word(bytes[before])) {
            return None;
        }
        let rest = &bytes[at + self.prefix.len()..];
        let length = rest.iter().take(self.length.1 + 1).take_while(|byte| (self.is_part)(**byte)).count();
        let ends = rest.get(length).is_none_or(|byte| !word(*byte));
        if length < self.length.0 || length > self.length.1 || !ends {
            return None;
        }
        let value = String::from_utf8_lossy(&bytes[at..at + self.prefix.len() + length]);
        // A real one is random: `AKIAXXXXXXXXXXXXXXXX` is not.
        let kinds: std::collections::BTreeSet<u8> = rest[..length].iter().copied().collect();
        (kinds.len() >= 6 && !EXAMPLES.contains(&value.as_ref())).then(|| Secret::new(self.what, &value))
    }
}

/// `-----BEGIN … PRIVATE KEY-----` with a key behind it (RFC 7468), also in a JSON text; `at` is where `PRIVATE` stands.
fn private_key(bytes: &[u8], at: usize) -> Option<Secret> {
    let line = &bytes[at.saturating_sub(24)..at];
    let begin = memchr::memmem::rfind(line, b"-----BEGIN ")?;
    let label = &line[begin + b"-----BEGIN ".len()..];
    if !label.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b' ') {
        return None;
    }
    let rest = &bytes[at + b"PRIVATE KEY-----".len()..];
    let rest = &rest[..rest.len().min(LONGEST)];
    let is_break = |byte: &u8| matches!(byte, b'\r' | b'\n' | b'\\' | b'r' | b'n' | b' ');
    // Headers such as `Proc-Type:` stand before an encrypted key, which opens nothing by itself.
    let body = &rest[rest.iter().take(4).take_while(|byte| is_break(byte)).count()..];
    let length = body.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)).count();
    let is_encrypted = label.starts_with(b"ENCRYPTED");
    (length >= 40 && !is_encrypted).then(|| Secret { what: "a private key", masked: String::new() })
}

/// True for files whose name says that they hold credentials.
pub(super) fn is_telling_name(path: &TreePath) -> bool {
    credentials(path).is_some() || is_read_for_addresses(path)
}

fn is_read_for_addresses(path: &TreePath) -> bool {
    let text = path.to_str_lossy();
    ["pip.conf", ".git/config", ".git-credentials", "direct_url.json", "uv.toml"]
        .iter()
        .any(|name| text.ends_with(name))
}

/// How a credential file's lines look: what it holds, and the words before a value.
fn credentials(path: &TreePath) -> Option<(&'static str, &'static [&'static str])> {
    let text = path.to_str_lossy();
    let name = text.rsplit('/').next().unwrap_or_default();
    Some(match name {
        ".netrc" | "_netrc" => ("a password for another machine", &["password "]),
        ".pypirc" => ("a package index's password", &["password", "password:"]),
        ".npmrc" => ("an npm credential", &["_authToken", "_password", "_auth"]),
        "credentials" if text.ends_with(".aws/credentials") => {
            ("an AWS secret key", &["aws_secret_access_key"])
        }
        "config.json" if text.ends_with(".docker/config.json") => ("a registry's password", &["\"auth\""]),
        ".dockercfg" => ("a registry's password", &["\"auth\""]),
        _ => return None,
    })
}

/// Everything in the file at `path`.
pub(super) fn in_file(path: &TreePath, bytes: &[u8]) -> Vec<Secret> {
    let mut scanner = Scanner::new();
    // Reading from memory cannot fail.
    let _ = scanner.read(&mut &bytes[..]);
    let text = String::from_utf8_lossy(bytes);
    if let Some((what, keys)) = credentials(path) {
        let values = text.lines().filter_map(|line| value_of(line, keys));
        scanner.found.extend(values.map(|value| Secret::new(what, value)));
    }
    if is_read_for_addresses(path) {
        let passwords = text.split_whitespace().filter_map(password_in_address);
        scanner.found.extend(passwords.map(|value| Secret::new("a password in an address", value)));
    }
    scanner.finish()
}

/// The value behind one of `keys` in a line `key = value`, `"key": "value"` or `… key value`.
fn value_of<'l>(line: &'l str, keys: &[&str]) -> Option<&'l str> {
    if line.trim_start().starts_with(['#', ';']) {
        return None;
    }
    let rest = keys.iter().find_map(|key| line.find(key).map(|at| &line[at + key.len()..]))?;
    let value = rest.trim_start_matches([' ', '\t', '=', ':', '"']).split(['"', ' ', '\t', ',']).next()?;
    let is_variable = value.starts_with('$') || value.starts_with('{') || value.starts_with('<');
    (!value.is_empty() && !is_variable).then_some(value)
}

/// The password of `scheme://user:password@host`; a token may also stand for the user.
fn password_in_address(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '"', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let value = user.split_once(':').map_or("", |(_, password)| password);
    let is_placeholder = value.is_empty() || value.starts_with(['$', '{', '<', '*']);
    (!is_placeholder).then_some(value)
}

/// Secrets among words: of a command, of a variable's value.
pub fn in_text(text: &str) -> Vec<Secret> {
    let mut scanner = Scanner::new();
    let _ = scanner.read(&mut text.as_bytes());
    let passwords = text.split_whitespace().filter_map(password_in_address);
    scanner.found.extend(passwords.map(|value| Secret::new("a password in an address", value)));
    scanner.finish()
}

/// A secret that a variable's name gives away: `DB_PASSWORD=…`.
pub fn in_variable(name: &str, value: &str) -> Option<Secret> {
    if let Some(secret) = in_text(value).pop() {
        return Some(secret);
    }
    let name = name.to_ascii_uppercase();
    let words: Vec<&str> = name.split(['_', '-', '.']).collect();
    let has = |word: &str| words.contains(&word);
    let is_secret = ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "TOKEN", "APIKEY", "CREDENTIALS"]
        .iter()
        .any(|word| has(word))
        || has("KEY")
            && ["API", "SECRET", "PRIVATE", "ACCESS", "ENCRYPTION", "SIGNING"].iter().any(|word| has(word));
    let names_something_else =
        ["FILE", "PATH", "DIR", "URL", "NAME", "ID", "TTL", "TYPE", "LENGTH", "LIFETIME", "EXPIRY", "HEADER"]
            .iter()
            .any(|word| words.last() == Some(word));
    let is_plain =
        value.starts_with('/') || value.starts_with('$') || value.chars().all(|c| c.is_ascii_digit());
    let is_word = matches!(
        value.to_ascii_lowercase().as_str(),
        "" | "true" | "false" | "yes" | "no" | "none" | "null" | "changeme"
    );
    (is_secret && !names_something_else && !is_plain && !is_word && value.chars().count() >= 6)
        .then(|| Secret::new("a secret, by its name", value))
}

/// `text` without the values of secrets in it.
pub fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            out.push(' ');
        }
        match word.split_once('=') {
            Some((name, value)) if in_variable(name.trim_start_matches('-'), value).is_some() => {
                out.push_str(&format!("{name}=…"));
            }
            _ if !in_text(word).is_empty() => out.push('…'),
            _ => out.push_str(word),
        }
    }
    out
}

const WINDOW: usize = 256 << 10;
/// The longest secret, in bytes; windows overlap by it.
const LONGEST: usize = 1024;
const MOST_FOUND: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    /// Written in pieces, so that no scanner takes this file for a leak.
    fn token() -> String {
        format!("{}{}", "ghp_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8")
    }

    fn key(label: &str) -> String {
        format!(
            "-----BEGIN {label}PRIVATE {}\n{}\n",
            "KEY-----", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7"
        )
    }

    fn scan(bytes: &[u8]) -> Vec<&'static str> {
        let mut scanner = Scanner::new();
        scanner.read(&mut &bytes[..]).unwrap();
        scanner.finish().into_iter().map(|secret| secret.what).collect()
    }

    fn file(path: &str, text: &str) -> Vec<(&'static str, String)> {
        let found = in_file(&TreePath::new(path).unwrap(), text.as_bytes());
        found.into_iter().map(|secret| (secret.what, secret.masked)).collect()
    }

    #[test]
    fn tokens_are_found_wherever_they_lie_also_across_windows() {
        for offset in [0, WINDOW - 20, WINDOW - LONGEST, 2 * WINDOW - 1] {
            let mut bytes = vec![b' '; 3 * WINDOW];
            bytes[offset..offset + 40].copy_from_slice(token().as_bytes());
            assert_eq!(scan(&bytes), ["a GitHub token"], "{offset}");
        }
        assert_eq!(scan(format!("x{}", token()).as_bytes()), [""; 0]);
        assert_eq!(scan(format!("{}x", token()).as_bytes()), [""; 0]);
        assert_eq!(scan(b"AKIAIOSFODNN7EXAMPLE"), [""; 0]);
        assert_eq!(scan(b"AKIAXXXXXXXXXXXXXXXX"), [""; 0]);
    }

    #[test]
    fn a_private_key_needs_a_key_not_only_a_header() {
        for label in ["", "RSA ", "OPENSSH ", "EC "] {
            assert_eq!(scan(key(label).as_bytes()), ["a private key"], "{label}");
        }
        assert_eq!(scan(key("").replace('\n', "\\n").as_bytes()), ["a private key"]);
        assert_eq!(scan(key("ENCRYPTED ").as_bytes()), [""; 0]);
        assert_eq!(scan(b"-----BEGIN PRIVATE KEY-----\0-----END PRIVATE KEY-----"), [""; 0]);
    }

    #[test]
    fn credential_files_are_read_by_their_names() {
        assert_eq!(
            file("root/.netrc", "machine a login b password hunter2hunter2"),
            [("a password for another machine", "hunt…".into())]
        );
        assert_eq!(
            file("root/.docker/config.json", r#"{"auths":{"r":{"auth":"dXNlcjpwYXNzd29yZA=="}}}"#),
            [("a registry's password", "dXNl…".into())]
        );
        assert_eq!(
            file("etc/pip.conf", "index-url = https://me:s3cretpassword@example.test/simple"),
            [("a password in an address", "s3cr…".into())]
        );
        assert_eq!(file("etc/pip.conf", "index-url = https://${USER}:${PASS}@example.test/simple"), []);
        assert_eq!(file("root/.npmrc", "//r/:_authToken=${NPM_TOKEN}"), []);
        assert_eq!(file("srv/netrc.md", "password hunter2"), []);
    }

    #[test]
    fn variables_are_judged_by_name_and_value() {
        for (name, value, found) in [
            ("DB_PASSWORD", "correct-horse", true),
            ("AWS_SECRET_ACCESS_KEY", "abcdefghij", true),
            ("GPG_KEY", "A035C8C19219BA821ECEA86B64E628F8D684696D", false),
            ("PASSWORD_FILE", "/run/secrets/x", false),
            ("MONKEY", "bananas", false),
            ("TOKEN_TTL", "seconds", false),
            ("SECRET_KEY", "", false),
            ("TOKENS", "abcdefgh", false),
        ] {
            assert_eq!(in_variable(name, value).is_some(), found, "{name}");
        }
        assert_eq!(
            masked("RUN TOKEN=abcdefgh curl https://u:passw0rd@h/ && make"),
            "RUN TOKEN=… curl … && make"
        );
    }
}
