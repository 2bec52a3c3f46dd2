//! UserMigration: a name that nobody has yet, and a function that may know it from another directory.

use std::collections::BTreeMap;

use cognate_shapes::enums::{DeliveryMedium, UserStatus};
use cognate_shapes::error::Result;
use serde_json::{Value, json};

use super::event::{self, Occasion, unfit};
use super::{Trigger, invoke};

/// What the unknown user wants. A sign-in brings the password that was typed.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    Authentication { password: &'a str },
    ForgotPassword,
}

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Source<'_> {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Authentication { .. } => "UserMigration_Authentication",
            Self::ForgotPassword => "UserMigration_ForgotPassword",
        }
    }
}

/// The user as the other directory has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// `None` where the function knows nobody either.
    pub attributes: Option<BTreeMap<String, String>>,
    /// CONFIRMED or RESET_REQUIRED.
    pub status: UserStatus,
    /// Whether the user is told nothing.
    pub suppress: bool,
    pub mediums: Option<Vec<DeliveryMedium>>,
    pub force_alias_creation: bool,
    pub enable_sms_mfa: bool,
}

impl Answer {
    pub fn read(output: &Value) -> Result<Self> {
        let response = event::response(output)?;
        let status = match response.text("finalUserStatus")? {
            None | Some("RESET_REQUIRED") => UserStatus::ResetRequired,
            Some("CONFIRMED") => UserStatus::Confirmed,
            Some(_) => return Err(unfit("finalUserStatus must be CONFIRMED or RESET_REQUIRED")),
        };
        let suppress = match response.text("messageAction")? {
            None | Some("RESEND") => false,
            Some("SUPPRESS") => true,
            Some(_) => return Err(unfit("messageAction must be SUPPRESS or RESEND")),
        };
        let mediums = response.list("desiredDeliveryMediums")?;
        let mediums: Option<Vec<_>> = mediums.iter().map(|medium| DeliveryMedium::from_wire(medium)).collect();
        Ok(Self {
            attributes: response.map("userAttributes")?,
            status,
            suppress,
            mediums: Some(mediums.ok_or_else(|| unfit("desiredDeliveryMediums must be SMS and EMAIL"))?)
                .filter(|mediums| !mediums.is_empty()),
            force_alias_creation: response.flag("forceAliasCreation")?,
            enable_sms_mfa: response.flag("enableSMSMFA")?,
        })
    }

    /// The user, where the function knows one.
    pub fn known(self) -> Option<Self> {
        if self.attributes.is_some() { Some(self) } else { None }
    }
}

/// Runs it for the name that was typed.
pub async fn run(at: Occasion<'_>, source: Source<'_>, name: &str) -> Result<Option<Answer>> {
    let Some(arn) = at.arn(Trigger::UserMigration) else { return Ok(None) };
    let mut request = json!({ "userAttributes": null, "validationData": at.validation_data() });
    if let Source::Authentication { password } = source {
        request["password"] = password.into();
    }
    let response = json!({
        "userAttributes": null, "forceAliasCreation": null, "enableSMSMFA": null, "finalUserStatus": null,
        "messageAction": null, "desiredDeliveryMediums": null,
    });
    let event = at.event("1", source.as_str(), name, at.with_metadata(request), Some(response));
    let output = invoke(at.cx, at.pool, Trigger::UserMigration, arn, &event).await?;
    Answer::read(&output).map(Some)
}
