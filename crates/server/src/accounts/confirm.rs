//! Confirming a sign-up: by the code or link that was sent, or by an administrator.
//!
//! Where existence is hidden, only who presents the right code learns anything about the user: a wrong one is answered
//! the same for users in any state and for names that nobody has, after the same work.

use std::sync::Arc;

use cognate_shapes::enums::{UserStatus, VerifiedAttribute};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::user::CodeDeliveryDetails;

use super::attempts::{Tried, allowance};
use super::codes::{self, Presented, Purpose, Redeemed};
use super::delivery::{self, Message};
use super::sign_up::{auto_verified, verification_target};
use super::unknown;
use super::user::{self, OnConflict, User};
use crate::context::Context;
use crate::directory::{Client, Pool};
use crate::messages::MessageKind;
use crate::triggers::event::Occasion;
use crate::triggers::post_confirmation;
use crate::visit::Visit;

/// Who was confirmed, and by what.
#[derive(Debug)]
pub struct Confirmed {
    /// The `sub`.
    pub user_id: String,
    /// Where the code had gone.
    pub attribute: VerifiedAttribute,
}

/// Confirms the user and marks the attribute that the code was sent to as verified.
///
/// An alias that another user holds is an `AliasExistsException`, and the user stays unconfirmed; with
/// [`OnConflict::Take`] the alias moves. `hides` is whether the caller may not learn who exists.
pub async fn by_code(
    at: Occasion<'_>,
    pool: &Arc<Pool>,
    hides: bool,
    name: &str,
    code: &str,
    conflict: OnConflict,
) -> Result<Confirmed> {
    let cx = at.cx;
    let user = find(cx, pool, name).await?;
    if user.is_none() && !hides {
        return Err(Error::combination_not_found());
    }
    let subject = user.map_or_else(|| unknown::subject(cx, pool, name), |user| user.id);
    let hash = codes::hash(cx, pool, &subject, Purpose::SignUp, code);
    let allowance = allowance(cx, Tried::ConfirmSignUp);
    let (now, pool) = (cx.clock.now_ms(), Arc::clone(pool));
    let confirmed = cx.store.write(move |tx| {
        allowance.spend(tx, &pool.id, &subject)?;
        let presented = codes::look(tx, &pool, &subject, &Purpose::SignUp.into(), &hash, now)?;
        let before = user::by_id(tx, &pool, &subject)?;
        let (redeemed, before) = match judge(presented, before, hides) {
            Ok(judged) => judged,
            // The attempt stays counted.
            Err(refusal) => return Ok(Err(refusal)),
        };
        // The code stays: being confirmed is what keeps it from working twice, and who has it may be told so.
        let mut user = before.clone();
        user.status = UserStatus::Confirmed;
        user.modified_ms = now;
        user.set_verified(redeemed.attribute.as_str(), true);
        let written = user::update(tx, &pool, &before, &user, conflict);
        written.map(|()| Ok((user, redeemed.attribute))).map_err(|refused| refused.in_words(Error::alias_exists))
    });
    let (user, attribute) = confirmed.await??;
    post_confirmation::run(at, post_confirmation::Source::ConfirmSignUp, &user).await?;
    Ok(Confirmed { user_id: user.id, attribute })
}

/// What a presented code allows, and whom.
fn judge(presented: Presented, user: Option<User>, hides: bool) -> Result<(Redeemed, User)> {
    if hides && matches!(presented, Presented::Wrong { .. } | Presented::Unasked) {
        return Err(Error::code_mismatch());
    }
    let user = user.ok_or_else(Error::combination_not_found)?;
    if user.status != UserStatus::Unconfirmed {
        return Err(Error::cannot_be_confirmed(user.status));
    }
    if !user.enabled {
        return Err(Error::user_disabled());
    }
    match presented {
        Presented::Right(redeemed) if user.attribute(redeemed.attribute.as_str()) == Some(&redeemed.value) => {
            Ok((redeemed, user))
        }
        Presented::Wrong { awaited: true } => Err(Error::code_mismatch()),
        _ => Err(Error::code_expired()),
    }
}

/// Sends another code in place of the one before.
pub async fn resend(
    cx: &Context,
    pool: &Arc<Pool>,
    client: &Client,
    name: &str,
    visit: &Visit,
) -> Result<CodeDeliveryDetails> {
    let ways = auto_verified(pool);
    if ways.is_empty() {
        return Err(Error::nothing_is_auto_verified());
    }
    let hides = client.hides_user_existence();
    let found = find(cx, pool, name).await?;
    let subject = found.as_ref().map_or_else(|| unknown::subject(cx, pool, name), |user| user.id.clone());
    let target = match found.ok_or_else(Error::combination_not_found).and_then(|user| resendable(pool, user)) {
        Ok(target) => Some(target),
        Err(_) if hides => None,
        Err(refusal) => return Err(refusal),
    };
    let (drawn, attribute, to) = if let Some((user, attribute, to)) = &target {
        (codes::draw(cx, pool, &user.id, Purpose::SignUp, *attribute, to)?, *attribute, to.clone())
    } else {
        let (attribute, to) = unknown::destination(cx, pool, name, &ways);
        (codes::draw_unusable(cx, pool, &subject, Purpose::SignUp, attribute, &to)?, attribute, to)
    };
    let allowance = allowance(cx, Tried::ResendConfirmationCode);
    let (code, pool_id) = (drawn.code.clone(), pool.id.clone());
    let stored = cx.store.write(move |tx| {
        allowance.spend(tx, &pool_id, &subject)?;
        drawn.put(tx)
    });
    stored.await?;
    if let Some((user, ..)) = &target {
        let message = Message::new(MessageKind::ResendCode, user, attribute, &to, &code).by(client);
        let message = message.in_visit(visit);
        delivery::send_or_hide(cx, pool, message, hides).await?;
    }
    Ok(delivery::details(attribute, &to))
}

/// Where a new code for the user goes, if one may be sent.
fn resendable(pool: &Pool, user: User) -> Result<(User, VerifiedAttribute, String)> {
    if !user.enabled {
        return Err(Error::combination_not_found());
    }
    if user.status != UserStatus::Unconfirmed {
        return Err(Error::already_confirmed());
    }
    let (attribute, to) = verification_target(pool, &user).ok_or_else(Error::nothing_is_auto_verified)?;
    Ok((user, attribute, to))
}

/// Confirms the user without verifying anything.
pub async fn by_administrator(cx: &Context, pool: &Arc<Pool>, name: &str, visit: &Visit) -> Result<()> {
    let at = Occasion { cx, pool, client_id: None, visit };
    let (now, name, pool) = (cx.clock.now_ms(), name.to_owned(), Arc::clone(pool));
    let confirmed = cx.store.write(move |tx| {
        let before = user::by_name(tx, &pool, &name)?.ok_or_else(Error::user_not_found)?;
        if before.status != UserStatus::Unconfirmed {
            return Err(Error::cannot_be_confirmed(before.status));
        }
        let mut user = before.clone();
        user.status = UserStatus::Confirmed;
        user.modified_ms = now;
        user::update(tx, &pool, &before, &user, OnConflict::Refuse).map_err(user::no_conflict)?;
        Ok::<_, Error>(user)
    });
    let user = confirmed.await?;
    post_confirmation::run(at, post_confirmation::Source::ConfirmSignUp, &user).await.map(drop)
}

async fn find(cx: &Context, pool: &Arc<Pool>, name: &str) -> Result<Option<User>> {
    let (name, pool) = (name.to_owned(), Arc::clone(pool));
    cx.store.read(move |tx| user::by_name(tx, &pool, &name)).await
}
