//! The page around a message, so that a pool's text looks right in mail programs: on phones, in the dark, and without
//! fetching anything.

use askama::Template;

use super::compose::EmailText;

#[derive(Template)]
#[template(path = "email/frame.html")]
struct Frame<'a> {
    subject: &'a str,
    /// For the service's own texts; a pool's own begin as they like.
    heading: Option<&'a str>,
    message: &'a str,
}

/// The HTML to send. What is a page already stays untouched.
pub fn framed(text: &EmailText) -> String {
    if is_page(&text.html) {
        return text.html.clone();
    }
    let heading = text.is_default.then_some(text.subject.as_str());
    let frame = Frame { subject: &text.subject, heading, message: &text.html };
    // Writing to a text does not fail, and a message without its frame is still the message.
    frame.render().unwrap_or_else(|_| text.html.clone())
}

/// Whether the HTML is a document rather than a part of one.
fn is_page(html: &str) -> bool {
    let html = html.to_ascii_lowercase();
    ["<!doctype", "<html", "<body"].iter().any(|mark| html.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(html: &str, is_default: bool) -> EmailText {
        EmailText { subject: "A <subject>".into(), html: html.into(), text: String::new(), is_default }
    }

    #[test]
    fn fragments_are_framed_and_pages_are_not() {
        let framed_default = framed(&text("Your code is 1. ", true));
        assert!(framed_default.starts_with("<!doctype html>") && framed_default.contains("Your code is 1. "));
        assert!(framed_default.contains("<h1") && framed_default.contains("A &#60;subject&#62;"), "{framed_default}");
        let own = framed(&text("<p>Hello</p>", false));
        assert!(own.contains("<p>Hello</p>") && !own.contains("<h1"));
        for page in ["<!DOCTYPE html><p>x", "<HTML><body>x</body></HTML>", "<body>x"] {
            assert_eq!(framed(&text(page, false)), page);
        }
    }

    /// Nothing in a message tells its sender that it was opened.
    #[test]
    fn frames_fetch_nothing() {
        let framed = framed(&text("x", true));
        for remote in ["src=", "url(", "@import", "<link", "http"] {
            assert!(!framed.contains(remote), "{remote}");
        }
    }
}
