//! A user pool with its settings in force.

use cognate_shapes::enums::{
    AliasAttribute, AuthFactor, Issuer, RecoveryOptionName, UserPoolTier, UserSessionTracking, UsernameAttribute,
    VerifiedAttribute,
};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::mfa::{EmailMfaConfig, SoftwareTokenMfaConfig, WebAuthnConfiguration};
use cognate_shapes::pool::Settings;
use cognate_shapes::session::UserPoolTokenSessionConfig;
use cognate_shapes::{Input, Output, input};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::schema::{Definition, Schema};
use crate::access::Principal;
use crate::config::Config;

/// The settings of a pool that have operations of their own, as AWS spells them; `DescribeUserPool` shows none of them.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct FurtherSettings {
    pub software_token_mfa_configuration: Option<SoftwareTokenMfaConfig>,
    pub email_mfa_configuration: Option<EmailMfaConfig>,
    pub web_authn_configuration: Option<WebAuthnConfiguration>,
    pub user_session_tracking: Option<UserSessionTracking>,
    pub token_session: Option<UserPoolTokenSessionConfig>,
}

/// The stored document of a pool, version 1.
#[derive(Serialize, Deserialize)]
struct Document<'a> {
    v: u32,
    #[serde(borrow)]
    settings: &'a RawValue,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    further: Option<&'a RawValue>,
    schema: Vec<Definition>,
}

/// A user pool.
#[derive(Clone, Debug)]
pub struct Pool {
    pub id: String,
    /// 12 digits.
    pub account: String,
    pub region: String,
    pub name: String,
    pub created_ms: i64,
    pub modified_ms: i64,
    /// Counts changes, so that two at once cannot both win.
    pub version: i64,
    pub settings: Settings,
    pub further: FurtherSettings,
    pub schema: Schema,
}

/// What a password must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordRules {
    pub minimum_length: usize,
    pub uppercase: bool,
    pub lowercase: bool,
    pub numbers: bool,
    pub symbols: bool,
    /// How many passwords, the current one counted, may not come back; 0 is any.
    pub history: usize,
    pub temporary_days: i64,
}

/// How a user who forgot the password may be reached, the preferred way first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery {
    AdminOnly,
    By(Vec<VerifiedAttribute>),
}

impl Pool {
    pub fn from_row(row: cognate_store::pools::Pool) -> Result<Self> {
        let document: Document<'_> = serde_json::from_str(&row.doc)
            .map_err(|error| Error::internal("a stored pool does not read").caused_by(error))?;
        if document.v != 1 {
            return Err(Error::internal(format!("pool {} is stored in version {}", row.id, document.v)));
        }
        Ok(Self {
            settings: input::stored(document.settings.get())?,
            further: document.further.map(|further| input::stored(further.get())).transpose()?.unwrap_or_default(),
            schema: Schema::new(document.schema),
            id: row.id,
            account: row.account,
            region: row.region,
            name: row.name,
            created_ms: row.created_ms,
            modified_ms: row.modified_ms,
            version: row.version,
        })
    }

    /// The row to store.
    pub fn to_row(&self) -> Result<cognate_store::pools::Pool> {
        Ok(cognate_store::pools::Pool {
            id: self.id.clone(),
            account: self.account.clone(),
            region: self.region.clone(),
            name: self.name.clone(),
            created_ms: self.created_ms,
            modified_ms: self.modified_ms,
            version: self.version,
            doc: self.document()?,
        })
    }

    /// Whether the pool is of the caller's account and, where the signature names one, Region.
    pub fn belongs_to(&self, principal: &Principal) -> bool {
        let same_region = principal.region.as_deref().is_none_or(|region| region == self.region);
        self.account == principal.account && same_region
    }

    /// The document to store.
    fn document(&self) -> Result<String> {
        let unserializable =
            |error: serde_json::Error| Error::internal("pool settings do not serialize").caused_by(error);
        let settings = serde_json::value::to_raw_value(&self.settings).map_err(unserializable)?;
        let further = serde_json::value::to_raw_value(&self.further).map_err(unserializable)?;
        let further = (self.further != FurtherSettings::default()).then_some(&*further);
        let schema = self.schema.iter().cloned().collect();
        let document = Document { v: 1, settings: &settings, further, schema };
        serde_json::to_string(&document).map_err(unserializable)
    }

    /// The part of the id after `_`, which goes into the hashes of SRP.
    pub fn short_name(&self) -> &str {
        self.id.split_once('_').map_or(self.id.as_str(), |(_, name)| name)
    }

    pub fn arn(&self) -> String {
        format!("arn:aws:cognito-idp:{}:{}:userpool/{}", self.region, self.account, self.id)
    }

