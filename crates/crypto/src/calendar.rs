//! Civil dates and Unix time, for the few fixed formats in which clients write a time.

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// A UTC time to the second in the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
}

impl Civil {
    /// Seconds since 1970, or `None` where a field is out of its range (a 60th second is).
    pub(crate) fn to_unix(self) -> Option<i64> {
        let real = (1..=12).contains(&self.month)
            && (1..=days_in(self.year, self.month)).contains(&self.day)
            && (0..24).contains(&self.hour)
            && (0..60).contains(&self.minute)
            && (0..60).contains(&self.second);
        real.then(|| days(self.year, self.month, self.day) * 86_400 + self.hour * 3600 + self.minute * 60 + self.second)
    }

    pub(crate) fn from_unix(seconds: i64) -> Self {
        let (day_number, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // 400 Gregorian years are 146,097 days, so this guess is at most a year off.
        let mut year = 1970 + day_number * 400 / 146_097;
        while days(year, 1, 1) > day_number {
            year -= 1;
        }
        while days(year + 1, 1, 1) <= day_number {
            year += 1;
        }
        let mut month = 1;
        while month < 12 && days(year, month + 1, 1) <= day_number {
            month += 1;
        }
        let day = day_number - days(year, month, 1) + 1;
        Self { year, month, day, hour: rest / 3600, minute: rest / 60 % 60, second: rest % 60 }
    }
}

/// The number, 1 to 12, of an English month abbreviation.
pub(crate) fn month(name: &str) -> Option<i64> {
    MONTHS.iter().position(|month| *month == name).map(|at| at as i64 + 1)
}

pub(crate) fn month_name(month: i64) -> &'static str {
    MONTHS[(month - 1) as usize]
}

pub(crate) fn is_weekday(name: &str) -> bool {
    WEEKDAYS.contains(&name)
}

/// The English weekday abbreviation of a Unix time.
pub(crate) fn weekday(seconds: i64) -> &'static str {
    // 1970 began on a Thursday.
    WEEKDAYS[(seconds.div_euclid(86_400) + 3).rem_euclid(7) as usize]
}

/// `HH:MM:SS`, every field of two digits.
pub(crate) fn clock(text: &str) -> Option<(i64, i64, i64)> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = text.as_bytes() else { return None };
    Some((number(&[*h1, *h2])?, number(&[*m1, *m2])?, number(&[*s1, *s2])?))
}

/// A number of ASCII digits alone, few enough to fit.
pub(crate) fn number(digits: &[u8]) -> Option<i64> {
    let fits = !digits.is_empty() && digits.len() <= 9;
    let value = |total, digit: &u8| digit.is_ascii_digit().then(|| total * 10 + i64::from(digit - b'0'));
    if fits { digits.iter().try_fold(0, value) } else { None }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leap_days = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    let months: i64 = (1..month).map(|month| days_in(year, month)).sum();
    // 719,162 days lie between 0001-01-01 and 1970-01-01.
    before * 365 + leap_days - 719_162 + months + day - 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_days() {
        let civil = |year, month, day| Civil { year, month, day, hour: 0, minute: 0, second: 0 };
        assert_eq!(civil(1970, 1, 1).to_unix(), Some(0));
        assert_eq!(civil(2000, 2, 29).to_unix(), Some(951_782_400));
        assert_eq!(civil(2015, 8, 30).to_unix(), Some(1_440_892_800));
        assert_eq!(civil(1900, 2, 29).to_unix(), None);
        assert_eq!(civil(2026, 13, 1).to_unix(), None);
        assert_eq!(civil(2026, 4, 31).to_unix(), None);
        assert_eq!(weekday(1_440_892_800), "Sun");
    }

    proptest! {
        #[test]
        fn there_and_back(seconds in -60_000_000_000i64..200_000_000_000) {
            prop_assert_eq!(Civil::from_unix(seconds).to_unix(), Some(seconds));
        }
    }
}
