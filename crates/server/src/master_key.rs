//! The master key: made at first start, kept beside the database and never in it.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use cognate_crypto::seal::MasterKey;
use cognate_store::{Error as StoreError, Store, meta};

use crate::config::Config;
use crate::context::Unready;
use crate::rng::Rng;

/// Where the database keeps the value that tells whether a key is the one it was sealed with.
const CHECK: &str = "master_key_check";

/// The key from the environment or the key file; a missing file is made, with mode 0600.
pub fn load(config: &Config, rng: &Rng) -> Result<MasterKey, Unready> {
    if let Some(key) = &config.keys.master_key {
        return MasterKey::from_base64(key.expose()).map_err(|_| {
            Unready::new("keys.master_key is not the base64 of 32 bytes. Make one with: openssl rand -base64 32")
        });
    }
    let Some(path) = &config.keys.master_key_file else {
        if config.store.is_memory() {
            return Ok(MasterKey::new(rng.bytes()));
        }
        return Err(Unready::new("Set keys.master_key_file, or COGNATE_MASTER_KEY in the environment."));
    };
    match fs::read_to_string(path) {
        Ok(text) => {
            private(path)?;
            MasterKey::from_base64(&text).map_err(|_| {
                Unready::new(format!("{} does not hold a master key (base64 of 32 bytes).", path.display()))
            })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => make(path, rng),
        Err(error) => Err(Unready::new(format!("The master key {} cannot be read: {error}", path.display()))),
    }
}

fn make(path: &Path, rng: &Rng) -> Result<MasterKey, Unready> {
    let key = MasterKey::new(rng.bytes());
    let write = || -> std::io::Result<()> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(key.to_base64().as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    };
    match write() {
        Ok(()) => {
            tracing::warn!(path = %path.display(), "made a master key: keep a copy, without it the database cannot be read");
            Ok(key)
        }
        // Another node made it a moment ago.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => fs::read_to_string(path)
            .ok()
            .and_then(|text| MasterKey::from_base64(&text).ok())
            .ok_or_else(|| Unready::new(format!("The master key {} cannot be read.", path.display()))),
        Err(error) => Err(Unready::new(format!("The master key {} cannot be made: {error}", path.display()))),
    }
}

/// Others must not read the key.
fn private(path: &Path) -> Result<(), Unready> {
    let mode = fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    if mode.trailing_zeros() >= 6 {
        Ok(())
    } else {
        Err(Unready::new(format!("Others may read the master key. Run: chmod 600 {}", path.display())))
    }
}

/// Compares the key with the database's, or leaves its check value in a new one. The wrong key does not start.
pub async fn check(store: &Store, key: &MasterKey) -> Result<(), Unready> {
    let mine = key.check_value().to_vec();
    let stored = store
        .write(move |tx| meta::put_if_absent(tx, CHECK, &mine))
        .await
        .map_err(|error: StoreError| Unready::new(format!("The database cannot be read: {error}")))?;
    same(&stored, key)
}

/// Compares the key with the database's and changes nothing; a database that no server has used yet fits any key.
pub async fn compare(store: &Store, key: &MasterKey) -> Result<(), Unready> {
    let stored = store
        .read(|tx| meta::get(tx, CHECK))
        .await
        .map_err(|error: StoreError| Unready::new(format!("The database cannot be read: {error}")))?;
    stored.map_or(Ok(()), |stored| same(&stored, key))
}

fn same(stored: &[u8], key: &MasterKey) -> Result<(), Unready> {
    if cognate_crypto::ct_eq(stored, &key.check_value()) {
        Ok(())
    } else {
        Err(Unready::new(
            "The master key is not the one this database was sealed with. Point keys.master_key_file (or \
             COGNATE_MASTER_KEY) to the key that was made with it.",
        ))
    }
}
