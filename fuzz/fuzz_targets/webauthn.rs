//! What browsers say of passkeys: client data, CBOR and COSE, to new passkeys and to ones in use.
//!
//! An input is a choice of what is asked (one byte), the length of a first part (two bytes), that part and the rest.
#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate_server::accounts::relying_party::RelyingParty;
use cognate_shapes::enums::UserVerification;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

static RELYING_PARTY: LazyLock<RelyingParty> =
    LazyLock::new(|| RelyingParty::new("example.com", UserVerification::Preferred));

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Client data that is right, so that what follows it is read.
fn client_data(r#type: &str, challenge: &[u8]) -> Vec<u8> {
    json!({ "type": r#type, "challenge": base64url(challenge), "origin": "https://example.com" }).to_string().into()
}

fuzz_target!(|data: &[u8]| {
    let [what, high, low, rest @ ..] = data else { return };
    let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
    let (first, second) = rest.split_at(length);
    // The id of a new passkey is in its attestation, 55 bytes into the authenticator data.
    let id = base64url(&[7; 16]);
    let (challenge, registration) =
        RELYING_PARTY.begin_registration("sub", "ada", Vec::new()).expect("a registration begins");
    let created = match what % 4 {
        0 => first.to_vec(),
        _ => client_data("webauthn.create", &challenge),
    };
    let response = json!({
        "id": id, "rawId": id, "type": "public-key",
        "response": { "clientDataJSON": base64url(&created), "attestationObject": base64url(second) },
    });
    let registered = RELYING_PARTY.register(&response, &registration);

    let (challenge, state) = RELYING_PARTY.begin_proof().expect("a proof begins");
    let got = match what % 4 {
        1 => first.to_vec(),
        _ => client_data("webauthn.get", &challenge),
    };
    let response = json!({
        "id": id, "rawId": id, "type": "public-key",
        "response": {
            "clientDataJSON": base64url(&got), "authenticatorData": base64url(second), "signature": base64url(first),
        },
    });
    let known = registered.map(|registered| registered.credential).into_iter().collect();
    assert!(RELYING_PARTY.prove(&response, state, "sub", known).is_err(), "nobody signed this");
    if let Ok(document) = serde_json::from_slice::<Value>(rest) {
        let _ = RELYING_PARTY.register(&document, &registration);
    }
});
