//! USER_AUTH: the user chooses what to prove first. Answers what the user prefers, else SELECT_CHALLENGE.

use cognate_shapes::enums::{AuthFlow, ChallengeName};
use cognate_shapes::error::{Error, Result};

use super::Flow;
use crate::auth::progress::{Changes, Progress};
use crate::auth::{Attempt, Door, Step, first_factor, hand_over, next, proofs, step_up};

pub struct UserAuth;

impl Flow for UserAuth {
    const NAMES: &'static [AuthFlow] = &[AuthFlow::UserAuth];
    const DOORS: &'static [Door] = &[Door::Public, Door::Admin];

    async fn begin(attempt: &Attempt<'_>, name: AuthFlow) -> Result<Step> {
        let typed = attempt.required("USERNAME")?;
        attempt.check_secret_hash(&[typed])?;
        if let Some(session) = &attempt.session {
            return hand_over::begin(attempt, typed, session).await;
        }
        let preferred = match attempt.optional("PREFERRED_CHALLENGE") {
            Some(preferred) => Some(first_factor::named(preferred).ok_or_else(Error::challenge_unavailable)?),
            None => None,
        };
        let (user, refusal) = match attempt.optional("PASSWORD") {
            Some(password) if preferred == Some(ChallengeName::Password) => {
                attempt.user_with_password(typed, password).await?
            }
            _ => (attempt.user(typed).await?, None),
        };
        let mut progress = match &user {
            Some(user) => Progress::of(attempt, name, user, typed),
            None => proofs::srp::unknown_progress(attempt, name, typed),
        };
        if let Some(demand) = step_up::demanded(attempt, user.as_ref()).await? {
            progress.target = step_up::target(attempt, user.as_ref(), &demand.levels).await?;
            // Part of it was proved before: only what is missing is asked for.
            if let Some(user) = user.clone().filter(|_| !demand.credited.is_empty()) {
                progress.proved = demand.credited;
                return next::next(attempt, user, progress, Changes::none()).await;
            }
        }
        let available = first_factor::available(attempt, user.as_ref(), &progress).await?;
        if let Some(choice) = preferred.filter(|preferred| available.contains(preferred)) {
            if let Some(refusal) = refusal {
                return Err(refusal);
            }
            return first_factor::go_on(attempt, user, progress, choice, None, available).await;
        }
        let step = first_factor::ask(attempt, user.as_ref(), progress, ChallengeName::SelectChallenge)?;
        Ok(step.offering(available))
    }
}
