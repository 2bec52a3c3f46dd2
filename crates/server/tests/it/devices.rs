//! Devices: confirmed, listed, remembered, forgotten; and who may do so.

use aws_sdk_cognitoidentityprovider::types::{
    AuthFlowType, DeviceRememberedStatusType, DeviceSecretVerifierConfigType,
};
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::device::{Device, pool_and_client};
use crate::people::{PASSWORD, by_password, claims, confirmed, error, text, tokens};

fn gone() -> (String, String) {
    error("ResourceNotFound", "Device does not exist.")
}

fn attribute<'a>(device: &'a Value, name: &str) -> Option<&'a str> {
    let attributes = device["DeviceAttributes"].as_array().unwrap();
    attributes.iter().find(|one| one["Name"] == name).map(|one| text(one, "Value"))
}

#[tokio::test]
async fn a_device_is_confirmed_shown_and_forgotten() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server, json!({ "ChallengeRequiredOnNewDevice": true })).await;
    confirmed(&server, &pool, "alice").await;
    let sdk = server.sdk();
    let signed_in = sdk
        .initiate_auth()
        .client_id(&client)
        .auth_flow(AuthFlowType::UserPasswordAuth)
        .auth_parameters("USERNAME", "alice")
        .auth_parameters("PASSWORD", PASSWORD)
        .send()
        .await
        .unwrap();
    let signed_in = signed_in.authentication_result().unwrap();
    let offered = signed_in.new_device_metadata().unwrap();
    let (key, group) = (offered.device_key().unwrap(), offered.device_group_key().unwrap());
    assert!(key.starts_with(&format!("{}_", pool.split_once('_').unwrap().0)), "{key}");
    assert!(group.starts_with('-') && group.len() == 9, "{group}");
    let token = signed_in.access_token().unwrap();
    assert_eq!(claims(token)["device_key"], key);
    assert!(claims(signed_in.id_token().unwrap()).get("device_key").is_none());
    // Nothing is kept before it is confirmed.
    let none = sdk.list_devices().access_token(token).send().await.unwrap();
    assert!(none.devices().is_empty());

    let request = Device { key: key.to_owned(), group_key: group.to_owned() }.confirmation(&json!({}));
    let verifier = &request["DeviceSecretVerifierConfig"];
    let verifier = DeviceSecretVerifierConfigType::builder()
        .salt(text(verifier, "Salt"))
        .password_verifier(text(verifier, "PasswordVerifier"))
        .build();
    let confirm = sdk.confirm_device().access_token(token).device_key(key).device_name("a laptop");
    let confirmed = confirm.device_secret_verifier_config(verifier).send().await.unwrap();
    assert!(!confirmed.user_confirmation_necessary());

    let device = sdk.get_device().access_token(token).device_key(key).send().await.unwrap().device.unwrap();
    let told: Vec<_> =
        device.device_attributes().iter().map(|one| (one.name(), one.value().unwrap_or_default())).collect();
    let expected = [
        ("device_status", "valid"),
        ("device_name", "a laptop"),
        ("dev:device_remembered_status", "remembered"),
        ("last_ip_used", "127.0.0.1"),
    ];
    assert_eq!(told, expected);
    assert_eq!(device.device_create_date(), device.device_last_authenticated_date());
    let by_admin = sdk.admin_get_device().user_pool_id(&pool).username("alice").device_key(key).send().await.unwrap();
    assert_eq!(by_admin.device().unwrap(), &device);

    server.advance_s(60);
    let not = DeviceRememberedStatusType::NotRemembered;
    sdk.update_device_status().access_token(token).device_key(key).device_remembered_status(not).send().await.unwrap();
    let listed = sdk.admin_list_devices().user_pool_id(&pool).username("alice").send().await.unwrap();
    let [listed] = listed.devices() else { panic!("one device") };
    assert!(listed.device_last_modified_date() > listed.device_create_date());
    let told = listed.device_attributes().iter().find(|one| one.name() == "dev:device_remembered_status");
    assert_eq!(told.unwrap().value(), Some("not_remembered"));

    sdk.forget_device().access_token(token).device_key(key).send().await.unwrap();
    let request = json!({ "AccessToken": token, "DeviceKey": key });
    assert_eq!(server.refused("GetDevice", request.clone()).await, gone());
    assert_eq!(server.refused("ForgetDevice", request).await, gone());
}

