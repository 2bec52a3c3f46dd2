//! Issues tokens: two signatures side by side, and a session written while they are made.

use std::sync::Arc;

use cognate_shapes::auth::{AuthenticationResult, NewDeviceMetadata};
use cognate_shapes::error::Result;
use cognate_shapes::scalars::{DeviceKey, Text, Token};
use cognate_store::{Tx, sessions};

use super::claims::{self, Content, Groups, Subject};
use super::keys::{self, TokenUse};
use super::refresh;
use super::session::{SELF_SERVICE, Session};
use super::tracked::{self, LastUse};
use crate::accounts::devices;
use crate::accounts::user::User;
use crate::context::Context;
use crate::directory::{Client, Pool};
use crate::triggers::event::Occasion;
use crate::triggers::pre_token_generation::{self, Source};
use crate::visit::Visit;

/// How a user signed in, as far as the tokens and the session tell of it.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The event of the sign-in.
    pub event_id: String,
    /// How strong it was, as the pool calls it; absent where it has no level.
    pub acr: Option<String>,
    /// The methods that proved who the user is.
    pub amr: Vec<String>,
    /// What PreTokenGeneration is told of it.
    pub source: Source,
    /// The device it came from, where the pool tracks devices.
    pub device: Option<SessionDevice>,
}

/// The device of a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionDevice {
    pub key: String,
    /// Whether the key is one that was made for this sign-in, and may be confirmed with its token.
    pub new: bool,
}

/// Signs a user in: a new session with its refresh token, an ID token and an access token.
///
/// The session is the one durable write, and comes after the pool's function has had its say. `also` runs in the same transaction and before it: what the sign-in uses up
/// (a challenge) or changes (a password) happens with it or not at all, and its refusal refuses the sign-in.
#[expect(clippy::too_many_arguments, reason = "each caller has them all at hand")]
pub async fn sign_in(
    cx: &Context,
    pool: &Arc<Pool>,
    client: &Arc<Client>,
    user: &User,
    signed_in: SignedIn,
    visit: &Visit,
    also: impl Fn(&mut Tx<'_>) -> Result<()> + Send + Sync + 'static,
) -> Result<AuthenticationResult> {
    let source = signed_in.source;
    let met = signed_in.device.as_ref().filter(|device| device.new).map(|device| NewDeviceMetadata {
        device_key: Some(DeviceKey::trusted(&*device.key)),
        device_group_key: Some(Text::trusted(devices::group_key(cx, pool))),
    });
    let mut session = Session::begin(cx, client, user, signed_in, vec![SELF_SERVICE.to_owned()]);
    let tracked = tracked::is_on(pool);
    if tracked {
        session.last_use = Some(LastUse::of(visit, session.created_ms, None));
    }
    let content = content(cx, pool, client, user, &session, source, visit).await?;
    let first = refresh::first(cx, &pool.id, &user.id, &session)?;
    let row = session.row(&pool.id, &user.id, first.hash)?;
    let (same_pool, owner) = (Arc::clone(pool), user.clone());
    let write = cx.store.write(move |tx| {
        also(tx)?;
        if tracked {
            tracked::evict(tx, &same_pool, &owner, row.created_ms)?;
        }
        Ok(sessions::insert(tx, &row)?)
    });
    let signed = signed(cx, Subject { pool, client, user, content: &content, session: &session });
    // Signing comes first: where it is shed, nothing was written yet.
    let (mut result, ()) = tokio::try_join!(signed, write)?;
    result.refresh_token = Some(Token::trusted(first.token));
    result.new_device_metadata = met;
    Ok(result)
}

/// What the tokens of a session are to say beside what the server says anyway: the user's groups as they are now, and
/// what the pool's function makes of it all.
#[expect(clippy::too_many_arguments, reason = "each caller has them all at hand")]
pub async fn content(
    cx: &Context,
    pool: &Arc<Pool>,
    client: &Client,
    user: &User,
    session: &Session,
    source: Source,
    visit: &Visit,
) -> Result<Content> {
    let groups = groups_of(cx, pool, user).await?;
    let at = Occasion { cx, pool, client_id: Some(&client.id), visit };
    let mut changes = pre_token_generation::run(at, source, user, &groups, &session.scopes).await?;
    let instead = changes.as_mut().and_then(|changes| changes.groups.take());
    Ok(Content { groups: instead.unwrap_or(groups), changes })
}

/// New ID and access tokens of a session that goes on; attributes and groups are read anew.
pub async fn again(
    cx: &Context,
    pool: &Pool,
    client: &Client,
    user: &User,
    session: &Session,
    content: &Content,
) -> Result<AuthenticationResult> {
    signed(cx, Subject { pool, client, user, content, session }).await
}

async fn groups_of(cx: &Context, pool: &Arc<Pool>, user: &User) -> Result<Groups> {
    let (pool, user_id) = (Arc::clone(pool), user.id.clone());
    cx.store.read(move |tx| claims::groups(tx, &pool, &user_id)).await
}

async fn signed(cx: &Context, subject: Subject<'_>) -> Result<AuthenticationResult> {
    let keys = keys::of(cx, &subject.pool.id).await?;
    let now = cx.clock.now_ms();
    let (id_key, access_key) = (keys.signing(TokenUse::Id, now)?, keys.signing(TokenUse::Access, now)?);
    let (id_claims, access_claims) = (subject.id_claims(cx), subject.access_claims(cx));
    let id = cx.workers.run(move || id_key.sign(&id_claims));
    let access = cx.workers.run(move || access_key.sign(&access_claims));
    let (id, access) = tokio::try_join!(id, access)?;
    Ok(AuthenticationResult {
        access_token: Some(Token::trusted(access)),
        expires_in: Some(subject.client.access_token_life_s()),
        token_type: Some(Text::trusted("Bearer")),
        refresh_token: None,
        id_token: Some(Token::trusted(id)),
        new_device_metadata: None,
    })
}
