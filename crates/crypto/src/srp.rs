//! Secure Remote Password as user pools speak it: verifiers, and the server's side of USER_SRP_AUTH and DEVICE_SRP_AUTH.
//!
//! SRP-6a (RFC 2945, RFC 5054) over the 3072-bit group of RFC 3526 with two habits of its own: integers are hashed in
//! the form of Java's `BigInteger.toByteArray` ([`pad`]), and the proof is an HMAC over the server's secret block and a
//! timestamp. A user proves under the *group name* of the pool (what follows `_` in its id) and the internal username;
//! a device under its device group key and device key.

pub mod client;
mod timestamp;

use std::fmt;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::bn::{self, Residue};
use crate::mac::{hkdf_sha256, hmac_sha256, sha256};
use crate::{ct_eq, hex, ids};

pub use timestamp::{TIMESTAMP_TOLERANCE, format_timestamp, is_fresh, parse_timestamp};

/// Hexadecimal digits accepted for SRP_A: the 768 of the group, with room for a sign byte and padding.
const MAX_DIGITS: usize = 1024;
const DERIVED_KEY_INFO: &[u8] = b"Caldera Derived Key";

/// Why a step of SRP is refused. None of them tells the caller of an API more than "incorrect username or password".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SrpError {
    /// A public value that is not a hexadecimal integer of a sensible length.
    MalformedPublicKey,
    /// A public value that is zero or not below the modulus.
    PublicKeyOutOfRange,
    /// The hash of both public values is zero.
    ZeroScrambler,
    /// A verifier that is not a salt and an element of the group.
    MalformedVerifier,
    /// The proof is not base64 of the expected HMAC: another password, user, pool, secret block or timestamp.
    SignatureMismatch,
}

impl fmt::Display for SrpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MalformedPublicKey => "the SRP public value is not a hexadecimal integer",
            Self::PublicKeyOutOfRange => "the SRP public value is outside its group",
            Self::ZeroScrambler => "the SRP scrambling parameter is zero",
            Self::MalformedVerifier => "the SRP verifier is not a salt and an element of the group",
            Self::SignatureMismatch => "the SRP password claim does not match",
        })
    }
}

impl std::error::Error for SrpError {}

/// What a server keeps of a password: a salt and `v = g^x mod N`. As cheap to guess against as a fast hash, so it is
/// sealed wherever it is stored.
#[derive(Clone)]
pub struct Verifier {
    pub salt: [u8; 16],
    /// Full width, big-endian, in `1..N`.
    v: Zeroizing<Vec<u8>>,
}

impl Verifier {
    /// Bytes of a stored verifier: salt and v.
    pub const LEN: usize = 16 + bn::LEN;

    /// The verifier of a password under a salt from [`salt_from`]; some 0.1 ms.
    pub fn new(group_name: &str, user_id: &str, password: &str, salt: [u8; 16]) -> Self {
        let x = private_key(group_name, user_id, password, &salt);
        Self { salt, v: Zeroizing::new(Residue::power_of_g(&x).to_be().to_vec()) }
    }

    /// The verifier that a client computed itself (ConfirmDevice), both parts big-endian integers with or without the
    /// leading zero byte of [`pad`].
    pub fn from_parts(salt: &[u8], v: &[u8]) -> Result<Self, SrpError> {
        let salt = significant(salt);
        let start = 16usize.checked_sub(salt.len()).ok_or(SrpError::MalformedVerifier)?;
        let mut whole = [0; 16];
        whole[start..].copy_from_slice(salt);
        // With v of zero or one, anyone can prove the password.
        if significant(v).is_empty() || significant(v) == [1] {
            return Err(SrpError::MalformedVerifier);
        }
        let v = Residue::from_be(v).ok_or(SrpError::MalformedVerifier)?;
        Ok(Self { salt: whole, v: Zeroizing::new(v.to_be().to_vec()) })
    }

    /// Reads what [`Verifier::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SrpError> {
        let (salt, v) = bytes.split_first_chunk::<16>().ok_or(SrpError::MalformedVerifier)?;
        if v.len() != bn::LEN {
            return Err(SrpError::MalformedVerifier);
        }
        Self::from_parts(salt, v)
    }

    /// Salt and v, [`Verifier::LEN`] bytes.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([self.salt.as_slice(), &self.v].concat())
    }

    /// SALT as the wire spells it: lower-case, no leading zeros.
    pub fn salt_hex(&self) -> String {
        hex::encode_integer(&self.salt)
    }

    /// Whether this is the verifier of that password: the check of the plain password flows. Constant-time.
    pub fn matches(&self, group_name: &str, user_id: &str, password: &str) -> bool {
        ct_eq(&Self::new(group_name, user_id, password, self.salt).v, &self.v)
    }

    fn residue(&self) -> Residue {
        Residue::from_be(&self.v).expect("a verifier is below the modulus by construction")
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(redacted)")
    }
}

