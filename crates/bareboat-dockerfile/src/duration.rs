//! Durations as Go writes them: `1h30m`, `1.5s`, `250ms`.

/// Why a duration is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DurationError {
    /// Not a duration, or too large for 64 bits of nanoseconds.
    Malformed,
    /// More than zero (or less), but less than a millisecond, which no health check takes.
    TooShort,
}

/// Nanoseconds of a health check's duration; `0` stands for "the default".
///
/// # Errors
/// Malformed text, and anything below a millisecond except zero.
pub fn parse_duration(text: &str) -> Result<u64, DurationError> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if digits == "0" {
        return Ok(0);
    }
    let nanoseconds = units(digits).ok_or(DurationError::Malformed)?;
    match nanoseconds {
        0 => Ok(0),
        1..1_000_000 => Err(DurationError::TooShort),
        _ if negative => Err(DurationError::TooShort),
        _ => Ok(nanoseconds),
    }
}

fn units(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() || text.is_empty() {
        let whole_end = rest.find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len());
        let (whole, after) = rest.split_at(whole_end);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(tail) => tail.split_at(tail.find(|char: char| !char.is_ascii_digit()).unwrap_or(tail.len())),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let unit_end = after.find(|char: char| char == '.' || char.is_ascii_digit()).unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let scale = scale(unit)?;
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        total = total.checked_add(whole.checked_mul(scale)?)?.checked_add(fraction_of(fraction, scale))?;
        rest = next;
    }
    i64::try_from(total).is_ok().then_some(total)
}

/// Nanoseconds of `0.fraction` units; digits beyond 18 are too small to matter.
fn fraction_of(fraction: &str, scale: u64) -> u64 {
    let digits = &fraction[..fraction.len().min(18)];
    let numerator: u128 = digits.parse().unwrap_or(0);
    let denominator = 10u128.pow(u32::try_from(digits.len()).unwrap_or(0));
    u64::try_from(numerator * u128::from(scale) / denominator).unwrap_or(0)
}

fn scale(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_gos_durations() {
        let second = 1_000_000_000;
        let cases = [
            ("5s", Ok(5 * second)),
            ("1m30s", Ok(90 * second)),
            ("1.5h", Ok(5400 * second)),
            (".5s", Ok(second / 2)),
            ("1.s", Ok(second)),
            ("1500us", Ok(1_500_000)),
            ("0", Ok(0)),
            ("0ms", Ok(0)),
            ("50ns", Err(DurationError::TooShort)),
            ("-5s", Err(DurationError::TooShort)),
            ("", Err(DurationError::Malformed)),
            ("5", Err(DurationError::Malformed)),
            ("s", Err(DurationError::Malformed)),
            (".s", Err(DurationError::Malformed)),
            ("5 s", Err(DurationError::Malformed)),
            ("1d", Err(DurationError::Malformed)),
            ("99999999999h", Err(DurationError::Malformed)),
            ("3000000h", Err(DurationError::Malformed)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_duration(text), expected, "{text}");
        }
    }
}
