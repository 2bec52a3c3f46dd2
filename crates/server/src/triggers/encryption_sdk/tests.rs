//! Messages opened again, step by step as the format's description says, and a message that the official SDK opened.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::message::{IV_LEN, MESSAGE_ID_LEN, TAG_LEN, derive, frame_data, serialized};
use super::*;

const KEY: [u8; 32] = [7; 32];

const POOL: &str = "us-east-1_AbCdEfGhI";

fn message(plaintext: &str) -> Vec<u8> {
    let key = RawKey { namespace: "cognate".to_owned(), name: "custom-senders".to_owned(), key: Zeroizing::new(KEY) };
    STANDARD.decode(key.encrypt(&Rng::seeded(1), POOL, plaintext)).unwrap()
}

fn decrypt(key: &[u8; 32], iv: &[u8], bound_to: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap());
    let mut sealed = sealed.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(iv).unwrap();
    Some(key.open_in_place(nonce, Aad::from(bound_to), &mut sealed).ok()?.to_vec())
}

/// Reads a message from its beginning; gives up where anything is not as it must be.
fn open(message: &[u8], key: &[u8; 32]) -> Option<Vec<u8>> {
    let at = std::cell::Cell::new(0);
    let take = |count: usize| {
        let from = at.replace(at.get() + count);
        message.get(from..from + count)
    };
    let number =
        |bytes: usize| Some(take(bytes)?.iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte)));
    let counted = || take(number(2)?);
    (take(3)? == [2, 0x04, 0x78]).then_some(())?;
    let message_id: [u8; MESSAGE_ID_LEN] = take(MESSAGE_ID_LEN)?.try_into().ok()?;
    let bound_to = counted()?;
    (number(2)? == 1).then_some(())?;
    let (provider, information, wrapped) = (counted()?, counted()?, counted()?);
    let (name, parameters) = information.split_at(b"custom-senders".len());
    assert_eq!((provider, name), (&b"cognate"[..], &b"custom-senders"[..]));
    assert_eq!(parameters[..8], [0, 0, 0, 128, 0, 0, 0, 12]);
    let data_key = decrypt(key, &parameters[8..], bound_to, wrapped)?;
    let (key, commitment) = derive(data_key.as_slice().try_into().ok()?, &message_id);
    (number(1)? == 2 && number(4)? == 4096).then_some(())?;
    (take(32)? == commitment.as_slice()).then_some(())?;
    let header = &message[..at.get()];
    decrypt(&key, &[0; IV_LEN], header, take(TAG_LEN)?)?;
    (number(4)? == 0xffff_ffff && number(4)? == 1).then_some(())?;
    let iv = take(IV_LEN)?;
    let length = number(4)?;
    let opened = decrypt(&key, iv, &frame_data(&message_id, 1, length), take(length + TAG_LEN)?)?;
    (at.get() == message.len()).then_some(opened)
}

#[test]
fn a_message_opens_with_its_key_alone() {
    let made = message("123456");
    assert_eq!(open(&made, &KEY).unwrap(), b"123456");
    assert_eq!(open(&made, &[8; 32]), None);
    assert!(!made.windows(6).any(|part| part == b"123456"));
    assert_eq!(open(&message(""), &KEY).unwrap(), b"");
    assert_eq!(open(&message("Temporary-pässword-1"), &KEY).unwrap(), "Temporary-pässword-1".as_bytes());
}

#[test]
fn a_message_that_was_changed_anywhere_does_not_open() {
    let made = message("123456");
    let names = made.windows(7).position(|part| part == b"cognate").unwrap();
    let names = names - 2..names + 7 + 2 + 22;
    for at in (0..made.len()).filter(|at| !names.contains(at)) {
        let mut changed = made.clone();
        changed[at] ^= 1;
        assert_eq!(open(&changed, &KEY), None, "byte {at}");
    }
}

#[test]
fn the_encryption_context_names_the_pool() {
    let expected = b"\x00\x01\x00\x0buserpool-id\x00\x13us-east-1_AbCdEfGhI";
    assert_eq!(serialized(&context_of(POOL)), expected);
    assert!(message("123456").windows(expected.len()).any(|part| part == expected));
    assert_eq!(serialized(&EncryptionContext::new()), b"");
}

/// A message with fixed randomness, which the SDK for Python has opened; tests/clients/journey_custom_sender.py has it open
/// new ones.
#[test]
fn the_format_stays_as_it_is() {
    insta::assert_snapshot!(STANDARD.encode(message("123456")), @"AgR4jHZU7P17C2I7gD4vTgKtHMhCeO/fzXxMkgjt2B8X4RUAJAABAAt1c2VycG9vbC1pZAATdXMtZWFzdC0xX0FiQ2RFZkdoSQABAAdjb2duYXRlACJjdXN0b20tc2VuZGVycwAAAIAAAAAMUy3qv4hynLQ5lataADDgs5yjWmVE8ijo/MXA456XrB4eXCnTzhbNC95WXOwGImUO3LEiT1cKwC5v3rSqiZYCAAAQAKW0f+MHQn5Q85I4+MJnChzCDENoi4ZMcwp22SBj7ZpexvSfvXi+a+/YPYSruBjK4f////8AAAABAAAAAAAAAAAAAAABAAAABly2CQqIxOd0I1ISuYyM3sKW7AX5dJs=");
}
