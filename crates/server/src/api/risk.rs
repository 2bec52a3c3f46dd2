//! Threat protection: what is done about risk, and what was seen.

use std::sync::Arc;

use cognate_shapes::enums::FeedbackValue;
use cognate_shapes::error::Code::{
    self, CodeDeliveryFailure, InternalError, InvalidEmailRoleAccessPolicy, InvalidParameter, NotAuthorized,
    OperationNotEnabled, ResourceNotFound, TooManyRequests, UserNotFound, UserPoolAddOnNotEnabled,
};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::risk::{
    AccountTakeoverRiskConfiguration, AuthEvent, CompromisedCredentialsRiskConfiguration, RiskConfiguration,
    RiskExceptionConfiguration,
};
use cognate_shapes::scalars::{ClientId, EventId, PaginationKey, QueryLimit, Token, UserPoolId, Username};
use cognate_shapes::{Input, Output, Timestamp};
use cognate_store::auth_events;

use super::operation::{Done, Iam, Operation, Public};
use super::pagination;
use crate::accounts::user;
use crate::context::Context;
use crate::directory::{self, Pool};
use crate::threat::rules::{Configuration, changed};
use crate::threat::{self, events, feedback};

/// Sets what a pool, or one of its clients, does about risk, in place of what was set before.
#[derive(Debug, Input)]
pub struct SetRiskConfiguration {
    pub user_pool_id: UserPoolId,
    pub client_id: Option<ClientId>,
    pub compromised_credentials_risk_configuration: Option<CompromisedCredentialsRiskConfiguration>,
    pub account_takeover_risk_configuration: Option<AccountTakeoverRiskConfiguration>,
    pub risk_exception_configuration: Option<RiskExceptionConfiguration>,
}

/// What was set.
#[derive(Debug, Output)]
pub struct RiskConfigurationOutput {
    pub risk_configuration: RiskConfiguration,
}

impl Operation for SetRiskConfiguration {
    type Caller = Iam;
    type Output = RiskConfigurationOutput;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        InvalidParameter,
        TooManyRequests,
        NotAuthorized,
        UserPoolAddOnNotEnabled,
        CodeDeliveryFailure,
        InvalidEmailRoleAccessPolicy,
        OperationNotEnabled,
        InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<RiskConfigurationOutput> {
        let pool = protected(directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?)?;
        if let Some(client_id) = &self.client_id {
            directory::client_of(cx, &pool, client_id).await?;
        }
        let configuration = Configuration {
            compromised_credentials_risk_configuration: self.compromised_credentials_risk_configuration,
            account_takeover_risk_configuration: self.account_takeover_risk_configuration,
            risk_exception_configuration: self.risk_exception_configuration,
        };
        configuration.check()?;
        let now = cx.clock.now_ms();
        let client = self.client_id.as_deref().unwrap_or_default().to_owned();
        let (stored, pool_id) = (configuration.clone(), pool.id.clone());
        cx.store.write(move |tx| stored.store(tx, &pool_id, &client, now)).await?;
        cx.threat.forget(Some(&changed(&pool.id)));
        let risk_configuration = described(&pool, self.client_id, configuration, Some(now));
        Ok(RiskConfigurationOutput { risk_configuration })
    }
}

/// Shows what a pool, or one of its clients, does about risk.
#[derive(Debug, Input)]
pub struct DescribeRiskConfiguration {
    pub user_pool_id: UserPoolId,
    pub client_id: Option<ClientId>,
}

impl Operation for DescribeRiskConfiguration {
    type Caller = Iam;
    type Output = RiskConfigurationOutput;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        InvalidParameter,
        TooManyRequests,
        NotAuthorized,
        UserPoolAddOnNotEnabled,
        OperationNotEnabled,
        InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<RiskConfigurationOutput> {
        let pool = protected(directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?)?;
        if let Some(client_id) = &self.client_id {
            directory::client_of(cx, &pool, client_id).await?;
        }
        let (pool_id, client) = (pool.id.clone(), self.client_id.as_deref().unwrap_or_default().to_owned());
        let stored = cx.store.read(move |tx| {
            let own = if client.is_empty() { None } else { Configuration::stored(tx, &pool_id, &client)? };
            Ok::<_, Error>((own, Configuration::stored(tx, &pool_id, "")?))
        });
        let (own, of_pool) = stored.await?;
        let modified = own.as_ref().or(of_pool.as_ref()).map(|(_, modified_ms)| *modified_ms);
        let general = of_pool.map(|(configuration, _)| configuration).unwrap_or_default();
        let configuration = own.map(|(configuration, _)| configuration).unwrap_or_default().over(general);
        let risk_configuration = described(&pool, self.client_id, configuration, modified);
        Ok(RiskConfigurationOutput { risk_configuration })
    }
}

/// Lists what threat protection saw of a user, newest first.
#[derive(Debug, Input)]
pub struct AdminListUserAuthEvents {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    pub max_results: Option<QueryLimit>,
    pub next_token: Option<PaginationKey>,
}

