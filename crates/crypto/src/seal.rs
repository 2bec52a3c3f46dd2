//! Secrets at rest and in strangers' hands: AES-256-GCM under a key per kind and message, and keyed hashes.
//!
//! Everything derives from one [`MasterKey`]. A sealed message is `version || 28-byte nonce || ciphertext || 16-byte tag`;
//! the nonce's first 16 bytes derive the message's own AES key and its last 12 are the GCM nonce, so random nonces
//! collide with a probability that no volume of messages makes noticeable (2^-32 only after 2^96 of them). One format
//! serves kinds that are sealed once and kinds that are sealed at every request.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::mac::hkdf_sha256;

/// Random bytes that [`Sealer::seal`] takes.
pub const NONCE_LEN: usize = SALT_LEN + GCM_NONCE_LEN;

pub(crate) const SALT_LEN: usize = 16;
pub(crate) const GCM_NONCE_LEN: usize = 12;
pub(crate) const TAG_LEN: usize = 16;
const VERSION: u8 = 1;

/// The kinds of secret, each under keys of its own: what is sealed as one kind does not open as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// SRP verifiers of users and devices.
    Verifier,
    ClientSecret,
    /// Private keys of a pool.
    SigningKey,
    /// One-time and authorization codes.
    Code,
    TotpSeed,
    /// Challenge sessions.
    Session,
    RefreshToken,
    /// SECRET_BLOCK of SRP.
    SecretBlock,
    /// Pagination tokens.
    Pagination,
    /// Secret access keys.
    AccessKey,
    /// Values of user attributes.
    Attribute,
    /// Answers about users who do not exist.
    UnknownUser,
    /// Cookies of the login and console pages.
    Cookie,
    /// Links by which a user says whether a sign-in was theirs.
    Feedback,
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::Verifier,
        Self::ClientSecret,
        Self::SigningKey,
        Self::Code,
        Self::TotpSeed,
        Self::Session,
        Self::RefreshToken,
        Self::SecretBlock,
        Self::Pagination,
        Self::AccessKey,
        Self::Attribute,
        Self::UnknownUser,
        Self::Cookie,
        Self::Feedback,
    ];

    /// The name that keys are derived under: part of the stored format, never to change.
    fn label(self) -> &'static [u8] {
        match self {
            Self::Verifier => b"verifier",
            Self::ClientSecret => b"client secret",
            Self::SigningKey => b"signing key",
            Self::Code => b"code",
            Self::TotpSeed => b"totp seed",
            Self::Session => b"session",
            Self::RefreshToken => b"refresh token",
            Self::SecretBlock => b"secret block",
            Self::Pagination => b"pagination",
            Self::AccessKey => b"access key",
            Self::Attribute => b"attribute",
            Self::UnknownUser => b"unknown user",
            Self::Cookie => b"cookie",
            Self::Feedback => b"feedback",
        }
    }
}

/// Why something could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealError {
    /// A master key that is not base64 of 32 bytes.
    MalformedKey,
    /// Too short, of an unknown version, altered, of another kind or context, or sealed under another master key.
    Unsealable,
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MalformedKey => "a master key is 32 bytes in standard base64",
            Self::Unsealable => "the sealed value does not open with this key in this context",
        })
    }
}

impl std::error::Error for SealError {}

/// The key that all others derive from. It is never stored beside what it protects.
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// A key of 32 random bytes.
    pub fn new(random: [u8; 32]) -> Self {
        Self(Zeroizing::new(random))
    }

    /// Reads standard base64 with padding; white space around it (a key file's last newline) is dropped.
    pub fn from_base64(text: &str) -> Result<Self, SealError> {
        let bytes = Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| SealError::MalformedKey)?);
        let bytes = bytes.as_slice().try_into().map_err(|_| SealError::MalformedKey)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// What a key file holds.
    pub fn to_base64(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    /// A value to keep in the database: it tells whether the same master key is in use, and nothing else about it.
    pub fn check_value(&self) -> [u8; 32] {
        *self.derive(b"check value", b"")
    }

    fn derive(&self, purpose: &[u8], label: &[u8]) -> Zeroizing<[u8; 32]> {
        hkdf_sha256(b"cognate master key", self.0.as_slice(), &[purpose, b"\0", label])
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(redacted)")
    }
}

