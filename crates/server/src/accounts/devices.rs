//! Devices that users signed in from: confirmed, remembered, forgotten.

use std::net::IpAddr;

use cognate_crypto::seal::Kind;
use cognate_crypto::srp::Verifier;
use cognate_shapes::Timestamp;
use cognate_shapes::device;
use cognate_shapes::enums::DeviceRememberedStatus;
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::{AttributeName, AttributeValue, DeviceKey};
use cognate_shapes::user::Attribute;
use cognate_store::{Tx, devices};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::user::User;
use crate::context::Context;
use crate::directory::Pool;

/// The longest key that a device can have.
const LONGEST_KEY: usize = 55;

/// Letters and digits that device group keys are spelled with.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A device of a user.
#[derive(Clone)]
pub struct Device {
    pub key: String,
    pub created_ms: i64,
    pub modified_ms: i64,
    /// When a sign-in last came from it.
    pub authenticated_ms: i64,
    pub profile: Profile,
    verifier: Vec<u8>,
}

/// The stored document of a device, version 1.
#[derive(Clone, Serialize, Deserialize)]
pub struct Profile {
    pub v: u32,
    /// What the device's password is hashed with, beside the key.
    pub group_key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub remembered: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
}

/// Names and addresses are personal data.
impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device").field("key", &self.key).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile").field("remembered", &self.remembered).finish_non_exhaustive()
    }
}

impl Device {
    fn from_row(row: devices::Device) -> Result<Self> {
        let profile: Profile = serde_json::from_str(&row.doc)
            .map_err(|error| Error::internal("a stored device does not read").caused_by(error))?;
        if profile.v != 1 {
            return Err(Error::internal(format!("device {} is stored in version {}", row.key, profile.v)));
        }
        Ok(Self {
            key: row.key,
            created_ms: row.created_ms,
            modified_ms: row.modified_ms,
            authenticated_ms: row.authenticated_ms,
            profile,
            verifier: row.verifier,
        })
    }

    fn row(&self, pool: &Pool, user_id: &str) -> Result<devices::Device> {
        let doc = serde_json::to_string(&self.profile)
            .map_err(|error| Error::internal("a device does not serialize").caused_by(error))?;
        Ok(devices::Device {
            pool_id: pool.id.clone(),
            user_id: user_id.to_owned(),
            key: self.key.clone(),
            created_ms: self.created_ms,
            modified_ms: self.modified_ms,
            authenticated_ms: self.authenticated_ms,
            doc,
            verifier: self.verifier.clone(),
        })
    }

    /// What the device proves its password against.
    pub fn verifier(&self, cx: &Context, pool: &Pool, user_id: &str) -> Result<Verifier> {
        let plain = cx.seals.open(Kind::Verifier, &self.verifier, &context(pool, user_id, &self.key))?;
        Verifier::from_bytes(&Zeroizing::new(plain))
            .map_err(|error| Error::internal("a stored verifier does not read").caused_by(error))
    }

    /// The device as `DeviceType` shows it.
    pub fn wire(&self) -> device::Device {
        let status = if self.profile.remembered {
            DeviceRememberedStatus::Remembered
        } else {
            DeviceRememberedStatus::NotRemembered
        };
        let attributes = [
            ("device_status", Some("valid".to_owned())),
            ("device_name", self.profile.name.clone()),
            ("dev:device_remembered_status", Some(status.as_str().to_owned())),
            ("last_ip_used", self.profile.address.map(|address| address.to_string())),
        ];
        let attribute = |(name, value): (&str, Option<String>)| {
            value.map(|value| Attribute {
                name: AttributeName::trusted(name),
                value: Some(AttributeValue::trusted(value)),
            })
        };
        device::Device {
            device_key: Some(DeviceKey::trusted(&*self.key)),
            device_attributes: Some(attributes.into_iter().filter_map(attribute).collect()),
            device_create_date: Some(Timestamp(self.created_ms)),
            device_last_modified_date: Some(Timestamp(self.modified_ms)),
            device_last_authenticated_date: Some(Timestamp(self.authenticated_ms)),
        }
    }
}

/// Whether the pool tracks the devices of its users.
pub fn are_tracked(pool: &Pool) -> bool {
    pool.settings.device_configuration.is_some()
}

/// Whether a device is remembered only once its user asks for it.
pub fn await_consent(pool: &Pool) -> bool {
    let configuration = pool.settings.device_configuration.as_ref();
    configuration.and_then(|configuration| configuration.device_only_remembered_on_user_prompt).unwrap_or(false)
}

