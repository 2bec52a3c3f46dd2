//! Step-up: how strong a sign-in is (`acr`), by which methods (`amr`), and asking for as much as a caller demands.

use cognate_shapes::enums::{ChallengeName, UserPoolTier};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::AcrLevelKey;

use super::Attempt;
use crate::accounts::factors::Factor;
use crate::accounts::user::User;
use crate::directory::Pool;
use crate::tokens::verify::{self, Bearer};

/// Which of four levels a sign-in reaches, from 1.
pub type Level = u8;

/// What a caller of USER_AUTH demands.
#[derive(Debug)]
pub struct Demand {
    /// The levels that will do, the one wanted most first; never empty.
    pub levels: Vec<Level>,
    /// The proofs of an earlier sign-in that still count.
    pub credited: Vec<Factor>,
}

/// The level that these proofs come to together. What the pool's own triggers accept has none.
pub fn level(proved: &[Factor]) -> Option<Level> {
    let has = |factor| proved.contains(&factor);
    let code = has(Factor::Sms) || has(Factor::Email);
    if has(Factor::Password) && has(Factor::Totp) {
        Some(4)
    } else if proved.iter().any(|factor| matches!(factor, Factor::Passkey { .. })) || (has(Factor::Password) && code) {
        Some(3)
    } else if code {
        Some(2)
    } else if has(Factor::Password) {
        Some(1)
    } else {
        None
    }
}

/// The `amr` of these proofs (RFC 8176 and the service's own), in their order, each once, and `mfa` where they are several.
pub fn methods(proved: &[Factor]) -> Vec<&'static str> {
    let mut methods = Vec::new();
    for method in proved.iter().filter_map(|factor| method(*factor)) {
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    if methods.len() > 1 {
        methods.push("mfa");
    }
    methods
}

fn method(factor: Factor) -> Option<&'static str> {
    match factor {
        Factor::Password => Some("pwd"),
        Factor::Totp => Some("otp"),
        Factor::Sms => Some("sms"),
        Factor::Email => Some("email_otp"),
        Factor::Passkey { platform: true, .. } => Some("swk"),
        Factor::Passkey { platform: false, .. } => Some("hwk"),
        Factor::Custom | Factor::Device => None,
    }
}

/// The proof that a method of an `amr` stands for. A passkey of the past is not taken to have verified the user.
fn factor(method: &str) -> Option<Factor> {
    match method {
        "pwd" => Some(Factor::Password),
        "otp" => Some(Factor::Totp),
        "sms" => Some(Factor::Sms),
        "email_otp" => Some(Factor::Email),
        "swk" => Some(Factor::Passkey { platform: true, verified: false }),
        "hwk" => Some(Factor::Passkey { platform: false, verified: false }),
        _ => None,
    }
}

/// The claim for what was proved, where the pool's tier has one.
pub fn acr(pool: &Pool, proved: &[Factor]) -> Option<String> {
    level(proved).filter(|_| grades(pool)).map(|level| name(pool, level))
}

/// The claim for how it was proved.
pub fn amr(pool: &Pool, proved: &[Factor]) -> Vec<String> {
    if grades(pool) { methods(proved).into_iter().map(str::to_owned).collect() } else { Vec::new() }
}

fn grades(pool: &Pool) -> bool {
    pool.tier() != UserPoolTier::Lite
}

/// What the pool calls a level.
fn name(pool: &Pool, level: Level) -> String {
    let key = AcrLevelKey::trusted(format!("Level{level}"));
    let named = pool.settings.acr_configuration.as_ref().and_then(|levels| levels.get(&key));
    named.map_or_else(|| format!("urn:cognito:loa:{level}"), |level| level.acr_value.as_str().to_owned())
}

fn named(pool: &Pool, value: &str) -> Option<Level> {
    (1..=4).find(|level| name(pool, *level) == value)
}

/// What the request demands of `user`, if it demands anything.
pub async fn demanded(attempt: &Attempt<'_>, user: Option<&User>) -> Result<Option<Demand>> {
    let pool = &attempt.pool;
    let token = attempt.optional("ACCESS_TOKEN");
    let Some(wanted) = attempt.optional("TARGET_ACR_VALUES") else {
        return if token.is_none() { Ok(None) } else { Err(Error::access_token_without_target()) };
    };
    if !grades(pool) {
        return Err(Error::feature_unavailable(pool.tier(), "Step-Up Authentication"));
    }
    let max_age = match attempt.optional("MAX_AGE") {
        Some(given) => Some(given.parse::<u32>().map_err(|_| Error::invalid_max_age())?),
        None => None,
    };
    let levels: Vec<Level> = wanted.split(' ').filter_map(|value| named(pool, value)).collect();
    let Some(most_wanted) = levels.first().copied() else { return Err(Error::unknown_acr_values()) };
    let Some(token) = token else { return Ok(Some(Demand { levels, credited: Vec::new() })) };

    let bearer = verify::access_token(attempt.cx, token).await?;
    let same_user = user.is_some_and(|user| user.id == bearer.user.id);
    if bearer.pool.id != pool.id || bearer.client.id != attempt.client.id || !same_user {
        return Err(Error::access_token_of_another());
    }
    let age_s = attempt.cx.clock.now_ms().div_euclid(1000) - bearer.auth_time_s;
    if max_age.is_some_and(|most| most == 0 || age_s > i64::from(most)) {
        return Ok(Some(Demand { levels, credited: Vec::new() }));
    }
    if level_of(pool, &bearer).is_some_and(|level| level >= most_wanted) {
        return Err(Error::level_reached());
    }
    let mut credited: Vec<Factor> = bearer.amr.iter().filter_map(|method| factor(method)).collect();
    // Tokens come for a proof, never for a token alone.
    if level(&credited).is_some_and(|level| levels.contains(&level) || level >= most_wanted) {
        credited.clear();
    }
    Ok(Some(Demand { levels, credited }))
}

/// The level a token says it is of; none by a name that means nothing any more.
fn level_of(pool: &Pool, bearer: &Bearer) -> Option<Level> {
    bearer.acr.as_deref().and_then(|acr| named(pool, acr))
}

/// Of the levels that will do, the one to reach: the first that the user's factors come to, else the first.
pub fn target(levels: &[Level], highest: Level) -> Level {
    let reachable = levels.iter().find(|level| **level <= highest).or(levels.first());
    reachable.copied().unwrap_or(1)
}

/// Whether a sign-in that begins by this challenge can come to the level, with a second factor where need be.
pub fn leads_to(challenge: ChallengeName, level: Level) -> bool {
    match challenge {
        ChallengeName::Password | ChallengeName::PasswordSrp => true,
        ChallengeName::WebAuthn => level <= 3,
        _ => level <= 2,
    }
}
