//! A day, for facts that are true until one.

use std::fmt;
use std::str::FromStr;

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day; months and days count from 1. For constants: whether the day exists is not checked.
    pub const fn new(year: u16, month: u8, day: u8) -> Self {
        Self { year, month, day }
    }

    /// The day that is `days` after 1970-01-01 (before it, when negative); `None` outside the years 0 to 65535.
    pub fn from_days(days: i64) -> Option<Self> {
        // Howard Hinnant's "civil_from_days": eras of 400 years, years that start in March.
        let shifted = days.checked_add(719_468)?;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * of_year + 2) / 153;
        let day = u8::try_from(of_year - (153 * month + 2) / 5 + 1).ok()?;
        let month = u8::try_from(if month < 10 { month + 3 } else { month - 9 }).ok()?;
        let year = u16::try_from(year_of_era + era * 400 + i64::from(month <= 2)).ok()?;
        Some(Self { year, month, day })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// The text is no `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no day: want `YYYY-MM-DD`")]
pub struct DateError(String);

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let error = || DateError(text.to_owned());
        let digits = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts[..] else { return Err(error()) };
        if !digits(year, 4) || !digits(month, 2) || !digits(day, 2) {
            return Err(error());
        }
        let date = Self {
            year: year.parse().map_err(|_| error())?,
            month: month.parse().map_err(|_| error())?,
            day: day.parse().map_err(|_| error())?,
        };
        let exists = (1..=12).contains(&date.month) && (1..=31).contains(&date.day);
        exists.then_some(date).ok_or_else(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_ordered_and_written_as_read() {
        let day: Date = "2026-05-11".parse().unwrap();
        assert_eq!(day, Date::new(2026, 5, 11));
        assert_eq!(day.to_string(), "2026-05-11");
        assert!(day < Date::new(2026, 11, 1));
        let days = |days| Date::from_days(days).map(|day| day.to_string()).unwrap_or_default();
        assert_eq!(
            [0, 59, 11_016, 20_780].map(days),
            ["1970-01-01", "1970-03-01", "2000-02-29", "2026-11-23"]
        );
        for wrong in ["", "2026", "2026-13-01", "2026-1-1", "2026-01-32", "x026-01-01", "2026-01-01-01"] {
            assert!(wrong.parse::<Date>().is_err(), "{wrong}");
        }
    }
}
