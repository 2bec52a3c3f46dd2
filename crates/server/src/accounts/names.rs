//! Under which names a user may sign in, and how names compare.

use cognate_shapes::enums::{AliasAttribute, UserStatus, UsernameAttribute};

use super::user::User;
use crate::directory::Pool;

/// The kinds of alias, as the store keeps them and messages name them.
pub const EMAIL: &str = "email";
pub const PHONE_NUMBER: &str = "phone_number";
pub const PREFERRED_USERNAME: &str = "preferred_username";

/// The bytes a username compares by: folded where the pool is case-insensitive.
pub fn username_key(pool: &Pool, username: &str) -> Vec<u8> {
    if pool.case_sensitive() { username.as_bytes().to_vec() } else { fold(username) }
}

/// Bytes of the longest alias that is its own key; databases bound the keys of an index.
const LONGEST_KEY: usize = 1024;

/// The bytes an alias of this kind compares by. Phone numbers have no case.
pub fn alias_key(pool: &Pool, kind: &str, value: &str) -> Vec<u8> {
    let key = if kind == PHONE_NUMBER || pool.case_sensitive() { value.as_bytes().to_vec() } else { fold(value) };
    if key.len() <= LONGEST_KEY {
        return key;
    }
    // No text begins with this byte, so that no short alias has the key of a long one.
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &key);
    [&[u8::MAX], digest.as_ref()].concat()
}

/// Lower case by Unicode's rules.
pub fn fold(text: &str) -> Vec<u8> {
    text.to_lowercase().into_bytes()
}

/// The aliases that sign the user in as things stand: kind and value.
///
/// With username attributes that is every such attribute the user has; with alias attributes an e-mail address or phone
/// number counts once it is verified, a preferred username once the user is confirmed.
pub fn active_aliases<'a>(pool: &Pool, user: &'a User) -> Vec<(&'static str, &'a str)> {
    let mut active = Vec::new();
    let mut claim = |kind: &'static str, holds: bool| {
        if let Some(value) = user.attribute(kind).filter(|value| holds && !value.is_empty()) {
            active.push((kind, value));
        }
    };
    for attribute in pool.username_attributes() {
        match attribute {
            UsernameAttribute::Email => claim(EMAIL, true),
            UsernameAttribute::PhoneNumber => claim(PHONE_NUMBER, true),
        }
    }
    for attribute in pool.alias_attributes() {
        match attribute {
            AliasAttribute::Email => claim(EMAIL, user.is_verified(EMAIL)),
            AliasAttribute::PhoneNumber => claim(PHONE_NUMBER, user.is_verified(PHONE_NUMBER)),
            AliasAttribute::PreferredUsername => claim(PREFERRED_USERNAME, user.status != UserStatus::Unconfirmed),
        }
    }
    active
}

/// Whether the text has the form of an e-mail address.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@');
    plain(local)
        && plain(domain)
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !domain.contains("..")
        && !text.contains([',', ';', '<', '>', '"', '\\', '(', ')', '[', ']'])
        && text.len() <= 320
}

/// Whether the text is a phone number in E.164 form: `+` and digits.
pub fn is_phone_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (2..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0')
    })
}
