//! Identifiers, codes and the outside of refresh tokens, each a pure function of random bytes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::hex;
use crate::seal::{GCM_NONCE_LEN, SALT_LEN, TAG_LEN};

const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE32: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";

const REFRESH_TOKEN_HEADER: &str = r#"{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}"#;
/// Characters of the longest refresh token that is looked at.
const MAX_REFRESH_TOKEN: usize = 8192;

/// What follows the `_` of a user pool id: 9 characters of `[0-9A-Za-z]`.
pub fn pool_suffix(random: [u8; 16]) -> String {
    // 62^9 is below 2^54, so reducing 128 bits favours no suffix by more than 2^-74.
    let mut rest = u128::from_be_bytes(random);
    let mut suffix = String::with_capacity(9);
    for _ in 0..9 {
        suffix.push(char::from(ALPHANUMERIC[(rest % 62) as usize]));
        rest /= 62;
    }
    suffix
}

/// An app client's id: 26 characters of `[0-9a-v]`, 130 bits (the low 6 of the last byte are not used).
pub fn client_id(random: [u8; 17]) -> String {
    base32(&random, 26)
}

/// A generated client secret: 52 characters of `[0-9a-v]`, 260 bits (the low 4 of the last byte are not used).
pub fn client_secret(random: [u8; 33]) -> String {
    base32(&random, 52)
}

/// A code of `digits` decimal digits, at most 18, leading zeros kept.
pub fn numeric_code(random: [u8; 16], digits: u32) -> String {
    assert!((1..=18).contains(&digits), "a code has 1 to 18 digits");
    // 10^18 is below 2^60: the bias of reducing 128 bits is below 2^-68.
    let value = u128::from_be_bytes(random) % 10u128.pow(digits);
    format!("{value:0width$}", width = digits as usize)
}

/// A user's `sub`: shaped like a UUID, without the version and variant bits of RFC 9562, as the service's are.
pub fn sub(random: [u8; 16]) -> String {
    let digits = hex::encode(&random);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// Whether the text has the shape of a `sub`.
pub fn is_sub(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// The outside of a refresh token: five dot-separated parts of base64url, the first of them the header that the
/// service's tokens have, the others a sealed message cut where a JWE has key, nonce, ciphertext and tag.
///
/// # Panics
///
/// On anything shorter than what [`crate::seal::Sealer::seal`] makes of a non-empty message.
pub fn refresh_token(sealed: &[u8]) -> String {
    assert!(sealed.len() > 1 + SALT_LEN + GCM_NONCE_LEN + TAG_LEN, "a refresh token has something to say");
    let (key, rest) = sealed.split_at(1 + SALT_LEN);
    let (nonce, rest) = rest.split_at(GCM_NONCE_LEN);
    let (ciphertext, tag) = rest.split_at(rest.len() - TAG_LEN);
    [REFRESH_TOKEN_HEADER.as_bytes(), key, nonce, ciphertext, tag].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

/// The sealed message inside a refresh token; `None` when the text is not of [`refresh_token`]'s shape.
pub fn parse_refresh_token(token: &str) -> Option<Vec<u8>> {
    if token.len() > MAX_REFRESH_TOKEN {
        return None;
    }
    let parts: Vec<Vec<u8>> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).ok()).collect::<Option<_>>()?;
    let [header, key, nonce, ciphertext, tag] = parts.as_slice() else { return None };
    let shaped = header == REFRESH_TOKEN_HEADER.as_bytes()
        && key.len() == 1 + SALT_LEN
        && nonce.len() == GCM_NONCE_LEN
        && !ciphertext.is_empty()
        && tag.len() == TAG_LEN;
    shaped.then(|| [key.as_slice(), nonce, ciphertext, tag].concat())
}

/// The first `5 * characters` bits, five a character.
fn base32(bytes: &[u8], characters: usize) -> String {
    let bit = |at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
    let value = |character: usize| (0..5).fold(0, |value, offset| value << 1 | bit(character * 5 + offset));
    (0..characters).map(|character| char::from(BASE32[usize::from(value(character))])).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::seal::{Kind, MasterKey, NONCE_LEN, Sealer};

    #[test]
    fn the_ends_of_every_range() {
        assert_eq!(pool_suffix([0; 16]), "000000000");
        assert_eq!(client_id([0xff; 17]), "v".repeat(26));
        assert_eq!(client_secret([0; 33]), "0".repeat(52));
        assert_eq!(numeric_code([0; 16], 6), "000000");
        assert_eq!(sub([0xab; 16]), "abababab-abab-abab-abab-abababababab");
        assert!(is_sub(&sub([0xab; 16])));
        for other in ["", "ada", "ABABABAB-abab-abab-abab-abababababab", "abababababab-abab-abab-abab-abababab"] {
            assert!(!is_sub(other), "{other}");
        }
        // 8 = 01000, then 4 = 00100: 0x41 is 01000 001..
        assert!(client_id([0x41; 17]).starts_with("85"));
    }

    #[test]
    fn a_refresh_token_begins_like_the_services() {
        let token = refresh_token(&[1; 100]);
        assert!(token.starts_with("eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAifQ."));
        assert_eq!(parse_refresh_token(&token), Some(vec![1; 100]));
    }

    /// SECURITY row 4: what is not exactly five canonical parts is no refresh token.
    #[test]
    fn other_shapes_are_no_refresh_tokens() {
        let token = refresh_token(&[1; 100]);
        let without_header = token.split_once('.').unwrap().1;
        for text in [
            "",
            "....",
            without_header,
            &format!("{token}."),
            &format!("{token}="),
            &format!("{token}A"),
            &format!("e30.{without_header}"),
            &token[..token.len() - 1],
            &"A".repeat(MAX_REFRESH_TOKEN + 1),
        ] {
            assert_eq!(parse_refresh_token(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_identifier_has_its_alphabet(random in any::<[u8; 33]>(), digits in 1u32..=18) {
            let (first, rest) = (*random.first_chunk::<16>().unwrap(), *random.first_chunk::<17>().unwrap());
            let suffix = pool_suffix(first);
            prop_assert!(suffix.len() == 9 && suffix.bytes().all(|c| c.is_ascii_alphanumeric()));
            for (text, length) in [(client_id(rest), 26), (client_secret(random), 52)] {
                prop_assert!(text.len() == length && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'v')));
            }
            let code = numeric_code(first, digits);
            prop_assert!(code.len() == digits as usize && code.bytes().all(|c| c.is_ascii_digit()));
        }

        #[test]
        fn a_sealed_message_comes_back(plaintext in proptest::collection::vec(any::<u8>(), 1..300)) {
            let sealer = Sealer::new(&MasterKey::new([7; 32]), Kind::RefreshToken);
            let token = refresh_token(&sealer.seal(&plaintext, b"pool", [3; NONCE_LEN]));
            let opened = sealer.open(&parse_refresh_token(&token).unwrap(), b"pool").unwrap();
            prop_assert_eq!(opened.as_slice(), plaintext);
        }

        #[test]
        fn no_text_is_too_odd(text in any::<String>()) {
            prop_assert_eq!(parse_refresh_token(&text), None);
        }
    }
}
