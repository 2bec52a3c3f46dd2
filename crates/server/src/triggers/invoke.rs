//! Calls a function with an event and judges what comes back, in the service's words.

use std::borrow::Cow;
use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use cognate_shapes::error::{Code, Error, Result};
use serde_json::Value;
use tokio::time::Instant;

use super::targets::Target;
use super::{Trigger, answer, command, lambda, webhook};
use crate::clock::Clock;
use crate::context::Context;
use crate::directory::Pool;
use crate::outbound::{Outbound, OutboundError};

/// What a call has in all, retries included.
pub const WITHIN: Duration = Duration::from_secs(5);

/// Tries of a call that did not come about for a reason that may pass.
const TRIES: u32 = 3;

/// The pause after the first try; twice as long after the second.
const PAUSE: Duration = Duration::from_millis(100);

/// A function's message is passed on up to here, in characters.
const MESSAGE_AT_MOST: usize = 4096;

/// Why a call gave nothing that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The function refused, with this message.
    Function(String),
    /// The call did not come about or did not end.
    Invocation {
        /// The error's name, or the service's words for it.
        error: String,
        /// For the operator.
        detail: String,
        /// Whether the same call may succeed a moment later, and has done nothing yet.
        passing: bool,
    },
    /// The answer cannot be used.
    Answer {
        /// The service's words.
        text: Cow<'static, str>,
        /// For the operator.
        detail: String,
    },
}

impl Failure {
    /// A call that is not worth another try.
    pub(super) fn invocation(error: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invocation { error: error.into(), detail: detail.into(), passing: false }
    }

    pub(super) fn timeout() -> Self {
        Self::invocation("Socket timeout while invoking Lambda function", "no answer within 5 seconds")
    }

    pub(crate) fn unrecognizable(detail: impl Into<String>) -> Self {
        Self::Answer { text: "Unrecognizable lambda output".into(), detail: detail.into() }
    }

    /// An answer that the trigger refuses: [`Trigger::judge`].
    pub(crate) fn judged(error: Error) -> Self {
        let detail = error.source().map_or_else(|| error.message.to_string(), ToString::to_string);
        Self::Answer { text: error.message, detail }
    }

    pub(super) fn not_json(detail: impl Into<String>) -> Self {
        Self::Answer { text: "Invalid lambda function output : Invalid JSON".into(), detail: detail.into() }
    }

    /// A function's own refusal. Its words reach the caller, so they are cut where they would flood him.
    pub(super) fn function(message: &str) -> Self {
        Self::Function(message.chars().take(MESSAGE_AT_MOST).collect())
    }

    /// The error as the caller of the API sees it.
    pub fn error(&self, trigger: Trigger) -> Error {
        let name = trigger.name();
        match self {
            Self::Function(message) => {
                Error::new(Code::UserLambdaValidation, format!("{name} failed with error {message}."))
            }
            Self::Invocation { error, .. } => {
                Error::new(Code::UnexpectedLambda, format!("{name} invocation failed due to error {error}."))
            }
            Self::Answer { text, .. } => Error::new(Code::InvalidLambdaResponse, text.clone()),
        }
    }
}

impl From<OutboundError> for Failure {
    fn from(error: OutboundError) -> Self {
        let detail = error.to_string();
        match error {
            OutboundError::TimedOut => Self::timeout(),
            OutboundError::TooLarge(_) => Self::unrecognizable(detail),
            OutboundError::Refused(_) => Self::invocation("Endpoint not allowed", detail),
            OutboundError::Unconnected(_) => {
                Self::Invocation { error: "Connection failed".to_owned(), detail, passing: true }
            }
            OutboundError::Broken(_) => Self::invocation("Connection failed", detail),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(message) => write!(f, "the function refused: {message}"),
            Self::Invocation { error, detail, .. } => write!(f, "{error}: {detail}"),
            Self::Answer { text, detail } => write!(f, "{text}: {detail}"),
        }
    }
}

/// Calls the pool's function at `arn` with an event. Gives back the event as the function answered it, `response` filled
/// in and no other member added or left out; `null` for a trigger that is told and not asked.
///
/// # Errors
/// `UserLambdaValidation` where the function refuses, `UnexpectedLambda` where it cannot be called or takes longer than
/// 5 seconds, `InvalidLambdaResponse` where its answer cannot be used.
pub async fn invoke(cx: &Context, pool: &Pool, trigger: Trigger, arn: &str, event: &Value) -> Result<Value> {
    let began = Instant::now();
    let called = match cx.targets.resolve(arn) {
        Some(target) => call(&cx.outbound, &cx.clock, &target, cx.targets.answer_at_most, trigger, event).await,
        None => Err(Failure::invocation("InvalidParameterValueException", "this is not the ARN of a function")),
    };
    let outcome = match &called {
        Ok(_) => "OK",
        Err(failure) => failure.error(trigger).code.as_str(),
    };
    metrics::counter!("cognate_trigger_calls_total", "trigger" => trigger.name(), "outcome" => outcome).increment(1);
    metrics::histogram!("cognate_trigger_call_seconds", "trigger" => trigger.name())
        .record(began.elapsed().as_secs_f64());
    called.map_err(|failure| {
        // What a function says may hold what its users typed: the caller is told, the log is not.
        let detail = match &failure {
            Failure::Function(_) => "the function refused",
            Failure::Invocation { detail, .. } | Failure::Answer { detail, .. } => detail,
        };
        tracing::warn!(trigger = trigger.name(), pool = pool.id, arn, outcome, detail, "a trigger failed");
        failure.error(trigger)
    })
}

/// Calls a target, at most three times within 5 seconds.
pub async fn call(
    outbound: &Outbound,
    clock: &Clock,
    target: &Target,
    at_most: usize,
    trigger: Trigger,
    event: &Value,
) -> Result<Value, Failure> {
    let body = bytes::Bytes::from(event.to_string());
    let deadline = Instant::now() + WITHIN;
    let mut tries = 0;
    loop {
        tries += 1;
        let within = deadline.saturating_duration_since(Instant::now());
        let asked =
            Asked { outbound, now_ms: clock.now_ms(), body: &body, is_told: trigger.is_told(), within, at_most };
        let once = async {
            match target {
                Target::Lambda { endpoint, reach, region, arn } => {
                    lambda::call(&asked, endpoint, *reach, region, arn).await
                }
                Target::Webhook(webhook) => webhook::call(&asked, webhook).await,
                Target::Command(command) => command::call(&asked, command).await,
            }
        };
        match tokio::time::timeout(within, once).await.unwrap_or_else(|_| Err(Failure::timeout())) {
            Ok(_) if trigger.is_told() => return Ok(Value::Null),
            Ok(answer) => return answer::read(&answer, event),
            Err(Failure::Invocation { passing: true, .. })
                if tries < TRIES && Instant::now() + PAUSE * tries < deadline =>
            {
                tokio::time::sleep(PAUSE * tries).await;
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// One try.
pub(super) struct Asked<'a> {
    pub outbound: &'a Outbound,
    pub now_ms: i64,
    /// The event.
    pub body: &'a bytes::Bytes,
    pub is_told: bool,
    pub within: Duration,
    /// In bytes.
    pub at_most: usize,
}
