//! The proof of a password that is not sent (SRP-6a): the server's half of the exchange.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_crypto::srp::{self, ServerStep};
use cognate_shapes::enums::{AuthFlow, ChallengeName};
use cognate_shapes::error::{Error, Result};

use crate::accounts::names::{is_email, is_phone_number};
use crate::accounts::user::User;
use crate::accounts::{password, unknown};
use crate::auth::challenges::password_verifier::SecretBlock;
use crate::auth::progress::Progress;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step};

/// Begins a sign-in with USERNAME and SRP_A.
pub async fn begin(attempt: &Attempt<'_>, flow: AuthFlow) -> Result<Step> {
    let typed = attempt.required("USERNAME")?;
    let a = attempt.required("SRP_A")?;
    attempt.check_secret_hash(&[typed])?;
    srp::parse_a(a).map_err(|_| bad_public_value())?;
    let user = attempt.user(typed).await?;
    let progress = match &user {
        Some(user) => Progress::of(attempt, flow, user, typed),
        None => unknown_progress(attempt, flow, typed),
    };
    ask(attempt, user.as_ref(), progress, a).await
}

/// Asks PASSWORD_VERIFIER of whom `progress` is about, for the caller's public value.
///
/// A name that nobody has gets a challenge as well where the client may not learn who exists: the same one every time but
/// for B, which is always new.
pub async fn ask(attempt: &Attempt<'_>, user: Option<&User>, progress: Progress, a: &str) -> Result<Step> {
    let (cx, pool) = (attempt.cx, &attempt.pool);
    let a = srp::parse_a(a).map_err(|_| bad_public_value())?;
    let username = progress.username.clone();
    let verifier = match user {
        Some(user) => password::verifier(cx, pool, user)?,
        None => None,
    };
    let verifier = verifier.unwrap_or_else(|| unknown::verifier(cx, pool, &username));
    let salt = verifier.salt_hex();
    let b = cx.rng.bytes();
    let step = cx.workers.run(move || ServerStep::start(&verifier, b)).await?;
    let pending = Pending::new(attempt, ChallengeName::PasswordVerifier, progress);
    let b_public = step.b_public();
    let block = SecretBlock { step, a, pending: pending.clone() }.seal(cx)?;
    Step::challenge(
        cx,
        &pending,
        [
            ("SALT", salt),
            ("SECRET_BLOCK", STANDARD.encode(block)),
            ("SRP_B", b_public),
            ("USERNAME", username.clone()),
            ("USER_ID_FOR_SRP", username),
        ],
    )
}

/// What is no public value of an exchange.
pub fn bad_public_value() -> Error {
    Error::invalid("SRP_A is not a valid public value.")
}

/// A sign-in by a name that nobody has.
pub fn unknown_progress(attempt: &Attempt<'_>, flow: AuthFlow, typed: &str) -> Progress {
    let (user_id, username) = unknown_names(attempt, typed);
    Progress::of_names(attempt, flow, &user_id, &username, typed)
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
