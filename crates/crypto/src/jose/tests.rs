//! Tokens made by the right key verify; tokens made by anyone clever do not.

use std::sync::LazyLock;

use aws_lc_rs::hmac;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::generate().unwrap());
const CLAIMS: &str = r#"{"sub":"s","token_use":"access","exp":1772510706}"#;

fn verify(token: &str) -> Result<Value, JoseError> {
    parse(token).and_then(|token| KEY.verifying_key().verify(token))?.claims()
}

/// A token of any header and claims, rightly signed: only what it says can be held against it.
fn signed(header: &str, claims: &str) -> String {
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(rs256(&KEY.pair, input.as_bytes()));
    format!("{input}.{signature}")
}

fn header_with(members: &str) -> String {
    format!(r#"{{"kid":"{}","alg":"RS256"{members}}}"#, KEY.kid())
}

#[test]
fn a_token_comes_back() {
    let token = KEY.sign(CLAIMS.as_bytes());
    assert_eq!(parse(&token).unwrap().kid(), KEY.kid());
    assert_eq!(verify(&token).unwrap(), json!({"sub": "s", "token_use": "access", "exp": 1_772_510_706}));
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    assert_eq!(String::from_utf8(header).unwrap(), header_with(""));
    assert_eq!(verify(&signed(&header_with(r#","typ":"JWT""#), CLAIMS)).unwrap()["sub"], "s");
}

#[test]
fn keys_survive_storage() {
    let again = SigningKey::from_pkcs8(&KEY.to_pkcs8().unwrap()).unwrap();
    assert_eq!(again.kid(), KEY.kid());
    assert_eq!(again.sign(b"{}"), KEY.sign(b"{}"), "PKCS #1 signatures are deterministic");
    let public = VerifyingKey::from_der(KEY.verifying_key().to_der()).unwrap();
    assert!(public.verify(parse(&KEY.sign(b"{}")).unwrap()).is_ok());
    assert_eq!(SigningKey::from_pkcs8(b"no key").unwrap_err(), JoseError::UnusableKey);
    assert_eq!(VerifyingKey::from_der(b"no key").unwrap_err(), JoseError::UnusableKey);
}

#[test]
fn the_jwk_reads_like_the_services() {
    let jwk = serde_json::to_string(&KEY.verifying_key().jwk()).unwrap();
    let n = URL_SAFE_NO_PAD.encode(&KEY.verifying_key().modulus);
    let kid = KEY.kid();
    assert_eq!(jwk, format!(r#"{{"alg":"RS256","e":"AQAB","kid":"{kid}","kty":"RSA","n":"{n}","use":"sig"}}"#));
    assert_eq!(kid.len(), 44);
    assert_eq!(KEY.verifying_key().modulus.len(), 256);
    // The integers are the key: a verifier built from them accepts its tokens.
    let (n, e) = (&KEY.verifying_key().modulus, &KEY.verifying_key().exponent);
    let token = KEY.sign(CLAIMS.as_bytes());
    let (input, signature) = token.rsplit_once('.').unwrap();
    aws_lc_rs::rsa::PublicKeyComponents { n, e }
        .verify(&RSA_PKCS1_2048_8192_SHA256, input.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .unwrap();
}

/// SECURITY row 1: `none`, an HMAC keyed with the public key, other RSA paddings and spellings of RS256.
#[test]
fn only_the_keys_algorithm_is_accepted() {
    for alg in
        [r#""none""#, r#""HS256""#, r#""RS512""#, r#""PS256""#, r#""ES256""#, r#""rs256""#, "null", "1", r#"["RS256"]"#]
    {
        let header = format!(r#"{{"kid":"{}","alg":{alg}}}"#, KEY.kid());
        assert_eq!(verify(&signed(&header, CLAIMS)).unwrap_err(), JoseError::UnexpectedAlgorithm, "{alg}");
    }
    let header = format!(r#"{{"kid":"{}"}}"#, KEY.kid());
    assert_eq!(verify(&signed(&header, CLAIMS)).unwrap_err(), JoseError::UnexpectedAlgorithm);

    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let unsigned = format!("{}.{}.", encode(&header_with("").replace("RS256", "none")), encode(CLAIMS));
    assert_eq!(verify(&unsigned).unwrap_err(), JoseError::UnexpectedAlgorithm);
    for header in [header_with("").replace("RS256", "HS256"), header_with("")] {
        let input = format!("{}.{}", encode(&header), encode(CLAIMS));
        let confused = hmac::Key::new(hmac::HMAC_SHA256, KEY.verifying_key().to_der());
        let tag = hmac::sign(&confused, input.as_bytes());
        assert!(verify(&format!("{input}.{}", URL_SAFE_NO_PAD.encode(tag))).is_err());
    }
    let stripped = format!("{}.{}.", encode(&header_with("")), encode(CLAIMS));
    assert_eq!(verify(&stripped).unwrap_err(), JoseError::InvalidSignature);
}

/// SECURITY row 2: keys that the token brings or points at; a `kid` is a text to compare, whatever is in it.
#[test]
fn the_token_does_not_choose_its_key() {
    for member in ["jku", "jwk", "x5u", "x5c"] {
        for value in [r#""https://attacker.example/keys""#, "{}", "null"] {
            let token = signed(&header_with(&format!(r#","{member}":{value}"#)), CLAIMS);
            assert_eq!(verify(&token).unwrap_err(), JoseError::RefusedMember(member));
        }
    }
    for kid in ["../../etc/passwd", "' OR '1'='1", "", "0"] {
        let token = signed(&format!(r#"{{"kid":"{kid}","alg":"RS256"}}"#), CLAIMS);
        assert_eq!(parse(&token).unwrap().kid(), kid);
        assert_eq!(verify(&token).unwrap_err(), JoseError::OtherKey);
    }
    for header in [r#"{"alg":"RS256"}"#, r#"{"alg":"RS256","kid":1}"#, r#"{"alg":"RS256","kid":null}"#] {
        assert_eq!(verify(&signed(header, CLAIMS)).unwrap_err(), JoseError::MissingKeyId);
    }
    let other = SigningKey::generate().unwrap();
    assert_eq!(verify(&other.sign(CLAIMS.as_bytes())).unwrap_err(), JoseError::OtherKey);
    let (_, rest) = other.sign(CLAIMS.as_bytes()).split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let renamed = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header_with("")));
    assert_eq!(verify(&renamed).unwrap_err(), JoseError::InvalidSignature);
}

/// SECURITY row 4: extensions that change what is signed, and nested or encrypted tokens.
#[test]
fn extensions_and_nesting_are_refused() {
    let extensions =
        [("crit", r#"["exp"]"#), ("b64", "false"), ("zip", r#""DEF""#), ("enc", r#""A256GCM""#), ("cty", r#""JWT""#)];
    for (member, value) in extensions {
        let token = signed(&header_with(&format!(r#","{member}":{value}"#)), CLAIMS);
        assert_eq!(verify(&token).unwrap_err(), JoseError::RefusedMember(member));
    }
    let nested = signed(&header_with(""), &KEY.sign(CLAIMS.as_bytes()));
    assert_eq!(verify(&nested).unwrap_err(), JoseError::Malformed);
}

/// SECURITY row 4: a member that stands twice, also behind an escape and also deep inside.
#[test]
fn duplicate_members_are_refused() {
    for claims in [r#"{"sub":"a","sub":"b"}"#, r#"{"sub":"a","\u0073ub":"b"}"#, r#"{"a":[{"b":{"c":1,"c":1}}]}"#] {
        assert_eq!(verify(&signed(&header_with(""), claims)).unwrap_err(), JoseError::DuplicateMember, "{claims}");
    }
    let header = header_with(r#","alg":"RS256""#);
    assert_eq!(verify(&signed(&header, CLAIMS)).unwrap_err(), JoseError::DuplicateMember);
    assert!(verify(&signed(&header_with(""), r#"{"a":{"x":1},"b":{"x":1},"c":["x","x"]}"#)).is_ok());
}

/// SECURITY rows 4 and 48: what is not three canonical parts of JSON objects, and what is too long or too deep.
#[test]
fn other_shapes_are_refused() {
    let token = KEY.sign(CLAIMS.as_bytes());
    let [header, claims, signature]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    for text in [
        String::new(),
        "..".to_owned(),
        format!("{header}.{claims}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{header}.{claims}.{signature}.."),
        format!("{token}="),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{header}.{claims}.{}", signature.replace(['-', '_'], "+")) + "+",
    ] {
        assert_eq!(verify(&text).unwrap_err(), JoseError::Malformed, "{text}");
    }
    for claims in ["[]", "1", "null", r#""text""#, "", "{", r#"{"a":1}x"#, "\u{feff}{}"] {
        assert_eq!(verify(&signed(&header_with(""), claims)).unwrap_err(), JoseError::Malformed, "{claims}");
    }
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(1000), "]".repeat(1000));
    assert_eq!(verify(&signed(&header_with(""), &deep)).unwrap_err(), JoseError::Malformed);
    let long = format!(r#"{{"a":"{}"}}"#, "a".repeat(MAX_TOKEN));
    assert_eq!(verify(&KEY.sign(long.as_bytes())).unwrap_err(), JoseError::TooLong);
}

/// SECURITY row 4: bits after the last whole byte of a part would let one token have many spellings.
#[test]
fn trailing_bits_are_refused() {
    // 256 bytes leave two unused bits in the last of 342 characters.
    let token = KEY.sign(CLAIMS.as_bytes());
    let (rest, last) = token.split_at(token.len() - 1);
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let value = alphabet.iter().position(|c| *c == last.as_bytes()[0]).unwrap();
    let respelled = format!("{rest}{}", char::from(alphabet[value | 1]));
    assert_eq!(verify(&respelled).unwrap_err(), JoseError::Malformed);
}

/// SECURITY row 45: neither private keys nor tokens reach logs through Debug.
#[test]
fn secrets_are_not_printed() {
    let token = KEY.sign(CLAIMS.as_bytes());
    assert_eq!(format!("{:?}", *KEY), format!("SigningKey({})", KEY.kid()));
    assert_eq!(format!("{:?}", parse(&token).unwrap()), "Unverified(redacted)");
    let verified = KEY.verifying_key().verify(parse(&token).unwrap()).unwrap();
    assert_eq!(format!("{verified:?}"), "Verified(redacted)");
    assert_eq!(verified.claims_json(), CLAIMS.as_bytes());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// SECURITY row 4: no character of a token can be changed, and none of its end taken off.
    #[test]
    fn altered_tokens_fail(at in any::<prop::sample::Index>(), by in "[A-Za-z0-9_.-]") {
        let token = KEY.sign(CLAIMS.as_bytes());
        let at = at.index(token.len());
        prop_assert!(verify(&token[..at]).is_err());
        prop_assume!(token[at..=at] != by);
        let altered = format!("{}{by}{}", &token[..at], &token[at + 1..]);
        prop_assert!(verify(&altered).is_err());
    }

    #[test]
    fn no_text_is_too_odd(text in any::<String>(), parts in "[A-Za-z0-9_-]{0,20}(\\.[A-Za-z0-9_-]{0,20}){0,4}") {
        prop_assert!(parse(&text).is_err());
        prop_assert!(parse(&parts).is_err());
    }
}
