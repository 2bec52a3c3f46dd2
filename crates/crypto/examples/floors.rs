//! How fast this machine does the work that bounds sign-ins: prints operations a second on one thread, as JSON.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use cognate_crypto::jose::SigningKey;
use cognate_crypto::srp::{self, Claim, ServerStep, Verifier};

const MEASURED: Duration = Duration::from_secs(1);

#[expect(clippy::disallowed_methods, reason = "a measurement needs no seed")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    srp::prepare();
    let table_ms = start.elapsed().as_secs_f64() * 1e3;

    let key = SigningKey::generate()?;
    let claims = [b'x'; 600];
    let token = key.sign(b"{}");
    let verifier = Verifier::new("AbCdEfGhI", "alice", "Passw0rd!", srp::salt_from([7; 16]));
    let step = ServerStep::start(&verifier, [2; 32]);
    let a = srp::parse_a(&"7".repeat(767))?;
    let claim = Claim { group_name: "AbCdEfGhI", user_id: "alice", secret_block: b"", timestamp: "", signature: "" };

    let rsa_sign = per_second(|| key.sign(&claims));
    let rsa_verify = per_second(|| cognate_crypto::jose::parse(&token).map(|token| key.verifying_key().verify(token)));
    let modexp = per_second(|| srp::exponentiate(&a, &[0x5a; 32]));
    // A verifier is one power of g and three hashes, which do not show beside it.
    let fixed_base = per_second(|| Verifier::new("AbCdEfGhI", "alice", "Passw0rd!", verifier.salt));
    let srp_verify = per_second(|| step.verify(&a, &verifier, &claim));
    let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
    let signature = p256.sign(&SystemRandom::new(), &claims)?;
    let p256 = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, p256.public_key().as_ref().to_vec());
    let p256_verify = per_second(|| p256.verify(&claims, signature.as_ref()));
    println!(
        "{{\"rsa_sign_per_s\":{rsa_sign:.0},\"rsa_verify_per_s\":{rsa_verify:.0},\"modexp_per_s\":{modexp:.0},\
         \"fixed_base_per_s\":{fixed_base:.0},\"srp_verify_per_s\":{srp_verify:.0},\"p256_verify_per_s\":{p256_verify:.0},\"table_ms\":{table_ms:.1}}}"
    );
    Ok(())
}

fn per_second<T>(work: impl Fn() -> T) -> f64 {
    black_box(work());
    let (start, mut count) = (Instant::now(), 0u32);
    while start.elapsed() < MEASURED {
        black_box(work());
        count += 1;
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}
