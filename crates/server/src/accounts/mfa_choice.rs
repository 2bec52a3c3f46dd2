//! Which second factor a user is asked for: the service's decision tree.

use cognate_shapes::enums::{UserPoolMfa, VerifiedAttribute};

use super::mfa::Method;
use super::user::User;
use crate::directory::{Pool, Recovery};

/// What a pool asks of a user who has proved a first factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// No second factor.
    Nothing,
    Ask(Method),
    /// The user says which.
    Select(Vec<Method>),
    /// The user has none, and sets one of these up.
    SetUp(Vec<Method>),
    /// The user has none, and there is none to set up.
    Impossible,
}

impl Choice {
    /// The methods the user may be asked for.
    pub fn methods(&self) -> &[Method] {
        match self {
            Self::Ask(method) => std::slice::from_ref(method),
            Self::Select(methods) => methods,
            Self::Nothing | Self::SetUp(_) | Self::Impossible => &[],
        }
    }
}

/// The pool's choice for the user.
pub fn of(pool: &Pool, user: &User) -> Choice {
    let required = match pool.settings.mfa_configuration {
        None | Some(UserPoolMfa::Off) => return Choice::Nothing,
        Some(UserPoolMfa::Optional) => false,
        Some(UserPoolMfa::On) => true,
    };
    asked(pool, user, required)
}

/// The same where the sign-in looks like somebody else's: who turned nothing on is asked for what a pool that requires
/// MFA would ask for. [`Choice::methods`] is empty where nothing is there to ask for.
pub fn at_risk(pool: &Pool, user: &User) -> Choice {
    match of(pool, user) {
        Choice::Nothing if pool.settings.mfa_configuration == Some(UserPoolMfa::Optional) => asked(pool, user, true),
        choice => choice,
    }
}

fn asked(pool: &Pool, user: &User, required: bool) -> Choice {
    let mfa = &user.profile.mfa;
    // Who chose an app keeps it though the pool has stopped to offer new ones.
    let works = |method: Method| method.is_possible_for(user) && (method == Method::Totp || method.is_offered_by(pool));
    if let Some(preferred) = mfa.preferred().filter(|method| works(*method)) {
        return Choice::Ask(preferred);
    }
    let usable = |method: Method| method.is_possible_for(user) && method.is_offered_by(pool);
    if !required {
        let enabled = |method: &Method| mfa.has_enabled(*method) && usable(*method);
        return among(Method::ALL.into_iter().filter(enabled).collect()).unwrap_or(Choice::Nothing);
    }
    let recovers = |method: Method| method.attribute().is_some_and(|attribute| first_recovery(pool) == Some(attribute));
    let fits = |method: &Method| usable(*method) && (mfa.has_enabled(*method) || !recovers(*method));
    if let Some(choice) = among(Method::ALL.into_iter().filter(fits).collect()) {
        return choice;
    }
    let reachable = Method::Sms.is_possible_for(user) || Method::Email.is_possible_for(user);
    let can = |method: &Method| {
        let alone = *method == Method::Totp;
        method.is_offered_by(pool) && (alone || !reachable && !recovers(*method))
    };
    let methods: Vec<Method> = Method::ALL.into_iter().filter(can).collect();
    if methods.is_empty() { Choice::Impossible } else { Choice::SetUp(methods) }
}

fn among(methods: Vec<Method>) -> Option<Choice> {
    match methods.as_slice() {
        [] => None,
        [one] => Some(Choice::Ask(*one)),
        _ => Some(Choice::Select(methods)),
    }
}

/// The way of recovery that comes first, which is no second factor as well unless the user says so. Pools that never
/// said how users recover let one channel be both.
fn first_recovery(pool: &Pool) -> Option<VerifiedAttribute> {
    match pool.recovery() {
        Recovery::By(ways) if pool.says_how_to_recover() => ways.first().copied(),
        Recovery::By(_) | Recovery::AdminOnly => None,
    }
}

/// Whether a code to that address or number may reset the user's password: not if it is the second factor as well.
pub fn may_recover_by(pool: &Pool, user: &User, attribute: VerifiedAttribute) -> bool {
    if !pool.says_how_to_recover() && attribute == VerifiedAttribute::PhoneNumber {
        return true;
    }
    let by_it = |method: Method| method.attribute() == Some(attribute);
    let choice = of(pool, user);
    if choice == Choice::Nothing {
        return true;
    }
    let enabled = Method::ALL.into_iter().any(|method| by_it(method) && user.profile.mfa.has_enabled(method));
    !enabled && !choice.methods().iter().any(|method| by_it(*method))
}
