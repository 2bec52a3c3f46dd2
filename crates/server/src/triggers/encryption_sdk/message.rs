//! The AWS Encryption SDK's message format, version 2: AES-256-GCM with HKDF-SHA512 and key commitment, not signed
//! (algorithm suite 0x0478), in one frame.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use zeroize::Zeroizing;

use super::{EncryptionContext, RawKey};

pub(super) const DATA_KEY_LEN: usize = 32;
pub(super) const MESSAGE_ID_LEN: usize = 32;
pub(super) const IV_LEN: usize = 12;
pub(super) const TAG_LEN: usize = 16;

const VERSION: u8 = 2;
pub(super) const ALGORITHM: [u8; 2] = [0x04, 0x78];
const FRAMED: u8 = 2;

/// The usual length of a frame in bytes. What is encrypted here is shorter, so the only frame is the final one.
const FRAME_LEN: u32 = 4096;

/// What says that a frame is the last one.
const FINAL: u32 = u32::MAX;
const FINAL_FRAME: &[u8] = b"AWSKMSEncryptionClient Final Frame";

/// A data key as whoever can unwrap it finds it in the message.
#[derive(Debug)]
pub(super) struct WrappedKey {
    pub provider: String,
    /// What the provider needs to find and use the key.
    pub information: Vec<u8>,
    pub wrapped: Vec<u8>,
}

/// Wraps a data key the way the SDK's raw AES keyring does.
pub(super) fn wrap(
    data_key: &[u8; DATA_KEY_LEN],
    key: &RawKey,
    context: &EncryptionContext,
    iv: [u8; IV_LEN],
) -> WrappedKey {
    let mut information = key.name.as_bytes().to_vec();
    information.extend((8 * TAG_LEN as u32).to_be_bytes());
    information.extend((IV_LEN as u32).to_be_bytes());
    information.extend(iv);
    let wrapped = encrypt(&key.key, iv, &serialized(context), data_key);
    WrappedKey { provider: key.namespace.clone(), information, wrapped }
}

/// The message: header, then one frame.
pub(super) fn seal(
    data_key: &[u8; DATA_KEY_LEN],
    wrapped: &WrappedKey,
    context: &EncryptionContext,
    message_id: &[u8; MESSAGE_ID_LEN],
    plaintext: &[u8],
) -> Vec<u8> {
    let (key, commitment) = derive(data_key, message_id);
    let mut message = vec![VERSION];
    message.extend(ALGORITHM);
    message.extend(message_id);
    put(&mut message, &serialized(context));
    message.extend(1_u16.to_be_bytes());
    put(&mut message, wrapped.provider.as_bytes());
    put(&mut message, &wrapped.information);
    put(&mut message, &wrapped.wrapped);
    message.push(FRAMED);
    message.extend(FRAME_LEN.to_be_bytes());
    message.extend(commitment.as_slice());
    let tag = encrypt(&key, [0; IV_LEN], &message, &[]);
    message.extend(tag);

    let number = 1_u32;
    message.extend(FINAL.to_be_bytes());
    message.extend(number.to_be_bytes());
    message.extend(frame_iv(number));
    message.extend((plaintext.len() as u32).to_be_bytes());
    message.extend(encrypt(&key, frame_iv(number), &frame_data(message_id, number, plaintext.len()), plaintext));
    message
}

/// The key that encrypts and the value that commits to the data key.
pub(super) fn derive(
    data_key: &[u8; DATA_KEY_LEN],
    message_id: &[u8; MESSAGE_ID_LEN],
) -> (Zeroizing<[u8; 32]>, Zeroizing<[u8; 32]>) {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA512, message_id).extract(data_key);
    let expand = |info: &[&[u8]]| {
        let mut out = Zeroizing::new([0; 32]);
        let expanded = extracted.expand(info, Length).and_then(|okm| okm.fill(out.as_mut_slice()));
        expanded.expect("32 bytes are less than one hash");
        out
    };
    (expand(&[&ALGORITHM, b"DERIVEKEY"]), expand(&[b"COMMITKEY"]))
}

struct Length;

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

/// What a frame's ciphertext is bound to.
pub(super) fn frame_data(message_id: &[u8; MESSAGE_ID_LEN], number: u32, length: usize) -> Vec<u8> {
    [message_id, FINAL_FRAME, &number.to_be_bytes(), &(length as u64).to_be_bytes()].concat()
}

fn frame_iv(number: u32) -> [u8; IV_LEN] {
    let mut iv = [0; IV_LEN];
    iv[IV_LEN - 4..].copy_from_slice(&number.to_be_bytes());
    iv
}

/// A count, then names and values with their lengths, by name; nothing at all of nothing.
pub(super) fn serialized(context: &EncryptionContext) -> Vec<u8> {
    let mut out = Vec::new();
    if !context.is_empty() {
        out.extend((context.len() as u16).to_be_bytes());
    }
    for (name, value) in context {
        put(&mut out, name.as_bytes());
        put(&mut out, value.as_bytes());
    }
    out
}

/// Bytes after their length in two bytes: what is put so is a name, an ARN or a wrapped key, far shorter than 64 KiB.
fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend((bytes.len() as u16).to_be_bytes());
    out.extend(bytes);
}

/// AES-256-GCM: ciphertext and tag.
fn encrypt(key: &[u8; 32], iv: [u8; IV_LEN], bound_to: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("the key has 32 bytes"));
    let mut sealed = plaintext.to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(iv), Aad::from(bound_to), &mut sealed)
        .expect("the text is far shorter than AES-GCM's limit");
    sealed
}
