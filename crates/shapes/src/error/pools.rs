//! What is said of user pools: their settings, schema, tags and tiers.

use super::{Code, Error};
use crate::enums::{UserPoolTier, VerifiedAttribute};

/// Quotas and states of a pool.
impl Error {
    pub fn too_many_pools(limit: u64) -> Self {
        Self::new(Code::LimitExceeded, format!("Account cannot have more than {limit} user pools."))
    }

    pub fn pool_changed_meanwhile() -> Self {
        Self::new(Code::ConcurrentModification, "User pool was modified by another request, please try again.")
    }

    pub fn deletion_protected() -> Self {
        Self::invalid(
            "The user pool cannot be deleted because deletion protection is activated. \
             Deletion protection must be inactivated first.",
        )
    }

    pub fn invalid_region() -> Self {
        Self::invalid("The Region of the request is not a Region's name.")
    }
}

/// Settings that exclude or need one another.
impl Error {
    pub fn features_unavailable(tier: UserPoolTier, features: &[&str]) -> Self {
        Self::new(
            Code::FeatureUnavailableInTier,
            format!(
                "The following features need to be disabled for the {tier} pricing tier configured: {}",
                features.join(", ")
            ),
        )
    }

    pub fn feature_unavailable(tier: UserPoolTier, feature: &str) -> Self {
        Self::new(
            Code::FeatureUnavailableInTier,
            format!("The following feature is not available for the {tier} pricing tier configured: {feature}"),
        )
    }

    pub fn alias_and_username_attributes() -> Self {
        Self::invalid("Only one of the aliasAttributes or usernameAttributes can be set in a User pool.")
    }

    pub fn password_not_a_first_factor() -> Self {
        Self::invalid("Password should be configured as one of the allowed first auth factors.")
    }

    pub fn software_token_as_first_factor() -> Self {
        Self::invalid("SOFTWARE_TOKEN cannot be configured as one of the allowed first auth factors.")
    }

    pub fn sms_needed_for_first_factor() -> Self {
        Self::invalid("SMS configuration is required when SMS_OTP is one of the allowed first auth factors")
    }

    pub fn sms_needed_for_auto_verification() -> Self {
        Self::invalid("SMS configuration is required when phone_number is selected for auto verification")
    }

    pub fn sms_needed_for_mfa() -> Self {
        Self::invalid(
            "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
        )
    }

    /// Two names for how long a temporary password is good.
    pub fn unused_account_validity_days() -> Self {
        Self::invalid("Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays")
    }

    pub fn verification_before_update(asked: &[VerifiedAttribute], auto_verified: &[VerifiedAttribute]) -> Self {
        let names = |all: &[VerifiedAttribute]| all.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ");
        Self::invalid(format!(
            "All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes. \
             AttributesRequireVerificationBeforeUpdate: [{}], AutoVerifiedAttributes: [{}]",
            names(asked),
            names(auto_verified)
        ))
    }

    pub fn duplicate_recovery_mechanisms() -> Self {
        Self::invalid("Account Recovery Setting cannot have duplicate priorities or recovery mechanisms.")
    }

    pub fn admin_only_recovery_with_others() -> Self {
        Self::invalid("Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms.")
    }

    pub fn duplicate_acr_values() -> Self {
        Self::invalid("AcrConfiguration cannot use one AcrValue for two levels, the default values counted.")
    }
}

/// Settings that name resources elsewhere.
impl Error {
    pub fn pre_token_generation_arns_differ() -> Self {
        Self::invalid("Cannot use PreTokenGenerationLambda and PreTokenGeneration with different Lambda function ARN's")
    }

    pub fn custom_sender_without_key() -> Self {
        Self::invalid("KMSKeyId parameter is required when Custom SMS/Email Lambda trigger is used.")
    }

    /// A KMS key of another Region than the pool's.
    pub fn key_of_another_region(region: &str) -> Self {
        Self::invalid(format!("Invalid arn {region}"))
    }

    pub fn key_without_arn() -> Self {
        Self::invalid("KmsKeyArn is required when KeyType is CUSTOMER_MANAGED_KEY.")
    }

    pub fn arn_of_an_aws_owned_key() -> Self {
        Self::invalid("KmsKeyArn cannot be set when KeyType is AWS_OWNED_KEY.")
    }

