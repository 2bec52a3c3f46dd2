//! Messages captured instead of sent, for people and tests to read.

mod page;
mod routes;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

pub use routes::routes;

/// Most messages kept; the oldest goes first.
const MOST_MESSAGES: usize = 1000;

/// Most bytes of text kept over all messages.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// How a message would have travelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Email,
    Sms,
}

/// A message on its way into the inbox.
pub struct NewMessage {
    pub kind: Kind,
    pub to: String,
    /// Empty for a text message.
    pub from: String,
    /// Empty for a text message.
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    pub code: Option<String>,
    pub link: Option<String>,
    /// Milliseconds since 1970.
    pub at: i64,
}

/// A message in the inbox.
#[derive(Serialize)]
pub struct Message {
    /// Grows with every message.
    pub id: u64,
    pub kind: Kind,
    pub to: String,
    pub from: String,
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    pub code: Option<String>,
    pub link: Option<String>,
    #[serde(serialize_with = "rfc3339")]
    pub at: i64,
}

/// The captured messages; clones share them.
#[derive(Clone, Default)]
pub struct Inbox(Arc<Mutex<Ring>>);

#[derive(Default)]
struct Ring {
    last_id: u64,
    bytes: usize,
    /// Oldest first.
    messages: VecDeque<Arc<Message>>,
}

impl Inbox {
    /// Keeps a message, and lets go of the oldest ones when there is no room.
    pub fn add(&self, message: NewMessage) {
        let NewMessage { kind, to, from, subject, text, html, code, link, at } = message;
        let mut ring = self.ring();
        ring.last_id += 1;
        let message = Message { id: ring.last_id, kind, to, from, subject, text, html, code, link, at };
        ring.bytes += message.bytes();
        ring.messages.push_back(Arc::new(message));
        while ring.messages.len() > MOST_MESSAGES || ring.bytes > MOST_BYTES && ring.messages.len() > 1 {
            if let Some(oldest) = ring.messages.pop_front() {
                ring.bytes -= oldest.bytes();
            }
        }
    }

    /// What is kept, newest first.
    pub fn messages(&self) -> Vec<Arc<Message>> {
        self.ring().messages.iter().rev().cloned().collect()
    }

    /// One message.
    pub fn message(&self, id: u64) -> Option<Arc<Message>> {
        self.ring().messages.iter().rev().find(|message| message.id == id).cloned()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        let mut ring = self.ring();
        ring.messages.clear();
        ring.bytes = 0;
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // A panic elsewhere cannot leave the ring half changed in a way that matters to a reader.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inbox(..)")
    }
}

impl Message {
    fn bytes(&self) -> usize {
        let html = self.html.as_ref().map_or(0, String::len);
        let link = self.link.as_ref().map_or(0, String::len);
        self.to.len() + self.from.len() + self.subject.len() + self.text.len() + html + link
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for NewMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewMessage").field("kind", &self.kind).finish_non_exhaustive()
    }
}

fn instant(at: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at).unwrap_or_default()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's serialize_with passes a reference")]
fn rfc3339<S: serde::Serializer>(at: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{:.3}", instant(*at)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn message(kind: Kind, to: &str, code: &str) -> NewMessage {
        NewMessage {
            kind,
            to: to.into(),
            from: "no-reply@example.com".into(),
            subject: "Your verification code".into(),
            text: format!("Your verification code is {code}."),
            html: (kind == Kind::Email).then(|| format!("<p>Your verification code is <b>{code}</b>.</p>")),
            code: Some(code.into()),
            link: None,
            at: 1_795_000_000_123,
        }
    }

    #[test]
    fn newest_comes_first_and_ids_grow() {
        let inbox = Inbox::default();
        inbox.add(message(Kind::Email, "a@example.com", "1"));
        inbox.add(message(Kind::Sms, "+1555", "2"));
        let ids: Vec<u64> = inbox.messages().iter().map(|m| m.id).collect();
        assert_eq!(ids, [2, 1]);
        inbox.clear();
        assert!(inbox.messages().is_empty());
        inbox.add(message(Kind::Sms, "+1555", "3"));
        assert_eq!(inbox.messages()[0].id, 3);
    }

    #[test]
    fn the_oldest_goes_when_there_is_no_room() {
        let inbox = Inbox::default();
        for n in 0..MOST_MESSAGES + 10 {
            inbox.add(message(Kind::Sms, "+1555", &n.to_string()));
        }
        assert_eq!(inbox.messages().len(), MOST_MESSAGES);
        assert!(inbox.message(10).is_none());
        assert!(inbox.message(11).is_some());

        for _ in 0..20 {
            inbox.add(NewMessage { text: "x".repeat(MOST_BYTES / 10), ..message(Kind::Sms, "+1555", "1") });
        }
        assert!(inbox.messages().len() < 11);
        let bytes: usize = inbox.messages().iter().map(|m| m.bytes()).sum();
        assert_eq!(bytes, inbox.ring().bytes);
    }
}
