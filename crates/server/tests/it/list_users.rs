//! `ListUsers`: what filters find, in which order, page by page.

use aws_sdk_cognitoidentityprovider::operation::list_users::ListUsersOutput;
use aws_sdk_cognitoidentityprovider::types::UserType;
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::users::{email, error, made, pool, silent};

/// The usernames that a filter finds.
async fn found(server: &TestServer, pool: &str, filter: &str) -> Vec<String> {
    let listed = server.ok("ListUsers", json!({ "UserPoolId": pool, "Filter": filter })).await;
    names(&listed)
}

fn names(listed: &Value) -> Vec<String> {
    let users = listed["Users"].as_array().unwrap();
    users.iter().map(|user| user["Username"].as_str().unwrap().to_owned()).collect()
}

fn named(name: &str, value: &str) -> Value {
    json!({ "Name": name, "Value": value })
}

#[tokio::test]
async fn filters_find_by_each_attribute() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    let ada = json!([
        email("Ada@Example.com"),
        named("phone_number", "+15555550001"),
        named("name", "Ada King"),
        named("given_name", "Ada"),
        named("family_name", "King"),
        named("preferred_username", "Countess"),
    ]);
    let sub = made(&server, &pool, "Ada", ada).await;
    made(&server, &pool, "bob", json!([email("bob@example.com"), named("given_name", "Bob")])).await;
    made(&server, &pool, "adam", json!([])).await;
    server.ok("AdminDisableUser", json!({ "UserPoolId": pool, "Username": "bob" })).await;
    let confirmed = json!({ "UserPoolId": pool, "Username": "bob", "Password": "Abcdef1!x", "Permanent": true });
    server.ok("AdminSetUserPassword", confirmed).await;

    let sub_upper = sub.to_uppercase();
    for (filter, users) in [
        ("username = \"Ada\"", vec!["Ada"]),
        ("username = \"ada\"", vec![]),
        ("username ^= \"ad\"", vec!["adam"]),
        ("username ^= \"\"", vec!["Ada", "adam", "bob"]),
        ("email = \"ada@example.COM\"", vec!["Ada"]),
        ("email ^= \"\"", vec!["Ada", "bob"]),
        ("email = \"ada@example\"", vec![]),
        ("phone_number ^= \"+1555555\"", vec!["Ada"]),
        ("name = \"ADA KING\"", vec!["Ada"]),
        ("given_name ^= \"b\"", vec!["bob"]),
        ("family_name=\"king\"", vec!["Ada"]),
        ("preferred_username ^= \"count\"", vec!["Ada"]),
        ("status = \"Disabled\"", vec!["bob"]),
        ("status = \"disabled\"", vec![]),
        ("cognito:user_status = \"confirmed\"", vec!["bob"]),
        ("cognito:user_status = \"FORCE_CHANGE_PASSWORD\"", vec!["Ada", "adam"]),
        (&format!("sub = \"{sub}\""), vec!["Ada"]),
        (&format!("sub = \"{sub_upper}\""), vec!["Ada"]),
        (&format!("sub ^= \"{}\"", &sub[..23]), vec!["Ada"]),
        (&format!("sub ^= \"{sub}\""), vec!["Ada"]),
        (&format!("sub = \"{}\"", &sub[..35]), vec![]),
        ("sub = \"\"", vec![]),
    ] {
        let mut names = found(&server, &pool, filter).await;
        names.sort();
        let mut users = users;
        users.sort_unstable();
        assert_eq!(names, users, "{filter}");
    }
    for everybody in ["", "sub ^= \"\""] {
        assert_eq!(found(&server, &pool, everybody).await.len(), 3, "{everybody}");
    }
}

#[tokio::test]
async fn what_changes_is_found_as_it_is_now() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    made(&server, &pool, "ada", json!([named("name", "one")])).await;
    let change = json!({ "UserPoolId": pool, "Username": "ada", "UserAttributes": [named("name", "two")] });
    server.ok("AdminUpdateUserAttributes", change).await;
    assert_eq!(found(&server, &pool, "name = \"one\"").await.len(), 0);
    assert_eq!(found(&server, &pool, "name = \"two\"").await, ["ada"]);
    let removal = json!({ "UserPoolId": pool, "Username": "ada", "UserAttributeNames": ["name"] });
    server.ok("AdminDeleteUserAttributes", removal).await;
    assert_eq!(found(&server, &pool, "name ^= \"\"").await.len(), 0);
    server.ok("AdminDeleteUser", json!({ "UserPoolId": pool, "Username": "ada" })).await;
    assert_eq!(found(&server, &pool, "username = \"ada\"").await.len(), 0);
}

