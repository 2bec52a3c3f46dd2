//! Passkeys registered, listed and deleted, and every registration that must be refused.

use cognate_server::directory::{self, pool_changes};
use cognate_shapes::enums::UserVerification;
use cognate_shapes::mfa::WebAuthnConfiguration;
use cognate_shapes::scalars::RelyingPartyId;
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::people::{confirmed, error, text, tokens};

pub const RELYING_PARTY: &str = "example.com";

/// A pool whose users may have passkeys, and a client of it.
pub async fn pool(server: &TestServer, verification: UserVerification) -> (String, String) {
    let factors = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"] } });
    let pool = server.pool(json!({ "Policies": factors })).await;
    configure(server, &pool, Some(RELYING_PARTY), verification).await;
    let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
    let client = server.client(&pool, json!({ "ExplicitAuthFlows": flows })).await;
    (pool, client)
}

/// Sets the pool's relying party.
pub async fn configure(server: &TestServer, pool: &str, id: Option<&str>, verification: UserVerification) {
    let mut changed = (*directory::pool(&server.cx, pool).await.unwrap()).clone();
    changed.further.web_authn_configuration = Some(WebAuthnConfiguration {
        relying_party_id: id.map(RelyingPartyId::trusted),
        user_verification: Some(verification),
        factor_configuration: None,
    });
    pool_changes::replace(&server.cx, &changed).await.unwrap();
}

/// A user of the pool: the `sub` and an access token.
pub async fn user(server: &TestServer, pool: &str, client: &str, name: &str) -> (String, String) {
    let user = confirmed(server, pool, name).await;
    (user.id, token(server, client, name).await)
}

pub async fn token(server: &TestServer, client: &str, name: &str) -> String {
    text(&tokens(server, client, name).await, "AccessToken").to_owned()
}

pub async fn start(server: &TestServer, token: &str) -> Value {
    server.ok("StartWebAuthnRegistration", json!({ "AccessToken": token })).await["CredentialCreationOptions"].take()
}

#[expect(clippy::needless_pass_by_value, reason = "callers make the value for this alone")]
fn completion(token: &str, credential: Value) -> Value {
    json!({ "AccessToken": token, "Credential": credential })
}

pub async fn register(server: &TestServer, token: &str, authenticator: &mut Authenticator) {
    let options = start(server, token).await;
    let credential = authenticator.register(&options);
    let answer = server.ok("CompleteWebAuthnRegistration", completion(token, credential)).await;
    assert_eq!(answer, json!({}));
}

async fn refused(server: &TestServer, token: &str, authenticator: &mut Authenticator) -> (String, String) {
    let options = start(server, token).await;
    server.refused("CompleteWebAuthnRegistration", completion(token, authenticator.register(&options))).await
}

async fn listed(server: &TestServer, token: &str) -> Vec<String> {
    let list = server.ok("ListWebAuthnCredentials", json!({ "AccessToken": token })).await;
    let ids = list["Credentials"].as_array().unwrap().iter();
    ids.map(|passkey| text(passkey, "CredentialId").to_owned()).collect()
}

fn unsupported() -> (String, String) {
    error("WebAuthnCredentialNotSupported", "The passkey is of a kind that is not supported.")
}

fn no_challenge() -> (String, String) {
    error("WebAuthnChallengeNotFound", "The registration challenge was not found or has expired.")
}

#[tokio::test]
async fn options_have_exactly_the_members_that_clients_read() {
    let server = TestServer::start().await;
    let (pool, client) = pool(&server, UserVerification::Preferred).await;
    let (sub, token) = user(&server, &pool, &client, "ada").await;
    let mut options = start(&server, &token).await;
    let challenge = options["challenge"].take();
    assert_eq!(challenge.as_str().unwrap().len(), 43, "256 bits in base64url");
    let expected = json!({
        "rp": { "id": "example.com", "name": "example.com" },
        "user": { "id": crate::authenticator::base64url(sub.as_bytes()), "name": "ada", "displayName": "ada" },
        "challenge": null,
        "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }, { "type": "public-key", "alg": -257 }],
        "timeout": 60000,
        "excludeCredentials": [],
        "authenticatorSelection":
            { "requireResidentKey": true, "residentKey": "required", "userVerification": "preferred" },
    });
    assert_eq!(options, expected);
    let mut authenticator = Authenticator::es256(RELYING_PARTY);
    register(&server, &token, &mut authenticator).await;
    configure(&server, &pool, Some(RELYING_PARTY), UserVerification::Required).await;
    let options = start(&server, &token).await;
    assert_eq!(options["excludeCredentials"], json!([{ "type": "public-key", "id": authenticator.wire_id() }]));
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_ne!(options["challenge"], challenge);
}

