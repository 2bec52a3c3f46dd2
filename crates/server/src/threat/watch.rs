//! What one request of a sign-in shows of itself while it is answered, for the event it leaves behind.

use std::sync::{Mutex, MutexGuard, PoisonError};

use cognate_shapes::enums::{ChallengeName, EventChallengeName, EventResponse, EventType, RiskDecision};
use cognate_shapes::error::{Code, Error, Result};
use cognate_store::attempts;

use super::events::{self, Event};
use super::mode;
use super::weigh::{ADDRESS_FAILURES, Circumstances, address_subject, windows};
use crate::accounts::user;
use crate::auth::progress::Progress;
use crate::auth::{Attempt, Step};

/// What is seen so far.
#[derive(Debug, Default)]
pub struct Watch(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    user_id: Option<String>,
    event_id: Option<String>,
    compromised: bool,
    draft: Option<Event>,
    /// The event is kept already, or there is none.
    settled: bool,
}

impl Watch {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The request is about this user.
    pub fn user(&self, id: &str) {
        self.seen().user_id = Some(id.to_owned());
    }

    /// The request carries this sign-in on.
    pub fn carries_on(&self, progress: &Progress) {
        let mut seen = self.seen();
        seen.user_id = Some(progress.user_id.clone());
        seen.event_id = Some(progress.event_id.clone());
    }

    /// The password that was just proved is known from a breach.
    pub fn found_compromised(&self) {
        self.seen().compromised = true;
    }

    pub fn password_is_compromised(&self) -> bool {
        self.seen().compromised
    }

    /// The sign-in's event as it will be kept.
    pub fn judged(&self, event: Event) {
        self.seen().draft = Some(event);
    }

    pub fn draft(&self) -> Option<Event> {
        self.seen().draft.clone()
    }

    /// The event is kept: what comes after adds nothing.
    pub fn settled(&self) {
        self.seen().settled = true;
    }
}

/// Which of the two challenges that events know is judged.
pub fn challenge_of(asked: Option<ChallengeName>) -> Option<EventChallengeName> {
    match asked {
        None | Some(ChallengeName::PasswordVerifier | ChallengeName::Password | ChallengeName::PasswordSrp) => {
            Some(EventChallengeName::Password)
        }
        Some(
            ChallengeName::SmsMfa | ChallengeName::EmailOtp | ChallengeName::SmsOtp | ChallengeName::SoftwareTokenMfa,
        ) => Some(EventChallengeName::Mfa),
        Some(_) => None,
    }
}

/// Keeps what a request that failed leaves behind. What succeeds keeps its event with what it writes.
pub async fn outcome(attempt: &Attempt<'_>, asked: Option<ChallengeName>, ended: Result<Step>) -> Result<Step> {
    if let Err(error) = &ended
        && is_judgement(error)
        && mode(&attempt.pool).is_some()
    {
        failed(attempt, asked, error).await;
    }
    ended
}

/// Whether the error is about who signs in, and not about how the request is made or how busy the server is. Attempts
/// while the user is locked are judged by nobody.
fn is_judgement(error: &Error) -> bool {
    let about_the_user = matches!(
        error.code,
        Code::NotAuthorized
            | Code::CodeMismatch
            | Code::ExpiredCode
            | Code::UserNotConfirmed
            | Code::PasswordResetRequired
            | Code::UserNotFound
            | Code::UserLambdaValidation
    );
    about_the_user && error.message != Error::password_attempts_exceeded().message
}

/// Counts the failure against the address, and keeps it as the user's event if the name is somebody's. Both are one
/// write beside the answer, so that no answer tells by its time who exists.
async fn failed(attempt: &Attempt<'_>, asked: Option<ChallengeName>, error: &Error) {
    let (cx, pool) = (attempt.cx, attempt.pool.clone());
    let (user_id, event_id, draft) = {
        let seen = attempt.watch.seen();
        if seen.settled {
            return;
        }
        (seen.user_id.clone(), seen.event_id.clone().unwrap_or_else(|| cx.rng.uuid()), seen.draft.clone())
    };
    let here = Circumstances::of(cx, &attempt.visit);
    let mut event =
        draft.unwrap_or_else(|| Event::new(EventType::SignIn, EventResponse::Fail, Some(&attempt.client.id), &here));
    event.response = EventResponse::InProgress;
    let by_risk = error.message == Error::sign_in_blocked().message;
    let challenge = challenge_of(asked).filter(|_| !by_risk && error.code != Code::UserNotConfirmed);
    let subject = here.address.map(address_subject);
    let (now, life, store) = (cx.clock.now_ms(), events::life_ms(cx), cx.store.clone());
    let write = async move {
        let written = store.write(move |tx| {
            if let Some(subject) = &subject {
                attempts::increment(tx, &pool.id, subject, ADDRESS_FAILURES, windows(now)[0])?;
            }
            let Some(user_id) = &user_id else { return Ok(()) };
            // The id in a session may be of a user who never was.
            if user::by_id(tx, &pool, user_id)?.is_none() {
                return Ok(());
            }
            events::update(tx, &pool.id, user_id, &event_id, now, life, Some(event.clone()), |event| {
                // What is over stays as it ended, whoever repeats an old answer.
                if event.response == EventResponse::Pass || event.decision == RiskDecision::Block {
                    return;
                }
                event.response = EventResponse::Fail;
                event.failed(challenge);
                if by_risk {
                    event.decision = RiskDecision::Block;
                }
            })
        });
        written.await
    };
    events::beside(write).await;
}
