//! Codes that verify an e-mail address or phone number of a user who is signed in.

use std::sync::Arc;

use cognate_shapes::enums::VerifiedAttribute;
use cognate_shapes::error::{Error, Result};
use cognate_shapes::user::CodeDeliveryDetails;

use super::attempts::{Tried, allowance};
use super::codes::{self, Purpose};
use super::delivery::{self, Message};
use super::user::{self, OnConflict, Refused, User};
use crate::context::Context;
use crate::directory::{Client, Pool};
use crate::messages::MessageKind;
use crate::visit::Visit;

/// The attribute of that name, if it is one that codes can go to.
pub fn verifiable(name: &str) -> Result<VerifiedAttribute> {
    VerifiedAttribute::from_wire(name).ok_or_else(|| Error::unverifiable_attribute(name))
}

/// Sends a code to the value that waits for its verification, else to the one in force.
pub async fn request(
    cx: &Context,
    pool: &Arc<Pool>,
    user: &User,
    attribute: VerifiedAttribute,
    client: &Client,
    visit: &Visit,
) -> Result<CodeDeliveryDetails> {
    let name = attribute.as_str();
    let to = user.profile.pending.get(name).map(String::as_str).or_else(|| user.attribute(name));
    let to = to.ok_or_else(|| Error::no_attribute(name))?;
    let allowed = allowance(cx, Tried::AttributeCode);
    let drawn = codes::draw(cx, pool, &user.id, Purpose::Attribute(attribute), attribute, to)?;
    let (put, of, id) = (drawn.clone(), Arc::clone(pool), user.id.clone());
    let stored = cx.store.write(move |tx| {
        allowed.spend(tx, &of.id, &id)?;
        put.put(tx)
    });
    stored.await?;
    let message = Message::new(MessageKind::VerifyUserAttribute, user, attribute, to, &drawn.code);
    delivery::send(cx, pool, message.by(client).in_visit(visit)).await
}

/// Redeems a code: what it was sent to is verified, and comes into force if it was waiting.
///
/// As an alias, the value moves here from whoever held it.
pub async fn verify(
    cx: &Context,
    pool: &Arc<Pool>,
    user: &User,
    attribute: VerifiedAttribute,
    code: &str,
) -> Result<()> {
    let purpose = Purpose::Attribute(attribute);
    let allowed = allowance(cx, Tried::VerifyAttribute);
    let hash = codes::hash(cx, pool, &user.id, purpose, code);
    let now = cx.clock.now_ms();
    let (pool, id) = (Arc::clone(pool), user.id.clone());
    let verified = cx.store.write(move |tx| {
        allowed.spend(tx, &pool.id, &id)?;
        let before = user::by_id(tx, &pool, &id)?.ok_or_else(Error::user_not_found)?;
        let redeemed = match codes::redeem(tx, &pool, &id, &purpose.into(), &hash, now)? {
            Ok(redeemed) => redeemed,
            // An `Err` of the closure would roll the count of attempts back.
            Err(refused) => return Ok(Err(refused)),
        };
        let name = attribute.as_str();
        let mut user = before.clone();
        if user.profile.pending.get(name) == Some(&redeemed.value) {
            user.profile.pending.remove(name);
            user.profile.attributes.insert(name.to_owned(), redeemed.value);
        } else if user.attribute(name) != Some(&redeemed.value) {
            return Ok(Err(Error::code_expired()));
        }
        user.set_verified(name, true);
        user.modified_ms = now;
        user::update(tx, &pool, &before, &user, OnConflict::Take)?;
        Ok(Ok(()))
    });
    verified.await.map_err(|refused: Refused| refused.in_words(Error::given_alias_exists))?
}
