//! SRP against known answers, against its own client, and against what attackers send.

use proptest::prelude::*;

use super::client::{Challenge, Client};
use super::*;

const TIMESTAMP: &str = "Tue Mar 3 04:05:06 UTC 2026";

fn from_hex<const N: usize>(digits: &str) -> [u8; N] {
    hex::decode_integer(digits).unwrap().try_into().unwrap()
}

/// How the long values of the vectors are written: both ends and the hash of the digits.
fn assert_digits(digits: &str, start: &str, end: &str, hash: &str) {
    assert!(digits.starts_with(start) && digits.ends_with(end), "{digits}");
    assert_eq!(hex::encode(&sha256(&[digits.as_bytes()])), hash);
}

struct Exchange {
    verifier: Verifier,
    server: ServerStep,
    client: Client,
    a: PublicA,
}

impl Exchange {
    fn new(verifier: Verifier, a: [u8; 32], b: [u8; 32]) -> Self {
        let (server, client) = (ServerStep::start(&verifier, b), Client::new(a));
        let a = parse_a(&client.a_public()).unwrap();
        Self { verifier, server, client, a }
    }

    fn alice() -> Self {
        let salt = from_hex("b704c0b7e4f0c2a1d3e5f60718293a4b");
        Self::new(Verifier::new("AbCdEfGhI", "alice", "Passw0rd!", salt), [0x11; 32], [0x22; 32])
    }

    fn claim(&self, group_name: &str, user_id: &str, password: &str, secret_block: &[u8]) -> String {
        let challenge = Challenge {
            salt: &self.verifier.salt_hex(),
            b_public: &self.server.b_public(),
            secret_block,
            timestamp: TIMESTAMP,
        };
        self.client.claim(group_name, user_id, password, &challenge).unwrap()
    }

    fn verify(&self, claim: &Claim<'_>) -> Result<(), SrpError> {
        self.server.verify(&self.a, &self.verifier, claim)
    }
}

const ALICES: Claim<'_> = Claim {
    group_name: "AbCdEfGhI",
    user_id: "alice",
    secret_block: b"secret-block-bytes",
    timestamp: TIMESTAMP,
    signature: "SEcn43tXn1WrJHFcyNDsvhOKFOLkXs8fCBdKbP6E8uY=",
};

#[test]
fn the_group_is_rfc_3526s() {
    let n = hex::encode(bn::modulus());
    assert!(n.starts_with("ffffffffffffffffc90fdaa22168c234"));
    assert!(n.ends_with("43db5bfce0fd108e4b82d120a93ad2caffffffffffffffff"));
    let k = multiplier().to_be();
    let expected = "538282c4354742d7cbbde2359fcf67f9f5b3a6b08791e5011b43b8a5b66d9ee6";
    assert_eq!(hex::encode_integer(k.as_slice()), expected);
}

#[test]
fn a_user_proves_a_password() {
    let exchange = Exchange::alice();
    let x = private_key("AbCdEfGhI", "alice", "Passw0rd!", &exchange.verifier.salt);
    assert_eq!(hex::encode(x.as_slice()), "79d7c9ebad4eb8eecbe227bc2113cbe8ca5a671ee224551275dc55b2073b9297");
    assert_digits(
        &hex::encode_integer(&exchange.verifier.v),
        "d0be46029429ab3e",
        "6ed5bd3cc3a2746f",
        "f1104d69ad4d9cb2dee9f4cbba1465a1849794abc9e937b53d0d6ac8c99ef962",
    );
    assert_digits(
        &exchange.client.a_public(),
        "f2c4e7407ccfac45",
        "cca3b49b35a49099",
        "99f14375d9cdbb6a94ee1804aa89f307dd0cdc5c3a8002a9d24a1012a9d5e1a1",
    );
    assert_digits(
        &exchange.server.b_public(),
        "e04fc7b3e2324ca6",
        "a12ee0cc676fc531",
        "96f1db348360bd9ce616f6e390e8981d60cfe1334a86899db09edd3fec8f6f81",
    );
    let u = scrambler(exchange.a.as_bytes(), &exchange.server.public).unwrap();
    assert_eq!(hex::encode(&u), "7c074a226fb9eb5843df0b31677c89463d7031c6ddbb9653fe87959129d73f50");
    let shared = in_group(exchange.a.as_bytes()).unwrap().mul(&exchange.verifier.residue().pow_public(&u));
    let shared = shared.pow_secret(exchange.server.b.as_slice());
    assert_digits(
        &hex::encode_integer(shared.to_be().as_slice()),
        "1053d8609c7d0e10",
        "138c407c34871914",
        "aaa715b855cacc63178ebc50c885bf4da4a7df93377b3a91c962bec56cca2769",
    );
    assert_eq!(hex::encode(derived_key(&u, &shared).as_slice()), "833ba5b43b1dd2535394bdd03a5de32b");
    assert_eq!(exchange.claim("AbCdEfGhI", "alice", "Passw0rd!", b"secret-block-bytes"), ALICES.signature);
    assert_eq!(exchange.verify(&ALICES), Ok(()));
}

