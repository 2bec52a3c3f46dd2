//! Signing up and confirming it.

use aws_sdk_cognitoidentityprovider::types::{AttributeType, DeliveryMediumType};
use cognate_crypto::secret_hash;
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::accounts::{
    PASSWORD, Pool, application, confirmation, confirmed, email, error, expired, hiding_pool, mismatch, named, pool,
    pool_with, sign_up, stored, too_often, unknown_combination, wrong,
};

#[tokio::test]
async fn a_new_user_confirms_with_the_code_in_the_mail() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    let sdk = server.sdk();

    let attribute = AttributeType::builder().name("email").value("fixture@example.com").build().unwrap();
    let signed_up = sdk.sign_up().client_id(&pool.client).username("ada").password(PASSWORD);
    let signed_up = signed_up.user_attributes(attribute).send().await.unwrap();
    assert!(!signed_up.user_confirmed());
    let sent = signed_up.code_delivery_details().unwrap();
    assert_eq!(sent.destination(), Some("f***@e***"));
    assert_eq!(sent.delivery_medium(), Some(&DeliveryMediumType::Email));
    assert_eq!(sent.attribute_name(), Some("email"));
    assert_eq!(signed_up.session(), None);
    let user = stored(&server, &pool, "ada").await;
    assert_eq!((user.status.as_str(), user.id.as_str()), ("UNCONFIRMED", signed_up.user_sub()));
    assert!(!user.is_verified("email"));

    let code = server.last_code("fixture@example.com");
    assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()));
    sdk.confirm_sign_up().client_id(&pool.client).username("ada").confirmation_code(code).send().await.unwrap();
    let user = stored(&server, &pool, "ada").await;
    assert_eq!(user.status.as_str(), "CONFIRMED");
    assert!(user.is_verified("email"));
}

