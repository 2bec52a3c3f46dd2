//! Signing up: a new user under a name of their own choice, unconfirmed until a code comes back.

use std::collections::BTreeMap;
use std::sync::Arc;

use cognate_shapes::enums::{AliasAttribute, EventFilter, UserStatus, UsernameAttribute, VerifiedAttribute};
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::user::CodeDeliveryDetails;

use super::codes::{self, Purpose};
use super::delivery::{self, Message};
use super::names::{EMAIL, PHONE_NUMBER, is_email, is_phone_number};
use super::user::{self, OnConflict, Refused, User};
use super::{attributes, create, password};
use crate::context::Context;
use crate::directory::{Client, Pool};
use crate::messages::MessageKind;
use crate::threat::compromised;
use crate::triggers::event::Occasion;
use crate::triggers::{post_confirmation, pre_sign_up};
use crate::visit::Visit;

/// A user who just signed up, and where the code went.
#[derive(Debug)]
pub struct SignedUp {
    pub user: User,
    /// `None` if there is nothing to verify.
    pub sent: Option<CodeDeliveryDetails>,
}

/// Makes the user, then sends the code. A message that cannot be delivered is an error, and the user stays.
#[expect(clippy::too_many_arguments, reason = "each caller has them all at hand")]
pub async fn sign_up(
    cx: &Context,
    pool: &Arc<Pool>,
    client: &Client,
    name: &str,
    password: Option<&str>,
    mut attributes: BTreeMap<String, String>,
    visit: &Visit,
) -> Result<SignedUp> {
    attributes::check_writable(client, &attributes)?;
    let signs_in_by = identify(pool, name, &mut attributes)?;
    attributes::check_new(pool, &mut attributes, true)?;
    let mut user = User::new(cx, name, signs_in_by, attributes, UserStatus::Unconfirmed);
    match password {
        Some(password) => {
            password::check_policy(pool, password)?;
            compromised::check_new(cx, pool, client, EventFilter::SignUp, password).await?;
            user.credential = Some(password::hash(cx, pool, &user.username, password, None, &user.id).await?);
        }
        // By a code alone, the user can sign in where codes can go.
        None if create::code_factors(pool).iter().any(|way| user.attribute(way).is_some()) => {}
        None => return Err(Error::missing_parameter("Password")),
    }
    create::has_room(cx, pool, Code::LimitExceeded).await?;
    let at = Occasion { cx, pool, client_id: Some(&client.id), visit };
    let said = pre_sign_up::run(at, pre_sign_up::Source::SignUp, name, &user.profile.attributes).await?;
    let said = said.unwrap_or_default();
    let conflict = obey(&mut user, said);
    // Who is confirmed already needs no code.
    let target = if said.auto_confirm_user { None } else { verification_target(pool, &user) };
    let drawn = target
        .as_ref()
        .map(|(attribute, to)| codes::draw(cx, pool, &user.id, Purpose::SignUp, *attribute, to))
        .transpose()?;

    let (stored, wanted, code, pool_of_user) = (user.clone(), name.to_owned(), drawn.clone(), Arc::clone(pool));
    let inserted = cx.store.write(move |tx| {
        user::insert(tx, &pool_of_user, &wanted, &stored, conflict)?;
        match code.as_ref().map(|code| code.put(tx)) {
            // The user stays without a code, as without any other message that cannot be sent.
            Some(Err(error)) if error.code == Code::LimitExceeded => Ok(Some(error)),
            Some(put) => Ok(put.map(|()| None)?),
            None => Ok(None),
        }
    });
    let unsent = inserted.await.map_err(|refused| match refused {
        Refused::Username => Error::user_exists(),
        Refused::Alias(kind) if signs_in_by == Some(kind) => Error::user_exists(),
        Refused::Alias(kind) => Error::given_attribute_exists(kind),
        Refused::Fault(error) => error,
    })?;
    if let Some(refusal) = unsent {
        return Err(refusal);
    }

    let sent = match (target, drawn) {
        (Some((attribute, to)), Some(drawn)) => {
            let message = Message::new(MessageKind::SignUp, &user, attribute, &to, &drawn.code).by(client);
            let message = message.in_visit(visit);
            Some(delivery::send(cx, pool, message).await?)
        }
        _ => None,
    };
    if said.auto_confirm_user {
        post_confirmation::run(at, post_confirmation::Source::ConfirmSignUp, &user).await?;
    }
    Ok(SignedUp { user, sent })
}

/// Makes of a new user what the pool's function says. An address that it takes for verified becomes the new user's, even
/// where it is another's alias.
fn obey(user: &mut User, said: pre_sign_up::Answer) -> OnConflict {
    let mut conflict = OnConflict::Refuse;
    for attribute in said.verified() {
        user.set_verified(attribute, true);
        conflict = OnConflict::Take;
    }
    if said.auto_confirm_user {
        user.status = UserStatus::Confirmed;
    }
    conflict
}

/// Checks the form of a new user's name. In a pool with username attributes the name becomes that attribute, and which
/// one it is is answered.
pub fn identify(pool: &Pool, name: &str, attributes: &mut BTreeMap<String, String>) -> Result<Option<&'static str>> {
    let (email, phone) = (is_email(name), is_phone_number(name));
    let by = pool.username_attributes();
    if by.is_empty() {
        let aliases = pool.alias_attributes();
        if email && aliases.contains(&AliasAttribute::Email) {
            return Err(Error::username_is_email());
        }
        if phone && aliases.contains(&AliasAttribute::PhoneNumber) {
            return Err(Error::username_is_phone_number());
        }
        return Ok(None);
    }
    let (by_email, by_phone) = (by.contains(&UsernameAttribute::Email), by.contains(&UsernameAttribute::PhoneNumber));
    let kind = match (email && by_email, phone && by_phone) {
        (true, _) => EMAIL,
        (_, true) => PHONE_NUMBER,
        _ if by_email && by_phone => return Err(Error::username_should_be("either an email or a phone number")),
        _ if by_email => return Err(Error::username_should_be("an email")),
        _ => return Err(Error::username_should_be("a phone number")),
    };
    if attributes.get(kind).is_some_and(|given| given != name) {
        return Err(Error::invalid(format!("The username and the {kind} attribute must be the same.")));
    }
    attributes.insert(kind.to_owned(), name.to_owned());
    Ok(Some(kind))
}

/// Where the pool verifies a user: the phone number before the e-mail address.
pub fn verification_target(pool: &Pool, user: &User) -> Option<(VerifiedAttribute, String)> {
    auto_verified(pool).into_iter().find_map(|attribute| {
        let value = user.attribute(attribute.as_str()).filter(|value| !value.is_empty())?;
        Some((attribute, value.to_owned()))
    })
}

/// What the pool verifies by itself, in the order of preference.
pub fn auto_verified(pool: &Pool) -> Vec<VerifiedAttribute> {
    let all = [VerifiedAttribute::PhoneNumber, VerifiedAttribute::Email];
    all.into_iter().filter(|attribute| pool.auto_verifies(*attribute)).collect()
}
