//! Sends users their codes, invitations and notices, in the words of their pool.
//!
//! Every message leaves through [`deliver`].

mod words;

use std::future::Future;
use std::sync::Arc;
use std::task::Poll;

use cognate_shapes::enums::{DeliveryMedium, EmailSendingAccount, VerifiedAttribute};
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::risk::{NotifyConfiguration, NotifyEmail};
use cognate_shapes::scalars::{AttributeName, Text};
use cognate_shapes::user::CodeDeliveryDetails;
use cognate_store::attempts;
use zeroize::Zeroizing;

use super::names::{EMAIL, PHONE_NUMBER};
use super::user::User;
use crate::context::Context;
use crate::directory::delivery_rules::arn_region;
use crate::directory::{Client, Pool};
use crate::messages::compose::{self, EmailText};
use crate::messages::frame::framed;
use crate::messages::{
    DeliveryError, Email, EmailSender, Eums, Failure, MessageKind, Sms, SmsSender, Templates, Values, mask,
};
use crate::triggers::custom_message::{self, Content};
use crate::triggers::custom_sender;
use crate::triggers::event::Occasion;
use crate::visit::Visit;

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
    /// The request that sends it, for triggers.
    pub visit: Visit,
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
            visit: Visit::default(),
            by_administrator: false,
        }
    }

    /// The same for a user who came by that client. A sign-up is confirmed by a link only where the client is known.
    #[must_use]
    pub fn by(self, client: &Client) -> Self {
        Self { client_id: Some(client.id.clone()), ..self }
    }

    /// The same as part of that request.
    #[must_use]
    pub fn in_visit(self, visit: &Visit) -> Self {
        Self { visit: visit.clone(), ..self }
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
    visit: &Visit,
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
            send(cx, pool, message.in_visit(visit).by_administrator()).await?;
        }
    }
    Ok(())
}

