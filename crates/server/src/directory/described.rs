//! Pools and clients as the API describes them.

use cognate_shapes::Timestamp;
use cognate_shapes::client::UserPoolClient;
use cognate_shapes::enums::ClientType;
use cognate_shapes::pool::UserPool;
use cognate_shapes::scalars::{Arn, ClientId, ClientName, ClientSecret, SchemaAttributes, UserPoolId, UserPoolName};

use super::client::Client;
use super::pool::Pool;
use super::schema_rules;

/// The pool as Create and Describe answer it; `users` is how many it has.
pub fn pool(pool: &Pool, users: i64) -> UserPool {
    UserPool {
        id: Some(UserPoolId::trusted(&pool.id)),
        name: Some(UserPoolName::trusted(&pool.name)),
        last_modified_date: Some(Timestamp(pool.modified_ms)),
        creation_date: Some(Timestamp(pool.created_ms)),
        schema_attributes: Some(SchemaAttributes(pool.schema.iter().map(schema_rules::described).collect())),
        estimated_number_of_users: Some(users),
        arn: Some(Arn::trusted(pool.arn())),
        settings: pool.settings.clone(),
        ..UserPool::default()
    }
}

/// The client as Create, Update and Describe answer it: with its secret, the older one where it has two.
pub fn client(client: &Client) -> UserPoolClient {
    UserPoolClient {
        user_pool_id: Some(UserPoolId::trusted(&client.pool_id)),
        client_name: Some(ClientName::trusted(&client.name)),
        client_id: Some(ClientId::trusted(&client.id)),
        client_secret: client.secrets.first().map(|secret| ClientSecret::trusted(secret.expose())),
        last_modified_date: Some(Timestamp(client.modified_ms)),
        creation_date: Some(Timestamp(client.created_ms)),
        settings: client.settings.clone(),
        client_type: Some(ClientType::Regular),
    }
}
