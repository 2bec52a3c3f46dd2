//! Whatever a function answers is understood or refused in words, and no answer changes what tokens say of who they are.
#![no_main]

use cognate_server::triggers::pre_token_generation::{Answer, Token};
use cognate_server::triggers::{Trigger, answer, samples};
use cognate_shapes::enums::PreTokenGenerationLambdaVersion as Version;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fuzz_target!(|input: (u8, &[u8])| {
    let (which, response) = input;
    let trigger = Trigger::ALL[usize::from(which) % Trigger::ALL.len()];
    let event = samples::event(trigger);
    // As it came, and as the response of an event that is otherwise returned whole.
    let whole = answer::read(response, &event).ok();
    let filled = serde_json::from_slice::<Value>(response).ok().and_then(|response| {
        let mut filled = event.clone();
        filled["response"] = response;
        answer::read(filled.to_string().as_bytes(), &event).ok()
    });
    for answer in [whole, filled].into_iter().flatten() {
        if let Err(refusal) = trigger.judge(&event, &answer) {
            assert!(!refusal.message.is_empty());
        }
        for version in [Version::V10, Version::V20, Version::V30] {
            let Ok(read) = Answer::read(&answer, version) else { continue };
            for token in [Token::Id, Token::Access] {
                let claims = json!({ "sub": "s", "iss": "i", "exp": 1, "token_use": "id", "cognito:username": "u" });
                let mut changed = claims.as_object().cloned().unwrap_or_default();
                read.id.apply(token, "client", &mut changed);
                read.access.apply(token, "client", &mut changed);
                for (name, value) in claims.as_object().into_iter().flatten() {
                    assert_eq!(changed.get(name), Some(value));
                }
            }
        }
    }
});
