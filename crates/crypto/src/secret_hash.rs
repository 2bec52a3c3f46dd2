//! SECRET_HASH: how a client with a secret shows that it knows it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ct_eq;
use crate::mac::hmac_sha256;

/// `Base64(HMAC-SHA256(client secret, username || client id))`, 44 characters.
pub fn compute(client_secret: &str, username: &str, client_id: &str) -> String {
    STANDARD.encode(hmac_sha256(client_secret.as_bytes(), &[username.as_bytes(), client_id.as_bytes()]))
}

/// Whether `presented` is the hash of one of `usernames` (the one sent, and the canonical one that clients echo after
/// SRP) under one of the client's live secrets. Constant-time: every pair is tried, whichever matches.
pub fn verify<S: AsRef<str>>(presented: &str, client_secrets: &[S], usernames: &[&str], client_id: &str) -> bool {
    let mut found = false;
    for secret in client_secrets {
        for username in usernames {
            let expected = compute(secret.as_ref(), username, client_id);
            found |= ct_eq(expected.as_bytes(), presented.as_bytes());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "vaj8HTBe5GbOXXYp/c3Y8ONQDrEIMNo6p+wW9dQfQmQ=";

    #[test]
    fn known_answer() {
        assert_eq!(compute("mysecret", "alice", "1example23456789"), HASH);
    }

    #[test]
    fn either_secret_and_either_name_will_do() {
        let names = ["alice@example.com", "alice"];
        assert!(verify(HASH, &["mysecret"], &names, "1example23456789"));
        assert!(verify(HASH, &["older", "mysecret"], &names, "1example23456789"));
    }

    /// SECURITY row 15: another secret, user or client, a truncated hash, none at all.
    #[test]
    fn anything_else_will_not() {
        assert!(!verify(HASH, &["mysecres"], &["alice"], "1example23456789"));
        assert!(!verify(HASH, &["mysecret"], &["bob"], "1example23456789"));
        assert!(!verify(HASH, &["mysecret"], &["alice"], "1example23456788"));
        assert!(!verify::<&str>(HASH, &[], &["alice"], "1example23456789"));
        for presented in ["", &HASH[..43], &HASH.to_lowercase(), &format!("{HASH} ")] {
            assert!(!verify(presented, &["mysecret"], &["alice"], "1example23456789"));
        }
    }
}
