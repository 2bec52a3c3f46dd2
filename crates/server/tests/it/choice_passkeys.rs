//! Passkeys as a choice of USER_AUTH: offered, preferred, chosen, and given up for something else.

use cognate_server::directory::{self, pool_changes};
use cognate_shapes::enums::{UserPoolMfa, UserVerification, WebAuthnFactorConfiguration};
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::chooser::{Answer, Chooser};
use crate::passkeys::{self, RELYING_PARTY};
use crate::people::{PASSWORD, error, incorrect};

/// A pool with passkeys, and ada, who has one.
async fn ada(server: &TestServer, client: Value) -> (Chooser, Authenticator) {
    let (pool, by_password) = passkeys::pool(server, UserVerification::Preferred).await;
    let mut settings = client;
    settings["ExplicitAuthFlows"] = json!(["ALLOW_USER_AUTH"]);
    let chooser = Chooser { sdk: server.sdk(), client: server.client(&pool, settings).await, pool };
    let (id, token) = passkeys::user(server, &chooser.pool, &by_password, "ada").await;
    let mut authenticator = Authenticator::es256(RELYING_PARTY);
    passkeys::register(server, &token, &mut authenticator).await;
    authenticator.user_handle = Some(id);
    (chooser, authenticator)
}

/// The `CREDENTIAL` that answers a challenge.
fn credential(authenticator: &mut Authenticator, asked: &Answer) -> String {
    let options: Value = serde_json::from_str(&asked.parameters["CREDENTIAL_REQUEST_OPTIONS"]).unwrap();
    authenticator.sign(&options).to_string()
}

#[tokio::test]
async fn a_passkey_is_a_choice_of_who_has_one() {
    let server = TestServer::start().await;
    let (chooser, mut authenticator) = ada(&server, json!({})).await;
    crate::people::confirmed(&server, &chooser.pool, "bob").await;
    assert_eq!(chooser.choices("bob").await.available, ["PASSWORD_SRP", "PASSWORD"]);
    let asked = chooser.choices("ada").await;
    assert_eq!(asked.available, ["PASSWORD_SRP", "PASSWORD", "WEB_AUTHN"]);

    let preferred = [("USERNAME", "ada"), ("PREFERRED_CHALLENGE", "WEB_AUTHN")];
    let direct = chooser.begin(&preferred).await.unwrap();
    assert_eq!((direct.asks(), direct.available.len()), ("WEB_AUTHN", 3));
    let choose = [("USERNAME", "ada"), ("ANSWER", "WEB_AUTHN")];
    let chosen = chooser.answer("SELECT_CHALLENGE", &asked.session, &choose).await.unwrap();
    for asked in [direct, chosen] {
        let signed = credential(&mut authenticator, &asked);
        let given = [("USERNAME", "ada"), ("CREDENTIAL", &*signed)];
        let claims = chooser.answer("WEB_AUTHN", &asked.session, &given).await.unwrap().claims();
        assert_eq!((&claims["amr"], &claims["acr"]), (&json!(["swk"]), &json!("urn:cognito:loa:3")));
        let again = chooser.answer("WEB_AUTHN", &asked.session, &given).await.unwrap_err();
        assert_eq!(again, error("NotAuthorized", "Invalid session for the user, session can only be used once."));
    }
    // The choice was used up with the passkey.
    let late = chooser.answer("PASSWORD", &asked.session, &[("USERNAME", "ada"), ("PASSWORD", PASSWORD)]).await;
    assert_eq!(late.unwrap_err().0, "NotAuthorizedException");
    // The choice itself may bring the passkey, once it was asked for.
    let asked = chooser.begin(&preferred).await.unwrap();
    let signed = credential(&mut authenticator, &asked);
    let given = [("USERNAME", "ada"), ("ANSWER", "WEB_AUTHN"), ("CREDENTIAL", &*signed)];
    assert!(chooser.answer("SELECT_CHALLENGE", &asked.session, &given).await.unwrap().tokens.is_some());
}

