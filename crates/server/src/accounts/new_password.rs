//! Setting a password: by the user who knows the old one, or by an administrator.

use std::sync::Arc;

use cognate_shapes::enums::{EventFilter, UserStatus};
use cognate_shapes::error::{Code, Error, Result};
use cognate_store::Tx;

use super::attempts::{Tried, allowance};
use super::password;
use super::user::{self, OnConflict, User};
use crate::context::Context;
use crate::directory::{Client, Pool};
use crate::threat::compromised;

const DAY_MS: i64 = 24 * 3_600_000;

/// Changes the password of a user who is signed in. Who has none yet needs no `previous`.
pub async fn change(
    cx: &Context,
    pool: &Arc<Pool>,
    client: &Client,
    user: User,
    previous: Option<&str>,
    proposed: &str,
) -> Result<()> {
    allowance(cx, Tried::ChangePassword).spend_now(cx, &pool.id, &user.id).await?;
    match user.status {
        UserStatus::ResetRequired => return Err(Error::password_reset_required()),
        UserStatus::Unconfirmed => return Err(Error::user_not_confirmed()),
        _ => {}
    }
    password::check_policy(pool, proposed)?;
    compromised::check_new(cx, pool, client, EventFilter::PasswordChange, proposed).await?;
    match previous {
        Some(previous) if !password::matches(cx, pool, &user, previous).await? => {
            return Err(Error::incorrect_username_or_password());
        }
        None if user.credential.is_some() => return Err(Error::missing_parameter("PreviousPassword")),
        _ => {}
    }
    let credential = password::hash(cx, pool, &user.username, proposed, user.credential.as_deref(), &user.id).await?;
    let (now, pool) = (cx.clock.now_ms(), Arc::clone(pool));
    let changed = cx.store.write(move |tx| {
        replace(tx, &pool, &user, credential.clone(), now, |user| {
            // What the user chose is no temporary password.
            if user.status == UserStatus::ForceChangePassword {
                user.status = UserStatus::Confirmed;
            }
        })
    });
    changed.await.map(drop)
}

/// Sets a password: for good, or until the user signs in and chooses another.
pub async fn set_by_administrator(
    cx: &Context,
    pool: &Arc<Pool>,
    name: &str,
    proposed: &str,
    permanent: bool,
) -> Result<()> {
    password::check_policy(pool, proposed)?;
    let (wanted, of) = (name.to_owned(), Arc::clone(pool));
    let user = cx.store.read(move |tx| user::by_name(tx, &of, &wanted)).await?.ok_or_else(Error::user_not_found)?;
    let credential = password::hash(cx, pool, &user.username, proposed, user.credential.as_deref(), &user.id).await?;
    let (now, pool) = (cx.clock.now_ms(), Arc::clone(pool));
    let set = cx.store.write(move |tx| {
        replace(tx, &pool, &user, credential.clone(), now, |user| {
            if permanent || user.status == UserStatus::ExternalProvider {
                user.status = UserStatus::Confirmed;
            } else {
                user.status = UserStatus::ForceChangePassword;
                let life = pool.password_rules().temporary_days.saturating_mul(DAY_MS);
                user.profile.temporary_password_expires_ms = Some(now.saturating_add(life));
            }
        })
    });
    set.await.map(drop)
}

/// Stores a credential made from `seen`'s, then whatever `change` does to the user, and answers who that is now; a
/// temporary password's time ends.
///
/// If the password was set by somebody else in between, the caller may try again (`TooManyRequestsException`).
pub fn replace(
    tx: &mut Tx<'_>,
    pool: &Pool,
    seen: &User,
    credential: Vec<u8>,
    now_ms: i64,
    change: impl FnOnce(&mut User),
) -> Result<User> {
    let before = user::by_id(tx, pool, &seen.id)?.ok_or_else(Error::user_not_found)?;
    if before.credential != seen.credential {
        return Err(Error::new(Code::TooManyRequests, "Too many requests"));
    }
    let mut user = before.clone();
    user.credential = Some(credential);
    user.modified_ms = now_ms;
    user.profile.temporary_password_expires_ms = None;
    change(&mut user);
    user::update(tx, pool, &before, &user, OnConflict::Refuse).map_err(user::no_conflict)?;
    Ok(user)
}
