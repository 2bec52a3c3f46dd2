//! Codes sent by text message or e-mail, as the first factor of a sign-in or as its second.
//!
//! A code is good in the session it was asked in, once, until the next one is sent in the same sign-in, and as long as it
//! went where the user's attribute says. Wrong second factors lock as wrong passwords do, each user by itself; a first factor
//! is anybody's to ask for, so that a lock would be a way to shut users out: there a code stands only so many guesses.

use std::sync::Arc;

use cognate_shapes::enums::{ChallengeName, UserStatus, VerifiedAttribute};
use cognate_shapes::error::{Code, Error, Result};
use serde::{Deserialize, Serialize};

use crate::accounts::attempts::{Tried, allowance};
use crate::accounts::codes::{self, Drawn, Place, Presented, Purpose, Redeemed};
use crate::accounts::delivery::{self, Message};
use crate::accounts::factors::Factor;
use crate::accounts::lockout::{self, Trial};
use crate::accounts::unknown;
use crate::accounts::user::{self, OnConflict, User};
use crate::auth::progress::{Changes, Progress};
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step, next};
use crate::messages::MessageKind;

/// Wrong guesses after which a first factor's code is good for nothing. With the limit on a user's codes that is at most
/// 1,000 guesses an hour of 100,000,000 codes, in however many sign-ins.
const GUESSES: i64 = 10;

/// What the challenge remembers.
#[derive(Serialize, Deserialize)]
struct Sent {
    /// Whether the code went to an address that becomes the user's with the answer.
    adopts: bool,
}

/// Sends the user a code and asks for it: `SmsMfa`, `SmsOtp` or `EmailOtp`.
pub async fn ask(attempt: &Attempt<'_>, user: &User, progress: Progress, challenge: ChallengeName) -> Result<Step> {
    let to = user.attribute(attribute(challenge).as_str()).filter(|to| !to.is_empty());
    let to = to.ok_or_else(|| Error::no_delivery_for(challenge.as_str()))?.to_owned();
    send(attempt, user, progress, challenge, &to, false).await
}

/// Sends a code to an e-mail address that the user wants to have, and asks for it.
pub async fn ask_at(attempt: &Attempt<'_>, user: &User, progress: Progress, to: &str) -> Result<Step> {
    send(attempt, user, progress, ChallengeName::EmailOtp, to, true).await
}

/// Asks for a first factor's code of a name that nobody has: nothing is sent, and no code fits.
pub async fn ask_unknown(attempt: &Attempt<'_>, progress: Progress, challenge: ChallengeName) -> Result<Step> {
    let (cx, pool) = (attempt.cx, &attempt.pool);
    let purpose = purpose(challenge, &progress);
    let subject = unknown::subject(cx, pool, &progress.typed);
    let (attribute, to) = unknown::destination(cx, pool, &progress.typed, &[attribute(challenge)]);
    let drawn = codes::draw_unusable(cx, pool, &subject, purpose, attribute, &to)?;
    let drawn = drawn.awaited_at(&place(purpose, &progress));
    store(attempt, &subject, drawn).await?;
    let pending = pend(attempt, None, progress, challenge, false)?;
    step(attempt, &pending, challenge, &to)
}

async fn send(
    attempt: &Attempt<'_>,
    user: &User,
    progress: Progress,
    challenge: ChallengeName,
    to: &str,
    adopts: bool,
) -> Result<Step> {
    let (cx, pool, attribute) = (attempt.cx, &attempt.pool, attribute(challenge));
    let purpose = purpose(challenge, &progress);
    let first = progress.proved.is_empty();
    let place = place(purpose, &progress);
    let pending = pend(attempt, Some(user), progress, challenge, adopts)?;
    let drawn = codes::draw_in_session(cx, pool, &user.id, purpose, to, pending.id())?.awaited_at(&place);
    let code = drawn.code.clone();
    store(attempt, &user.id, drawn).await?;
    let message = Message::new(MessageKind::Authentication, user, attribute, to, &code).by(&attempt.client);
    let message = message.in_visit(&attempt.visit);
    let unseen = first && attempt.client.hides_user_existence();
    delivery::send_or_hide(cx, pool, message, unseen).await?;
    step(attempt, &pending, challenge, to)
}

