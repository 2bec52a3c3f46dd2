//! The inbox as a page: what the templates show.

use std::sync::Arc;

use askama::Template;
use serde::Deserialize;
use url::form_urlencoded;

use super::{Kind, Message, instant};

/// Which messages are wanted; both the page and the JSON take it.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Filter {
    /// Part of the recipient, in any case.
    pub(super) to: Option<String>,
    pub(super) kind: Option<String>,
    /// The page alone: `off` stops it from reloading by itself.
    pub(super) live: Option<String>,
}

impl Filter {
    pub(super) fn takes(&self, message: &Message) -> bool {
        let to = self.to.as_deref().unwrap_or_default();
        message.to.to_lowercase().contains(&to.to_lowercase()) && self.kind().is_none_or(|kind| kind == message.kind)
    }

    /// The kind asked for; a word that names none is no filter on the page, and an error in JSON.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self.kind.as_deref() {
            Some("email") => Some(Kind::Email),
            Some("sms") => Some(Kind::Sms),
            _ => None,
        }
    }
}

/// The list of messages with one of them opened.
#[derive(Template)]
#[template(path = "inbox/page.html")]
pub(super) struct Page {
    rows: Vec<Row>,
    opened: Option<Opened>,
    /// The message was chosen by the reader, not merely the newest: on a small screen it takes the list's place.
    chosen: bool,
    to: String,
    kind: Option<Kind>,
    live: bool,
    total: usize,
}

struct Row {
    id: u64,
    email: bool,
    to: String,
    title: String,
    code: Option<String>,
    link: bool,
    time: String,
    iso: String,
    current: bool,
}

struct Opened {
    message: Arc<Message>,
    email: bool,
    link: Option<String>,
    date: String,
    iso: String,
}

impl Page {
    pub(super) fn new(messages: &[Arc<Message>], filter: &Filter, chosen: Option<Arc<Message>>) -> Self {
        let shown: Vec<&Arc<Message>> = messages.iter().filter(|message| filter.takes(message)).collect();
        let is_chosen = chosen.is_some();
        let opened = chosen.or_else(|| shown.first().map(|newest| Arc::clone(newest)));
        let current = opened.as_ref().map(|message| message.id);
        Self {
            rows: shown.into_iter().map(|message| Row::new(message, Some(message.id) == current)).collect(),
            opened: opened.map(Opened::new),
            chosen: is_chosen,
            to: filter.to.clone().unwrap_or_default(),
            kind: filter.kind(),
            // A page that reloads under the eyes of someone who reads is a nuisance.
            live: !is_chosen && filter.live.as_deref() != Some("off"),
            total: messages.len(),
        }
    }

    /// The address of this page with another filter or message.
    fn href(&self, id: Option<&u64>, kind: Option<&str>, live: bool) -> String {
        let path = id.map_or_else(|| "/inbox".to_owned(), |id| format!("/inbox/{id}"));
        let mut query = query(&[("kind", kind.unwrap_or_default()), ("to", &self.to)]);
        if !live {
            query.push_str(if query.is_empty() { "live=off" } else { "&live=off" });
        }
        if query.is_empty() { path } else { format!("{path}?{query}") }
    }

    fn kind_word(&self) -> Option<&'static str> {
        self.kind.map(|kind| match kind {
            Kind::Email => "email",
            Kind::Sms => "sms",
        })
    }
}

impl Row {
    fn new(message: &Message, current: bool) -> Self {
        let at = instant(message.at);
        let email = message.kind == Kind::Email;
        Self {
            id: message.id,
            email,
            to: message.to.clone(),
            title: if email { message.subject.clone() } else { message.text.clone() },
            code: message.code.clone(),
            link: message.link.is_some(),
            time: at.strftime("%H:%M:%S").to_string(),
            iso: at.to_string(),
            current,
        }
    }
}

impl Opened {
    fn new(message: Arc<Message>) -> Self {
        let at = instant(message.at);
        // A pool's template cannot make the page lead to javascript: or data:.
        let link = message.link.clone().filter(|l| l.starts_with("https://") || l.starts_with("http://"));
        Self {
            email: message.kind == Kind::Email,
            link,
            date: at.strftime("%-d %B %Y, %H:%M:%S UTC").to_string(),
            iso: at.to_string(),
            message,
        }
    }
}

/// A query of what is not empty.
fn query(pairs: &[(&str, &str)]) -> String {
    let given = pairs.iter().filter(|(_, value)| !value.is_empty());
    form_urlencoded::Serializer::new(String::new()).extend_pairs(given).finish()
}