#[tokio::test]
async fn passkeys_of_both_algorithms_are_registered_listed_and_deleted() {
    let server = TestServer::start().await;
    let (pool, client) = pool(&server, UserVerification::Preferred).await;
    let (_, token) = user(&server, &pool, &client, "ada").await;
    let mut first = Authenticator::es256(RELYING_PARTY);
    let mut second = Authenticator::rs256(RELYING_PARTY);
    second.origin = "https://login.example.com:8443".to_owned();
    second.attachment = None;
    register(&server, &token, &mut first).await;
    server.advance_s(60);
    register(&server, &token, &mut second).await;
    assert_eq!(listed(&server, &token).await, [first.wire_id(), second.wire_id()]);

    let page = server.ok("ListWebAuthnCredentials", json!({ "AccessToken": token, "MaxResults": 1 })).await;
    assert_eq!(
        page["Credentials"],
        json!([{
            "CredentialId": first.wire_id(), "FriendlyCredentialName": "Passkey", "RelyingPartyId": "example.com",
            "AuthenticatorAttachment": "platform", "AuthenticatorTransports": ["hybrid", "internal"],
            "CreatedAt": cognate_testkit::EPOCH_MS / 1000,
        }])
    );
    let next = text(&page, "NextToken");
    let rest = server.ok("ListWebAuthnCredentials", json!({ "AccessToken": token, "NextToken": next })).await;
    assert_eq!(text(&rest["Credentials"][0], "CredentialId"), second.wire_id());
    assert_eq!((rest["Credentials"][0].get("AuthenticatorAttachment"), rest.get("NextToken")), (None, None));

    let named = json!({ "AccessToken": token, "CredentialId": first.wire_id() });
    assert_eq!(server.ok("DeleteWebAuthnCredential", named.clone()).await, json!({}));
    let gone = error("ResourceNotFound", "Passkey does not exist.");
    assert_eq!(server.refused("DeleteWebAuthnCredential", named).await, gone);
    let nonsense = json!({ "AccessToken": token, "CredentialId": "no base64!" });
    assert_eq!(server.refused("DeleteWebAuthnCredential", nonsense).await, gone);
    assert_eq!(listed(&server, &token).await, [second.wire_id()]);
}

/// One user can neither see, delete nor take over what is another's.
#[tokio::test]
async fn passkeys_are_their_users_alone() {
    let server = TestServer::start().await;
    let (pool, client) = pool(&server, UserVerification::Preferred).await;
    let (_, ada) = user(&server, &pool, &client, "ada").await;
    let (_, eve) = user(&server, &pool, &client, "eve").await;
    let mut passkey = Authenticator::es256(RELYING_PARTY);
    register(&server, &ada, &mut passkey).await;
    let named = json!({ "AccessToken": eve, "CredentialId": passkey.wire_id() });
    let gone = error("ResourceNotFound", "Passkey does not exist.");
    assert_eq!(server.refused("DeleteWebAuthnCredential", named).await, gone);
    // SECURITY 27: another user's credential id.
    let taken = error("InvalidParameter", "The passkey is registered already.");
    assert_eq!(refused(&server, &eve, &mut passkey).await, taken);
    let mut forged = Authenticator::es256(RELYING_PARTY);
    forged.id.clone_from(&passkey.id);
    assert_eq!(refused(&server, &eve, &mut forged).await, taken);
    assert!(listed(&server, &eve).await.is_empty());
    assert_eq!(listed(&server, &ada).await, [passkey.wire_id()]);
}

/// SECURITY 60: passkeys that are off are neither begun nor taken.
#[tokio::test]
async fn a_pool_without_passkeys_registers_none() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    let (_, token) = user(&server, &pool, &client, "ada").await;
    let begin = json!({ "AccessToken": token });
    let not_enabled = error("WebAuthnNotEnabled", "WebAuthn is not enabled for this user pool.");
    assert_eq!(server.refused("StartWebAuthnRegistration", begin.clone()).await, not_enabled);
    let complete = completion(&token, json!({}));
    assert_eq!(server.refused("CompleteWebAuthnRegistration", complete).await, not_enabled);

    let factors = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"] } });
    server.ok("UpdateUserPool", json!({ "UserPoolId": pool, "Policies": factors })).await;
    let (code, _) = server.refused("StartWebAuthnRegistration", begin).await;
    assert_eq!(code, "WebAuthnConfigurationMissingException");
}