#[tokio::test]
async fn pages_follow_the_attribute_without_gaps() {
    let server = TestServer::start().await;
    let (sdk, pool) = (server.sdk(), pool(&server).await);
    for n in [3, 1, 4, 0, 2] {
        // Two of a value: the order goes on by sub.
        for copy in ["x", "y"] {
            made(&server, &pool, &format!("u{n}{copy}"), json!([named("family_name", &format!("Name{n}"))])).await;
        }
    }
    let pages = sdk.list_users().user_pool_id(&pool).filter("family_name ^= \"name\"").limit(3).into_paginator();
    let pages = pages.send().collect::<Result<Vec<_>, _>>().await.unwrap();
    let sizes: Vec<_> = pages.iter().map(|page| page.users().len()).collect();
    assert_eq!(sizes, [3, 3, 3, 1]);
    let users: Vec<&UserType> = pages.iter().flat_map(ListUsersOutput::users).collect();
    let order: Vec<_> = users.iter().map(|user| user.username().unwrap()[..2].to_owned()).collect();
    assert_eq!(order, ["u0", "u0", "u1", "u1", "u2", "u2", "u3", "u3", "u4", "u4"]);
    let mut all: Vec<_> = users.iter().map(|user| user.username().unwrap()).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 10);

    for filter in ["", "sub ^= \"\"", "username ^= \"u\"", "status = \"Enabled\""] {
        let pages = sdk.list_users().user_pool_id(&pool).filter(filter).limit(4).into_paginator();
        let pages = pages.send().collect::<Result<Vec<_>, _>>().await.unwrap();
        let mut names: Vec<_> = pages.iter().flat_map(ListUsersOutput::users).filter_map(UserType::username).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 10, "{filter}");
    }
    let whole = server.ok("ListUsers", json!({ "UserPoolId": pool, "Limit": 0 })).await;
    assert_eq!((names(&whole).len(), whole.get("PaginationToken")), (10, None));
    let exact = server.ok("ListUsers", json!({ "UserPoolId": pool, "Limit": 10 })).await;
    assert_eq!(exact.get("PaginationToken"), None, "the last page has no token");
}