/// Tells a user that a sign-in carried a risk, in the words of the pool; placeholders such as `{ip-address}` stand for
/// `values`. A user without verified e-mail address is told nothing, for it may be anybody's; a pool's own sender of e-mail finds words of its own.
pub async fn notify(
    cx: &Context,
    pool: &Arc<Pool>,
    user: &User,
    configuration: &NotifyConfiguration,
    notice: &NotifyEmail,
    values: &[(&str, &str)],
) -> Result<()> {
    let Some(to) = user.attribute(EMAIL).filter(|_| user.is_verified(EMAIL)) else { return Ok(()) };
    let kind = MessageKind::AccountTakeOverNotification;
    let told = Message { code: None, ..Message::new(kind, user, VerifiedAttribute::Email, to, "") };
    let at = Occasion { cx, pool, client_id: None, visit: &told.visit };
    if custom_sender::run(at, &told).await?.is_some() {
        return Ok(());
    }
    let (html, text) = (notice.html_body.as_deref(), notice.text_body.as_deref());
    let composed = compose::notice(&notice.subject, html, text, values);
    let text = |scalar: Option<&str>| scalar.map(str::to_owned);
    let sender = Sender {
        from: text(configuration.from.as_deref()),
        reply_to: text(configuration.reply_to.as_deref()),
        identity: Some(configuration.source_arn.as_str().to_owned()),
        configuration_set: None,
    };
    let email = addressed(cx, pool, to, &composed, sender);
    hand_over(cx, pool, email).await.map_err(|error| {
        tracing::warn!(%error, pool = pool.id, "a notice was not delivered");
        Error::new(Code::InvalidEmailRoleAccessPolicy, UNTAKEN)
    })
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

/// Gives a message its words and hands it over, to the pool's own sender if it has one. The one way by which messages
/// leave.
async fn deliver(cx: &Context, pool: &Arc<Pool>, message: &Message) -> Result<()> {
    let at = Occasion { cx, pool, client_id: message.client_id.as_deref(), visit: &message.visit };
    let handed_over = custom_sender::run(at, message).await.map_err(|error| match error.code {
        Code::CodeDeliveryFailure => refused(message, Failure::Untaken, UNTAKEN),
        _ => error,
    });
    if handed_over?.is_some() {
        return Ok(());
    }
    let content = Content { code: message.code.is_some(), link: link(cx, pool, message).is_some() };
    let mut templates = words::templates(pool);
    if message.code.is_none() {
        templates = templates.without_code();
    }
    if let Some(words) = custom_message::run(at, message.kind, &message.user, message.attribute, content).await? {
        templates = templates.with(words.email_subject, words.email_message, words.sms_message);
    }
    let handed_over = match message.attribute {
        VerifiedAttribute::Email => {
            let email = compose_email(cx, pool, message, &templates);
            hand_over(cx, pool, email).await
        }
        VerifiedAttribute::PhoneNumber if pool.settings.sms_configuration.is_none() => {
            return Err(refused(message, Failure::Untaken, NO_SMS));
        }
        VerifiedAttribute::PhoneNumber => {
            cx.texter.send(&cx.outbound, compose_sms(cx, pool, message, &templates)).await
        }
    };
    handed_over.map_err(|error| {
        tracing::warn!(%error, kind = message.kind.as_str(), pool = pool.id, "a message was not delivered");
        let words = if error.failure() == Failure::Exhausted { EXHAUSTED } else { UNTAKEN };
        refused(message, error.failure(), words)
    })
}

/// Hands an e-mail over, unless the pool's day is used up.
async fn hand_over(cx: &Context, pool: &Pool, email: Email) -> std::result::Result<(), DeliveryError> {
    let most = cx.config.limits.default_emails_per_day;
    let settings = pool.settings.email_configuration.as_ref();
    let is_default =
        settings.and_then(|settings| settings.email_sending_account) != Some(EmailSendingAccount::Developer);
    if most > 0 && is_default {
        let (id, now) = (pool.id.clone(), cx.clock.now_ms());
        let day = now - (now - NINE_MS).rem_euclid(DAY_MS);
        let counted = cx.store.write(move |tx| attempts::increment(tx, &id, "pool", "default_email", day)).await;
        let count = counted.map_err(|error| DeliveryError::new(format_args!("mails cannot be counted: {error}")))?;
        if u64::try_from(count).unwrap_or(u64::MAX) > most {
            return Err(DeliveryError::exhausted());
        }
    }
    cx.mailer.send(&cx.outbound, email).await
}

const DAY_MS: i64 = 24 * 3_600_000;

/// When the day of the service's mail begins: 09:00 UTC.
const NINE_MS: i64 = 9 * 3_600_000;

const NO_SMS: &str = "Unable to send the message. User pool does not have SMS configuration to send messages.";
const EXHAUSTED: &str = "Exceeded daily email limit for the operation or the account. If a higher limit is required, please \
                         configure your user pool to use your own Amazon SES configuration for sending email.";
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
    let lists_limits =
        lists_deliveries && !matches!(message.kind, MessageKind::AdminCreateUser | MessageKind::UpdateUserAttribute);
    let code = match (failure, message.attribute) {
        (Failure::Exhausted, _) if lists_limits => Code::LimitExceeded,
        (Failure::Exhausted, _) => Code::TooManyRequests,
        // AdminCreateUser lists no error for the role that sends e-mail.
        (_, VerifiedAttribute::Email) if message.kind == MessageKind::AdminCreateUser => Code::CodeDeliveryFailure,
        (Failure::Untaken, _) if lists_deliveries => Code::CodeDeliveryFailure,
        (_, VerifiedAttribute::Email) => Code::InvalidEmailRoleAccessPolicy,
        (_, VerifiedAttribute::PhoneNumber) => Code::InvalidSmsRoleAccessPolicy,
    };
    Error::new(code, words)
}

