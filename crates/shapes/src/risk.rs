//! Threat protection: its settings, and the events it keeps.

use crate::enums::{
    AccountTakeoverEventAction, CompromisedCredentialsEventAction, EventChallengeName, EventChallengeResponse,
    EventFilter, EventResponse, EventType, FeedbackValue, RiskDecision, RiskLevel,
};
use crate::scalars::{
    Arn, BlockedIpRangeList, ClientId, EmailNotificationBody, EmailNotificationSubject, SkippedIpRangeList, Text,
    UserPoolId,
};
use crate::{Input, Output, Timestamp};

/// The `CompromisedCredentialsActions` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct CompromisedCredentialsActions {
    pub event_action: CompromisedCredentialsEventAction,
}

/// The `CompromisedCredentialsRiskConfiguration` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct CompromisedCredentialsRiskConfiguration {
    pub event_filter: Option<Vec<EventFilter>>,
    pub actions: CompromisedCredentialsActions,
}

/// The `NotifyEmail` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct NotifyEmail {
    pub subject: EmailNotificationSubject,
    pub html_body: Option<EmailNotificationBody>,
    pub text_body: Option<EmailNotificationBody>,
}

/// The `NotifyConfiguration` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct NotifyConfiguration {
    pub from: Option<Text>,
    pub reply_to: Option<Text>,
    pub source_arn: Arn,
    pub block_email: Option<NotifyEmail>,
    pub no_action_email: Option<NotifyEmail>,
    pub mfa_email: Option<NotifyEmail>,
}

/// The `AccountTakeoverAction` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct AccountTakeoverAction {
    pub notify: bool,
    pub event_action: AccountTakeoverEventAction,
}

/// The `AccountTakeoverActions` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct AccountTakeoverActions {
    pub low_action: Option<AccountTakeoverAction>,
    pub medium_action: Option<AccountTakeoverAction>,
    pub high_action: Option<AccountTakeoverAction>,
}

/// The `AccountTakeoverRiskConfiguration` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct AccountTakeoverRiskConfiguration {
    pub notify_configuration: Option<NotifyConfiguration>,
    pub actions: AccountTakeoverActions,
}

/// The `RiskExceptionConfiguration` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct RiskExceptionConfiguration {
    #[wire("BlockedIPRangeList")]
    pub blocked_ip_range_list: Option<BlockedIpRangeList>,
    #[wire("SkippedIPRangeList")]
    pub skipped_ip_range_list: Option<SkippedIpRangeList>,
}

/// The `RiskConfiguration` structure.
#[derive(Clone, Debug, Default, PartialEq, Output)]
pub struct RiskConfiguration {
    pub user_pool_id: Option<UserPoolId>,
    pub client_id: Option<ClientId>,
    pub compromised_credentials_risk_configuration: Option<CompromisedCredentialsRiskConfiguration>,
    pub account_takeover_risk_configuration: Option<AccountTakeoverRiskConfiguration>,
    pub risk_exception_configuration: Option<RiskExceptionConfiguration>,
    pub last_modified_date: Option<Timestamp>,
}

/// The `EventRisk` structure.
#[derive(Clone, Debug, Default, PartialEq, Output)]
pub struct EventRisk {
    pub risk_decision: Option<RiskDecision>,
    pub risk_level: Option<RiskLevel>,
    pub compromised_credentials_detected: Option<bool>,
}

/// The `ChallengeResponse` structure.
#[derive(Clone, Debug, Default, PartialEq, Output)]
pub struct ChallengeResponse {
    pub challenge_name: Option<EventChallengeName>,
    pub challenge_response: Option<EventChallengeResponse>,
}

/// The `EventContextData` structure.
#[derive(Clone, Debug, Default, PartialEq, Output)]
pub struct EventContextData {
    pub ip_address: Option<Text>,
    pub device_name: Option<Text>,
    pub timezone: Option<Text>,
    pub city: Option<Text>,
    pub country: Option<Text>,
}

/// The `EventFeedback` structure.
#[derive(Clone, Debug, PartialEq, Output)]
pub struct EventFeedback {
    pub feedback_value: FeedbackValue,
    pub provider: Text,
    pub feedback_date: Option<Timestamp>,
}

/// The `AuthEvent` structure.
#[derive(Clone, Debug, Default, PartialEq, Output)]
pub struct AuthEvent {
    pub event_id: Option<Text>,
    pub event_type: Option<EventType>,
    pub creation_date: Option<Timestamp>,
    pub event_response: Option<EventResponse>,
    pub event_risk: Option<EventRisk>,
    pub challenge_responses: Option<Vec<ChallengeResponse>>,
    pub event_context_data: Option<EventContextData>,
    pub event_feedback: Option<EventFeedback>,
}
