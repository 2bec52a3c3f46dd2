//! Threat protection: who may come at all, how risky a sign-in is and why, and what is remembered of it.
//!
//! A pool whose `AdvancedSecurityMode` is OFF has none of it: nothing is looked at, nothing is kept. AUDIT looks and keeps;
//! ENFORCED acts as well.

pub mod breach;
pub mod compromised;
mod device;
pub mod events;
pub mod feedback;
mod notify;
mod place;
pub mod rules;
mod watch;
mod weigh;

use std::fmt;
use std::net::IpAddr;

use cognate_shapes::enums::{
    AccountTakeoverEventAction, AdvancedSecurityEnabledMode, AdvancedSecurityMode, AuthFlow, EventResponse, EventType,
    RiskDecision, RiskLevel,
};
use cognate_shapes::error::{Error, Result};

pub use watch::{Watch, outcome};

use self::breach::BreachLists;
use self::events::Event;
use self::place::{Place, Places};
use self::rules::RulesCache;
use self::weigh::Circumstances;
use crate::accounts::user::User;
use crate::auth::progress::{Changes, Progress};
use crate::auth::{Attempt, second_factor};
use crate::config::Config;
use crate::context::{Context, Unready};
use crate::directory::{Client, Pool};
use crate::visit::Visit;

/// What threat protection knows beside the store: lists and maps that the operator gave, rules in force.
pub struct Threat {
    breaches: BreachLists,
    places: Option<Places>,
    rules: RulesCache,
}

impl fmt::Debug for Threat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threat").finish_non_exhaustive()
    }
}

impl Threat {
    /// Reads the files that the configuration names.
    ///
    /// # Errors
    /// One of them cannot be read or is damaged: a server that was told to look into it does not start without it.
    pub fn load(config: &Config) -> Result<Self, Unready> {
        let unready = |key: &str, error: String| Unready::new(format!("{key} cannot be used: {error}"));
        let threat = &config.threat;
        Ok(Self {
            breaches: BreachLists::load(threat.breach_list.as_deref())
                .map_err(|error| unready("threat.breach_list", error.to_string()))?,
            places: threat
                .geoip_file
                .as_deref()
                .map(|path| Places::open(path).map_err(|error| unready("threat.geoip_file", error)))
                .transpose()?,
            rules: RulesCache::default(),
        })
    }

    /// Where the address is, as far as the operator's map knows.
    pub fn place_of(&self, address: Option<IpAddr>) -> Place {
        let found = self.places.as_ref().zip(address).map(|(places, address)| places.of(address));
        found.unwrap_or_default()
    }

    /// Drops the rules that a notification is about; `None` (notifications may have been lost) drops all.
    pub fn forget(&self, message: Option<&str>) {
        self.rules.forget(message);
    }
}

/// What a User-Agent says the program is called, for people to read.
pub fn program(user_agent: &str) -> Option<String> {
    device::Device::of(user_agent).map(|device| device.name)
}

/// Whether a pool's protection only watches or acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Audit,
    Enforced,
}

/// How the pool protects what is not custom authentication; `None` where it is off.
pub fn mode(pool: &Pool) -> Option<Mode> {
    match pool.settings.user_pool_add_ons.as_ref()?.advanced_security_mode {
        AdvancedSecurityMode::Off => None,
        AdvancedSecurityMode::Audit => Some(Mode::Audit),
        AdvancedSecurityMode::Enforced => Some(Mode::Enforced),
    }
}

/// How the pool protects sign-ins by this flow: CUSTOM_AUTH has a mode of its own, and none unless it is set.
fn mode_of_flow(pool: &Pool, flow: AuthFlow) -> Option<Mode> {
    let mode = mode(pool)?;
    if flow != AuthFlow::CustomAuth {
        return Some(mode);
    }
    let add_ons = pool.settings.user_pool_add_ons.as_ref()?;
    match add_ons.advanced_security_additional_flows.as_ref()?.custom_auth_mode? {
        AdvancedSecurityEnabledMode::Audit => Some(Mode::Audit),
        AdvancedSecurityEnabledMode::Enforced => Some(Mode::Enforced),
    }
}

