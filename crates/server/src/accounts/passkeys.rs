//! Users' passkeys: registered in two steps, listed, used and deleted.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate_crypto::seal::Kind;
use cognate_shapes::enums::AuthFactor;
use cognate_shapes::error::{Code, Error, Result};
use cognate_store::{Tx, codes, passkeys};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use webauthn_rs_core::proto::{Credential, RegistrationState};
use woothee::parser::Parser;

use super::relying_party::{ALGORITHMS, Flaw, Proof, Registered, RelyingParty};
use crate::context::Context;
use crate::directory::Pool;
use crate::tokens::verify::Bearer;

/// Most passkeys of one user.
const MOST: usize = 20;

/// How long a registration may take. Milliseconds.
const REGISTRATION_MS: i64 = 5 * 60_000;

/// How long a browser is told to wait for the user. Milliseconds.
const TIMEOUT_MS: u32 = 60_000;

/// What a registration waits under among the user's codes: each new one takes the place of the one before.
const PURPOSE: &str = "passkey";

/// One passkey of a user.
#[derive(Clone)]
pub struct Passkey {
    /// The credential's id.
    pub id: Vec<u8>,
    pub created_ms: i64,
    /// When it last signed its user in.
    pub used_ms: Option<i64>,
    /// The relying party it was made for, and can be used with.
    pub relying_party: String,
    /// What the user may know it by.
    pub name: String,
    /// `platform` or `cross-platform`, where the client said.
    pub attachment: Option<String>,
    /// How its provider is reached.
    pub transports: Vec<String>,
    /// Its public key and counter.
    pub credential: Credential,
}

impl fmt::Debug for Passkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passkey").field("relying_party", &self.relying_party).finish_non_exhaustive()
    }
}

/// The stored document of a passkey, version 1.
#[derive(Serialize, Deserialize)]
struct Document {
    v: u32,
    relying_party: String,
    name: String,
    attachment: Option<String>,
    transports: Vec<String>,
    used_ms: Option<i64>,
    credential: Credential,
}

/// The stored document of a registration that has begun, version 1.
#[derive(Serialize, Deserialize)]
struct Begun {
    v: u32,
    client_id: String,
    state: RegistrationState,
}

impl Passkey {
    /// The id as it is on the wire.
    pub fn wire_id(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.id)
    }

    /// Whether it lives in the device that its user signs in with.
    pub fn is_platform(&self) -> bool {
        self.attachment.as_deref() == Some("platform")
    }

    fn from_row(row: passkeys::Passkey) -> Result<Self> {
        let document: Document = read(&row.doc)?;
        if document.v != 1 {
            return Err(Error::internal(format!("a passkey of {} is stored in version {}", row.pool_id, document.v)));
        }
        Ok(Self {
            id: row.id,
            created_ms: row.created_ms,
            used_ms: document.used_ms,
            relying_party: document.relying_party,
            name: document.name,
            attachment: document.attachment,
            transports: document.transports,
            credential: document.credential,
        })
    }

    fn to_row(&self, pool: &Pool, user_id: &str) -> Result<passkeys::Passkey> {
        let document = Document {
            v: 1,
            relying_party: self.relying_party.clone(),
            name: self.name.clone(),
            attachment: self.attachment.clone(),
            transports: self.transports.clone(),
            used_ms: self.used_ms,
            credential: self.credential.clone(),
        };
        Ok(passkeys::Passkey {
            pool_id: pool.id.clone(),
            user_id: user_id.to_owned(),
            id: self.id.clone(),
            created_ms: self.created_ms,
            doc: write(&document)?,
        })
    }
}

/// All passkeys of the user, the oldest first.
pub fn of_user(tx: &mut Tx<'_>, pool: &Pool, user_id: &str) -> Result<Vec<Passkey>> {
    passkeys::of_user(tx, &pool.id, user_id)?.into_iter().map(Passkey::from_row).collect()
}

/// Those that the user can sign in with now: none where the pool does not allow passkeys, or has no relying party.
/// Passkeys of an earlier relying party are of no use.
pub fn usable(tx: &mut Tx<'_>, pool: &Pool, user_id: &str) -> Result<Vec<Passkey>> {
    let Some(relying_party) = RelyingParty::of(pool).filter(|_| are_allowed(pool)) else { return Ok(Vec::new()) };
    let mut all = of_user(tx, pool, user_id)?;
    all.retain(|passkey| passkey.relying_party == relying_party.id());
    Ok(all)
}

/// Whether users of the pool may sign in with passkeys.
pub fn are_allowed(pool: &Pool) -> bool {
    pool.first_factors().contains(&AuthFactor::WebAuthn)
}

