//! Sends users their codes and invitations, in the words of their pool.

use std::future::Future;
use std::task::Poll;

use cognate_shapes::enums::{DefaultEmailOption, DeliveryMedium, VerifiedAttribute};
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::scalars::{AttributeName, Text};
use cognate_shapes::user::CodeDeliveryDetails;

use super::names::{EMAIL, PHONE_NUMBER};
use super::user::User;
use crate::context::Context;
use crate::directory::Pool;
use crate::messages::{DeliveryError, Email, Mailer, MessageKind, Sms, Templates, Texter, Values, compose, mask};

/// Sends a code and answers where it went.
///
/// A sign-up's code goes as a link where the pool says so, and then `client_id` must be known. What cannot be delivered
/// is a `CodeDeliveryFailureException`.
#[expect(clippy::too_many_arguments, reason = "a message has that many parts, and each caller has them all at hand")]
pub async fn send_code(
    cx: &Context,
    pool: &Pool,
    user: &User,
    attribute: VerifiedAttribute,
    to: &str,
    kind: MessageKind,
    code: &str,
    client_id: Option<&str>,
) -> Result<CodeDeliveryDetails> {
    compose_code(cx, pool, user, attribute, to, kind, code, client_id)?.send().await?;
    Ok(details(attribute, to))
}

/// A code's message, ready to be sent.
#[expect(clippy::too_many_arguments, reason = "a message has that many parts, and each caller has them all at hand")]
pub fn compose_code(
    cx: &Context,
    pool: &Pool,
    user: &User,
    attribute: VerifiedAttribute,
    to: &str,
    kind: MessageKind,
    code: &str,
    client_id: Option<&str>,
) -> Result<Outgoing> {
    match attribute {
        VerifiedAttribute::PhoneNumber => {
            compose_sms(cx, pool, to, kind, Values { code: Some(code), ..Values::default() })
        }
        VerifiedAttribute::Email => {
            let link = client_id
                .filter(|_| kind == MessageKind::Verification && confirms_by_link(pool))
                .map(|client_id| confirmation_link(cx, pool, client_id, &user.username, code));
            let kind = if link.is_some() { MessageKind::VerificationLink } else { kind };
            let values = Values { code: Some(code), username: None, link: link.as_deref() };
            Ok(compose_email(cx, pool, to, kind, values))
        }
    }
}

/// Tells a user made by an administrator the username and temporary password, by every medium that was asked for and
/// that the user has.
pub async fn invite(
    cx: &Context,
    pool: &Pool,
    user: &User,
    password: Option<&str>,
    mediums: &[DeliveryMedium],
) -> Result<()> {
    let kind = if password.is_some() { MessageKind::Invitation } else { MessageKind::PasswordlessInvitation };
    let values = Values { code: password, username: Some(&user.username), link: None };
    for medium in mediums {
        match medium {
            DeliveryMedium::Email => {
                if let Some(to) = user.attribute(EMAIL).filter(|_| says_the_password(pool, *medium, password)) {
                    compose_email(cx, pool, to, kind, values).send().await?;
                }
            }
            DeliveryMedium::Sms => {
                if let Some(to) = user.attribute(PHONE_NUMBER).filter(|_| says_the_password(pool, *medium, password)) {
                    compose_sms(cx, pool, to, kind, values)?.send().await?;
                }
            }
        }
    }
    Ok(())
}