#[tokio::test]
async fn attributes_are_those_asked_for() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    made(&server, &pool, "ada", json!([email("ada@example.com"), named("name", "Ada")])).await;
    let list = async |names: Value| {
        let listed = server.ok("ListUsers", json!({ "UserPoolId": pool, "AttributesToGet": names })).await;
        let attributes = listed["Users"][0]["Attributes"].as_array().unwrap().clone();
        attributes.iter().map(|one| one["Name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(json!(["email"])).await, ["email"]);
    assert_eq!(list(json!(["nickname"])).await, [""; 0], "what the user lacks is left out");
    assert_eq!(list(json!([])).await, ["sub", "email", "name"]);
    let request = json!({ "UserPoolId": pool, "AttributesToGet": ["email", "custom:none"] });
    let words = "One or more requested attributes do not exist in user pool.";
    assert_eq!(server.refused("ListUsers", request).await, error("InvalidParameter", words));
}

#[tokio::test]
async fn what_is_no_filter_is_refused() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    for (filter, words) in [
        ("email = die", "Error while parsing filter"),
        ("email = \"a\" AND name = \"b\"", "Error while parsing filter"),
        ("custom:foo = \"x\"", "Invalid search attribute: custom:foo"),
        ("nickname = \"x\"", "Invalid search attribute: nickname"),
    ] {
        let refused = server.refused("ListUsers", json!({ "UserPoolId": pool, "Filter": filter })).await;
        assert_eq!(refused, error("InvalidParameter", words), "{filter}");
    }
}

/// SECURITY 47: what means something to SQL or LIKE is text like any other.
#[tokio::test]
async fn metacharacters_are_text() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    let odd = [
        "100%",
        "a_b",
        "a*b",
        "o'brien",
        "x\"; DROP TABLE users; --",
        "back\\slash",
        "nul\u{0}byte",
        "ﬀ\u{10FFFF}",
        "%",
    ];
    for (n, name) in odd.iter().enumerate() {
        made(&server, &pool, &format!("u{n}"), json!([named("name", name)])).await;
    }
    for (n, name) in odd.iter().enumerate() {
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
        assert_eq!(found(&server, &pool, &format!("name = \"{escaped}\"")).await, [format!("u{n}")], "{name}");
    }
    assert_eq!(found(&server, &pool, "name ^= \"%\"").await, ["u8"]);
    assert_eq!(found(&server, &pool, "name ^= \"a_\"").await, ["u1"]);
    for hostile in ["sub ^= \"' OR 1=1 --\"", "sub = \"\u{0}\"", "username = \"\u{0}\"", "sub ^= \"%\""] {
        assert_eq!(found(&server, &pool, hostile).await, [""; 0], "{hostile}");
    }
    // The longest values there are can be stored and found by their beginning.
    let long: String = std::iter::repeat_n('\u{10400}', 2048).collect();
    made(&server, &pool, "long", json!([named("family_name", &long), named("preferred_username", &long)])).await;
    let beginning: String = long.chars().take(200).collect();
    assert_eq!(found(&server, &pool, &format!("family_name ^= \"{beginning}\"")).await, ["long"]);
    assert_eq!(found(&server, &pool, &format!("family_name = \"{beginning}\"")).await, [""; 0]);
}

/// SECURITY 34: a token goes with its own pool, filter and attributes, unedited, for an hour.
#[tokio::test]
async fn a_token_goes_with_its_own_request() {
    let server = TestServer::start().await;
    let (pool, other) = (pool(&server).await, pool(&server).await);
    for name in ["a", "b", "c"] {
        made(&server, &pool, name, json!([])).await;
        made(&server, &other, name, json!([])).await;
    }
    let request = json!({ "UserPoolId": pool, "Limit": 1, "Filter": "username ^= \"\"", "AttributesToGet": ["email"] });
    let token = server.ok("ListUsers", request.clone()).await["PaginationToken"].as_str().unwrap().to_owned();
    let with = |changes: Value| {
        let mut request = request.clone();
        request["PaginationToken"] = token.as_str().into();
        for (key, value) in changes.as_object().unwrap() {
            request[key] = value.clone();
        }
        request
    };
    assert_eq!(names(&server.ok("ListUsers", with(json!({ "Limit": 2 }))).await), ["b", "c"]);
    let refused = error("InvalidParameter", "Invalid pagination token given.");
    let mut edited = token.clone().into_bytes();
    let last = edited.len() - 2;
    edited[last] ^= 1;
    let edited = String::from_utf8(edited).unwrap();
    for changes in [
        json!({ "UserPoolId": other }),
        json!({ "Filter": "username ^= \"a\"" }),
        json!({ "Filter": "" }),
        json!({ "AttributesToGet": ["name"] }),
        json!({ "AttributesToGet": [] }),
        json!({ "PaginationToken": edited }),
        json!({ "PaginationToken": "forged" }),
    ] {
        assert_eq!(server.refused("ListUsers", with(changes.clone())).await, refused, "{changes}");
    }
    server.advance_s(3599);
    server.ok("ListUsers", with(json!({}))).await;
    server.advance_s(1);
    assert_eq!(server.refused("ListUsers", with(json!({}))).await, refused);
}

#[tokio::test]
async fn a_user_of_a_pool_by_email_is_found_by_email() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({ "UsernameAttributes": ["email"] })).await;
    let made = server.ok("AdminCreateUser", silent(&pool, "ada@example.com", &json!([]))).await;
    let id = made["User"]["Username"].as_str().unwrap();
    assert_eq!(found(&server, &pool, "username = \"ada@example.com\"").await.len(), 0);
    assert_eq!(found(&server, &pool, "email = \"ada@example.com\"").await, [id]);
    assert_eq!(found(&server, &pool, &format!("username = \"{id}\"")).await, [id]);
}
