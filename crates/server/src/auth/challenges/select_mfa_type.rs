//! SELECT_MFA_TYPE: the user says by which second factor.

use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::{Error, Result};

use super::{Challenge, names};
use crate::accounts::mfa::Method;
use crate::accounts::user::User;
use crate::auth::progress::Progress;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step, second_factor};

pub struct SelectMfaType;

/// Asks a user who may choose among these.
pub fn ask(attempt: &Attempt<'_>, user: &User, progress: Progress, methods: &[Method]) -> Result<Step> {
    let parameters = [("USER_ID_FOR_SRP", user.username.clone()), ("MFAS_CAN_CHOOSE", names(methods)?)];
    let pending = Pending::new(attempt, ChallengeName::SelectMfaType, progress)
        .resting_on(attempt.cx, user.credential.as_deref())
        .with_detail(&methods)?;
    Step::challenge(attempt.cx, &pending, parameters)
}

impl Challenge for SelectMfaType {
    const NAME: ChallengeName = ChallengeName::SelectMfaType;
    type Asked = Pending;

    async fn answer(attempt: &Attempt<'_>, asked: Pending) -> Result<Step> {
        let username = attempt.required("USERNAME")?;
        let answer = attempt.required("ANSWER")?;
        let user = asked.answerer(attempt, username).await?.ok_or_else(Error::invalid_session)?;
        let methods: Vec<Method> = asked.detail()?;
        let chosen = methods.into_iter().find(|method| method.challenge().as_str() == answer);
        let chosen = chosen.ok_or_else(Error::not_a_choice)?;
        asked.met().commit(attempt.cx).await?;
        second_factor::ask_method(attempt, &user, asked.progress, chosen).await
    }
}