/// Seals, opens and hashes one kind of secret.
#[derive(Clone)]
pub struct Sealer {
    seal: hmac::Key,
    hash: hmac::Key,
}

impl Sealer {
    pub fn new(master: &MasterKey, kind: Kind) -> Self {
        let key = |purpose| hmac::Key::new(hmac::HMAC_SHA256, master.derive(purpose, kind.label()).as_slice());
        Self { seal: key(b"seal"), hash: key(b"hash") }
    }

    /// Encrypts under 28 random bytes. `aad` is the context (pool, user, row) that opening has to name again.
    pub fn seal(&self, plaintext: &[u8], aad: &[u8], nonce: [u8; NONCE_LEN]) -> Vec<u8> {
        let (salt, gcm_nonce) = parts(&nonce);
        let mut out = Vec::with_capacity(1 + NONCE_LEN + plaintext.len() + TAG_LEN);
        out.push(VERSION);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plaintext);
        let tag = self
            .message_key(salt)
            .seal_in_place_separate_tag(gcm_nonce, Aad::from(aad), &mut out[1 + NONCE_LEN..])
            .expect("AES-GCM seals anything below 64 GiB");
        out.extend_from_slice(tag.as_ref());
        out
    }

    /// Decrypts what [`Sealer::seal`] made under the same master key, kind and `aad`.
    pub fn open(&self, sealed: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let Some((&[VERSION], rest)) = sealed.split_first_chunk::<1>() else { return Err(SealError::Unsealable) };
        let (nonce, ciphertext) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Unsealable)?;
        let (salt, gcm_nonce) = parts(nonce);
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let opened = self.message_key(salt).open_in_place(gcm_nonce, Aad::from(aad), &mut buffer);
        let length = opened.map_err(|_| SealError::Unsealable)?.len();
        buffer.truncate(length);
        Ok(buffer)
    }

    /// HMAC-SHA-256 under a key that only hashing uses: how tokens and codes are found again without being kept.
    pub fn keyed_hash(&self, bytes: &[u8]) -> [u8; 32] {
        hmac::sign(&self.hash, bytes).as_ref().try_into().expect("SHA-256 gives 32 bytes")
    }

    fn message_key(&self, salt: &[u8]) -> LessSafeKey {
        let key = hmac::sign(&self.seal, salt);
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_ref()).expect("an HMAC tag is as long as an AES-256 key"))
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(redacted)")
    }
}