/// Sends a composed message: visibly, so that a failure is the caller's error, or unseen.
pub async fn deliver(message: Result<Outgoing>, unseen: bool) -> Result<()> {
    match message {
        Ok(message) if unseen => {
            message.send_unseen().await;
            Ok(())
        }
        Ok(message) => message.send().await,
        Err(error) if unseen => {
            tracing::warn!(%error, "a message was not delivered");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Where a code went, as the service shows it.
pub fn details(attribute: VerifiedAttribute, to: &str) -> CodeDeliveryDetails {
    let (medium, destination) = match attribute {
        VerifiedAttribute::Email => (DeliveryMedium::Email, mask::mask_email(to)),
        VerifiedAttribute::PhoneNumber => (DeliveryMedium::Sms, mask::mask_phone(to)),
    };
    CodeDeliveryDetails {
        destination: Some(Text::trusted(destination)),
        delivery_medium: Some(medium),
        attribute_name: Some(AttributeName::trusted(attribute.as_str())),
    }
}

/// A message with what delivers it.
#[derive(Debug)]
pub enum Outgoing {
    Email(Mailer, Email),
    Sms(Texter, Sms),
}

impl Outgoing {
    /// Hands the message over and waits until it is taken.
    pub async fn send(self) -> Result<()> {
        self.hand_over().await.map_err(|error| {
            tracing::warn!(%error, "a message was not delivered");
            Error::new(Code::CodeDeliveryFailure, "Unable to send the message. The delivery service did not take it.")
        })
    }

    /// Hands the message over without waiting for anybody: how long that takes, and whether it works, would tell who
    /// exists.
    pub async fn send_unseen(self) {
        let mut delivery = Box::pin(async move {
            if let Err(error) = self.hand_over().await {
                tracing::warn!(%error, "a message was not delivered");
            }
        });
        // What is taken at once (the inbox) is there before the answer is.
        let taken = std::future::poll_fn(|cx| Poll::Ready(delivery.as_mut().poll(cx).is_ready())).await;
        if !taken {
            tokio::spawn(delivery);
        }
    }

    async fn hand_over(self) -> Result<(), DeliveryError> {
        match self {
            Self::Email(mailer, email) => mailer.send(email).await,
            Self::Sms(texter, sms) => texter.send(sms).await,
        }
    }
}

fn compose_email(cx: &Context, pool: &Pool, to: &str, kind: MessageKind, values: Values<'_>) -> Outgoing {
    let composed = compose::email(kind, &templates(pool), values);
    let settings = pool.settings.email_configuration.as_ref();
    let email = Email {
        id: cx.rng.uuid(),
        to: to.to_owned(),
        from: settings.and_then(|settings| settings.from.as_ref()).map(|from| from.as_str().to_owned()),
        reply_to: settings
            .and_then(|settings| settings.reply_to_email_address.as_ref())
            .map(|address| address.as_str().to_owned()),
        subject: composed.subject,
        html: composed.html,
        text: composed.text,
        code: values.code.map(str::to_owned),
        link: values.link.map(str::to_owned),
        at: cx.clock.now_ms(),
    };
    Outgoing::Email(cx.mailer.clone(), email)
}

fn compose_sms(cx: &Context, pool: &Pool, to: &str, kind: MessageKind, values: Values<'_>) -> Result<Outgoing> {
    if pool.settings.sms_configuration.is_none() {
        return Err(Error::new(
            Code::CodeDeliveryFailure,
            "Unable to send the message. User pool does not have SMS configuration to send messages.",
        ));
    }
    let sms = Sms {
        to: to.to_owned(),
        text: compose::sms(kind, &templates(pool), values),
        code: values.code.map(str::to_owned),
        at: cx.clock.now_ms(),
    };
    Ok(Outgoing::Sms(cx.texter.clone(), sms))
}

/// An invitation without its password would be of no use: the service sends none then.
fn says_the_password(pool: &Pool, medium: DeliveryMedium, password: Option<&str>) -> bool {
    let templates = templates(pool);
    let template = match medium {
        DeliveryMedium::Email => templates.invite_email_message,
        DeliveryMedium::Sms => templates.invite_sms_message,
    };
    password.is_none() || template.is_none_or(|template| template.contains("{####}"))
}

fn confirms_by_link(pool: &Pool) -> bool {
    let template = pool.settings.verification_message_template.as_ref();
    template.and_then(|template| template.default_email_option) == Some(DefaultEmailOption::ConfirmWithLink)
}

/// The address that confirms a sign-up. Its host is the configuration's, never a request's.
fn confirmation_link(cx: &Context, pool: &Pool, client_id: &str, username: &str, code: &str) -> String {
    let [client_id, username, code] = [client_id, username, code].map(percent_encoded);
    format!(
        "{}/{}/confirmUser?client_id={client_id}&user_name={username}&confirmation_code={code}",
        cx.config.server.public_url, pool.id
    )
}

/// The text as a value of a query (RFC 3986 section 2.1).
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.extend(['%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
        }
    }
    out
}

const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];

/// The pool's own texts.
fn templates(pool: &Pool) -> Templates {
    let settings = &pool.settings;
    let verification = settings.verification_message_template.clone().unwrap_or_default();
    let config = settings.admin_create_user_config.as_ref();
    let invitation = config.and_then(|config| config.invite_message_template.clone()).unwrap_or_default();
    let by_email = pool.further.email_mfa_configuration.clone().unwrap_or_default();
    let text = |scalar: Option<&str>| scalar.map(str::to_owned);
    let (email, subject) = (&settings.email_verification_message, &settings.email_verification_subject);
    Templates {
        email_message: text(verification.email_message.as_deref().or(email.as_deref())),
        email_subject: text(verification.email_subject.as_deref().or(subject.as_deref())),
        email_message_by_link: text(verification.email_message_by_link.as_deref()),
        email_subject_by_link: text(verification.email_subject_by_link.as_deref()),
        sms_message: text(verification.sms_message.as_deref().or(settings.sms_verification_message.as_deref())),
        invite_email_message: text(invitation.email_message.as_deref()),
        invite_email_subject: text(invitation.email_subject.as_deref()),
        invite_sms_message: text(invitation.sms_message.as_deref()),
        sms_authentication_message: text(settings.sms_authentication_message.as_deref()),
        email_mfa_message: text(by_email.message.as_deref()),
        email_mfa_subject: text(by_email.subject.as_deref()),
    }
}
