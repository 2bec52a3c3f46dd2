//! What the configuration says about messages: how e-mail and text messages leave the server.

use std::path::PathBuf;

use serde::Deserialize;

use super::targets::{WEBHOOK_URL, is_endpoint, is_webhook};
use super::{Config, ConfigError, Secret, read_secret, unset, without_password};
use crate::messages::email::mailbox;

/// How e-mail leaves the server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    pub transport: MailTransport,
    pub from: String,
    pub smtp_host: String,
    /// 0 is the usual port of `smtp_tls`.
    pub smtp_port: u16,
    pub smtp_tls: SmtpTls,
    pub smtp_username: String,
    #[serde(deserialize_with = "unset::secret")]
    pub smtp_password: Option<Secret>,
    #[serde(deserialize_with = "unset::path")]
    pub smtp_password_file: Option<PathBuf>,
    /// Empty: Amazon SES.
    pub ses_endpoint: String,
    pub webhook_url: String,
    #[serde(deserialize_with = "unset::secret")]
    pub webhook_secret: Option<Secret>,
    #[serde(deserialize_with = "unset::path")]
    pub webhook_secret_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    Smtp,
    Ses,
    Webhook,
    Inbox,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    None,
    Starttls,
    Tls,
}

/// How text messages leave the server.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sms {
    pub transport: SmsTransport,
    /// Empty: Amazon SNS.
    pub sns_endpoint: String,
    pub webhook_url: String,
    #[serde(deserialize_with = "unset::secret")]
    pub webhook_secret: Option<Secret>,
    #[serde(deserialize_with = "unset::path")]
    pub webhook_secret_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmsTransport {
    Sns,
    Webhook,
    Inbox,
    None,
}

pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let wrong = |key: &str, message: String| Err(ConfigError::value(key, config.origin(key), message));
    let Config { mail, sms, .. } = config;
    if mail.transport == MailTransport::Smtp && mail.smtp_host.is_empty() {
        return wrong("mail.smtp_host", "mail.transport is smtp: name the SMTP server".into());
    }
    if mail.smtp_password.is_some() && mail.smtp_password_file.is_some() {
        return wrong("mail.smtp_password", "set mail.smtp_password or mail.smtp_password_file, not both".into());
    }
    if let Err(error) = mailbox(&mail.from) {
        return wrong("mail.from", error.to_string());
    }
    for (key, endpoint) in [("mail.ses_endpoint", &mail.ses_endpoint), ("sms.sns_endpoint", &sms.sns_endpoint)] {
        if !endpoint.is_empty() && !is_endpoint(endpoint) {
            let url = without_password(endpoint);
            return wrong(
                key,
                format!("{url:?} is not a URL such as http://127.0.0.1:4566, without query and password"),
            );
        }
    }
    let (by_mail, by_sms) = (mail.transport == MailTransport::Webhook, sms.transport == SmsTransport::Webhook);
    for (used, section, url, secret, file) in [
        (by_mail, "mail", &mail.webhook_url, &mail.webhook_secret, &mail.webhook_secret_file),
        (by_sms, "sms", &sms.webhook_url, &sms.webhook_secret, &sms.webhook_secret_file),
    ] {
        if used && !is_webhook(url) {
            return wrong(&format!("{section}.webhook_url"), format!("a webhook's URL {WEBHOOK_URL}"));
        }
        if used && secret.is_some() == file.is_some() {
            let message = format!("set {section}.webhook_secret or {section}.webhook_secret_file");
            return wrong(&format!("{section}.webhook_secret"), message);
        }
    }
    Ok(())
}

/// The SMTP password, from the configuration or the file it names.
///
/// # Errors
/// The file cannot be read.
pub fn smtp_password(mail: &Mail) -> Result<Option<Secret>, ConfigError> {
    match &mail.smtp_password_file {
        Some(path) => read_secret(path).map(Some).map_err(|error| {
            ConfigError::value("mail.smtp_password_file", None, format!("cannot read {}: {error}", path.display()))
        }),
        None => Ok(mail.smtp_password.clone()),
    }
}
