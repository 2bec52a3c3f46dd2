//! An app client with its settings in force.

use cognate_crypto::seal::Kind;
use cognate_shapes::client::ClientSettings;
use cognate_shapes::enums::{AuthFlow, ExplicitAuthFlows, Feature, PreventUserExistenceErrors, TimeUnits};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::input;
use cognate_shapes::scalars::ClientPermission;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::context::Context;

/// The stored document of a client, version 1.
#[derive(Serialize, Deserialize)]
struct Document<'a> {
    v: u32,
    #[serde(borrow)]
    settings: &'a RawValue,
    /// How long a browser's session signs in to the client, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sso_minutes: Option<i64>,
}

/// One active secret of a client.
#[derive(Clone)]
pub struct Secret {
    /// Such as `38fjsnc484p94kpqsnet7mpld0--1769900000`.
    pub id: String,
    pub created_ms: i64,
    value: Zeroizing<String>,
}

impl Secret {
    pub fn new(id: String, created_ms: i64, value: Zeroizing<String>) -> Self {
        Self { id, created_ms, value }
    }

    pub fn expose(&self) -> &str {
        &self.value
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An app client.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: String,
    pub pool_id: String,
    pub name: String,
    pub created_ms: i64,
    pub modified_ms: i64,
    pub settings: ClientSettings,
    /// How long a browser's session signs in to the client, in minutes; `None` where nobody said.
    pub sso_minutes: Option<i64>,
    /// The active secrets, the older first; empty for a public client.
    pub secrets: Vec<Secret>,
}

/// The attributes `oidc:profile` stands for in `ReadAttributes` and `WriteAttributes`.
pub const OIDC_PROFILE: &[&str] = &[
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
];

impl Client {
    pub fn from_rows(
        cx: &Context,
        row: cognate_store::clients::Client,
        secrets: Vec<cognate_store::client_secrets::ClientSecret>,
    ) -> Result<Self> {
        let document: Document<'_> = serde_json::from_str(&row.doc)
            .map_err(|error| Error::internal("a stored client does not read").caused_by(error))?;
        if document.v != 1 {
            return Err(Error::internal(format!("client {} is stored in version {}", row.id, document.v)));
        }
        let open = |secret: cognate_store::client_secrets::ClientSecret| {
            let value =
                cx.seals.open(Kind::ClientSecret, &secret.sealed, &Self::seal_context(&row.pool_id, &row.id))?;
            let value = String::from_utf8(value).map_err(|_| Error::internal("a client secret is not text"))?;
            Ok(Secret { id: secret.id, created_ms: secret.created_ms, value: Zeroizing::new(value) })
        };
        Ok(Self {
            settings: input::stored(document.settings.get())?,
            sso_minutes: document.sso_minutes,
            secrets: secrets.into_iter().map(open).collect::<Result<_>>()?,
            id: row.id,
            pool_id: row.pool_id,
            name: row.name,
            created_ms: row.created_ms,
            modified_ms: row.modified_ms,
        })
    }

    /// The row to store, without the secrets.
    pub fn to_row(&self) -> Result<cognate_store::clients::Client> {
        Ok(cognate_store::clients::Client {
            pool_id: self.pool_id.clone(),
            id: self.id.clone(),
            name: self.name.clone(),
            created_ms: self.created_ms,
            modified_ms: self.modified_ms,
            doc: self.document()?,
        })
    }

    /// The document to store.
    fn document(&self) -> Result<String> {
        let unserializable =
            |error: serde_json::Error| Error::internal("client settings do not serialize").caused_by(error);
        let settings = serde_json::value::to_raw_value(&self.settings).map_err(unserializable)?;
        serde_json::to_string(&Document { v: 1, settings: &settings, sso_minutes: self.sso_minutes })
            .map_err(unserializable)
    }

    /// What a sealed secret is bound to.
    pub fn seal_context(pool_id: &str, client_id: &str) -> Vec<u8> {
        format!("{pool_id}/{client_id}").into_bytes()
    }