/// SECURITY 27: a challenge is good once, for five minutes, for its own client, until the next one.
#[tokio::test]
async fn a_challenge_is_good_once() {
    let server = TestServer::start().await;
    let (pool, client) = pool(&server, UserVerification::Preferred).await;
    let (_, token) = user(&server, &pool, &client, "ada").await;
    let mut passkey = Authenticator::es256(RELYING_PARTY);
    let none = server.refused("CompleteWebAuthnRegistration", completion(&token, json!({}))).await;
    assert_eq!(none, no_challenge(), "none was asked for");

    let stale = start(&server, &token).await;
    let options = start(&server, &token).await;
    let answer = completion(&token, passkey.register(&stale));
    assert_eq!(server.refused("CompleteWebAuthnRegistration", answer).await, no_challenge(), "the newest counts");

    let other = server.client(&pool, json!({})).await;
    let others = self::token(&server, &other, "ada").await;
    let answer = completion(&others, passkey.register(&options));
    let mismatch = error("WebAuthnClientMismatch", "The registration was started by another app client.");
    assert_eq!(server.refused("CompleteWebAuthnRegistration", answer).await, mismatch);

    let answer = completion(&token, passkey.register(&options));
    server.ok("CompleteWebAuthnRegistration", answer.clone()).await;
    assert_eq!(server.refused("CompleteWebAuthnRegistration", answer).await, no_challenge(), "it is used up");
    let mut second = Authenticator::es256(RELYING_PARTY);
    let again = completion(&token, second.register(&options));
    assert_eq!(server.refused("CompleteWebAuthnRegistration", again).await, no_challenge());

    let options = start(&server, &token).await;
    server.advance_s(5 * 60);
    let late = completion(&token, second.register(&options));
    assert_eq!(server.refused("CompleteWebAuthnRegistration", late).await, no_challenge(), "five minutes are over");
}

/// SECURITY 27: of two answers to one challenge at once, one is registered.
#[tokio::test]
async fn a_challenge_registers_one_passkey_even_of_two_at_once() {
    let server = TestServer::start().await;
    let (pool, client) = pool(&server, UserVerification::Preferred).await;
    let (_, token) = user(&server, &pool, &client, "ada").await;
    let options = start(&server, &token).await;
    let answer = |mut passkey: Authenticator| completion(&token, passkey.register(&options));
    let (first, second) = (Authenticator::es256(RELYING_PARTY), Authenticator::es256(RELYING_PARTY));
    let (first, second) = tokio::join!(
        server.call("CompleteWebAuthnRegistration", answer(first)),
        server.call("CompleteWebAuthnRegistration", answer(second)),
    );
    let refused: Vec<_> = [first, second].iter().filter_map(cognate_testkit::Answer::error).collect();
    assert_eq!(refused, [no_challenge()]);
    assert_eq!(listed(&server, &token).await.len(), 1);
}

/// What an authenticator is made to do, and what that is called.
type Case<'a> = (&'a str, &'a dyn Fn(&mut Authenticator), &'a (String, String));

