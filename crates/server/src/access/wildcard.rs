//! Matches texts against IAM's wildcards: `*` stands for any run of characters, `?` for exactly one.

/// Whether the whole of `text` matches `pattern`. Takes at most as many steps as the product of both lengths, whatever
/// the pattern: a mismatch goes back to the last `*` only.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // What follows the last `*` seen, and where in the text it was last tried.
    let mut last_star = None;
    loop {
        let here = text.clone();
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                text = here;
                last_star = Some((pattern.clone(), text.clone()));
                continue;
            }
            (Some('?'), Some(_)) => continue,
            (Some(wanted), Some(found)) if wanted == found => continue,
            _ => {}
        }
        let Some((after, tried)) = &mut last_star else { return false };
        if tried.next().is_none() {
            return false;
        }
        (pattern, text) = (after.clone(), tried.clone());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::matches;

    /// What the wildcards mean, in the most obvious words there are.
    fn defined(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => (0..=text.len()).any(|skip| defined(rest, &text[skip..])),
            (['?', rest @ ..], [_, tail @ ..]) => defined(rest, tail),
            ([wanted, rest @ ..], [found, tail @ ..]) => wanted == found && defined(rest, tail),
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn matching_is_what_it_is_defined_as(pattern in "[ab?*é]{0,8}", text in "[abé]{0,10}") {
            let [p, t] = [&pattern, &text].map(|text| text.chars().collect::<Vec<_>>());
            prop_assert_eq!(matches(&pattern, &text), defined(&p, &t));
        }

        #[test]
        fn a_text_matches_itself_and_its_beginnings(text in "[a-zA-Z0-9:/_-]{0,40}", cut in 0usize..40) {
            prop_assert!(matches(&text, &text));
            let cut = cut.min(text.len());
            let beginning = format!("{}*", &text[..cut]);
            let blanked: String = text.chars().enumerate().map(|(i, c)| if i % 2 == 0 { '?' } else { c }).collect();
            prop_assert!(matches(&beginning, &text), "{}", beginning);
            prop_assert!(matches(&blanked, &text), "{}", blanked);
        }
    }

    /// SECURITY 50: the pattern that makes a backtracking matcher run until the end of days.
    #[test]
    fn a_hostile_pattern_ends() {
        let pattern = "a*".repeat(2000) + "b";
        assert!(!matches(&pattern, &"a".repeat(2000)));
        assert!(matches(&pattern, &("a".repeat(2000) + "b")));
    }
}