#[tokio::test]
async fn a_code_goes_where_the_pool_verifies() {
    let server = TestServer::start().await;
    let both =
        json!([{ "Name": "email", "Value": "a@b.example" }, { "Name": "phone_number", "Value": "+15555559934" }]);
    let sms = json!({ "SnsCallerArn": "arn:aws:iam::000000000000:role/sms" });

    let settings = json!({ "AutoVerifiedAttributes": ["email", "phone_number"], "SmsConfiguration": sms });
    let by_both = pool_with(&server, settings, json!({})).await;
    let mut request = application(&by_both, "ada");
    request["UserAttributes"] = both.clone();
    let sent = server.ok("SignUp", request).await["CodeDeliveryDetails"].clone();
    let expected = json!({ "Destination": "+*******9934", "DeliveryMedium": "SMS", "AttributeName": "phone_number" });
    assert_eq!(sent, expected);
    assert_eq!((server.messages_to("+15555559934"), server.messages_to("a@b.example")), (1, 0));

    let none = pool_with(&server, json!({}), json!({})).await;
    let mut request = application(&none, "ada");
    request["UserAttributes"] = both;
    let answer = server.ok("SignUp", request).await;
    assert_eq!(answer.get("CodeDeliveryDetails"), None);
    assert_eq!(server.messages_to("a@b.example"), 0);
    let refused = server.refused("ResendConfirmationCode", named(&none, "ada")).await;
    assert_eq!(refused, error("InvalidParameter", "Cannot resend codes. Auto verification not turned on."));
    let refused = server.refused("ConfirmSignUp", confirmation(&none, "ada", "123456")).await;
    assert_eq!(refused, expired());

    let without_email = pool(&server).await;
    let mut request = application(&without_email, "ada");
    request["UserAttributes"] = json!([]);
    assert_eq!(server.ok("SignUp", request).await.get("CodeDeliveryDetails"), None);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_in_the_services_words() {
    let server = TestServer::start().await;
    let settings = json!({
        "Policies": { "PasswordPolicy": {
            "MinimumLength": 8, "RequireUppercase": true, "RequireLowercase": true, "RequireNumbers": true,
            "RequireSymbols": true,
        } },
        "Schema": [{ "Name": "given_name", "Required": true }],
        "AliasAttributes": ["email"],
    });
    let pool = pool_with(&server, settings, json!({})).await;
    let with = |changes: Value| {
        let mut request = application(&pool, "ada");
        request["UserAttributes"] = json!([{ "Name": "given_name", "Value": "Ada" }]);
        for (key, value) in changes.as_object().unwrap() {
            request[key] = value.clone();
        }
        request
    };
    for (password, words) in [
        ("aB1!", "Password not long enough"),
        ("abcdefgh", "Password must have uppercase characters"),
        ("ÄÖÜÄÖÜab1!", "Password must have uppercase characters"),
        ("ABCDEFGH", "Password must have lowercase characters"),
        ("Abcdefgh", "Password must have numeric characters"),
        ("Abcdefg1", "Password must have symbol characters"),
        ("Abcdefg1é", "Password must have symbol characters"),
    ] {
        let refused = server.refused("SignUp", with(json!({ "Password": password }))).await;
        assert_eq!(refused, error("InvalidPassword", &format!("Password did not conform with policy: {words}")));
    }
    let refused = server.refused("SignUp", with(json!({ "Password": null }))).await;
    assert_eq!(refused, error("InvalidParameter", "Missing required parameter Password"));
    let refused = server.refused("SignUp", with(json!({ "Username": "ada@example.com" }))).await;
    let words = "Username cannot be of email format, since user pool is configured for email alias.";
    assert_eq!(refused, error("InvalidParameter", words));
    let refused = server.refused("SignUp", with(json!({ "UserAttributes": [] }))).await;
    let words = "Attributes did not conform to the schema: given_name: The attribute is required\n";
    assert_eq!(refused, error("InvalidParameter", words));

    server.ok("SignUp", with(json!({}))).await;
    assert_eq!(server.refused("SignUp", with(json!({}))).await, error("UsernameExists", "User already exists"));
    let sub = stored(&server, &pool, "ada").await.id;
    let refused = server.refused("SignUp", with(json!({ "Username": sub }))).await;
    assert_eq!(refused, error("UsernameExists", "User already exists"));

    let settings = json!({ "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": true } });
    let closed = pool_with(&server, settings, json!({})).await;
    let refused = server.refused("SignUp", application(&closed, "ada")).await;
    assert_eq!(refused, error("NotAuthorized", "SignUp is not permitted for this user pool"));
}

/// SECURITY 31: nobody signs up as verified, with a `sub`, or with what the client may not write.
#[tokio::test]
async fn protected_attributes_cannot_be_signed_up_with() {
    let server = TestServer::start().await;
    let pool = pool_with(
        &server,
        json!({ "AutoVerifiedAttributes": ["email"], "Schema": [{ "Name": "role", "AttributeDataType": "String" }] }),
        json!({ "WriteAttributes": ["email", "name"] }),
    )
    .await;
    for (name, value) in [
        ("email_verified", "true"),
        ("phone_number_verified", "true"),
        ("sub", "11111111-1111-1111-1111-111111111111"),
        ("nickname", "Ada"),
        ("custom:role", "admin"),
    ] {
        let mut request = application(&pool, "ada");
        request["UserAttributes"] = json!([{ "Name": name, "Value": value }]);
        let refused = server.refused("SignUp", request).await;
        assert_eq!(refused, error("NotAuthorized", "A client attempted to write unauthorized attribute"), "{name}");
    }
    for name in ["cognito:user_status", "dev:custom:role", "custom:nothing"] {
        let mut request = application(&pool, "ada");
        request["UserAttributes"] = json!([{ "Name": name, "Value": "x" }]);
        assert!(server.call("SignUp", request).await.error().is_some(), "{name}");
    }
    assert_eq!(sign_up(&server, &pool, "ada").await["UserConfirmed"], false);
}

