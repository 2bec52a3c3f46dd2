//! Sends users their codes, invitations and notices, in the words of their pool.
//!
//! Every message leaves through [`deliver`].

mod words;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::task::Poll;

use cognate_shapes::enums::{DeliveryMedium, VerifiedAttribute};
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::scalars::{AttributeName, Text};
use cognate_shapes::user::CodeDeliveryDetails;
use zeroize::Zeroizing;

use super::names::{EMAIL, PHONE_NUMBER};
use super::user::User;
use crate::context::Context;
use crate::directory::{Client, Pool};
use crate::messages::{Email, Failure, MessageKind, Sms, Templates, Values, compose, mask};

/// A message to a user, before it has words.
#[derive(Clone)]
pub struct Message {
    pub kind: MessageKind,
    pub user: User,
    /// The attribute it goes to, and so the medium.
    pub attribute: VerifiedAttribute,
    /// The address or number, which need not be in force yet.
    pub to: String,
    /// The code, or the temporary password of an invitation.
    pub code: Option<Zeroizing<String>>,
    /// The client that the user came by.
    pub client_id: Option<String>,
    /// `ClientMetadata`, for triggers.
    pub metadata: Option<BTreeMap<Text, Text>>,
    /// Whether an administrator's operation sends it; those list other errors.
    pub by_administrator: bool,
}

/// Personal data and codes.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("kind", &self.kind).field("attribute", &self.attribute).finish_non_exhaustive()
    }
}

impl Message {
    /// A message with a code.
    pub fn new(kind: MessageKind, user: &User, attribute: VerifiedAttribute, to: &str, code: &str) -> Self {
        Self {
            kind,
            user: user.clone(),
            attribute,
            to: to.to_owned(),
            code: Some(Zeroizing::new(code.to_owned())),
            client_id: None,
            metadata: None,
            by_administrator: false,
        }
    }

    /// The same for a user who came by that client. A sign-up is confirmed by a link only where the client is known.
    #[must_use]
    pub fn by(self, client: &Client) -> Self {
        Self { client_id: Some(client.id.clone()), ..self }
    }

    /// The same with what the request says to triggers.
    #[must_use]
    pub fn with_metadata(self, metadata: Option<BTreeMap<Text, Text>>) -> Self {
        Self { metadata, ..self }
    }

    /// The same on behalf of an administrator.
    #[must_use]
    pub fn by_administrator(self) -> Self {
        Self { by_administrator: true, ..self }
    }
}

/// Sends a message and answers where it went. What cannot be delivered is an error that the operation lists.
pub async fn send(cx: &Context, pool: &Arc<Pool>, message: Message) -> Result<CodeDeliveryDetails> {
    deliver(cx, pool, &message).await?;
    Ok(details(message.attribute, &message.to))
}

/// Sends a message without waiting for anybody: how long that takes, and whether it works, would tell who exists.
pub async fn send_unseen(cx: &Context, pool: &Arc<Pool>, message: Message) -> CodeDeliveryDetails {
    let details = details(message.attribute, &message.to);
    let (cx, pool) = (cx.shared(), Arc::clone(pool));
    let mut delivery = Box::pin(async move {
        // It is in the log already, and nobody else may know.
        let _ = deliver(&cx, &pool, &message).await;
    });
    // What is taken at once (the inbox) is there before the answer is.
    let taken = std::future::poll_fn(|cx| Poll::Ready(delivery.as_mut().poll(cx).is_ready())).await;
    if !taken {
        tokio::spawn(delivery);
    }
    details
}

/// Sends a message, unseen where `hides`.
pub async fn send_or_hide(
    cx: &Context,
    pool: &Arc<Pool>,
    message: Message,
    hides: bool,
) -> Result<CodeDeliveryDetails> {
    if hides { Ok(send_unseen(cx, pool, message).await) } else { send(cx, pool, message).await }
}

