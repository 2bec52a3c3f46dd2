//! Users: `UserType`, their attributes and where codes went.

use crate::enums::{DeliveryMedium, UserStatus};
use crate::scalars::{AttributeName, AttributeValue, Text, Username};
use crate::{Input, Output, Timestamp};

/// The `User` structure.
#[derive(Clone, Debug, Default, PartialEq, Output)]
pub struct User {
    pub username: Option<Username>,
    pub attributes: Option<Vec<Attribute>>,
    pub user_create_date: Option<Timestamp>,
    pub user_last_modified_date: Option<Timestamp>,
    pub enabled: Option<bool>,
    pub user_status: Option<UserStatus>,
    #[wire("MFAOptions")]
    pub mfa_options: Option<Vec<MfaOption>>,
}

/// The `Attribute` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct Attribute {
    pub name: AttributeName,
    pub value: Option<AttributeValue>,
}

/// The `MfaOption` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct MfaOption {
    pub delivery_medium: Option<DeliveryMedium>,
    pub attribute_name: Option<AttributeName>,
}

/// The `CodeDeliveryDetails` structure.
#[derive(Clone, Debug, Default, PartialEq, Output)]
pub struct CodeDeliveryDetails {
    pub destination: Option<Text>,
    pub delivery_medium: Option<DeliveryMedium>,
    pub attribute_name: Option<AttributeName>,
}