/// Whether the proof of a remembered device takes the place of a second factor.
pub fn stand_in_for_mfa(pool: &Pool) -> bool {
    let configuration = pool.settings.device_configuration.as_ref();
    configuration.and_then(|configuration| configuration.challenge_required_on_new_device).unwrap_or(false)
}

/// A key for a device that is not known.
pub fn new_key(cx: &Context, pool: &Pool) -> String {
    format!("{}_{}", pool.region, cx.rng.uuid())
}

/// The group key of the devices that the pool meets: always the same.
pub fn group_key(cx: &Context, pool: &Pool) -> String {
    let digest = cx.seals.keyed_hash(Kind::Verifier, format!("device group key of {}", pool.id).as_bytes());
    let letters = digest.iter().take(8).map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
    std::iter::once('-').chain(letters).collect()
}

/// A device that the user has just confirmed, and whose password `verifier` is of.
#[expect(clippy::too_many_arguments, reason = "each caller has them all at hand")]
pub fn confirmed(
    cx: &Context,
    pool: &Pool,
    user: &User,
    key: &str,
    name: Option<String>,
    verifier: &Verifier,
    address: IpAddr,
) -> Device {
    let now = cx.clock.now_ms();
    let sealed = cx.seals.seal(&cx.rng, Kind::Verifier, &verifier.to_bytes(), &context(pool, &user.id, key));
    Device {
        key: key.to_owned(),
        created_ms: now,
        modified_ms: now,
        authenticated_ms: now,
        profile: Profile {
            v: 1,
            group_key: group_key(cx, pool),
            name,
            remembered: !await_consent(pool),
            address: Some(address),
        },
        verifier: sealed,
    }
}

/// Keeps a new device.
pub fn insert(tx: &mut Tx<'_>, pool: &Pool, user_id: &str, device: &Device) -> Result<()> {
    let inserted = devices::insert_if_absent(tx, &device.row(pool, user_id)?)?;
    if inserted { Ok(()) } else { Err(Error::device_key_exists()) }
}

/// The user's device of that key; nobody else's.
pub fn find(tx: &mut Tx<'_>, pool: &Pool, user_id: &str, key: &str) -> Result<Option<Device>> {
    // Keys come from sign-ins as well, whose parameters may be any text.
    if key.len() > LONGEST_KEY || key.contains('\0') {
        return Ok(None);
    }
    devices::get(tx, &pool.id, user_id, key)?.map(Device::from_row).transpose()
}

/// The same, where it must exist.
pub fn named(tx: &mut Tx<'_>, pool: &Pool, user_id: &str, key: &str) -> Result<Device> {
    find(tx, pool, user_id, key)?.ok_or_else(Error::device_not_found)
}

/// The user's devices with keys after `after`, in order of key.
pub fn of_user(tx: &mut Tx<'_>, pool: &Pool, user_id: &str, after: &str, limit: i64) -> Result<Vec<Device>> {
    devices::of_user(tx, &pool.id, user_id, after, limit)?.into_iter().map(Device::from_row).collect()
}

/// Changes whether a device stands for its user. What is not said counts as not remembered.
pub fn remember(
    tx: &mut Tx<'_>,
    pool: &Pool,
    user_id: &str,
    key: &str,
    status: Option<DeviceRememberedStatus>,
    now_ms: i64,
) -> Result<()> {
    let mut device = named(tx, pool, user_id, key)?;
    device.profile.remembered = status == Some(DeviceRememberedStatus::Remembered);
    device.modified_ms = now_ms;
    devices::update(tx, &device.row(pool, user_id)?)?;
    Ok(())
}

/// Notes that a sign-in came from the device. One that was forgotten meanwhile stays so.
pub fn seen(
    tx: &mut Tx<'_>,
    pool: &Pool,
    user_id: &str,
    key: &str,
    address: Option<IpAddr>,
    now_ms: i64,
) -> Result<()> {
    let Some(mut device) = find(tx, pool, user_id, key)? else { return Ok(()) };
    device.authenticated_ms = now_ms;
    device.profile.address = address.or(device.profile.address);
    devices::update(tx, &device.row(pool, user_id)?)?;
    Ok(())
}

/// Forgets a device, with its verifier.
pub fn forget(tx: &mut Tx<'_>, pool: &Pool, user_id: &str, key: &str) -> Result<()> {
    let forgotten = devices::delete(tx, &pool.id, user_id, key)?;
    if forgotten { Ok(()) } else { Err(Error::device_not_found()) }
}

/// What a sealed verifier is bound to.
fn context(pool: &Pool, user_id: &str, key: &str) -> Vec<u8> {
    format!("{}/{user_id}/{key}", pool.id).into_bytes()
}