/// Tells a user made by an administrator the username and temporary password, by every medium that was asked for and
/// that the user has.
pub async fn invite(
    cx: &Context,
    pool: &Arc<Pool>,
    user: &User,
    password: Option<&str>,
    mediums: &[DeliveryMedium],
    metadata: Option<&BTreeMap<Text, Text>>,
) -> Result<()> {
    for medium in mediums {
        let (attribute, name) = match medium {
            DeliveryMedium::Email => (VerifiedAttribute::Email, EMAIL),
            DeliveryMedium::Sms => (VerifiedAttribute::PhoneNumber, PHONE_NUMBER),
        };
        if let Some(to) = user.attribute(name).filter(|_| says_the_password(pool, *medium, password)) {
            let message = Message {
                code: password.map(|password| Zeroizing::new(password.to_owned())),
                ..Message::new(MessageKind::AdminCreateUser, user, attribute, to, "")
            };
            send(cx, pool, message.with_metadata(metadata.cloned()).by_administrator()).await?;
        }
    }
    Ok(())
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

/// Gives a message its words and hands it over. The one way by which messages leave.
async fn deliver(cx: &Context, pool: &Arc<Pool>, message: &Message) -> Result<()> {
    let templates = words::templates(pool);
    let handed_over = match message.attribute {
        VerifiedAttribute::Email => cx.mailer.send(compose_email(cx, pool, message, &templates)).await,
        VerifiedAttribute::PhoneNumber if pool.settings.sms_configuration.is_none() => {
            return Err(refused(message, Failure::Untaken, NO_SMS));
        }
        VerifiedAttribute::PhoneNumber => cx.texter.send(compose_sms(cx, message, &templates)).await,
    };
    handed_over.map_err(|error| {
        tracing::warn!(%error, kind = message.kind.as_str(), pool = pool.id, "a message was not delivered");
        refused(message, error.failure(), UNTAKEN)
    })
}

const NO_SMS: &str = "Unable to send the message. User pool does not have SMS configuration to send messages.";
const UNTAKEN: &str = "Unable to send the message. The delivery service did not take it.";

/// The error of a message that was not delivered, as the operation that sends it lists it.
///
/// Most know a `CodeDeliveryFailureException`. Sign-ins and two of the administrators' operations do not, and say it as a
/// failure of the role that sends.
fn refused(message: &Message, failure: Failure, words: &'static str) -> Error {
    let lists_deliveries = match message.kind {
        MessageKind::Authentication | MessageKind::AccountTakeOverNotification => false,
        MessageKind::AdminCreateUser => true,
        _ => !message.by_administrator,
    };
    let code = match (failure, message.attribute) {
        // AdminCreateUser lists no error for the role that sends e-mail.
        (_, VerifiedAttribute::Email) if message.kind == MessageKind::AdminCreateUser => Code::CodeDeliveryFailure,
        (Failure::Untaken, _) if lists_deliveries => Code::CodeDeliveryFailure,
        (_, VerifiedAttribute::Email) => Code::InvalidEmailRoleAccessPolicy,
        (Failure::Untaken | Failure::AccessDenied, VerifiedAttribute::PhoneNumber) => Code::InvalidSmsRoleAccessPolicy,
        (Failure::TrustRefused, VerifiedAttribute::PhoneNumber) => Code::InvalidSmsRoleTrustRelationship,
    };
    Error::new(code, words)
}

fn compose_email(cx: &Context, pool: &Pool, message: &Message, templates: &Templates) -> Email {
    let code = message.code.as_ref().map(|code| code.as_str());
    let confirms = matches!(message.kind, MessageKind::SignUp | MessageKind::ResendCode);
    let link = match (&message.client_id, code) {
        (Some(client_id), Some(code)) if confirms && words::confirms_by_link(pool) => {
            Some(words::confirmation_link(cx, pool, client_id, &message.user.username, code))
        }
        _ => None,
    };
    let values = Values { code, username: Some(&message.user.username), link: link.as_deref() };
    let composed = compose::email(message.kind, templates, values);
    let settings = pool.settings.email_configuration.as_ref();
    Email {
        id: cx.rng.uuid(),
        to: message.to.clone(),
        from: settings.and_then(|settings| settings.from.as_ref()).map(|from| from.as_str().to_owned()),
        reply_to: settings
            .and_then(|settings| settings.reply_to_email_address.as_ref())
            .map(|address| address.as_str().to_owned()),
        subject: composed.subject,
        html: composed.html,
        text: composed.text,
        code: code.map(str::to_owned),
        link,
        at: cx.clock.now_ms(),
    }
}

fn compose_sms(cx: &Context, message: &Message, templates: &Templates) -> Sms {
    let code = message.code.as_ref().map(|code| code.as_str());
    let values = Values { code, username: Some(&message.user.username), link: None };
    Sms {
        to: message.to.clone(),
        text: compose::sms(message.kind, templates, values),
        code: code.map(str::to_owned),
        at: cx.clock.now_ms(),
    }
}

/// An invitation without its password would be of no use: the service sends none then.
fn says_the_password(pool: &Pool, medium: DeliveryMedium, password: Option<&str>) -> bool {
    let templates = words::templates(pool);
    let template = match medium {
        DeliveryMedium::Email => templates.invite_email_message,
        DeliveryMedium::Sms => templates.invite_sms_message,
    };
    password.is_none() || template.is_none_or(|template| template.contains("{####}"))
}
