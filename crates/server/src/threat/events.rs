//! What is remembered of sign-ins, sign-ups and changes of passwords: the events that administrators list, each with why
//! it was judged as it was.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::task::Poll;

use cognate_shapes::Timestamp;
use cognate_shapes::enums::{
    AccountTakeoverEventAction, AdvancedSecurityEnabledMode, EventChallengeName, EventChallengeResponse, EventResponse,
    EventType, FeedbackValue, RiskDecision, RiskLevel,
};
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::risk::{AuthEvent, ChallengeResponse, EventContextData, EventFeedback, EventRisk};
use cognate_shapes::scalars::Text;
use cognate_store::{Tx, auth_events};
use serde::{Deserialize, Serialize};

use super::place::Place;
use super::weigh::{self, Circumstances, Factor};
use crate::accounts::factors;
use crate::accounts::user;
use crate::auth::progress::Progress;
use crate::context::Context;
use crate::directory::{Client, Pool};
use crate::visit::Visit;

const DAY_MS: i64 = 86_400_000;

/// What an event says of later ones: the user was there.
pub const USER: &str = "user";
/// Somebody failed.
pub const FAILURE: &str = "failure";
/// It was somebody else, as the user or an administrator said.
pub const INVALID: &str = "invalid";

/// Most answers to challenges that an event keeps.
const MOST_CHALLENGES: usize = 20;

/// The stored document of an event, version 1.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    v: u32,
    pub kind: EventType,
    pub response: EventResponse,
    pub decision: RiskDecision,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<RiskLevel>,
    /// `None` where no password was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compromised: Option<bool>,
    #[serde(default)]
    pub challenges: Vec<(EventChallengeName, EventChallengeResponse)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The device without its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_kind: Option<String>,
    #[serde(default)]
    pub place: Place,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Whether the address is one whose risk is not judged.
    #[serde(default)]
    pub exempt: bool,
    /// The sum of the weights.
    #[serde(default)]
    pub score: i64,
    #[serde(default)]
    pub factors: Vec<Factor>,
    /// What the configuration says to do about the risk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<AccountTakeoverEventAction>,
    /// Whether it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<AdvancedSecurityEnabledMode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<Feedback>,
}

/// Who said what of an event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Feedback {
    pub value: FeedbackValue,
    /// `Admin` or `User`.
    pub provider: String,
    pub at_ms: i64,
}

impl Event {
    /// An event in which nothing is risky yet.
    pub fn new(kind: EventType, response: EventResponse, client_id: Option<&str>, here: &Circumstances) -> Self {
        Self {
            v: 1,
            kind,
            response,
            decision: RiskDecision::NoRisk,
            level: None,
            compromised: None,
            challenges: Vec::new(),
            address: here.address,
            device: here.device.as_ref().map(|device| device.name.clone()),
            device_kind: here.device.as_ref().map(|device| device.kind.clone()),
            place: here.place.clone(),
            client_id: client_id.map(str::to_owned),
            exempt: false,
            score: 0,
            factors: Vec::new(),
            action: None,
            mode: None,
            feedback: None,
        }
    }

    /// Takes in what sets the sign-in apart.
    pub fn judged(&mut self, factors: Vec<Factor>) {
        self.score = factors.iter().map(|factor| factor.weight).sum();
        self.level = weigh::level(self.score);
        self.decision = if self.level.is_some() { RiskDecision::AccountTakeover } else { RiskDecision::NoRisk };
        self.factors = factors;
    }

    /// Notes that the right password was refused because it is known from a breach.
    pub fn refused_as_compromised(&mut self) {
        self.decision = RiskDecision::Block;
        self.compromised = Some(true);
        self.succeeded(&[EventChallengeName::Password]);
    }

    /// Notes the challenges met so far, after the failures that are noted already.
    pub fn succeeded(&mut self, met: &[EventChallengeName]) {
        for name in met {
            let success = (*name, EventChallengeResponse::Success);
            if !self.challenges.contains(&success) {
                self.challenges.push(success);
            }
        }
    }

    /// Notes a challenge that was not met.
    pub fn failed(&mut self, name: Option<EventChallengeName>) {
        if let Some(name) = name
            && self.challenges.len() < MOST_CHALLENGES
        {
            self.challenges.push((name, EventChallengeResponse::Failure));
        }
    }

