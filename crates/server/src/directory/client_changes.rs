//! App clients made, changed and ended, and the secrets they hold: each change in one transaction, and every node told.

use cognate_crypto::ids;
use cognate_crypto::seal::Kind;
use cognate_shapes::client::ClientSettings;
use cognate_shapes::error::{Error, Result};
use cognate_store::client_secrets::{self, ClientSecret};
use cognate_store::{Tx, clients};
use zeroize::Zeroizing;

use super::client::{Client, Secret};
use super::pool::Pool;
use super::pool_changes::stored;
use super::{changed, client_rules};
use crate::access::Principal;
use crate::context::Context;

/// A secret of a client: the caller's own text, or a new one.
pub fn secret(cx: &Context, given: Option<&str>, client_id: &str, now_ms: i64) -> Secret {
    let value = given.map_or_else(|| ids::client_secret(cx.rng.bytes()), str::to_owned);
    Secret::new(secret_id(client_id, now_ms.div_euclid(1000)), now_ms, Zeroizing::new(value))
}

/// The name of a secret says when it was made, in seconds.
fn secret_id(client_id: &str, made_s: i64) -> String {
    format!("{client_id}--{made_s}")
}

/// Keeps a new client of the caller's pool with its settings settled, and answers it.
pub async fn insert(cx: &Context, principal: &Principal, client: Client) -> Result<Client> {
    let principal = principal.clone();
    let sealed: Vec<ClientSecret> = client.secrets.iter().map(|secret| sealed(cx, &client, secret)).collect();
    let most = cx.config.limits.clients_per_pool;
    cx.store
        .write(move |tx| {
            let pool = stored(tx, &principal, &client.pool_id)?;
            let settings = client_rules::settled(client.settings.clone(), &pool, client.is_confidential())?;
            if clients::count(tx, &pool.id)? as u64 >= most {
                return Err(Error::too_many_clients(most));
            }
            let client = Client { settings, ..client.clone() };
            clients::insert(tx, &client.to_row()?)?;
            for secret in &sealed {
                client_secrets::insert(tx, secret)?;
            }
            Ok(client)
        })
        .await
}

/// Replaces a client's settings, and its name where one is given; answers the client.
pub async fn replace(
    cx: &Context,
    principal: &Principal,
    before: &Client,
    name: Option<&str>,
    given: ClientSettings,
) -> Result<Client> {
    let principal = principal.clone();
    let client =
        Client { name: name.unwrap_or(&before.name).to_owned(), modified_ms: cx.clock.now_ms(), ..before.clone() };
    let id = client.id.clone();
    let client = cx
        .store
        .write(move |tx| {
            let pool = stored(tx, &principal, &client.pool_id)?;
            let settings = client_rules::settled(given.clone(), &pool, client.is_confidential())?;
            let client = Client { settings, ..client.clone() };
            if !clients::update(tx, &client.to_row()?)? {
                return Err(Error::client_not_found(&client.id));
            }
            tx.publish(changed(&client.id))?;
            Ok(client)
        })
        .await?;
    cx.directory.forget(Some(&changed(&id)));
    Ok(client)
}

/// Changes how long a browser's session signs in to a client that was just read.
pub async fn set_sso_minutes(cx: &Context, before: &Client, minutes: i64) -> Result<()> {
    let client = Client { sso_minutes: Some(minutes), modified_ms: cx.clock.now_ms(), ..before.clone() };
    let row = client.to_row()?;
    cx.store
        .write(move |tx| {
            if !clients::update(tx, &row)? {
                return Err(Error::client_not_found(&row.id));
            }
            Ok(tx.publish(changed(&row.id))?)
        })
        .await?;
    cx.directory.forget(Some(&changed(&before.id)));
    Ok(())
}

/// Ends a client of the caller's pool.
pub async fn delete(cx: &Context, pool: &Pool, id: &str) -> Result<()> {
    let (pool_id, wanted) = (pool.id.clone(), id.to_owned());
    cx.store
        .write(move |tx| {
            if !clients::delete(tx, &pool_id, &wanted)? {
                return Err(Error::client_not_found(&wanted));
            }
            Ok(tx.publish(changed(&wanted))?)
        })
        .await?;
    cx.directory.forget(Some(&changed(id)));
    Ok(())
}

/// Gives a confidential client one more secret, and answers it as it is called.
pub async fn add_secret(cx: &Context, client: &Client, mut secret: Secret) -> Result<Secret> {
    let most = cx.config.limits.secrets_per_client;
    let row = sealed(cx, client, &secret);
    let id = client.id.clone();
    secret.id = cx
        .store
        .write(move |tx| {
            let present = secrets_of(tx, &row.pool_id, &row.client_id)?;
            if present.is_empty() {
                return Err(Error::client_is_public(&row.client_id));
            }
            if present.len() as u64 >= most {
                return Err(Error::too_many_secrets(most));
            }
            // Two secrets of one second still need two names.
            let mut made_s = row.created_ms.div_euclid(1000);
            while present.iter().any(|one| one.id == secret_id(&row.client_id, made_s)) {
                made_s += 1;
            }
            let row = ClientSecret { id: secret_id(&row.client_id, made_s), ..row.clone() };
            client_secrets::insert(tx, &row)?;
            tx.publish(changed(&row.client_id))?;
            Ok(row.id)
        })
        .await?;
    cx.directory.forget(Some(&changed(&id)));
    Ok(secret)
}

/// Takes one of two secrets away from a client.
pub async fn delete_secret(cx: &Context, client: &Client, secret_id: &str) -> Result<()> {
    let (pool, id, wanted) = (client.pool_id.clone(), client.id.clone(), secret_id.to_owned());
    cx.store
        .write(move |tx| {
            let present = secrets_of(tx, &pool, &id)?;
            if present.is_empty() {
                return Err(Error::client_is_public(&id));
            }
            if !present.iter().any(|secret| secret.id == wanted) {
                return Err(Error::secret_not_found(&wanted));
            }
            if present.len() == 1 {
                return Err(Error::last_secret());
            }
            client_secrets::delete(tx, &pool, &id, &wanted)?;
            Ok(tx.publish(changed(&id))?)
        })
        .await?;
    cx.directory.forget(Some(&changed(&client.id)));
    Ok(())
}

/// The secrets of a client that is still there.
fn secrets_of(tx: &mut Tx<'_>, pool_id: &str, id: &str) -> Result<Vec<ClientSecret>> {
    match clients::get(tx, id)? {
        Some(client) if client.pool_id == pool_id => Ok(client_secrets::list(tx, pool_id, id)?),
        _ => Err(Error::client_not_found(id)),
    }
}

fn sealed(cx: &Context, client: &Client, secret: &Secret) -> ClientSecret {
    let context = Client::seal_context(&client.pool_id, &client.id);
    ClientSecret {
        pool_id: client.pool_id.clone(),
        client_id: client.id.clone(),
        id: secret.id.clone(),
        created_ms: secret.created_ms,
        sealed: cx.seals.seal(&cx.rng, Kind::ClientSecret, secret.expose().as_bytes(), &context),
    }
}
