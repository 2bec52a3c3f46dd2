//! The second factors of a user: which are turned on, which one is preferred, and the authenticator app.

use std::sync::Arc;

use cognate_shapes::enums::{
    ChallengeName, DeliveryMedium, UserPoolMfa, UserPoolTier, VerifiedAttribute, WebAuthnFactorConfiguration,
};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::{AttributeName, Text};
use cognate_shapes::user::MfaOption;
use cognate_store::Tx;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::authenticator::{self, SealedSecret, Shown};
use super::names::PHONE_NUMBER;
use super::user::{self, OnConflict, User};
use crate::context::Context;
use crate::directory::Pool;

/// A way to prove a second factor that users choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    Sms,
    Totp,
    Email,
}

impl Method {
    pub const ALL: [Self; 3] = [Self::Sms, Self::Totp, Self::Email];

    /// The challenge that asks for it, by whose name it goes everywhere.
    pub fn challenge(self) -> ChallengeName {
        match self {
            Self::Sms => ChallengeName::SmsMfa,
            Self::Totp => ChallengeName::SoftwareTokenMfa,
            Self::Email => ChallengeName::EmailOtp,
        }
    }

    /// What its codes are sent to.
    pub fn attribute(self) -> Option<VerifiedAttribute> {
        match self {
            Self::Sms => Some(VerifiedAttribute::PhoneNumber),
            Self::Totp => None,
            Self::Email => Some(VerifiedAttribute::Email),
        }
    }

    /// Whether the pool has what it takes.
    pub fn is_offered_by(self, pool: &Pool) -> bool {
        let further = &pool.further;
        match self {
            Self::Sms => pool.settings.sms_configuration.is_some(),
            Self::Totp => pool.offers_software_tokens(),
            Self::Email => further.email_mfa_configuration.is_some() && pool.tier() != UserPoolTier::Lite,
        }
    }

    /// Whether the user has what it takes.
    pub fn is_possible_for(self, user: &User) -> bool {
        match self.attribute() {
            Some(attribute) => user.attribute(attribute.as_str()).is_some_and(|value| !value.is_empty()),
            None => user.profile.mfa.authenticator.is_some(),
        }
    }
}

/// An authenticator app that has shown a right code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authenticator {
    pub secret: SealedSecret,
    /// `FriendlyDeviceName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The second factors of a user, as the user's document holds them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mfa {
    /// Turned on, in no order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    enabled: Vec<Method>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred: Option<Method>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authenticator: Option<Authenticator>,
    /// The secret of an app that has not shown a code yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    awaited: Option<SealedSecret>,
    /// Whether a passkey that verifies the user counts as two factors.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    passkey: bool,
    /// Whether text messages were turned on by the older `MFAOptions`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    by_options: bool,
}

/// What becomes of one method: `None` leaves a part as it is.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub method: Method,
    pub enabled: Option<bool>,
    pub preferred: Option<bool>,
}

impl Mfa {
    /// Whether there is nothing to store.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub fn has_enabled(&self, method: Method) -> bool {
        self.enabled.contains(&method)
    }

    /// The preferred method; it is turned on.
    pub fn preferred(&self) -> Option<Method> {
        self.preferred
    }

    /// Whether the user's passkeys sign in only with the user verified.
    pub fn verifies_passkeys(&self) -> bool {
        self.passkey
    }

    /// `UserMFASettingList`; absent where nothing is turned on.
    pub fn wire_list(&self) -> Option<Vec<Text>> {
        let on: Vec<Text> = Method::ALL
            .into_iter()
            .filter(|method| self.has_enabled(*method))
            .map(|method| Text::trusted(method.challenge().as_str()))
            .collect();
        Some(on).filter(|on| !on.is_empty())
    }

    /// `PreferredMfaSetting`.
    pub fn wire_preferred(&self) -> Option<Text> {
        self.preferred.map(|method| Text::trusted(method.challenge().as_str()))
    }

    /// The older `MFAOptions`; absent where they were not used.
    pub fn wire_options(&self) -> Option<Vec<MfaOption>> {
        self.by_options.then(|| {
            vec![MfaOption {
                delivery_medium: Some(DeliveryMedium::Sms),
                attribute_name: Some(AttributeName::trusted(PHONE_NUMBER)),
            }]
        })
    }

    fn turn(&mut self, method: Method, on: bool) {
        self.enabled.retain(|other| *other != method);
        if on {
            self.enabled.push(method);
            return;
        }
        if self.preferred == Some(method) {
            self.preferred = None;
        }
        // A passkey may not be the last way in.
        self.passkey &= !self.enabled.is_empty();
    }

    /// Takes an app that has shown a right code for the user's. Where the pool wants MFA of everybody it is turned on.
    pub fn adopt(&mut self, pool: &Pool, app: Authenticator) {
        self.authenticator = Some(app);
        self.awaited = None;
        if pool.settings.mfa_configuration == Some(UserPoolMfa::On) {
            self.turn(Method::Totp, true);
            self.preferred = self.preferred.or(Some(Method::Totp));
        }
    }

    /// Forgets the app.
    pub fn remove_authenticator(&mut self) {
        self.authenticator = None;
        self.awaited = None;
        self.turn(Method::Totp, false);
    }
}

