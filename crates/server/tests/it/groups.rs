//! Groups and who is in them.

use aws_sdk_cognitoidentityprovider::error::ProvideErrorMetadata;
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::users::{error, made, pool};

#[tokio::test]
async fn a_group_is_made_shown_changed_and_ended() {
    let server = TestServer::start().await;
    let (sdk, pool) = (server.sdk(), pool(&server).await);
    let role = "arn:aws:iam::123456789012:role/admins";
    let created = sdk.create_group().user_pool_id(&pool).group_name("admins").description("who may").role_arn(role);
    let created = created.precedence(2).send().await.unwrap().group.unwrap();
    assert_eq!((created.group_name(), created.user_pool_id()), (Some("admins"), Some(pool.as_str())));
    assert_eq!((created.description(), created.role_arn()), (Some("who may"), Some(role)));
    assert_eq!(created.precedence(), Some(2));
    assert_eq!(created.creation_date(), created.last_modified_date());

    let again = sdk.create_group().user_pool_id(&pool).group_name("admins").send().await.unwrap_err();
    assert_eq!(again.code(), Some("GroupExistsException"));
    assert_eq!(again.message(), Some("A group with the name already exists"));
    // Names differ by case.
    sdk.create_group().user_pool_id(&pool).group_name("Admins").send().await.unwrap();

    server.advance_s(5);
    let changed = sdk.update_group().user_pool_id(&pool).group_name("admins").precedence(0).send().await.unwrap();
    let changed = changed.group.unwrap();
    assert_eq!(
        (changed.description(), changed.role_arn(), changed.precedence()),
        (Some("who may"), Some(role), Some(0))
    );
    assert!(changed.last_modified_date() > changed.creation_date());
    let shown = sdk.get_group().user_pool_id(&pool).group_name("admins").send().await.unwrap().group.unwrap();
    assert_eq!(shown, changed);

    sdk.delete_group().user_pool_id(&pool).group_name("admins").send().await.unwrap();
    let gone = sdk.get_group().user_pool_id(&pool).group_name("admins").send().await.unwrap_err();
    assert_eq!((gone.code(), gone.message()), (Some("ResourceNotFoundException"), Some("Group not found.")));
}

#[tokio::test]
async fn a_group_of_a_name_alone_says_no_more() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    let group = server.ok("CreateGroup", json!({ "UserPoolId": pool, "GroupName": "g" })).await["Group"].take();
    let mut members: Vec<_> = group.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["CreationDate", "GroupName", "LastModifiedDate", "UserPoolId"]);
}

#[tokio::test]
async fn users_join_and_leave() {
    let server = TestServer::start().await;
    let (sdk, pool) = (server.sdk(), pool(&server).await);
    let ada = made(&server, &pool, "ada", json!([])).await;
    for name in ["b", "a", "c"] {
        sdk.create_group().user_pool_id(&pool).group_name(name).send().await.unwrap();
        for _ in 0..2 {
            sdk.admin_add_user_to_group().user_pool_id(&pool).username("ada").group_name(name).send().await.unwrap();
        }
    }
    let groups = async |name: &str| -> Vec<String> {
        let listed = sdk.admin_list_groups_for_user().user_pool_id(&pool).username(name).send().await.unwrap();
        listed.groups().iter().map(|group| group.group_name().unwrap().to_owned()).collect()
    };
    assert_eq!(groups("ada").await, ["a", "b", "c"]);
    assert_eq!(groups(&ada).await, ["a", "b", "c"], "a sub is a name too");
    let users = sdk.list_users_in_group().user_pool_id(&pool).group_name("a").send().await.unwrap();
    assert_eq!(users.users().len(), 1);
    assert_eq!(users.users()[0].username(), Some("ada"));
    assert_eq!(users.users()[0].attributes()[0].value(), Some(ada.as_str()));

    for _ in 0..2 {
        sdk.admin_remove_user_from_group().user_pool_id(&pool).username("ada").group_name("b").send().await.unwrap();
    }
    assert_eq!(groups("ada").await, ["a", "c"]);
    sdk.delete_group().user_pool_id(&pool).group_name("a").send().await.unwrap();
    assert_eq!(groups("ada").await, ["c"]);
    sdk.create_group().user_pool_id(&pool).group_name("a").send().await.unwrap();
    assert_eq!(groups("ada").await, ["c"], "a new group of an old name begins empty");

    sdk.admin_delete_user().user_pool_id(&pool).username("ada").send().await.unwrap();
    let users = sdk.list_users_in_group().user_pool_id(&pool).group_name("c").send().await.unwrap();
    assert_eq!(users.users().len(), 0);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    made(&server, &pool, "ada", json!([])).await;
    server.ok("CreateGroup", json!({ "UserPoolId": pool, "GroupName": "g" })).await;
    let no_group = error("ResourceNotFound", "Group not found.");
    let no_user = error("UserNotFound", "User does not exist.");
    for operation in ["GetGroup", "UpdateGroup", "DeleteGroup", "ListUsersInGroup"] {
        let request = json!({ "UserPoolId": pool, "GroupName": "nope" });
        assert_eq!(server.refused(operation, request).await, no_group, "{operation}");
    }
    for operation in ["AdminAddUserToGroup", "AdminRemoveUserFromGroup"] {
        let request = json!({ "UserPoolId": pool, "Username": "ada", "GroupName": "nope" });
        assert_eq!(server.refused(operation, request).await, no_group, "{operation}");
        let request = json!({ "UserPoolId": pool, "Username": "nobody", "GroupName": "g" });
        assert_eq!(server.refused(operation, request).await, no_user, "{operation}");
    }
    let request = json!({ "UserPoolId": pool, "Username": "nobody" });
    assert_eq!(server.refused("AdminListGroupsForUser", request).await, no_user);
}