#[tokio::test]
async fn an_address_can_be_the_name() {
    let server = TestServer::start().await;
    let settings = json!({ "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"] });
    let pool = pool_with(&server, settings, json!({})).await;
    let request = |name: &str| json!({ "ClientId": pool.client, "Username": name, "Password": PASSWORD });
    let answer = server.ok("SignUp", request("ada@example.com")).await;
    assert_eq!(answer["CodeDeliveryDetails"]["Destination"], "a***@e***");
    let user = stored(&server, &pool, "ada@example.com").await;
    assert_eq!(
        (user.username.as_str(), Some("ada@example.com")),
        (answer["UserSub"].as_str().unwrap(), user.attribute("email"))
    );

    let refused = server.refused("SignUp", request("ada@example.com")).await;
    assert_eq!(refused, error("UsernameExists", "User already exists"));
    let refused = server.refused("SignUp", request("ada")).await;
    assert_eq!(refused, error("InvalidParameter", "Username should be an email."));
    let mut other = request("bob@example.com");
    other["UserAttributes"] = json!([{ "Name": "email", "Value": "ada@example.com" }]);
    assert_eq!(server.refused("SignUp", other).await.0, "InvalidParameterException");

    let code = server.last_code("ada@example.com");
    server.ok("ConfirmSignUp", confirmation(&pool, "ada@example.com", &code)).await;

    let both = pool_with(&server, json!({ "UsernameAttributes": ["email", "phone_number"] }), json!({})).await;
    let mut request = application(&both, "+15555550100");
    request["UserAttributes"] = json!([{ "Name": "email", "Value": "ada@example.com" }]);
    server.ok("SignUp", request.clone()).await;
    request["Username"] = "+15555550101".into();
    let refused = server.refused("SignUp", request.clone()).await;
    assert_eq!(refused, error("UsernameExists", "An account with the given email already exists."));
    request["Username"] = "ada".into();
    let refused = server.refused("SignUp", request).await;
    assert_eq!(refused, error("InvalidParameter", "Username should be either an email or a phone number."));
}

#[tokio::test]
async fn confirming_is_refused_in_the_services_words() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    sign_up(&server, &pool, "ada").await;
    let code = server.last_code(&email("ada"));
    let confirm = |name: &str, code: &str| confirmation(&pool, name, code);
    assert_eq!(server.refused("ConfirmSignUp", confirm("bob", &code)).await, unknown_combination());
    assert_eq!(server.refused("ConfirmSignUp", confirm("ada", &wrong(&code))).await, mismatch());
    server.ok("ConfirmSignUp", confirm("ada", &code)).await;
    let already = error("NotAuthorized", "User cannot be confirmed. Current status is CONFIRMED");
    assert_eq!(server.refused("ConfirmSignUp", confirm("ada", &code)).await, already);
    assert_eq!(server.refused("ConfirmSignUp", confirm("ada", "000000")).await, already);
    let refused = server.refused("ResendConfirmationCode", named(&pool, "ada")).await;
    assert_eq!(refused, error("InvalidParameter", "User is already confirmed."));
    assert_eq!(server.refused("ResendConfirmationCode", named(&pool, "bob")).await, unknown_combination());
}

#[tokio::test]
async fn an_administrator_confirms_without_verifying() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    sign_up(&server, &pool, "ada").await;
    let request = |name: &str| json!({ "UserPoolId": pool.id, "Username": name });
    assert_eq!(server.ok("AdminConfirmSignUp", request("ada")).await, json!({}));
    let user = stored(&server, &pool, "ada").await;
    assert_eq!((user.status.as_str(), user.is_verified("email")), ("CONFIRMED", false));
    let refused = server.refused("AdminConfirmSignUp", request("ada")).await;
    assert_eq!(refused, error("NotAuthorized", "User cannot be confirmed. Current status is CONFIRMED"));
    let refused = server.refused("AdminConfirmSignUp", request("bob")).await;
    assert_eq!(refused, error("UserNotFound", "User does not exist."));
}

