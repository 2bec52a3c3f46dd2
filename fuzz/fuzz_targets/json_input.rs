//! A body that reads as JSON reads the same once written again, and an operation's request is read or refused in words.
#![no_main]

use cognate_server::api::{sign_in, users};
use cognate_shapes::{input, json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let Ok(object) = json::object(body) else { return };
    let written = serde_json::to_vec(&object).expect("what was read can be written");
    assert_eq!(json::object(&written).expect("what was written can be read"), object);
    for refusal in [
        input::request::<sign_in::InitiateAuth>(object.clone()).err(),
        input::request::<users::AdminCreateUser>(object).err(),
    ]
    .into_iter()
    .flatten()
    {
        assert!(!refusal.message.is_empty());
    }
});
