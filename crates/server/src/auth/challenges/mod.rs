//! What a sign-in may be asked, a challenge a file. A new challenge is a new file and a line in [`CHALLENGES`].

pub mod admin_no_srp_auth;
pub mod custom_challenge;
mod device_password_verifier;
pub mod device_srp_auth;
mod email_otp;
pub mod mfa_setup;
pub mod new_password_required;
mod password;
mod password_srp;
mod password_verifier;
mod select_challenge;
pub mod select_mfa_type;
mod sms_mfa;
mod sms_otp;
pub mod software_token_mfa;
pub mod web_authn;

use std::future::Future;
use std::pin::Pin;

use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::{Error, Result};

use super::session::Pending;
use super::{Attempt, Step};
use crate::accounts::mfa::Method;

/// One question and its answer.
trait Challenge: 'static {
    /// Its name on the wire.
    const NAME: ChallengeName;
    /// What the `Session` of the answer holds: [`Pending`], or `Option<Pending>` where the answer can stand without,
    /// because it carries the question in another way.
    type Asked: Asked;
    /// The challenges whose `Session` the answer may come with: its own, and those that let the user choose it.
    const ASKED_BY: &'static [ChallengeName] = &[Self::NAME];

    /// Judges the answer. `asked` is checked to be one of [`Challenge::ASKED_BY`], to this client, and not over.
    fn answer(attempt: &Attempt<'_>, asked: Self::Asked) -> impl Future<Output = Result<Step>> + Send;
}

/// What an answer has to come with.
trait Asked: Sized + Send {
    fn of(session: Option<Pending>) -> Result<Self>;
}

impl Asked for Pending {
    fn of(session: Option<Pending>) -> Result<Self> {
        session.ok_or_else(|| Error::missing_parameter("Session"))
    }
}

impl Asked for Option<Pending> {
    fn of(session: Option<Pending>) -> Result<Self> {
        Ok(session)
    }
}

type Judging<'a> = Pin<Box<dyn Future<Output = Result<Step>> + Send + 'a>>;

/// A challenge as the table holds it.
struct Entry {
    name: ChallengeName,
    asked_by: &'static [ChallengeName],
    answer: for<'a> fn(&'a Attempt<'a>, Option<Pending>) -> Judging<'a>,
}

impl Entry {
    const fn of<C: Challenge>() -> Self {
        Self {
            name: C::NAME,
            asked_by: C::ASKED_BY,
            answer: |attempt, session| Box::pin(async move { C::answer(attempt, C::Asked::of(session)?).await }),
        }
    }
}

static CHALLENGES: &[Entry] = &[
    Entry::of::<password_verifier::PasswordVerifier>(),
    Entry::of::<new_password_required::NewPasswordRequired>(),
    Entry::of::<sms_mfa::SmsMfa>(),
    Entry::of::<email_otp::EmailOtp>(),
    Entry::of::<sms_otp::SmsOtp>(),
    Entry::of::<select_challenge::SelectChallenge>(),
    Entry::of::<password::Password>(),
    Entry::of::<password_srp::PasswordSrp>(),
    Entry::of::<device_srp_auth::DeviceSrpAuth>(),
    Entry::of::<device_password_verifier::DevicePasswordVerifier>(),
    Entry::of::<web_authn::WebAuthn>(),
    Entry::of::<software_token_mfa::SoftwareTokenMfa>(),
    Entry::of::<select_mfa_type::SelectMfaType>(),
    Entry::of::<mfa_setup::MfaSetup>(),
    Entry::of::<custom_challenge::CustomChallenge>(),
    Entry::of::<admin_no_srp_auth::AdminNoSrpAuth>(),
];

/// Answers the challenge of that name.
pub async fn answer(attempt: &Attempt<'_>, name: ChallengeName) -> Result<Step> {
    let challenge = CHALLENGES.iter().find(|challenge| challenge.name == name);
    let challenge = challenge.ok_or_else(|| Error::internal("a challenge is not in the table"))?;
    attempt.check_secret_hash_present()?;
    let session = attempt.session.as_ref();
    let session = session.map(|session| Pending::open(attempt, session, challenge.asked_by)).transpose()?;
    (challenge.answer)(attempt, session).await
}

/// The methods' names as a challenge parameter lists them: a JSON array.
fn names(methods: &[Method]) -> Result<String> {
    let names: Vec<&str> = methods.iter().map(|method| method.challenge().as_str()).collect();
    serde_json::to_string(&names).map_err(|error| Error::internal("a challenge does not serialize").caused_by(error))
}
