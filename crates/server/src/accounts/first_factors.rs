//! What a user has to sign in with.

use std::sync::Arc;

use cognate_shapes::enums::AuthFactor;
use cognate_shapes::error::Result;
use cognate_shapes::scalars::ConfiguredUserAuthFactors;

use super::mfa::Method;
use super::passkeys;
use super::user::User;
use crate::context::Context;
use crate::directory::Pool;

/// The factors the user has what it takes for: first factors that the pool allows, and the authenticator app.
pub async fn configured(cx: &Context, pool: &Arc<Pool>, user: &User) -> Result<ConfiguredUserAuthFactors> {
    let (of, id) = (Arc::clone(pool), user.id.clone());
    let has_passkeys =
        cx.store.read(move |tx| passkeys::usable(tx, &of, &id)).await.map(|usable| !usable.is_empty())?;
    let has = |factor: &AuthFactor| match factor {
        AuthFactor::Password => user.credential.is_some(),
        AuthFactor::EmailOtp => Method::Email.is_possible_for(user),
        AuthFactor::SmsOtp => Method::Sms.is_possible_for(user),
        AuthFactor::WebAuthn => has_passkeys,
        AuthFactor::SoftwareToken => false,
    };
    let mut factors: Vec<AuthFactor> = pool.first_factors().iter().copied().filter(has).collect();
    if Method::Totp.is_possible_for(user) {
        factors.push(AuthFactor::SoftwareToken);
    }
    Ok(ConfiguredUserAuthFactors(factors))
}
