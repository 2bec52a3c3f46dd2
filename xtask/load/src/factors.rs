//! Pools whose users sign in by more than a password, and the users' halves of it: authenticator apps and passkeys.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::cognito::{Caller, PASSWORD, now, username};
use crate::passkey::Passkey;
use crate::triggers;
use crate::work::Work;

/// A code is good once: so many users that their codes last for a run.
const USERS_WITH_CODES: u64 = 5000;
const USERS: u64 = 200;

/// What the users of a pool have enrolled.
#[derive(Debug)]
pub struct Enrolled {
    pub client: String,
    pub users: Vec<User>,
    next: AtomicU64,
}

#[derive(Debug)]
pub struct User {
    pub name: String,
    pub app: Option<App>,
    pub passkey: Option<Passkey>,
}

/// An authenticator app (RFC 6238).
#[derive(Debug)]
pub struct App {
    secret: Vec<u8>,
    /// The last time step whose code was used.
    used: AtomicU64,
}

impl Enrolled {
    /// The user whose turn it is.
    pub fn next(&self) -> &User {
        let number = self.next.fetch_add(1, Ordering::Relaxed) as usize;
        &self.users[number % self.users.len()]
    }
}

impl App {
    /// A code that was not used yet: of the step before this one, of this one or of the next.
    pub fn code(&self) -> Result<String> {
        let step = now()? as u64 / 30;
        let used = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| Some((used + 1).max(step - 1)));
        let unused = (used.unwrap_or_default() + 1).max(step - 1);
        anyhow::ensure!(unused <= step + 1, "the users' codes are used up: run fewer seconds");
        Ok(code(&self.secret, unused))
    }
}

fn code(secret: &[u8], step: u64) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = aws_lc_rs::hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[19] & 15);
    let number = u32::from_be_bytes([tag[at] & 0x7f, tag[at + 1], tag[at + 2], tag[at + 3]]);
    format!("{:06}", number % 1_000_000)
}

/// A pool of its own for work that needs one. `triggers` is where the server sends its triggers.
pub async fn enrol(
    address: SocketAddr,
    connections: usize,
    work: Work,
    triggers: Option<SocketAddr>,
) -> Result<Option<Arc<Enrolled>>> {
    let (settings, users) = match work {
        Work::Totp => (json!({}), USERS_WITH_CODES),
        Work::Passkey => {
            (json!({ "Policies": { "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"] } } }), USERS)
        }
        Work::Custom => {
            let listener = triggers.context("custom sign-in needs --triggers")?;
            triggers::serve(listener).await?;
            (json!({ "LambdaConfig": triggers::lambda_config() }), USERS)
        }
        _ => return Ok(None),
    };
    let mut caller = Caller::connect(address).await?;
    let mut request = settings;
    request["PoolName"] = json!("load");
    let pool = caller.ask("CreateUserPool", &request).await?;
    let pool = pool["UserPool"]["Id"].as_str().context("a pool has an id")?.to_owned();
    let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
    let client = json!({ "UserPoolId": pool, "ClientName": "load", "ExplicitAuthFlows": flows });
    let client = caller.ask("CreateUserPoolClient", &client).await?;
    let client = client["UserPoolClient"]["ClientId"].as_str().context("a client has an id")?.to_owned();
    let factors = match work {
        Work::Totp => json!({ "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": { "Enabled": true } }),
        _ => json!({ "MfaConfiguration": "OFF", "WebAuthnConfiguration": { "RelyingPartyId": "localhost" } }),
    };
    let mut factors = factors;
    factors["UserPoolId"] = json!(pool);
    caller.tell("SetUserPoolMfaConfig", &factors).await?;

    let next = Arc::new(AtomicU64::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..connections {
        let (next, pool, client) = (Arc::clone(&next), pool.clone(), client.clone());
        callers.spawn(async move {
            let mut caller = Caller::connect(address).await?;
            let mut enrolled = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= users {
                    return anyhow::Ok(enrolled);
                }
                enrolled.push(enrol_one(&mut caller, work, &pool, &client, username(number)).await?);
            }
        });
    }
    let mut users = Vec::new();
    while let Some(done) = callers.join_next().await {
        users.extend(done??);
    }
    Ok(Some(Arc::new(Enrolled { client, users, next: AtomicU64::new(0) })))
}

async fn enrol_one(caller: &mut Caller, work: Work, pool: &str, client: &str, name: String) -> Result<User> {
    let user = json!({ "UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS" });
    caller.tell("AdminCreateUser", &user).await?;
    let password = json!({ "UserPoolId": pool, "Username": name, "Password": PASSWORD, "Permanent": true });
    caller.tell("AdminSetUserPassword", &password).await?;
    let (mut app, mut passkey) = (None, None);
    match work {
        Work::Totp => {
            let token = caller.sign_in_by_password(client, &name).await?.access;
            let secret = caller.ask("AssociateSoftwareToken", &json!({ "AccessToken": token })).await?;
            let secret = secret["SecretCode"].as_str().context("an app has a secret")?;
            let secret =
                totp_rs::Secret::try_from_base32(secret).ok().context("secrets are base32")?.as_bytes().to_vec();
            let step = now()? as u64 / 30 - 1;
            let verify = json!({ "AccessToken": token, "UserCode": code(&secret, step) });
            caller.tell("VerifySoftwareToken", &verify).await?;
            let preference = json!({
                "AccessToken": token,
                "SoftwareTokenMfaSettings": { "Enabled": true, "PreferredMfa": true },
            });
            caller.tell("SetUserMFAPreference", &preference).await?;
            app = Some(App { secret, used: AtomicU64::new(step) });
        }
        Work::Passkey => {
            let token = caller.sign_in_by_password(client, &name).await?.access;
            let options: Value = caller.ask("StartWebAuthnRegistration", &json!({ "AccessToken": token })).await?;
            let made = Passkey::make(&options["CredentialCreationOptions"])?;
            let complete = json!({ "AccessToken": token, "Credential": made.registration });
            caller.tell("CompleteWebAuthnRegistration", &complete).await?;
            passkey = Some(made.passkey);
        }
        _ => {}
    }
    Ok(User { name, app, passkey })
}

#[cfg(test)]
mod tests {
    use super::code;

    /// RFC 6238 appendix B, the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = b"12345678901234567890";
        assert_eq!(code(secret, 59 / 30), "287082");
        assert_eq!(code(secret, 1_111_111_109 / 30), "081804");
    }
}
