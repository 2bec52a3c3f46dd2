//! The TIMESTAMP of a password claim: `Tue Mar 3 04:05:06 UTC 2026`.

use crate::calendar::{self, Civil};

/// Seconds that a TIMESTAMP may lie before or after the server's clock; clients run with skewed clocks.
pub const TIMESTAMP_TOLERANCE: i64 = 300;

/// Unix seconds of a TIMESTAMP. Strict: English names, no leading zero on the day, two digits to each field of the time,
/// single spaces, `UTC`, four digits to the year. The weekday has to be one, but not the date's.
pub fn parse_timestamp(text: &str) -> Option<i64> {
    let mut fields = text.split(' ');
    let (weekday, month, day) = (fields.next()?, fields.next()?, fields.next()?);
    let (clock, zone, year) = (fields.next()?, fields.next()?, fields.next()?);
    let well_formed = fields.next().is_none()
        && calendar::is_weekday(weekday)
        && matches!(day.len(), 1 | 2)
        && !day.starts_with('0')
        && zone == "UTC"
        && year.len() == 4;
    if !well_formed {
        return None;
    }
    let (hour, minute, second) = calendar::clock(clock)?;
    let (month, day, year) =
        (calendar::month(month)?, calendar::number(day.as_bytes())?, calendar::number(year.as_bytes())?);
    Civil { year, month, day, hour, minute, second }.to_unix()
}

/// Whether a TIMESTAMP is well-formed and within [`TIMESTAMP_TOLERANCE`] of `now` (Unix seconds).
pub fn is_fresh(timestamp: &str, now: i64) -> bool {
    parse_timestamp(timestamp).is_some_and(|signed| signed.abs_diff(now) <= TIMESTAMP_TOLERANCE.unsigned_abs())
}

/// The TIMESTAMP a client writes at `now` (Unix seconds).
pub fn format_timestamp(now: i64) -> String {
    let Civil { year, month, day, hour, minute, second } = Civil::from_unix(now);
    let (weekday, month) = (calendar::weekday(now), calendar::month_name(month));
    format!("{weekday} {month} {day} {hour:02}:{minute:02}:{second:02} UTC {year:04}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MOMENT: i64 = 1_772_510_706;

    #[test]
    fn what_the_clients_write() {
        assert_eq!(parse_timestamp("Tue Mar 3 04:05:06 UTC 2026"), Some(MOMENT));
        assert_eq!(format_timestamp(MOMENT), "Tue Mar 3 04:05:06 UTC 2026");
    }

    /// SECURITY row 26: a malformed TIMESTAMP is refused.
    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "Tue Mar 03 04:05:06 UTC 2026",
            "Tue Mar  3 04:05:06 UTC 2026",
            "Tue Mar 3 4:05:06 UTC 2026",
            "Tue Mar 3 04:05:06 GMT 2026",
            "Tue Mar 3 04:05:06 UTC 26",
            "Tue Mar 3 04:05:06 UTC 2026 ",
            " Tue Mar 3 04:05:06 UTC 2026",
            "Die Mar 3 04:05:06 UTC 2026",
            "Tue Maa 3 04:05:06 UTC 2026",
            "tue mar 3 04:05:06 utc 2026",
            "Tue Feb 30 04:05:06 UTC 2026",
            "Tue Mar 0 04:05:06 UTC 2026",
            "Tue Mar -3 04:05:06 UTC 2026",
            "Tue Mar 3 24:05:06 UTC 2026",
            "Tue Mar 3 04:05:60 UTC 2026",
            "Tue Mar 3 04:05:06 UTC +026",
            "Tue Mar 3 ٠4:05:06 UTC 2026",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    /// SECURITY row 26: a stale TIMESTAMP is refused, and so is one from the future.
    #[test]
    fn freshness_has_two_ends() {
        let timestamp = format_timestamp(MOMENT);
        for (now, fresh) in [(MOMENT + 300, true), (MOMENT + 301, false), (MOMENT - 300, true), (MOMENT - 301, false)] {
            assert_eq!(is_fresh(&timestamp, now), fresh);
        }
        assert!(!is_fresh("garbage", MOMENT));
    }

    proptest! {
        #[test]
        fn there_and_back(seconds in 0i64..200_000_000_000) {
            prop_assert_eq!(parse_timestamp(&format_timestamp(seconds)), Some(seconds));
        }

        #[test]
        fn no_text_is_too_odd(text in any::<String>()) {
            prop_assert_eq!(is_fresh(&text, MOMENT), parse_timestamp(&text).is_some_and(|at| (at - MOMENT).abs() <= 300));
        }
    }
}
