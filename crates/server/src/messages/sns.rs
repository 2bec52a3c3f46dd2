//! Text messages through Amazon SNS (`Publish` to a number) or, for pools that say `EumsSms`, through AWS End User
//! Messaging (`SendTextMessage`).

use bytes::Bytes;
use http::Request;
use serde_json::json;
use url::form_urlencoded;

use super::gateway::{at, post, taken, xml_error_name};
use super::{DeliveryError, Sms};
use crate::outbound::Outbound;
use crate::outbound::aws::{Endpoint, error_name};

/// The SNS and the End User Messaging of a Region.
#[derive(Clone, Debug)]
pub struct Sns {
    pub endpoint: Endpoint,
}

/// What a pool's `EumsSms` says of its sender.
#[derive(Clone, Debug)]
pub struct Eums {
    pub origination_identity: Option<String>,
    pub configuration_set: Option<String>,
    /// Registration of sender and template in India.
    pub in_entity_id: Option<String>,
    pub in_template_id: Option<String>,
}

impl Sns {
    pub(super) async fn send(&self, outbound: &Outbound, sms: Sms) -> Result<(), DeliveryError> {
        match &sms.sender.eums {
            Some(eums) => self.send_text_message(outbound, &sms, eums).await,
            None => self.publish(outbound, &sms).await,
        }
    }

    async fn publish(&self, outbound: &Outbound, sms: &Sms) -> Result<(), DeliveryError> {
        let region = sms.sender.region.as_str();
        let (endpoint, reach) = at(&self.endpoint, "sns", region)?;
        let url = format!("{endpoint}/");
        // Transactional: the delivery matters more than the price.
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "Publish")
            .append_pair("Version", "2010-03-31")
            .append_pair("PhoneNumber", &sms.to)
            .append_pair("Message", &sms.text)
            .append_pair("MessageAttributes.entry.1.Name", "AWS.SNS.SMS.SMSType")
            .append_pair("MessageAttributes.entry.1.Value.DataType", "String")
            .append_pair("MessageAttributes.entry.1.Value.StringValue", "Transactional")
            .finish();
        let body = Bytes::from(form);
        let response = post(outbound, reach, || {
            let mut request = Request::post(&url)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body.clone())
                .map_err(DeliveryError::new)?;
            outbound.sign(&mut request, "sns", region, sms.at).map_err(DeliveryError::new)?;
            Ok(request)
        });
        taken("SNS", &response.await?, xml_error_name)
    }

    async fn send_text_message(&self, outbound: &Outbound, sms: &Sms, eums: &Eums) -> Result<(), DeliveryError> {
        let region = sms.sender.region.as_str();
        let (endpoint, reach) = at(&self.endpoint, "sms-voice", region)?;
        let url = format!("{endpoint}/");
        let mut message = json!({
            "DestinationPhoneNumber": sms.to, "MessageBody": sms.text, "MessageType": "TRANSACTIONAL",
        });
        for (member, value) in
            [("OriginationIdentity", &eums.origination_identity), ("ConfigurationSetName", &eums.configuration_set)]
        {
            if let Some(value) = value {
                message[member] = value.as_str().into();
            }
        }
        for (member, value) in [("IN_ENTITY_ID", &eums.in_entity_id), ("IN_TEMPLATE_ID", &eums.in_template_id)] {
            if let Some(value) = value {
                message["DestinationCountryParameters"][member] = value.as_str().into();
            }
        }
        let body = Bytes::from(message.to_string());
        let response = post(outbound, reach, || {
            let mut request = Request::post(&url)
                .header("content-type", "application/x-amz-json-1.0")
                .header("x-amz-target", "PinpointSMSVoiceV2.SendTextMessage")
                .body(body.clone())
                .map_err(DeliveryError::new)?;
            outbound.sign(&mut request, "sms-voice", region, sms.at).map_err(DeliveryError::new)?;
            Ok(request)
        });
        taken("End User Messaging", &response.await?, error_name)
    }
}
