//! A client's public value is refused or is in the group, and no made-up claim proves a password.
#![no_main]

use std::sync::LazyLock;

use cognate_crypto::srp::{self, Claim, ServerStep, Verifier};
use libfuzzer_sys::fuzz_target;

static STARTED: LazyLock<(Verifier, ServerStep)> = LazyLock::new(|| {
    let verifier = Verifier::new("AbCdEfGhI", "ada", "Correct-horse-1", srp::salt_from([7; 16]));
    let step = ServerStep::start(&verifier, [2; 32]);
    (verifier, step)
});

fuzz_target!(|input: (&str, &str, &str, &[u8])| {
    let (digits, signature, timestamp, secret_block) = input;
    let (verifier, step) = &*STARTED;
    let _ = srp::is_fresh(timestamp, 1_767_225_600);
    let Ok(a) = srp::parse_a(digits) else { return };
    assert!(a.as_bytes().iter().any(|byte| *byte != 0), "a multiple of N is refused");
    let claim = Claim { group_name: "AbCdEfGhI", user_id: "ada", secret_block, timestamp, signature };
    assert!(step.verify(&a, verifier, &claim).is_err());
    assert_eq!(srp::PublicA::from_bytes(a.as_bytes()).map(|again| again.as_bytes().to_vec()), Ok(a.as_bytes().to_vec()));
});
