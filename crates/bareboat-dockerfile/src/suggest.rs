//! "Did you mean …?"

/// The candidate closest to `wrong` (case does not count), when it is close enough to be a typing mistake:
/// at most a third of the letters differ, a swap of neighbours counting once. The first of equals wins.
pub fn suggest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 40;
    if wrong.is_empty() || wrong.len() > LONGEST {
        return None;
    }
    let wrong: Vec<char> = wrong.to_lowercase().chars().collect();
    let limit = wrong.len().div_ceil(3).min(3);
    let scored = candidates.into_iter().map(|candidate| {
        let letters: Vec<char> = candidate.to_lowercase().chars().collect();
        (distance(&wrong, &letters), candidate)
    });
    scored
        .filter(|(score, _)| *score <= limit)
        .min_by_key(|(score, _)| *score)
        .map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace, swap neighbours) from `a` to `b`: optimal string alignment.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1; b.len() + 1];
        for j in 0..b.len() {
            let replaced = last[j] + usize::from(a[i] != b[j]);
            row[j + 1] = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_typing_mistakes_only() {
        let names = ["COPY", "ENTRYPOINT", "ENV", "FROM", "RUN", "WORKDIR"];
        let cases = [
            ("FORM", Some("FROM")),
            ("form", Some("FROM")),
            ("WORKDR", Some("WORKDIR")),
            ("RNU", Some("RUN")),
            ("ENTRY", None),
            ("ENTRYPONIT", Some("ENTRYPOINT")),
            ("COPPY", Some("COPY")),
            ("APT-GET", None),
            ("", None),
            ("&&", None),
        ];
        for (wrong, expected) in cases {
            assert_eq!(suggest(wrong, names), expected, "{wrong}");
        }
    }
}