#[test]
fn a_device_proves_its_password() {
    let (group_key, device_key) = ("-GrpKey01", "us-east-1_6c8e0b1e-5a2f-4a57-9d0e-2f6f4f9b7a11");
    let mut salt = [1; 16];
    salt[0] = 0x8f;
    let x = private_key(group_key, device_key, "devicepass", &salt);
    assert_eq!(hex::encode(x.as_slice()), "f10129af17142265af43716e5e234a665c8945e9443dfe2d8caaae9ce9cbcb95");
    assert_eq!(STANDARD.encode(pad(&salt)), "AI8BAQEBAQEBAQEBAQEBAQE=");

    // What ConfirmDevice receives: both integers in padded form.
    let computed = Verifier::new(group_key, device_key, "devicepass", salt);
    let verifier = Verifier::from_parts(&pad(&salt), &pad(&computed.v)).unwrap();
    assert_eq!(verifier.to_bytes(), computed.to_bytes());

    let exchange = Exchange::new(verifier, [0x33; 32], [0x44; 32]);
    let u = scrambler(exchange.a.as_bytes(), &exchange.server.public).unwrap();
    assert_eq!(hex::encode(&u), "81d7c3ec00c561ac43754bdd8e3248d3df8f49be8b3d01ffa38e853f2f7f41bb");
    let shared = in_group(exchange.a.as_bytes()).unwrap().mul(&exchange.verifier.residue().pow_public(&u));
    let key = derived_key(&u, &shared.pow_secret(exchange.server.b.as_slice()));
    assert_eq!(hex::encode(key.as_slice()), "366ff7bb59af03e9e32bf138367a1cbc");
    let signature = "6bDTTTDDQVDzv/nMwSQoLBqKozJEaey/vIgLRXmGi/8=";
    assert_eq!(exchange.claim(group_key, device_key, "devicepass", b"dev-block"), signature);
    let claim = Claim {
        group_name: group_key,
        user_id: device_key,
        secret_block: b"dev-block",
        timestamp: TIMESTAMP,
        signature,
    };
    assert_eq!(exchange.verify(&claim), Ok(()));
}

/// SECURITY row 26: a claim holds for its pool, user, secret block and timestamp alone.
#[test]
fn a_claim_moved_anywhere_else_fails() {
    let exchange = Exchange::alice();
    for claim in [
        Claim { group_name: "AbCdEfGhJ", ..ALICES },
        Claim { user_id: "bob", ..ALICES },
        Claim { secret_block: b"secret-block-bytez", ..ALICES },
        Claim { secret_block: b"", ..ALICES },
        Claim { timestamp: "Tue Mar 3 04:05:07 UTC 2026", ..ALICES },
        Claim { signature: "", ..ALICES },
        Claim { signature: "SEcn43tXn1WrJHFcyNDsvhOKFOLkXs8fCBdKbP6E8uY", ..ALICES },
        Claim { signature: "SEcn43tXn1WrJHFcyNDsvhOKFOLkXs8fCBdKbP6E8uZ=", ..ALICES },
        Claim { signature: "not base64", ..ALICES },
        Claim { signature: "SEcn43tXn1WrJHFcyNDsvg==", ..ALICES },
    ] {
        assert_eq!(exchange.verify(&claim), Err(SrpError::SignatureMismatch), "{claim:?}");
    }
}

