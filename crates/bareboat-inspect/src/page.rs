//! Documentation pages of rules, which are their tests as well.

/// One sentence about a rule: the first paragraph of its page.
pub(crate) fn summary(page: &'static str) -> &'static str {
    let after_title = page.split_once("\n\n").map_or("", |(_, rest)| rest);
    after_title.split("\n\n").next().unwrap_or_default().trim()
}

/// A fenced block and the `Found at` lines below it.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct Block<'p> {
    /// What stands behind the fence.
    pub words: Vec<&'p str>,
    /// Line of the fence, from 1.
    pub line: usize,
    /// Its lines.
    pub text: String,
    /// Place and message of each `Found at`.
    pub found: Vec<(&'p str, Option<&'p str>)>,
}

#[cfg(test)]
impl Block<'_> {
    /// True for a block that begins with these words.
    pub(crate) fn is(&self, language: &str, kind: &str) -> bool {
        self.words.first() == Some(&language) && self.words.get(1) == Some(&kind)
    }

    /// Compares the findings of a rule, each its place and message, with the lines below the block; the difference.
    pub(crate) fn differs(&self, findings: &[(String, &str)]) -> Option<String> {
        let line = |place: &str, message: Option<&str>| match message {
            Some(message) => format!("{place}: {message}"),
            None => place.to_owned(),
        };
        let expected: Vec<String> = self.found.iter().map(|(place, message)| line(place, *message)).collect();
        let found: Vec<String> = findings
            .iter()
            .enumerate()
            .map(|(index, (place, message))| match self.found.get(index) {
                // Only the place is fixed.
                Some((_, None)) => line(place, None),
                _ => line(place, Some(message)),
            })
            .collect();
        let lines =
            |lines: &[String]| lines.iter().map(|line| format!("\n    Found at {line}")).collect::<String>();
        (found != expected).then(|| format!("expected{}\n  got{}", lines(&expected), lines(&found)))
    }

    /// The value of `name=value`.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }
}

/// The fenced blocks of a page, in order.
#[cfg(test)]
pub(crate) fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut open = false;
    for (index, line) in page.lines().enumerate() {
        match (open, line.strip_prefix("```")) {
            (true, Some(_)) => open = false,
            (true, None) => {
                let block = blocks.last_mut().expect("an open block");
                block.text.push_str(line);
                block.text.push('\n');
            }
            (false, Some(words)) => {
                open = true;
                let words = words.split_whitespace().collect();
                blocks.push(Block { words, line: index + 1, ..Block::default() });
            }
            (false, None) => {
                if let Some(rest) = line.strip_prefix("Found at ") {
                    let (place, message) = match rest.split_once(": ") {
                        Some((place, message)) => (place, Some(message)),
                        None => (rest, None),
                    };
                    blocks.last_mut().expect("a block above `Found at`").found.push((place, message));
                }
            }
        }
    }
    blocks
}
