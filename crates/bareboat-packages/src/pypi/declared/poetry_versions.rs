//! Poetry's version constraints: PEP 440 with `^`, `~`, wildcards and `||`.
//!
//! Follows Poetry's documentation, "Dependency specification". PEP 440 has no alternatives, so a constraint is a list
//! of specifier sets of which one must hold.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

/// The alternatives of `text`; an empty set accepts everything.
///
/// # Errors
/// What is wrong with it.
pub(in crate::pypi) fn parse_constraint(text: &str) -> Result<Vec<VersionSpecifiers>, String> {
    text.replace("||", "|").split('|').map(|alternative| parse_all(alternative.trim())).collect()
}

fn parse_all(text: &str) -> Result<VersionSpecifiers, String> {
    let mut parts = Vec::new();
    // Parts are parted by commas or by white space that no operator precedes.
    let mut pending = String::new();
    for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
        pending.push_str(word);
        if word.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '*') {
            parts.extend(parse_one(&std::mem::take(&mut pending))?);
        }
    }
    if !pending.is_empty() {
        return Err(format!("`{text}` is not a version constraint"));
    }
    VersionSpecifiers::from_str(&parts.join(",")).map_err(|_| format!("`{text}` is not a version constraint"))
}

fn parse_one(text: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("`{text}` is not a version constraint");
    let version = |text: &str| Version::from_str(text).map_err(|_| wrong());
    if text == "*" || text == "==*" {
        return Ok(Vec::new());
    }
    if let Some(rest) = text.strip_prefix('^') {
        let lower = version(rest)?;
        let release = lower.release();
        // The leftmost number that is not zero may not change; of zeros, the last one written.
        let at = release.iter().position(|&number| number != 0).unwrap_or(release.len() - 1);
        return Ok(vec![format!(">={lower}"), format!("<{}", bump(&release[..=at]))]);
    }
    if let Some(rest) = text.strip_prefix('~').filter(|rest| !rest.starts_with('=')) {
        let lower = version(rest)?;
        let kept = lower.release().len().min(2);
        return Ok(vec![format!(">={lower}"), format!("<{}", bump(&lower.release()[..kept]))]);
    }
    if text.starts_with(|c: char| c.is_ascii_digit() || c == 'v') {
        return Ok(vec![format!("=={}", text.trim_start_matches('v'))]);
    }
    Ok(vec![match text.strip_prefix('=').filter(|rest| !rest.starts_with('=')) {
        Some(rest) => format!("=={rest}"),
        None => text.to_owned(),
    }])
}

/// The release after all that begin with `release`.
fn bump(release: &[u64]) -> String {
    let (last, head) = release.split_last().unwrap_or((&0, &[]));
    let numbers = head.iter().chain([&(last + 1)]).map(u64::to_string).collect::<Vec<_>>();
    numbers.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_what_poetry_documents() {
        for (text, expected) in [
            ("^1.2.3", ">=1.2.3,<2"),
            ("^1", ">=1,<2"),
            ("^0.2.3", ">=0.2.3,<0.3"),
            ("^0.0.3", ">=0.0.3,<0.0.4"),
            ("^0.0", ">=0.0,<0.1"),
            ("^0", ">=0,<1"),
            ("~1.2.3", ">=1.2.3,<1.3"),
            ("~1.2", ">=1.2,<1.3"),
            ("~1", ">=1,<2"),
            ("*", ""),
            ("1.*", "==1.*"),
            ("2.0", "==2.0"),
            ("=2.0", "==2.0"),
            (">= 1.2, < 1.5", ">=1.2,<1.5"),
            (">=1.2 <1.5", ">=1.2,<1.5"),
            ("~=1.4.2", "~=1.4.2"),
            ("!=1.0,>=0.9", "!=1.0,>=0.9"),
        ] {
            let sets = parse_constraint(text).unwrap();
            let shown: Vec<String> = sets[0].iter().map(ToString::to_string).collect();
            let mut expected: Vec<&str> = expected.split(',').filter(|part| !part.is_empty()).collect();
            let mut shown: Vec<&str> = shown.iter().map(String::as_str).collect();
            expected.sort_unstable();
            shown.sort_unstable();
            assert_eq!(shown, expected, "{text}");
        }
        assert_eq!(parse_constraint("^2.7 || ^3.8 | 4").unwrap().len(), 3);
        for text in ["^", "^x", ">=", "a b", "^1.0 &"] {
            assert!(parse_constraint(text).is_err(), "{text}");
        }
    }
}
