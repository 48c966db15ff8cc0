//! Keeps passwords in URLs out of messages and files.

/// `text` with the user name and password of every URL in it replaced by `***`.
pub fn redact_text(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        clean.push_str(head);
        let end = tail
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '`' | '"' | '\'' | '<' | '>'))
            .unwrap_or(tail.len());
        // A password may hold an unescaped `/`; everything up to the last `@` of the word is then the secret.
        let word =
            tail.find(|c: char| c.is_whitespace() || matches!(c, '`' | '"' | '\'')).unwrap_or(tail.len());
        let secret =
            tail[..end].rfind('@').or_else(|| tail[..word].rfind('@').filter(|_| tail[..end].contains(':')));
        match secret {
            Some(at) if !is_version_at(&tail[..end], at) => {
                clean.push_str("***");
                rest = &tail[at..];
            }
            _ => {
                clean.push_str(&tail[..end]);
                rest = &tail[end..];
            }
        }
    }
    clean.push_str(rest);
    clean
}

/// True for the `@` of `git+https://host/project@revision`, which lies behind the host.
fn is_version_at(authority: &str, at: usize) -> bool {
    at >= authority.len()
        && !authority.contains('@')
        && authority.rfind(':').is_none_or(|colon| authority[colon + 1..].bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_credentials_and_nothing_else() {
        for (text, clean) in [
            ("https://user:pw@index.test/simple", "https://***@index.test/simple"),
            (
                "see https://token@a.test/x and http://b.test/y@z",
                "see https://***@a.test/x and http://b.test/y@z",
            ),
            ("https://u:p@ss@a.test/", "https://***@a.test/"),
            ("https://u:p/w@a.test/x", "https://***@a.test/x"),
            ("git+https://h.test:8080/p@v1", "git+https://h.test:8080/p@v1"),
            ("no url, a@b", "no url, a@b"),
            ("`https://u:p@a.test`", "`https://***@a.test`"),
        ] {
            assert_eq!(redact_text(text), clean, "{text}");
        }
    }
}
