//! A rule's page for people, and what documents are told about it: made from the case file beside the rule.
//!
//! The case file is a test, too: what only the test needs (marks on its fences, the places of findings) is put in
//! words or left out.

use std::fmt::Write;

use bareboat_report::{Concern, RuleInfo, Safety};

use super::preset::{BUILDKIT, Preset};
use super::{Group, Rule};

impl Rule {
    /// The page in Markdown: title, what other tools call the rule, what it is about, examples.
    pub fn page(&self) -> String {
        let mut page = String::new();
        let mut fence = Fence::None;
        for line in self.docs.lines() {
            if let Some(title) = line.strip_prefix("# ").filter(|_| page.is_empty()) {
                let _ = write!(page, "# {title}\n\n{}\n", self.facts());
            } else if let Some(info) = line.strip_prefix("```") {
                fence = fence.toggle(info, &mut page);
            } else if let Some(found) = line.strip_prefix("Found at ").filter(|_| fence == Fence::None) {
                let _ = writeln!(page, "- line {}", found.replacen(':', ", column ", 1));
            } else {
                page.push_str(line);
                page.push('\n');
            }
        }
        page
    }

    /// What documents are told.
    pub fn info(&self) -> RuleInfo {
        RuleInfo {
            name: self.name.into(),
            aliases: self.aliases.iter().map(|alias| (*alias).into()).collect(),
            severity: self.severity,
            concern: self.group.concern(),
            summary: self.summary().replace('\n', " "),
            page: self.page(),
            address: self.address(),
        }
    }

    /// How far its fixes can be trusted, when its page shows that it has some.
    pub fn fix(&self) -> Option<Safety> {
        let shows = |words: &str| self.docs.contains(&format!("\n```dockerfile {words}"));
        match (shows("fixed unsafe"), shows("fixed")) {
            (true, _) => Some(Safety::Unsafe),
            (false, true) => Some(Safety::Safe),
            (false, false) => None,
        }
    }

    /// A line of what is known about the rule as such.
    fn facts(&self) -> String {
        let mut facts = vec![format!("Severity: {}", self.severity)];
        if !self.aliases.is_empty() {
            let aliases: Vec<String> = self.aliases.iter().map(|alias| format!("`{alias}`")).collect();
            facts.push(format!("also called {}", aliases.join(", ")));
        }
        facts.push(match self.default_on {
            true => format!("part of the preset `{}`", Preset::Recommended),
            false => format!("off unless it is enabled or the preset is `{}`", Preset::All),
        });
        facts.push(format!("since rule set {}", self.since));
        format!("{}.", facts.join("; "))
    }

    /// Where those who had the idea write about it.
    fn address(&self) -> Option<String> {
        self.aliases.iter().find_map(|alias| match alias {
            code if code.starts_with("DL") => {
                Some(format!("https://github.com/hadolint/hadolint/wiki/{code}"))
            }
            code if code.starts_with("SC") => Some(format!("https://www.shellcheck.net/wiki/{code}")),
            check if BUILDKIT.contains(check) => {
                Some(format!("https://docs.docker.com/reference/build-checks/{}/", kebab(check)))
            }
            _ => None,
        })
    }
}

/// `JSONArgsRecommended` → `json-args-recommended`.
fn kebab(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut kebab = String::new();
    for (at, char) in characters.iter().enumerate() {
        let starts_word = char.is_ascii_uppercase()
            && at > 0
            && (characters[at - 1].is_ascii_lowercase()
                || characters.get(at + 1).is_some_and(char::is_ascii_lowercase));
        if starts_word {
            kebab.push('-');
        }
        kebab.push(char.to_ascii_lowercase());
    }
    kebab
}

impl Group {
    /// The practice, as a heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::BaseImage => "The right base image",
            Self::Ephemeral => "Ephemeral, without state, one concern",
            Self::Copy => "Explicit copies and `.dockerignore`",
            Self::Packages => "No unnecessary packages, honest installs",
            Self::User => "A user that is not root",
            Self::Instructions => "Correct instructions",
            Self::Shell => "Shell inside RUN",
            Self::Stages => "Stages and secrets",
            Self::Pairing => "Stages that fit together",
            Self::Size => "Image size",
            Self::Surface => "Attack surface",
            Self::File => "The file as such",
        }
    }

    /// What suffers when its rules are broken.
    pub const fn concern(self) -> Concern {
        match self {
            Self::User | Self::Surface => Concern::Security,
            Self::BaseImage | Self::Packages | Self::Size => Concern::Maintainability,
            Self::Ephemeral
            | Self::Copy
            | Self::Instructions
            | Self::Shell
            | Self::Stages
            | Self::Pairing
            | Self::File => Concern::Reliability,
        }
    }
}

/// Where a line of the case file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fence {
    None,
    Inside,
}

impl Fence {
    /// A line that opens or closes a block; `info` is what follows its backquotes.
    fn toggle(self, info: &str, page: &mut String) -> Self {
        if self == Self::Inside {
            page.push_str("```\n");
            return Self::None;
        }
        let words: Vec<&str> = info.split_whitespace().collect();
        let language = words.first().copied().unwrap_or_default();
        let file = words.iter().find_map(|word| word.strip_prefix("file="));
        let caption = match (file, words.contains(&"unsafe")) {
            (Some(file), _) => format!("With `{file}` in the build context:"),
            (None, _) if words.contains(&"bad") => "Found in:".to_owned(),
            (None, _) if words.contains(&"good") => "Nothing is found in:".to_owned(),
            (None, true) => "After `--fix --unsafe`:".to_owned(),
            (None, false) if words.contains(&"fixed") => "After `--fix`:".to_owned(),
            (None, false) => String::new(),
        };
        if !caption.is_empty() {
            let _ = write!(page, "{caption}\n\n");
        }
        let _ = writeln!(page, "```{language}");
        Self::Inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::rules;

    #[test]
    fn a_page_is_for_people() {
        let rule = rules::find("from-latest").next().unwrap();
        insta::assert_snapshot!(rule.page());
    }

    #[test]
    fn no_page_shows_what_only_tests_need() {
        for rule in rules::all() {
            let page = rule.page();
            assert!(!page.contains("\nFound at "), "{}", rule.name);
            assert!(page.lines().filter(|line| line.starts_with("```")).count() % 2 == 0, "{}", rule.name);
            assert!(!rule.summary().is_empty(), "{}", rule.name);
        }
    }

    #[test]
    fn addresses_are_those_of_the_tool_that_had_the_idea() {
        let address = |name: &str| rules::find(name).next().unwrap().address();
        assert_eq!(
            address("from-latest").as_deref(),
            Some("https://github.com/hadolint/hadolint/wiki/DL3007")
        );
        assert_eq!(kebab("JSONArgsRecommended"), "json-args-recommended");
        assert_eq!(kebab("FromPlatformFlagConstDisallowed"), "from-platform-flag-const-disallowed");
    }
}