    pub fn developer_email_without_source() -> Self {
        Self::invalid("Source ARN is required to use DEVELOPER email sending owner")
    }

    pub fn invalid_from_address() -> Self {
        Self::invalid("Provided From email address is invalid")
    }

    pub fn source_arn_region(allowed: &[&str]) -> Self {
        Self::invalid(format!(
            "Provided SourceArn must be in one of the following SES regions: {}.",
            allowed.join(", ")
        ))
    }

    pub fn configuration_set_without_developer() -> Self {
        Self::invalid("ConfigurationSet can only be used with DEVELOPER email sending owner")
    }

    pub fn sns_region(region: &str, allowed: &[&str]) -> Self {
        Self::invalid(format!("Invalid snsRegion. Allowed SNS region for {region} is {}", allowed.join(", ")))
    }

    pub fn eums_sms_region(region: &str) -> Self {
        Self::invalid(format!("Invalid EumsSms region. Allowed region for {region} is {region}"))
    }

    pub fn sms_sender_ambiguous() -> Self {
        Self::invalid("Only one of SnsCallerArn or EumsSms can be set in SmsConfiguration.")
    }

    pub fn sms_sender_missing() -> Self {
        Self::invalid("Either SnsCallerArn or EumsSms is required in SmsConfiguration.")
    }
}

/// The schema; `name` is the full name, such as `custom:plan`.
impl Error {
    pub fn attribute_without_name() -> Self {
        Self::invalid("Name is required for every schema attribute.")
    }

    pub fn duplicate_attribute(name: &str) -> Self {
        let kind = if name.contains(':') { "custom" } else { "standard" };
        Self::invalid(format!("Duplicate {kind} attribute names {name} are not allowed in a user pool schema."))
    }

    pub fn standard_attribute_retyped(name: &str) -> Self {
        Self::invalid(format!(
            "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute {name}"
        ))
    }

    pub fn reserved_attribute(name: &str) -> Self {
        Self::invalid(format!("You can not change schema attribute {name}"))
    }

    pub fn required_custom_attribute() -> Self {
        Self::invalid("Required custom attributes are not supported currently.")
    }

    pub fn attribute_without_type() -> Self {
        Self::invalid("Invalid AttributeDataType input, consider using the provided AttributeDataType enum.")
    }

    pub fn invalid_string_constraints(name: &str) -> Self {
        Self::invalid(format!("Invalid StringAttributeConstraints for schema attribute {name}"))
    }

    pub fn invalid_number_constraints(name: &str) -> Self {
        Self::invalid(format!("Invalid NumberAttributeConstraints for schema attribute {name}"))
    }

    pub fn string_attribute_too_long(name: &str) -> Self {
        Self::invalid(format!("user.{name}: String attributes cannot have a length of more than 2048"))
    }

    pub fn lengths_crossed(name: &str) -> Self {
        if name.contains(':') {
            Self::invalid(format!("Attribute {name} cannot have a max length shorter than it's min length"))
        } else {
            Self::invalid(format!("user.{name}: Max length cannot be less than min length."))
        }
    }

    pub fn values_crossed(name: &str) -> Self {
        if name.contains(':') {
            Self::invalid(format!("Attribute {name} cannot have a max value smaller than it's min value"))
        } else {
            Self::invalid(format!("user.{name}: Max value cannot be less than min value."))
        }
    }

    /// `custom` is the name asked for, `existing` the one that has it.
    pub fn attribute_exists(custom: &str, existing: &str) -> Self {
        Self::invalid(format!("{custom}: Existing attribute already has name {existing}."))
    }

    /// `code` is what the operation lists for a quota.
    pub fn too_many_custom_attributes(code: Code, limit: u64) -> Self {
        Self::new(code, format!("User pool cannot have more than {limit} custom attributes."))
    }
}

/// Tags; `code` is what the operation lists for bad ones.
impl Error {
    pub fn too_many_tags(code: Code, limit: u64) -> Self {
        Self::new(code, format!("User pool cannot have more than {limit} tags."))
    }

    pub fn reserved_tag(code: Code, key: &str) -> Self {
        Self::new(code, format!("Tag key {key} is invalid: the prefix aws: is reserved."))
    }

    pub fn not_a_pool_arn() -> Self {
        Self::invalid("ResourceArn is not the ARN of a user pool.")
    }
}
