//! NEW_PASSWORD_REQUIRED: a user with a temporary password chooses one, and fills in what the pool requires.

use std::collections::BTreeMap;
use std::sync::Arc;

use cognate_shapes::enums::{ChallengeName, EventFilter, UserStatus};
use cognate_shapes::error::{Error, Result};

use super::Challenge;
use crate::accounts::user::{self, OnConflict, User};
use crate::accounts::{attributes, password};
use crate::auth::progress::Progress;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step, next};
use crate::threat::compromised;

/// What the names of attributes begin with in the challenge and its answer.
const PREFIX: &str = "userAttributes.";

pub struct NewPasswordRequired;

/// Asks a user who has proved the temporary password.
pub fn ask(attempt: &Attempt<'_>, user: &User, progress: Progress) -> Result<Step> {
    let required: Vec<String> = missing(attempt, user).map(|name| format!("{PREFIX}{name}")).collect();
    let attributes = &user.profile.attributes;
    let readable: BTreeMap<&String, &String> =
        attributes.iter().filter(|(name, _)| attempt.client.may_read(name)).collect();
    let parameters = [
        ("USER_ID_FOR_SRP", user.username.clone()),
        ("requiredAttributes", json(&required)?),
        ("userAttributes", json(&readable)?),
    ];
    let pending = Pending::new(attempt, ChallengeName::NewPasswordRequired, progress)
        .resting_on(attempt.cx, user.credential.as_deref());
    Step::challenge(attempt.cx, &pending, parameters)
}

impl Challenge for NewPasswordRequired {
    const NAME: ChallengeName = ChallengeName::NewPasswordRequired;
    type Asked = Pending;

    async fn answer(attempt: &Attempt<'_>, asked: Pending) -> Result<Step> {
        let (cx, pool) = (attempt.cx, &attempt.pool);
        let username = attempt.required("USERNAME")?;
        let proposed = attempt.required("NEW_PASSWORD")?;
        let before = asked.answerer(attempt, username).await?.ok_or_else(Error::invalid_session)?;
        if !before.enabled {
            return Err(Error::user_disabled());
        }
        if before.status != UserStatus::ForceChangePassword {
            return Err(Error::invalid_session());
        }

        let mut user = before.clone();
        user.profile.attributes.extend(given_attributes(attempt, &before)?);
        if let Some(name) = missing(attempt, &user).next() {
            return Err(Error::invalid(format!("Invalid attributes given, {name} is missing")));
        }
        password::check_policy(pool, proposed)?;
        compromised::check_new(cx, pool, &attempt.client, EventFilter::PasswordChange, proposed).await?;
        let credential = before.credential.as_deref();
        user.credential = Some(password::hash(cx, pool, &user.username, proposed, credential, &user.id).await?);
        user.status = UserStatus::Confirmed;
        user.profile.temporary_password_expires_ms = None;
        user.modified_ms = cx.clock.now_ms();
        let (same_pool, changed) = (Arc::clone(pool), user.clone());
        let changes = asked.met().and(move |tx| {
            user::update(tx, &same_pool, &before, &changed, OnConflict::Refuse)
                .map_err(|refused| refused.in_words(Error::alias_exists))
        });
        let progress = Progress { renewed_password: true, ..asked.progress };
        next::next(attempt, user, progress, changes).await
    }
}

/// The attributes the pool requires and the user lacks.
fn missing<'a>(attempt: &'a Attempt<'_>, user: &'a User) -> impl Iterator<Item = &'a str> {
    let required = attempt.pool.schema.required().map(|definition| definition.name.as_str());
    required.filter(|name| user.attribute(name).is_none_or(str::is_empty))
}

/// The attributes in the answer: what the user lacks, the client may write and the schema allows.
fn given_attributes(attempt: &Attempt<'_>, user: &User) -> Result<BTreeMap<String, String>> {
    let mut given = BTreeMap::new();
    for (key, value) in &attempt.given {
        let Some(name) = key.strip_prefix(PREFIX) else { continue };
        if user.attribute(name).is_some_and(|value| !value.is_empty()) {
            return Err(Error::attribute_already_provided(name));
        }
        let required = attempt.pool.schema.required().any(|definition| definition.name == name);
        if !required && !attempt.client.may_write(name) {
            return Err(Error::unauthorized_attribute());
        }
        if !value.is_empty() {
            given.insert(name.to_owned(), value.as_str().to_owned());
        }
    }
    attributes::check_new(&attempt.pool, &mut given, false)?;
    Ok(given)
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal("a challenge does not serialize").caused_by(error))
}
