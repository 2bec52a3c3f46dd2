//! E-mail through Amazon SES: `SendEmail` of version 2 of its API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use lettre::message::Mailbox;
use serde_json::{Value, json};

use super::email::mailbox;
use super::gateway::{at, post, taken};
use super::{DeliveryError, Email};
use crate::outbound::Outbound;
use crate::outbound::aws::{Endpoint, error_name};

/// The SES of a Region.
#[derive(Clone, Debug)]
pub struct Ses {
    pub endpoint: Endpoint,
    /// For pools that name no sender.
    pub from: String,
}

impl Ses {
    pub(super) async fn send(&self, outbound: &Outbound, email: Email) -> Result<(), DeliveryError> {
        let region = email.sender.region.clone();
        let (endpoint, reach) = at(&self.endpoint, "email", &region)?;
        let url = format!("{endpoint}/v2/email/outbound-emails");
        let now = email.at;
        let body = Bytes::from(self.body(&email)?.to_string());
        let response = post(outbound, reach, || {
            let mut request = Request::post(&url)
                .header("content-type", "application/json")
                .body(body.clone())
                .map_err(DeliveryError::new)?;
            outbound.sign(&mut request, "ses", &region, now).map_err(DeliveryError::new)?;
            Ok(request)
        });
        taken("SES", &response.await?, error_name)
    }

    fn body(&self, email: &Email) -> Result<Value, DeliveryError> {
        let text = |data: &str| json!({ "Data": data, "Charset": "UTF-8" });
        let from = mailbox(email.from.as_deref().unwrap_or(&self.from))?;
        let mut body = json!({
            "FromEmailAddress": encoded(&from),
            "Destination": { "ToAddresses": [mailbox(&email.to)?.email.to_string()] },
            "Content": { "Simple": {
                "Subject": text(&email.subject),
                "Body": { "Text": text(&email.text), "Html": text(&email.html) },
            } },
        });
        if let Some(reply_to) = &email.reply_to {
            body["ReplyToAddresses"] = json!([encoded(&mailbox(reply_to)?)]);
        }
        if let Some(arn) = &email.sender.identity {
            body["FromEmailAddressIdentityArn"] = arn.as_str().into();
        }
        if let Some(set) = &email.sender.configuration_set {
            body["ConfigurationSetName"] = set.as_str().into();
        }
        Ok(body)
    }
}

/// The mailbox as a header takes it: SES wants names beyond ASCII as encoded words (RFC 2047).
fn encoded(mailbox: &Mailbox) -> String {
    let Some(name) = mailbox.name.as_deref().filter(|name| !name.is_ascii()) else { return mailbox.to_string() };
    // 45 bytes make 60 characters of base64, and the word stays below its 75.
    let mut words: Vec<String> = vec![String::new()];
    for character in name.chars() {
        let last = words.len() - 1;
        if words[last].len() + character.len_utf8() > 45 {
            words.push(String::from(character));
        } else {
            words[last].push(character);
        }
    }
    let words: Vec<_> = words.iter().map(|word| format!("=?UTF-8?B?{}?=", STANDARD.encode(word))).collect();
    format!("{} <{}>", words.join(" "), mailbox.email)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_ascii_are_encoded_words() {
        assert_eq!(encoded(&mailbox("Ada <ada@example.com>").unwrap()), "Ada <ada@example.com>");
        assert_eq!(encoded(&mailbox("Zoë <z@example.com>").unwrap()), "=?UTF-8?B?Wm/Dqw==?= <z@example.com>");
        let long = encoded(&mailbox(&format!("{} <z@example.com>", "ö".repeat(60))).unwrap());
        assert!(long.is_ascii() && long.split(' ').all(|word| word.len() <= 75), "{long}");
    }
}