#[tokio::test]
async fn a_user_may_ask_five_times_an_hour_and_try_fifteen() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    sign_up(&server, &pool, "ada").await;
    for _ in 0..5 {
        let answer = server.ok("ResendConfirmationCode", named(&pool, "ada")).await;
        assert_eq!(answer["CodeDeliveryDetails"]["Destination"], "a***@e***");
    }
    assert_eq!(server.refused("ResendConfirmationCode", named(&pool, "ada")).await, too_often());
    assert_eq!(server.messages_to(&email("ada")), 6);
    let code = server.last_code(&email("ada"));
    for _ in 0..15 {
        assert_eq!(server.refused("ConfirmSignUp", confirmation(&pool, "ada", &wrong(&code))).await, mismatch());
    }
    assert_eq!(server.refused("ConfirmSignUp", confirmation(&pool, "ada", &code)).await, too_often());
    server.advance_s(3600);
    server.ok("ConfirmSignUp", confirmation(&pool, "ada", &code)).await;
}

/// SECURITY 32: of two users who confirm one address, also at once, one holds it; the other one stays as it was, unless
/// it takes the alias by force, and then the first one's address is unverified.
#[tokio::test]
async fn an_alias_has_one_holder() {
    let server = TestServer::start().await;
    let settings = json!({
        "AliasAttributes": ["email"], "AutoVerifiedAttributes": ["email"],
        "UsernameConfiguration": { "CaseSensitive": false },
    });
    let pool = pool_with(&server, settings, json!({})).await;
    let mut confirmations = Vec::new();
    for (name, address) in [("ada", "shared@example.com"), ("bob", "Shared@Example.com")] {
        let mut request = application(&pool, name);
        request["UserAttributes"] = json!([{ "Name": "email", "Value": address }]);
        server.ok("SignUp", request).await;
        confirmations.push(confirmation(&pool, name, &server.last_code(address)));
    }
    let (first, second) = tokio::join!(
        server.call("ConfirmSignUp", confirmations[0].clone()),
        server.call("ConfirmSignUp", confirmations[1].clone())
    );
    let taken = error("AliasExists", "An account with the email already exists.");
    let (winner, loser, lost) =
        if first.status == 200 { ("ada", "bob", second.error()) } else { ("bob", "ada", first.error()) };
    assert_eq!(lost, Some(taken));
    assert_eq!(stored(&server, &pool, winner).await.status.as_str(), "CONFIRMED");
    assert_eq!(stored(&server, &pool, loser).await.status.as_str(), "UNCONFIRMED");
    assert_eq!(stored(&server, &pool, "SHARED@example.com").await.username, winner);

    let mut forced = confirmations[usize::from(loser == "bob")].clone();
    forced["ForceAliasCreation"] = true.into();
    server.ok("ConfirmSignUp", forced).await;
    assert_eq!(stored(&server, &pool, "shared@example.com").await.username, loser);
    assert!(!stored(&server, &pool, winner).await.is_verified("email"));
}

/// SECURITY 15: the hash of a client with a secret is checked before anybody is looked up.
#[tokio::test]
async fn a_client_with_a_secret_must_show_it() {
    let server = TestServer::start().await;
    let id = server.pool(json!({ "AutoVerifiedAttributes": ["email"] })).await;
    let request = json!({ "UserPoolId": id, "ClientName": "client", "GenerateSecret": true });
    let made = server.ok("CreateUserPoolClient", request).await["UserPoolClient"].clone();
    let pool = Pool { id, client: made["ClientId"].as_str().unwrap().to_owned() };
    let hash = secret_hash::compute(made["ClientSecret"].as_str().unwrap(), "ada", &pool.client);
    let public = server.client(&pool.id, json!({})).await;

    let mismatch = |client: &str| error("NotAuthorized", &format!("Unable to verify secret hash for client {client}"));
    let missing = format!("Client {} is configured for secret but secret was not received", pool.client);
    for (operation, request) in [
        ("SignUp", application(&pool, "ada")),
        ("ConfirmSignUp", confirmation(&pool, "ada", "123456")),
        ("ResendConfirmationCode", named(&pool, "ada")),
        ("ForgotPassword", named(&pool, "ada")),
        ("ConfirmForgotPassword", crate::accounts::recovery(&pool, "ada", "123456", PASSWORD)),
    ] {
        assert_eq!(server.refused(operation, request.clone()).await, error("NotAuthorized", &missing), "{operation}");
        let mut wrong = request.clone();
        wrong["SecretHash"] = secret_hash::compute("another", "ada", &pool.client).into();
        assert_eq!(server.refused(operation, wrong).await, mismatch(&pool.client), "{operation}");
        let mut unasked = request;
        unasked["SecretHash"] = hash.clone().into();
        unasked["ClientId"] = public.clone().into();
        assert_eq!(server.refused(operation, unasked).await, mismatch(&public), "{operation}");
    }
    let mut request = application(&pool, "ada");
    request["SecretHash"] = hash.into();
    server.ok("SignUp", request).await;
}

