//! The functions that a pool calls in the path of its users: which there are, and how they are called.

pub mod answer;
mod command;
pub mod create_auth_challenge;
pub mod custom_message;
pub mod custom_sender;
pub mod define_auth_challenge;
pub mod encryption_sdk;
pub mod event;
pub mod inbound_federation;
pub mod invoke;
mod lambda;
pub mod post_authentication;
pub mod post_confirmation;
pub mod pre_authentication;
pub mod pre_sign_up;
pub mod pre_token_generation;
pub mod samples;
pub mod targets;
pub mod user_migration;
pub mod verify_auth_challenge_response;
mod webhook;

use cognate_shapes::enums::PreTokenGenerationLambdaVersion;
use cognate_shapes::error::Result;
use cognate_shapes::pool::LambdaConfig;
use serde_json::Value;

pub use invoke::{Failure, invoke};
pub use targets::{Target, Targets};

use pre_token_generation::V1_DETAILS;

/// A place in a pool's life where a function is called, named as errors name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
#[value(rename_all = "PascalCase")]
pub enum Trigger {
    PreSignUp,
    PostConfirmation,
    PreAuthentication,
    PostAuthentication,
    DefineAuthChallenge,
    CreateAuthChallenge,
    VerifyAuthChallengeResponse,
    PreTokenGeneration,
    UserMigration,
    CustomMessage,
    #[value(name = "CustomSMSSender")]
    CustomSmsSender,
    CustomEmailSender,
    InboundFederation,
}

impl Trigger {
    pub const ALL: [Self; 13] = [
        Self::PreSignUp,
        Self::PostConfirmation,
        Self::PreAuthentication,
        Self::PostAuthentication,
        Self::DefineAuthChallenge,
        Self::CreateAuthChallenge,
        Self::VerifyAuthChallengeResponse,
        Self::PreTokenGeneration,
        Self::UserMigration,
        Self::CustomMessage,
        Self::CustomSmsSender,
        Self::CustomEmailSender,
        Self::InboundFederation,
    ];

    /// The name that errors begin with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreSignUp => "PreSignUp",
            Self::PostConfirmation => "PostConfirmation",
            Self::PreAuthentication => "PreAuthentication",
            Self::PostAuthentication => "PostAuthentication",
            Self::DefineAuthChallenge => "DefineAuthChallenge",
            Self::CreateAuthChallenge => "CreateAuthChallenge",
            Self::VerifyAuthChallengeResponse => "VerifyAuthChallengeResponse",
            Self::PreTokenGeneration => "PreTokenGeneration",
            Self::UserMigration => "UserMigration",
            Self::CustomMessage => "CustomMessage",
            Self::CustomSmsSender => "CustomSMSSender",
            Self::CustomEmailSender => "CustomEmailSender",
            Self::InboundFederation => "InboundFederation",
        }
    }

    /// Whether the function is told and not asked: that it took the event is all its caller learns.
    pub const fn is_told(self) -> bool {
        matches!(self, Self::CustomSmsSender | Self::CustomEmailSender)
    }

    /// What `triggerSource` begins with, before an underscore.
    const fn source(self) -> &'static str {
        match self {
            Self::PreTokenGeneration => "TokenGeneration",
            named => named.name(),
        }
    }

    /// Whether the event is one of this trigger.
    pub fn sends(self, event: &Value) -> bool {
        let source = event["triggerSource"].as_str().and_then(|source| source.split_once('_'));
        source.is_some_and(|(trigger, _)| trigger == self.source())
    }

    /// Members of an answer's `response` that count for nothing in an answer to `event`.
    pub fn unread<'a>(self, event: &Value, answer: &'a Value) -> Vec<&'a str> {
        let sample = samples::event(self);
        let first = self == Self::PreTokenGeneration && version_of(event) == PreTokenGenerationLambdaVersion::V10;
        let reads = |name: &str| if first { name == V1_DETAILS } else { sample["response"].get(name).is_some() };
        let members = answer["response"].as_object().into_iter().flatten();
        members.map(|(name, _)| name.as_str()).filter(|name| !reads(name)).collect()
    }

    /// Judges an answer to `event` as the operation that waits for it does.
    ///
    /// # Errors
    /// `InvalidLambdaResponse` for a member of `response` that has not the form it must have.
    pub fn judge(self, event: &Value, answer: &Value) -> Result<()> {
        match self {
            Self::PreSignUp => pre_sign_up::judge(event, answer),
            Self::PostConfirmation => post_confirmation::Answer::read(answer).map(drop),
            Self::PreAuthentication => pre_authentication::Answer::read(answer).map(drop),
            Self::PostAuthentication => post_authentication::Answer::read(answer).map(drop),
            Self::DefineAuthChallenge => define_auth_challenge::Answer::read(answer).map(drop),
            Self::CreateAuthChallenge => create_auth_challenge::Answer::read(answer).map(drop),
            Self::VerifyAuthChallengeResponse => verify_auth_challenge_response::Answer::read(answer).map(drop),
            Self::PreTokenGeneration => pre_token_generation::Answer::read(answer, version_of(event)).map(drop),
            Self::UserMigration => {
                let unknown = || event::unfit("userAttributes is missing or null, as where nobody has that name");
                user_migration::Answer::read(answer)?.known().map(drop).ok_or_else(unknown)
            }
            Self::CustomMessage => custom_message::judge(event, answer),
            Self::InboundFederation => inbound_federation::Answer::read(answer).map(drop),
            Self::CustomSmsSender | Self::CustomEmailSender => Ok(()),
        }
    }

    /// The ARN of the function that a pool has for this trigger.
    pub fn arn(self, config: &LambdaConfig) -> Option<&str> {
        let arn = match self {
            Self::PreSignUp => config.pre_sign_up.as_ref(),
            Self::PostConfirmation => config.post_confirmation.as_ref(),
            Self::PreAuthentication => config.pre_authentication.as_ref(),
            Self::PostAuthentication => config.post_authentication.as_ref(),
            Self::DefineAuthChallenge => config.define_auth_challenge.as_ref(),
            Self::CreateAuthChallenge => config.create_auth_challenge.as_ref(),
            Self::VerifyAuthChallengeResponse => config.verify_auth_challenge_response.as_ref(),
            Self::PreTokenGeneration => match &config.pre_token_generation_config {
                Some(versioned) => Some(&versioned.lambda_arn),
                None => config.pre_token_generation.as_ref(),
            },
            Self::UserMigration => config.user_migration.as_ref(),
            Self::CustomMessage => config.custom_message.as_ref(),
            Self::CustomSmsSender => config.custom_sms_sender.as_ref().map(|sender| &sender.lambda_arn),
            Self::CustomEmailSender => config.custom_email_sender.as_ref().map(|sender| &sender.lambda_arn),
            Self::InboundFederation => config.inbound_federation.as_ref().map(|function| &function.lambda_arn),
        };
        arn.map(cognate_shapes::scalars::Arn::as_str)
    }
}

/// The version of a PreTokenGeneration's event.
fn version_of(event: &Value) -> PreTokenGenerationLambdaVersion {
    match event["version"].as_str() {
        Some("2") => PreTokenGenerationLambdaVersion::V20,
        Some("3") => PreTokenGenerationLambdaVersion::V30,
        _ => PreTokenGenerationLambdaVersion::V10,
    }
}