/// A client's public value A, checked to be in `1..N`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicA(Vec<u8>);

impl PublicA {
    /// Bytes of a public value.
    pub const LEN: usize = bn::LEN;

    /// Full width, big-endian.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads what [`PublicA::as_bytes`] gave.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SrpError> {
        in_group(bytes).map(|residue| Self(residue.to_be().to_vec()))
    }
}

/// Reads SRP_A: hexadecimal of either case, any count of digits up to 1,024, leading zeros welcome. Refuses zero and
/// whatever is not below the modulus, so no multiple of the modulus passes.
pub fn parse_a(digits: &str) -> Result<PublicA, SrpError> {
    parse_public(digits).and_then(|bytes| PublicA::from_bytes(&bytes))
}

/// What a client sends to prove a password: PASSWORD_CLAIM_SIGNATURE and what it covers.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The pool id after its `_`, or the device group key.
    pub group_name: &'a str,
    /// USER_ID_FOR_SRP as the server issued it, or the device key.
    pub user_id: &'a str,
    /// PASSWORD_CLAIM_SECRET_BLOCK, decoded.
    pub secret_block: &'a [u8],
    /// TIMESTAMP exactly as received; [`is_fresh`] judges its age.
    pub timestamp: &'a str,
    /// PASSWORD_CLAIM_SIGNATURE: standard base64.
    pub signature: &'a str,
}

/// The server's half of one exchange: its ephemeral secret b and public value B.
pub struct ServerStep {
    b: Zeroizing<[u8; 32]>,
    public: Vec<u8>,
}

impl ServerStep {
    /// Bytes of a step at rest: b and B.
    pub const LEN: usize = 32 + bn::LEN;

    /// Computes `B = k v + g^b mod N` from 32 random bytes; some 0.1 ms.
    pub fn start(verifier: &Verifier, b: [u8; 32]) -> Self {
        let public = multiplier().mul(&verifier.residue()).add(&Residue::power_of_g(&b));
        Self { b: Zeroizing::new(b), public: public.to_be().to_vec() }
    }

    /// SRP_B as the wire spells it: lower-case, no leading zeros.
    pub fn b_public(&self) -> String {
        hex::encode_integer(&self.public)
    }

    /// b and B, for a sealed secret block; it spares the next step the work of [`ServerStep::start`].
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([self.b.as_slice(), &self.public].concat())
    }

    /// Reads what [`ServerStep::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SrpError> {
        let (b, public) = bytes.split_first_chunk::<32>().ok_or(SrpError::MalformedPublicKey)?;
        if public.len() != bn::LEN {
            return Err(SrpError::MalformedPublicKey);
        }
        Ok(Self { b: Zeroizing::new(*b), public: in_group(public)?.to_be().to_vec() })
    }

    /// Checks a client's proof against `S = (A v^u)^b mod N`; some 1.3 ms, the same for right and wrong proofs.
    pub fn verify(&self, a: &PublicA, verifier: &Verifier, claim: &Claim<'_>) -> Result<(), SrpError> {
        let u = scrambler(&a.0, &self.public)?;
        // u is a hash of two public values; v is a base here, and bases take constant time.
        let blinded = in_group(&a.0)?.mul(&verifier.residue().pow_public(&u));
        let shared = blinded.pow_secret(self.b.as_slice());
        let expected =
            sign(&derived_key(&u, &shared), claim.group_name, claim.user_id, claim.secret_block, claim.timestamp);
        let signature = STANDARD.decode(claim.signature).map_err(|_| SrpError::SignatureMismatch)?;
        if ct_eq(&signature, &expected) { Ok(()) } else { Err(SrpError::SignatureMismatch) }
    }
}

impl fmt::Debug for ServerStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerStep(redacted)")
    }
}

/// A salt from 16 random bytes. Its first byte is never zero: clients that read a salt as an integer and clients that
/// read it as digits derive different keys from leading zeros.
pub fn salt_from(mut random: [u8; 16]) -> [u8; 16] {
    if random[0] == 0 {
        random[0] = 1;
    }
    random
}

