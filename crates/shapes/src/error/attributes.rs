//! What is said of users' attributes, and of the searches for them.

use std::fmt;

use super::{Code, Error};

/// Values and the schema.
impl Error {
    pub fn unauthorized_attribute() -> Self {
        Self::not_authorized("A client attempted to write unauthorized attribute")
    }

    pub fn schema(reason: impl fmt::Display) -> Self {
        Self::invalid(format!("Attributes did not conform to the schema: {reason}"))
    }

    /// Attributes that a change cannot touch, each with why: a line each, and a blank at the end.
    pub fn fixed_attributes<'a>(refused: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let lines: Vec<_> = refused.into_iter().map(|(name, reason)| format!("user.{name}: {reason}\n")).collect();
        Self::invalid(lines.concat() + " ")
    }

    /// Attributes to delete that the schema does not have.
    pub fn unknown_attributes<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let line = |name| format!("user.{name}: Attribute does not exist in the schema.\n");
        let lines: Vec<_> = names.into_iter().map(line).collect();
        Self::invalid(format!("Invalid user attributes: {}", lines.concat()))
    }

    pub fn invalid_email() -> Self {
        Self::invalid("Invalid email address format.")
    }

    pub fn invalid_phone_number() -> Self {
        Self::invalid("Invalid phone number format.")
    }

    /// A flag says that `attribute` is verified, and there is no value of it.
    pub fn nothing_to_verify(attribute: &str) -> Self {
        Self::invalid(format!("{attribute} is required to set {attribute}_verified to true"))
    }
}

/// Codes for attributes.
impl Error {
    /// Neither `email` nor `phone_number`.
    pub fn unverifiable_attribute(name: &str) -> Self {
        Self::invalid(format!("Attribute {name} cannot be verified, only email and phone_number can."))
    }

    pub fn no_attribute(name: &str) -> Self {
        Self::invalid(format!("User has no attribute {name}"))
    }
}

/// Searches.
impl Error {
    pub fn unparseable_filter() -> Self {
        Self::invalid("Error while parsing filter")
    }

    pub fn unsearchable_attribute(name: &str) -> Self {
        Self::invalid(format!("Invalid search attribute: {name}"))
    }

    pub fn unknown_attributes_to_get() -> Self {
        Self::invalid("One or more requested attributes do not exist in user pool.")
    }
}

/// Users whom administrators make.
impl Error {
    /// `AdminCreateUser` lists no `AliasExistsException`; the service answers it so, in the words for an alias.
    pub fn alias_of_another_account(attribute: &str) -> Self {
        Self::new(Code::UsernameExists, format!("An account with the {attribute} already exists."))
    }

    /// `SignUp` says it as `LimitExceededException`, which `AdminCreateUser` does not list.
    pub fn too_many_users(code: Code, most: u64) -> Self {
        Self::new(code, format!("User pool cannot have more than {most} users."))
    }

    pub fn resend_not_possible(username: &str) -> Self {
        Self::new(
            Code::UnsupportedUserState,
            format!("Resend not possible. {username} status is not FORCE_CHANGE_PASSWORD"),
        )
    }

    pub fn no_delivery_destination() -> Self {
        Self::invalid("User has no attribute for the desired delivery mediums.")
    }
}