/// Refuses a request from an address that the pool or client blocks. An address that cannot be read is refused where any
/// is blocked: it may be one of them.
pub async fn admit(cx: &Context, pool: &Pool, client: &Client, visit: &Visit) -> Result<()> {
    if mode(pool) != Some(Mode::Enforced) {
        return Ok(());
    }
    let rules = rules::of(cx, pool, client).await?;
    if rules.blocks(visit) { Err(Error::request_not_allowed()) } else { Ok(()) }
}

/// Judges a sign-in by what it looks like beside the user's earlier ones, once, when its first factor is proved.
///
/// In an ENFORCED pool the answer to the risk is taken here: a block is an error, and a demand for a second factor is
/// left in `progress`.
pub async fn assess(attempt: &Attempt<'_>, user: &User, progress: &mut Progress) -> Result<()> {
    let Some(mode) = mode_of_flow(&attempt.pool, progress.flow) else { return Ok(()) };
    if progress.assessed {
        return Ok(());
    }
    progress.assessed = true;
    let (cx, pool, client) = (attempt.cx, &attempt.pool, &attempt.client);
    let rules = rules::of(cx, pool, client).await?;
    let here = Circumstances::of(cx, &attempt.visit);
    let mut event = Event::new(EventType::SignIn, EventResponse::InProgress, Some(&client.id), &here);
    event.mode = Some(mode.into());
    event.compromised = Some(attempt.watch.password_is_compromised());
    if rules.skips(&attempt.visit) {
        event.exempt = true;
    } else {
        let known = weigh::known(cx, pool, &user.id, &here).await?;
        event.judged(weigh::weigh(&here, &known, cx.clock.now_ms()));
    }
    if rules.blocks(&attempt.visit) {
        event.factors.push(weigh::blocked_address(&here));
    }
    event.action = event.level.and_then(|level| rules.action(level)).map(|action| action.event_action);
    if mode == Mode::Enforced {
        let possible = second_factor::is_possible(pool, user, &progress.proved);
        let answer = Answer::of(event.action, possible);
        if answer == Answer::Block {
            event.decision = RiskDecision::Block;
            event.response = EventResponse::Fail;
            events::record(cx, pool, &user.id, &progress.event_id, event.clone()).await?;
            attempt.watch.settled();
        }
        let risk = notify::Risk { event: &event, answer, event_id: &progress.event_id };
        notify::tell(cx, pool, user, &rules, risk).await;
        match answer {
            Answer::Block => return Err(Error::sign_in_blocked()),
            Answer::SecondFactor => progress.at_risk = true,
            Answer::LetIn => {}
        }
    }
    attempt.watch.judged(event);
    Ok(())
}

/// How a pool that acts answers a risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Block,
    SecondFactor,
    LetIn,
}

impl Answer {
    /// What the configured action comes to for a user who can prove a second factor or cannot.
    fn of(action: Option<AccountTakeoverEventAction>, second_factor: bool) -> Self {
        use AccountTakeoverEventAction::{Block, MfaIfConfigured, MfaRequired, NoAction};
        match action {
            Some(MfaIfConfigured | MfaRequired) if second_factor => Self::SecondFactor,
            Some(Block | MfaRequired) => Self::Block,
            Some(MfaIfConfigured | NoAction) | None => Self::LetIn,
        }
    }
}

/// Adds to what a step writes the event of a sign-in that goes on (`InProgress`) or is complete (`Pass`).
pub fn with_event(
    changes: Changes,
    attempt: &Attempt<'_>,
    user: &User,
    progress: &Progress,
    response: EventResponse,
) -> Changes {
    if mode_of_flow(&attempt.pool, progress.flow).is_none() {
        return changes;
    }
    let draft = attempt.watch.draft();
    let (challenges, now) = (events::proved(progress), attempt.cx.clock.now_ms());
    let life_ms = events::life_ms(attempt.cx);
    let (pool_id, user_id, event_id) = (attempt.pool.id.clone(), user.id.clone(), progress.event_id.clone());
    changes.and(move |tx| {
        events::update(tx, &pool_id, &user_id, &event_id, now, life_ms, draft.clone(), |event| {
            event.response = response;
            event.succeeded(&challenges);
        })
    })
}

impl From<Mode> for AdvancedSecurityEnabledMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Audit => Self::Audit,
            Mode::Enforced => Self::Enforced,
        }
    }
}

/// The score from which on a sign-in is of this level.
pub const LEVELS: [(i64, RiskLevel); 3] = [(80, RiskLevel::High), (50, RiskLevel::Medium), (20, RiskLevel::Low)];