/// Whether two secrets are equal, in a time that depends on their lengths alone.
pub fn ct_eq(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

fn parts(nonce: &[u8; NONCE_LEN]) -> (&[u8], Nonce) {
    let (salt, gcm_nonce) = nonce.split_at(SALT_LEN);
    (salt, Nonce::try_assume_unique_for_key(gcm_nonce).expect("28 bytes less 16 are 12"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NONCE: [u8; NONCE_LEN] = [5; NONCE_LEN];

    fn sealer(kind: Kind) -> Sealer {
        Sealer::new(&MasterKey::new([7; 32]), kind)
    }

    /// SECURITY 53: the one comparison of secrets. It finds a difference wherever it is, and hands the bytes to the
    /// library's constant-time comparison, which never stops early.
    #[test]
    fn secrets_differ_wherever_they_differ() {
        let secret = [7; 32];
        assert!(ct_eq(&secret, &[7; 32]));
        for place in 0..secret.len() {
            let mut other = secret;
            other[place] ^= 1;
            assert!(!ct_eq(&secret, &other));
        }
        assert!(!ct_eq(&secret, &secret[..31]));
        assert!(!ct_eq(&secret, &[]));
        assert!(ct_eq(&[], &[]));
    }

    /// SECURITY row 54: a sealed value opens only under its own key, kind and context.
    #[test]
    fn another_key_kind_or_context_opens_nothing() {
        let sealed = sealer(Kind::TotpSeed).seal(b"seed", b"pool/user", NONCE);
        assert_eq!(sealer(Kind::TotpSeed).open(&sealed, b"pool/user").unwrap().as_slice(), b"seed");
        assert!(sealer(Kind::Code).open(&sealed, b"pool/user").is_err());
        assert!(sealer(Kind::TotpSeed).open(&sealed, b"pool/other").is_err());
        let other = Sealer::new(&MasterKey::new([8; 32]), Kind::TotpSeed);
        assert!(other.open(&sealed, b"pool/user").is_err());
        assert_ne!(MasterKey::new([7; 32]).check_value(), MasterKey::new([8; 32]).check_value());
    }

    #[test]
    fn hashing_and_sealing_share_no_key() {
        let sealer = sealer(Kind::Code);
        assert_ne!(sealer.keyed_hash(b"x").as_slice(), hmac::sign(&sealer.seal, b"x").as_ref());
        assert_eq!(sealer.keyed_hash(b"x"), sealer.clone().keyed_hash(b"x"));
        assert_ne!(sealer.keyed_hash(b"x"), self::sealer(Kind::RefreshToken).keyed_hash(b"x"));
    }

    /// The stored format: changing it, or how keys derive, makes every existing database unreadable.
    #[test]
    fn the_format_is_pinned() {
        let key = STANDARD.encode([7; 32]);
        let master = MasterKey::from_base64(&format!(" {key}\n")).unwrap();
        assert_eq!(master.to_base64().as_str(), key);
        let sealed = sealer(Kind::ClientSecret).seal(b"secret", b"aad", NONCE);
        assert_eq!(sealed.len(), 1 + NONCE_LEN + 6 + TAG_LEN);
        assert_eq!((sealed[0], &sealed[1..=NONCE_LEN]), (1, NONCE.as_slice()));
        assert_eq!(STANDARD.encode(&sealed[1 + NONCE_LEN..]), "eNFO4MMcNfm+APbqUEKwvVqT3bHuMA==");
        assert_eq!(STANDARD.encode(master.check_value()), "x6NjKln+KB2w4e0hbIEClWMtqgYbq63AaemwUj+oOEo=");
    }

    #[test]
    fn malformed_keys_are_refused() {
        for text in ["", "AAAA", "not base64", &STANDARD.encode([1; 31]), &STANDARD.encode([1; 33])] {
            assert_eq!(MasterKey::from_base64(text).unwrap_err(), SealError::MalformedKey);
        }
    }

    /// SECURITY row 45: keys do not reach logs through Debug.
    #[test]
    fn secrets_are_not_printed() {
        let printed = format!("{:?} {:?}", MasterKey::new([7; 32]), sealer(Kind::Code));
        assert_eq!(printed, "MasterKey(redacted) Sealer(redacted)");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_sealed_opens(plaintext in any::<Vec<u8>>(), aad in any::<Vec<u8>>(), nonce in any::<[u8; NONCE_LEN]>()) {
            let sealed = sealer(Kind::Session).seal(&plaintext, &aad, nonce);
            let opened = sealer(Kind::Session).open(&sealed, &aad).unwrap();
            prop_assert_eq!(opened.as_slice(), plaintext);
        }

        /// SECURITY row 26: a tampered secret block does not open.
        #[test]
        fn a_flipped_bit_or_a_lost_end_opens_nothing(at in any::<prop::sample::Index>(), bit in 0u8..8) {
            let sealed = sealer(Kind::SecretBlock).seal(b"block", b"", NONCE);
            let at = at.index(sealed.len());
            let mut flipped = sealed.clone();
            flipped[at] ^= 1 << bit;
            prop_assert!(sealer(Kind::SecretBlock).open(&flipped, b"").is_err());
            prop_assert!(sealer(Kind::SecretBlock).open(&sealed[..at], b"").is_err());
        }
    }
}
