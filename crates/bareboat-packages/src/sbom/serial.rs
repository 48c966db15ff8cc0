//! Serial numbers that a document's own content decides.

use bareboat_store::Digest;
use serde_json::Value;

/// A UUID of version 8, "custom" (RFC 9562), from the digest of a document's bytes.
pub(super) fn uuid(document: &Value) -> String {
    let hex = Digest::of(document.to_string()).hex();
    // The variant is `10` in two bits.
    let variant = match u8::from_str_radix(&hex[16..17], 16).unwrap_or_default() & 3 {
        0 => '8',
        1 => '9',
        2 => 'a',
        _ => 'b',
    };
    format!("{}-{}-8{}-{variant}{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// A time in whole seconds, UTC; `None` for another form (SPDX 2.3 clause 6.9 wants no fraction).
pub(super) fn whole_seconds(text: &str) -> Option<String> {
    let (seconds, rest) = (text.get(..19)?, text.get(19..)?);
    let shape: String = seconds.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let fraction = rest.strip_suffix('Z')?;
    let is_fraction = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let is_whole = fraction.is_empty() || fraction.strip_prefix('.').is_some_and(is_fraction);
    (shape == "0000-00-00T00:00:00" && is_whole).then(|| format!("{seconds}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_uuids_and_differ_with_the_content() {
        let (one, two) = (uuid(&Value::from(1)), uuid(&Value::from(2)));
        assert_ne!(one, two);
        assert_eq!(one, uuid(&Value::from(1)));
        let shape: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(shape, [8, 4, 4, 4, 12]);
        assert!(one.split('-').nth(2).unwrap().starts_with('8'), "{one}");
        assert!(one.split('-').nth(3).unwrap().starts_with(['8', '9', 'a', 'b']), "{one}");
    }

    #[test]
    fn fractions_go_and_other_forms_are_unknown() {
        let whole = |text| whole_seconds(text);
        assert_eq!(whole("2026-11-28T01:02:03.123456789Z").as_deref(), Some("2026-11-28T01:02:03Z"));
        assert_eq!(whole("2026-11-28T01:02:03Z").as_deref(), Some("2026-11-28T01:02:03Z"));
        for text in ["2026-11-28", "2026-11-28T01:02:03+02:00", "2026-11-28 01:02:03Z", "", "é"] {
            assert_eq!(whole(text), None, "{text}");
        }
    }
}
