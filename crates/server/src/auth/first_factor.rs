//! What a user may begin a choice-based sign-in with, and going on with what was chosen.

use std::sync::Arc;

use cognate_shapes::enums::{AuthFactor, ChallengeName, UserPoolMfa, UserStatus};
use cognate_shapes::error::{Error, Result};

use super::challenges::web_authn;
use super::progress::Progress;
use super::proofs::{self, one_time_code};
use super::session::Pending;
use super::{Attempt, Step, next, step_up};
use crate::accounts::factors::Factor;
use crate::accounts::mfa::passkeys_count;
use crate::accounts::mfa_choice::{self, Choice};
use crate::accounts::names::{EMAIL, PHONE_NUMBER, is_email, is_phone_number};
use crate::accounts::relying_party::RelyingParty;
use crate::accounts::user::User;
use crate::accounts::{passkeys, unknown};

/// The two ways to prove a password, in the order in which they are offered.
const PASSWORDS: [ChallengeName; 2] = [ChallengeName::PasswordSrp, ChallengeName::Password];

/// The challenge of that name, if a sign-in may begin with it.
pub fn named(name: &str) -> Option<ChallengeName> {
    use ChallengeName::{EmailOtp, Password, PasswordSrp, SmsOtp, WebAuthn};
    ChallengeName::from_wire(name).filter(|name| matches!(name, Password | PasswordSrp | EmailOtp | SmsOtp | WebAuthn))
}

/// What the user may begin with. Nobody's name seems to have factors of its own: always the same ones.
///
/// There is always something: where nothing else is left it is the password, which then proves wrong.
pub async fn available(attempt: &Attempt<'_>, user: Option<&User>, progress: &Progress) -> Result<Vec<ChallengeName>> {
    let mut available = match user {
        Some(user) => of_user(attempt, user).await?,
        None => of_nobody(attempt, &progress.typed),
    };
    if let Some(level) = progress.target {
        available.retain(|challenge| step_up::leads_to(*challenge, level));
    }
    if available.is_empty() {
        available.extend(PASSWORDS);
    }
    Ok(available)
}

/// The factors of a user that the pool lets a sign-in begin with.
pub async fn of_user(attempt: &Attempt<'_>, user: &User) -> Result<Vec<ChallengeName>> {
    let pool = &attempt.pool;
    // The temporary password has to be replaced before anything else counts.
    if user.status == UserStatus::ForceChangePassword {
        return Ok(PASSWORDS.to_vec());
    }
    let mut available = Vec::new();
    // Who has to reset the password is told so in answer to it.
    if user.credential.is_some() || user.status == UserStatus::ResetRequired {
        available.extend(PASSWORDS);
    }
    let has = |attribute| user.attribute(attribute).is_some_and(|value| !value.is_empty());
    // No second factor ever follows a code that stands for a password.
    let codes = mfa_choice::of(pool, user) == Choice::Nothing;
    for factor in pool.first_factors() {
        match factor {
            AuthFactor::EmailOtp if codes && has(EMAIL) => available.push(ChallengeName::EmailOtp),
            AuthFactor::SmsOtp if codes && has(PHONE_NUMBER) => available.push(ChallengeName::SmsOtp),
            AuthFactor::WebAuthn if (codes || passkeys_count(pool)) && has_passkey(attempt, user).await? => {
                available.push(ChallengeName::WebAuthn);
            }
            _ => {}
        }
    }
    Ok(in_order(available))
}

async fn has_passkey(attempt: &Attempt<'_>, user: &User) -> Result<bool> {
    let (pool, user_id) = (Arc::clone(&attempt.pool), user.id.clone());
    attempt.cx.store.read(move |tx| passkeys::usable(tx, &pool, &user_id).map(|usable| !usable.is_empty())).await
}

