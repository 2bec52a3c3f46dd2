//! Which settings a pool's pricing tier allows.

use cognate_shapes::enums::{AdvancedSecurityMode, AuthFactor, PreTokenGenerationLambdaVersion, Status, UserPoolTier};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::pool::Settings;

/// Refuses settings that need a higher tier, all of them named at once.
pub fn admit(settings: &Settings, tier: UserPoolTier) -> Result<()> {
    let mut features = Vec::new();
    if tier == UserPoolTier::Lite {
        let policies = settings.policies.as_ref();
        let factors = policies
            .and_then(|policies| policies.sign_in_policy.as_ref())
            .and_then(|policy| policy.allowed_first_auth_factors.as_ref());
        if factors.is_some_and(|factors| factors.iter().any(|factor| *factor != AuthFactor::Password)) {
            features.push("Passwordless Sign-In");
        }
        let password = policies.and_then(|policies| policies.password_policy.as_ref());
        if password.and_then(|policy| policy.password_history_size).is_some_and(|size| size.0 > 0) {
            features.push("Password History");
        }
        let trigger = settings.lambda_config.as_ref().and_then(|config| config.pre_token_generation_config.as_ref());
        match trigger.map(|trigger| trigger.lambda_version) {
            Some(PreTokenGenerationLambdaVersion::V20) => {
                features.push("Token Customization with Pre-Token Generation Lambda V2_0");
            }
            Some(PreTokenGenerationLambdaVersion::V30) => {
                features.push("Token Customization with Pre-Token Generation Lambda V3_0");
            }
            Some(PreTokenGenerationLambdaVersion::V10) | None => {}
        }
        if settings.acr_configuration.is_some() {
            features.push("ACR Configuration");
        }
        let registration = settings.dcr_configuration.as_ref();
        if registration.is_some_and(|dcr| dcr.enable_status != Some(Status::Disabled)) {
            features.push("Dynamic Client Registration");
        }
    }
    if tier != UserPoolTier::Plus && protects_from_threats(settings) {
        features.push("Threat Protection");
    }
    if features.is_empty() { Ok(()) } else { Err(Error::features_unavailable(tier, &features)) }
}

/// Whether threat protection watches or acts.
pub fn protects_from_threats(settings: &Settings) -> bool {
    settings
        .user_pool_add_ons
        .as_ref()
        .is_some_and(|add_ons| add_ons.advanced_security_mode != AdvancedSecurityMode::Off)
}
