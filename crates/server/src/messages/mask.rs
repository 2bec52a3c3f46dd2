//! How the service shows where it sent a code without showing the whole address.

/// An e-mail address as the service shows it: first characters of the local part and of the domain.
pub fn mask_email(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
    let first = |text: &str| text.chars().next().map(String::from).unwrap_or_default();
    format!("{}***@{}***", first(local), first(domain))
}

/// A phone number as the service shows it: every digit but the last four is an asterisk, the plus sign stays.
pub fn mask_phone(number: &str) -> String {
    let (plus, digits) = number.strip_prefix('+').map_or(("", number), |digits| ("+", digits));
    let hidden = digits.chars().count().saturating_sub(4);
    let shown: String = digits.chars().skip(hidden).collect();
    format!("{plus}{}{shown}", "*".repeat(hidden))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_as_the_service_does() {
        assert_eq!(mask_email("fixture@example.com"), "f***@e***");
        assert_eq!(mask_email("test@test.com"), "t***@t***");
        assert_eq!(mask_email("a@b@example.com"), "a***@e***");
        assert_eq!(mask_phone("+15555559934"), "+*******9934");
        assert_eq!(mask_phone("+123"), "+123");
    }

    #[test]
    fn odd_addresses_do_not_panic() {
        for odd in ["", "@", "é", "é@ü", "+", "+é", "no-at-sign"] {
            mask_email(odd);
            mask_phone(odd);
        }
        assert_eq!(mask_email("éa@ü.example"), "é***@ü***");
    }
}
