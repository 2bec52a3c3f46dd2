//! Where a request comes from, as far as it may be believed, and what it says to triggers.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use cognate_shapes::auth::{ContextData, UserContextData};
use cognate_shapes::scalars::{AttributeValue, Text};
use cognate_shapes::user::Attribute;

use crate::directory::Client;

/// Where a request came from.
#[derive(Clone, Debug)]
pub struct Origin {
    pub peer: IpAddr,
    pub user_agent: Option<String>,
}

/// The circumstances of one request.
#[derive(Clone, Default)]
pub struct Visit {
    /// The address of the user, where one is known.
    pub address: Option<IpAddr>,
    /// Whether somebody who may name an address named one that is none: the user's address is then unknown, whatever
    /// `address` says.
    pub address_is_garbled: bool,
    /// The user's own program, as it names itself.
    pub user_agent: Option<String>,
    /// The program that sent the request, as it names itself: for administrative requests the operator's, not the user's.
    pub sdk: Option<String>,
    /// `ClientMetadata`: handed to triggers, never stored.
    pub metadata: Option<BTreeMap<Text, Text>>,
    /// What triggers get as `validationData` and no other way.
    pub validation: Option<BTreeMap<Text, Text>>,
}

/// Addresses are personal data and metadata may be secret.
impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Visit(***)")
    }
}

impl Visit {
    /// A request that the user's own program sent. It may name another address than the one it comes from only where the
    /// client has a secret and `EnablePropagateAdditionalUserContextData`; what is no address is ignored.
    pub fn public(
        origin: &Origin,
        client: &Client,
        context: Option<&UserContextData>,
        metadata: Option<BTreeMap<Text, Text>>,
    ) -> Self {
        let named = context.filter(|_| client.vouches_for_addresses()).and_then(|context| context.ip_address.as_ref());
        let address: Option<IpAddr> = named.and_then(|address| address.as_str().parse().ok());
        Self {
            address: address.or(Some(origin.peer)),
            address_is_garbled: named.is_some() && address.is_none(),
            user_agent: origin.user_agent.clone(),
            sdk: origin.user_agent.clone(),
            metadata,
            validation: None,
        }
    }

    /// A request that an administrator's program sent on a user's behalf.
    pub fn administrative(
        origin: &Origin,
        context: Option<&ContextData>,
        metadata: Option<BTreeMap<Text, Text>>,
    ) -> Self {
        let headers = context.map(|context| context.http_headers.as_slice()).unwrap_or_default();
        let user_agent = headers.iter().find(|header| {
            header.header_name.as_ref().is_some_and(|name| name.as_str().eq_ignore_ascii_case("user-agent"))
        });
        let address = context.and_then(|context| context.ip_address.as_str().parse().ok());
        Self {
            address,
            address_is_garbled: context.is_some() && address.is_none(),
            user_agent: user_agent
                .and_then(|header| header.header_value.as_ref())
                .map(|value| value.as_str().to_owned()),
            sdk: origin.user_agent.clone(),
            metadata,
            validation: None,
        }
    }

    /// The same for a request that begins a sign-in: its `ClientMetadata` is for those triggers alone that judge whether
    /// it may begin.
    #[must_use]
    pub fn beginning(self) -> Self {
        Self { validation: self.metadata, metadata: None, ..self }
    }

    /// The same with the `ValidationData` of a sign-up.
    #[must_use]
    pub fn with_validation(self, data: Option<Vec<Attribute>>) -> Self {
        let named =
            |one: Attribute| (Text::trusted(one.name.into_string()), one.value.map(AttributeValue::into_string));
        let data = data.map(|data| data.into_iter().map(named));
        let data =
            data.map(|data| data.map(|(name, value)| (name, Text::trusted(value.unwrap_or_default()))).collect());
        Self { validation: data, ..self }
    }
}
