//! Debian package versions and their order.
//!
//! Follows Debian Policy 5.6.12. Two spellings can be the same version (`1.0` and `1.0-0`), so equality is
//! decided by the order and not by the text.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A version as an archive writes it: `[epoch:]upstream[-revision]`.
#[derive(Clone)]
pub struct Version(String);

impl Version {
    /// The text as found.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text without epoch, which is how file names in a pool spell it.
    pub fn without_epoch(&self) -> &str {
        split(&self.0).1.without_epoch
    }

    /// Checks that `text` is a version, without keeping it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(text: &str) -> Result<(), VersionError> {
        let invalid = |reason| Err(VersionError { text: text.chars().take(80).collect(), reason });
        if text.len() > MAX_LENGTH {
            return invalid("it is longer than 512 bytes");
        }
        let rest = match text.split_once(':') {
            Some((epoch, rest)) => {
                // dpkg keeps epochs in an int.
                if epoch.is_empty() || !epoch.bytes().all(|byte| byte.is_ascii_digit()) || epoch.len() > 9 {
                    return invalid("its epoch is not a number");
                }
                rest
            }
            None => text,
        };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".+-~:".contains(&byte);
        if !rest.bytes().all(allowed) {
            return invalid("it has a character other than letters, digits and `.+-~:`");
        }
        match rest.rsplit_once('-') {
            Some((upstream, revision)) if upstream.is_empty() || revision.is_empty() => {
                invalid("a part beside its last hyphen is empty")
            }
            Some((_, revision)) if revision.contains(':') => invalid("its revision has a colon"),
            _ if rest.is_empty() => invalid("it is empty"),
            _ => Ok(()),
        }
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        Self::check(text)?;
        Ok(Self(text.to_owned()))
    }
}

/// Orders two version texts as `dpkg` does, without checking that they are well formed.
pub fn compare_versions(left: &str, right: &str) -> Ordering {
    let ((left_epoch, left), (right_epoch, right)) = (split(left), split(right));
    left_epoch
        .cmp(&right_epoch)
        .then_with(|| compare_part(left.upstream.as_bytes(), right.upstream.as_bytes()))
        .then_with(|| compare_part(left.revision.as_bytes(), right.revision.as_bytes()))
}

struct Parts<'a> {
    without_epoch: &'a str,
    upstream: &'a str,
    revision: &'a str,
}

/// The epoch is everything before the first colon, the revision everything after the last hyphen; each may be
/// absent.
fn split(text: &str) -> (u64, Parts<'_>) {
    let (epoch, rest) = match text.split_once(':') {
        Some((epoch, rest)) => (epoch.parse().unwrap_or(0), rest),
        None => (0, text),
    };
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch, Parts { without_epoch: rest, upstream, revision })
}

/// Alternates between runs without digits, ordered by [`weight`], and runs of digits, ordered as numbers.
fn compare_part(mut left: &[u8], mut right: &[u8]) -> Ordering {
    loop {
        match (weight(left.first()), weight(right.first())) {
            (0, 0) => {}
            (a, b) if a == b => {
                (left, right) = (&left[1..], &right[1..]);
                continue;
            }
            (a, b) => return a.cmp(&b),
        }
        if left.is_empty() && right.is_empty() {
            return Ordering::Equal;
        }
        let (left_number, right_number) = (take_number(&mut left), take_number(&mut right));
        // Numbers have no size limit, so they are never converted: without leading zeros the longer one is
        // larger.
        let order = left_number.len().cmp(&right_number.len()).then_with(|| left_number.cmp(right_number));
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// `~` before the end of a part, then letters, then everything else; a digit ends the run as the end does.
fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        None => 0,
        Some(b'0'..=b'9') => 0,
        Some(b'~') => -1,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    }
}

fn take_number<'a>(bytes: &mut &'a [u8]) -> &'a [u8] {
    let end = bytes.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len());
    let (digits, rest) = bytes.split_at(end);
    *bytes = rest;
    let zeros = digits.iter().position(|&byte| byte != b'0').unwrap_or(digits.len());
    &digits[zeros..]
}

/// The longest version an archive has ever held is under 100 bytes.
const MAX_LENGTH: usize = 512;

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_versions(&self.0, &other.0)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The text is not a Debian version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a Debian version: {reason}")]
pub struct VersionError {
    text: String,
    reason: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pairs judged by `dpkg --compare-versions` (dpkg 1.21); the full suite asks it again.
    #[test]
    fn orders_as_dpkg_does() {
        use Ordering::{Equal, Less};
        for (left, order, right) in [
            ("1.0", Equal, "1.0-0"),
            ("1.0", Less, "1.0-1"),
            ("1.0~rc1", Less, "1.0"),
            ("1.0~~", Less, "1.0~"),
            ("1.0~~a", Less, "1.0~"),
            ("1.0", Less, "1.0+b1"),
            ("1.0a", Less, "1.0+"),
            ("1.0-1", Less, "1.0.1-1"),
            ("2.9", Less, "2.10"),
            ("09", Equal, "9"),
            ("1:1", Less, "2:0"),
            ("9", Less, "1:0"),
            ("0:1", Equal, "1"),
            ("1+60+g5eb950a-1", Equal, "1+60+g5eb950a00-1"),
            ("3.11.2-6+deb12u2", Less, "3.11.2-6+deb12u10"),
            ("1.2-3-4", Less, "1.2-4-1"),
            ("1.0-1~bpo12+1", Less, "1.0-1"),
            ("0", Equal, "00"),
            ("a", Less, "a0a"),
            ("1.", Equal, "1.0"),
            ("1.-", Less, "1.0a"),
            ("99999999999999999999998", Less, "99999999999999999999999"),
        ] {
            assert_eq!(compare_versions(left, right), order, "{left} ? {right}");
            assert_eq!(compare_versions(right, left), order.reverse(), "{right} ? {left}");
        }
    }

    #[test]
    fn drops_the_epoch_for_file_names() {
        assert_eq!("1:2.3-4".parse::<Version>().unwrap().without_epoch(), "2.3-4");
        assert_eq!("2.3-4".parse::<Version>().unwrap().without_epoch(), "2.3-4");
    }

    #[test]
    fn refuses_what_is_no_version() {
        for text in ["", ":1", "x:1", "1:", "1 2", "1/2", "-1", "1-", "1:2-3:4", "é", "12345678901:1"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
        assert!("9".repeat(600).parse::<Version>().is_err());
    }

    proptest! {
        #[test]
        fn is_a_total_order(texts in proptest::collection::vec("[0-9a~+.-]{0,8}", 3)) {
            let [a, b, c] = [&texts[0], &texts[1], &texts[2]];
            prop_assert_eq!(compare_versions(a, b), compare_versions(b, a).reverse());
            if compare_versions(a, b).is_le() && compare_versions(b, c).is_le() {
                prop_assert!(compare_versions(a, c).is_le());
            }
        }
    }
}
