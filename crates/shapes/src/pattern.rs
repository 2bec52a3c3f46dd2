//! Reads the model's patterns, which are Java's, with the `regex` crate, whose matching is linear in time.

pub use regex::Regex;

/// Compiles a Java pattern: `\w`, `\s` and `\S` mean ASCII there, and Coral matches whole texts.
///
/// # Panics
/// When the pattern is not one the `regex` crate can read; every pattern is a constant, compiled by a test.
pub fn compile(java: &str) -> Regex {
    let ascii =
        java.replace(r"\w", "[0-9A-Za-z_]").replace(r"\s", r"[\t\n\x0B\x0C\r ]").replace(r"\S", r"[^\t\n\x0B\x0C\r ]");
    Regex::new(&format!("^(?:{ascii})$")).expect("the model's patterns are constants that a test compiles")
}

#[cfg(test)]
mod tests {
    use super::compile;

    #[test]
    fn java_classes_are_ascii_and_matching_is_whole() {
        let client_id = compile(r"[\w+]+");
        assert!(client_id.is_match("1example23456789+"));
        assert!(!client_id.is_match("é"), "Java's \\w is ASCII");
        assert!(!client_id.is_match("a b"), "a part of the text is no match");
        let code = compile(r"[\S]+");
        assert!(code.is_match("12é3456"));
        assert!(!code.is_match("123 456"));
        assert!(!code.is_match("123\n"), "a line break at the end is no end of text");
    }
}