    /// What the event says of later ones. Only who proved to be the user makes an address or device the user's.
    fn known_as(&self) -> &'static str {
        match (self.feedback.as_ref().map(|feedback| feedback.value), self.kind, self.response) {
            (Some(FeedbackValue::Invalid), ..) => INVALID,
            (Some(FeedbackValue::Valid), ..)
            | (None, EventType::SignIn | EventType::PasswordChange, EventResponse::Pass) => USER,
            (None, EventType::SignIn, EventResponse::Fail) => FAILURE,
            _ => "",
        }
    }

    /// The event as it is listed.
    pub fn wire(self, id: String, created_ms: i64) -> AuthEvent {
        let text = |value: Option<String>| value.map(Text::trusted);
        let answers = self.challenges.into_iter().map(|(name, response)| ChallengeResponse {
            challenge_name: Some(name),
            challenge_response: Some(response),
        });
        AuthEvent {
            event_id: Some(Text::trusted(id)),
            event_type: Some(self.kind),
            creation_date: Some(Timestamp(created_ms)),
            event_response: Some(self.response),
            event_risk: Some(EventRisk {
                risk_decision: Some(self.decision),
                risk_level: self.level,
                compromised_credentials_detected: self.compromised,
            }),
            challenge_responses: Some(answers.collect()),
            event_context_data: Some(EventContextData {
                ip_address: text(self.address.map(|address| address.to_string())),
                device_name: text(self.device),
                timezone: text(self.place.timezone),
                city: text(self.place.city),
                country: text(self.place.country),
            }),
            event_feedback: self.feedback.map(|feedback| EventFeedback {
                feedback_value: feedback.value,
                provider: Text::trusted(feedback.provider),
                feedback_date: Some(Timestamp(feedback.at_ms)),
            }),
        }
    }
}

/// The challenges that a sign-in's proofs met, in the two words that events have for them.
pub fn proved(progress: &Progress) -> Vec<EventChallengeName> {
    let mut met = Vec::new();
    for (number, factor) in progress.proved.iter().enumerate() {
        match factor {
            factors::Factor::Password => met.push(EventChallengeName::Password),
            // What comes first is no second factor.
            _ if number > 0 => met.push(EventChallengeName::Mfa),
            _ => {}
        }
    }
    met
}

/// How long events are kept, in milliseconds.
pub fn life_ms(cx: &Context) -> i64 {
    i64::from(cx.config.threat.event_days) * DAY_MS
}

/// The event of a row.
pub fn read(row: &auth_events::AuthEvent) -> Result<Event> {
    let event: Event = serde_json::from_str(&row.doc)
        .map_err(|error| Error::internal("a stored event does not read").caused_by(error))?;
    if event.v == 1 { Ok(event) } else { Err(Error::internal("an event is stored in an unknown version")) }
}

/// Changes the event of that id, or `draft` where there is none yet; without either nothing happens.
#[expect(clippy::too_many_arguments, reason = "a row's key and times, and what to do with it")]
pub fn update(
    tx: &mut Tx<'_>,
    pool_id: &str,
    user_id: &str,
    id: &str,
    now_ms: i64,
    life_ms: i64,
    draft: Option<Event>,
    change: impl FnOnce(&mut Event),
) -> Result<()> {
    let row = auth_events::get(tx, pool_id, user_id, id)?;
    let created_ms = row.as_ref().map_or(now_ms, |row| row.created_ms);
    let stored = row.as_ref().map(read).transpose()?;
    let Some(mut event) = stored.or(draft) else { return Ok(()) };
    change(&mut event);
    let doc = serde_json::to_string(&event)
        .map_err(|error| Error::internal("an event does not serialize").caused_by(error))?;
    let row = auth_events::AuthEvent {
        pool_id: pool_id.to_owned(),
        user_id: user_id.to_owned(),
        id: id.to_owned(),
        created_ms,
        expires_ms: created_ms + life_ms,
        known_as: event.known_as().to_owned(),
        doc,
    };
    Ok(auth_events::put(tx, &row)?)
}

