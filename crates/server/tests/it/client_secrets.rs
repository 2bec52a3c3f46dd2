//! The secrets of app clients: generated, given, replaced, and kept sealed.

use cognate_testkit::{EPOCH_MS, TestServer};
use serde_json::{Value, json};

use crate::clients::{INVALID, described};

#[tokio::test]
async fn a_secret_is_replaced_by_way_of_a_second_one() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({ "GenerateSecret": true })).await;
    let first = described(&server, &pool, &client).await["ClientSecret"].clone();
    let it = json!({ "UserPoolId": pool, "ClientId": client });
    let with = |member: &str, value: Value| {
        let mut body = it.clone();
        body[member] = value;
        body
    };
    let born = EPOCH_MS / 1000;
    let old = json!({ "ClientSecretId": format!("{client}--{born}"), "ClientSecretCreateDate": born });
    let listed = server.ok("ListUserPoolClientSecrets", it.clone()).await;
    assert_eq!(listed, json!({ "ClientSecrets": [old] }));

    // The only one cannot go.
    let (code, words) =
        server.refused("DeleteUserPoolClientSecret", with("ClientSecretId", old["ClientSecretId"].clone())).await;
    assert_eq!(
        (code.as_str(), words.as_str()),
        (INVALID, "The last client secret of a user pool client cannot be deleted.")
    );

    server.advance_s(100);
    let added = server.ok("AddUserPoolClientSecret", it.clone()).await["ClientSecretDescriptor"].take();
    let value = added["ClientSecretValue"].as_str().unwrap();
    assert_eq!(value.len(), 52);
    assert_ne!(added["ClientSecretValue"], first);
    let new = json!({ "ClientSecretId": format!("{client}--{}", born + 100), "ClientSecretCreateDate": born + 100 });
    assert_eq!(added["ClientSecretId"], new["ClientSecretId"]);
    let listed = server.ok("ListUserPoolClientSecrets", it.clone()).await;
    assert_eq!(listed, json!({ "ClientSecrets": [old, new] }));
    assert_eq!(described(&server, &pool, &client).await["ClientSecret"], first, "the older one is described");

    let third = server.refused("AddUserPoolClientSecret", it.clone()).await;
    let words = "User pool client cannot have more than 2 client secrets.";
    assert_eq!(third, ("LimitExceededException".to_owned(), words.to_owned()));
    let unknown = server.refused("DeleteUserPoolClientSecret", with("ClientSecretId", json!("x"))).await;
    let words = "Client secret x does not exist.";
    assert_eq!(unknown, ("ResourceNotFoundException".to_owned(), words.to_owned()));

    let gone = server.ok("DeleteUserPoolClientSecret", with("ClientSecretId", old["ClientSecretId"].clone())).await;
    assert_eq!(gone, json!({}));
    assert_eq!(described(&server, &pool, &client).await["ClientSecret"], added["ClientSecretValue"]);

    // One's own text is not told again, and two of one second have two names.
    let own = "my+own+secret+of+24+signs";
    let added = server.ok("AddUserPoolClientSecret", with("ClientSecret", json!(own))).await;
    let wanted = json!({ "ClientSecretId": format!("{client}--{}", born + 101), "ClientSecretCreateDate": born + 100 });
    assert_eq!(added["ClientSecretDescriptor"], wanted);
    let body = with("ClientSecretId", new["ClientSecretId"].clone());
    server.ok("DeleteUserPoolClientSecret", body).await;
    assert_eq!(described(&server, &pool, &client).await["ClientSecret"], own);

    let token = server.refused("ListUserPoolClientSecrets", with("NextToken", json!("x"))).await;
    assert_eq!(token.1, "Invalid pagination token given.");
}

#[tokio::test]
async fn a_secret_is_generated_or_given_and_a_public_client_has_none() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let own = "my+own+secret+of+24+signs";
    let both = json!({ "UserPoolId": pool, "ClientName": "c", "GenerateSecret": true, "ClientSecret": own });
    let refused = server.refused("CreateUserPoolClient", both).await;
    assert_eq!(refused.1, "ClientSecret cannot be specified when GenerateSecret is true.");
    let short = json!({ "UserPoolId": pool, "ClientName": "c", "ClientSecret": "too short" });
    let (_, words) = server.refused("CreateUserPoolClient", short).await;
    assert!(words.starts_with("2 validation errors detected: Value at 'clientSecret'"), "{words}");
    assert!(!words.contains("too short"), "a secret is not repeated");

    let client = server.client(&pool, json!({ "ClientSecret": own })).await;
    assert_eq!(described(&server, &pool, &client).await["ClientSecret"], own);

    let public = server.client(&pool, json!({ "GenerateSecret": false })).await;
    assert_eq!(described(&server, &pool, &public).await.get("ClientSecret"), None);
    let it = json!({ "UserPoolId": pool, "ClientId": public });
    let words = format!("User pool client {public} does not have a client secret.");
    assert_eq!(server.refused("AddUserPoolClientSecret", it.clone()).await, (INVALID.to_owned(), words));
    assert_eq!(server.ok("ListUserPoolClientSecrets", it).await, json!({ "ClientSecrets": [] }));
}

/// SECURITY 54: secrets at rest are sealed.
#[tokio::test]
async fn a_stored_secret_does_not_show_its_text() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let own = "my+own+secret+of+24+signs";
    let client = server.client(&pool, json!({ "ClientSecret": own })).await;
    let (pool, id) = (pool.clone(), client.clone());
    let rows = server.cx.store.read(move |tx| cognate_store::client_secrets::list(tx, &pool, &id)).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert!(!rows[0].sealed.windows(own.len()).any(|window| window == own.as_bytes()));
    let (loaded, _) = cognate_server::directory::client(&server.cx, &client).await.unwrap();
    assert_eq!(loaded.secrets[0].expose(), own);
    assert!(!format!("{loaded:?}").contains(own), "nor does Debug");
}
