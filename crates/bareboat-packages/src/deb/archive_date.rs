//! The dates archives write, `Sat, 21 Nov 2026 09:15:44 UTC`, and the way a lock file keeps them,
//! `2026-11-21T09:15:44Z`.
//!
//! Only UTC exists in archives (Debian repository format, "Date, Valid-Until"). Leap seconds do not.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in whole seconds since 1970-01-01T00:00:00Z, before the year 10000.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArchiveDate(u64);

impl ArchiveDate {
    /// The moment `seconds` after the epoch; later than the year 9999 becomes its end.
    pub const fn from_unix(seconds: u64) -> Self {
        Self(if seconds < END_OF_9999 { seconds } else { END_OF_9999 - 1 })
    }

    /// Seconds since the epoch.
    pub const fn unix(self) -> u64 {
        self.0
    }

    /// The moment `duration` later.
    pub const fn plus(self, duration: Duration) -> Self {
        Self::from_unix(self.0.saturating_add(duration.as_secs()))
    }

    /// Parses the `Date` form of `Release` files.
    pub fn parse_release(text: &str) -> Option<Self> {
        let text = text.split_once(',').map_or(text, |(_weekday, rest)| rest);
        let mut words = text.split_ascii_whitespace();
        let day = number(words.next()?, 1..=2)?;
        let month = words.next()?;
        let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
        let year = number(words.next()?, 4..=4)?;
        let mut clock = words.next()?.split(':');
        let mut part = || number(clock.next()?, 1..=2);
        let time = (part()?, part()?, part()?);
        let utc = matches!(words.next()?, "UTC" | "GMT" | "+0000" | "Z");
        (utc && words.next().is_none() && clock.next().is_none()).then_some(())?;
        Self::from_civil((year, month, day), time)
    }

    fn from_civil(
        (year, month, day): (u64, u64, u64),
        (hour, minute, second): (u64, u64, u64),
    ) -> Option<Self> {
        let plausible = (1970..10_000).contains(&year) && (1..=12).contains(&month);
        if !plausible || hour > 23 || minute > 59 || second > 59 || !(1..=days_in(year, month)).contains(&day)
        {
            return None;
        }
        let before = (1..month).map(|month| days_in(year, month)).sum::<u64>();
        let days = days_before_year(year) - days_before_year(1970) + before + day - 1;
        Some(Self(days * DAY + hour * 3600 + minute * 60 + second))
    }

    fn civil(self) -> (u64, u64, u64) {
        let days = self.0 / DAY + days_before_year(1970);
        // The mean year is a little shorter than 366 days, so this starts at or before the right one.
        let mut year = days / 366;
        while days_before_year(year + 1) <= days {
            year += 1;
        }
        let mut day = days - days_before_year(year);
        let mut month = 1;
        while day >= days_in(year, month) {
            day -= days_in(year, month);
            month += 1;
        }
        (year, month, day + 1)
    }
}

fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<u64> {
    let plain = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Days of the Gregorian calendar before 1 January of `year`, counted from year 0.
const fn days_before_year(year: u64) -> u64 {
    if year == 0 {
        return 0;
    }
    let last = year - 1;
    year * 365 + last / 4 - last / 100 + last / 400 + 1
}

const fn days_in(year: u64, month: u64) -> u64 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY: u64 = 86_400;
const END_OF_9999: u64 = 253_402_300_800;

impl From<SystemTime> for ArchiveDate {
    /// A moment before 1970 becomes the epoch.
    fn from(time: SystemTime) -> Self {
        Self::from_unix(time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }
}

impl fmt::Display for ArchiveDate {
    /// RFC 3339 in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        let second = self.0 % DAY;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl fmt::Debug for ArchiveDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ArchiveDate {
    type Err = ArchiveDateError;

    /// Parses the RFC 3339 form that [`fmt::Display`] writes.
    fn from_str(text: &str) -> Result<Self, ArchiveDateError> {
        let parse = || {
            let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
            let mut date = date.split('-');
            let ymd =
                (number(date.next()?, 4..=4)?, number(date.next()?, 2..=2)?, number(date.next()?, 2..=2)?);
            let mut time = time.split(':');
            let hms =
                (number(time.next()?, 2..=2)?, number(time.next()?, 2..=2)?, number(time.next()?, 2..=2)?);
            (date.next().is_none() && time.next().is_none()).then_some(())?;
            Self::from_civil(ymd, hms)
        };
        parse().ok_or_else(|| ArchiveDateError { text: text.chars().take(80).collect() })
    }
}

impl Serialize for ArchiveDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ArchiveDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The text is not a moment in UTC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a date like `2026-11-21T09:15:44Z`")]
pub struct ArchiveDateError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_release_dates() {
        for (text, expected) in [
            ("Sat, 21 Nov 2026 09:15:44 UTC", "2026-11-21T09:15:44Z"),
            ("Thu,  1 Jan 1970 00:00:00 UTC", "1970-01-01T00:00:00Z"),
            ("29 Feb 2024 23:59:59 +0000", "2024-02-29T23:59:59Z"),
            ("Mon, 01 Mar 2100 00:00:00 GMT", "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(ArchiveDate::parse_release(text).unwrap().to_string(), expected);
        }
        assert_eq!(
            ArchiveDate::parse_release("Sat, 21 Nov 2026 09:15:44 UTC").unwrap().unix(),
            1_795_252_544
        );
    }

    #[test]
    fn refuses_other_zones_and_impossible_dates() {
        for text in [
            "",
            "Sat, 21 Nov 2026 09:15:44",
            "Sat, 21 Nov 2026 09:15:44 CET",
            "Sat, 30 Feb 2026 09:15:44 UTC",
            "Sat, 21 Nov 2026 24:00:00 UTC",
            "Sat, 21 Nov 1926 09:15:44 UTC",
            "Sat, 21 Nov 2026 09:15:44 UTC x",
            "Sat, 21 Nov 2026 +9:15:44 UTC",
        ] {
            assert_eq!(ArchiveDate::parse_release(text), None, "{text}");
        }
        assert!("2026-13-01T00:00:00Z".parse::<ArchiveDate>().is_err());
    }

    proptest! {
        #[test]
        fn prints_what_it_parses_again(seconds in 0..END_OF_9999) {
            let date = ArchiveDate::from_unix(seconds);
            prop_assert_eq!(date.to_string().parse(), Ok(date));
        }
    }
}
