//! The custom senders: functions that send a pool's e-mail or text messages in place of the server. The code is encrypted
//! for them; they are told and not asked.

use cognate_shapes::enums::VerifiedAttribute;
use cognate_shapes::error::Result;
use serde_json::{Value, json};

use super::event::{self, Occasion};
use super::{Trigger, encryption_sdk, invoke};
use crate::accounts::delivery::Message;

/// The function took the message; it says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer;

/// Hands the message to the pool's sender of its medium.
pub async fn run(at: Occasion<'_>, message: &Message) -> Result<Option<Answer>> {
    let (trigger, prefix, kind) = match message.attribute {
        VerifiedAttribute::Email => (Trigger::CustomEmailSender, "CustomEmailSender", "customEmailSenderRequestV1"),
        VerifiedAttribute::PhoneNumber => (Trigger::CustomSmsSender, "CustomSMSSender", "customSMSSenderRequestV1"),
    };
    let Some(arn) = at.arn(trigger) else { return Ok(None) };
    let code = match &message.code {
        Some(code) => Value::from(encryption_sdk::encrypt(at.cx, at.pool, code).await?),
        None => Value::Null,
    };
    let request = json!({
        "type": kind,
        "code": code,
        "clientMetadata": at.metadata(),
        "userAttributes": event::user_attributes(at.pool, &message.user),
    });
    let source = format!("{prefix}_{}", message.kind.as_str());
    let event = at.event("1", &source, &message.user.username, request, None);
    invoke(at.cx, at.pool, trigger, arn, &event).await?;
    Ok(Some(Answer))
}
