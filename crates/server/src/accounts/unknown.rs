//! What a name that nobody has answers where clients may not learn who exists: the same as a user would, the same
//! every time, and nothing that anybody could use.

use cognate_crypto::seal::Kind;
use cognate_crypto::srp::{self, Verifier};
use cognate_crypto::{hex, ids};
use cognate_shapes::enums::VerifiedAttribute;

use super::names::{is_email, is_phone_number, username_key};
use crate::context::Context;
use crate::directory::Pool;

/// The verifier that SRP and password checks work with; no password fits it.
pub fn verifier(cx: &Context, pool: &Pool, name: &str) -> Verifier {
    let key = String::from_utf8_lossy(&username_key(pool, name)).into_owned();
    srp::fake_verifier(&digest(cx, pool, "verifier", ""), pool.short_name(), &key)
}

/// The `sub`. Those of users are random too, so that nothing tells one from the other.
pub fn user_id(cx: &Context, pool: &Pool, name: &str) -> String {
    let digest = digest(cx, pool, "sub", name);
    let mut bits = [0; 16];
    bits.copy_from_slice(&digest[..16]);
    ids::sub(bits)
}

/// Under what the name's attempts and codes are kept: tells neither the name nor, by being found, that it is a user's.
pub fn subject(cx: &Context, pool: &Pool, name: &str) -> String {
    let digest = digest(cx, pool, "subject", name);
    format!("unknown:{}", hex::encode(&digest[..16]))
}

/// Where a code would have gone if it could go by one of `ways`, the first preferred: an address of the kind that was
/// typed, else one made up from the name.
pub fn destination(cx: &Context, pool: &Pool, name: &str, ways: &[VerifiedAttribute]) -> (VerifiedAttribute, String) {
    let typed = if pool.case_sensitive() { name.to_owned() } else { name.to_lowercase() };
    let shaped = |way: &VerifiedAttribute| match way {
        VerifiedAttribute::Email => is_email(&typed),
        VerifiedAttribute::PhoneNumber => is_phone_number(&typed),
    };
    if let Some(way) = ways.iter().find(|way| shaped(way)) {
        return (*way, typed);
    }
    let digest = digest(cx, pool, "destination", name);
    let way = ways.first().copied().unwrap_or(VerifiedAttribute::Email);
    let value = match way {
        VerifiedAttribute::Email => {
            // Initials as common as those of real mail hosts.
            let hosts = b"gggggggyyyhhhiioomacpw";
            let host = char::from(hosts[usize::from(digest[0]) % hosts.len()]);
            format!("{}@{host}", typed.chars().next().unwrap_or('a'))
        }
        VerifiedAttribute::PhoneNumber => {
            let digits: String = digest[..4].iter().map(|byte| char::from(b'0' + byte % 10)).collect();
            format!("+1555555{digits}")
        }
    };
    (way, value)
}

/// The id of a passkey; those of users are random too.
pub fn passkey_id(cx: &Context, pool: &Pool, name: &str) -> [u8; 32] {
    digest(cx, pool, "passkey", name)
}

/// A throw of the dice about the name, from 0 to 255, that falls the same way every time.
pub fn chance(cx: &Context, pool: &Pool, of: &str, name: &str) -> u8 {
    digest(cx, pool, &format!("chance of {of}"), name)[0]
}

fn digest(cx: &Context, pool: &Pool, purpose: &str, name: &str) -> [u8; 32] {
    let key = username_key(pool, name);
    let parts = [pool.id.as_bytes(), b"\0", purpose.as_bytes(), b"\0", &key];
    cx.seals.keyed_hash(Kind::UnknownUser, &parts.concat())
}