/// One page of events.
#[derive(Debug, Output)]
pub struct AdminListUserAuthEventsOutput {
    pub auth_events: Option<Vec<AuthEvent>>,
    pub next_token: Option<PaginationKey>,
}

impl Operation for AdminListUserAuthEvents {
    type Caller = Iam;
    type Output = AdminListUserAuthEventsOutput;
    const ERRORS: &[Code] = &[
        InvalidParameter,
        ResourceNotFound,
        TooManyRequests,
        NotAuthorized,
        UserNotFound,
        OperationNotEnabled,
        UserPoolAddOnNotEnabled,
        InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<AdminListUserAuthEventsOutput> {
        let pool = protected(directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?)?;
        let size = pagination::size(self.max_results);
        let after = self.next_token.as_deref().map(after).transpose()?;
        let (before_ms, before_id) = after.unwrap_or((i64::MAX, String::new()));
        let found = cx.store.read(move |tx| {
            let user = user::by_name(tx, &pool, &self.username)?.ok_or_else(Error::user_not_found)?;
            Ok::<_, Error>(auth_events::list(tx, &pool.id, &user.id, before_ms, &before_id, size as i64 + 1)?)
        });
        let mut found = found.await?;
        let more = found.len() > size;
        found.truncate(size);
        let next_token = found.last().filter(|_| more).map(|last| PaginationKey::trusted(token(last)));
        let listed = found.into_iter().map(|row| Ok(events::read(&row)?.wire(row.id, row.created_ms)));
        Ok(AdminListUserAuthEventsOutput { auth_events: Some(listed.collect::<Result<_>>()?), next_token })
    }
}

/// Says as an administrator whether an event was the user's doing.
#[derive(Debug, Input)]
pub struct AdminUpdateAuthEventFeedback {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    pub event_id: EventId,
    pub feedback_value: FeedbackValue,
}

impl Operation for AdminUpdateAuthEventFeedback {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] = &[
        InvalidParameter,
        ResourceNotFound,
        TooManyRequests,
        NotAuthorized,
        UserNotFound,
        UserPoolAddOnNotEnabled,
        OperationNotEnabled,
        InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let pool = protected(directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?)?;
        feedback::by_administrator(cx, &pool, &self.username, &self.event_id, self.feedback_value).await?;
        Ok(Done {})
    }
}

/// Says as the user, by the token of a mail's link, whether an event was the user's doing.
#[derive(Debug, Input)]
pub struct UpdateAuthEventFeedback {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    pub event_id: EventId,
    pub feedback_token: Token,
    pub feedback_value: FeedbackValue,
}

impl Operation for UpdateAuthEventFeedback {
    type Caller = Public;
    type Output = Done;
    const ERRORS: &[Code] = &[
        InvalidParameter,
        ResourceNotFound,
        TooManyRequests,
        NotAuthorized,
        UserNotFound,
        UserPoolAddOnNotEnabled,
        OperationNotEnabled,
        InternalError,
    ];

    async fn call(self, cx: &Context, _: Public) -> Result<Done> {
        let pool = protected(directory::pool(cx, &self.user_pool_id).await?)?;
        let (name, event_id) = (&self.username, &self.event_id);
        feedback::by_user(cx, &pool, name, event_id, &self.feedback_token, self.feedback_value).await?;
        Ok(Done {})
    }
}

/// The pool, if threat protection is on in it.
fn protected(pool: Arc<Pool>) -> Result<Arc<Pool>> {
    if threat::mode(&pool).is_some() { Ok(pool) } else { Err(Error::add_ons_not_enabled()) }
}

fn described(
    pool: &Pool,
    client_id: Option<ClientId>,
    configuration: Configuration,
    modified_ms: Option<i64>,
) -> RiskConfiguration {
    RiskConfiguration {
        user_pool_id: Some(UserPoolId::trusted(pool.id.clone())),
        client_id,
        compromised_credentials_risk_configuration: configuration.compromised_credentials_risk_configuration,
        account_takeover_risk_configuration: configuration.account_takeover_risk_configuration,
        risk_exception_configuration: configuration.risk_exception_configuration,
        last_modified_date: modified_ms.map(Timestamp),
    }
}

/// The token of the page after that event: `<eventId>#<time in ISO 8601>`, as the service's are.
fn token(last: &auth_events::AuthEvent) -> String {
    let at = jiff::Timestamp::from_millisecond(last.created_ms).unwrap_or_default();
    format!("{}#{at:.3}", last.id)
}

/// Where a page begins.
fn after(token: &str) -> Result<(i64, String)> {
    let read = token.split_once('#').and_then(|(id, at)| {
        let at: jiff::Timestamp = at.parse().ok()?;
        Some((at.as_millisecond(), id.to_owned()))
    });
    read.ok_or_else(Error::invalid_pagination_token)
}
