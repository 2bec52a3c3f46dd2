//! Forgotten passwords: a code to a verified address or number, and a new password for the code.
//!
//! Where existence is hidden, a name that nobody has is treated like one that somebody has: it is sent a code that never
//! arrives, and waits for it.

use std::sync::Arc;

use cognate_shapes::enums::{EventFilter, UserStatus, VerifiedAttribute};
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::user::CodeDeliveryDetails;

use super::attempts::{Tried, allowance};
use super::codes::{self, Purpose};
use super::delivery::{self, Message};
use super::user::{self, OnConflict, User};
use super::{mfa_choice, migrate, new_password, password, unknown};
use crate::context::Context;
use crate::directory::{Client, Pool, Recovery};
use crate::messages::MessageKind;
use crate::threat::compromised;
use crate::triggers::event::Occasion;
use crate::triggers::post_confirmation;
use crate::visit::Visit;

/// A user with the attribute that a code for them goes to, and its value.
type Target = (User, VerifiedAttribute, String);

/// Sends a code to the user who forgot the password.
pub async fn forgot(
    cx: &Context,
    pool: &Arc<Pool>,
    client: &Client,
    name: &str,
    visit: &Visit,
) -> Result<CodeDeliveryDetails> {
    let ways = self_service(pool)?;
    let hides = client.hides_user_existence();
    let mut found = find(cx, pool, name).await?;
    if found.is_none() {
        let at = Occasion { cx, pool, client_id: Some(&client.id), visit };
        found = migrate::by_forgotten_password(at, pool, name).await?;
    }
    let subject = found.as_ref().map_or_else(|| unknown::subject(cx, pool, name), |user| user.id.clone());
    let target = match found.ok_or_else(Error::combination_not_found).and_then(|user| recoverable(pool, user, &ways)) {
        Ok(target) => Some(target),
        Err(_) if hides => None,
        Err(refusal) => return Err(refusal),
    };
    let (drawn, attribute, to) = if let Some((user, attribute, to)) = &target {
        (codes::draw(cx, pool, &user.id, Purpose::PasswordReset, *attribute, to)?, *attribute, to.clone())
    } else {
        let (attribute, to) = unknown::destination(cx, pool, name, &ways);
        (codes::draw_unusable(cx, pool, &subject, Purpose::PasswordReset, attribute, &to)?, attribute, to)
    };
    let allowance = allowance(cx, Tried::PasswordReset);
    let (code, pool_id) = (drawn.code.clone(), pool.id.clone());
    let stored = cx.store.write(move |tx| {
        allowance.spend(tx, &pool_id, &subject)?;
        drawn.put(tx)
    });
    stored.await?;
    if let Some((user, ..)) = &target {
        let message = Message::new(MessageKind::ForgotPassword, user, attribute, &to, &code).by(client);
        let message = message.in_visit(visit);
        delivery::send_or_hide(cx, pool, message, hides).await?;
    }
    Ok(delivery::details(attribute, &to))
}