#[tokio::test]
async fn a_user_stays_when_the_mail_does_not_go() {
    let server = TestServer::with(&[("mail.transport", "none")]).await;
    let pool = pool(&server).await;
    let (code, words) = server.refused("SignUp", application(&pool, "ada")).await;
    assert_eq!(code, "CodeDeliveryFailureException");
    assert!(!words.contains("ada"), "{words}");
    assert_eq!(stored(&server, &pool, "ada").await.status.as_str(), "UNCONFIRMED");
    assert_eq!(server.refused("ResendConfirmationCode", named(&pool, "ada")).await.0, code);
    // Who must not learn that the user is there does not learn it from the failure.
    let hiding = server.client(&pool.id, json!({ "PreventUserExistenceErrors": "ENABLED" })).await;
    server.ok("ResendConfirmationCode", json!({ "ClientId": hiding, "Username": "ada" })).await;
}

/// SECURITY 33: the link leads to the configured host, whatever the request's headers say, and confirms once.
#[tokio::test]
async fn a_link_confirms_too() {
    let server = TestServer::start().await;
    let settings = json!({
        "AutoVerifiedAttributes": ["email"],
        "VerificationMessageTemplate": { "DefaultEmailOption": "CONFIRM_WITH_LINK" },
    });
    let pool = pool_with(&server, settings, json!({})).await;
    let name = "a&b{####}<script>";
    let mut body = application(&pool, name);
    body["UserAttributes"] = json!([{ "Name": "email", "Value": "ada@example.com" }]);
    let request = http::Request::post(server.url())
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "AWSCognitoIdentityProviderService.SignUp")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example")
        .header("host", "evil.example")
        .body(body.to_string().into_bytes().into())
        .unwrap();
    assert_eq!(server.send(request).await.status, 200);
    let message = server.cx.inbox.messages().first().cloned().unwrap();
    let link = message.link.clone().unwrap();
    let path = link.strip_prefix(&server.url()).expect("the link leads to the configured host").to_owned();
    assert!(path.starts_with(&format!("/{}/confirmUser?client_id={}&user_name=", pool.id, pool.client)), "{path}");
    assert!(!message.html.as_ref().unwrap().contains("<script>"));
    assert!(!message.html.as_ref().unwrap().contains("evil.example"));

    let broken = path.replace("confirmation_code=", "confirmation_code=x");
    let answer = server.get(&broken).await;
    assert_eq!(answer.status, 400);
    let page = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(page.contains("This link does not work any more.") && !page.contains("script"), "{page}");
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.headers["referrer-policy"], "no-referrer");
    assert_eq!(answer.headers.get("access-control-allow-origin"), None);

    let head = http::Request::head(link.as_str()).body(http_body_util::Full::default()).unwrap();
    assert_eq!(server.send(head).await.status, 200);
    assert_eq!(stored(&server, &pool, name).await.status.as_str(), "UNCONFIRMED");

    let answer = server.get(&path).await;
    assert_eq!(answer.status, 200);
    assert!(String::from_utf8_lossy(&answer.body).contains("Your registration has been confirmed!"));
    let user = stored(&server, &pool, name).await;
    assert_eq!((user.status.as_str(), user.is_verified("email")), ("CONFIRMED", true));
    let answer = server.get(&path).await;
    assert!(String::from_utf8_lossy(&answer.body).contains("already confirmed"));

    let elsewhere = pool_with(&server, json!({}), json!({})).await;
    assert_eq!(server.get(&path.replace(&pool.id, &elsewhere.id)).await.status, 400);
    assert_eq!(server.get(&format!("/{}/confirmUser", pool.id)).await.status, 400);
}

