//! Hands e-mail over to what delivers it.

use std::time::{Duration, SystemTime};

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::{self, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use serde_json::{Value, json};

use super::DeliveryError;
use super::ses::Ses;
use super::webhook::{post, webhook};
use crate::config::{self, ConfigError, MailTransport, SmtpTls};
use crate::inbox::{Inbox, Kind, NewMessage};
use crate::outbound::aws::Endpoint;
use crate::outbound::{Outbound, Webhook};

/// Time given to the SMTP server for taking a message, from the connection to its last word; also where it says nothing
/// at all. It leaves the request, whose functions may have taken 5 seconds, time to say so.
const SMTP_WITHIN: Duration = Duration::from_secs(10);

/// An e-mail.
#[derive(Clone)]
pub struct Email {
    /// Unique: the left half of its Message-ID (RFC 5322 section 3.6.4).
    pub id: String,
    pub to: String,
    /// An address or `Name <address>`; `None` is `mail.from`.
    pub from: Option<String>,
    pub reply_to: Option<String>,
    pub subject: String,
    pub html: String,
    /// The same for readers without HTML.
    pub text: String,
    /// The code in the text, for those who read the inbox.
    pub code: Option<String>,
    /// The link in the text, for those who read the inbox.
    pub link: Option<String>,
    /// When it was sent, in milliseconds since 1970.
    pub at: i64,
    pub sender: EmailSender,
}

/// Who sends at Amazon SES; other transports ignore it.
#[derive(Clone, Debug, Default)]
pub struct EmailSender {
    pub region: String,
    /// ARN of the identity whose policy allows to send in its name.
    pub identity: Option<String>,
    pub configuration_set: Option<String>,
}

impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(..)")
    }
}

/// What delivers e-mail. A new gateway is a new variant and a file of its own.
#[derive(Debug, Clone)]
pub enum Mailer {
    Smtp(Smtp),
    Ses(Ses),
    Webhook { webhook: Webhook, from: String },
    Inbox { inbox: Inbox, from: String },
    None,
}

/// An SMTP server, spoken to over a few connections that are kept open.
#[derive(Clone)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Mailer {
    /// What the configuration names. Nothing is connected yet.
    ///
    /// # Errors
    /// The password file cannot be read, or the host cannot be a TLS server's name.
    pub fn new(config: &config::Mail, inbox: &Inbox) -> Result<Self, ConfigError> {
        Ok(match config.transport {
            MailTransport::Smtp => Self::Smtp(Smtp::new(config)?),
            MailTransport::Ses => {
                Self::Ses(Ses { endpoint: Endpoint::new(&config.ses_endpoint), from: config.from.clone() })
            }
            MailTransport::Webhook => {
                let (secret, file) = (config.webhook_secret.as_ref(), config.webhook_secret_file.as_ref());
                let webhook = webhook("mail", &config.webhook_url, secret, file)?;
                Self::Webhook { webhook, from: config.from.clone() }
            }
            MailTransport::Inbox => Self::Inbox { inbox: inbox.clone(), from: config.from.clone() },
            MailTransport::None => Self::None,
        })
    }

    /// Hands the message over and waits until it is taken.
    ///
    /// # Errors
    /// An address is not one, nothing delivers e-mail here, or what delivers it did not take it.
    pub async fn send(&self, outbound: &Outbound, email: Email) -> Result<(), DeliveryError> {
        match self {
            Self::Smtp(smtp) => smtp.send(email).await,
            Self::Ses(ses) => ses.send(outbound, email).await,
            Self::Webhook { webhook, from } => post(webhook, outbound, email.at, &email.posted(from)?).await,
            Self::Inbox { inbox, from } => {
                let to = mailbox(&email.to)?;
                let from = mailbox(email.from.as_deref().unwrap_or(from))?;
                inbox.add(NewMessage {
                    kind: Kind::Email,
                    to: to.to_string(),
                    from: from.to_string(),
                    subject: email.subject,
                    text: email.text,
                    html: Some(email.html),
                    code: email.code,
                    link: email.link,
                    at: email.at,
                });
                Ok(())
            }
            Self::None => Err(DeliveryError::new("mail.transport is none: no e-mail can be sent")),
        }
    }

    /// Whether messages could be handed over now; connects to the SMTP server and says hello.
    ///
    /// # Errors
    /// What stands in the way.
    pub async fn check(&self) -> Result<(), DeliveryError> {
        match self {
            Self::Smtp(smtp) if in_time(smtp.transport.test_connection()).await? => Ok(()),
            Self::Smtp(_) => Err(DeliveryError::new("the SMTP server does not answer NOOP")),
            // Asking them anything takes a message.
            Self::Inbox { .. } | Self::Ses(_) | Self::Webhook { .. } => Ok(()),
            Self::None => Err(DeliveryError::new("mail.transport is none: no e-mail can be sent")),
        }
    }
}

