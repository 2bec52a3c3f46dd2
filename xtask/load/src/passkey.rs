//! A passkey of ES256 in memory: what an authenticator and a browser make of it (Web Authentication, sections 5 and 6).

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const ORIGIN: &str = "http://localhost";
const RELYING_PARTY: &str = "localhost";
const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 4;
const ATTESTED: u8 = 64;

#[derive(Debug)]
pub struct Passkey {
    id: Vec<u8>,
    key: EcdsaKeyPair,
    signed: AtomicU32,
}

#[derive(Debug)]
pub struct Made {
    pub passkey: Passkey,
    /// The `Credential` of `CompleteWebAuthnRegistration`.
    pub registration: Value,
}

impl Passkey {
    pub fn make(options: &Value) -> Result<Made> {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
        let public = key.public_key().as_ref();
        // 0x04, x, y.
        let (x, y) = (&public[1..33], &public[33..65]);
        let id = digest(&SHA256, public).as_ref()[..16].to_vec();
        // COSE_Key: {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
        let mut cose = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
        cose.extend_from_slice(x);
        cose.extend_from_slice(&[0x22, 0x58, 0x20]);
        cose.extend_from_slice(y);
        let mut data = authenticator_data(USER_PRESENT | USER_VERIFIED | ATTESTED, 0);
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&(id.len() as u16).to_be_bytes());
        data.extend_from_slice(&id);
        data.extend_from_slice(&cose);
        // {"fmt": "none", "attStmt": {}, "authData": data}.
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        attestation.push(u8::try_from(data.len())?);
        attestation.extend_from_slice(&data);
        let registration = json!({
            "id": URL_SAFE_NO_PAD.encode(&id),
            "rawId": URL_SAFE_NO_PAD.encode(&id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data("webauthn.create", options)?),
                "attestationObject": URL_SAFE_NO_PAD.encode(&attestation),
                "transports": ["internal"],
            },
        });
        Ok(Made { passkey: Self { id, key, signed: AtomicU32::new(0) }, registration })
    }

    /// The `CREDENTIAL` that answers `CREDENTIAL_REQUEST_OPTIONS`.
    #[expect(clippy::disallowed_methods, reason = "an authenticator has randomness of its own")]
    pub fn assertion(&self, options: &Value) -> Result<String> {
        let client_data = client_data("webauthn.get", options)?;
        let count = self.signed.fetch_add(1, Ordering::Relaxed) + 1;
        let data = authenticator_data(USER_PRESENT | USER_VERIFIED, count);
        let signed = [data.as_slice(), digest(&SHA256, client_data.as_bytes()).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed)?;
        Ok(json!({
            "id": URL_SAFE_NO_PAD.encode(&self.id),
            "rawId": URL_SAFE_NO_PAD.encode(&self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data),
                "authenticatorData": URL_SAFE_NO_PAD.encode(data),
                "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()),
            },
        })
        .to_string())
    }
}

fn authenticator_data(flags: u8, count: u32) -> Vec<u8> {
    let mut data = digest(&SHA256, RELYING_PARTY.as_bytes()).as_ref().to_vec();
    data.push(flags);
    data.extend_from_slice(&count.to_be_bytes());
    data
}

fn client_data(kind: &str, options: &Value) -> Result<String> {
    let challenge = options["challenge"].as_str().context("options without a challenge")?;
    Ok(json!({ "type": kind, "challenge": challenge, "origin": ORIGIN, "crossOrigin": false }).to_string())
}
