//! The plain-text alternative of an HTML message.

/// Elements that begin a new line.
const BLOCKS: [&str; 14] =
    ["address", "article", "br", "div", "h1", "h2", "h3", "h4", "hr", "li", "p", "section", "table", "tr"];

/// Elements whose content nobody is meant to read.
const HIDDEN: [&str; 4] = ["head", "script", "style", "title"];

/// The text of an HTML message: tags left out, links followed by their address, entities decoded.
pub(super) fn plain_text(html: &str) -> String {
    let mut out = String::new();
    let mut link: Option<(String, usize)> = None;
    let mut rest = html;
    while let Some(start) = rest.find(['<', '&']) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        if rest.starts_with('&') {
            let (character, length) = entity(rest);
            out.push_str(&character);
            rest = &rest[length..];
            continue;
        }
        let is_tag = rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
        let Some(end) = rest.find('>').filter(|_| is_tag) else {
            out.push('<');
            rest = &rest[1..];
            continue;
        };
        let tag = &rest[1..end];
        let name: String = tag.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        let name = name.to_ascii_lowercase();
        rest = &rest[end + 1..];
        if HIDDEN.contains(&name.as_str()) && !tag.starts_with('/') {
            rest = after_closing(rest, &name);
        } else if BLOCKS.contains(&name.as_str()) {
            if !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
        } else if name == "a" && !tag.starts_with('/') {
            link = href(tag).map(|address| (plain_text(address), out.len()));
        } else if name == "a"
            && let Some((address, began)) = link.take()
            && out.get(began..) != Some(address.as_str())
        {
            out.push_str(" (");
            out.push_str(&address);
            out.push(')');
        }
    }
    out.push_str(rest);
    out.trim().to_owned()
}

fn after_closing<'a>(rest: &'a str, name: &str) -> &'a str {
    let closing = format!("</{name}");
    // ASCII case folding keeps byte positions.
    let Some(at) = rest.to_ascii_lowercase().find(&closing) else { return "" };
    rest[at..].split_once('>').map_or("", |(_, after)| after)
}

fn href(tag: &str) -> Option<&str> {
    let value = tag[tag.to_ascii_lowercase().find("href=")? + 5..].trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    match quote {
        Some(quote) => value[1..].split(quote).next(),
        None => value.split_whitespace().next(),
    }
}

/// What an entity at the beginning of `text` stands for, and how many bytes it takes. An unknown one stands for itself.
fn entity(text: &str) -> (String, usize) {
    let named = text.get(1..).and_then(|t| t.split_once(';')).map(|(name, _)| name).filter(|name| name.len() <= 8);
    let character = named.and_then(|name| match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some(' '),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|c| !c.is_control() || *c == '\n')
        }
    });
    match (named, character) {
        (Some(name), Some(character)) => (character.to_string(), name.len() + 2),
        _ => ("&".to_owned(), 1),
    }
}

#[cfg(test)]
mod tests {
    use super::plain_text;
    use proptest::prelude::*;

    #[test]
    fn reads_like_the_message() {
        assert_eq!(plain_text("Your verification code is 123456. "), "Your verification code is 123456.");
        assert_eq!(plain_text("<p>Hello <b>you</b></p><p>Code: 1&lt;2&amp;3</p>"), "Hello you\nCode: 1<2&3");
        assert_eq!(
            plain_text("Click <a href=\"https://a.example/?x=1&amp;y=2\">Verify Email</a> now"),
            "Click Verify Email (https://a.example/?x=1&y=2) now"
        );
        assert_eq!(plain_text("<a href='https://a.example'>https://a.example</a>"), "https://a.example");
        assert_eq!(plain_text("<style>p { color: red }</style>a<br/>b &unknown; 1 < 2"), "a\nb &unknown; 1 < 2");
    }

    proptest! {
        #[test]
        fn never_panics(html in "(<|>|&|;|#|a|p|é|href=|\"|/|style|[ -~]){0,60}") {
            plain_text(&html);
        }
    }
}
