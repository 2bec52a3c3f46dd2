//! USER_SRP_AUTH: the caller proves the password without sending it. Answers PASSWORD_VERIFIER.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_crypto::srp::{self, ServerStep};
use cognate_shapes::enums::{AuthFlow, ChallengeName};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::Text;

use super::Flow;
use crate::accounts::names::{is_email, is_phone_number};
use crate::accounts::{password, unknown};
use crate::auth::challenges::password_verifier::SecretBlock;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Door, Step};

pub struct UserSrpAuth;

impl Flow for UserSrpAuth {
    const NAMES: &'static [AuthFlow] = &[AuthFlow::UserSrpAuth];
    const DOORS: &'static [Door] = &[Door::Public, Door::Admin];

    fn not_enabled(door: Door) -> &'static str {
        match door {
            Door::Public => "USER_SRP_AUTH is not enabled for the client.",
            Door::Admin => "Auth flow not enabled for this client",
        }
    }

    /// A name that nobody has gets a challenge as well where the client may not learn who exists: the same one every time
    /// but for B, which is always new.
    async fn begin(attempt: &Attempt<'_>) -> Result<Step> {
        let (cx, pool) = (attempt.cx, &attempt.pool);
        let typed = attempt.required("USERNAME")?;
        let a = attempt.required("SRP_A")?;
        attempt.check_secret_hash(&[typed])?;
        let a = srp::parse_a(a).map_err(|_| Error::invalid("SRP_A is not a valid public value."))?;
        let user = attempt.user(typed).await?;
        let (user_id, username) = match &user {
            Some(user) => (user.id.clone(), user.username.clone()),
            None => unknown_names(attempt, typed),
        };
        let verifier = match &user {
            Some(user) => password::verifier(cx, pool, user)?,
            None => None,
        };
        let verifier = verifier.unwrap_or_else(|| unknown::verifier(cx, pool, &username));
        let salt = verifier.salt_hex();
        let b = cx.rng.bytes();
        let step = cx.workers.run(move || ServerStep::start(&verifier, b)).await?;

        let pending = Pending::new(attempt, ChallengeName::PasswordVerifier, &user_id, &username, typed);
        let session = pending.seal(cx)?;
        let b_public = step.b_public();
        let block = SecretBlock { step, a, pending }.seal(cx)?;
        let parameters = [
            ("SALT", salt),
            ("SECRET_BLOCK", STANDARD.encode(block)),
            ("SRP_B", b_public),
            ("USERNAME", username.clone()),
            ("USER_ID_FOR_SRP", username),
        ];
        Ok(Step::Challenge {
            name: ChallengeName::PasswordVerifier,
            parameters: parameters
                .map(|(name, value)| (Text::trusted(name), Text::trusted(value)))
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
            session,
        })
    }
}

/// The `sub` and internal username that nobody's name seems to have. Where a user would have another internal name than
/// the one typed, that is the `sub`.
fn unknown_names(attempt: &Attempt<'_>, typed: &str) -> (String, String) {
    let user_id = unknown::user_id(attempt.cx, &attempt.pool, typed);
    let alias = !attempt.pool.alias_attributes().is_empty() && (is_email(typed) || is_phone_number(typed));
    let username =
        if alias || !attempt.pool.username_attributes().is_empty() { user_id.clone() } else { typed.to_owned() };
    (user_id, username)
}
