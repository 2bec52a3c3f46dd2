//! User pools: made, described, listed, changed, ended.

use cognate_testkit::TestServer;
use serde_json::json;

#[tokio::test]
async fn a_pool_of_a_name_alone_has_every_default() {
    let server = TestServer::start().await;
    let made = server.ok("CreateUserPool", json!({ "PoolName": "p" })).await;
    let id = made["UserPool"]["Id"].as_str().unwrap();
    let described = server.ok("DescribeUserPool", json!({ "UserPoolId": id })).await;
    assert_eq!(made, described);
}
