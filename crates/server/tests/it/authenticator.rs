//! A passkey provider in software, made from the letter of Web Authentication alone, that can also do everything wrong.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate_crypto::jose;
use cognate_server::rng::Rng;
use serde_json::{Value, json};

enum Key {
    Es256(EcdsaKeyPair),
    Rs256(jose::SigningKey),
}

/// One passkey and what its provider and browser say of it.
pub struct Authenticator {
    key: Key,
    pub id: Vec<u8>,
    /// The page the browser shows.
    pub origin: String,
    /// The relying party the provider signs for.
    pub relying_party: String,
    pub present: bool,
    pub verified: bool,
    /// The counter of the next signature; 0 stays 0.
    pub counter: u32,
    /// COSE's number of the algorithm that the key claims to be of.
    pub algorithm: i64,
    pub attachment: Option<&'static str>,
    pub cross_origin: bool,
    /// Whose passkey it says it is when it is used.
    pub user_handle: Option<String>,
    /// What the attestation statement is, in CBOR: `{}` for none.
    pub statement: Vec<u8>,
}

impl Authenticator {
    pub fn es256(relying_party: &str) -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        Self::of(Key::Es256(key), -7, relying_party)
    }

    pub fn rs256(relying_party: &str) -> Self {
        let key = jose::SigningKey::generate().unwrap();
        Self::of(Key::Rs256(key), -257, relying_party)
    }

    fn of(key: Key, algorithm: i64, relying_party: &str) -> Self {
        Self {
            key,
            id: Rng::System.bytes::<32>().to_vec(),
            origin: format!("https://{relying_party}"),
            relying_party: relying_party.to_owned(),
            present: true,
            verified: true,
            counter: 1,
            algorithm,
            attachment: Some("platform"),
            cross_origin: false,
            user_handle: None,
            statement: vec![0xa0],
        }
    }

    /// Does everything right again, from that counter on.
    pub fn behave(&mut self, relying_party: &str, counter: u32) {
        self.origin = format!("https://{relying_party}");
        relying_party.clone_into(&mut self.relying_party);
        (self.present, self.verified, self.cross_origin) = (true, true, false);
        self.counter = counter;
        self.user_handle = None;
    }

    pub fn wire_id(&self) -> String {
        base64url(&self.id)
    }

    /// The `RegistrationResponseJSON` to creation options.
    pub fn register(&mut self, options: &Value) -> Value {
        let client_data = self.client_data("webauthn.create", options);
        let mut attested = self.authenticator_data(true);
        self.advance();
        // AAGUID, length and id of the credential, its public key.
        attested.extend([0; 16]);
        attested.extend((self.id.len() as u16).to_be_bytes());
        attested.extend(&self.id);
        attested.extend(self.cose_key());
        let mut attestation = vec![0xa3];
        attestation.extend(text("fmt"));
        attestation.extend(text("none"));
        attestation.extend(text("attStmt"));
        attestation.extend(&self.statement);
        attestation.extend(text("authData"));
        attestation.extend(bytes(&attested));
        json!({
            "id": self.wire_id(), "rawId": self.wire_id(), "type": "public-key",
            "authenticatorAttachment": self.attachment, "clientExtensionResults": { "credProps": { "rk": true } },
            "response": {
                "clientDataJSON": base64url(client_data.as_bytes()), "attestationObject": base64url(&attestation),
                "transports": ["internal", "hybrid"], "publicKeyAlgorithm": self.algorithm,
            },
        })
    }

    /// The `AuthenticationResponseJSON` to request options.
    pub fn sign(&mut self, options: &Value) -> Value {
        let client_data = self.client_data("webauthn.get", options);
        let authenticator_data = self.authenticator_data(false);
        self.advance();
        let signed = [authenticator_data.as_slice(), digest(&SHA256, client_data.as_bytes()).as_ref()].concat();
        #[expect(
            clippy::disallowed_methods,
            reason = "signatures of a provider under test are no secrets of the server"
        )]
        let random = SystemRandom::new();
        let signature = match &self.key {
            Key::Es256(key) => key.sign(&random, &signed).unwrap().as_ref().to_vec(),
            Key::Rs256(key) => {
                let key = RsaKeyPair::from_pkcs8(&key.to_pkcs8().unwrap()).unwrap();
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, &signed, &mut signature).unwrap();
                signature
            }
        };
        let mut response = json!({
            "clientDataJSON": base64url(client_data.as_bytes()),
            "authenticatorData": base64url(&authenticator_data), "signature": base64url(&signature),
        });
        if let Some(handle) = &self.user_handle {
            response["userHandle"] = base64url(handle.as_bytes()).into();
        }
        json!({
            "id": self.wire_id(), "rawId": self.wire_id(), "type": "public-key",
            "authenticatorAttachment": self.attachment, "clientExtensionResults": {}, "response": response,
        })
    }

    fn advance(&mut self) {
        if self.counter > 0 {
            self.counter += 1;
        }
    }

    fn client_data(&self, r#type: &str, options: &Value) -> String {
        json!({
            "type": r#type, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": self.cross_origin,
        })
        .to_string()
    }

    fn authenticator_data(&self, attested: bool) -> Vec<u8> {
        let mut data = digest(&SHA256, self.relying_party.as_bytes()).as_ref().to_vec();
        data.push(u8::from(self.present) | u8::from(self.verified) << 2 | u8::from(attested) << 6);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn cose_key(&self) -> Vec<u8> {
        let mut key;
        match &self.key {
            Key::Es256(pair) => {
                // {1: 2 (EC2), 3: algorithm, -1: 1 (P-256), -2: x, -3: y}
                let point = pair.public_key().as_ref();
                key = vec![0xa5, 0x01, 0x02, 0x03];
                key.extend(negative(self.algorithm));
                key.extend([0x20, 0x01, 0x21]);
                key.extend(bytes(&point[1..33]));
                key.push(0x22);
                key.extend(bytes(&point[33..]));
            }
            Key::Rs256(pair) => {
                // {1: 3 (RSA), 3: algorithm, -1: n, -2: e}
                let public = pair.verifying_key().jwk();
                key = vec![0xa4, 0x01, 0x03, 0x03];
                key.extend(negative(self.algorithm));
                key.push(0x20);
                key.extend(bytes(&URL_SAFE_NO_PAD.decode(public.n).unwrap()));
                key.push(0x21);
                key.extend(bytes(&URL_SAFE_NO_PAD.decode(public.e).unwrap()));
            }
        }
        key
    }
}

pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// CBOR (RFC 8949 §3): the head of a data item.
fn head(major: u8, value: usize) -> Vec<u8> {
    match value {
        0..=23 => vec![major << 5 | value as u8],
        24..=255 => vec![major << 5 | 0x18, value as u8],
        _ => [&[major << 5 | 0x19][..], &(value as u16).to_be_bytes()].concat(),
    }
}

fn negative(number: i64) -> Vec<u8> {
    head(1, (-1 - number) as usize)
}

fn bytes(bytes: &[u8]) -> Vec<u8> {
    [head(2, bytes.len()).as_slice(), bytes].concat()
}

fn text(text: &str) -> Vec<u8> {
    [head(3, text.len()).as_slice(), text.as_bytes()].concat()
}