#[tokio::test]
async fn a_passkey_may_be_given_up_for_the_password() {
    let server = TestServer::start().await;
    let (chooser, _) = ada(&server, json!({})).await;
    let asked = chooser.begin(&[("USERNAME", "ada"), ("PREFERRED_CHALLENGE", "WEB_AUTHN")]).await.unwrap();
    // Not without choosing.
    let password = [("USERNAME", "ada"), ("PASSWORD", PASSWORD)];
    let refused = chooser.answer("PASSWORD", &asked.session, &password).await.unwrap_err();
    assert_eq!(refused, error("NotAuthorized", "Invalid session for the user."));
    let choose = [("USERNAME", "ada"), ("ANSWER", "PASSWORD")];
    let next = chooser.answer("SELECT_CHALLENGE", &asked.session, &choose).await.unwrap();
    assert_eq!(next.asks(), "PASSWORD");
    assert_eq!(chooser.answer("PASSWORD", &next.session, &password).await.unwrap().claims()["amr"], json!(["pwd"]));
}

/// SECURITY 24: where the pool wants two factors, a passkey is offered only where it counts as both.
#[tokio::test]
async fn a_passkey_is_no_way_around_mfa() {
    let server = TestServer::start().await;
    let (chooser, mut authenticator) = ada(&server, json!({})).await;
    let asked = chooser.begin(&[("USERNAME", "ada"), ("PREFERRED_CHALLENGE", "WEB_AUTHN")]).await.unwrap();
    let chosen = chooser.choices("ada").await;
    let demand = async |counted| {
        let mut pool = (*directory::pool(&server.cx, &chooser.pool).await.unwrap()).clone();
        pool.settings.mfa_configuration = Some(UserPoolMfa::On);
        pool.further.web_authn_configuration.as_mut().unwrap().factor_configuration = counted;
        pool_changes::replace(&server.cx, &pool).await.unwrap();
    };
    demand(None).await;
    assert_eq!(chooser.choices("ada").await.available, ["PASSWORD_SRP", "PASSWORD"]);
    let choose = [("USERNAME", "ada"), ("ANSWER", "WEB_AUTHN")];
    let refused = chooser.answer("SELECT_CHALLENGE", &chosen.session, &choose).await.unwrap_err();
    assert_eq!(refused.0, "InvalidParameterException");
    // Nor does one that was asked for before.
    let signed = credential(&mut authenticator, &asked);
    let given = [("USERNAME", "ada"), ("CREDENTIAL", &*signed)];
    let answer = chooser.answer("WEB_AUTHN", &asked.session, &given).await;
    assert!(answer.is_err() || answer.unwrap().tokens.is_none());
    demand(Some(WebAuthnFactorConfiguration::MultiFactorWithUserVerification)).await;
    assert_eq!(chooser.choices("ada").await.available, ["PASSWORD_SRP", "PASSWORD", "WEB_AUTHN"]);
}

/// SECURITY 21: some names that nobody has seem to have a passkey, always the same one.
#[tokio::test]
async fn a_passkey_tells_nobody_who_exists() {
    let server = TestServer::start().await;
    let (chooser, mut authenticator) = ada(&server, json!({ "PreventUserExistenceErrors": "ENABLED" })).await;
    let mut seeming = Vec::new();
    for n in 0..60 {
        let name = format!("nobody{n}");
        if chooser.choices(&name).await.available.contains(&"WEB_AUTHN".to_owned()) {
            seeming.push(name);
        }
    }
    assert!((1..40).contains(&seeming.len()), "{}", seeming.len());
    let name = &seeming[0];
    let prefer = [("USERNAME", name.as_str()), ("PREFERRED_CHALLENGE", "WEB_AUTHN")];
    let mut asked = Vec::new();
    for _ in 0..2 {
        let answer = chooser.begin(&prefer).await.unwrap();
        let options: Value = serde_json::from_str(&answer.parameters["CREDENTIAL_REQUEST_OPTIONS"]).unwrap();
        assert_eq!(options["allowCredentials"][0]["id"].as_str().unwrap().len(), 43);
        asked.push((answer, options));
    }
    assert_eq!(asked[0].1["allowCredentials"], asked[1].1["allowCredentials"]);
    assert_ne!(asked[0].1["challenge"], asked[1].1["challenge"]);
    let signed = credential(&mut authenticator, &asked[0].0);
    let given = [("USERNAME", name.as_str()), ("CREDENTIAL", &*signed)];
    assert_eq!(chooser.answer("WEB_AUTHN", &asked[0].0.session, &given).await.unwrap_err(), incorrect());
}
