//! One-time codes: good for one purpose of one user, once, and replaced by the next one. Those of a sign-in are its own,
//! and another sign-in's do not replace them.

use cognate_crypto::seal::Kind;
use cognate_crypto::{ct_eq, ids};
use cognate_shapes::enums::VerifiedAttribute;
use cognate_shapes::error::{Error, Result};
use cognate_store::{Tx, codes};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::sending::{Sending, sending};
use super::user::User;
use crate::context::Context;
use crate::directory::Pool;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

/// What a code confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    SignUp,
    PasswordReset,
    Attribute(VerifiedAttribute),
    /// The first factor of one sign-in.
    FirstFactor(VerifiedAttribute),
    /// The second factor of one sign-in.
    Mfa(VerifiedAttribute),
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::PasswordReset => "password_reset",
            Self::Attribute(VerifiedAttribute::Email) => "attribute:email",
            Self::Attribute(VerifiedAttribute::PhoneNumber) => "attribute:phone_number",
            Self::FirstFactor(VerifiedAttribute::Email) => "first_factor:email",
            Self::FirstFactor(VerifiedAttribute::PhoneNumber) => "first_factor:phone_number",
            Self::Mfa(VerifiedAttribute::Email) => "mfa:email",
            Self::Mfa(VerifiedAttribute::PhoneNumber) => "mfa:phone_number",
        }
    }

    /// The attribute that the purpose itself is about.
    fn attribute(self) -> Option<VerifiedAttribute> {
        match self {
            Self::SignUp | Self::PasswordReset => None,
            Self::Attribute(attribute) | Self::FirstFactor(attribute) | Self::Mfa(attribute) => Some(attribute),
        }
    }

    /// A code that stands for a password is longer.
    fn digits(self) -> u32 {
        if matches!(self, Self::FirstFactor(_)) { 8 } else { 6 }
    }

    fn life_ms(self) -> i64 {
        match self {
            Self::PasswordReset => HOUR_MS,
            Self::SignUp | Self::Attribute(_) => 24 * HOUR_MS,
            // The longest session; the code's own session ends with it or before.
            Self::FirstFactor(_) | Self::Mfa(_) => 15 * MINUTE_MS,
        }
    }
}

/// Where a code is awaited: one at a time for a user and purpose, or for each sign-in of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    purpose: Purpose,
    sign_in: Option<String>,
}

impl From<Purpose> for Place {
    fn from(purpose: Purpose) -> Self {
        Self { purpose, sign_in: None }
    }
}

impl Place {
    /// In the sign-in of that id alone.
    pub fn in_sign_in(purpose: Purpose, sign_in: &str) -> Self {
        Self { purpose, sign_in: Some(sign_in.to_owned()) }
    }

    /// The stored `purpose`.
    fn key(&self) -> String {
        let purpose = self.purpose.as_str();
        self.sign_in.as_ref().map_or_else(|| purpose.to_owned(), |sign_in| format!("{purpose}:{sign_in}"))
    }
}

/// The stored document of a code, version 1: where it went.
#[derive(Serialize, Deserialize)]
struct Sent {
    v: u32,
    attribute: String,
    value: String,
}

/// A code that is drawn but not yet stored.
#[derive(Clone)]
pub struct Drawn {
    pub code: Zeroizing<String>,
    row: codes::Code,
    /// `None`: as many as there are.
    limits: Option<Sending>,
}

impl std::fmt::Debug for Drawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Drawn").field("purpose", &self.row.purpose).finish_non_exhaustive()
    }
}

impl Drawn {
    /// Stores the code in place of the one before, unless too many were sent in this hour.
    pub fn put(&self, tx: &mut Tx<'_>) -> Result<()> {
        if let Some(limits) = &self.limits {
            limits.spend(tx, &self.row.pool_id, &self.row.user_id)?;
        }
        Ok(codes::put(tx, &self.row)?)
    }

    /// The same code, awaited at that place.
    #[must_use]
    pub fn awaited_at(mut self, place: &Place) -> Self {
        self.row.purpose = place.key();
        self
    }

    /// The same code for an administrator, who may send as many as there are users.
    #[must_use]
    pub fn unlimited(self) -> Self {
        Self { limits: None, ..self }
    }
}

/// What a redeemed code had been sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeemed {
    pub attribute: VerifiedAttribute,
    /// The address or number as it was then.
    pub value: String,
}

/// What a presented code is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    Right(Redeemed),
    /// It was right once.
    Late,
    /// Another one is awaited, and still good or not.
    Wrong {
        awaited: bool,
    },
    /// None was asked for.
    Unasked,
}

/// Draws a code and stores it in place of the one before.
pub async fn issue(
    cx: &Context,
    pool: &Pool,
    user: &User,
    purpose: Purpose,
    attribute: VerifiedAttribute,
    value: &str,
) -> Result<Zeroizing<String>> {
    let drawn = draw(cx, pool, &user.id, purpose, attribute, value)?;
    let code = drawn.code.clone();
    cx.store.write(move |tx| drawn.put(tx)).await?;
    Ok(code)
}

/// Draws a code that a transaction stores along with its other effects.
pub fn draw(
    cx: &Context,
    pool: &Pool,
    user_id: &str,
    purpose: Purpose,
    attribute: VerifiedAttribute,
    value: &str,
) -> Result<Drawn> {
    let code = Zeroizing::new(ids::numeric_code(cx.rng.bytes(), purpose.digits()));
    let hash = hash(cx, pool, user_id, purpose, &code);
    keep(cx, pool, user_id, purpose, attribute, value, code, hash)
}

