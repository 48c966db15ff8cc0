//! `WWW-Authenticate` headers (RFC 9110 section 11.6.1).

use std::collections::BTreeMap;

/// One way to authenticate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    /// In lower case: `basic`, `bearer`.
    pub(super) scheme: String,
    /// Parameters by their name in lower case.
    pub(super) parameters: BTreeMap<String, String>,
}

/// All challenges of one header's value. What cannot be read is passed over.
pub(super) fn parse(header: &str) -> Vec<Challenge> {
    let mut reader = Reader { rest: header };
    let mut challenges: Vec<Challenge> = Vec::new();
    loop {
        reader.skip(|c| c == ',' || c.is_ascii_whitespace());
        let word = reader.token();
        if word.is_empty() {
            return challenges;
        }
        let spaced = reader.rest.starts_with(' ');
        reader.skip(|c| c.is_ascii_whitespace());
        match reader.rest.strip_prefix('=') {
            // `name=value` belongs to the challenge before it; a token68 ends in `=` and has no value.
            Some(rest) if !spaced || !challenges.is_empty() => {
                reader.rest = rest;
                reader.skip(|c| c.is_ascii_whitespace());
                let value = reader.value();
                if let Some(challenge) = challenges.last_mut() {
                    challenge.parameters.insert(word.to_ascii_lowercase(), value);
                }
            }
            _ => {
                let scheme = word.to_ascii_lowercase();
                challenges.push(Challenge { scheme, parameters: BTreeMap::new() });
            }
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn skip(&mut self, is_skipped: impl Fn(char) -> bool) {
        self.rest = self.rest.trim_start_matches(is_skipped);
    }

    /// RFC 9110 section 5.6.2; another character than those of a token is taken alone, so that reading goes on.
    fn token(&mut self) -> &'a str {
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~/:".contains(c);
        let end = self.rest.find(|c| !is_token(c)).unwrap_or(self.rest.len());
        let end = match end {
            0 => self.rest.chars().next().map_or(0, char::len_utf8),
            end => end,
        };
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        token
    }

    fn value(&mut self) -> String {
        let Some(rest) = self.rest.strip_prefix('"') else {
            let end = self.rest.find([',', ' ']).unwrap_or(self.rest.len());
            let (value, rest) = self.rest.split_at(end);
            self.rest = rest;
            return value.to_owned();
        };
        let mut value = String::new();
        let mut characters = rest.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => break,
                '\\' => value.extend(characters.next()),
                other => value.push(other),
            }
        }
        self.rest = characters.as_str();
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(header: &str) -> Vec<String> {
        let show = |challenge: Challenge| {
            let parameters: Vec<String> =
                challenge.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
            format!("{} {}", challenge.scheme, parameters.join(" "))
        };
        parse(header).into_iter().map(show).collect()
    }

    #[test]
    fn reads_what_registries_send() {
        let docker = r#"Bearer realm="https://auth.test/token",service="registry.test",scope="repository:a/b:pull,push""#;
        assert_eq!(
            shown(docker),
            ["bearer realm=https://auth.test/token scope=repository:a/b:pull,push service=registry.test"]
        );
        assert_eq!(shown("Basic realm=\"a \\\"b\\\", c\""), ["basic realm=a \"b\", c"]);
        assert_eq!(
            shown("Basic realm=x, Bearer realm = \"y\" , service=z"),
            ["basic realm=x", "bearer realm=y service=z"]
        );
        assert_eq!(shown("Negotiate"), ["negotiate "]);
    }

    #[test]
    fn junk_ends() {
        for header in
            ["", ",,,", "=", "\"", "Bearer realm=\"open", "é\u{1F600}", "a=\"\\", "Bearer ====", "\u{0}"]
        {
            parse(header);
        }
        assert_eq!(shown("=, Basic realm=x").last().map(String::as_str), Some("basic realm=x"));
    }
}
