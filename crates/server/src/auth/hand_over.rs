//! Signing in on the strength of a confirmed sign-up: SignUp's `Session` goes into ConfirmSignUp, and the one that comes
//! back stands for the code in a first sign-in by USER_AUTH.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate_crypto::seal::Kind;
use cognate_shapes::enums::{AuthFlow, ChallengeName, UserStatus, VerifiedAttribute};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::Session;
use cognate_store::spent;
use serde::{Deserialize, Serialize};

use super::progress::{Changes, Progress};
use super::{Attempt, Step, first_factor, next};
use crate::accounts::confirm::Confirmed;
use crate::accounts::factors::Factor;
use crate::accounts::user;
use crate::context::Context;
use crate::directory::{Client, Pool};

/// What the sessions of either operation are bound to beside their kind: none serves for the other, or for a challenge.
const SIGNED_UP: &[u8] = b"signed up";
const CONFIRMED: &[u8] = b"confirmed";

/// A sign-up on its way to a sign-in.
#[derive(Clone, Serialize, Deserialize)]
pub struct HandOver {
    id: String,
    pool_id: String,
    client_id: String,
    user_id: String,
    /// Whether the code went to the phone number; else to the e-mail address.
    by_phone: bool,
    expires_ms: i64,
}

impl std::fmt::Debug for HandOver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HandOver(***)")
    }
}

/// The `Session` of SignUp, where the client lets its users choose how to sign in.
pub fn of_sign_up(cx: &Context, pool: &Pool, client: &Client, user_id: &str) -> Result<Option<Session>> {
    if !client.allows(AuthFlow::UserAuth) {
        return Ok(None);
    }
    HandOver::new(cx, pool, client, user_id, false).seal(cx, SIGNED_UP).map(Some)
}

/// Checks the `Session` that came into ConfirmSignUp. One that is over is no obstacle to a confirmation.
pub fn presented(cx: &Context, pool: &Pool, client: &Client, session: &Session) -> Result<Option<HandOver>> {
    let presented = HandOver::open(cx, session, SIGNED_UP).filter(|presented| presented.is_of(pool, client));
    let presented = presented.ok_or_else(Error::invalid_session)?;
    Ok(Some(presented).filter(|presented| cx.clock.now_ms() < presented.expires_ms))
}

/// The `Session` of ConfirmSignUp, if the confirmed user is the one who signed up.
pub fn of_confirmation(
    cx: &Context,
    pool: &Pool,
    client: &Client,
    presented: &HandOver,
    confirmed: &Confirmed,
) -> Result<Option<Session>> {
    if confirmed.user_id != presented.user_id || !client.allows(AuthFlow::UserAuth) {
        return Ok(None);
    }
    let by_phone = confirmed.attribute == VerifiedAttribute::PhoneNumber;
    HandOver::new(cx, pool, client, &confirmed.user_id, by_phone).seal(cx, CONFIRMED).map(Some)
}

/// Signs in the user `typed`, whose confirmation `session` is of, if a code to the same place would do as first factor.
pub async fn begin(attempt: &Attempt<'_>, typed: &str, session: &Session) -> Result<Step> {
    let (cx, pool) = (attempt.cx, &attempt.pool);
    let given = HandOver::open(cx, session, CONFIRMED).filter(|given| given.is_of(pool, &attempt.client));
    let given = given.ok_or_else(Error::invalid_session)?;
    if cx.clock.now_ms() >= given.expires_ms {
        return Err(Error::session_expired());
    }
    let (of, hand_over, name) = (Arc::clone(pool), given.clone(), typed.to_owned());
    let reading = cx.store.read(move |tx| {
        let user = user::by_name(tx, &of, &name)?.filter(|user| user.id == hand_over.user_id);
        if spent::is_spent(tx, &of.id, hand_over.id.as_bytes())? {
            return Err(Error::session_spent());
        }
        Ok(user)
    });
    let user = reading.await?.ok_or_else(Error::invalid_session)?;
    let (challenge, factor, attribute) = if given.by_phone {
        (ChallengeName::SmsOtp, Factor::Sms, VerifiedAttribute::PhoneNumber)
    } else {
        (ChallengeName::EmailOtp, Factor::Email, VerifiedAttribute::Email)
    };
    let progress = Progress::of(attempt, AuthFlow::UserAuth, &user, typed);
    let available = first_factor::available(attempt, Some(&user), &progress).await?;
    let stands = user.status == UserStatus::Confirmed && user.is_verified(attribute.as_str());
    if !stands || !available.contains(&challenge) {
        return Err(Error::invalid_session());
    }
    let met = Changes::spending(&given.pool_id, &given.id, given.expires_ms, Error::session_spent);
    next::next(attempt, user, progress.with(factor), met).await
}

impl HandOver {
    fn new(cx: &Context, pool: &Pool, client: &Client, user_id: &str, by_phone: bool) -> Self {
        Self {
            id: cx.rng.uuid(),
            pool_id: pool.id.clone(),
            client_id: client.id.clone(),
            user_id: user_id.to_owned(),
            by_phone,
            expires_ms: cx.clock.now_ms() + client.challenge_life_ms(),
        }
    }

    fn is_of(&self, pool: &Pool, client: &Client) -> bool {
        self.pool_id == pool.id && self.client_id == client.id
    }

    fn seal(&self, cx: &Context, context: &[u8]) -> Result<Session> {
        let plain = serde_json::to_vec(self)
            .map_err(|error| Error::internal("a hand-over does not serialize").caused_by(error))?;
        Ok(Session::trusted(URL_SAFE_NO_PAD.encode(cx.seals.seal(&cx.rng, Kind::Session, &plain, context))))
    }

    /// `None` if this server did not make it for that.
    fn open(cx: &Context, session: &Session, context: &[u8]) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(session.as_str()).ok()?;
        serde_json::from_slice(&cx.seals.open_foreign(Kind::Session, &sealed, context)?).ok()
    }
}