impl Email {
    /// What a webhook is told.
    fn posted(&self, default_from: &str) -> Result<Value, DeliveryError> {
        Ok(json!({
            "id": self.id,
            "medium": "EMAIL",
            "to": mailbox(&self.to)?.email.to_string(),
            "from": mailbox(self.from.as_deref().unwrap_or(default_from))?.to_string(),
            "replyTo": self.reply_to,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "code": self.code,
            "link": self.link,
        }))
    }
}

impl Smtp {
    fn new(config: &config::Mail) -> Result<Self, ConfigError> {
        let host = config.smtp_host.as_str();
        let wrong = |key: &str, error: &dyn std::fmt::Display| ConfigError::value(key, None, error);
        let parameters = || TlsParameters::new(host.to_owned()).map_err(|error| wrong("mail.smtp_host", &error));
        let (tls, usual_port) = match config.smtp_tls {
            SmtpTls::None => (Tls::None, 25),
            SmtpTls::Starttls => (Tls::Required(parameters()?), 587),
            SmtpTls::Tls => (Tls::Wrapper(parameters()?), 465),
        };
        let port = if config.smtp_port == 0 { usual_port } else { config.smtp_port };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .tls(tls)
            .timeout(Some(SMTP_WITHIN))
            .pool_config(PoolConfig::new().max_size(8).idle_timeout(Duration::from_secs(30)));
        if !config.smtp_username.is_empty() {
            let password = config::smtp_password(config)?.map(|p| p.expose().to_owned()).unwrap_or_default();
            builder = builder.credentials(Credentials::new(config.smtp_username.clone(), password));
        }
        let from = mailbox(&config.from).map_err(|error| wrong("mail.from", &error))?;
        Ok(Self { transport: builder.build(), from })
    }

    async fn send(&self, email: Email) -> Result<(), DeliveryError> {
        let from = match &email.from {
            Some(from) => mailbox(from)?,
            None => self.from.clone(),
        };
        let sent = SystemTime::UNIX_EPOCH + Duration::from_millis(email.at.max(0).unsigned_abs());
        // The right half is the sender's domain: this machine's name is nobody's business.
        let id = format!("<{}@{}>", email.id, from.email.domain());
        let mut message = Message::builder()
            .to(mailbox(&email.to)?)
            .from(from)
            .subject(email.subject)
            .date(sent)
            .message_id(Some(id));
        if let Some(reply_to) = &email.reply_to {
            message = message.reply_to(mailbox(reply_to)?);
        }
        let message = message
            .multipart(MultiPart::alternative_plain_html(email.text, email.html))
            .map_err(|error| DeliveryError::new(format!("the message cannot be built: {error}")))?;
        in_time(self.transport.send(message)).await.map(drop)
    }
}

/// An address, alone or as `Name <address>`.
///
/// # Errors
/// It is not one. The error does not repeat it.
pub fn mailbox(address: &str) -> Result<Mailbox, DeliveryError> {
    if address.contains(char::is_control) {
        return Err(DeliveryError::new("an e-mail address holds control characters"));
    }
    address.parse().map_err(|error| DeliveryError::new(format!("not an e-mail address: {error}")))
}