/// Draws a code for one session of a sign-in: in another one it is wrong.
pub fn draw_in_session(
    cx: &Context,
    pool: &Pool,
    user_id: &str,
    purpose: Purpose,
    value: &str,
    session: &str,
) -> Result<Drawn> {
    let code = Zeroizing::new(ids::numeric_code(cx.rng.bytes(), purpose.digits()));
    let hash = hash_in_session(cx, pool, user_id, purpose, session, &code);
    let attribute = purpose.attribute().ok_or_else(|| Error::internal("a session's code is for no attribute"))?;
    keep(cx, pool, user_id, purpose, attribute, value, code, hash)
}

#[expect(clippy::too_many_arguments, reason = "a row of that many columns, for the two ways to draw")]
fn keep(
    cx: &Context,
    pool: &Pool,
    user_id: &str,
    purpose: Purpose,
    attribute: VerifiedAttribute,
    value: &str,
    code: Zeroizing<String>,
    hash: [u8; 32],
) -> Result<Drawn> {
    let now = cx.clock.now_ms();
    let sent = Sent { v: 1, attribute: attribute.as_str().to_owned(), value: value.to_owned() };
    let doc = serde_json::to_string(&sent)
        .map_err(|error| Error::internal("a code's destination does not serialize").caused_by(error))?;
    let row = codes::Code {
        pool_id: pool.id.clone(),
        user_id: user_id.to_owned(),
        purpose: purpose.as_str().to_owned(),
        hash: hash.to_vec(),
        created_ms: now,
        expires_ms: now + purpose.life_ms(),
        attempts: 0,
        doc,
    };
    Ok(Drawn { code, row, limits: Some(sending(cx, attribute, value)) })
}

/// Draws what [`draw`] does for a name that nobody may use it for: no code fits it.
pub fn draw_unusable(
    cx: &Context,
    pool: &Pool,
    subject: &str,
    purpose: Purpose,
    attribute: VerifiedAttribute,
    value: &str,
) -> Result<Drawn> {
    let mut drawn = draw(cx, pool, subject, purpose, attribute, value)?;
    drawn.row.hash = cx.rng.bytes::<32>().to_vec();
    Ok(drawn)
}

/// The hash under which a user's code for a purpose is kept; compute it before the transaction.
pub fn hash(cx: &Context, pool: &Pool, user_id: &str, purpose: Purpose, code: &str) -> [u8; 32] {
    let parts = [pool.id.as_str(), user_id, purpose.as_str(), code];
    cx.seals.keyed_hash(Kind::Code, parts.join("\0").as_bytes())
}

/// The hash under which a code is kept that [`draw_in_session`] drew.
pub fn hash_in_session(
    cx: &Context,
    pool: &Pool,
    user_id: &str,
    purpose: Purpose,
    session: &str,
    code: &str,
) -> [u8; 32] {
    hash(cx, pool, user_id, purpose, &[session, code].join("\0"))
}

/// Counts a wrong code; once there were `most`, no code fits any more.
pub fn count_wrong(tx: &mut Tx<'_>, pool: &Pool, user_id: &str, place: &Place, most: i64) -> Result<()> {
    let key = place.key();
    let count = codes::count_attempt(tx, &pool.id, user_id, &key)?;
    if count.is_some_and(|count| count >= most) {
        codes::delete(tx, &pool.id, user_id, &key)?;
    }
    Ok(())
}

/// Takes the code, so that nobody else can: of two who redeem it at once, one does.
///
/// The inner error refuses the code. A closure answers it as an `Ok`, so that the attempt stays counted.
pub fn redeem(
    tx: &mut Tx<'_>,
    pool: &Pool,
    user_id: &str,
    place: &Place,
    hash: &[u8; 32],
    now_ms: i64,
) -> Result<Result<Redeemed>> {
    Ok(match look(tx, pool, user_id, place, hash, now_ms)? {
        Presented::Right(redeemed) => {
            codes::delete(tx, &pool.id, user_id, &place.key())?;
            Ok(redeemed)
        }
        Presented::Wrong { awaited: true } => Err(Error::code_mismatch()),
        Presented::Wrong { awaited: false } | Presented::Late | Presented::Unasked => Err(Error::code_expired()),
    })
}

/// Compares a code with the one that is awaited, and takes nothing.
pub fn look(
    tx: &mut Tx<'_>,
    pool: &Pool,
    user_id: &str,
    place: &Place,
    hash: &[u8; 32],
    now_ms: i64,
) -> Result<Presented> {
    let Some(row) = codes::get(tx, &pool.id, user_id, &place.key())? else { return Ok(Presented::Unasked) };
    let awaited = now_ms < row.expires_ms;
    if !ct_eq(&row.hash, hash) {
        return Ok(Presented::Wrong { awaited });
    }
    if !awaited {
        return Ok(Presented::Late);
    }
    let sent: Sent = serde_json::from_str(&row.doc)
        .map_err(|error| Error::internal("a stored code does not read").caused_by(error))?;
    let attribute = VerifiedAttribute::from_wire(&sent.attribute).filter(|_| sent.v == 1);
    let attribute = attribute.ok_or_else(|| Error::internal("a code is stored in an unknown version"))?;
    Ok(Presented::Right(Redeemed { attribute, value: sent.value }))
}