/// The verifier that an unknown user seems to have (RFC 5054 section 2.5.1.3): the same for the same name, of the same
/// make as a real one, and nobody's password. Cheap to make, so that it costs an attacker's clock what a look-up does.
pub fn fake_verifier(secret: &[u8], group_name: &str, username: &str) -> Verifier {
    let purpose = b"srp verifier of an unknown user";
    let bytes = hkdf_sha256::<{ Verifier::LEN }>(purpose, secret, &[group_name.as_bytes(), b"_", username.as_bytes()]);
    let (salt, v) = bytes.split_first_chunk::<16>().expect("a verifier is longer than its salt");
    let mut v = Zeroizing::new(v.to_vec());
    // Below the modulus, whose top 64 bits are ones. That the top bit is never set cannot be seen in B.
    v[0] &= 0x7f;
    Verifier { salt: salt_from(*salt), v }
}

/// The `sub` that an unknown user seems to have, for USER_ID_FOR_SRP in pools whose usernames are generated: the same
/// for the same name, and shaped like [`ids::sub`].
pub fn fake_user_id(secret: &[u8], group_name: &str, username: &str) -> String {
    let purpose = b"srp user id of an unknown user";
    ids::sub(*hkdf_sha256(purpose, secret, &[group_name.as_bytes(), b"_", username.as_bytes()]))
}

/// An integer as Java's `BigInteger.toByteArray` has it: big-endian, minimal, with one zero byte before a set top bit.
pub fn pad(big_endian: &[u8]) -> Vec<u8> {
    let significant = significant(big_endian);
    let mut out = Vec::with_capacity(significant.len() + 1);
    if significant.first().is_none_or(|byte| byte & 0x80 != 0) {
        out.push(0);
    }
    out.extend_from_slice(significant);
    out
}

/// One exponentiation with a secret exponent: the unit that the cost of SRP is counted in, for benchmarks.
pub fn exponentiate(base: &PublicA, exponent: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    let base = Residue::from_be(&base.0).expect("a public value is below the modulus by construction");
    Zeroizing::new(base.pow_secret(exponent).to_be().to_vec())
}

/// Builds the group's tables now (some milliseconds) rather than in the first sign-in.
pub fn prepare() {
    bn::prepare();
}

fn significant(big_endian: &[u8]) -> &[u8] {
    let leading = big_endian.iter().take_while(|byte| **byte == 0).count();
    &big_endian[leading..]
}

fn parse_public(digits: &str) -> Result<Vec<u8>, SrpError> {
    if digits.len() > MAX_DIGITS {
        return Err(SrpError::MalformedPublicKey);
    }
    hex::decode_integer(digits).ok_or(SrpError::MalformedPublicKey)
}

/// A public value as a residue, zero excluded.
fn in_group(big_endian: &[u8]) -> Result<Residue, SrpError> {
    if significant(big_endian).is_empty() {
        return Err(SrpError::PublicKeyOutOfRange);
    }
    Residue::from_be(big_endian).ok_or(SrpError::PublicKeyOutOfRange)
}

/// `k = SHA256(P(N) || P(g))`.
fn multiplier() -> Residue {
    static K: LazyLock<[u8; 32]> = LazyLock::new(|| sha256(&[&pad(bn::modulus()), &[2]]));
    Residue::from_be(K.as_slice()).expect("a hash is shorter than the modulus")
}

/// `x = SHA256(P(salt) || SHA256(group name || user id || ":" || password))`.
fn private_key(group_name: &str, user_id: &str, password: &str, salt: &[u8]) -> Zeroizing<[u8; 32]> {
    let inner = [group_name.as_bytes(), user_id.as_bytes(), b":", password.as_bytes()];
    Zeroizing::new(sha256(&[&pad(salt), Zeroizing::new(sha256(&inner)).as_slice()]))
}

/// `u = SHA256(P(A) || P(B))`.
fn scrambler(a: &[u8], b: &[u8]) -> Result<[u8; 32], SrpError> {
    not_zero(sha256(&[&pad(a), &pad(b)]))
}

fn not_zero(u: [u8; 32]) -> Result<[u8; 32], SrpError> {
    if u == [0; 32] { Err(SrpError::ZeroScrambler) } else { Ok(u) }
}

/// `K = HKDF-SHA256(salt P(u), secret P(S), "Caldera Derived Key")`, 16 bytes.
fn derived_key(u: &[u8; 32], shared: &Residue) -> Zeroizing<[u8; 16]> {
    hkdf_sha256(&pad(u), &Zeroizing::new(pad(shared.to_be().as_slice())), &[DERIVED_KEY_INFO])
}

fn sign(key: &[u8; 16], group_name: &str, user_id: &str, secret_block: &[u8], timestamp: &str) -> [u8; 32] {
    hmac_sha256(key, &[group_name.as_bytes(), user_id.as_bytes(), secret_block, timestamp.as_bytes()])
}

#[cfg(test)]
mod tests;
