//! The client's side of SRP, for tests and load: it computes what Amplify, pycognito and the mobile SDKs compute.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{SrpError, derived_key, in_group, multiplier, parse_public, private_key, scrambler, sign};
use crate::bn::Residue;
use crate::hex;

/// A client in the middle of one exchange: its ephemeral secret a and public value A.
pub struct Client {
    a: Zeroizing<[u8; 32]>,
    public: Vec<u8>,
}

/// The server's challenge (PASSWORD_VERIFIER or DEVICE_PASSWORD_VERIFIER) and the moment of the answer.
#[derive(Clone, Copy, Debug)]
pub struct Challenge<'a> {
    /// SALT: hexadecimal.
    pub salt: &'a str,
    /// SRP_B: hexadecimal.
    pub b_public: &'a str,
    /// SECRET_BLOCK, decoded.
    pub secret_block: &'a [u8],
    /// What the answer will send as TIMESTAMP.
    pub timestamp: &'a str,
}

impl Client {
    /// Starts from 32 random bytes.
    pub fn new(a: [u8; 32]) -> Self {
        let public = Residue::power_of_g(&a).to_be().to_vec();
        Self { a: Zeroizing::new(a), public }
    }

    /// SRP_A: lower-case hexadecimal without leading zeros.
    pub fn a_public(&self) -> String {
        hex::encode_integer(&self.public)
    }

    /// PASSWORD_CLAIM_SIGNATURE for a password: standard base64.
    pub fn claim(
        &self,
        group_name: &str,
        user_id: &str,
        password: &str,
        challenge: &Challenge<'_>,
    ) -> Result<String, SrpError> {
        let b = in_group(&parse_public(challenge.b_public)?)?;
        let salt = parse_public(challenge.salt)?;
        let u = scrambler(&self.public, b.to_be().as_slice())?;
        let x = private_key(group_name, user_id, password, &salt);
        let v = Residue::power_of_g(&x);
        // S = (B - k g^x)^(a + u x)
        let exponent = add_product(&self.a, &u, &x);
        let shared = b.sub(&multiplier().mul(&v)).pow_secret(exponent.as_slice());
        let key = derived_key(&u, &shared);
        Ok(STANDARD.encode(sign(&key, group_name, user_id, challenge.secret_block, challenge.timestamp)))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client(redacted)")
    }
}

/// `a + u x` of 256-bit big-endian integers, as a 520-bit one.
fn add_product(a: &[u8; 32], u: &[u8; 32], x: &[u8; 32]) -> Zeroizing<[u8; 65]> {
    // Little-endian sums of bytes: 32 products below 2^16 and a carry fit a u32 with room to spare.
    let mut columns = Zeroizing::new([0u32; 65]);
    for (i, left) in u.iter().rev().enumerate() {
        for (j, right) in x.iter().rev().enumerate() {
            columns[i + j] += u32::from(*left) * u32::from(*right);
        }
    }
    for (column, addend) in columns.iter_mut().zip(a.iter().rev()) {
        *column += u32::from(*addend);
    }
    let mut sum = Zeroizing::new([0u8; 65]);
    let mut carry = 0;
    for (digit, column) in sum.iter_mut().rev().zip(columns.iter()) {
        carry += column;
        *digit = carry as u8;
        carry >>= 8;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_exponent_fits() {
        let most = [0xff; 32];
        // (2^256 - 1) + (2^256 - 1)^2 = 2^512 - 2^256
        let mut expected = [0; 65];
        expected[1..33].fill(0xff);
        assert_eq!(*add_product(&most, &most, &most), expected);
    }

    #[test]
    fn a_challenge_outside_the_group_is_refused() {
        let challenge = Challenge { salt: "b7", b_public: "0", secret_block: b"", timestamp: "" };
        let claim = Client::new([1; 32]).claim("AbCdEfGhI", "alice", "pw", &challenge);
        assert_eq!(claim, Err(SrpError::PublicKeyOutOfRange));
    }
}