/// SECURITY row 26: another exchange's b, another A or another verifier do not verify the claim.
#[test]
fn a_claim_replayed_into_another_exchange_fails() {
    let alice = Exchange::alice();
    let salt = alice.verifier.salt;
    let another_b = ServerStep::start(&alice.verifier, [0x23; 32]);
    assert_eq!(another_b.verify(&alice.a, &alice.verifier, &ALICES), Err(SrpError::SignatureMismatch));
    let another_a = parse_a(&Client::new([0x12; 32]).a_public()).unwrap();
    assert_eq!(alice.server.verify(&another_a, &alice.verifier, &ALICES), Err(SrpError::SignatureMismatch));
    let another_password = Verifier::new("AbCdEfGhI", "alice", "passw0rd!", salt);
    assert_eq!(alice.server.verify(&alice.a, &another_password, &ALICES), Err(SrpError::SignatureMismatch));
}

/// SECURITY row 26: A of 0, N, 2N and any A not below N give the client a shared secret without the password.
#[test]
fn public_values_outside_the_group_are_refused() {
    let n = hex::encode(bn::modulus());
    let shifted = (0..bn::LEN).map(|i| bn::modulus()[i] << 1 | bn::modulus().get(i + 1).map_or(0, |next| next >> 7));
    let twice = format!("1{}", hex::encode(&shifted.collect::<Vec<_>>()));
    let below = format!("{}0", &n[..n.len() - 1]);
    assert_eq!(parse_a("0"), Err(SrpError::PublicKeyOutOfRange));
    assert_eq!(parse_a(&"0".repeat(768)), Err(SrpError::PublicKeyOutOfRange));
    assert_eq!(parse_a(&n), Err(SrpError::PublicKeyOutOfRange));
    assert_eq!(parse_a(&n.to_uppercase()), Err(SrpError::PublicKeyOutOfRange));
    assert_eq!(parse_a(&format!("00{n}")), Err(SrpError::PublicKeyOutOfRange));
    assert_eq!(parse_a(&twice), Err(SrpError::PublicKeyOutOfRange));
    assert_eq!(parse_a(&format!("{n}00")), Err(SrpError::PublicKeyOutOfRange));
    assert_eq!(parse_a(&"f".repeat(768)), Err(SrpError::PublicKeyOutOfRange));
    assert!(parse_a(&below).is_ok(), "the largest even integer below N is in the group");
    assert_eq!(PublicA::from_bytes(bn::modulus()), Err(SrpError::PublicKeyOutOfRange));
    assert_eq!(PublicA::from_bytes(&[]), Err(SrpError::PublicKeyOutOfRange));
}

/// SECURITY row 26: empty, signed, non-hexadecimal and oversized A.
#[test]
fn malformed_public_values_are_refused() {
    for digits in ["", "-1", "0x12", "12 ", "xyz", "١٢", "1\0", &"0".repeat(1025), &"1".repeat(100_000)] {
        assert_eq!(parse_a(digits), Err(SrpError::MalformedPublicKey));
    }
}

/// SECURITY row 26: odd counts of digits, leading zeros and a sign byte are integers like any other.
#[test]
fn spellings_of_one_integer_are_one_public_value() {
    let a = parse_a("abc").unwrap();
    for digits in ["0abc", "00abc", "ABC", &format!("{:0>768}", "abc"), &format!("{:0>1024}", "abc")] {
        assert_eq!(parse_a(digits).unwrap(), a);
    }
}

/// SECURITY row 26: u = 0 would take the verifier out of the shared secret.
#[test]
fn a_zero_scrambler_is_refused() {
    assert_eq!(not_zero([0; 32]), Err(SrpError::ZeroScrambler));
    assert!(not_zero(from_hex(&format!("80{}", "0".repeat(62)))).is_ok());
}

#[test]
fn salts_never_begin_with_zero() {
    assert_eq!(salt_from([0; 16])[0], 1);
    assert_eq!(salt_from([7; 16]), [7; 16]);
}

