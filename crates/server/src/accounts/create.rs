//! Users whom administrators make: named, given a temporary password, invited.

use std::collections::BTreeMap;
use std::sync::Arc;

use cognate_crypto::password::{Requirements, generate};
use cognate_shapes::enums::{AuthFactor, DeliveryMedium, UserStatus};
use cognate_shapes::error::{Code, Error, Result};
use zeroize::Zeroizing;

use super::names::{EMAIL, PHONE_NUMBER};
use super::user::{self, OnConflict, Refused, User};
use super::{attributes, password, sign_up};
use crate::context::Context;
use crate::directory::Pool;
use crate::triggers::event::Occasion;
use crate::triggers::pre_sign_up;
use crate::visit::Visit;

const DAY_MS: i64 = 24 * 3_600_000;

/// What an administrator says of a new user.
#[derive(Debug)]
pub struct NewUser {
    pub name: String,
    pub attributes: BTreeMap<String, String>,
    /// One is made if there is none and the user needs one.
    pub temporary_password: Option<Zeroizing<String>>,
    pub conflict: OnConflict,
    /// Whether the user is told, and how.
    pub invited: bool,
    pub mediums: Option<Vec<DeliveryMedium>>,
}

/// A user to invite: the temporary password to tell, `None` for one who signs in without, and by which mediums.
#[derive(Debug)]
pub struct Invited {
    pub user: User,
    pub password: Option<Zeroizing<String>>,
    pub mediums: Vec<DeliveryMedium>,
}

/// Makes a user.
///
/// Required attributes may be missing from one who gets a password: the first sign-in asks for them.
pub async fn create(cx: &Context, pool: &Arc<Pool>, new: NewUser, visit: &Visit) -> Result<Invited> {
    let mut attributes = new.attributes;
    let signs_in_by = sign_up::identify(pool, &new.name, &mut attributes)?;
    let factors = code_factors(pool);
    let passwordless = new.temporary_password.is_none() && !factors.is_empty();
    attributes::check_new(pool, &mut attributes, passwordless)?;
    if passwordless && !factors.iter().any(|factor| attributes.contains_key(*factor)) {
        let needed = factors.first().copied().unwrap_or(EMAIL);
        attributes::unbroken(&[(needed.to_owned(), attributes::REQUIRED.to_owned())])?;
    }
    let mediums = if new.invited { mediums(&attributes, new.mediums)? } else { Vec::new() };
    has_room(cx, pool, Code::PreconditionNotMet).await?;
    let at = Occasion { cx, pool, client_id: None, visit };
    // It may refuse; whom an administrator makes, it neither confirms nor verifies.
    pre_sign_up::run(at, pre_sign_up::Source::AdminCreateUser, &new.name, &attributes).await?;

    let mut user = User::new(cx, &new.name, signs_in_by, attributes, UserStatus::Confirmed);
    let mut told = None;
    if !passwordless {
        let password = temporary(cx, pool, new.temporary_password)?;
        user.credential = Some(hash(cx, pool, &user, &password).await?);
        let now = user.created_ms;
        expect_change(pool, &mut user, now);
        told = Some(password);
    }

    let (stored, of, name, conflict) = (user.clone(), Arc::clone(pool), new.name, new.conflict);
    let inserted = cx.store.write(move |tx| user::insert(tx, &of, &name, &stored, conflict));
    inserted.await.map_err(|refused| match refused {
        Refused::Username => Error::user_account_exists(),
        Refused::Alias(kind) if signs_in_by == Some(kind) => Error::user_account_exists(),
        Refused::Alias(kind) if signs_in_by.is_some() => Error::given_attribute_exists(kind),
        Refused::Alias(kind) => Error::alias_of_another_account(kind),
        Refused::Fault(error) => error,
    })?;
    Ok(Invited { user, password: told, mediums })
}

