//! Users of another directory: made here at their first sign-in, or when they have forgotten the password, of what the
//! pool's UserMigration knows about them.
//!
//! Whatever goes wrong with a migration, the caller learns only that there is no such user.

use std::sync::Arc;

use cognate_shapes::enums::UserStatus;
use cognate_shapes::error::{Code, Result};

use super::user::{self, OnConflict, Refused, User};
use super::{attributes, create, delivery, mfa, password, sign_up};
use crate::directory::Pool;
use crate::triggers::Trigger;
use crate::triggers::event::Occasion;
use crate::triggers::user_migration::{self, Answer, Source};

/// The attribute by which a function may name the user otherwise than the caller did.
const USERNAME: &str = "username";

/// Whether the pool has a function that may know others.
pub fn is_possible(at: Occasion<'_>) -> bool {
    at.arn(Trigger::UserMigration).is_some()
}

/// The user who signs in under a name that nobody has here, with a password that the other directory knows.
pub async fn by_password(at: Occasion<'_>, pool: &Arc<Pool>, name: &str, password: &str) -> Result<Option<User>> {
    match known(at, Source::Authentication { password }, name).await {
        // Whoever is to reset the password has none here.
        Some(answer) if answer.status == UserStatus::Confirmed => make(at, pool, name, answer, Some(password)).await,
        Some(answer) => make(at, pool, name, answer, None).await,
        None => Ok(None),
    }
}

/// The user who forgot a password that was never known here.
pub async fn by_forgotten_password(at: Occasion<'_>, pool: &Arc<Pool>, name: &str) -> Result<Option<User>> {
    match known(at, Source::ForgotPassword, name).await {
        Some(answer) => make(at, pool, name, answer, None).await,
        None => Ok(None),
    }
}

/// What the function knows; one that fails knows nobody.
async fn known(at: Occasion<'_>, source: Source<'_>, name: &str) -> Option<Answer> {
    user_migration::run(at, source, name).await.ok().flatten().and_then(Answer::known)
}

async fn make(
    at: Occasion<'_>,
    pool: &Arc<Pool>,
    name: &str,
    answer: Answer,
    password: Option<&str>,
) -> Result<Option<User>> {
    let (cx, typed) = (at.cx, name.to_owned());
    let (mut user, name) = match describe(at, name, &answer) {
        Ok(described) => described,
        Err(error) => {
            tracing::warn!(pool = pool.id, %error, "a user to migrate does not fit the pool");
            return Ok(None);
        }
    };
    create::has_room(cx, pool, Code::LimitExceeded).await?;
    if answer.enable_sms_mfa {
        let by_sms = mfa::Setting { method: mfa::Method::Sms, enabled: Some(true), preferred: Some(true) };
        if let Err(error) = mfa::set_preference(pool, &mut user, &[by_sms], None) {
            tracing::warn!(pool = pool.id, %error, "a migrated user cannot prove themselves by text message");
        }
    }
    if let Some(password) = password {
        // The other directory took it; whether this pool would does not matter.
        user.credential = Some(password::hash(cx, pool, &user.username, password, None, &user.id).await?);
    }
    let conflict = if answer.force_alias_creation { OnConflict::Take } else { OnConflict::Refuse };
    let (of, stored) = (Arc::clone(pool), user.clone());
    match cx.store.write(move |tx| user::insert(tx, &of, &name, &stored, conflict)).await {
        Ok(()) => {}
        Err(Refused::Fault(error)) => return Err(error),
        Err(refused) => {
            // Where another request was first, the user is the one whom that has made.
            let of = Arc::clone(pool);
            let made = cx.store.read(move |tx| user::by_name(tx, &of, &typed)).await?;
            if made.is_none()
                && let Refused::Alias(kind) = refused
            {
                tracing::warn!(pool = pool.id, kind, "a user to migrate has an alias of another one");
            }
            return Ok(made);
        }
    }
    if !answer.suppress {
        welcome(at, pool, &user, &answer).await;
    }
    Ok(Some(user))
}

/// The user to be made, and under which name.
fn describe(at: Occasion<'_>, name: &str, answer: &Answer) -> Result<(User, String)> {
    let pool = at.pool;
    let mut attributes = answer.attributes.clone().unwrap_or_default();
    let name = attributes.remove(USERNAME).filter(|given| !given.is_empty()).unwrap_or_else(|| name.to_owned());
    attributes.retain(|_, value| !value.is_empty());
    let signs_in_by = sign_up::identify(pool, &name, &mut attributes)?;
    attributes::check_new(pool, &mut attributes, true)?;
    Ok((User::new(at.cx, &name, signs_in_by, attributes, answer.status), name))
}

/// Greets the user: by name alone, for the password is the user's own.
async fn welcome(at: Occasion<'_>, pool: &Arc<Pool>, user: &User, answer: &Answer) {
    let mediums = create::mediums(&user.profile.attributes, answer.mediums.clone()).unwrap_or_default();
    if let Err(error) = delivery::invite(at.cx, pool, user, None, &mediums, at.visit).await {
        tracing::warn!(pool = pool.id, %error, "a migrated user was not greeted");
    }
}
