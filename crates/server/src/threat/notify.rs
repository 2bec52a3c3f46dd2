//! Mails that tell users of risky sign-ins: in an administrator's words, or in these.

use std::sync::Arc;

use cognate_shapes::error::Result;
use cognate_shapes::risk::NotifyEmail;
use cognate_shapes::scalars::{EmailNotificationBody, EmailNotificationSubject};
use url::Url;

use super::events::{self, Event};
use super::rules::Rules;
use super::{Answer, feedback};
use crate::accounts::delivery;
use crate::accounts::user::User;
use crate::context::Context;
use crate::directory::Pool;

const BLOCKED: &str = "Blocked sign-in attempt";
const NEW: &str = "New sign-in attempt";

/// A risky sign-in, and how it was answered.
#[derive(Clone, Copy)]
pub(super) struct Risk<'a> {
    pub event: &'a Event,
    pub answer: Answer,
    pub event_id: &'a str,
}

/// Tells the user of a sign-in, where the rules say so for its risk. The sign-in neither waits for the mail nor fails
/// with it; the log has what went wrong.
pub(super) async fn tell(cx: &Context, pool: &Arc<Pool>, user: &User, rules: &Arc<Rules>, risk: Risk<'_>) {
    let action = risk.event.level.and_then(|level| rules.action(level));
    if !action.is_some_and(|action| action.notify) || rules.notify().is_none() {
        return;
    }
    let (cx, pool, user, rules) = (cx.shared(), Arc::clone(pool), user.clone(), Arc::clone(rules));
    let (event, answer, event_id) = (risk.event.clone(), risk.answer, risk.event_id.to_owned());
    events::beside(async move {
        let risk = Risk { event: &event, answer, event_id: &event_id };
        send(&cx, &pool, &user, &rules, risk).await
    })
    .await;
}

async fn send(cx: &Context, pool: &Arc<Pool>, user: &User, rules: &Rules, risk: Risk<'_>) -> Result<()> {
    let Risk { event, answer, event_id } = risk;
    let Some(configuration) = rules.notify() else { return Ok(()) };
    let (own, default) = match answer {
        Answer::Block => (&configuration.block_email, default_email(cx, BLOCKED)),
        Answer::SecondFactor => (&configuration.mfa_email, default_email(cx, NEW)),
        Answer::LetIn => (&configuration.no_action_email, default_email(cx, NEW)),
    };
    let notice = own.as_ref().unwrap_or(&default);
    let at = jiff::Timestamp::from_millisecond(cx.clock.now_ms()).unwrap_or_default();
    let at = at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let token = feedback::token(cx, pool, &user.id, event_id)?;
    let link = |value| link(cx, pool, user, event_id, &token, value).unwrap_or_default();
    let (valid, invalid) = (link("Valid"), link("Invalid"));
    let address = event.address.map(|address| address.to_string()).unwrap_or_default();
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".to_owned());
    let (city, country, device) = (text(&event.place.city), text(&event.place.country), text(&event.device));
    let values = [
        ("{username}", user.username.as_str()),
        ("{ip-address}", &address),
        ("{login-time}", &at),
        ("{device-name}", &device),
        ("{city}", &city),
        ("{country}", &country),
        ("{event-id}", event_id),
        ("{feedback-token}", &token),
        ("{one-click-link-valid}", &valid),
        ("{one-click-link-invalid}", &invalid),
    ];
    delivery::notify(cx, pool, user, configuration, notice, &values).await
}

/// Where one click says whether the user came; `None` where no page of the operator's takes it.
fn link(cx: &Context, pool: &Pool, user: &User, event_id: &str, token: &str, value: &str) -> Option<String> {
    let mut url = Url::parse(&cx.config.threat.feedback_url).ok()?;
    url.query_pairs_mut()
        .append_pair("userPoolId", &pool.id)
        .append_pair("username", &user.username)
        .append_pair("eventId", event_id)
        .append_pair("feedbackToken", token)
        .append_pair("feedbackValue", value);
    Some(url.into())
}

/// The mail of pools that have no words of their own; it offers links only where they lead somewhere.
fn default_email(cx: &Context, subject: &str) -> NotifyEmail {
    let what =
        if subject == BLOCKED { "We blocked an unrecognized sign-in" } else { "We observed an unrecognized sign-in" };
    let mut html = format!(
        "<!DOCTYPE html><html><head><title>{subject}</title></head><body>\
         <p>{what} to your account with this information:</p>\
         <ul><li>Time: {{login-time}}</li><li>Device: {{device-name}}</li><li>Address: {{ip-address}}</li>\
         <li>Location: {{city}}, {{country}}</li></ul>"
    );
    let mut text = format!(
        "{what} to your account with this information:\n\nTime: {{login-time}}\nDevice: {{device-name}}\n\
         Address: {{ip-address}}\nLocation: {{city}}, {{country}}\n"
    );
    if cx.config.threat.feedback_url.is_empty() {
        html.push_str("<p>If this sign-in was not by you, change your password at once.</p>");
        text.push_str("\nIf this sign-in was not by you, change your password at once.\n");
    } else {
        html.push_str(
            "<p>If this sign-in was not by you, <a href=\"{one-click-link-invalid}\">say so</a> and change your password. \
             If it was, <a href=\"{one-click-link-valid}\">say so as well</a>.</p>",
        );
        text.push_str(
            "\nIf this sign-in was not by you, say so and change your password:\n{one-click-link-invalid}\n\
             If it was, say so as well:\n{one-click-link-valid}\n",
        );
    }
    html.push_str("</body></html>");
    NotifyEmail {
        subject: EmailNotificationSubject::trusted(subject),
        html_body: Some(EmailNotificationBody::trusted(html)),
        text_body: Some(EmailNotificationBody::trusted(text)),
    }
}
