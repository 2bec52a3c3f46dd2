//! WEB_AUTHN: a passkey of the user signs the server's challenge.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::{Error, Result};
use cognate_shapes::json;
use serde::Serialize;
use webauthn_rs_core::proto::AuthenticationState;

use super::Challenge;
use crate::accounts::factors::Factor;
use crate::accounts::passkeys::{self, Passkey};
use crate::accounts::relying_party::RelyingParty;
use crate::accounts::unknown;
use crate::accounts::user::User;
use crate::auth::progress::{Changes, Progress};
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step, next};

/// Bytes of the longest `CREDENTIAL` that is read.
const LONGEST: usize = 65_536;

pub struct WebAuthn;

/// `PublicKeyCredentialRequestOptionsJSON`, its members in the service's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestOptions<'a> {
    challenge: String,
    timeout: i64,
    rp_id: &'a str,
    allow_credentials: Vec<Descriptor<'a>>,
    user_verification: &'static str,
}

#[derive(Serialize)]
struct Descriptor<'a> {
    r#type: &'static str,
    id: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    transports: &'a [String],
}

/// Asks a user for one of the passkeys that [`passkeys::usable`] gives.
pub async fn ask(attempt: &Attempt<'_>, user: &User, progress: Progress) -> Result<Step> {
    let usable = usable(attempt, user).await?;
    let allowed = usable
        .iter()
        .map(|passkey| Descriptor { r#type: "public-key", id: passkey.wire_id(), transports: &passkey.transports })
        .collect();
    question(attempt, user.credential.as_deref(), progress, allowed)
}

/// Asks for a passkey of a name that nobody has: always the same one, which nothing can sign for.
pub fn ask_unknown(attempt: &Attempt<'_>, progress: Progress) -> Result<Step> {
    let id = URL_SAFE_NO_PAD.encode(unknown::passkey_id(attempt.cx, &attempt.pool, &progress.typed));
    let transports = ["hybrid", "internal"].map(str::to_owned);
    question(attempt, None, progress, vec![Descriptor { r#type: "public-key", id, transports: &transports }])
}

fn question(
    attempt: &Attempt<'_>,
    credential: Option<&[u8]>,
    progress: Progress,
    allow_credentials: Vec<Descriptor<'_>>,
) -> Result<Step> {
    let relying_party = RelyingParty::of(&attempt.pool).ok_or_else(Error::relying_party_missing_at_sign_in)?;
    let (challenge, state) = relying_party.begin_proof()?;
    let options = RequestOptions {
        challenge: URL_SAFE_NO_PAD.encode(challenge),
        timeout: attempt.client.challenge_life_ms(),
        rp_id: relying_party.id(),
        allow_credentials,
        user_verification: relying_party.user_verification(),
    };
    let options = serde_json::to_string(&options)
        .map_err(|error| Error::internal("a challenge does not serialize").caused_by(error))?;
    let pending = Pending::new(attempt, ChallengeName::WebAuthn, progress)
        .with_detail(&state)?
        .resting_on(attempt.cx, credential);
    Step::challenge(attempt.cx, &pending, [("CREDENTIAL_REQUEST_OPTIONS", options)])
}

impl Challenge for WebAuthn {
    const NAME: ChallengeName = ChallengeName::WebAuthn;
    type Asked = Pending;

    async fn answer(attempt: &Attempt<'_>, asked: Pending) -> Result<Step> {
        let username = attempt.required("USERNAME")?;
        let credential = attempt.required("CREDENTIAL")?;
        let user = asked.answerer(attempt, username).await?;
        // Nobody guesses a signature: a lock would keep out users alone.
        let judged = match user {
            Some(user) => judge(attempt, &asked, &user, credential).await?.map(|proved| (user, proved)),
            None => None,
        };
        let Some((user, (factor, changes))) = judged else {
            return Err(Error::incorrect_username_or_password());
        };
        let met = asked.met();
        next::next(attempt, user, asked.progress.with(factor), met.and(move |tx| changes.apply(tx))).await
    }
}

/// Judges what the user's browser says a passkey signed. `None` if it proves nothing; else what it proves, and what its
/// use changes.
async fn judge(
    attempt: &Attempt<'_>,
    asked: &Pending,
    user: &User,
    credential: &str,
) -> Result<Option<(Factor, Changes)>> {
    let Some(relying_party) = RelyingParty::of(&attempt.pool) else { return Ok(None) };
    if credential.len() > LONGEST {
        return Ok(None);
    }
    let Ok(response) = json::value(credential.as_bytes()) else { return Ok(None) };
    let state: AuthenticationState = asked.detail()?;
    let usable = usable(attempt, user).await?;
    let credentials = usable.iter().map(|passkey| passkey.credential.clone()).collect();
    let user_id = user.id.clone();
    let proved = attempt.cx.workers.run(move || relying_party.prove(&response, state, &user_id, credentials)).await?;
    let Ok((id, proof)) = proved else { return Ok(None) };
    let platform = usable.iter().any(|passkey| passkey.id == id && passkey.is_platform());
    let factor = Factor::Passkey { platform, verified: proof.user_verified };
    let (pool, user_id, now) = (Arc::clone(&attempt.pool), user.id.clone(), attempt.cx.clock.now_ms());
    let changes = Changes::none().and(move |tx| passkeys::used(tx, &pool, &user_id, &id, proof, now));
    Ok(Some((factor, changes)))
}

async fn usable(attempt: &Attempt<'_>, user: &User) -> Result<Vec<Passkey>> {
    let (pool, user_id) = (Arc::clone(&attempt.pool), user.id.clone());
    attempt.cx.store.read(move |tx| passkeys::usable(tx, &pool, &user_id)).await
}
