//! Signed tokens: RS256 (RFC 7515, RFC 7518) made with keys parsed once, and read with suspicion (RFC 8725).
//!
//! Reading is two steps that types keep in order: [`parse`] gives an [`Unverified`] that shows nothing but which key to
//! look for, and [`VerifyingKey::verify`] turns it into a [`Verified`] that shows its claims. The algorithm is the key's;
//! a token that names another is refused before any key is looked at.

mod members;

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::mac::sha256;

/// Characters of the longest token that is looked at.
pub const MAX_TOKEN: usize = 16 * 1024;

const ALGORITHM: &str = "RS256";

/// Header members that would have a verifier fetch a key, change the payload or unwrap another token.
const REFUSED_MEMBERS: [&str; 9] = ["crit", "b64", "zip", "jku", "jwk", "x5u", "x5c", "enc", "cty"];

/// Why a token or a key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoseError {
    /// Longer than [`MAX_TOKEN`].
    TooLong,
    /// Not three parts of canonical base64url, or header or claims are not JSON objects.
    Malformed,
    /// A member that occurs twice, in the header or anywhere in the claims.
    DuplicateMember,
    /// An `alg` other than RS256, or none.
    UnexpectedAlgorithm,
    /// No `kid`.
    MissingKeyId,
    /// A header member that is refused whatever it says; its name.
    RefusedMember(&'static str),
    /// The token names another key than the one it is verified with.
    OtherKey,
    /// The signature is not the key's over this token.
    InvalidSignature,
    /// Not an RSA key of 2,048 to 8,192 bits in the expected encoding, or none could be generated.
    UnusableKey,
}

impl fmt::Display for JoseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the token is longer than {MAX_TOKEN} characters"),
            Self::Malformed => f.write_str("the token is not a compact JWS of JSON objects"),
            Self::DuplicateMember => f.write_str("the token has a member twice"),
            Self::UnexpectedAlgorithm => write!(f, "the token's algorithm is not {ALGORITHM}"),
            Self::MissingKeyId => f.write_str("the token names no key"),
            Self::RefusedMember(name) => write!(f, "the token's header has the member {name}"),
            Self::OtherKey => f.write_str("the token names another key"),
            Self::InvalidSignature => f.write_str("the token's signature is invalid"),
            Self::UnusableKey => f.write_str("not a usable RSA key"),
        }
    }
}

impl std::error::Error for JoseError {}

/// A private key, parsed and ready to sign.
pub struct SigningKey {
    pair: KeyPair,
    public: VerifyingKey,
    /// The encoded header that every token of this key begins with, and its dot.
    prefix: String,
}

impl SigningKey {
    /// A new RSA-2048 key; some 80 ms, so off the request path.
    pub fn generate() -> Result<Self, JoseError> {
        KeyPair::generate(KeySize::Rsa2048).map_err(|_| JoseError::UnusableKey).and_then(Self::new)
    }

    /// Reads the DER of PKCS #8.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, JoseError> {
        KeyPair::from_pkcs8(der).map_err(|_| JoseError::UnusableKey).and_then(Self::new)
    }

    /// The DER of PKCS #8, to be sealed.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, JoseError> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().map_err(|_| JoseError::UnusableKey)?;
        Ok(Zeroizing::new(der.as_ref().to_vec()))
    }

    /// The key id: standard base64 of the SHA-256 of the public key, 44 characters.
    pub fn kid(&self) -> &str {
        &self.public.kid
    }

    /// The public half.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    /// The compact JWS of a claims object given as JSON; some 0.7 ms.
    pub fn sign(&self, claims_json: &[u8]) -> String {
        let mut token = String::with_capacity(self.prefix.len() + claims_json.len() * 4 / 3 + 350);
        token.push_str(&self.prefix);
        URL_SAFE_NO_PAD.encode_string(claims_json, &mut token);
        let signature = rs256(&self.pair, token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }

    fn new(pair: KeyPair) -> Result<Self, JoseError> {
        let der: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| JoseError::UnusableKey)?;
        let public = VerifyingKey::from_der(der.as_ref())?;
        // A kid is base64, which JSON does not escape.
        let header = format!(r#"{{"kid":"{}","alg":"{ALGORITHM}"}}"#, public.kid);
        let prefix = format!("{}.", URL_SAFE_NO_PAD.encode(header));
        Ok(Self { pair, public, prefix })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public.kid)
    }
}

/// A public key, parsed and ready to verify RS256, the one algorithm it is for.
pub struct VerifyingKey {
    key: ParsedPublicKey,
    kid: String,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

impl VerifyingKey {
    /// Reads the DER of a SubjectPublicKeyInfo (RFC 5280).
    pub fn from_der(der: &[u8]) -> Result<Self, JoseError> {
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).map_err(|_| JoseError::UnusableKey)?;
        let (modulus, exponent) = rsa_integers(der).ok_or(JoseError::UnusableKey)?;
        Ok(Self { key, kid: STANDARD.encode(sha256(&[der])), modulus: modulus.to_vec(), exponent: exponent.to_vec() })
    }

    /// The DER that [`VerifyingKey::from_der`] reads.
    pub fn to_der(&self) -> &[u8] {
        self.key.as_ref()
    }

    /// As [`SigningKey::kid`].
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key as an entry of a key set (RFC 7517), members in the service's order.
    pub fn jwk(&self) -> Jwk {
        Jwk {
            alg: ALGORITHM,
            e: URL_SAFE_NO_PAD.encode(&self.exponent),
            kid: self.kid.clone(),
            kty: "RSA",
            n: URL_SAFE_NO_PAD.encode(&self.modulus),
            r#use: "sig",
        }
    }

