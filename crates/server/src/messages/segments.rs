//! How many segments a text message is sent in (3GPP TS 23.038 and 23.040): what it costs.

/// Characters of the default alphabet that take one septet.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                     abcdefghijklmnopqrstuvwxyzäöñüà";

/// Characters of its extension table, which take two.
const EXTENDED: &str = "\u{c}^{}\\[~]|€";

/// The number of segments.
pub fn segments(text: &str) -> usize {
    let septets: Option<usize> = text
        .chars()
        .map(|character| match character {
            _ if BASIC.contains(character) => Some(1),
            _ if EXTENDED.contains(character) => Some(2),
            _ => None,
        })
        .sum();
    match septets {
        Some(0..=160) => 1,
        Some(septets) => septets.div_ceil(153),
        None => match text.encode_utf16().count() {
            0..=70 => 1,
            units => units.div_ceil(67),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::segments;

    #[test]
    fn alphabets_decide() {
        assert_eq!(segments("Your verification code is 123456. "), 1);
        assert_eq!((segments(&"a".repeat(160)), segments(&"a".repeat(161))), (1, 2));
        assert_eq!((segments(&"€".repeat(80)), segments(&"€".repeat(81))), (1, 2));
        assert_eq!((segments(&"ж".repeat(70)), segments(&"ж".repeat(71))), (1, 2));
        assert_eq!((segments(&"🔑".repeat(35)), segments(&"🔑".repeat(36))), (1, 2));
        assert_eq!(segments(""), 1);
    }
}
