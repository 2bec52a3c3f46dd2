//! App clients and their secrets.

use cognate_crypto::ids;
use cognate_shapes::client::{ClientSecretDescriptor, ClientSettings, UserPoolClient, UserPoolClientDescription};
use cognate_shapes::enums::ClientType;
use cognate_shapes::error::Code::{
    self, AccessDenied, ConcurrentModification, FeatureUnavailableInTier, InternalError, InternalServer,
    InvalidOAuthFlow, InvalidParameter, LimitExceeded, NotAuthorized, OperationNotEnabled, ResourceNotFound,
    ScopeDoesNotExist, TooManyRequests,
};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::{
    ClientId, ClientName, ClientSecret, ClientSecretId, PaginationKey, QueryLimitMin1, UserPoolId,
};
use cognate_shapes::{Input, Output, Timestamp};
use cognate_store::clients;

use super::operation::{Done, Iam, NoBody, Operation};
use super::pagination;
use crate::context::Context;
use crate::directory::{self, Client, Secret, client_changes, described};

/// How many clients a page of a list has unless the request says.
const PAGE: i64 = 60;

/// Makes an app client of a user pool.
#[derive(Debug, Input)]
pub struct CreateUserPoolClient {
    pub user_pool_id: UserPoolId,
    pub client_name: ClientName,
    pub generate_secret: Option<bool>,
    pub client_secret: Option<ClientSecret>,
    #[wire(flatten)]
    pub settings: ClientSettings,
}

/// The new client, with its secret if it has one.
#[derive(Debug, Output)]
pub struct UserPoolClientOutput {
    pub user_pool_client: Option<UserPoolClient>,
}

impl Operation for CreateUserPoolClient {
    type Caller = Iam;
    type Output = UserPoolClientOutput;
    const ERRORS: &[Code] = &[
        InvalidParameter,
        ResourceNotFound,
        TooManyRequests,
        LimitExceeded,
        NotAuthorized,
        ScopeDoesNotExist,
        InvalidOAuthFlow,
        OperationNotEnabled,
        InternalError,
        FeatureUnavailableInTier,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<UserPoolClientOutput> {
        if self.generate_secret == Some(true) && self.client_secret.is_some() {
            return Err(Error::two_sources_of_secret());
        }
        let now = cx.clock.now_ms();
        let id = ids::client_id(cx.rng.bytes());
        let confidential = self.generate_secret == Some(true) || self.client_secret.is_some();
        let secret = confidential.then(|| client_changes::secret(cx, self.client_secret.as_deref(), &id, now));
        let client = Client {
            id,
            pool_id: self.user_pool_id.as_str().to_owned(),
            name: self.client_name.as_str().to_owned(),
            created_ms: now,
            modified_ms: now,
            secrets: secret.into_iter().collect(),
            settings: self.settings,
            sso_minutes: None,
        };
        let client = client_changes::insert(cx, &caller.principal, client).await?;
        Ok(UserPoolClientOutput { user_pool_client: Some(described::client(&client)) })
    }
}

/// Describes an app client.
#[derive(Debug, Input)]
pub struct DescribeUserPoolClient {
    pub user_pool_id: UserPoolId,
    pub client_id: ClientId,
}

impl Operation for DescribeUserPoolClient {
    type Caller = Iam;
    type Output = UserPoolClientOutput;
    const ERRORS: &[Code] =
        &[ResourceNotFound, InvalidParameter, TooManyRequests, OperationNotEnabled, NotAuthorized, InternalError];

    async fn call(self, cx: &Context, caller: Iam) -> Result<UserPoolClientOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let client = directory::stored_client_of(cx, &pool, &self.client_id).await?;
        Ok(UserPoolClientOutput { user_pool_client: Some(described::client(&client)) })
    }
}

/// Replaces the settings of an app client: what is absent goes back to its default.
#[derive(Debug, Input)]
pub struct UpdateUserPoolClient {
    pub user_pool_id: UserPoolId,
    pub client_id: ClientId,
    pub client_name: Option<ClientName>,
    #[wire(flatten)]
    pub settings: ClientSettings,
}

impl Operation for UpdateUserPoolClient {
    type Caller = Iam;
    type Output = UserPoolClientOutput;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        InvalidParameter,
        ConcurrentModification,
        TooManyRequests,
        NotAuthorized,
        ScopeDoesNotExist,
        InvalidOAuthFlow,
        OperationNotEnabled,
        InternalError,
        FeatureUnavailableInTier,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<UserPoolClientOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let before = directory::stored_client_of(cx, &pool, &self.client_id).await?;
        let name = self.client_name.clone();
        let client = client_changes::replace(cx, &caller.principal, &before, name.as_deref(), self.settings).await?;
        Ok(UserPoolClientOutput { user_pool_client: Some(described::client(&client)) })
    }
}

/// Deletes an app client.
#[derive(Debug, Input)]
pub struct DeleteUserPoolClient {
    pub user_pool_id: UserPoolId,
    pub client_id: ClientId,
}

impl Operation for DeleteUserPoolClient {
    type Caller = Iam;
    type Output = NoBody;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        InvalidParameter,
        TooManyRequests,
        NotAuthorized,
        ConcurrentModification,
        OperationNotEnabled,
        InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<NoBody> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        client_changes::delete(cx, &pool, &self.client_id).await?;
        Ok(NoBody)
    }
}

/// Lists the app clients of a user pool.
#[derive(Debug, Input)]
pub struct ListUserPoolClients {
    pub user_pool_id: UserPoolId,
    pub max_results: Option<QueryLimitMin1>,
    pub next_token: Option<PaginationKey>,
    pub client_type: Option<ClientType>,
}

