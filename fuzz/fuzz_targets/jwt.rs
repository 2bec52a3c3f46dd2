//! Nothing verifies but the token that the key signed.
#![no_main]

use std::sync::LazyLock;

use cognate_crypto::jose::{self, SigningKey};
use libfuzzer_sys::fuzz_target;

static SIGNED: LazyLock<(SigningKey, String)> = LazyLock::new(|| {
    let key = SigningKey::generate().expect("a key is made");
    let token = key.sign(br#"{"sub":"ada","iss":"https://issuer.example/pool","exp":1}"#);
    (key, token)
});

fuzz_target!(|input: (&str, u16, u8)| {
    let (text, at, byte) = input;
    let (key, token) = &*SIGNED;
    judge(key, token, text);
    // The right token with one byte changed, or with the input in place of one of its parts.
    let mut bent = token.clone().into_bytes();
    let at = usize::from(at) % bent.len();
    bent[at] = byte;
    if let Ok(bent) = String::from_utf8(bent) {
        judge(key, token, &bent);
    }
    for part in 0..3 {
        let mut parts: Vec<&str> = token.split('.').collect();
        parts[part] = text;
        judge(key, token, &parts.join("."));
    }
});

fn judge(key: &SigningKey, token: &str, text: &str) {
    let Ok(parsed) = jose::parse(text) else { return };
    let _ = (parsed.kid().len(), parsed.issuer());
    if key.verifying_key().verify(parsed).is_ok() {
        assert_eq!(text, token);
    }
}