/// SECURITY 27: another page, another relying party, no user, no supported key.
#[tokio::test]
async fn a_passkey_must_be_made_for_this_relying_party_and_user() {
    let server = TestServer::start().await;
    let (pool, client) = pool(&server, UserVerification::Required).await;
    let (_, token) = user(&server, &pool, &client, "ada").await;
    let origin = error("WebAuthnOriginNotAllowed", "The origin of the passkey is not allowed for the relying party.");
    let party = error("WebAuthnRelyingPartyMismatch", "The passkey was made for another relying party.");
    let cases: [Case<'_>; 13] = [
        ("a host that ends alike", &|p| p.origin = "https://badexample.com".to_owned(), &origin),
        ("a host that begins alike", &|p| p.origin = "https://example.com.evil.org".to_owned(), &origin),
        ("no TLS", &|p| p.origin = "http://example.com".to_owned(), &origin),
        ("an app nobody associated", &|p| p.origin = "android:apk-key-hash:AAAA".to_owned(), &origin),
        ("a page in place of its origin", &|p| p.origin = "https://example.com/x".to_owned(), &origin),
        ("no origin", &|p| p.origin = "null".to_owned(), &origin),
        ("a frame in another's page", &|p| p.cross_origin = true, &origin),
        ("another relying party", &|p| p.relying_party = "evil.org".to_owned(), &party),
        ("nobody there", &|p| p.present = false, &unsupported()),
        ("an unverified user", &|p| p.verified = false, &unsupported()),
        ("ES384 over the wrong curve", &|p| p.algorithm = -35, &unsupported()),
        ("EdDSA, which was not asked for", &|p| p.algorithm = -8, &unsupported()),
        ("RS1", &|p| p.algorithm = -65535, &unsupported()),
    ];
    for (what, spoil, expected) in cases {
        let mut passkey = Authenticator::es256(RELYING_PARTY);
        spoil(&mut passkey);
        assert_eq!(&refused(&server, &token, &mut passkey).await, expected, "{what}");
    }
    let mut weak = Authenticator::rs256(RELYING_PARTY);
    weak.algorithm = -259;
    assert_eq!(refused(&server, &token, &mut weak).await, unsupported(), "RS512");
    assert!(listed(&server, &token).await.is_empty());
    register(&server, &token, &mut Authenticator::es256(RELYING_PARTY)).await;
}

/// SECURITY 27: deep, long and broken input is refused as what it is, and takes nothing down.
#[tokio::test]
async fn nonsense_is_refused() {
    let server = TestServer::start().await;
    let (pool, client) = pool(&server, UserVerification::Preferred).await;
    let (_, token) = user(&server, &pool, &client, "ada").await;
    let invalid = error("InvalidParameter", "Credential is not a registration response.");
    let options = start(&server, &token).await;
    let refuse =
        async |credential: Value| server.refused("CompleteWebAuthnRegistration", completion(&token, credential)).await;

    let mut deep = Authenticator::es256(RELYING_PARTY);
    deep.statement = [vec![0x81; 20_000], vec![0x80]].concat();
    assert_eq!(refuse(deep.register(&options)).await, invalid, "CBOR of 20,000 levels");
    let mut endless = Authenticator::es256(RELYING_PARTY);
    endless.statement = vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(refuse(endless.register(&options)).await, invalid, "an array of 2^64 elements");
    let mut long = Authenticator::es256(RELYING_PARTY);
    long.id = vec![7; 1024];
    assert_eq!(refuse(long.register(&options)).await, invalid, "an id of 1,024 bytes");

    let good = Authenticator::es256(RELYING_PARTY).register(&options);
    for (member, value) in [
        ("/id", json!("AAAA")),
        ("/rawId", json!("AAAA")),
        ("/rawId", json!("not base64 at all")),
        ("/rawId", json!(7)),
        ("/type", json!("password")),
        ("/response", json!([])),
        ("/response/clientDataJSON", json!("AAAA")),
        ("/response/attestationObject", json!("")),
        ("/response/attestationObject", json!("oA")),
    ] {
        let mut credential = good.clone();
        *credential.pointer_mut(member).unwrap() = value.clone();
        assert_eq!(refuse(credential).await, invalid, "{member} = {value}");
    }
    let mut large = good.clone();
    large["padding"] = "x".repeat(70_000).into();
    let (code, words) = refuse(large).await;
    let constraint =
        "Value at 'credential' failed to satisfy constraint: Member must have length less than or equal to 65536";
    assert_eq!(
        (code.as_str(), words),
        ("InvalidParameterException", format!("1 validation error detected: {constraint}"))
    );
    // What was refused used nothing up.
    server.ok("CompleteWebAuthnRegistration", completion(&token, good)).await;
}

#[tokio::test]
async fn twenty_passkeys_are_enough() {
    let server = TestServer::start().await;
    let (pool, client) = pool(&server, UserVerification::Preferred).await;
    let (_, token) = user(&server, &pool, &client, "ada").await;
    for _ in 0..19 {
        register(&server, &token, &mut Authenticator::es256(RELYING_PARTY)).await;
    }
    register(&server, &token, &mut Authenticator::es256(RELYING_PARTY)).await;
    let too_many = error("LimitExceeded", "User cannot have more than 20 passkeys.");
    let begin = json!({ "AccessToken": token });
    assert_eq!(server.refused("StartWebAuthnRegistration", begin).await, too_many);
    assert_eq!(listed(&server, &token).await.len(), 20);
}