/// A page of clients.
#[derive(Debug, Output)]
pub struct ListUserPoolClientsOutput {
    pub user_pool_clients: Option<Vec<UserPoolClientDescription>>,
    pub next_token: Option<PaginationKey>,
}

impl Operation for ListUserPoolClients {
    type Caller = Iam;
    type Output = ListUserPoolClientsOutput;
    const ERRORS: &[Code] =
        &[InvalidParameter, ResourceNotFound, TooManyRequests, NotAuthorized, OperationNotEnabled, InternalError];

    async fn call(self, cx: &Context, caller: Iam) -> Result<ListUserPoolClientsOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let kind = self.client_type.map(ClientType::as_str);
        let scope = ("ListUserPoolClients", &pool.account, &pool.id, kind);
        let token = self.next_token.as_deref();
        let after = token.map(|token| pagination::open::<String>(cx, &scope, token)).transpose()?.unwrap_or_default();
        let size = self.max_results.map_or(PAGE, |size| size.0);
        // Nobody can register a client dynamically yet, so all are regular.
        let found = if self.client_type == Some(ClientType::Dcr) {
            Vec::new()
        } else {
            let id = pool.id.clone();
            cx.store.scan(move |tx| clients::list(tx, &id, &after, size + 1)).await?
        };
        let (found, next) = pagination::page(cx, &scope, found, size as usize, |client| &client.id)?;
        let describe = |client: clients::Client| UserPoolClientDescription {
            client_id: Some(ClientId::trusted(client.id)),
            user_pool_id: Some(UserPoolId::trusted(client.pool_id)),
            client_name: Some(ClientName::trusted(client.name)),
        };
        Ok(ListUserPoolClientsOutput {
            user_pool_clients: Some(found.into_iter().map(describe).collect()),
            next_token: next.map(PaginationKey::trusted),
        })
    }
}

/// Gives a confidential client a second secret, so that the first can be replaced.
#[derive(Debug, Input)]
pub struct AddUserPoolClientSecret {
    pub user_pool_id: UserPoolId,
    pub client_id: ClientId,
    pub client_secret: Option<ClientSecret>,
}

/// The new secret; its value only if the server made it.
#[derive(Debug, Output)]
pub struct AddUserPoolClientSecretOutput {
    pub client_secret_descriptor: Option<ClientSecretDescriptor>,
}

impl Operation for AddUserPoolClientSecret {
    type Caller = Iam;
    type Output = AddUserPoolClientSecretOutput;
    const ERRORS: &[Code] =
        &[InvalidParameter, InternalServer, TooManyRequests, LimitExceeded, AccessDenied, ResourceNotFound];

    async fn call(self, cx: &Context, caller: Iam) -> Result<AddUserPoolClientSecretOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let client = directory::stored_client_of(cx, &pool, &self.client_id).await?;
        let given = self.client_secret.as_deref();
        let secret = client_changes::secret(cx, given, &client.id, cx.clock.now_ms());
        let secret = client_changes::add_secret(cx, &client, secret).await?;
        let value = given.is_none().then(|| ClientSecret::trusted(secret.expose()));
        let descriptor = ClientSecretDescriptor { client_secret_value: value, ..descriptor(&secret) };
        Ok(AddUserPoolClientSecretOutput { client_secret_descriptor: Some(descriptor) })
    }
}

/// Lists a client's secrets without their values.
#[derive(Debug, Input)]
pub struct ListUserPoolClientSecrets {
    pub user_pool_id: UserPoolId,
    pub client_id: ClientId,
    pub next_token: Option<PaginationKey>,
}

/// All of them: there is never a second page.
#[derive(Debug, Output)]
pub struct ListUserPoolClientSecretsOutput {
    pub client_secrets: Option<Vec<ClientSecretDescriptor>>,
    pub next_token: Option<PaginationKey>,
}

impl Operation for ListUserPoolClientSecrets {
    type Caller = Iam;
    type Output = ListUserPoolClientSecretsOutput;
    const ERRORS: &[Code] = &[InvalidParameter, InternalServer, TooManyRequests, LimitExceeded, ResourceNotFound];

    async fn call(self, cx: &Context, caller: Iam) -> Result<ListUserPoolClientSecretsOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let client = directory::stored_client_of(cx, &pool, &self.client_id).await?;
        if self.next_token.is_some() {
            return Err(Error::invalid_pagination_token());
        }
        let secrets = client.secrets.iter().map(descriptor).collect();
        Ok(ListUserPoolClientSecretsOutput { client_secrets: Some(secrets), next_token: None })
    }
}

/// A secret without its value.
fn descriptor(secret: &Secret) -> ClientSecretDescriptor {
    ClientSecretDescriptor {
        client_secret_id: Some(ClientSecretId::trusted(&secret.id)),
        client_secret_value: None,
        client_secret_create_date: Some(Timestamp(secret.created_ms)),
    }
}

/// Takes one of two secrets away from a client.
#[derive(Debug, Input)]
pub struct DeleteUserPoolClientSecret {
    pub user_pool_id: UserPoolId,
    pub client_id: ClientId,
    pub client_secret_id: ClientSecretId,
}

impl Operation for DeleteUserPoolClientSecret {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] = &[InvalidParameter, InternalServer, TooManyRequests, LimitExceeded, ResourceNotFound];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let client = directory::stored_client_of(cx, &pool, &self.client_id).await?;
        client_changes::delete_secret(cx, &client, &self.client_secret_id).await?;
        Ok(Done {})
    }
}
