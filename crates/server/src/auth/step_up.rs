//! Step-up: how strong a sign-in is (`acr`), by which methods (`amr`), and asking for as much as a caller demands.

use cognate_shapes::enums::{AuthFactor, ChallengeName, UserPoolMfa, UserPoolTier};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::AcrLevelKey;

use super::challenges::web_authn;
use super::progress::Progress;
use super::{Attempt, Step, first_factor, second_factor};
use crate::accounts::factors::Factor;
use crate::accounts::mfa::Method;
use crate::accounts::mfa_choice::{self, Choice};
use crate::accounts::user::User;
use crate::directory::Pool;
use crate::tokens::verify::{self, Bearer};

/// Which of four levels a sign-in reaches, from 1.
pub type Level = u8;

/// What two factors come to at least.
const TWO_FACTORS: Level = 3;

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
    let least = user.map_or_else(|| least_of_nobody(pool), |user| least(pool, user));
    let levels = wanted.split(' ').filter_map(|value| named(pool, value));
    let levels: Vec<Level> = levels.map(|level| level.max(least)).collect();
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

/// The level below which nothing is worth demanding: who is asked for a second factor anyway reaches the one that any two
/// come to.
fn least(pool: &Pool, user: &User) -> Level {
    if mfa_choice::of(pool, user) == Choice::Nothing { 1 } else { TWO_FACTORS }
}

fn least_of_nobody(pool: &Pool) -> Level {
    if pool.settings.mfa_configuration == Some(UserPoolMfa::On) { TWO_FACTORS } else { 1 }
}

/// The level a token says it is of; none by a name that means nothing any more.
fn level_of(pool: &Pool, bearer: &Bearer) -> Option<Level> {
    bearer.acr.as_deref().and_then(|acr| named(pool, acr))
}

/// What is asked for next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    Password,
    Method(Method),
    Passkey,
}

impl Missing {
    /// Asks it.
    pub async fn ask(self, attempt: &Attempt<'_>, user: &User, progress: Progress) -> Result<Step> {
        match self {
            Self::Password => first_factor::ask(attempt, Some(user), progress, ChallengeName::Password),
            Self::Method(method) => second_factor::ask_method(attempt, user, progress, method).await,
            Self::Passkey => web_authn::ask(attempt, user, progress).await,
        }
    }
}

/// What a sign-in still lacks of the level it is to reach. Nothing is set up on the way: who has no factor that leads
/// there does not get in.
pub async fn missing(attempt: &Attempt<'_>, user: &User, progress: &Progress) -> Result<Option<Missing>> {
    let Some(target) = progress.target else { return Ok(None) };
    if level(&progress.proved).is_some_and(|level| level >= target) {
        return Ok(None);
    }
    let ways = Ways::of(attempt, user).await?;
    ways.next(&progress.proved, target).map(Some).ok_or_else(Error::level_out_of_reach)
}

/// Of the levels that will do, the one to reach: the first that the user's factors come to, else the first.
pub async fn target(attempt: &Attempt<'_>, user: Option<&User>, levels: &[Level]) -> Result<Option<Level>> {
    let highest = match user {
        Some(user) => Ways::of(attempt, user).await?.highest(),
        None => 4,
    };
    Ok(levels.iter().find(|level| **level <= highest).or(levels.first()).copied())
}

/// Whether a sign-in that begins by this challenge can come to the level, with a second factor where need be.
pub fn leads_to(challenge: ChallengeName, level: Level) -> bool {
    match challenge {
        ChallengeName::Password | ChallengeName::PasswordSrp => true,
        ChallengeName::WebAuthn => level <= 3,
        _ => level <= 2,
    }
}

/// What a user can prove.
struct Ways {
    password: bool,
    passkey: bool,
    /// Whether a code alone may begin a sign-in.
    code: bool,
    /// Second factors, the preferred one first.
    methods: Vec<Method>,
}

impl Ways {
    async fn of(attempt: &Attempt<'_>, user: &User) -> Result<Self> {
        let first = first_factor::of_user(attempt, user).await?;
        let mut methods = vec![Method::Totp, Method::Sms, Method::Email];
        methods.retain(|method| has(&attempt.pool, user, &first, *method));
        methods.sort_by_key(|method| user.profile.mfa.preferred() != Some(*method));
        Ok(Self {
            password: user.credential.is_some(),
            passkey: first.contains(&ChallengeName::WebAuthn),
            code: first.iter().any(|name| matches!(name, ChallengeName::EmailOtp | ChallengeName::SmsOtp)),
            methods,
        })
    }

    fn highest(&self) -> Level {
        let mut highest = if self.code { 2 } else { 1 };
        if self.passkey {
            highest = 3;
        }
        for method in self.methods.iter().filter(|_| self.password) {
            highest = highest.max(level(&[Factor::Password, proof(*method)]).unwrap_or(1));
        }
        highest
    }

