//! SHA-256 and what is made of it: HMAC (RFC 2104) and HKDF (RFC 5869).

use aws_lc_rs::{digest, hkdf, hmac};
use zeroize::Zeroizing;

pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    bytes(context.finish().as_ref())
}

pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    bytes(context.sign().as_ref())
}

/// HKDF-SHA256, extract and expand; `info` is the concatenation of its parts.
pub(crate) fn hkdf_sha256<const N: usize>(salt: &[u8], secret: &[u8], info: &[&[u8]]) -> Zeroizing<[u8; N]> {
    let mut out = Zeroizing::new([0; N]);
    hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
        .extract(secret)
        .expand(info, Length(N))
        .and_then(|okm| okm.fill(out.as_mut_slice()))
        .expect("every length asked for is below 255 hashes");
    out
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn bytes(tag: &[u8]) -> [u8; 32] {
    tag.try_into().expect("SHA-256 gives 32 bytes")
}
