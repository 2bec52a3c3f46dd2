//! What a pool and its clients do about risk, as an administrator set it.
//!
//! A client's own configuration stands before its pool's, part by part. A node answers from its cache for at most
//! [`FRESH_MS`]; a change on any node reaches it earlier, by notification.

use std::net::IpAddr;
use std::sync::Arc;

use cognate_shapes::enums::{CompromisedCredentialsEventAction, EventFilter, RiskLevel};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::risk::{
    AccountTakeoverAction, AccountTakeoverRiskConfiguration, CompromisedCredentialsRiskConfiguration,
    NotifyConfiguration, RiskExceptionConfiguration,
};
use cognate_shapes::{Input, Output, input};
use cognate_store::{Tx, risk_configurations};
use ipnet::IpNet;
use quick_cache::sync::Cache;

use crate::context::Context;
use crate::directory::{Client, Pool, delivery_rules};
use crate::visit::Visit;

/// How long cached rules may be used without another look, in milliseconds.
const FRESH_MS: i64 = 5_000;

/// What notifications about rules begin with.
const TOPIC: &str = "risk:";

/// The message that makes every node forget the rules of a pool and its clients.
pub fn changed(pool_id: &str) -> String {
    format!("{TOPIC}{pool_id}")
}

/// One stored configuration, of a pool or of a client, as AWS spells it.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct Configuration {
    pub compromised_credentials_risk_configuration: Option<CompromisedCredentialsRiskConfiguration>,
    pub account_takeover_risk_configuration: Option<AccountTakeoverRiskConfiguration>,
    pub risk_exception_configuration: Option<RiskExceptionConfiguration>,
}

impl Configuration {
    /// The configuration of the pool (`client` is empty) or of that client, with when it was set, in milliseconds.
    pub fn stored(tx: &mut Tx<'_>, pool: &str, client: &str) -> Result<Option<(Self, i64)>> {
        let Some(row) = risk_configurations::get(tx, pool, client)? else { return Ok(None) };
        Ok(Some((input::stored(&row.doc)?, row.modified_ms)))
    }

    /// Keeps it in place of the one before; one that says nothing is no configuration.
    pub fn store(&self, tx: &mut Tx<'_>, pool: &str, client: &str, now_ms: i64) -> Result<()> {
        if *self == Self::default() {
            risk_configurations::delete(tx, pool, client)?;
        } else {
            let doc = serde_json::to_string(self)
                .map_err(|error| Error::internal("a risk configuration does not serialize").caused_by(error))?;
            let (pool_id, client_id) = (pool.to_owned(), client.to_owned());
            let row = risk_configurations::RiskConfiguration { pool_id, client_id, modified_ms: now_ms, doc };
            risk_configurations::put(tx, &row)?;
        }
        Ok(tx.publish(changed(pool))?)
    }

    /// What this leaves open, as `general` has it.
    #[must_use]
    pub fn over(self, general: Self) -> Self {
        Self {
            compromised_credentials_risk_configuration: self
                .compromised_credentials_risk_configuration
                .or(general.compromised_credentials_risk_configuration),
            account_takeover_risk_configuration: self
                .account_takeover_risk_configuration
                .or(general.account_takeover_risk_configuration),
            risk_exception_configuration: self.risk_exception_configuration.or(general.risk_exception_configuration),
        }
    }

    /// Refuses ranges of addresses that are none, and a sender that mail cannot come from.
    pub fn check(&self) -> Result<()> {
        let takeover = self.account_takeover_risk_configuration.as_ref();
        if let Some(notify) = takeover.and_then(|takeover| takeover.notify_configuration.as_ref())
            && let Some(from) = &notify.from
        {
            delivery_rules::sender(from, Some(&notify.source_arn))?;
        }
        let Some(exceptions) = &self.risk_exception_configuration else { return Ok(()) };
        networks(exceptions).map(drop)
    }
}

/// The blocked and the skipped ranges.
fn networks(exceptions: &RiskExceptionConfiguration) -> Result<(Vec<IpNet>, Vec<IpNet>)> {
    let read = |ranges: Option<&[cognate_shapes::scalars::Text]>| {
        let ranges = ranges.unwrap_or_default().iter();
        ranges.map(|range| network(range.as_str()).ok_or_else(Error::incorrect_cidr)).collect::<Result<Vec<IpNet>>>()
    };
    let blocked = exceptions.blocked_ip_range_list.as_ref().map(|list| list.0.as_slice());
    let skipped = exceptions.skipped_ip_range_list.as_ref().map(|list| list.0.as_slice());
    Ok((read(blocked)?, read(skipped)?))
}