/// Gives a user who has not signed in yet another temporary password, with its whole time before it.
pub async fn renew(
    cx: &Context,
    pool: &Arc<Pool>,
    name: &str,
    temporary_password: Option<Zeroizing<String>>,
    desired: Option<Vec<DeliveryMedium>>,
) -> Result<Invited> {
    let (of, wanted) = (Arc::clone(pool), name.to_owned());
    let user = cx.store.read(move |tx| user::by_name(tx, &of, &wanted)).await?.ok_or_else(Error::user_not_found)?;
    awaits_change(&user)?;
    let mediums = mediums(&user.profile.attributes, desired)?;
    let password = temporary(cx, pool, temporary_password)?;
    let credential = hash(cx, pool, &user, &password).await?;
    let now = cx.clock.now_ms();
    let (of, id) = (Arc::clone(pool), user.id);
    let renewed = cx.store.write(move |tx| {
        let before = user::by_id(tx, &of, &id)?.ok_or_else(Error::user_not_found)?;
        awaits_change(&before)?;
        let mut user = before.clone();
        user.credential = Some(credential.clone());
        user.modified_ms = now;
        expect_change(&of, &mut user, now);
        user::update(tx, &of, &before, &user, OnConflict::Refuse).map_err(user::no_conflict)?;
        Ok::<_, Error>(user)
    });
    Ok(Invited { user: renewed.await?, password: Some(password), mediums })
}

/// By which of the desired mediums the user can be invited. Who asks for none gets a text message if there is a number.
pub(super) fn mediums(
    attributes: &BTreeMap<String, String>,
    desired: Option<Vec<DeliveryMedium>>,
) -> Result<Vec<DeliveryMedium>> {
    let has = |medium: &DeliveryMedium| match medium {
        DeliveryMedium::Email => attributes.contains_key(EMAIL),
        DeliveryMedium::Sms => attributes.contains_key(PHONE_NUMBER),
    };
    let Some(desired) = desired.filter(|desired| !desired.is_empty()) else {
        return Ok([DeliveryMedium::Sms].into_iter().filter(has).collect());
    };
    let mediums: Vec<_> = DeliveryMedium::ALL.iter().copied().filter(|one| desired.contains(one) && has(one)).collect();
    if mediums.is_empty() { Err(Error::no_delivery_destination()) } else { Ok(mediums) }
}

/// The attributes that codes to sign in with go to; users of a pool that has any need no password.
pub(super) fn code_factors(pool: &Pool) -> Vec<&'static str> {
    let by = |factor: &AuthFactor| match factor {
        AuthFactor::EmailOtp => Some(EMAIL),
        AuthFactor::SmsOtp => Some(PHONE_NUMBER),
        AuthFactor::Password | AuthFactor::WebAuthn | AuthFactor::SoftwareToken => None,
    };
    pool.first_factors().iter().filter_map(by).collect()
}

fn awaits_change(user: &User) -> Result<()> {
    if user.status == UserStatus::ForceChangePassword {
        Ok(())
    } else {
        Err(Error::resend_not_possible(&user.username))
    }
}

fn expect_change(pool: &Pool, user: &mut User, now_ms: i64) {
    user.status = UserStatus::ForceChangePassword;
    user.profile.temporary_password_expires_ms = Some(now_ms + pool.password_rules().temporary_days * DAY_MS);
}

/// The password given, if the pool takes it, else a new one that it does.
fn temporary(cx: &Context, pool: &Pool, given: Option<Zeroizing<String>>) -> Result<Zeroizing<String>> {
    if let Some(given) = given {
        password::check_policy(pool, &given)?;
        return Ok(given);
    }
    let rules = pool.password_rules();
    let requirements = Requirements {
        minimum_length: rules.minimum_length,
        uppercase: rules.uppercase,
        lowercase: rules.lowercase,
        digits: rules.numbers,
        symbols: rules.symbols,
    };
    Ok(generate(cx.rng.bytes(), &requirements))
}

async fn hash(cx: &Context, pool: &Pool, user: &User, password: &str) -> Result<Vec<u8>> {
    let hashed = password::hash(cx, pool, &user.username, password, user.credential.as_deref(), &user.id).await;
    hashed.map_err(|error| match error.code {
        // `AdminCreateUser` lists no `PasswordHistoryPolicyViolationException`.
        Code::PasswordHistoryPolicyViolation => Error::new(Code::InvalidPassword, error.message),
        _ => error,
    })
}

/// Refuses users beyond the quota, with the code that the operation has for it. The count is read before the write, so
/// users made at once may go a little beyond it: one that held exactly would make every new user wait for every other.
pub(super) async fn has_room(cx: &Context, pool: &Pool, full: Code) -> Result<()> {
    let (id, most) = (pool.id.clone(), cx.config.limits.users_per_pool);
    let users = cx.store.read(move |tx| cognate_store::pools::users(tx, &id)).await?;
    if u64::try_from(users).is_ok_and(|users| users >= most) { Err(Error::too_many_users(full, most)) } else { Ok(()) }
}