/// SECURITY row 21: an unknown user has one salt and one id, unlike anyone else's.
#[test]
fn unknown_users_are_stable_and_unlike_one_another() {
    let secret = [9; 32];
    let ghost = fake_verifier(&secret, "AbCdEfGhI", "ghost");
    assert_eq!(ghost.to_bytes(), fake_verifier(&secret, "AbCdEfGhI", "ghost").to_bytes());
    assert_ne!(ghost.salt[0], 0);
    assert!(Verifier::from_bytes(&ghost.to_bytes()).is_ok());
    let id = fake_user_id(&secret, "AbCdEfGhI", "ghost");
    assert_eq!(id, fake_user_id(&secret, "AbCdEfGhI", "ghost"));
    assert_eq!(id.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
    let others = [(&secret, "AbCdEfGhI", "ghosu"), (&secret, "AbCdEfGhJ", "ghost"), (&[8; 32], "AbCdEfGhI", "ghost")];
    for (secret, pool, username) in others {
        assert_ne!(fake_verifier(secret, pool, username).salt, ghost.salt);
        assert_ne!(fake_user_id(secret, pool, username), id);
    }
    assert!(!ghost.matches("AbCdEfGhI", "ghost", ""));
    let exchange = Exchange::new(ghost, [0x11; 32], [0x22; 32]);
    let signature = exchange.claim("AbCdEfGhI", "ghost", "Passw0rd!", b"block");
    let claim = Claim { user_id: "ghost", secret_block: b"block", signature: &signature, ..ALICES };
    assert_eq!(exchange.verify(&claim), Err(SrpError::SignatureMismatch));
}

#[test]
fn verifiers_outside_the_group_are_refused() {
    let salt = [1; 16];
    for v in [vec![], vec![0; 384], vec![1], vec![0, 1], bn::modulus().to_vec(), vec![0xff; 385]] {
        assert_eq!(Verifier::from_parts(&salt, &v).unwrap_err(), SrpError::MalformedVerifier);
    }
    assert_eq!(Verifier::from_parts(&[1; 17], &[2]).unwrap_err(), SrpError::MalformedVerifier);
    assert!(Verifier::from_parts(&[0, 0x8f, 1], &[0, 0x82]).is_ok());
    let stored = Verifier::new("p", "u", "pw", salt).to_bytes();
    for bytes in [&stored[..399], &stored[..16], &[], &[stored.as_slice(), &[0]].concat()] {
        assert!(Verifier::from_bytes(bytes).is_err());
        assert!(ServerStep::from_bytes(bytes).is_err());
    }
}

/// SECURITY row 45: secrets do not reach logs through Debug.
#[test]
fn secrets_are_not_printed() {
    let exchange = Exchange::alice();
    let printed = format!("{:?} {:?} {:?}", exchange.verifier, exchange.server, exchange.client);
    assert_eq!(printed, "Verifier(redacted) ServerStep(redacted) Client(redacted)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn client_and_server_agree(
        salt in any::<[u8; 16]>(), a in any::<[u8; 32]>(), b in any::<[u8; 32]>(),
        user in "\\PC{1,20}", password in "\\PC{0,40}", block in any::<Vec<u8>>(),
    ) {
        let verifier = Verifier::new("AbCdEfGhI", &user, &password, salt_from(salt));
        let verifier = Verifier::from_bytes(&verifier.to_bytes()).unwrap();
        prop_assert!(verifier.matches("AbCdEfGhI", &user, &password));
        let wrong = format!("{password}x");
        prop_assert!(!verifier.matches("AbCdEfGhI", &user, &wrong));

        let mut exchange = Exchange::new(verifier, a, b);
        exchange.server = ServerStep::from_bytes(&exchange.server.to_bytes()).unwrap();
        for (sent, expected) in [(&password, Ok(())), (&wrong, Err(SrpError::SignatureMismatch))] {
            let signature = exchange.claim("AbCdEfGhI", &user, sent, &block);
            let claim = Claim { user_id: &user, secret_block: &block, signature: &signature, ..ALICES };
            prop_assert_eq!(exchange.verify(&claim), expected);
        }
    }

    #[test]
    fn padding_is_javas(bytes in proptest::collection::vec(any::<u8>(), 0..40), zeros in 0usize..4) {
        let padded = pad(&bytes);
        prop_assert!(padded[0] & 0x80 == 0, "never negative");
        let minimal = padded.len() == 1 || padded[0] != 0 || padded[1] & 0x80 != 0;
        prop_assert!(minimal);
        prop_assert_eq!(hex::encode_integer(&padded), hex::encode_integer(&bytes));
        prop_assert_eq!(pad(&[vec![0; zeros], bytes].concat()), padded);
    }

    #[test]
    fn no_text_is_too_odd_for_a(text in any::<String>()) {
        prop_assert_eq!(parse_a(&text).is_ok(), u128::from_str_radix(&text, 16).is_ok_and(|a| a > 0 && !text.starts_with('+')));
    }
}