/// Notes that a passkey was used. Refuses one that is gone, and one whose counter another use has passed meanwhile.
pub fn used(tx: &mut Tx<'_>, pool: &Pool, user_id: &str, id: &[u8], proof: Proof, now_ms: i64) -> Result<()> {
    let row = passkeys::get(tx, &pool.id, user_id, id)?.ok_or_else(Error::incorrect_username_or_password)?;
    let mut passkey = Passkey::from_row(row)?;
    let credential = &mut passkey.credential;
    if (proof.counter > 0 || credential.counter > 0) && proof.counter <= credential.counter {
        return Err(Error::incorrect_username_or_password());
    }
    credential.counter = proof.counter;
    credential.backup_state = proof.backup_state;
    passkey.used_ms = Some(now_ms);
    passkeys::update(tx, &passkey.to_row(pool, user_id)?)?;
    Ok(())
}

/// `PublicKeyCredentialCreationOptionsJSON`, its members in the service's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreationOptions<'a> {
    rp: Named<'a>,
    user: Account<'a>,
    challenge: String,
    pub_key_cred_params: Vec<Algorithm>,
    timeout: u32,
    exclude_credentials: Vec<Descriptor>,
    authenticator_selection: Selection,
}

#[derive(Serialize)]
struct Named<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Account<'a> {
    id: String,
    name: &'a str,
    display_name: &'a str,
}

#[derive(Serialize)]
struct Algorithm {
    r#type: &'static str,
    alg: i64,
}