/// Keeps a finished event before its answer goes out.
pub async fn record(cx: &Context, pool: &Pool, user_id: &str, id: &str, event: Event) -> Result<()> {
    let (pool_id, user_id, id) = (pool.id.clone(), user_id.to_owned(), id.to_owned());
    let (now, life) = (cx.clock.now_ms(), life_ms(cx));
    let finished = event.clone();
    let write = cx.store.write(move |tx| {
        let finished = finished.clone();
        update(tx, &pool_id, &user_id, &id, now, life, Some(event.clone()), |event| *event = finished)
    });
    write.await
}

/// Keeps the event of a request other than a sign-in, whose user goes by that name; nobody's name leaves none.
#[expect(clippy::too_many_arguments, reason = "who asked for what, how it ended, and where from")]
pub fn of_request(
    cx: &Context,
    pool: &Arc<Pool>,
    client: &Client,
    visit: &Visit,
    kind: EventType,
    response: EventResponse,
    name: &str,
) -> impl Future<Output = ()> + use<> {
    let event = Event::new(kind, response, Some(&client.id), &Circumstances::of(cx, visit));
    of_name(cx, pool, name, event)
}

/// The same for a request that brings a new password, as far as how it ended is worth an event: limits and faults are
/// not. Whether the password is known from a breach is noted.
#[expect(clippy::too_many_arguments, reason = "who asked for what, how it ended, and where from")]
pub async fn of_new_password(
    cx: &Context,
    pool: &Arc<Pool>,
    client: &Client,
    visit: &Visit,
    kind: EventType,
    refusal: Option<&Error>,
    name: &str,
    password: Option<&str>,
) {
    let by_breach = refusal.is_some_and(|error| error.message == Error::compromised_password().message);
    let response = match refusal.map(|error| error.code) {
        None => EventResponse::Pass,
        Some(Code::NotAuthorized | Code::CodeMismatch | Code::ExpiredCode) => EventResponse::Fail,
        Some(_) if by_breach => EventResponse::Fail,
        Some(_) => return,
    };
    if super::mode(pool).is_none() {
        return;
    }
    let mut event = Event::new(kind, response, Some(&client.id), &Circumstances::of(cx, visit));
    event.compromised = password.map(|password| cx.threat.breaches.contain(password));
    if by_breach {
        event.decision = RiskDecision::Block;
    }
    of_name(cx, pool, name, event).await;
}

/// Keeps the event of a sign-in that was refused because of where it came from.
pub async fn of_blocked_address(cx: &Context, pool: &Arc<Pool>, client: &Client, visit: &Visit, name: &str) {
    let here = Circumstances::of(cx, visit);
    let mut event = Event::new(EventType::SignIn, EventResponse::Fail, Some(&client.id), &here);
    event.decision = RiskDecision::Block;
    event.mode = super::mode(pool).map(AdvancedSecurityEnabledMode::from);
    event.factors = vec![weigh::blocked_address(&here)];
    of_name(cx, pool, name, event).await;
}

/// Keeps an event of whoever goes by that name. It is written beside the answer, which must not tell by its time who
/// exists.
fn of_name(cx: &Context, pool: &Arc<Pool>, name: &str, event: Event) -> impl Future<Output = ()> + use<> {
    let on = super::mode(pool).is_some();
    let (id, now, life) = (cx.rng.uuid(), cx.clock.now_ms(), life_ms(cx));
    let (store, pool, name) = (cx.store.clone(), Arc::clone(pool), name.to_owned());
    async move {
        if !on {
            return;
        }
        let write = async move {
            let written = store.write(move |tx| {
                let Some(user) = user::by_name(tx, &pool, &name)? else { return Ok(()) };
                update(tx, &pool.id, &user.id, &id, now, life, Some(event.clone()), |_| {})
            });
            written.await
        };
        beside(write).await;
    }
}

/// Does a write, or sends a notice, beside the answer: handed over at once, and not waited for. A failure is told to the operator.
pub async fn beside(write: impl Future<Output = Result<()>> + Send + 'static) {
    let mut write = Box::pin(async move {
        if let Err(error) = write.await {
            tracing::error!(%error, "an event of threat protection was not kept, or its notice not sent");
        }
    });
    let done = std::future::poll_fn(|cx| Poll::Ready(write.as_mut().poll(cx).is_ready())).await;
    if !done {
        tokio::spawn(write);
    }
}
