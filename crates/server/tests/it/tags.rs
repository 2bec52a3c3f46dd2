//! Tags of user pools.

use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::pools::described;

#[tokio::test]
async fn tags_are_added_replaced_and_taken_off() {
    let server = TestServer::start().await;
    let id = server.pool(json!({ "UserPoolTags": { "a": "1", "b": "2" } })).await;
    let arn = described(&server, &id).await["Arn"].clone();
    let tags = async || server.ok("ListTagsForResource", json!({ "ResourceArn": arn })).await["Tags"].take();
    assert_eq!(tags().await, json!({ "a": "1", "b": "2" }));
    let answer = server.ok("TagResource", json!({ "ResourceArn": arn, "Tags": { "b": "two", "c": "" } })).await;
    assert_eq!(answer, json!({}));
    assert_eq!(tags().await, json!({ "a": "1", "b": "two", "c": "" }));
    let answer = server.ok("UntagResource", json!({ "ResourceArn": arn, "TagKeys": ["a", "unknown"] })).await;
    assert_eq!(answer, json!({}));
    assert_eq!(tags().await, json!({ "b": "two", "c": "" }));
    assert_eq!(described(&server, &id).await["UserPoolTags"], json!({ "b": "two", "c": "" }));
    server.ok("UpdateUserPool", json!({ "UserPoolId": id, "UserPoolTags": { "z": "26" } })).await;
    assert_eq!(tags().await, json!({ "z": "26" }));
    server.ok("UpdateUserPool", json!({ "UserPoolId": id })).await;
    assert_eq!(tags().await, json!({}));
}

#[tokio::test]
async fn bad_tags_and_arns_are_refused() {
    let server = TestServer::with(&[("limits.tags_per_pool", "2")]).await;
    let id = server.pool(json!({ "UserPoolTags": { "a": "1" } })).await;
    let arn = described(&server, &id).await["Arn"].as_str().unwrap().to_owned();
    let account = &server.cx.config.aws.account;
    let missing = format!("arn:aws:cognito-idp:us-east-1:{account}:userpool/us-east-1_000000000");
    let unknown = ("ResourceNotFoundException", format!("User pool {id} does not exist."));
    let no_arn = ("InvalidParameterException", "ResourceArn is not the ARN of a user pool.".to_owned());
    let tag = |arn: &str, tags: Value| json!({ "ResourceArn": arn, "Tags": tags });
    for (body, (code, words)) in [
        (
            tag(&arn, json!({ "b": "", "c": "" })),
            ("InvalidParameterException", "User pool cannot have more than 2 tags.".to_owned()),
        ),
        (
            tag(&arn, json!({ "aws:b": "" })),
            ("InvalidParameterException", "Tag key aws:b is invalid: the prefix aws: is reserved.".to_owned()),
        ),
        (
            tag(&missing, json!({})),
            ("ResourceNotFoundException", "User pool us-east-1_000000000 does not exist.".to_owned()),
        ),
        (tag(&arn.replace("us-east-1:", "eu-west-1:"), json!({})), unknown.clone()),
        (tag(&arn.replace(account, "000000000000"), json!({})), unknown.clone()),
        (tag(&arn.replace("userpool/", "identitypool/"), json!({})), no_arn.clone()),
        (tag(&arn.replace("cognito-idp", "sns"), json!({})), no_arn.clone()),
        (tag(&format!("{arn}:more"), json!({})), no_arn),
    ] {
        let refused = server.refused("TagResource", body.clone()).await;
        assert_eq!(refused, (code.to_owned(), words), "{body}");
    }
    let refused = server.refused("UntagResource", json!({ "ResourceArn": arn })).await;
    assert_eq!(
        refused.1,
        "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null"
    );
    let tags = server.ok("ListTagsForResource", json!({ "ResourceArn": arn })).await;
    assert_eq!(tags, json!({ "Tags": { "a": "1" } }));
}