#[tokio::test]
async fn administrators_remember_and_forget() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server, json!({ "DeviceOnlyRememberedOnUserPrompt": true })).await;
    confirmed(&server, &pool, "alice").await;
    let first = tokens(&server, &client, "alice").await;
    let device = Device::offered(&first);
    let answer = server.ok("ConfirmDevice", device.confirmation(&first)).await;
    assert_eq!(answer, json!({ "UserConfirmationNecessary": true }));
    let of_user = json!({ "UserPoolId": pool, "Username": "alice", "DeviceKey": device.key });
    let shown = server.ok("AdminGetDevice", of_user.clone()).await;
    assert_eq!(attribute(&shown["Device"], "dev:device_remembered_status"), Some("not_remembered"));
    let mut remember = of_user.clone();
    remember["DeviceRememberedStatus"] = "remembered".into();
    assert_eq!(server.ok("AdminUpdateDeviceStatus", remember).await, json!({}));
    let shown = server.ok("AdminGetDevice", of_user.clone()).await;
    assert_eq!(attribute(&shown["Device"], "dev:device_remembered_status"), Some("remembered"));

    let nobody = json!({ "UserPoolId": pool, "Username": "nobody", "DeviceKey": device.key });
    let no_user = error("UserNotFound", "User does not exist.");
    assert_eq!(server.refused("AdminForgetDevice", nobody.clone()).await, no_user);
    assert_eq!(server.refused("AdminUpdateDeviceStatus", nobody.clone()).await, no_user);
    // Their models know no user who is not there.
    assert_eq!(server.refused("AdminGetDevice", nobody).await, error("ResourceNotFound", "User does not exist."));
    let answer = server.call("AdminForgetDevice", of_user.clone()).await;
    assert!(answer.error().is_none());
    for operation in ["AdminForgetDevice", "AdminGetDevice", "AdminUpdateDeviceStatus"] {
        assert_eq!(server.refused(operation, of_user.clone()).await, gone(), "{operation}");
    }
}

/// SECURITY 25: a device is its token's sign-in's and its user's alone.
#[tokio::test]
async fn only_the_key_of_the_tokens_own_sign_in_is_confirmed() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server, json!({ "ChallengeRequiredOnNewDevice": false })).await;
    confirmed(&server, &pool, "alice").await;
    confirmed(&server, &pool, "mallory").await;
    let (alice, mallory) = (tokens(&server, &client, "alice").await, tokens(&server, &client, "mallory").await);
    let (hers, his) = (Device::offered(&alice), Device::offered(&mallory));
    let invalid = error("InvalidParameter", "Invalid device key given.");
    assert_eq!(server.refused("ConfirmDevice", hers.confirmation(&mallory)).await, invalid);
    let made_up =
        Device { key: "us-east-1_00000000-0000-4000-8000-000000000000".to_owned(), ..Device::offered(&alice) };
    assert_eq!(server.refused("ConfirmDevice", made_up.confirmation(&alice)).await, invalid);

    let verifier_invalid = error("InvalidParameter", "Invalid device secret verifier config given.");
    for config in [
        json!(null),
        json!({ "Salt": "AQ==" }),
        json!({ "Salt": "AQ==", "PasswordVerifier": "not base64" }),
        json!({ "Salt": "AQ==", "PasswordVerifier": "AA==" }),
        json!({ "Salt": "AQ==", "PasswordVerifier": "AQ==" }),
    ] {
        let mut request = hers.confirmation(&alice);
        request["DeviceSecretVerifierConfig"] = config;
        assert_eq!(server.refused("ConfirmDevice", request).await, verifier_invalid);
    }
    server.ok("ConfirmDevice", hers.confirmation(&alice)).await;
    assert_eq!(
        server.refused("ConfirmDevice", hers.confirmation(&alice)).await,
        error("DeviceKeyExists", "Device key already exists.")
    );
    server.ok("ConfirmDevice", his.confirmation(&mallory)).await;
    let others = json!({ "AccessToken": mallory["AccessToken"], "DeviceKey": hers.key });
    for operation in ["GetDevice", "ForgetDevice", "UpdateDeviceStatus"] {
        assert_eq!(server.refused(operation, others.clone()).await, gone(), "{operation}");
    }
    let mut request = by_password(&client, "mallory", PASSWORD);
    request["AuthParameters"]["DEVICE_KEY"] = hers.key.as_str().into();
    assert_eq!(server.refused("InitiateAuth", request).await, gone());
    let own = server.ok("ListDevices", json!({ "AccessToken": mallory["AccessToken"] })).await;
    assert_eq!(own["Devices"].as_array().unwrap().len(), 1);
    assert_eq!(own["Devices"][0]["DeviceKey"], his.key.as_str());
}