    /// Checks the signature; some 20 µs.
    pub fn verify(&self, token: Unverified<'_>) -> Result<Verified, JoseError> {
        if token.kid != self.kid {
            return Err(JoseError::OtherKey);
        }
        self.key
            .verify_sig(token.signing_input.as_bytes(), &token.signature)
            .map_err(|_| JoseError::InvalidSignature)?;
        Ok(Verified { claims: token.claims })
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.kid)
    }
}

/// An entry of `/.well-known/jwks.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwk {
    pub alg: &'static str,
    pub e: String,
    pub kid: String,
    pub kty: &'static str,
    pub n: String,
    pub r#use: &'static str,
}

/// A well-formed token that nobody vouches for yet.
pub struct Unverified<'a> {
    kid: String,
    signing_input: &'a str,
    claims: Vec<u8>,
    signature: Vec<u8>,
}

impl Unverified<'_> {
    /// The key that the token says it was signed with: a stranger's text, to look a key up by.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The `iss` that the token claims: a stranger's text as well, to find the keys of that issuer by.
    pub fn issuer(&self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Issuer {
            iss: String,
        }
        serde_json::from_slice::<Issuer>(&self.claims).ok().map(|claims| claims.iss)
    }
}

impl fmt::Debug for Unverified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unverified(redacted)")
    }
}

/// The claims of a token whose signature was checked. Whether it is still valid, and of the right type, is not.
pub struct Verified {
    claims: Vec<u8>,
}

impl Verified {
    /// The claims as they were signed: the JSON of one object without duplicate members.
    pub fn claims_json(&self) -> &[u8] {
        &self.claims
    }

    /// The claims as a type of the caller's.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, JoseError> {
        serde_json::from_slice(&self.claims).map_err(|_| JoseError::Malformed)
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verified(redacted)")
    }
}

/// Reads a compact JWS without believing it.
pub fn parse(token: &str) -> Result<Unverified<'_>, JoseError> {
    if token.len() > MAX_TOKEN {
        return Err(JoseError::TooLong);
    }
    let (signing_input, signature) = token.rsplit_once('.').ok_or(JoseError::Malformed)?;
    let (header, claims) = signing_input.split_once('.').ok_or(JoseError::Malformed)?;
    // A fourth part would leave a dot in the claims, which base64url does not have.
    let [header, claims, signature] = [header, claims, signature].map(|part| URL_SAFE_NO_PAD.decode(part));
    let (header, claims) = (header.map_err(|_| JoseError::Malformed)?, claims.map_err(|_| JoseError::Malformed)?);
    let signature = signature.map_err(|_| JoseError::Malformed)?;

    members::check_unique(&header)?;
    members::check_unique(&claims)?;
    let header: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&header).map_err(|_| JoseError::Malformed)?;
    if header.get("alg").and_then(|alg| alg.as_str()) != Some(ALGORITHM) {
        return Err(JoseError::UnexpectedAlgorithm);
    }
    if let Some(name) = REFUSED_MEMBERS.into_iter().find(|name| header.contains_key(*name)) {
        return Err(JoseError::RefusedMember(name));
    }
    let kid = header.get("kid").and_then(|kid| kid.as_str()).ok_or(JoseError::MissingKeyId)?.to_owned();
    Ok(Unverified { kid, signing_input, claims, signature })
}

fn rs256(pair: &KeyPair, message: &[u8]) -> Vec<u8> {
    #[expect(clippy::disallowed_methods, reason = "aws-lc ignores this argument and blinds by its own generator")]
    let unused = SystemRandom::new();
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &unused, message, &mut signature)
        .expect("a parsed RSA key of 2,048 bits or more signs any SHA-256");
    signature
}

/// Modulus and exponent, without sign bytes, of a SubjectPublicKeyInfo that the library accepted as an RSA key.
fn rsa_integers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    const SEQUENCE: u8 = 0x30;
    const BIT_STRING: u8 = 0x03;
    const INTEGER: u8 = 0x02;
    let (info, _) = der_element(der, SEQUENCE)?;
    let (_algorithm, rest) = der_element(info, SEQUENCE)?;
    let (bits, _) = der_element(rest, BIT_STRING)?;
    // The first byte of a bit string counts its unused bits.
    let (key, _) = der_element(bits.strip_prefix(&[0])?, SEQUENCE)?;
    let (modulus, rest) = der_element(key, INTEGER)?;
    let (exponent, _) = der_element(rest, INTEGER)?;
    let unsigned = |integer| <[u8]>::strip_prefix(integer, &[0]).unwrap_or(integer);
    Some((unsigned(modulus), unsigned(exponent)))
}

/// The content of a DER element of that tag at the start of `der`, and what follows it.
fn der_element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, length], rest) = der.split_first_chunk::<2>()?;
    let long_form = length & 0x80 != 0;
    let (digits, rest) = rest.split_at_checked(if long_form { usize::from(length & 0x7f) } else { 0 })?;
    let length = match digits {
        [] if long_form => return None,
        [] => usize::from(length),
        [low] => usize::from(*low),
        [high, low] => usize::from(*high) << 8 | usize::from(*low),
        _ => return None,
    };
    if found == tag { rest.split_at_checked(length) } else { None }
}

#[cfg(test)]
mod tests;
