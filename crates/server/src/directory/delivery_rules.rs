//! What a pool's e-mail and SMS configuration may be: senders, Regions, the role or identity they need.

use cognate_shapes::enums::EmailSendingAccount;
use cognate_shapes::error::{Error, Result};
use cognate_shapes::pool::{EmailConfiguration, SmsConfiguration};
use cognate_shapes::scalars::RegionCode;

use crate::messages::email::mailbox;

/// Regions whose SES identities pools of several Regions may use.
const SHARED_SES: &[&str] = &["eu-west-1", "us-east-1", "us-west-2"];

/// Regions whose pools may use [`SHARED_SES`] beside their own.
const BORROWS_SES: &[&str] = &[
    "us-east-2",
    "ca-central-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-west-2",
    "eu-central-1",
];

/// The Region an ARN names, if it names one.
pub fn arn_region(arn: &str) -> Option<&str> {
    arn.split(':').nth(3).filter(|region| !region.is_empty())
}

/// The e-mail configuration in force. Whether the identity exists and may be used is not asked.
pub fn email(given: EmailConfiguration, region: &str) -> Result<EmailConfiguration> {
    let account = given.email_sending_account.unwrap_or(EmailSendingAccount::CognitoDefault);
    let developer = account == EmailSendingAccount::Developer;
    if developer && given.source_arn.is_none() {
        return Err(Error::developer_email_without_source());
    }
    if given.configuration_set.is_some() && !developer {
        return Err(Error::configuration_set_without_developer());
    }
    if let Some(arn) = &given.source_arn {
        let allowed = ses_regions(region);
        if !arn_region(arn).is_some_and(|region| allowed.contains(&region)) {
            return Err(Error::source_arn_region(&allowed));
        }
    }
    if let Some(from) = &given.from {
        sender(from, given.source_arn.as_deref())?;
    }
    Ok(EmailConfiguration { email_sending_account: Some(account), ..given })
}

/// Refuses a sender that is no mailbox, or that the identity may not send as.
pub fn sender(from: &str, source_arn: Option<&str>) -> Result<()> {
    let address = mailbox(from).map_err(|_| Error::invalid_from_address())?.email.to_string();
    let identity = source_arn.and_then(|arn| arn.rsplit_once(":identity/"));
    if identity.is_some_and(|(_, identity)| !covers(identity, &address)) {
        return Err(Error::invalid_from_address());
    }
    Ok(())
}

/// Whether an SES identity, an address or a domain, may send from the address.
fn covers(identity: &str, address: &str) -> bool {
    let (identity, address) = (identity.to_lowercase(), address.to_lowercase());
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    identity == address || identity == domain || domain.ends_with(&format!(".{identity}"))
}

fn ses_regions(region: &str) -> Vec<&str> {
    let mut regions =
        if BORROWS_SES.contains(&region) || SHARED_SES.contains(&region) { SHARED_SES.to_vec() } else { Vec::new() };
    if !regions.contains(&region) {
        regions.push(region);
    }
    regions.sort_unstable();
    regions
}

/// The SMS configuration in force. Whether the role exists and may be assumed is not asked.
pub fn sms(given: SmsConfiguration, region: &str) -> Result<SmsConfiguration> {
    let sns = given.sns_caller_arn.as_deref().is_some_and(|arn| !arn.is_empty());
    match (sns, &given.eums_sms) {
        (true, Some(_)) => Err(Error::sms_sender_ambiguous()),
        (false, None) => Err(Error::sms_sender_missing()),
        (false, Some(eums)) => {
            if eums.region.as_deref().is_some_and(|named| named != region) {
                return Err(Error::eums_sms_region(region));
            }
            Ok(given)
        }
        (true, None) => {
            let allowed = sns_regions(region);
            let named = given.sns_region.as_deref().unwrap_or(allowed[0]);
            if !allowed.contains(&named) {
                return Err(Error::sns_region(region, &allowed));
            }
            Ok(SmsConfiguration { sns_region: Some(RegionCode::trusted(named)), ..given })
        }
    }
}

/// The Regions whose SNS a pool may use, the one it uses unless told otherwise first.
fn sns_regions(region: &str) -> Vec<&str> {
    match region {
        "ap-northeast-2" => vec!["ap-northeast-1"],
        "us-east-2" | "ca-central-1" => vec![region, "us-east-1"],
        "ap-south-1" => vec![region, "ap-southeast-1"],
        "eu-central-1" | "eu-west-2" => vec![region, "eu-west-1"],
        _ => vec![region],
    }
}
