//! Decimal numbers of any size, as the service takes them: strings, up to 2^1023 and beyond.

use std::cmp::Ordering;

/// A decimal number without an exponent, such as `-12.50`.
#[derive(Clone, Copy, Debug)]
pub struct Decimal<'a> {
    negative: bool,
    /// Without leading zeros.
    whole: &'a str,
    /// Without trailing zeros.
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Reads `[+-] digits [. digits]`; anything else is `None`.
    pub fn parse(text: &'a str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (unsigned, ""),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Self { negative: text.starts_with('-') && !zero, whole, fraction })
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        let whole = self.whole.len().cmp(&other.whole.len()).then_with(|| self.whole.cmp(other.whole));
        whole.then_with(|| self.fraction.cmp(other.fraction))
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal<'_> {}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
            (negative, _) => {
                if negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Decimal;

    #[test]
    fn size_and_zeros_do_not_matter() {
        let number = |text| Decimal::parse(text).unwrap();
        let (huge, tiny) = (format!("9{}", "0".repeat(400)), format!("-9{}", "0".repeat(400)));
        assert!(number(&huge) > number("99.9"));
        assert!(number(&tiny) < number("-99.9"));
        assert_eq!(number("-0"), number("0.00"));
        assert_eq!(number("007.50"), number("+7.5"));
        assert!(number("1.05") < number("1.5"));
        for text in ["", "-", "+", ".5", "1.", "1e5", "0x1", "1,5", " 1", "--1", "١"] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn numbers_compare_as_numbers(a in any::<i64>(), b in any::<i64>(), shift in 0u32..9) {
            let text = |n: i64| {
                let (sign, n) = (if n < 0 { "-" } else { "" }, n.unsigned_abs());
                let unit = 10u64.pow(shift);
                let fraction = if shift == 0 { String::new() } else { format!(".{:0w$}", n % unit, w = shift as usize) };
                format!("{sign}{}{fraction}", n / unit)
            };
            let (left, right) = (text(a), text(b));
            prop_assert_eq!(Decimal::parse(&left).unwrap().cmp(&Decimal::parse(&right).unwrap()), a.cmp(&b));
        }
    }
}
