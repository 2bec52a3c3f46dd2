//! Lower-case hexadecimal, as SRP parameters and request signatures spell it.

use std::fmt::Write as _;

/// The digits of `bytes`, two a byte.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(out, "{byte:02x}").expect("a String takes whatever is written to it");
    }
    out
}

/// The digits of an integer: no leading zeros, so the count may be odd; zero is `0`.
pub(crate) fn encode_integer(big_endian: &[u8]) -> String {
    let digits = encode(big_endian);
    match digits.trim_start_matches('0') {
        "" => "0".to_owned(),
        significant => significant.to_owned(),
    }
}

/// The big-endian bytes of an integer written in hexadecimal of either case; an odd count of digits is fine.
/// `None` when empty or when anything but a digit occurs.
pub(crate) fn decode_integer(digits: &str) -> Option<Vec<u8>> {
    if digits.is_empty() {
        return None;
    }
    let nibbles = digits.bytes().map(|digit| (digit as char).to_digit(16).map(|value| value as u8));
    let mut nibbles: Vec<u8> = nibbles.collect::<Option<_>>()?;
    if nibbles.len() % 2 == 1 {
        nibbles.insert(0, 0);
    }
    Some(nibbles.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_lose_their_leading_zeros() {
        assert_eq!(encode_integer(&[0x00, 0x0a, 0xff]), "aff");
        assert_eq!(encode_integer(&[0, 0]), "0");
    }

    #[test]
    fn odd_counts_of_digits_are_integers_too() {
        assert_eq!(decode_integer("aFf"), Some(vec![0x0a, 0xff]));
        assert_eq!(decode_integer(""), None);
        for text in ["0x1f", "+1", "-1", "1 ", "g", "é"] {
            assert_eq!(decode_integer(text), None, "{text}");
        }
    }
}