/// Changes which methods are on and which one is preferred, and whether passkeys count.
pub fn set_preference(pool: &Pool, user: &mut User, settings: &[Setting], passkey: Option<bool>) -> Result<()> {
    let before = user.profile.mfa.clone();
    for Setting { method, enabled, .. } in settings {
        match enabled {
            Some(true) if !method.is_possible_for(user) => {
                return Err(Error::no_delivery_for(method.challenge().as_str()));
            }
            Some(on) => user.profile.mfa.turn(*method, *on),
            None => {}
        }
    }
    let mut wanted = settings.iter().filter(|setting| setting.preferred == Some(true)).map(|setting| setting.method);
    let mfa = &mut user.profile.mfa;
    for Setting { method, preferred, .. } in settings {
        if *preferred == Some(false) && mfa.preferred == Some(*method) {
            mfa.preferred = None;
        }
    }
    if let Some(method) = wanted.next() {
        if wanted.next().is_some() {
            return Err(Error::two_preferred_methods());
        }
        if !mfa.has_enabled(method) {
            return Err(Error::preferred_method_is_off(method.challenge().as_str()));
        }
        mfa.preferred = Some(method);
    }
    if !mfa.has_enabled(Method::Sms) {
        mfa.by_options = false;
    }
    let required = pool.settings.mfa_configuration == Some(UserPoolMfa::On);
    if required && mfa.enabled.is_empty() && !before.enabled.is_empty() {
        return Err(Error::last_required_method());
    }
    match passkey {
        Some(true) if !passkeys_count(pool) => Err(Error::passkey_mfa_not_configured()),
        Some(true) if mfa.enabled.is_empty() => Err(Error::passkey_mfa_alone()),
        Some(on) => {
            mfa.passkey = on;
            Ok(())
        }
        None => Ok(()),
    }
}

/// Sets the older `MFAOptions`, which know text messages alone.
pub fn set_options(pool: &Pool, user: &mut User, options: &[MfaOption]) -> Result<()> {
    let by_text = |option: &MfaOption| {
        option.delivery_medium == Some(DeliveryMedium::Sms)
            && option.attribute_name.as_deref().is_some_and(|name| name == PHONE_NUMBER)
    };
    if !options.iter().all(by_text) {
        return Err(Error::mfa_options_beside_sms());
    }
    let on = !options.is_empty();
    let setting = Setting { method: Method::Sms, enabled: Some(on), preferred: None };
    set_preference(pool, user, &[setting], None)?;
    user.profile.mfa.by_options = on;
    Ok(())
}

/// Whether the pool takes a passkey that verifies the user for two factors.
pub fn passkeys_count(pool: &Pool) -> bool {
    let configured = pool.further.web_authn_configuration.as_ref().and_then(|passkeys| passkeys.factor_configuration);
    configured == Some(WebAuthnFactorConfiguration::MultiFactorWithUserVerification)
        && pool.tier() != UserPoolTier::Lite
}

/// Changes a user as stored now.
pub async fn change(
    cx: &Context,
    pool: &Arc<Pool>,
    user_id: &str,
    to: impl Fn(&Pool, &mut User) -> Result<()> + Send + Sync + 'static,
) -> Result<()> {
    let (pool, id, now) = (Arc::clone(pool), user_id.to_owned(), cx.clock.now_ms());
    cx.store
        .write(move |tx| {
            let before = user::by_id(tx, &pool, &id)?.ok_or_else(Error::user_not_found)?;
            let mut user = before.clone();
            to(&pool, &mut user)?;
            user.modified_ms = now;
            user::update(tx, &pool, &before, &user, OnConflict::Refuse).map_err(user::no_conflict)
        })
        .await
}

/// Begins to register an app for a user who is signed in: the secret, in Base32. The app in use stays until the new one
/// has shown a code.
pub async fn associate(cx: &Context, pool: &Arc<Pool>, user: &User) -> Result<Zeroizing<String>> {
    if !pool.offers_software_tokens() {
        return Err(Error::software_token_not_enabled());
    }
    let (sealed, shown) = authenticator::draw(cx, pool, &user.id);
    change(cx, pool, &user.id, move |_, user| {
        user.profile.mfa.awaited = Some(sealed.clone());
        Ok(())
    })
    .await?;
    Ok(shown)
}

/// Ends the registration with a code of the app.
pub async fn verify(cx: &Context, pool: &Arc<Pool>, user: &User, code: &str, name: Option<String>) -> Result<()> {
    if !pool.offers_software_tokens() {
        return Err(Error::software_token_not_enabled());
    }
    let secret = user.profile.mfa.awaited.clone().ok_or_else(Error::no_software_token_associated)?;
    let shown = authenticator::check(cx, pool, user, &secret, code)?.ok_or_else(Error::wrong_first_code)?;
    adopt(cx, pool, &user.id, Authenticator { secret, name }, shown, |_, user, secret| {
        let awaited = user.profile.mfa.awaited.as_ref() == Some(secret);
        if awaited { Ok(()) } else { Err(Error::no_software_token_associated()) }
    })
    .await
}

/// Stores an app for the user's, if `admit` does not refuse it to the user as stored now, and uses up the code it has
/// shown.
pub async fn adopt(
    cx: &Context,
    pool: &Arc<Pool>,
    user_id: &str,
    app: Authenticator,
    shown: Shown,
    admit: impl Fn(&mut Tx<'_>, &User, &SealedSecret) -> Result<()> + Send + Sync + 'static,
) -> Result<()> {
    let (pool, id, now) = (Arc::clone(pool), user_id.to_owned(), cx.clock.now_ms());
    let adopted = cx.store.write(move |tx| {
        let before = user::by_id(tx, &pool, &id)?.ok_or_else(Error::user_not_found)?;
        admit(tx, &before, &app.secret)?;
        // A code that was used is a wrong one here.
        shown.spend(tx).map_err(|_| Error::wrong_first_code())?;
        let mut user = before.clone();
        user.profile.mfa.adopt(&pool, app.clone());
        user.modified_ms = now;
        user::update(tx, &pool, &before, &user, OnConflict::Refuse).map_err(user::no_conflict)
    });
    adopted.await
}
