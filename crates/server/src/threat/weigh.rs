//! How risky a sign-in is: what sets it apart from the user's earlier ones, each with its weight.

use std::net::IpAddr;

use cognate_shapes::enums::RiskLevel;
use cognate_shapes::error::{Error, Result};
use cognate_store::{attempts, auth_events};
use serde::{Deserialize, Serialize};

use super::LEVELS;
use super::device::Device;
use super::events::{self, Event, FAILURE, INVALID, USER};
use super::place::{Place, distance_km};
use crate::context::Context;
use crate::directory::Pool;
use crate::visit::Visit;

const HOUR_MS: i64 = 3_600_000;

/// Earlier sign-ins looked at, the newest.
const KNOWN: i64 = 30;

/// Failures of the last hour that are counted no further.
const MOST_FAILURES: i64 = 20;

/// Faster than airliners fly, in kilometres an hour.
const IMPOSSIBLE_KM_H: f64 = 900.0;

/// Nearer than this, in kilometres, the map may be wrong about both places.
const SAME_REGION_KM: f64 = 100.0;

/// Something that makes a sign-in risky, as an administrator reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Factor {
    /// `new_device`, `new_address`, `new_network`, `failures`, `failures_from_address`, `impossible_travel`,
    /// `reported_before`; `blocked_address`, which weighs nothing where it does not refuse.
    pub name: String,
    pub weight: i64,
    /// What it was, in words.
    pub because: String,
}

/// What a request looks like.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// `None` where it is unknown or cannot be read, which is as new as can be.
    pub address: Option<IpAddr>,
    pub device: Option<Device>,
    pub place: Place,
}

impl Circumstances {
    pub fn of(cx: &Context, visit: &Visit) -> Self {
        let address = visit.address.filter(|_| !visit.address_is_garbled).map(|address| address.to_canonical());
        Self {
            address,
            device: visit.user_agent.as_deref().and_then(Device::of),
            place: match (&cx.threat.places, address) {
                (Some(places), Some(address)) => places.of(address),
                _ => Place::default(),
            },
        }
    }
}

/// That requests from this address are to be refused, or may be: one that cannot be read may be any.
pub fn blocked_address(here: &Circumstances) -> Factor {
    let because = match here.address {
        Some(address) => format!("{address} is among the blocked addresses"),
        None => "the address cannot be read, and some are blocked".to_owned(),
    };
    Factor { name: "blocked_address".to_owned(), weight: 0, because }
}

/// What is known of a user and of an address.
#[derive(Debug, Default)]
pub struct Known {
    /// Sign-ins that were the user's, newest first, with their times in milliseconds.
    pub before: Vec<(i64, Event)>,
    /// Those that the user or an administrator said were somebody else's.
    pub reported: Vec<Event>,
    /// Failed sign-ins of the user in the last hour.
    pub failures: i64,
    /// Failed sign-ins of anybody from this address in this hour and the one before.
    pub failures_from_address: i64,
}

/// Reads what is known.
pub async fn known(cx: &Context, pool: &Pool, user_id: &str, here: &Circumstances) -> Result<Known> {
    let (pool_id, user_id, now) = (pool.id.clone(), user_id.to_owned(), cx.clock.now_ms());
    let subject = here.address.map(address_subject);
    let read = cx.store.read(move |tx| {
        let failures = auth_events::known_as(tx, &pool_id, &user_id, FAILURE, now - HOUR_MS, MOST_FAILURES)?;
        let mut known = Known { failures: failures.len() as i64, ..Known::default() };
        for row in auth_events::known_as(tx, &pool_id, &user_id, USER, 0, KNOWN)? {
            known.before.push((row.created_ms, events::read(&row)?));
        }
        for row in auth_events::known_as(tx, &pool_id, &user_id, INVALID, 0, KNOWN)? {
            known.reported.push(events::read(&row)?);
        }
        if let Some(subject) = &subject {
            for window in windows(now) {
                known.failures_from_address += attempts::get(tx, &pool_id, subject, ADDRESS_FAILURES, window)?;
            }
        }
        Ok::<_, Error>(known)
    });
    read.await
}

/// The kind under which an address's failures are counted in the store, so that every node sees them.
pub const ADDRESS_FAILURES: &str = "failures_from_address";

/// What an address's failures are counted under: those of one network of IPv6 together, which one house may have whole.
pub fn address_subject(address: IpAddr) -> String {
    match address {
        IpAddr::V4(_) => format!("address:{address}"),
        IpAddr::V6(_) => format!("address:{}", network(address)),
    }
}

/// When this hour and the one before began, in milliseconds.
pub fn windows(now_ms: i64) -> [i64; 2] {
    let this = now_ms - now_ms.rem_euclid(HOUR_MS);
    [this, this - HOUR_MS]
}

