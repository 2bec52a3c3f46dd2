//! Hands text messages over to what delivers them.

use serde_json::json;

use super::DeliveryError;
use super::segments::segments;
use super::sns::{Eums, Sns};
use super::webhook::{post, webhook};
use crate::config::{self, ConfigError, SmsTransport};
use crate::inbox::{Inbox, Kind, NewMessage};
use crate::outbound::aws::Endpoint;
use crate::outbound::{Outbound, Webhook};

/// Most segments of one message, as SNS has it (1,600 bytes).
const MOST_SEGMENTS: usize = 10;

/// A text message.
#[derive(Clone)]
pub struct Sms {
    /// In E.164 form: `+` and digits.
    pub to: String,
    pub text: String,
    /// The code in the text, for those who read the inbox.
    pub code: Option<String>,
    /// When it was sent, in milliseconds since 1970.
    pub at: i64,
    pub sender: SmsSender,
}

/// Who sends at AWS; other transports ignore it.
#[derive(Clone, Debug, Default)]
pub struct SmsSender {
    pub region: String,
    /// `None`: Amazon SNS sends.
    pub eums: Option<Eums>,
}

impl std::fmt::Debug for Sms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sms(..)")
    }
}

/// What delivers text messages. A new gateway is a new variant and a file of its own.
#[derive(Debug, Clone)]
pub enum Texter {
    Sns(Sns),
    Webhook(Webhook),
    Inbox(Inbox),
    None,
}

impl Texter {
    /// What the configuration names.
    ///
    /// # Errors
    /// A webhook's secret cannot be read or is too short.
    pub fn new(config: &config::Sms, inbox: &Inbox) -> Result<Self, ConfigError> {
        Ok(match config.transport {
            SmsTransport::Sns => Self::Sns(Sns { endpoint: Endpoint::new(&config.sns_endpoint) }),
            SmsTransport::Webhook => {
                let (secret, file) = (config.webhook_secret.as_ref(), config.webhook_secret_file.as_ref());
                Self::Webhook(webhook("sms", &config.webhook_url, secret, file)?)
            }
            SmsTransport::Inbox => Self::Inbox(inbox.clone()),
            SmsTransport::None => Self::None,
        })
    }

    /// Hands the message over and waits until it is taken.
    ///
    /// # Errors
    /// The number is not a phone number, nothing delivers text messages here, or what delivers them did not take it.
    pub async fn send(&self, outbound: &Outbound, sms: Sms) -> Result<(), DeliveryError> {
        if !is_e164(&sms.to) {
            return Err(DeliveryError::new("the recipient is not a phone number in E.164 form"));
        }
        let segments = segments(&sms.text);
        if segments > MOST_SEGMENTS {
            return Err(DeliveryError::new(format_args!("the text takes {segments} segments")));
        }
        match self {
            Self::Sns(sns) => sns.send(outbound, sms).await,
            Self::Webhook(webhook) => {
                let message = json!({
                    "medium": "SMS", "to": sms.to, "text": sms.text, "segments": segments, "code": sms.code,
                });
                post(webhook, outbound, sms.at, &message).await
            }
            Self::Inbox(inbox) => {
                inbox.add(NewMessage {
                    kind: Kind::Sms,
                    to: sms.to,
                    from: String::new(),
                    subject: String::new(),
                    text: sms.text,
                    html: None,
                    code: sms.code,
                    link: None,
                    at: sms.at,
                });
                Ok(())
            }
            Self::None => Err(DeliveryError::new("sms.transport is none: no text message can be sent")),
        }
    }
}

fn is_e164(number: &str) -> bool {
    number
        .strip_prefix('+')
        .is_some_and(|digits| (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbound() -> Outbound {
        Outbound::new(&config::Config::serve(&config::Overlay::default()).unwrap()).unwrap()
    }

    fn to(number: &str) -> Sms {
        Sms {
            to: number.into(),
            text: "Your verification code is 123456. ".into(),
            code: Some("123456".into()),
            at: 0,
            sender: SmsSender::default(),
        }
    }

    #[tokio::test]
    async fn inbox_takes_text_messages() {
        let inbox = Inbox::default();
        Texter::Inbox(inbox.clone()).send(&outbound(), to("+15555559934")).await.unwrap();
        let kept = &inbox.messages()[0];
        assert_eq!((kept.to.as_str(), kept.code.as_deref()), ("+15555559934", Some("123456")));
    }

    /// SECURITY row 44: what is not a number is not sent.
    #[tokio::test]
    async fn odd_numbers_are_refused() {
        let texter = Texter::Inbox(Inbox::default());
        for odd in ["", "+", "15555559934", "+1555\r\n", "+1555555993412345", "+1555x"] {
            assert!(texter.send(&outbound(), to(odd)).await.is_err(), "{odd:?}");
        }
    }

    #[tokio::test]
    async fn no_transport_is_an_error_without_the_code() {
        let error = Texter::None.send(&outbound(), to("+15555559934")).await.unwrap_err();
        assert!(!error.to_string().contains("123456"));
    }
}
