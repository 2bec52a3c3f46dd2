//! CustomMessage: the words of a message. The function sees placeholders, never the code.

use cognate_shapes::enums::{EmailSendingAccount, VerifiedAttribute};
use cognate_shapes::error::Result;
use serde_json::{Value, json};

use super::event::{self, Occasion, unfit};
use super::{Trigger, invoke};
use crate::accounts::user::User;
use crate::messages::MessageKind;

/// What stands for the code or the temporary password.
const CODE: &str = "{####}";
/// What stands for the username, in invitations.
const USERNAME: &str = "{username}";
/// What stands for the link; the words between the marks are the function's to choose.
const LINK: &str = "{##Click Here##}";

const SMS_LONGEST: usize = 140;
const SUBJECT_LONGEST: usize = 140;
const EMAIL_LONGEST: usize = 20_000;

/// What a message has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// Whether there is a code or password in it.
    pub code: bool,
    /// Whether the code goes as a link.
    pub link: bool,
}

/// The words chosen; what is `None` keeps the pool's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub sms_message: Option<String>,
    pub email_message: Option<String>,
    pub email_subject: Option<String>,
}

impl Answer {
    /// Reads words of bearable length.
    pub fn read(output: &Value) -> Result<Self> {
        let response = event::response(output)?;
        let text = |name, longest| match response.text(name)? {
            Some(text) if text.chars().count() > longest => {
                Err(unfit(format!("{name} has more than {longest} characters")))
            }
            text => Ok(text.map(str::to_owned)),
        };
        Ok(Self {
            sms_message: text("smsMessage", SMS_LONGEST)?,
            email_message: text("emailMessage", EMAIL_LONGEST)?,
            email_subject: text("emailSubject", SUBJECT_LONGEST)?,
        })
    }

    /// Refuses words for that medium which leave out what the message is sent for, and words of an e-mail where the
    /// pool does not send its `own`.
    fn check(&self, own: bool, medium: VerifiedAttribute, kind: MessageKind, content: Content) -> Result<()> {
        let (name, message, link) = match medium {
            VerifiedAttribute::PhoneNumber => ("smsMessage", &self.sms_message, false),
            VerifiedAttribute::Email => ("emailMessage", &self.email_message, content.link),
        };
        if let Some(message) = message {
            if link && !says_link(message) {
                return Err(unfit(format!("{name} leaves out the link, {LINK}")));
            }
            if !link && content.code && !message.contains(CODE) {
                return Err(unfit(format!("{name} leaves out {CODE}")));
            }
            if kind == MessageKind::AdminCreateUser && !message.contains(USERNAME) {
                return Err(unfit(format!("{name} leaves out {USERNAME}")));
            }
        }
        let is_email = medium == VerifiedAttribute::Email;
        if is_email && (self.email_message.is_some() || self.email_subject.is_some()) && !own {
            return Err(unfit("the words of an e-mail are the function's only where EmailSendingAccount is DEVELOPER"));
        }
        Ok(())
    }
}

/// Judges an answer to that event of a pool that sends its own e-mail, with a code or a link.
pub(super) fn judge(event: &Value, output: &Value) -> Result<()> {
    let answer = Answer::read(output)?;
    let invites = event["triggerSource"] == "CustomMessage_AdminCreateUser";
    let kind = if invites { MessageKind::AdminCreateUser } else { MessageKind::SignUp };
    let check = |medium, link| answer.check(true, medium, kind, Content { code: true, link });
    check(VerifiedAttribute::PhoneNumber, false)?;
    check(VerifiedAttribute::Email, false).or_else(|refused| check(VerifiedAttribute::Email, true).map_err(|_| refused))
}

/// Whether the text has a link placeholder, whatever its words.
fn says_link(message: &str) -> bool {
    message.split_once("{##").is_some_and(|(_, rest)| rest.contains("##}"))
}

/// Whether the pool's e-mail is sent by an account of the operator's own.
fn sends_its_own(at: Occasion<'_>) -> bool {
    let email = at.pool.settings.email_configuration.as_ref();
    email.and_then(|email| email.email_sending_account) == Some(EmailSendingAccount::Developer)
}

/// Runs it for a message of that medium to the user.
pub async fn run(
    at: Occasion<'_>,
    kind: MessageKind,
    user: &User,
    medium: VerifiedAttribute,
    content: Content,
) -> Result<Option<Answer>> {
    // The service asks nobody about its own notices.
    let arn = at.arn(Trigger::CustomMessage).filter(|_| kind != MessageKind::AccountTakeOverNotification);
    let Some(arn) = arn else { return Ok(None) };
    let request = at.with_metadata(json!({
        "userAttributes": event::user_attributes(at.pool, user),
        "codeParameter": CODE,
        "linkParameter": LINK,
        "usernameParameter": (kind == MessageKind::AdminCreateUser).then_some(USERNAME),
    }));
    let response = json!({ "smsMessage": null, "emailMessage": null, "emailSubject": null });
    let source_name = format!("CustomMessage_{}", kind.as_str());
    let event = at.event("1", &source_name, &user.username, request, Some(response));
    let output = invoke(at.cx, at.pool, Trigger::CustomMessage, arn, &event).await?;
    let answer = Answer::read(&output)?;
    answer.check(sends_its_own(at), medium, kind, content)?;
    Ok(Some(answer))
}
