//! CUSTOM_AUTH: the pool's functions choose what is asked, with or without the proof of a password (SRP) first.

use cognate_crypto::srp;
use cognate_shapes::enums::AuthFlow;
use cognate_shapes::error::{Error, Result};

use super::Flow;
use crate::auth::progress::{Changes, Custom, Progress};
use crate::auth::proofs::srp::{bad_public_value, unknown_progress};
use crate::auth::{Attempt, Door, Step, custom};
use crate::triggers::Trigger;
use crate::triggers::define_auth_challenge::Round;

/// The `CHALLENGE_NAME` that begins with the proof of a password.
const SRP_A: &str = "SRP_A";

pub struct CustomAuth;

impl Flow for CustomAuth {
    const NAMES: &'static [AuthFlow] = &[AuthFlow::CustomAuth];
    const DOORS: &'static [Door] = &[Door::Public, Door::Admin];

    fn not_enabled(_: Door) -> &'static str {
        "CUSTOM_AUTH is not enabled for the client."
    }

    async fn begin(attempt: &Attempt<'_>, name: AuthFlow) -> Result<Step> {
        let typed = attempt.required("USERNAME")?;
        attempt.check_secret_hash(&[typed])?;
        if attempt.occasion().arn(Trigger::DefineAuthChallenge).is_none() {
            return Err(custom::not_configured());
        }
        let mut so_far = Custom::default();
        match attempt.optional("CHALLENGE_NAME") {
            Some(SRP_A) => {
                let a = attempt.required(SRP_A)?;
                srp::parse_a(a).map_err(|_| bad_public_value())?;
                so_far.srp_a = Some(a.to_owned());
                so_far.rounds.push(Round { challenge: SRP_A.to_owned(), result: true, metadata: None });
            }
            Some(_) => return Err(Error::invalid("CHALLENGE_NAME must be SRP_A.")),
            None => {}
        }
        let user = attempt.user(typed).await?;
        let progress = match &user {
            Some(user) => Progress::of(attempt, name, user, typed),
            None => unknown_progress(attempt, name, typed),
        };
        let progress = Progress { custom: Some(so_far), ..progress };
        custom::go_on(attempt, user, progress, Changes::none()).await
    }
}