/// SECURITY 60: a pool that remembers no devices confirms, shows and forgets none.
#[tokio::test]
async fn where_devices_are_not_tracked_there_is_none() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    confirmed(&server, &pool, "alice").await;
    let tokens = tokens(&server, &client, "alice").await;
    assert!(tokens.get("NewDeviceMetadata").is_none());
    assert!(claims(text(&tokens, "AccessToken")).get("device_key").is_none());
    let device = Device { key: "us-east-1_0".to_owned(), group_key: "-12345678".to_owned() };
    assert_eq!(
        server.refused("ConfirmDevice", device.confirmation(&tokens)).await,
        error("InvalidUserPoolConfiguration", "Device tracking is not enabled for the user pool.")
    );
}

#[tokio::test]
async fn devices_are_listed_in_pages() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server, json!({ "ChallengeRequiredOnNewDevice": false })).await;
    confirmed(&server, &pool, "alice").await;
    let mut keys = Vec::new();
    let mut last = Value::Null;
    for _ in 0..5 {
        last = tokens(&server, &client, "alice").await;
        keys.push(Device::confirm(&server, &last).await.key);
    }
    keys.sort_unstable();
    for (operation, mut request) in [
        ("ListDevices", json!({ "AccessToken": last["AccessToken"], "Limit": 2 })),
        ("AdminListDevices", json!({ "UserPoolId": pool, "Username": "alice", "Limit": 2 })),
    ] {
        let mut listed = Vec::new();
        loop {
            let page = server.ok(operation, request.clone()).await;
            let devices = page["Devices"].as_array().unwrap();
            assert!(devices.len() <= 2);
            listed.extend(devices.iter().map(|device| text(device, "DeviceKey").to_owned()));
            match page.get("PaginationToken") {
                Some(next) => request["PaginationToken"] = next.clone(),
                None => break,
            }
        }
        assert_eq!(listed, keys, "{operation}");
        request["PaginationToken"] = "made-up".into();
        assert_eq!(server.refused(operation, request).await.0, "InvalidParameterException");
    }
}

#[tokio::test]
async fn a_device_goes_with_its_user() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server, json!({ "ChallengeRequiredOnNewDevice": true })).await;
    confirmed(&server, &pool, "alice").await;
    let device = Device::confirm(&server, &tokens(&server, &client, "alice").await).await;
    server.ok("AdminDeleteUser", json!({ "UserPoolId": pool, "Username": "alice" })).await;
    confirmed(&server, &pool, "alice").await;
    let request = json!({ "UserPoolId": pool, "Username": "alice", "DeviceKey": device.key });
    assert_eq!(server.refused("AdminGetDevice", request).await, gone());
}
