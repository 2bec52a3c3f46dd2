//! Secrets at rest: what is secret in the store is sealed under keys that the store does not hold.

use std::fmt;

use cognate_crypto::seal::{Kind, MasterKey, NONCE_LEN, Sealer};
use cognate_shapes::error::{Error, Result};

use crate::rng::Rng;

/// A sealer for every kind of secret, derived from one master key.
pub struct Seals {
    sealers: Vec<(Kind, Sealer)>,
}

impl fmt::Debug for Seals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seals(***)")
    }
}

impl Seals {
    pub fn new(master: &MasterKey) -> Self {
        Self { sealers: Kind::ALL.iter().map(|kind| (*kind, Sealer::new(master, *kind))).collect() }
    }

    fn of(&self, kind: Kind) -> &Sealer {
        let found = self.sealers.iter().find(|(known, _)| *known == kind);
        &found.expect("every kind has its sealer").1
    }

    /// Seals `plaintext` so that it opens only with the same kind and `context` (pool, user, row).
    pub fn seal(&self, rng: &Rng, kind: Kind, plaintext: &[u8], context: &[u8]) -> Vec<u8> {
        self.of(kind).seal(plaintext, context, rng.bytes::<NONCE_LEN>())
    }

    /// Seals `plaintext` under a nonce that `origin` decides: the same of the same. `origin` is used for one plaintext
    /// alone, and is not guessable by whoever may not learn the result.
    pub fn seal_from(&self, kind: Kind, plaintext: &[u8], context: &[u8], origin: &[u8]) -> Vec<u8> {
        let digest = self.keyed_hash(kind, &[b"nonce\0", origin].concat());
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&digest[..NONCE_LEN]);
        self.of(kind).seal(plaintext, context, nonce)
    }

    /// Opens what this server sealed and stored; failure is a fault of the store or the key.
    pub fn open(&self, kind: Kind, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>> {
        let opened = self.of(kind).open(sealed, context);
        opened
            .map(|plain| plain.to_vec())
            .map_err(|error| Error::internal("a stored secret does not open").caused_by(error))
    }

    /// Opens what a caller brought back, such as a challenge session; `None` if it is not ours.
    pub fn open_foreign(&self, kind: Kind, sealed: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        self.of(kind).open(sealed, context).ok().map(|plain| plain.to_vec())
    }

    /// The hash under which a token or code is kept.
    pub fn keyed_hash(&self, kind: Kind, bytes: &[u8]) -> [u8; 32] {
        self.of(kind).keyed_hash(bytes)
    }
}
