//! The language of `ListUsers` filters: one attribute, `=` or `^=`, one quoted value.
//!
//! ```text
//! filter = "" / *SP attribute *SP ( "=" / "^=" ) *SP DQUOTE value DQUOTE *SP
//! value  = *( any character but DQUOTE and "\" / "\" DQUOTE / "\\" )
//! ```

use cognate_shapes::error::{Error, Result};

/// What a filter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Searchable {
    Sub,
    /// Kept in the search index under this name.
    Indexed(&'static str),
}

/// How a filter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equals,
    /// `^=`
    BeginsWith,
}

/// One comparison.
#[derive(Clone, PartialEq, Eq)]
pub struct Filter {
    pub attribute: Searchable,
    pub comparison: Comparison,
    pub value: String,
}

/// The value may be personal data.
impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Filter")
            .field("attribute", &self.attribute)
            .field("comparison", &self.comparison)
            .finish_non_exhaustive()
    }
}

/// The attributes beside `sub` that filters may name.
pub const INDEXED: &[&str] = &[
    "username",
    "email",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "cognito:user_status",
    "status",
];

/// Reads a filter; an empty one is none.
pub fn parse(text: &str) -> Result<Option<Filter>> {
    if text.is_empty() {
        return Ok(None);
    }
    let (name, comparison, value) = comparison(text).ok_or_else(Error::unparseable_filter)?;
    let attribute = match name {
        "sub" => Searchable::Sub,
        name => {
            let indexed = INDEXED.iter().find(|indexed| **indexed == name);
            Searchable::Indexed(indexed.ok_or_else(|| Error::unsearchable_attribute(name))?)
        }
    };
    Ok(Some(Filter { attribute, comparison, value }))
}

/// The attribute's name, the comparison and the value without its quotes and escapes.
fn comparison(text: &str) -> Option<(&str, Comparison, String)> {
    let text = text.trim_start_matches(' ');
    let end = text.find([' ', '=', '^', '"'])?;
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        return None;
    }
    let rest = rest.trim_start_matches(' ');
    let (comparison, rest) = match rest.strip_prefix("^=") {
        Some(rest) => (Comparison::BeginsWith, rest),
        None => (Comparison::Equals, rest.strip_prefix('=')?),
    };
    let (value, rest) = quoted(rest.trim_start_matches(' '))?;
    rest.trim_start_matches(' ').is_empty().then_some((name, comparison, value))
}

/// The text between the quotes that `text` begins with, and what follows them.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('"')?.chars();
    let mut value = String::new();
    loop {
        match rest.next()? {
            '"' => return Some((value, rest.as_str())),
            '\\' => value.push(rest.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            plain => value.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> String {
        parse(text).unwrap_err().message.into_owned()
    }

    #[test]
    fn blanks_around_the_parts_are_free() {
        for text in ["email^=\"a@\"", "email ^= \"a@\"", "  email  ^=  \"a@\"  "] {
            let filter = parse(text).unwrap().unwrap();
            assert_eq!(filter.attribute, Searchable::Indexed("email"));
            assert_eq!(filter.comparison, Comparison::BeginsWith);
            assert_eq!(filter.value, "a@");
        }
        assert_eq!(parse("").unwrap(), None);
    }

    /// SECURITY 47: what is not one comparison is refused, however it is nested or cut.
    #[test]
    fn anything_else_does_not_parse() {
        for text in [
            " ",
            "email",
            "email = ",
            "email = die",
            "email = \"die",
            "email = \"die\\\"",
            "email = \"a\\n\"",
            "email == \"a\"",
            "email ^ = \"a\"",
            "email = 'a'",
            "= \"a\"",
            "\"email\" = \"a\"",
            "email = \"a\" and name = \"b\"",
            "(email = \"a\")x",
            "email = \"a\"; DROP TABLE users",
            "email\t=\"a\"",
        ] {
            let words = refused(text);
            let expected =
                if text.contains('\t') { "Invalid search attribute: email\t" } else { "Error while parsing filter" };
            assert_eq!(words, expected, "{text}");
        }
        assert_eq!(refused(&"(".repeat(256)), "Error while parsing filter");
    }

    #[test]
    fn other_attributes_are_named() {
        assert_eq!(refused("custom:foo = \"x\""), "Invalid search attribute: custom:foo");
        assert_eq!(refused("Email = \"x\""), "Invalid search attribute: Email");
        assert_eq!(refused("(email = \"a\")"), "Error while parsing filter");
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value in any::<String>(), prefix: bool, blanks in " {0,3}") {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            let operator = if prefix { "^=" } else { "=" };
            let filter = parse(&format!("{blanks}name{blanks}{operator}{blanks}\"{escaped}\"{blanks}")).unwrap().unwrap();
            prop_assert_eq!(filter.value, value);
            prop_assert_eq!(filter.comparison == Comparison::BeginsWith, prefix);
        }

        /// SECURITY 47: no text makes the parser panic, and what it takes is one of the listed attributes.
        #[test]
        fn no_text_is_too_odd(text in "[a-z:= ^\"\\\\()%_';]{0,40}|\\PC{0,60}") {
            if let Ok(Some(filter)) = parse(&text) {
                let name = match filter.attribute {
                    Searchable::Indexed(name) => name,
                    Searchable::Sub => "sub",
                };
                prop_assert!(text.trim_start_matches(' ').starts_with(name));
                prop_assert!(filter.value.len() < text.len());
            }
        }
    }
}
