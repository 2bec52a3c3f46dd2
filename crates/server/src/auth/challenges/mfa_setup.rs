//! MFA_SETUP: a user whose pool requires MFA sets it up before the tokens.
//!
//! An authenticator app goes by `AssociateSoftwareToken` and `VerifySoftwareToken`, each of which takes the `Session` and
//! answers the next; an e-mail address is given in the answer, and a code sent to it.

use std::collections::BTreeMap;

use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::Session;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Challenge, names};
use crate::accounts::authenticator::{self, SealedSecret};
use crate::accounts::factors::Factor;
use crate::accounts::mfa::{self, Authenticator, Method};
use crate::accounts::names::EMAIL;
use crate::accounts::{attributes, user::User};
use crate::auth::progress::Progress;
use crate::auth::proofs::one_time_code;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step, next};

pub struct MfaSetup;

/// What the challenge remembers.
#[derive(Clone, Serialize, Deserialize)]
struct Setup {
    methods: Vec<Method>,
    app: App,
}

/// How far an authenticator app has come.
#[derive(Clone, Serialize, Deserialize)]
enum App {
    Unknown,
    Associated(SealedSecret),
    Verified(SealedSecret),
}

/// Asks a user who may set up one of these.
pub fn ask(attempt: &Attempt<'_>, user: &User, progress: Progress, methods: Vec<Method>) -> Result<Step> {
    let parameters = [("USER_ID_FOR_SRP", user.username.clone()), ("MFAS_CAN_SETUP", names(&methods)?)];
    let pending = pend(attempt, user, progress, &Setup { methods, app: App::Unknown })?;
    Step::challenge(attempt.cx, &pending, parameters)
}

fn pend(attempt: &Attempt<'_>, user: &User, progress: Progress, setup: &Setup) -> Result<Pending> {
    Pending::new(attempt, ChallengeName::MfaSetup, progress)
        .resting_on(attempt.cx, user.credential.as_deref())
        .with_detail(setup)
}

/// Begins to register an app: its secret in Base32, and the next `Session`.
pub async fn associate(attempt: &Attempt<'_>, session: &Session) -> Result<(Zeroizing<String>, Session)> {
    let (asked, setup, user) = registering(attempt, session).await?;
    let (sealed, shown) = authenticator::draw(attempt.cx, &attempt.pool, &user.id);
    asked.met().commit(attempt.cx).await?;
    let next = pend(attempt, &user, asked.progress, &Setup { app: App::Associated(sealed), ..setup })?;
    Ok((shown, next.seal(attempt.cx)?))
}

/// Ends the registration with a code of the app: it is the user's from now on. Answers the next `Session`.
pub async fn verify(attempt: &Attempt<'_>, session: &Session, code: &str, name: Option<String>) -> Result<Session> {
    let (cx, pool) = (attempt.cx, &attempt.pool);
    let (asked, setup, user) = registering(attempt, session).await?;
    let App::Associated(secret) = setup.app else { return Err(Error::no_software_token_associated()) };
    let shown = authenticator::check(cx, pool, &user, &secret, code)?.ok_or_else(Error::wrong_first_code)?;
    let met = asked.met();
    let app = Authenticator { secret: secret.clone(), name };
    mfa::adopt(cx, pool, &user.id, app, shown, move |tx, user, _| {
        // Somebody else may have set one up since.
        if user.profile.mfa.authenticator.is_some() { Err(Error::invalid_session()) } else { met.apply(tx) }
    })
    .await?;
    let next = pend(attempt, &user, asked.progress, &Setup { methods: setup.methods, app: App::Verified(secret) })?;
    next.seal(cx)
}

/// The challenge of a session by which an app may be registered, with its user, who has none yet.
async fn registering(attempt: &Attempt<'_>, session: &Session) -> Result<(Pending, Setup, User)> {
    let asked = Pending::open(attempt, session, &[ChallengeName::MfaSetup])?;
    let setup: Setup = asked.detail()?;
    if !setup.methods.contains(&Method::Totp) || !attempt.pool.offers_software_tokens() {
        return Err(Error::software_token_not_enabled());
    }
    let user = asked.user(attempt, &asked.progress.username).await?.ok_or_else(Error::invalid_session)?;
    if !user.enabled {
        return Err(Error::user_disabled());
    }
    if user.profile.mfa.authenticator.is_some() { Err(Error::invalid_session()) } else { Ok((asked, setup, user)) }
}

impl Challenge for MfaSetup {
    const NAME: ChallengeName = ChallengeName::MfaSetup;
    type Asked = Pending;

    async fn answer(attempt: &Attempt<'_>, asked: Pending) -> Result<Step> {
        let username = attempt.required("USERNAME")?;
        let user = asked.answerer(attempt, username).await?.ok_or_else(Error::invalid_session)?;
        let setup: Setup = asked.detail()?;
        let met = asked.met();
        if let App::Verified(secret) = setup.app {
            let app = user.profile.mfa.authenticator.as_ref();
            if app.is_none_or(|app| app.secret != secret) {
                return Err(Error::invalid_session());
            }
            return next::next(attempt, user, asked.progress.with(Factor::Totp), met).await;
        }
        if !setup.methods.contains(&Method::Email) {
            return Err(Error::software_token_not_verified());
        }
        // Clients spell it one way, the developer guide the other.
        let address = attempt.optional("EMAIL").or_else(|| attempt.optional("email"));
        let address = address.ok_or_else(|| Error::missing_parameter("EMAIL"))?;
        let mut given = BTreeMap::from([(EMAIL.to_owned(), address.to_owned())]);
        attributes::check_new(&attempt.pool, &mut given, false)?;
        if Method::Email.is_possible_for(&user) {
            return Err(Error::invalid_session());
        }
        met.commit(attempt.cx).await?;
        one_time_code::ask_at(attempt, &user, asked.progress, address).await
    }
}
