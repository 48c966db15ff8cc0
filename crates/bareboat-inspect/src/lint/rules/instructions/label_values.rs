//! What the values of labels look like. Nothing is looked up anywhere.

/// The identifiers of the SPDX licence list 3.27.0 (CC0-1.0), one a line, exceptions after an empty line.
const LICENCES: &str = include_str!("../../../../data/spdx-licences.txt");

/// An absolute address: a scheme and something after it (RFC 3986 §3).
pub(super) fn is_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once(':') else { return false };
    let is_scheme = |char: char| char.is_ascii_alphanumeric() || matches!(char, '+' | '-' | '.');
    let no_place = |char: char| {
        char.is_whitespace() || char.is_control() || "<>\"{}|\\^`".contains(char) || !char.is_ascii()
    };
    scheme.starts_with(|char: char| char.is_ascii_alphabetic())
        && scheme.chars().all(is_scheme)
        && !rest.is_empty()
        && !rest.contains(no_place)
}

/// `2026-11-23T10:00:00.5+01:00` (RFC 3339 §5.6).
pub(super) fn is_time(value: &str) -> bool {
    let bytes = value.as_bytes();
    let number = |from: usize, to: usize| -> Option<u32> {
        let digits = value.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let at = |index: usize, wanted: &[u8]| bytes.get(index).is_some_and(|byte| wanted.contains(byte));
    let marks = at(4, b"-") && at(7, b"-") && at(10, b"Tt") && at(13, b":") && at(16, b":");
    let fields = [number(0, 4), number(5, 7), number(8, 10), number(11, 13), number(14, 16), number(17, 19)];
    let [Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)] = fields else {
        return false;
    };
    let in_range = (1..=12).contains(&month)
        && (1..=days(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    let rest = value.get(19..).unwrap_or_default();
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => {
            let after = fraction.trim_start_matches(|char: char| char.is_ascii_digit());
            if after.len() == fraction.len() {
                return false;
            }
            after
        }
        None => rest,
    };
    marks && in_range && is_offset(rest)
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// `Z` or `+01:00`
fn is_offset(text: &str) -> bool {
    if matches!(text, "Z" | "z") {
        return true;
    }
    let Some((hour, minute)) = text.strip_prefix(['+', '-']).and_then(|rest| rest.split_once(':')) else {
        return false;
    };
    let below = |digits: &str, limit: u32| {
        digits.len() == 2
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && digits.parse::<u32>().is_ok_and(|number| number < limit)
    };
    below(hour, 24) && below(minute, 60)
}

/// An SPDX licence expression (SPDX 2.3, annex D): identifiers, `AND`, `OR`, `WITH`, parentheses.
pub(super) fn is_licence(value: &str) -> bool {
    let spaced = value.replace('(', " ( ").replace(')', " ) ");
    let mut depth = 0_usize;
    let mut want_operand = true;
    let mut words = spaced.split_whitespace().peekable();
    while let Some(word) = words.next() {
        match (word, want_operand) {
            ("(", true) => depth += 1,
            (")", false) if depth > 0 => depth -= 1,
            ("AND" | "OR", false) => want_operand = true,
            (word, true) if is_known(word) => {
                want_operand = false;
                if words.next_if_eq(&"WITH").is_some() && !words.next().is_some_and(is_exception) {
                    return false;
                }
            }
            _ => return false,
        }
    }
    depth == 0 && !want_operand
}

fn is_known(word: &str) -> bool {
    let name = word.strip_suffix('+').unwrap_or(word);
    let own = ["LicenseRef-", "DocumentRef-"].iter().any(|prefix| word.starts_with(prefix));
    let (licences, _) = LICENCES.split_once("\n\n").unwrap_or((LICENCES, ""));
    own || licences.lines().any(|line| line == name)
}

fn is_exception(word: &str) -> bool {
    let (_, exceptions) = LICENCES.split_once("\n\n").unwrap_or_default();
    exceptions.lines().any(|line| line == word)
}

/// As Git prints it: 40 digits, 64 in repositories with SHA-256, or an abbreviation of at least 7.
pub(super) fn is_commit(value: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    ((7..=40).contains(&value.len()) || value.len() == 64) && value.bytes().all(is_digit)
}

/// Semantic Versioning 2.0.0.
pub(super) fn is_version(value: &str) -> bool {
    let (rest, build) = value.split_once('+').map_or((value, None), |(rest, build)| (rest, Some(build)));
    let (core, pre) = rest.split_once('-').map_or((rest, None), |(core, pre)| (core, Some(pre)));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let no_zero = |text: &str| text == "0" || !text.starts_with('0');
    let is_name =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let numbers: Vec<&str> = core.split('.').collect();
    numbers.len() == 3
        && numbers.iter().all(|number| is_number(number) && no_zero(number))
        && pre
            .is_none_or(|pre| pre.split('.').all(|name| is_name(name) && (!is_number(name) || no_zero(name))))
        && build.is_none_or(|build| build.split('.').all(is_name))
}

/// One `@` with a name in front of it and a host behind it; no display name.
pub(super) fn is_email(value: &str) -> bool {
    let Some((name, host)) = value.split_once('@') else { return false };
    let is_name = |char: char| char.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(char);
    let is_host = |part: &str| {
        let ends = part.starts_with('-') || part.ends_with('-');
        !part.is_empty() && !ends && part.chars().all(|char| char.is_ascii_alphanumeric() || char == '-')
    };
    let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    !name.is_empty() && !dots && name.chars().all(is_name) && host.split('.').all(is_host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_day_that_exists_and_an_offset() {
        assert!(is_time("2024-02-29T23:59:60Z") && is_time("2026-11-23t10:00:00.25-05:30"));
        for wrong in ["2025-02-29T00:00:00Z", "2026-11-23T10:00:00", "2026-11-23T10:00:00.Z", "2026-11-23"] {
            assert!(!is_time(wrong), "{wrong}");
        }
    }

    #[test]
    fn licences_are_expressions_of_known_identifiers() {
        let good = "(GPL-2.0-or-later WITH Classpath-exception-2.0 OR MIT) AND LicenseRef-own";
        assert!(is_licence(good) && is_licence("Apache-1.0+"));
        for wrong in ["", "MIT Apache-2.0", "MIT OR", "(MIT", "mit", "MIT WITH MIT", "BSD"] {
            assert!(!is_licence(wrong), "{wrong}");
        }
    }

    #[test]
    fn versions_are_strict() {
        assert!(is_version("1.0.0-0.3.7+x.7-z.92"));
        for wrong in ["1.0", "01.0.0", "1.0.0-", "1.0.0-01", "v1.0.0", "1.0.0+"] {
            assert!(!is_version(wrong), "{wrong}");
        }
    }
}