    pub fn is_confidential(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// Whether operations may not tell who exists.
    pub fn hides_user_existence(&self) -> bool {
        self.settings.prevent_user_existence_errors == Some(PreventUserExistenceErrors::Enabled)
    }

    /// Whether the client may say from which address its users come: it has a secret, so it is a server, and the setting.
    pub fn vouches_for_addresses(&self) -> bool {
        self.is_confidential() && self.settings.enable_propagate_additional_user_context_data == Some(true)
    }

    pub fn revokes_tokens(&self) -> bool {
        self.settings.enable_token_revocation.unwrap_or(true)
    }

    /// The grace period of refresh-token rotation in milliseconds, where rotation is on.
    pub fn rotation_grace_ms(&self) -> Option<i64> {
        let rotation = self.settings.refresh_token_rotation.as_ref()?;
        (rotation.feature == Feature::Enabled)
            .then(|| rotation.retry_grace_period_seconds.map_or(0, |seconds| seconds.0 * 1000))
    }

    /// Whether a sign-in may begin by this flow. A client that names no flows has SRP, custom and refresh.
    pub fn allows(&self, flow: AuthFlow) -> bool {
        use ExplicitAuthFlows as Allowed;
        let flows = self.settings.explicit_auth_flows.as_deref().unwrap_or_default();
        let has = |any: &[Allowed]| any.iter().any(|one| flows.contains(one));
        let names_none = flows.is_empty();
        let names_old = has(&[Allowed::AdminNoSrpAuth, Allowed::CustomAuthFlowOnly, Allowed::UserPasswordAuth]);
        match flow {
            AuthFlow::UserSrpAuth => {
                has(&[Allowed::AllowUserSrpAuth]) || names_none || (names_old && !has(&[Allowed::CustomAuthFlowOnly]))
            }
            AuthFlow::UserPasswordAuth => has(&[Allowed::AllowUserPasswordAuth, Allowed::UserPasswordAuth]),
            AuthFlow::AdminUserPasswordAuth | AuthFlow::AdminNoSrpAuth => {
                has(&[Allowed::AllowAdminUserPasswordAuth, Allowed::AdminNoSrpAuth])
            }
            AuthFlow::CustomAuth => has(&[Allowed::AllowCustomAuth, Allowed::CustomAuthFlowOnly]) || names_none,
            // A client that rotates refreshes by GetTokensFromRefreshToken alone.
            AuthFlow::RefreshTokenAuth | AuthFlow::RefreshToken => {
                let named = has(&[Allowed::AllowRefreshTokenAuth]) || names_none || names_old;
                named && self.rotation_grace_ms().is_none()
            }
            AuthFlow::UserAuth => has(&[Allowed::AllowUserAuth]),
        }
    }

    /// How long a challenge may wait for its answer, in milliseconds.
    pub fn challenge_life_ms(&self) -> i64 {
        self.settings.auth_session_validity.map_or(3, |minutes| minutes.0) * 60_000
    }

    /// Lifetimes in seconds.
    pub fn access_token_life_s(&self) -> i64 {
        let unit = self.settings.token_validity_units.as_ref().and_then(|units| units.access_token);
        self.settings.access_token_validity.map_or(3600, |value| life_s(value.0, unit))
    }

    pub fn id_token_life_s(&self) -> i64 {
        let unit = self.settings.token_validity_units.as_ref().and_then(|units| units.id_token);
        self.settings.id_token_validity.map_or(3600, |value| life_s(value.0, unit))
    }

    pub fn refresh_token_life_s(&self) -> i64 {
        let unit = self.settings.token_validity_units.as_ref().and_then(|units| units.refresh_token);
        match self.settings.refresh_token_validity {
            Some(value) if value.0 > 0 => value.0 * seconds(unit.unwrap_or(TimeUnits::Days)),
            _ => 30 * seconds(TimeUnits::Days),
        }
    }

    /// Whether the client sees the attribute in `GetUser` and the ID token.
    pub fn may_read(&self, attribute: &str) -> bool {
        attribute == "sub" || listed(self.settings.read_attributes.as_deref(), attribute)
    }

    /// Whether the client may set the attribute; `dev:` attributes and what the server alone decides never are.
    pub fn may_write(&self, attribute: &str) -> bool {
        let reserved = matches!(attribute, "sub" | "email_verified" | "phone_number_verified" | "identities");
        !reserved
            && !attribute.starts_with("dev:")
            && !attribute.starts_with("cognito:")
            && listed(self.settings.write_attributes.as_deref(), attribute)
    }
}

fn listed(list: Option<&[ClientPermission]>, attribute: &str) -> bool {
    list.is_none_or(|list| {
        list.iter().any(|one| {
            one.as_str() == attribute || (one.as_str() == "oidc:profile" && OIDC_PROFILE.contains(&attribute))
        })
    })
}

/// The seconds of an access or ID token's validity; hours unless a unit is given.
pub fn life_s(validity: i64, unit: Option<TimeUnits>) -> i64 {
    validity * seconds(unit.unwrap_or(TimeUnits::Hours))
}

/// The seconds of one unit.
pub const fn seconds(unit: TimeUnits) -> i64 {
    match unit {
        TimeUnits::Seconds => 1,
        TimeUnits::Minutes => 60,
        TimeUnits::Hours => 3600,
        TimeUnits::Days => 86_400,
    }
}