fn pend(
    attempt: &Attempt<'_>,
    user: Option<&User>,
    progress: Progress,
    challenge: ChallengeName,
    adopts: bool,
) -> Result<Pending> {
    let credential = user.and_then(|user| user.credential.as_deref());
    Ok(Pending::new(attempt, challenge, progress).with_detail(&Sent { adopts })?.resting_on(attempt.cx, credential))
}

fn step(attempt: &Attempt<'_>, pending: &Pending, challenge: ChallengeName, to: &str) -> Result<Step> {
    let details = delivery::details(attribute(challenge), to);
    let medium = details.delivery_medium.map(|medium| medium.as_str().to_owned()).unwrap_or_default();
    let destination = details.destination.map(|text| text.as_str().to_owned()).unwrap_or_default();
    let mut parameters = vec![("CODE_DELIVERY_DELIVERY_MEDIUM", medium), ("CODE_DELIVERY_DESTINATION", destination)];
    if !pending.progress.proved.is_empty() {
        parameters.push(("USER_ID_FOR_SRP", pending.progress.username.clone()));
    }
    Step::challenge(attempt.cx, pending, parameters)
}

/// Keeps the code, unless too many were sent to the subject in this hour.
async fn store(attempt: &Attempt<'_>, subject: &str, drawn: Drawn) -> Result<()> {
    let (cx, pool_id) = (attempt.cx, attempt.pool.id.clone());
    let (of_one, of_all) = (allowance(cx, Tried::SignInCode), allowance(cx, Tried::SignInCodeOfAnybody));
    let address = attempt.visit.address.map(|address| address.to_string()).unwrap_or_default();
    let asker = unknown::subject(cx, &attempt.pool, &[subject, &address].join("\0"));
    let subject = subject.to_owned();
    let stored = cx.store.write(move |tx| {
        of_one.spend(tx, &pool_id, &asker)?;
        of_all.spend(tx, &pool_id, &subject)?;
        drawn.put(tx)
    });
    stored.await.map_err(|mut error| {
        // The operations' models know the limit under this name alone.
        if error.code == Code::LimitExceeded {
            error.code = Code::TooManyRequests;
        }
        error
    })
}

/// Judges the answer with the code under `parameter`, and goes on.
pub async fn answer(attempt: &Attempt<'_>, asked: Pending, parameter: &str) -> Result<Step> {
    let username = attempt.required("USERNAME")?;
    let code = attempt.required(parameter)?;
    let Some(user) = asked.answerer(attempt, username).await? else {
        // Nobody has the name, or nobody any more: to those who guess that is a wrong code.
        let subject = unknown::subject(attempt.cx, &attempt.pool, &asked.progress.typed);
        let purpose = purpose(asked.challenge(), &asked.progress);
        return Err(wrong_first_factor(attempt, &subject, place(purpose, &asked.progress)).await);
    };
    let (user, changes) = judge(attempt, &asked, user, code).await?;
    let factor = match attribute(asked.challenge()) {
        VerifiedAttribute::Email => Factor::Email,
        VerifiedAttribute::PhoneNumber => Factor::Sms,
    };
    next::next(attempt, user, asked.progress.with(factor), changes).await
}