#[tokio::test]
async fn there_is_an_end_to_groups() {
    let server = TestServer::with(&[("limits.groups_per_pool", "3"), ("limits.groups_per_user", "2")]).await;
    let pool = pool(&server).await;
    made(&server, &pool, "ada", json!([])).await;
    for name in ["a", "b", "c"] {
        server.ok("CreateGroup", json!({ "UserPoolId": pool, "GroupName": name })).await;
    }
    let refused = server.refused("CreateGroup", json!({ "UserPoolId": pool, "GroupName": "d" })).await;
    assert_eq!(refused, error("LimitExceeded", "User pool cannot have more than 3 groups."));
    let join = |group: &str| json!({ "UserPoolId": pool, "Username": "ada", "GroupName": group });
    for name in ["a", "b", "b"] {
        server.ok("AdminAddUserToGroup", join(name)).await;
    }
    let refused = server.refused("AdminAddUserToGroup", join("c")).await;
    assert_eq!(refused, error("InvalidParameter", "User cannot be in more than 2 groups."));
    let listed = server.ok("AdminListGroupsForUser", json!({ "UserPoolId": pool, "Username": "ada" })).await;
    assert_eq!(listed["Groups"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn lists_go_on_where_they_ended() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    for n in 0..5 {
        server.ok("CreateGroup", json!({ "UserPoolId": pool, "GroupName": format!("g{n}") })).await;
        made(&server, &pool, &format!("u{n}"), json!([])).await;
        let request = json!({ "UserPoolId": pool, "Username": "u0", "GroupName": format!("g{n}") });
        server.ok("AdminAddUserToGroup", request).await;
        let request = json!({ "UserPoolId": pool, "Username": format!("u{n}"), "GroupName": "g0" });
        server.ok("AdminAddUserToGroup", request).await;
    }
    for (operation, member, mut request) in [
        ("ListGroups", "Groups", json!({ "UserPoolId": pool, "Limit": 2 })),
        ("AdminListGroupsForUser", "Groups", json!({ "UserPoolId": pool, "Username": "u0", "Limit": 2 })),
        ("ListUsersInGroup", "Users", json!({ "UserPoolId": pool, "GroupName": "g0", "Limit": 2 })),
    ] {
        let mut seen: Vec<Value> = Vec::new();
        let mut sizes = Vec::new();
        loop {
            let mut page = server.ok(operation, request.clone()).await;
            let items = page[member].as_array().unwrap().clone();
            sizes.push(items.len());
            seen.extend(items);
            match page["NextToken"].take() {
                Value::Null => break,
                token => request["NextToken"] = token,
            }
        }
        assert_eq!(sizes, [2, 2, 1], "{operation}");
        seen.sort_by_key(Value::to_string);
        seen.dedup();
        assert_eq!(seen.len(), 5, "{operation}");
        request["Limit"] = json!(0);
        request.as_object_mut().unwrap().remove("NextToken");
        let whole = server.ok(operation, request).await;
        assert_eq!(whole[member].as_array().unwrap().len(), 5, "{operation}: 0 asks for 60");
    }
}

/// SECURITY 34: a page's token leads on in the list it came from, and nowhere else.
#[tokio::test]
async fn tokens_of_other_lists_are_refused() {
    let server = TestServer::start().await;
    let (pool, other) = (pool(&server).await, pool(&server).await);
    for pool in [&pool, &other] {
        for name in ["a", "b"] {
            server.ok("CreateGroup", json!({ "UserPoolId": pool, "GroupName": name })).await;
            made(&server, pool, name, json!([])).await;
            let request = json!({ "UserPoolId": pool, "Username": "a", "GroupName": name });
            server.ok("AdminAddUserToGroup", request).await;
        }
    }
    let first = server.ok("ListGroups", json!({ "UserPoolId": pool, "Limit": 1 })).await;
    let token = first["NextToken"].as_str().unwrap().to_owned();
    let mut edited = token.clone().into_bytes();
    edited[10] ^= 1;
    let edited = String::from_utf8(edited).unwrap();
    let refused = error("InvalidParameter", "Invalid pagination token given.");
    for (operation, request) in [
        ("ListGroups", json!({ "UserPoolId": other, "NextToken": token })),
        ("ListGroups", json!({ "UserPoolId": pool, "NextToken": edited })),
        ("ListGroups", json!({ "UserPoolId": pool, "NextToken": "a" })),
        ("AdminListGroupsForUser", json!({ "UserPoolId": pool, "Username": "a", "NextToken": token })),
        ("ListUsersInGroup", json!({ "UserPoolId": pool, "GroupName": "a", "NextToken": token })),
        ("ListUsers", json!({ "UserPoolId": pool, "PaginationToken": token })),
    ] {
        assert_eq!(server.refused(operation, request.clone()).await, refused, "{operation} {request}");
    }
}