#[tokio::test]
async fn who_can_sign_in_by_a_code_alone_needs_no_password() {
    let server = TestServer::start().await;
    let factors = json!({ "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] });
    let settings = json!({ "AutoVerifiedAttributes": ["email"], "Policies": { "SignInPolicy": factors } });
    let pool = pool_with(&server, settings, json!({})).await;
    let mut request = application(&pool, "ada");
    request["Password"] = Value::Null;
    server.ok("SignUp", request.clone()).await;
    assert!(stored(&server, &pool, "ada").await.credential.is_none());
    // An empty one is none.
    request["Password"] = "".into();
    request["Username"] = "eve".into();
    server.ok("SignUp", request.clone()).await;
    assert!(stored(&server, &pool, "eve").await.credential.is_none());
    let missing = error("InvalidParameter", "Missing required parameter Password");
    request["Username"] = "bob".into();
    request["UserAttributes"] = json!([]);
    assert_eq!(server.refused("SignUp", request.clone()).await, missing);
    request["Password"] = " ".into();
    let blank = server.refused("SignUp", request).await;
    let constraint =
        "Value at 'password' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\S]+";
    assert_eq!(blank, error("InvalidParameter", &format!("1 validation error detected: {constraint}")));

    let plain = pool_with(&server, json!({}), json!({})).await;
    let mut request = application(&plain, "ada");
    request["Password"] = "".into();
    assert_eq!(server.refused("SignUp", request).await, missing);
}

/// SECURITY 44: an address is one address, and a name is no markup and no header.
#[tokio::test]
async fn addresses_and_names_cannot_smuggle() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    for address in
        ["a@example.com\r\nBcc: b@example.com", "a@example.com,b@example.com", "a@example.com\nX", "a b@example.com"]
    {
        let mut request = application(&pool, "ada");
        request["UserAttributes"] = json!([{ "Name": "email", "Value": address }]);
        let refused = server.refused("SignUp", request).await;
        assert_eq!(refused, error("InvalidParameter", "Invalid email address format."), "{address:?}");
    }
    assert_eq!(server.cx.inbox.messages().len(), 0);
    // The limit of messages to a user holds for every name the user has.
    let settings = json!({ "AliasAttributes": ["preferred_username"], "AutoVerifiedAttributes": ["email"] });
    let pool = pool_with(&server, settings, json!({})).await;
    sign_up(&server, &pool, "ada").await;
    let sub = stored(&server, &pool, "ada").await.id;
    for _ in 0..3 {
        server.ok("ResendConfirmationCode", named(&pool, "ada")).await;
    }
    for _ in 0..2 {
        server.ok("ResendConfirmationCode", named(&pool, &sub)).await;
    }
    assert_eq!(server.refused("ResendConfirmationCode", named(&pool, &sub)).await, too_often());
    assert_eq!(server.messages_to(&email("ada")), 6);
}

#[tokio::test]
async fn a_confirmed_user_of_a_hiding_client_learns_so_with_the_code() {
    let server = TestServer::start().await;
    let pool = hiding_pool(&server).await;
    confirmed(&server, &pool, "ada").await;
    let code = server.last_code(&email("ada"));
    let refused = server.refused("ConfirmSignUp", confirmation(&pool, "ada", &code)).await;
    assert_eq!(refused, error("NotAuthorized", "User cannot be confirmed. Current status is CONFIRMED"));
    assert_eq!(server.refused("ConfirmSignUp", confirmation(&pool, "ada", &wrong(&code))).await, mismatch());
}