/// A conversation with the SMTP server, given up when it takes too long. The transport's own timeout bounds each step
/// alone, and not the wait for the greeting.
async fn in_time<T>(conversation: impl Future<Output = Result<T, smtp::Error>>) -> Result<T, DeliveryError> {
    match tokio::time::timeout(SMTP_WITHIN, conversation).await {
        Ok(ended) => {
            ended.map_err(|error| DeliveryError::new(format!("the SMTP server did not take the message: {error}")))
        }
        Err(_) => Err(DeliveryError::new(format!("the SMTP server was not done within {} s", SMTP_WITHIN.as_secs()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cognate_testkit::smtp::SmtpTrap;

    fn email(to: &str) -> Email {
        Email {
            id: "7d0c".into(),
            to: to.into(),
            from: None,
            reply_to: Some("help@example.com".into()),
            subject: "Your verification cöde".into(),
            html: "<p>Your verification code is <b>123456</b>.</p>\n.\nend".into(),
            text: "Your verification code is 123456.".into(),
            code: Some("123456".into()),
            link: None,
            at: 1_795_000_000_000,
            sender: EmailSender::default(),
        }
    }

    fn outbound() -> Outbound {
        Outbound::new(&config::Config::serve(&config::Overlay::default()).unwrap()).unwrap()
    }

    fn smtp(port: u16, username: &str) -> Mailer {
        let overlay = config::Overlay {
            flags: [
                ("mail.transport", "smtp"),
                ("mail.smtp_host", "127.0.0.1"),
                ("mail.smtp_tls", "none"),
                ("mail.smtp_port", &port.to_string()),
                ("mail.smtp_username", username),
                ("mail.smtp_password", "hunter2"),
                ("mail.from", "Ada <no-reply@example.com>"),
            ]
            .map(|(key, value)| ("--flag".into(), key.into(), value.into()))
            .into(),
            ..config::Overlay::default()
        };
        Mailer::new(&config::Config::serve(&overlay).unwrap().mail, &Inbox::default()).unwrap()
    }

    #[tokio::test]
    async fn smtp_server_gets_both_forms() {
        let trap = SmtpTrap::start().await;
        let mailer = smtp(trap.port(), "");
        mailer.check().await.unwrap();
        mailer.send(&outbound(), email("ada@example.com")).await.unwrap();
        mailer.send(&outbound(), email("Grace <grace@example.com>")).await.unwrap();
        let messages = trap.messages();
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0].from, "no-reply@example.com");
        assert_eq!(messages[0].to, ["ada@example.com"]);
        assert_eq!(messages[1].to, ["grace@example.com"]);
        let data = &messages[0].data;
        for part in [
            "From: Ada <no-reply@example.com>",
            "Reply-To: help@example.com",
            "multipart/alternative",
            "text/plain",
            "text/html",
            "Your verification code is 123456.",
            "\n.\r\nend",
            "Message-ID: <7d0c@example.com>",
        ] {
            assert!(data.contains(part), "{part} in {data}");
        }
    }

    #[tokio::test]
    async fn a_refusal_is_an_error_that_tells_no_secret() {
        let trap = SmtpTrap::start().await;
        let error =
            smtp(trap.port(), "").send(&outbound(), email("refused@example.com")).await.unwrap_err().to_string();
        assert!(error.contains("550"), "{error}");
        assert!(!error.contains("123456"));

        let error =
            smtp(trap.port(), "cognate").send(&outbound(), email("ada@example.com")).await.unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");

        let port = trap.port();
        drop(trap);
        assert!(smtp(port, "").send(&outbound(), email("ada@example.com")).await.is_err());
    }

    /// Nor can a server hold a request by saying nothing.
    #[tokio::test(start_paused = true)]
    async fn an_smtp_server_that_never_greets_takes_nothing() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mailer = smtp(silent.local_addr().unwrap().port(), "");
        let began = tokio::time::Instant::now();
        let error = mailer.send(&outbound(), email("ada@example.com")).await.unwrap_err();
        assert_eq!(error.failure(), crate::messages::Failure::Untaken);
        assert!(mailer.check().await.is_err());
        assert!(began.elapsed() < 3 * SMTP_WITHIN, "{:?}", began.elapsed());
    }

    /// SECURITY row 44: an address cannot smuggle a header or a second recipient.
    #[tokio::test]
    async fn odd_addresses_are_errors() {
        let mailer = Mailer::Inbox { inbox: Inbox::default(), from: "no-reply@example.com".into() };
        for odd in [
            "",
            "ada",
            "ada@",
            "a@example.com\r\nBcc: b@example.com",
            "a@example.com, b@example.com",
            "a@example.com\0",
        ] {
            assert!(mailer.send(&outbound(), email(odd)).await.is_err(), "{odd:?}");
        }
    }

    #[tokio::test]
    async fn inbox_keeps_code_and_link() {
        let inbox = Inbox::default();
        let mailer = Mailer::Inbox { inbox: inbox.clone(), from: "no-reply@example.com".into() };
        mailer.send(&outbound(), email("ada@example.com")).await.unwrap();
        let kept = &inbox.messages()[0];
        assert_eq!(kept.code.as_deref(), Some("123456"));
        assert_eq!(kept.from, "no-reply@example.com");
        assert!(Mailer::None.send(&outbound(), email("ada@example.com")).await.is_err());
    }
}
