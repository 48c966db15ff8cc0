//! The patterns of `${name#…}`, `%` and `/`: `*`, `?`, and `\` before `*`, `?`, `\`, `/` and `}`.
//!
//! BuildKit turns them into regular expressions. Matching here advances all states of the pattern together,
//! so the time is bounded by text × pattern, also for the leftmost longest match in `/`.

/// A parsed pattern.
pub(super) struct Pattern {
    tokens: Vec<Token>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Literal(char),
    /// `?`: any character but a line feed.
    Any,
    /// `*`: any characters but line feeds.
    Star,
}

impl Pattern {
    /// `None` for a backslash before anything else than `*`, `?`, `\`, `/` or `}`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            tokens.push(match char {
                '*' => Token::Star,
                '?' => Token::Any,
                '\\' => match chars.next()? {
                    escaped @ ('*' | '?' | '\\' | '/' | '}') => Token::Literal(escaped),
                    _ => return None,
                },
                _ => Token::Literal(char),
            });
        }
        tokens.dedup_by(|next, last| *next == Token::Star && *last == Token::Star);
        Some(Self { tokens })
    }

    /// Length in bytes of the shortest or longest start of `value` that matches.
    pub(super) fn prefix_length(&self, value: &str, longest: bool) -> Option<usize> {
        let ends = self.ends(value.chars());
        pick(ends, longest).map(|count| value.chars().take(count).map(char::len_utf8).sum())
    }

    /// Byte offset where the shortest or longest end of `value` that matches starts.
    pub(super) fn suffix_start(&self, value: &str, longest: bool) -> Option<usize> {
        let backwards = self.reversed();
        let ends = backwards.ends(value.chars().rev());
        let count = pick(ends, longest)?;
        Some(value.len() - value.chars().rev().take(count).map(char::len_utf8).sum::<usize>())
    }

    /// `value` with the first (leftmost, longest) match replaced by `text`.
    pub(super) fn replace(&self, value: &str, text: &str) -> String {
        let chars: Vec<char> = value.chars().collect();
        let Some(start) = self.starts(&chars).iter().position(|start| *start) else {
            return value.to_owned();
        };
        let end = start + self.longest(&chars[start..]);
        let (before, after) = (chars[..start].iter().copied(), chars[end..].iter().copied());
        before.chain(text.chars()).chain(after).collect()
    }

    /// `value` with every match replaced. `text` is a template as Go's `ReplaceAll` has it: `$0` is the match,
    /// other `$name` are empty, `$$` is a dollar. The result is cut at `limit` bytes.
    pub(super) fn replace_all(&self, value: &str, text: &str, limit: usize) -> String {
        let chars: Vec<char> = value.chars().collect();
        let starts = self.starts(&chars);
        let mut result = String::new();
        let (mut search, mut copied) = (0, 0);
        while let Some(start) = starts.get(search..).and_then(|rest| rest.iter().position(|start| *start)) {
            let start = search + start;
            let end = start + self.longest(&chars[start..]);
            result.extend(&chars[copied..start]);
            // Not for an empty match right after another one.
            if end > copied || start == 0 {
                push_template(&mut result, text, &chars[start..end]);
            }
            copied = end;
            search = end.max(search + 1);
            if result.len() > limit {
                return result;
            }
        }
        result.extend(chars.get(copied..).unwrap_or_default());
        result
    }

    fn reversed(&self) -> Self {
        Self { tokens: self.tokens.iter().rev().copied().collect() }
    }

    /// Which positions of `chars` (its end included) a match can start at.
    fn starts(&self, chars: &[char]) -> Vec<bool> {
        let backwards = self.reversed();
        let mut starts = vec![false; chars.len() + 1];
        let mut states = States::new(self.tokens.len());
        for at in (0..=chars.len()).rev() {
            states.add(&backwards.tokens, 0);
            starts[at] = states.has(backwards.tokens.len());
            if at > 0 {
                states.step(&backwards.tokens, chars[at - 1]);
            }
        }
        starts
    }

    /// Characters in the longest match at the start of `chars`, of which there is one.
    fn longest(&self, chars: &[char]) -> usize {
        self.ends(chars.iter().copied()).last().unwrap_or(0)
    }

    /// How many characters each match at the start of `chars` takes, ascending.
    fn ends(&self, chars: impl Iterator<Item = char>) -> impl Iterator<Item = usize> {
        let mut states = States::new(self.tokens.len());
        states.add(&self.tokens, 0);
        let mut chars = chars.fuse();
        let (mut count, mut over) = (0, false);
        std::iter::from_fn(move || {
            while !over {
                let matched = states.has(self.tokens.len()).then_some(count);
                match chars.next().filter(|_| !states.is_empty()) {
                    Some(char) => states.step(&self.tokens, char),
                    None => over = true,
                }
                count += 1;
                if matched.is_some() {
                    return matched;
                }
            }
            None
        })
    }
}

fn pick(mut ends: impl Iterator<Item = usize>, longest: bool) -> Option<usize> {
    if longest { ends.last() } else { ends.next() }
}

fn push_template(result: &mut String, template: &str, matched: &[char]) {
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            result.push('$');
            rest = after;
            continue;
        }
        let Some((name, after)) = template_name(rest) else {
            result.push('$');
            continue;
        };
        if name == "0" {
            result.extend(matched);
        }
        rest = after;
    }
    result.push_str(rest);
}

/// The name of a `$name` or `${name}` in a template, after its dollar.
fn template_name(text: &str) -> Option<(&str, &str)> {
    let braced = text.strip_prefix('{');
    let inside = braced.unwrap_or(text);
    let end = inside.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(inside.len());
    let (name, after) = inside.split_at(end);
    let after = if braced.is_some() { after.strip_prefix('}')? } else { after };
    (!name.is_empty()).then_some((name, after))
}

/// A set of pattern positions.
struct States {
    now: Vec<bool>,
    next: Vec<bool>,
}

impl States {
    fn new(tokens: usize) -> Self {
        Self { now: vec![false; tokens + 1], next: vec![false; tokens + 1] }
    }

    /// Adds `state` and what a star lets follow without a character.
    fn add(&mut self, tokens: &[Token], state: usize) {
        enter(&mut self.now, tokens, state);
    }

    fn has(&self, state: usize) -> bool {
        self.now[state]
    }

    fn is_empty(&self) -> bool {
        !self.now.contains(&true)
    }

    fn step(&mut self, tokens: &[Token], char: char) {
        self.next.fill(false);
        for (state, token) in tokens.iter().enumerate().filter(|(state, _)| self.now[*state]) {
            match token {
                Token::Literal(literal) if *literal == char => enter(&mut self.next, tokens, state + 1),
                Token::Any if char != '\n' => enter(&mut self.next, tokens, state + 1),
                Token::Star if char != '\n' => enter(&mut self.next, tokens, state),
                _ => {}
            }
        }
        std::mem::swap(&mut self.now, &mut self.next);
    }
}

fn enter(states: &mut [bool], tokens: &[Token], state: usize) {
    states[state] = true;
    // Neighbouring stars are one, so one step is enough.
    if tokens.get(state) == Some(&Token::Star) {
        states[state + 1] = true;
    }
}
