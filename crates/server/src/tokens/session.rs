//! A signed-in session: what every token that comes from one sign-in shares, and what revokes them together.

use cognate_shapes::error::{Error, Result};
use cognate_store::sessions;
use serde::{Deserialize, Serialize};

use super::issue::SignedIn;
use super::tracked::LastUse;
use crate::accounts::user::User;
use crate::context::Context;
use crate::directory::Client;

/// The scope of tokens that the API issues: the holder may act on the own account.
pub const SELF_SERVICE: &str = "aws.cognito.signin.user.admin";

/// The past of a token: one sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The `origin_jti`, a time-ordered UUID.
    pub id: String,
    pub client_id: String,
    pub created_ms: i64,
    /// Until when the refresh token is good, however often it rotates.
    pub expires_ms: i64,
    /// When the user proved who they are, in seconds.
    pub auth_time_s: i64,
    pub event_id: String,
    /// How strong the sign-in was, as the pool called it then.
    pub acr: Option<String>,
    pub amr: Vec<String>,
    /// The key of the device it came from, where the pool tracked devices.
    pub device_key: Option<String>,
    /// Where the pool tracks sessions: when and from where it was used last.
    pub last_use: Option<LastUse>,
    pub scopes: Vec<String>,
}

/// The stored document of a session, version 1.
#[derive(Serialize, Deserialize)]
struct Document {
    v: u32,
    auth_time_s: i64,
    event_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    amr: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_use: Option<LastUse>,
    scopes: Vec<String>,
}

impl Session {
    /// A session that begins now.
    pub fn begin(cx: &Context, client: &Client, user: &User, signed_in: SignedIn, scopes: Vec<String>) -> Self {
        let now = cx.clock.now_ms();
        // A sign-in in the very millisecond of a global sign-out comes after it.
        let created_ms = now.max(user.signed_out_ms + 1);
        let event_id = signed_in.event_id;
        // Without an origin_jti in the tokens, the event alone leads an access token back to its session.
        let id = if client.revokes_tokens() { cx.rng.ordered_uuid(now) } else { event_id.clone() };
        Self {
            id,
            client_id: client.id.clone(),
            created_ms,
            expires_ms: now + client.refresh_token_life_s() * 1000,
            auth_time_s: now.div_euclid(1000),
            event_id,
            acr: signed_in.acr,
            amr: signed_in.amr,
            device_key: signed_in.device.map(|device| device.key),
            last_use: None,
            scopes,
        }
    }

    /// Reads a stored session.
    pub fn from_row(row: &sessions::Session) -> Result<Self> {
        let document: Document = serde_json::from_str(&row.doc)
            .map_err(|error| Error::internal("a stored session does not read").caused_by(error))?;
        if document.v != 1 {
            return Err(Error::internal(format!("session {} is stored in version {}", row.id, document.v)));
        }
        Ok(Self {
            id: row.id.clone(),
            client_id: row.client_id.clone(),
            created_ms: row.created_ms,
            expires_ms: row.expires_ms,
            auth_time_s: document.auth_time_s,
            event_id: document.event_id,
            acr: document.acr,
            amr: document.amr,
            device_key: document.device_key,
            last_use: document.last_use,
            scopes: document.scopes,
        })
    }

    /// The row of a session that has just begun, with the hash of its first refresh token.
    pub fn row(&self, pool_id: &str, user_id: &str, token_hash: Vec<u8>) -> Result<sessions::Session> {
        Ok(sessions::Session {
            pool_id: pool_id.to_owned(),
            user_id: user_id.to_owned(),
            id: self.id.clone(),
            client_id: self.client_id.clone(),
            created_ms: self.created_ms,
            expires_ms: self.expires_ms,
            revoked_ms: None,
            token_hash,
            previous_hash: None,
            rotated_ms: None,
            doc: self.doc()?,
        })
    }

    /// The document to store.
    pub fn doc(&self) -> Result<String> {
        let document = Document {
            v: 1,
            auth_time_s: self.auth_time_s,
            event_id: self.event_id.clone(),
            acr: self.acr.clone(),
            amr: self.amr.clone(),
            device_key: self.device_key.clone(),
            last_use: self.last_use.clone(),
            scopes: self.scopes.clone(),
        };
        serde_json::to_string(&document)
            .map_err(|error| Error::internal("a session does not serialize").caused_by(error))
    }
}

/// Whether a session is over for good: revoked by itself, or with all that the user had at the last global sign-out.
pub fn is_revoked(row: &sessions::Session, user: &User) -> bool {
    row.revoked_ms.is_some() || row.created_ms <= user.signed_out_ms
}