/// A range in CIDR notation. One of IPv4 that is written as IPv6 is one of IPv4, as the addresses in it are.
fn network(range: &str) -> Option<IpNet> {
    let network: IpNet = range.parse().ok()?;
    match (network.addr().to_canonical(), network.prefix_len().checked_sub(96)) {
        (address @ IpAddr::V4(_), Some(prefix)) if network.addr().is_ipv6() => IpNet::new(address, prefix).ok(),
        _ => Some(network),
    }
}

/// The rules for requests by one client.
#[derive(Debug, Default)]
pub struct Rules {
    compromised: Option<CompromisedCredentialsRiskConfiguration>,
    takeover: Option<AccountTakeoverRiskConfiguration>,
    blocked: Vec<IpNet>,
    skipped: Vec<IpNet>,
}

impl Rules {
    fn of(configuration: Configuration) -> Result<Self> {
        let exceptions = configuration.risk_exception_configuration.unwrap_or_default();
        let (blocked, skipped) = networks(&exceptions)?;
        Ok(Self {
            compromised: configuration.compromised_credentials_risk_configuration,
            takeover: configuration.account_takeover_risk_configuration,
            blocked,
            skipped,
        })
    }

    /// Whether the request comes from a blocked address, or may come from one.
    pub fn blocks(&self, visit: &Visit) -> bool {
        let is_blocked = |address: IpAddr| contain(&self.blocked, address);
        visit.address.is_some_and(is_blocked) || (visit.address_is_garbled && !self.blocked.is_empty())
    }

    /// Whether the request comes from an address whose risk is not judged.
    pub fn skips(&self, visit: &Visit) -> bool {
        !visit.address_is_garbled && visit.address.is_some_and(|address| contain(&self.skipped, address))
    }

    /// What is done about a sign-in of this risk, if anything is configured.
    pub fn action(&self, level: RiskLevel) -> Option<&AccountTakeoverAction> {
        let actions = &self.takeover.as_ref()?.actions;
        match level {
            RiskLevel::Low => actions.low_action.as_ref(),
            RiskLevel::Medium => actions.medium_action.as_ref(),
            RiskLevel::High => actions.high_action.as_ref(),
        }
    }

    /// How users are told.
    pub fn notify(&self) -> Option<&NotifyConfiguration> {
        self.takeover.as_ref()?.notify_configuration.as_ref()
    }

    /// Whether a password known from a breach is refused at this kind of event. No filter is every kind.
    pub fn refuses_compromised(&self, at: EventFilter) -> bool {
        self.compromised.as_ref().is_some_and(|compromised| {
            let filter = compromised.event_filter.as_deref().unwrap_or_default();
            compromised.actions.event_action == CompromisedCredentialsEventAction::Block
                && (filter.is_empty() || filter.contains(&at))
        })
    }
}

fn contain(ranges: &[IpNet], address: IpAddr) -> bool {
    let address = address.to_canonical();
    ranges.iter().any(|range| range.contains(&address))
}

#[derive(Clone, Debug)]
struct Cached {
    loaded_ms: i64,
    rules: Arc<Rules>,
}

/// The rules in force, by pool and client.
#[derive(Debug)]
pub struct RulesCache(Cache<(String, String), Cached>);

impl Default for RulesCache {
    fn default() -> Self {
        Self(Cache::new(10_000))
    }
}

impl RulesCache {
    pub fn forget(&self, message: Option<&str>) {
        match message {
            None => self.0.clear(),
            Some(message) => {
                if let Some(pool) = message.strip_prefix(TOPIC) {
                    self.0.retain(|(of, _), _| of != pool);
                }
            }
        }
    }
}

/// The rules for requests by this client.
pub async fn of(cx: &Context, pool: &Pool, client: &Client) -> Result<Arc<Rules>> {
    let now = cx.clock.now_ms();
    let key = (pool.id.clone(), client.id.clone());
    if let Some(cached) = cx.threat.rules.0.get(&key)
        && now - cached.loaded_ms < FRESH_MS
    {
        return Ok(cached.rules);
    }
    let (pool_id, client_id) = key.clone();
    let configuration = cx.store.read(move |tx| {
        let of_client = Configuration::stored(tx, &pool_id, &client_id)?.unwrap_or_default().0;
        let of_pool = Configuration::stored(tx, &pool_id, "")?.unwrap_or_default().0;
        Ok::<_, Error>(of_client.over(of_pool))
    });
    let rules = Arc::new(Rules::of(configuration.await?)?);
    cx.threat.rules.0.insert(key, Cached { loaded_ms: now, rules: Arc::clone(&rules) });
    Ok(rules)
}
