//! A `Filter` is understood or refused in words, whatever is in it.
#![no_main]

use cognate_server::accounts::filter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(refusal) = filter::parse(text) {
        assert!(!refusal.message.is_empty());
    }
});