/// Gives the user who has the code a new password. A password that the pool refuses does not spend the code.
#[expect(clippy::too_many_arguments, reason = "each caller has them all at hand")]
pub async fn confirm(
    cx: &Context,
    pool: &Arc<Pool>,
    client: &Client,
    name: &str,
    code: &str,
    proposed: &str,
    visit: &Visit,
) -> Result<()> {
    password::check_policy(pool, proposed)?;
    compromised::check_new(cx, pool, client, EventFilter::PasswordChange, proposed).await?;
    let hides = client.hides_user_existence();
    let user = find(cx, pool, name).await?;
    if !hides && user.as_ref().is_none_or(|user| !user.enabled) {
        return Err(Error::combination_not_found());
    }
    let subject = user.as_ref().map_or_else(|| unknown::subject(cx, pool, name), |user| user.id.clone());
    let (username, previous) = user.as_ref().map_or((name, None), |user| (&user.username, user.credential.as_deref()));
    // Whether it was used before is for those to know who have the code.
    let made = match password::hash(cx, pool, username, proposed, previous, &subject).await {
        Err(error) if error.code == Code::PasswordHistoryPolicyViolation => None,
        made => Some(made?),
    };
    let hash = codes::hash(cx, pool, &subject, Purpose::PasswordReset, code);
    let allowance = allowance(cx, Tried::PasswordReset);
    let at = Occasion { cx, pool, client_id: Some(&client.id), visit };
    let (now, pool) = (cx.clock.now_ms(), Arc::clone(pool));
    let changed = cx.store.write(move |tx| {
        allowance.spend(tx, &pool.id, &subject)?;
        let redeemed = match codes::redeem(tx, &pool, &subject, &Purpose::PasswordReset.into(), &hash, now)? {
            Ok(redeemed) => redeemed,
            // The attempt stays counted.
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(seen) = user.as_ref().filter(|user| user.enabled) else { return Ok(Err(Error::code_mismatch())) };
        if seen.attribute(redeemed.attribute.as_str()) != Some(&redeemed.value) {
            return Ok(Err(Error::code_expired()));
        }
        if !is_recoverable(seen.status) {
            return Err(Error::cannot_reset_in_state());
        }
        let credential = made.clone().ok_or_else(Error::password_history)?;
        let changed = new_password::replace(tx, &pool, seen, credential, now, |user| {
            user.status = UserStatus::Confirmed;
            user.set_verified(redeemed.attribute.as_str(), true);
        })?;
        Ok(Ok(changed))
    });
    let user = changed.await??;
    post_confirmation::run(at, post_confirmation::Source::ConfirmForgotPassword, &user).await.map(drop)
}

/// Takes the password away from use until the user sets a new one with the code that is sent.
pub async fn by_administrator(cx: &Context, pool: &Arc<Pool>, name: &str, visit: &Visit) -> Result<()> {
    let ways = self_service(pool)?;
    let user = find(cx, pool, name).await?.ok_or_else(Error::user_not_found)?;
    let (user, attribute, to) = recoverable(pool, user, &ways)?;
    let drawn = codes::draw(cx, pool, &user.id, Purpose::PasswordReset, attribute, &to)?.unlimited();
    let (code, id, now, of) = (drawn.code.clone(), user.id.clone(), cx.clock.now_ms(), Arc::clone(pool));
    let reset = cx.store.write(move |tx| {
        let before = user::by_id(tx, &of, &id)?.ok_or_else(Error::user_not_found)?;
        if before.status != UserStatus::Confirmed {
            return Err(Error::cannot_reset_in_state());
        }
        let mut user = before.clone();
        user.status = UserStatus::ResetRequired;
        user.modified_ms = now;
        user::update(tx, &of, &before, &user, OnConflict::Refuse).map_err(user::no_conflict)?;
        drawn.put(tx)?;
        Ok(user)
    });
    // Functions are told of the user as it is now.
    let user = reset.await?;
    let message = Message::new(MessageKind::ForgotPassword, &user, attribute, &to, &code);
    let message = message.by_administrator().in_visit(visit);
    delivery::send(cx, pool, message).await.map(drop)
}

/// How users of the pool recover by themselves, the preferred way first.
fn self_service(pool: &Pool) -> Result<Vec<VerifiedAttribute>> {
    match pool.recovery() {
        Recovery::AdminOnly => Err(Error::only_administrators_reset()),
        Recovery::By(ways) => Ok(ways),
    }
}

/// Where a code for the user goes, if the password can be reset at all.
fn recoverable(pool: &Pool, user: User, ways: &[VerifiedAttribute]) -> Result<Target> {
    if !user.enabled {
        return Err(Error::user_disabled());
    }
    if !is_recoverable(user.status) {
        return Err(Error::cannot_reset_in_state());
    }
    let target = ways.iter().find_map(|way| {
        let value = user.attribute(way.as_str()).filter(|_| user.is_verified(way.as_str()))?;
        if !mfa_choice::may_recover_by(pool, &user, *way) {
            return None;
        }
        Some((*way, value.to_owned()))
    });
    let (attribute, to) = target.ok_or_else(Error::no_recovery_destination)?;
    Ok((user, attribute, to))
}

/// A temporary password is an administrator's to renew; a federated user has none here.
fn is_recoverable(status: UserStatus) -> bool {
    matches!(status, UserStatus::Unconfirmed | UserStatus::Confirmed | UserStatus::ResetRequired)
}

async fn find(cx: &Context, pool: &Arc<Pool>, name: &str) -> Result<Option<User>> {
    let (name, pool) = (name.to_owned(), Arc::clone(pool));
    cx.store.read(move |tx| user::by_name(tx, &pool, &name)).await
}