/// Everything that sets the sign-in apart, heaviest first.
pub fn weigh(here: &Circumstances, known: &Known, now_ms: i64) -> Vec<Factor> {
    let mut factors = Vec::new();
    let mut add = |name: &str, weight: i64, because: String| {
        factors.push(Factor { name: name.to_owned(), weight, because });
    };
    // Somebody who never signed in has nothing to be compared with.
    if !known.before.is_empty() {
        let (kind, address) = (here.device.as_ref().map(|device| &device.kind), here.address);
        let seen = |is: &dyn Fn(&Event) -> bool| known.before.iter().any(|(_, event)| is(event));
        if kind.is_none() || !seen(&|event| event.device_kind.as_ref() == kind) {
            let name = here.device.as_ref().map_or("an unknown program", |device| &device.name);
            add("new_device", 30, format!("the user never signed in with {name}"));
        }
        if address.is_none() || !seen(&|event| event.address == address) {
            let shown = address.map_or_else(|| "an unknown address".to_owned(), |address| address.to_string());
            add("new_address", 10, format!("the user never signed in from {shown}"));
        }
        let net = address.map(network);
        if net.is_none() || !seen(&|event| event.address.map(network) == net) {
            let shown = net.unwrap_or_else(|| "an unknown network".to_owned());
            add("new_network", 25, format!("the user never signed in from {shown}"));
        }
    }
    if let Some((because, _)) = travel(here, known, now_ms) {
        add("impossible_travel", 60, because);
    }
    if known.failures >= 3 {
        let because = format!("{} sign-ins of the user failed in the last hour", known.failures);
        add("failures", (known.failures * 8).min(40), because);
    }
    if known.failures_from_address >= 10 {
        let because = format!("{} sign-ins from this address failed in two hours", known.failures_from_address);
        add("failures_from_address", if known.failures_from_address >= 50 { 50 } else { 25 }, because);
    }
    let reported = known.reported.iter().any(|event| {
        let same_device = event.device_kind.as_ref() == here.device.as_ref().map(|device| &device.kind);
        event.address.is_some() && event.address == here.address && same_device
    });
    if reported {
        add("reported_before", 60, "a sign-in from this address and program was reported as not the user's".to_owned());
    }
    factors.sort_by_key(|factor| std::cmp::Reverse(factor.weight));
    factors
}

/// How far and fast the user went since the last sign-in whose place is known, where nobody can have.
fn travel(here: &Circumstances, known: &Known, now_ms: i64) -> Option<(String, f64)> {
    let to = here.place.at?;
    let (then, from) = known.before.iter().find_map(|(then, event)| Some((*then, event.place.at?)))?;
    let distance = distance_km(from, to);
    // Within a minute counts as a minute: clocks differ.
    let hours = ((now_ms - then).max(60_000)) as f64 / HOUR_MS as f64;
    let speed = distance / hours;
    (distance > SAME_REGION_KM && speed > IMPOSSIBLE_KM_H)
        .then(|| (format!("{distance:.0} km from the last sign-in, {hours:.1} hours ago"), speed))
}

/// The level of a score; `None` below the lowest.
pub fn level(score: i64) -> Option<RiskLevel> {
    LEVELS.iter().find(|(least, _)| score >= *least).map(|(_, level)| *level)
}

/// The network around an address: /24 for IPv4, /48 for IPv6.
fn network(address: IpAddr) -> String {
    let length = if address.is_ipv4() { 24 } else { 48 };
    ipnet::IpNet::new(address, length).map_or_else(|_| address.to_string(), |net| net.trunc().to_string())
}

#[cfg(test)]
mod tests {
    use cognate_shapes::enums::{EventResponse, EventType, RiskLevel};

    use super::*;

    fn at(address: &str, device: Option<&str>) -> Circumstances {
        Circumstances { address: address.parse().ok(), device: device.and_then(Device::of), place: Place::default() }
    }

    fn event(here: &Circumstances) -> Event {
        Event::new(EventType::SignIn, EventResponse::Pass, None, here)
    }

    fn names(factors: &[Factor]) -> Vec<&str> {
        factors.iter().map(|factor| factor.name.as_str()).collect()
    }

    fn score(factors: &[Factor]) -> i64 {
        factors.iter().map(|factor| factor.weight).sum()
    }

    #[test]
    fn only_what_is_new_weighs() {
        let home = at("203.0.113.7", Some("app/1"));
        let known = Known { before: vec![(0, event(&home))], ..Known::default() };
        assert_eq!(weigh(&home, &known, 0), []);
        assert_eq!(weigh(&at("198.51.100.1", Some("other/1")), &Known::default(), 0), []);
        assert_eq!(names(&weigh(&at("203.0.113.8", Some("app/2")), &known, 0)), ["new_address"]);
        let abroad = weigh(&at("198.51.100.1", Some("other/1")), &known, 0);
        assert_eq!(names(&abroad), ["new_device", "new_network", "new_address"]);
        assert_eq!(level(score(&abroad)), Some(RiskLevel::Medium));
    }

    /// SECURITY 29: what cannot be read is new, never known.
    #[test]
    fn the_unknown_is_new() {
        let nowhere = at("not an address", None);
        let known = Known { before: vec![(0, event(&nowhere))], ..Known::default() };
        assert_eq!(names(&weigh(&nowhere, &known, 0)), ["new_device", "new_network", "new_address"]);
    }

    #[test]
    fn nobody_is_in_two_places() {
        let mut london = at("203.0.113.7", Some("app/1"));
        london.place.at = Some((51.5, -0.13));
        let mut sydney = london.clone();
        sydney.place.at = Some((-33.87, 151.2));
        let known = Known { before: vec![(0, event(&london))], ..Known::default() };
        assert_eq!(names(&weigh(&sydney, &known, HOUR_MS)), ["impossible_travel"]);
        assert_eq!(weigh(&sydney, &known, 24 * HOUR_MS), []);
        assert_eq!(weigh(&london, &known, 0), []);
    }

    #[test]
    fn failures_weigh_more_the_more_there_are() {
        let home = at("203.0.113.7", None);
        let weight = |failures, failures_from_address| {
            score(&weigh(&home, &Known { failures, failures_from_address, ..Known::default() }, 0))
        };
        assert_eq!([weight(2, 9), weight(3, 9), weight(20, 9), weight(0, 10), weight(0, 50)], [0, 24, 40, 25, 50]);
    }

    #[test]
    fn networks_are_those_of_a_house() {
        assert_eq!(network("203.0.113.7".parse().unwrap()), "203.0.113.0/24");
        assert_eq!(network("2001:db8:1:2::3".parse().unwrap()), "2001:db8:1::/48");
    }
}