/// What a name that nobody has seems to have: a password always, so that a sign-in by it ends as it does for users; an
/// address or number that is the name itself; the rest by a chance that falls the same way every time.
fn of_nobody(attempt: &Attempt<'_>, typed: &str) -> Vec<ChallengeName> {
    let (cx, pool) = (attempt.cx, &attempt.pool);
    let chance = |of: &str| unknown::chance(cx, pool, of, typed);
    let codes = pool.settings.mfa_configuration != Some(UserPoolMfa::On);
    let mut available = PASSWORDS.to_vec();
    for factor in pool.first_factors() {
        match factor {
            AuthFactor::EmailOtp if codes && (is_email(typed) || chance("email") < 192) => {
                available.push(ChallengeName::EmailOtp);
            }
            AuthFactor::SmsOtp if codes && (is_phone_number(typed) || chance("phone_number") < 128) => {
                available.push(ChallengeName::SmsOtp);
            }
            AuthFactor::WebAuthn
                if (codes || passkeys_count(pool)) && RelyingParty::of(pool).is_some() && chance("passkey") < 64 =>
            {
                available.push(ChallengeName::WebAuthn);
            }
            _ => {}
        }
    }
    in_order(available)
}

/// The order in which the service lists factors.
fn in_order(mut challenges: Vec<ChallengeName>) -> Vec<ChallengeName> {
    use ChallengeName::{EmailOtp, Password, PasswordSrp, SmsOtp};
    let order = [PasswordSrp, Password, EmailOtp, SmsOtp];
    challenges.sort_by_key(|challenge| order.iter().position(|other| other == challenge).unwrap_or(order.len()));
    challenges
}

/// Checks an answer that may choose how the sign-in begins: whose it is, and that `choice` is one of theirs. Answers the
/// user and what there is to choose from.
pub async fn chosen(
    attempt: &Attempt<'_>,
    asked: &Pending,
    choice: Option<ChallengeName>,
) -> Result<(Option<User>, Vec<ChallengeName>)> {
    let user = asked.answerer(attempt, attempt.required("USERNAME")?).await?;
    let available = if asked.progress.proved.is_empty() {
        available(attempt, user.as_ref(), &asked.progress).await?
    } else if PASSWORDS.contains(&asked.challenge()) {
        // The password was asked for, in addition to what is proved.
        PASSWORDS.to_vec()
    } else {
        return Err(Error::invalid_session());
    };
    if choice.is_some_and(|choice| available.contains(&choice)) {
        Ok((user, available))
    } else {
        Err(Error::challenge_unavailable())
    }
}

/// Goes on with a choice: at once where the request brings what it takes, else by asking for it. `asked` is the challenge
/// that the choice answers.
pub async fn go_on(
    attempt: &Attempt<'_>,
    user: Option<User>,
    mut progress: Progress,
    choice: ChallengeName,
    asked: Option<&Pending>,
    available: Vec<ChallengeName>,
) -> Result<Step> {
    let met = asked.map(Pending::met).unwrap_or_default();
    let step = match choice {
        ChallengeName::Password if let Some(given) = attempt.optional("PASSWORD") => {
            let user = proofs::password::prove(attempt, user, &progress.typed, given).await?;
            return next::next(attempt, user, progress.with(Factor::Password), met).await;
        }
        ChallengeName::PasswordSrp if let Some(a) = attempt.optional("SRP_A") => {
            progress.follows = asked.map(|asked| asked.id().to_owned());
            proofs::srp::ask(attempt, user.as_ref(), progress, a).await?
        }
        ChallengeName::EmailOtp | ChallengeName::SmsOtp => {
            // One choice sends one code.
            met.commit(attempt.cx).await?;
            match &user {
                Some(user) => one_time_code::ask(attempt, user, progress, choice).await?,
                None => one_time_code::ask_unknown(attempt, progress, choice).await?,
            }
        }
        ChallengeName::WebAuthn => {
            progress.follows = asked.map(|asked| asked.id().to_owned());
            match &user {
                Some(user) => web_authn::ask(attempt, user, progress).await?,
                None => web_authn::ask_unknown(attempt, progress)?,
            }
        }
        _ => {
            progress.follows = asked.map(|asked| asked.id().to_owned());
            ask(attempt, user.as_ref(), progress, choice)?
        }
    };
    // The list belongs to the first answer.
    Ok(if asked.is_none() { step.offering(available) } else { step })
}

/// Asks a challenge that has nothing to tell: the choice itself, or the password.
pub fn ask(attempt: &Attempt<'_>, user: Option<&User>, progress: Progress, challenge: ChallengeName) -> Result<Step> {
    let credential = user.and_then(|user| user.credential.as_deref());
    let pending = Pending::new(attempt, challenge, progress).resting_on(attempt.cx, credential);
    Step::challenge(attempt.cx, &pending, [])
}
