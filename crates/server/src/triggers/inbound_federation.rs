//! InboundFederation: the attributes that another provider says of a user, before they are mapped.

use cognate_shapes::error::Result;
use serde_json::{Map, Value, json};

use super::event::{self, Occasion};
use super::{Trigger, invoke};

const SOURCE: &str = "InboundFederation_ExternalProvider";

/// What a provider said.
#[derive(Clone)]
pub struct Said {
    pub provider_name: String,
    /// `OIDC`, `SAML`, `Facebook`, `Google`, `SignInWithApple` or `LoginWithAmazon`.
    pub provider_type: String,
    /// `tokenResponse`, `idToken` and `userInfo`, or `samlResponse`.
    pub attributes: Map<String, Value>,
}

/// Attributes are personal data.
impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Said").field("provider_name", &self.provider_name).finish_non_exhaustive()
    }
}

/// The attributes in place of the provider's: those that are left out are dropped. Empty changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    pub attributes: Map<String, Value>,
}

impl Answer {
    pub fn read(output: &Value) -> Result<Self> {
        let attributes = event::response(output)?.object("userAttributesToMap")?;
        Ok(Self { attributes: attributes.map(|attributes| attributes.all().clone()).unwrap_or_default() })
    }
}

/// Runs it for a user of that name.
pub async fn run(at: Occasion<'_>, name: &str, said: &Said) -> Result<Option<Answer>> {
    let Some(arn) = at.arn(Trigger::InboundFederation) else { return Ok(None) };
    let request = json!({
        "providerName": said.provider_name, "providerType": said.provider_type, "attributes": said.attributes,
    });
    let event = at.event("1", SOURCE, name, request, Some(json!({ "userAttributesToMap": {} })));
    let output = invoke(at.cx, at.pool, Trigger::InboundFederation, arn, &event).await?;
    Answer::read(&output).map(Some)
}