#[derive(Serialize)]
struct Descriptor {
    r#type: &'static str,
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Selection {
    require_resident_key: bool,
    resident_key: &'static str,
    user_verification: &'static str,
}

/// Begins to register a passkey: what the browser needs to have one made.
pub async fn begin_registration(cx: &Context, bearer: &Bearer) -> Result<Map<String, Value>> {
    let (pool, user) = (&bearer.pool, &bearer.user);
    let relying_party = relying_party(pool)?;
    let (same_pool, user_id) = (Arc::clone(pool), user.id.clone());
    let known = cx.store.read(move |tx| of_user(tx, &same_pool, &user_id)).await?;
    if known.len() >= MOST {
        return Err(Error::too_many_passkeys(MOST));
    }
    let ids = known.iter().map(|passkey| passkey.id.clone()).collect();
    let (challenge, state) = relying_party.begin_registration(&user.id, &user.username, ids)?;
    let now = cx.clock.now_ms();
    let begun = codes::Code {
        pool_id: pool.id.clone(),
        user_id: user.id.clone(),
        purpose: PURPOSE.to_owned(),
        hash: cx.seals.keyed_hash(Kind::Code, &challenge).to_vec(),
        created_ms: now,
        expires_ms: now + REGISTRATION_MS,
        attempts: 0,
        doc: write(&Begun { v: 1, client_id: bearer.client.id.clone(), state })?,
    };
    cx.store.write(move |tx| codes::put(tx, &begun).map_err(Error::from)).await?;

    let options = CreationOptions {
        rp: Named { id: relying_party.id(), name: relying_party.id() },
        user: Account { id: URL_SAFE_NO_PAD.encode(&user.id), name: &user.username, display_name: &user.username },
        challenge: URL_SAFE_NO_PAD.encode(challenge),
        pub_key_cred_params: ALGORITHMS.map(|alg| Algorithm { r#type: "public-key", alg }).into(),
        timeout: TIMEOUT_MS,
        exclude_credentials: known
            .iter()
            .map(|passkey| Descriptor { r#type: "public-key", id: passkey.wire_id() })
            .collect(),
        authenticator_selection: Selection {
            require_resident_key: true,
            resident_key: "required",
            user_verification: relying_party.user_verification(),
        },
    };
    match serde_json::to_value(options) {
        Ok(Value::Object(options)) => Ok(options),
        _ => Err(Error::internal("passkey options do not serialize")),
    }
}

/// Registers the passkey that the browser had made. `user_agent` names the browser.
pub async fn complete_registration(
    cx: &Context,
    bearer: &Bearer,
    response: Value,
    user_agent: Option<&str>,
) -> Result<()> {
    let (pool, user) = (Arc::clone(&bearer.pool), &bearer.user);
    let relying_party = relying_party(&pool).map_err(|error| match error.code {
        // This operation has no other word for a relying party that is gone.
        Code::WebAuthnConfigurationMissing => Error::relying_party_mismatch(),
        _ => error,
    })?;
    let (pool_id, user_id) = (pool.id.clone(), user.id.clone());
    let begun = cx.store.read(move |tx| Ok::<_, Error>(codes::get(tx, &pool_id, &user_id, PURPOSE)?)).await?;
    let now = cx.clock.now_ms();
    let begun = begun.filter(|begun| now < begun.expires_ms).ok_or_else(Error::registration_challenge_not_found)?;
    let Begun { client_id, state, .. } = read(&begun.doc)?;
    if client_id != bearer.client.id {
        return Err(Error::registration_client_mismatch());
    }
    let id = relying_party.id().to_owned();
    let registered = cx.workers.run(move || relying_party.register(&response, &state)).await?;
    let Registered { credential, attachment, transports } = registered.map_err(refusal)?;
    let passkey = Passkey {
        id: credential.cred_id.clone(),
        created_ms: now,
        used_ms: None,
        relying_party: id,
        name: user_agent.map_or_else(|| UNNAMED.to_owned(), name),
        attachment,
        transports,
        credential,
    };
    let row = passkey.to_row(&pool, &user.id)?;
    cx.store
        .write(move |tx| {
            // Of two that answer one challenge, one is registered; a newer challenge ends an older one.
            let waiting = codes::get(tx, &row.pool_id, &row.user_id, PURPOSE)?;
            if waiting.is_none_or(|waiting| waiting.hash != begun.hash) {
                return Err(Error::registration_challenge_not_found());
            }
            codes::delete(tx, &row.pool_id, &row.user_id, PURPOSE)?;
            if passkeys::of_user(tx, &row.pool_id, &row.user_id)?.len() >= MOST {
                return Err(Error::too_many_passkeys(MOST));
            }
            let new = passkeys::insert_if_absent(tx, &row)?;
            if new { Ok(()) } else { Err(Error::passkey_exists()) }
        })
        .await
}

/// Deletes a passkey of the user by its id on the wire.
pub async fn delete(cx: &Context, bearer: &Bearer, id: &str) -> Result<()> {
    let id = URL_SAFE_NO_PAD.decode(id.trim_end_matches('=')).map_err(|_| Error::passkey_not_found())?;
    let (pool_id, user_id) = (bearer.pool.id.clone(), bearer.user.id.clone());
    let deleted = cx.store.write(move |tx| passkeys::delete(tx, &pool_id, &user_id, &id).map_err(Error::from)).await?;
    if deleted { Ok(()) } else { Err(Error::passkey_not_found()) }
}

/// The relying party of a pool whose users may have passkeys.
fn relying_party(pool: &Pool) -> Result<RelyingParty> {
    if !are_allowed(pool) {
        return Err(Error::web_authn_not_enabled());
    }
    RelyingParty::of(pool).ok_or_else(Error::relying_party_missing)
}

/// What the API says of a registration that is refused.
fn refusal(flaw: Flaw) -> Error {
    match flaw {
        Flaw::Malformed => Error::invalid_credential(),
        Flaw::OtherChallenge => Error::registration_challenge_not_found(),
        Flaw::Origin => Error::origin_not_allowed(),
        Flaw::OtherRelyingParty => Error::relying_party_mismatch(),
        Flaw::OtherPasskey | Flaw::Unverified | Flaw::Forged | Flaw::Unsupported => Error::passkey_not_supported(),
    }
}

/// What a passkey is called whose browser does not say what it is.
const UNNAMED: &str = "Passkey";

/// `Chrome on Linux`, from a browser's User-Agent.
fn name(user_agent: &str) -> String {
    let known = |word: &&str| !word.is_empty() && *word != "UNKNOWN";
    let browser = Parser::new().parse(user_agent);
    let Some(browser) = browser.filter(|browser| known(&browser.name)) else { return UNNAMED.to_owned() };
    match Some(browser.os).filter(known) {
        Some(os) => format!("{} on {os}", browser.name),
        None => browser.name.to_owned(),
    }
}

fn read<'a, T: Deserialize<'a>>(doc: &'a str) -> Result<T> {
    serde_json::from_str(doc).map_err(|error| Error::internal("a stored passkey does not read").caused_by(error))
}

fn write(document: &impl Serialize) -> Result<String> {
    serde_json::to_string(document).map_err(|error| Error::internal("a passkey does not serialize").caused_by(error))
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn passkeys_are_named_after_browsers() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36";
        assert_eq!(name(chrome), "Chrome on Linux");
        assert_eq!(name("aws-sdk-js/3.0"), "Passkey");
        assert_eq!(name(""), "Passkey");
    }
}