fn compose_email(cx: &Context, pool: &Pool, message: &Message, templates: &Templates) -> Email {
    let code = message.code.as_ref().map(|code| code.as_str());
    let link = link(cx, pool, message);
    let values = Values { code, username: Some(&message.user.username), link: link.as_deref() };
    let composed = compose::email(message.kind, templates, values);
    let settings = pool.settings.email_configuration.as_ref();
    let text = |scalar: Option<&str>| scalar.map(str::to_owned);
    let sender = Sender {
        from: text(settings.and_then(|settings| settings.from.as_deref())),
        reply_to: text(settings.and_then(|settings| settings.reply_to_email_address.as_deref())),
        identity: text(settings.and_then(|settings| settings.source_arn.as_deref())),
        configuration_set: text(settings.and_then(|settings| settings.configuration_set.as_deref())),
    };
    let email = addressed(cx, pool, &message.to, &composed, sender);
    Email { code: code.map(str::to_owned), link, ..email }
}

/// Whom an e-mail comes from, as the pool says it.
struct Sender {
    from: Option<String>,
    reply_to: Option<String>,
    /// ARN of an identity at Amazon SES.
    identity: Option<String>,
    configuration_set: Option<String>,
}

/// An e-mail without code and link. Without an identity that allows another sender it comes from the server's own.
fn addressed(cx: &Context, pool: &Pool, to: &str, composed: &EmailText, sender: Sender) -> Email {
    let of_identity = |arn: &String| {
        let (_, identity) = arn.rsplit_once(":identity/")?;
        identity.contains('@').then(|| identity.to_owned())
    };
    let identity = sender.identity;
    let region = identity.as_deref().and_then(arn_region).unwrap_or(&pool.region).to_owned();
    Email {
        id: cx.rng.uuid(),
        to: to.to_owned(),
        from: identity.as_ref().and_then(|arn| sender.from.or_else(|| of_identity(arn))),
        reply_to: sender.reply_to,
        subject: composed.subject.clone(),
        html: framed(composed),
        text: composed.text.clone(),
        code: None,
        link: None,
        at: cx.clock.now_ms(),
        sender: EmailSender { region, identity, configuration_set: sender.configuration_set },
    }
}

/// The link that confirms a sign-up, where a message is to have one.
fn link(cx: &Context, pool: &Pool, message: &Message) -> Option<String> {
    let confirms = matches!(message.kind, MessageKind::SignUp | MessageKind::ResendCode);
    let by_link = confirms && message.attribute == VerifiedAttribute::Email && words::confirms_by_link(pool);
    let (client_id, code) = message.client_id.as_ref().zip(message.code.as_ref()).filter(|_| by_link)?;
    Some(words::confirmation_link(cx, pool, client_id, &message.user.username, code))
}

fn compose_sms(cx: &Context, pool: &Pool, message: &Message, templates: &Templates) -> Sms {
    let code = message.code.as_ref().map(|code| code.as_str());
    let values = Values { code, username: Some(&message.user.username), link: None };
    let settings = pool.settings.sms_configuration.as_ref();
    let eums = settings.and_then(|settings| settings.eums_sms.as_ref());
    let named = match eums {
        Some(eums) => eums.region.as_deref(),
        None => settings.and_then(|settings| settings.sns_region.as_deref()),
    };
    let text = |scalar: Option<&str>| scalar.map(str::to_owned);
    let eums = eums.map(|eums| Eums {
        origination_identity: text(eums.origination_identity.as_deref()),
        configuration_set: text(eums.configuration_set_name.as_deref()),
        in_entity_id: text(eums.in_entity_id.as_deref()),
        in_template_id: text(eums.in_template_id.as_deref()),
    });
    Sms {
        to: message.to.clone(),
        text: compose::sms(message.kind, templates, values),
        code: code.map(str::to_owned),
        at: cx.clock.now_ms(),
        sender: SmsSender { region: named.unwrap_or(&pool.region).to_owned(), eums },
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
