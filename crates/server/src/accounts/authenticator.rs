//! Authenticator apps: secrets shared with them, and the codes they show (RFC 6238: SHA-1, 30 seconds, 6 digits).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_crypto::hex;
use cognate_crypto::seal::Kind;
use cognate_shapes::error::{Error, Result};
use cognate_store::{Tx, spent};
use serde::{Deserialize, Serialize};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use super::user::User;
use crate::context::Context;
use crate::directory::Pool;

/// Seconds a code is shown.
const STEP_S: i64 = 30;

/// Steps before and after the current one whose codes are taken, for clocks that differ.
const SKEW: u16 = 1;

/// Bytes of a secret: 52 characters for the user to copy, as the service's have.
const SECRET_BYTES: usize = 32;

/// A secret as it is stored: sealed for its user.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SealedSecret(String);

impl std::fmt::Debug for SealedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedSecret(***)")
    }
}

/// A new secret: sealed, and in Base32 for the user to see once.
pub fn draw(cx: &Context, pool: &Pool, user_id: &str) -> (SealedSecret, Zeroizing<String>) {
    let secret = Zeroizing::new(cx.rng.bytes::<SECRET_BYTES>());
    let sealed = cx.seals.seal(&cx.rng, Kind::TotpSeed, &*secret, &context(pool, user_id));
    let shown = Zeroizing::new(Secret::from(secret.to_vec()).to_base32());
    (SealedSecret(STANDARD.encode(sealed)), shown)
}

/// A code that the app shows about now, not yet used up.
#[derive(Clone, Debug)]
pub struct Shown {
    pool_id: String,
    id: String,
    until_ms: i64,
}

/// Whether that is a code the app with this secret shows now, one step earlier or one later.
pub fn check(cx: &Context, pool: &Pool, user: &User, secret: &SealedSecret, code: &str) -> Result<Option<Shown>> {
    if code.len() != 6 || !code.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(None);
    }
    let sealed = STANDARD.decode(&secret.0);
    let sealed = sealed.map_err(|error| Error::internal("a stored secret does not read").caused_by(error))?;
    let secret = Zeroizing::new(cx.seals.open(Kind::TotpSeed, &sealed, &context(pool, &user.id))?);
    let now_s = u64::try_from(cx.clock.now_ms().div_euclid(1000)).unwrap_or_default();
    let step = totp(&secret).check(code, now_s);
    // By the secret too: another app's first code is not the last one's of the app before, even within the same step.
    let of_secret = cx.seals.keyed_hash(Kind::TotpSeed, &Zeroizing::new([b"spent\0", secret.as_slice()].concat()));
    Ok(step.map(|step| Shown {
        pool_id: pool.id.clone(),
        id: format!("totp:{}:{}:{step}", user.id, hex::encode(&of_secret[..16])),
        until_ms: (i64::try_from(step).unwrap_or_default() + 2 + i64::from(SKEW)) * STEP_S * 1000,
    }))
}

impl Shown {
    /// Refuses a code that was used already.
    pub fn check_unspent(&self, tx: &mut Tx<'_>) -> Result<()> {
        let used = spent::is_spent(tx, &self.pool_id, self.id.as_bytes())?;
        if used { Err(Error::software_token_code_reused()) } else { Ok(()) }
    }

    /// Uses the code up: of two who show it at once, one gets through.
    pub fn spend(&self, tx: &mut Tx<'_>) -> Result<()> {
        let first = spent::spend(tx, &self.pool_id, self.id.as_bytes(), self.until_ms)?;
        if first { Ok(()) } else { Err(Error::software_token_code_reused()) }
    }
}

fn totp(secret: &[u8]) -> Totp {
    let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_skew(SKEW);
    builder.with_step_duration(STEP_S.unsigned_abs()).with_secret(secret.to_vec()).build_noncompliant()
}

fn context(pool: &Pool, user_id: &str) -> Vec<u8> {
    [pool.id.as_str(), user_id].join("\0").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, the SHA-1 column cut to six digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let totp = totp(b"12345678901234567890");
        for (at_s, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(totp.generate(at_s).to_string(), code);
            assert_eq!(totp.check(code, at_s), Some(at_s / 30));
        }
    }

    #[test]
    fn the_steps_before_and_after_count_and_no_other() {
        let totp = totp(b"12345678901234567890");
        let code = totp.generate(1_111_111_110).to_string();
        assert_eq!(totp.check(&code, 1_111_111_110 - 30), Some(37_037_037));
        assert_eq!(totp.check(&code, 1_111_111_110 + 59), Some(37_037_037));
        assert_eq!(totp.check(&code, 1_111_111_110 - 31), None);
        assert_eq!(totp.check(&code, 1_111_111_110 + 60), None);
    }
}