/// Judges a code. The user comes back as the code proves them; the changes write that, and use up the code and the session.
async fn judge(attempt: &Attempt<'_>, asked: &Pending, user: User, code: &str) -> Result<(User, Changes)> {
    let (cx, pool) = (attempt.cx, &attempt.pool);
    let purpose = purpose(asked.challenge(), &asked.progress);
    let place = place(purpose, &asked.progress);
    let first = matches!(purpose, Purpose::FirstFactor(_));
    let adopts = asked.detail::<Sent>()?.adopts;
    let hash = codes::hash_in_session(cx, pool, &user.id, purpose, asked.id(), code);
    let subject = lockout::second_factor_subject(&user);
    let trial = if first { Trial::unlocked(cx, pool, subject).await } else { Trial::begin(cx, pool, subject).await? };
    let (of, id, at, now) = (Arc::clone(pool), user.id.clone(), place.clone(), cx.clock.now_ms());
    let presented = cx.store.read(move |tx| codes::look(tx, &of, &id, &at, &hash, now)).await?;
    let proven = match presented {
        Presented::Right(sent) => proven(&user, &sent, adopts, now),
        _ => None,
    };
    let Some(proven) = proven else {
        if first {
            return Err(wrong_first_factor(attempt, &user.id, place).await);
        }
        return Err(trial.failed(Error::wrong_one_time_code).await);
    };
    trial.succeeded().await?;

    let (of, id) = (Arc::clone(pool), user.id);
    let changes = asked.met().and(move |tx| {
        let sent = codes::redeem(tx, &of, &id, &place, &hash, now)?.map_err(|_| Error::wrong_one_time_code())?;
        let before = user::by_id(tx, &of, &id)?.ok_or_else(Error::invalid_session)?;
        let after = self::proven(&before, &sent, adopts, now).ok_or_else(Error::wrong_one_time_code)?;
        if !differ(&before, &after) {
            return Ok(());
        }
        // Who is yet to be confirmed takes no alias from anybody.
        let confirmed = before.status != UserStatus::Unconfirmed;
        let conflict = if confirmed { OnConflict::Take } else { OnConflict::Refuse };
        user::update(tx, &of, &before, &after, conflict).map_err(|refused| refused.in_words(Error::alias_exists))
    });
    Ok((proven, changes))
}

/// The user with what a right code proves: that the address or number is theirs, and who signs in by it is confirmed.
/// `None` if it is another one by now.
fn proven(user: &User, sent: &Redeemed, adopts: bool, now_ms: i64) -> Option<User> {
    let name = sent.attribute.as_str();
    let mut proven = user.clone();
    if adopts {
        proven.profile.attributes.insert(name.to_owned(), sent.value.clone());
    } else if user.attribute(name) != Some(sent.value.as_str()) {
        return None;
    }
    if !user.is_verified(name) || adopts {
        proven.set_verified(name, true);
    }
    if user.status == UserStatus::Unconfirmed {
        proven.status = UserStatus::Confirmed;
    }
    if differ(user, &proven) {
        proven.modified_ms = now_ms;
    }
    Some(proven)
}

fn differ(before: &User, after: &User) -> bool {
    before.status != after.status || before.profile.attributes != after.profile.attributes
}

/// Counts a wrong guess and answers what to say about it.
async fn wrong_first_factor(attempt: &Attempt<'_>, subject: &str, place: Place) -> Error {
    let (pool, subject) = (Arc::clone(&attempt.pool), subject.to_owned());
    let counted = attempt.cx.store.write(move |tx| codes::count_wrong(tx, &pool, &subject, &place, GUESSES));
    counted.await.err().unwrap_or_else(Error::wrong_one_time_code)
}

/// What a challenge's code goes to.
fn attribute(challenge: ChallengeName) -> VerifiedAttribute {
    if challenge == ChallengeName::EmailOtp { VerifiedAttribute::Email } else { VerifiedAttribute::PhoneNumber }
}

fn purpose(challenge: ChallengeName, progress: &Progress) -> Purpose {
    let attribute = attribute(challenge);
    if progress.proved.is_empty() { Purpose::FirstFactor(attribute) } else { Purpose::Mfa(attribute) }
}

/// Codes are awaited in the sign-in that asks for them, so that nobody voids them by beginning another.
fn place(purpose: Purpose, progress: &Progress) -> Place {
    Place::in_sign_in(purpose, &progress.event_id)
}