    pub fn tier(&self) -> UserPoolTier {
        self.settings.user_pool_tier.unwrap_or(UserPoolTier::Essentials)
    }

    /// Whether `USERNAME` and `UserName` are two users.
    pub fn case_sensitive(&self) -> bool {
        self.settings.username_configuration.as_ref().is_none_or(|configuration| configuration.case_sensitive)
    }

    pub fn username_attributes(&self) -> &[UsernameAttribute] {
        self.settings.username_attributes.as_deref().unwrap_or_default()
    }

    pub fn alias_attributes(&self) -> &[AliasAttribute] {
        self.settings.alias_attributes.as_deref().unwrap_or_default()
    }

    pub fn auto_verifies(&self, attribute: VerifiedAttribute) -> bool {
        self.settings.auto_verified_attributes.as_ref().is_some_and(|all| all.contains(&attribute))
    }

    /// Whether a change of the attribute waits for its verification.
    pub fn verifies_before_update(&self, attribute: VerifiedAttribute) -> bool {
        self.settings
            .user_attribute_update_settings
            .as_ref()
            .and_then(|settings| settings.attributes_require_verification_before_update.as_ref())
            .is_some_and(|all| all.contains(&attribute))
    }

    /// The `iss` of the pool's tokens.
    pub fn issuer(&self, config: &Config) -> String {
        config.issuer(&self.id)
    }

    pub fn issuer_type(&self) -> Issuer {
        self.settings.issuer_configuration.as_ref().and_then(|issuer| issuer.r#type).unwrap_or(Issuer::Original)
    }

    pub fn sign_up_is_closed(&self) -> bool {
        let configuration = self.settings.admin_create_user_config.as_ref();
        configuration.and_then(|configuration| configuration.allow_admin_create_user_only).unwrap_or(false)
    }

    /// What users may sign in with before anything else; a password where the pool does not say.
    pub fn first_factors(&self) -> &[AuthFactor] {
        let policy = self.settings.policies.as_ref().and_then(|policies| policies.sign_in_policy.as_ref());
        let factors = policy.and_then(|policy| policy.allowed_first_auth_factors.as_deref());
        factors.unwrap_or(&[AuthFactor::Password])
    }

    pub fn password_rules(&self) -> PasswordRules {
        let policy = self.settings.policies.as_ref().and_then(|policies| policies.password_policy.as_ref());
        let Some(policy) = policy else {
            return PasswordRules {
                minimum_length: 8,
                uppercase: true,
                lowercase: true,
                numbers: true,
                symbols: true,
                history: 0,
                temporary_days: 7,
            };
        };
        let days = policy.temporary_password_validity_days.map_or(0, |days| days.0);
        PasswordRules {
            minimum_length: policy.minimum_length.map_or(6, |length| length.0 as usize),
            uppercase: policy.require_uppercase.unwrap_or(false),
            lowercase: policy.require_lowercase.unwrap_or(false),
            numbers: policy.require_numbers.unwrap_or(false),
            symbols: policy.require_symbols.unwrap_or(false),
            history: policy.password_history_size.map_or(0, |size| size.0 as usize),
            temporary_days: if days == 0 { 7 } else { days },
        }
    }

    /// Whether users may register authenticator apps.
    pub fn offers_software_tokens(&self) -> bool {
        let setting = self.further.software_token_mfa_configuration.as_ref();
        setting.and_then(|setting| setting.enabled).unwrap_or(false)
    }

    /// Whether the pool says how users recover; where it does not, one channel may be a second factor and recovery both.
    pub fn says_how_to_recover(&self) -> bool {
        let setting = self.settings.account_recovery_setting.as_ref();
        setting.is_some_and(|setting| setting.recovery_mechanisms.is_some())
    }

    pub fn recovery(&self) -> Recovery {
        let setting = self.settings.account_recovery_setting.as_ref();
        let Some(mechanisms) = setting.and_then(|setting| setting.recovery_mechanisms.as_ref()) else {
            return Recovery::By(vec![VerifiedAttribute::PhoneNumber, VerifiedAttribute::Email]);
        };
        let mut mechanisms = mechanisms.to_vec();
        mechanisms.sort_by_key(|mechanism| mechanism.priority);
        let mut by = Vec::new();
        for mechanism in mechanisms {
            match mechanism.name {
                RecoveryOptionName::AdminOnly => return Recovery::AdminOnly,
                RecoveryOptionName::VerifiedEmail => by.push(VerifiedAttribute::Email),
                RecoveryOptionName::VerifiedPhoneNumber => by.push(VerifiedAttribute::PhoneNumber),
            }
        }
        Recovery::By(by)
    }
}
