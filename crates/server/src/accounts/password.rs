//! Passwords: what a pool asks of them, how they are kept, and whether one is right.

use cognate_crypto::seal::Kind;
use cognate_crypto::srp::{self, Verifier};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::input::{Input as _, Path, Violations};
use cognate_shapes::scalars;
use cognate_shapes::shape::{Described as _, Shape};
use serde_json::Value;
use zeroize::Zeroizing;

use super::unknown;
use super::user::User;
use crate::context::Context;
use crate::directory::Pool;

/// The first byte of an opened credential. Verifiers follow, the current one first.
const VERSION: u8 = 1;

/// Characters that count as symbols, beside a space between other characters.
const SYMBOLS: &str = r#"^$*.[]{}()?"!@#%&/\,><':;|_~`=+-"#;

/// Whether a text is longer than any password (PasswordType): it is not worth comparing, and may be megabytes.
pub fn is_too_long(password: &str) -> bool {
    let Shape::Text { max: Some(longest), .. } = scalars::Password::shape() else { return false };
    password.chars().count() as u64 > longest
}

/// Whether a text has the form of a password (PasswordType). Not everywhere in a request does its shape see to that.
fn is_password(text: &str) -> bool {
    let parsed = scalars::Password::parse(Value::from(text), &Path::Root, &mut Violations::default());
    parsed.is_ok_and(|password| password.is_some())
}

/// Checks a new password against what every password has to be, and against the pool's policy. The first rule that it
/// breaks is the one reported.
pub fn check_policy(pool: &Pool, password: &str) -> Result<()> {
    let rules = pool.password_rules();
    let lacks = |class: fn(char) -> bool| !password.chars().any(class);
    let broken = if is_too_long(password) {
        "Password too long"
    } else if !is_password(password) {
        "Password must satisfy regular expression pattern: [\\S]+"
    } else if password.chars().count() < rules.minimum_length {
        "Password not long enough"
    } else if rules.uppercase && lacks(|c| c.is_ascii_uppercase()) {
        "Password must have uppercase characters"
    } else if rules.lowercase && lacks(|c| c.is_ascii_lowercase()) {
        "Password must have lowercase characters"
    } else if rules.numbers && lacks(|c| c.is_ascii_digit()) {
        "Password must have numeric characters"
    } else if rules.symbols && lacks(|c| SYMBOLS.contains(c)) && !password.trim_matches(' ').contains(' ') {
        "Password must have symbol characters"
    } else {
        return Ok(());
    };
    Err(Error::password_policy(broken))
}

/// The sealed credential of a new password, in place of `previous`.
///
/// `username` is the stored one, which SRP clients hash as USER_ID_FOR_SRP. A password among the last
/// PasswordHistorySize ones, the current one counted, is a `PasswordHistoryPolicyViolationException`.
pub async fn hash(
    cx: &Context,
    pool: &Pool,
    username: &str,
    password: &str,
    previous: Option<&[u8]>,
    user_id: &str,
) -> Result<Vec<u8>> {
    let history = pool.password_rules().history;
    let mut used = match previous {
        Some(sealed) if history > 0 => open(cx, pool, user_id, sealed)?,
        _ => Vec::new(),
    };
    used.truncate(history);
    let salt = srp::salt_from(cx.rng.bytes());
    let proof = Proof::new(pool, username, password);
    let made = cx
        .workers
        .run(move || {
            // All the work in either case: how long it takes does not tell which password was used before.
            let reused = used.iter().fold(false, |reused, verifier| reused | proof.of(verifier));
            let current = Verifier::new(&proof.group, &proof.username, &proof.password, salt);
            let kept = used.iter().take(history.saturating_sub(1));
            let mut plain = Zeroizing::new(vec![VERSION]);
            for verifier in std::iter::once(&current).chain(kept) {
                plain.extend_from_slice(&verifier.to_bytes());
            }
            (!reused).then_some(plain)
        })
        .await?;
    let plain = made.ok_or_else(Error::password_history)?;
    Ok(cx.seals.seal(&cx.rng, Kind::Verifier, &plain, &context(pool, user_id)))
}

/// Whether that is the user's password. Without one, nothing is, and finding out costs the same.
pub async fn matches(cx: &Context, pool: &Pool, user: &User, password: &str) -> Result<bool> {
    match verifier(cx, pool, user)? {
        Some(verifier) => check(cx, pool, &user.username, password, verifier).await,
        None => burn(cx, pool, &user.username, password).await.map(|()| false),
    }
}

/// Does the work of [`matches`] for a name that nobody has.
pub async fn burn(cx: &Context, pool: &Pool, username: &str, password: &str) -> Result<()> {
    check(cx, pool, username, password, unknown::verifier(cx, pool, username)).await.map(drop)
}

/// What SRP proves the user's password against; `None` for a user without password.
pub fn verifier(cx: &Context, pool: &Pool, user: &User) -> Result<Option<Verifier>> {
    let Some(sealed) = &user.credential else { return Ok(None) };
    let verifiers = open(cx, pool, &user.id, sealed)?;
    Ok(verifiers.into_iter().next())
}

async fn check(cx: &Context, pool: &Pool, username: &str, password: &str, verifier: Verifier) -> Result<bool> {
    if is_too_long(password) {
        return Ok(false);
    }
    let proof = Proof::new(pool, username, password);
    cx.workers.run(move || proof.of(&verifier)).await
}

/// A password on its way to a worker, with the names it is hashed with.
struct Proof {
    group: String,
    username: String,
    password: Zeroizing<String>,
}

impl Proof {
    fn new(pool: &Pool, username: &str, password: &str) -> Self {
        Self {
            group: pool.short_name().to_owned(),
            username: username.to_owned(),
            password: Zeroizing::new(password.to_owned()),
        }
    }

    fn of(&self, verifier: &Verifier) -> bool {
        verifier.matches(&self.group, &self.username, &self.password)
    }
}

/// The verifiers in a sealed credential, the current one first.
fn open(cx: &Context, pool: &Pool, user_id: &str, sealed: &[u8]) -> Result<Vec<Verifier>> {
    let plain = Zeroizing::new(cx.seals.open(Kind::Verifier, sealed, &context(pool, user_id))?);
    let Some((&VERSION, verifiers)) = plain.split_first() else {
        return Err(Error::internal("a credential is stored in an unknown version"));
    };
    verifiers
        .chunks(Verifier::LEN)
        .map(|bytes| {
            Verifier::from_bytes(bytes)
                .map_err(|error| Error::internal("a stored verifier does not read").caused_by(error))
        })
        .collect()
}

/// What a sealed credential is bound to.
fn context(pool: &Pool, user_id: &str) -> Vec<u8> {
    format!("{}/{user_id}", pool.id).into_bytes()
}