    /// The next step of the shortest way from what is proved to the level.
    fn next(&self, proved: &[Factor], target: Level) -> Option<Missing> {
        let reaches = |more: &[Factor]| level(&[proved, more].concat()).is_some_and(|level| level >= target);
        let method = self.methods.iter().find(|method| reaches(&[proof(**method)]));
        if let Some(method) = method.filter(|_| proved.contains(&Factor::Password)) {
            return Some(Missing::Method(*method));
        }
        let password = self.password && !proved.contains(&Factor::Password);
        if password && reaches(&[Factor::Password]) {
            return Some(Missing::Password);
        }
        if self.passkey && target <= 3 {
            return Some(Missing::Passkey);
        }
        let both = self.methods.iter().any(|method| reaches(&[Factor::Password, proof(*method)]));
        (password && both).then_some(Missing::Password)
    }
}

/// Whether the user can prove that method beside the password. An address or number counts once it is verified, and before
/// that where its code may begin a sign-in (`first`) or is asked for anyway: the code then verifies it.
fn has(pool: &Pool, user: &User, first: &[ChallengeName], method: Method) -> bool {
    let (alone, factor) = match method {
        Method::Totp => return method.is_possible_for(user),
        Method::Sms => (ChallengeName::SmsOtp, AuthFactor::SmsOtp),
        Method::Email => (ChallengeName::EmailOtp, AuthFactor::EmailOtp),
    };
    if first.contains(&alone) || mfa_choice::of(pool, user).methods().contains(&method) {
        return true;
    }
    let offered = method.is_offered_by(pool) || pool.first_factors().contains(&factor);
    offered && method.attribute().is_some_and(|attribute| user.is_verified(attribute.as_str()))
}

fn proof(method: Method) -> Factor {
    match method {
        Method::Totp => Factor::Totp,
        Method::Sms => Factor::Sms,
        Method::Email => Factor::Email,
    }
}

#[cfg(test)]
mod tests {
    use super::{Missing, Ways, level, methods};
    use crate::accounts::factors::Factor::{Custom, Device, Email, Passkey, Password, Sms, Totp};
    use crate::accounts::mfa::Method;

    const PASSKEY: crate::accounts::factors::Factor = Passkey { platform: true, verified: true };

    #[test]
    fn each_level_has_its_proofs() {
        for (proved, expected) in [
            (&[][..], None),
            (&[Custom], None),
            (&[Device], None),
            (&[Totp], None),
            (&[Password], Some(1)),
            (&[Password, Device], Some(1)),
            (&[Sms], Some(2)),
            (&[Email], Some(2)),
            (&[Sms, Email], Some(2)),
            (&[PASSKEY], Some(3)),
            (&[Password, Sms], Some(3)),
            (&[Email, Password], Some(3)),
            (&[Totp, Password], Some(4)),
            (&[PASSKEY, Totp], Some(3)),
            (&[PASSKEY, Password, Totp], Some(4)),
        ] {
            assert_eq!(level(proved), expected, "{proved:?}");
        }
    }

    #[test]
    fn methods_are_named_once_each() {
        assert_eq!(methods(&[Password]), ["pwd"]);
        assert_eq!(methods(&[Password, Totp, Password]), ["pwd", "otp", "mfa"]);
        assert_eq!(methods(&[Passkey { platform: false, verified: true }]), ["hwk"]);
        assert_eq!(methods(&[Email, PASSKEY]), ["email_otp", "swk", "mfa"]);
        assert!(methods(&[Custom, Device]).is_empty());
    }

    #[test]
    fn the_shortest_way_is_taken() {
        let all = Ways { password: true, passkey: true, code: true, methods: vec![Method::Email, Method::Totp] };
        assert_eq!(all.highest(), 4);
        assert_eq!(all.next(&[Password], 2), Some(Missing::Method(Method::Email)));
        assert_eq!(all.next(&[Password], 4), Some(Missing::Method(Method::Totp)));
        assert_eq!(all.next(&[Email], 3), Some(Missing::Password));
        assert_eq!(all.next(&[Email], 4), Some(Missing::Password));
        assert_eq!(all.next(&[Email, Password], 4), Some(Missing::Method(Method::Totp)));
        assert_eq!(all.next(&[PASSKEY], 4), Some(Missing::Password));
        let passkey = Ways { password: true, passkey: true, code: false, methods: Vec::new() };
        assert_eq!(passkey.highest(), 3);
        assert_eq!(passkey.next(&[Password], 3), Some(Missing::Passkey));
        assert_eq!(passkey.next(&[Password], 4), None);
        let bare = Ways { password: true, passkey: false, code: false, methods: Vec::new() };
        assert_eq!((bare.highest(), bare.next(&[Password], 2)), (1, None));
        let codes = Ways { password: false, passkey: false, code: true, methods: vec![Method::Email] };
        assert_eq!((codes.highest(), codes.next(&[Email], 3)), (2, None));
    }
}
