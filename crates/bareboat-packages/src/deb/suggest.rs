//! Which package a person may have meant.

use std::collections::BTreeSet;

/// Collects the names closest to one that does not exist.
pub(super) struct Suggestions<'a> {
    wanted: &'a str,
    found: BTreeSet<(usize, String)>,
}

impl<'a> Suggestions<'a> {
    /// For `wanted`.
    pub fn new(wanted: &'a str) -> Self {
        Self { wanted, found: BTreeSet::new() }
    }

    /// Looks at one existing name.
    pub fn consider(&mut self, name: &str) {
        if name == self.wanted || name.is_empty() {
            return;
        }
        if let Some(cost) = self.cost(name) {
            self.found.insert((cost, name.to_owned()));
            if self.found.len() > MOST {
                self.found.pop_last();
            }
        }
    }

    /// The names found, best first.
    pub fn finish(self) -> Vec<String> {
        self.found.into_iter().map(|(_, name)| name).collect()
    }

    /// How unlike the names are; `None` for too much.
    fn cost(&self, name: &str) -> Option<usize> {
        let (wanted, name) = (self.wanted.to_ascii_lowercase(), name.to_ascii_lowercase());
        // Debian 13 renamed a thousand libraries for 64-bit time on 32-bit machines: `libssl3` is `libssl3t64`.
        if name.strip_suffix("t64") == Some(&wanted) || wanted.strip_suffix("t64") == Some(&name) {
            return Some(0);
        }
        let allowed = (wanted.len() / 4).clamp(1, 3);
        let distance = if wanted.len().abs_diff(name.len()) <= allowed {
            edit_distance(wanted.as_bytes(), name.as_bytes()).min(allowed + 1)
        } else {
            allowed + 1
        };
        if distance <= allowed {
            return Some(distance * 2);
        }
        // A library whose version moved: `libicu72` and `libicu76`, `libssl1.1` and `libssl3t64`.
        let (stem, other) = (library_stem(&wanted)?, library_stem(&name)?);
        (stem == other).then(|| allowed * 2 + 1 + name.len().abs_diff(wanted.len()))
    }
}

/// The name of a library's package without its version: `libssl` of `libssl3t64` and of `libssl1.1`.
fn library_stem(name: &str) -> Option<&str> {
    let name = name.strip_suffix("t64").unwrap_or(name);
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'));
    (name.starts_with("lib") && stem.len() > 4 && stem.len() < name.len()).then_some(stem)
}

/// Levenshtein's distance with one row of memory.
fn edit_distance(left: &[u8], right: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

const MOST: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn suggest(wanted: &str) -> Vec<String> {
        let mut suggestions = Suggestions::new(wanted);
        for name in [
            "libpq5",
            "libpq-dev",
            "libssl3t64",
            "libssl-dev",
            "libicu76",
            "curl",
            "libcurl4t64",
            "git",
            "tzdata",
            "libpq5",
        ] {
            suggestions.consider(name);
        }
        suggestions.finish()
    }

    #[test]
    fn finds_renamed_libraries_and_typing_errors() {
        assert_eq!(suggest("libcurl4"), ["libcurl4t64"]);
        assert_eq!(suggest("libssl1.1"), ["libssl3t64"]);
        assert_eq!(suggest("libicu72"), ["libicu76"]);
        assert_eq!(suggest("tzdat"), ["tzdata"]);
        assert_eq!(suggest("CURL"), ["curl"]);
        assert_eq!(suggest("libpq6"), ["libpq5"]);
        assert_eq!(suggest("postgresql"), Vec::<String>::new());
    }

    #[test]
    fn measures_distances() {
        for (left, right, distance) in
            [("", "abc", 3), ("kitten", "sitting", 3), ("a", "a", 0), ("ab", "ba", 2)]
        {
            assert_eq!(edit_distance(left.as_bytes(), right.as_bytes()), distance);
        }
    }
}
