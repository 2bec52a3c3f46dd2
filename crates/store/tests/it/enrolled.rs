//! What users enrol: devices and passkeys.

use cognate_store::devices::Device;
use cognate_store::passkeys::Passkey;
use cognate_store::{Error, Tx, devices, passkeys};

use crate::databases::Database;

pub fn device(pool: &str, user: &str, key: &str) -> Device {
    Device {
        pool_id: pool.to_owned(),
        user_id: user.to_owned(),
        key: key.to_owned(),
        created_ms: 1,
        modified_ms: 1,
        authenticated_ms: 1,
        doc: "{}".to_owned(),
        verifier: b"sealed".to_vec(),
    }
}

pub fn passkey(pool: &str, user: &str, id: &[u8]) -> Passkey {
    let (pool_id, user_id) = (pool.to_owned(), user.to_owned());
    Passkey { pool_id, user_id, id: id.to_vec(), created_ms: 1, doc: "{}".to_owned() }
}

pub async fn what_users_enrol_is_theirs(Database { store, .. }: Database) {
    let enrol = |tx: &mut Tx<'_>| {
        assert!(devices::insert_if_absent(tx, &device("p", "u", "b"))?);
        assert!(devices::insert_if_absent(tx, &device("p", "u", "a"))?);
        assert!(!devices::insert_if_absent(tx, &device("p", "u", "a"))?);
        assert_eq!(devices::of_user(tx, "p", "u", "a", 60)?, [device("p", "u", "b")]);
        assert_eq!(devices::of_user(tx, "p", "v", "", 60)?, []);
        let changed = Device { authenticated_ms: 7, doc: "{\"v\":1}".to_owned(), ..device("p", "u", "a") };
        assert!(devices::update(tx, &changed)?);
        assert_eq!(devices::get(tx, "p", "u", "a")?, Some(changed));
        assert!(!devices::update(tx, &device("p", "u", "none"))?);
        assert!(devices::delete(tx, "p", "u", "a")?);
        assert!(!devices::delete(tx, "p", "u", "a")?);

        assert!(passkeys::insert_if_absent(tx, &passkey("p", "u", b"1"))?);
        assert!(!passkeys::insert_if_absent(tx, &passkey("p", "v", b"1"))?, "another user's credential");
        assert!(passkeys::insert_if_absent(tx, &passkey("q", "u", b"1"))?, "pools are apart");
        let changed = Passkey { doc: "{\"v\":1}".to_owned(), ..passkey("p", "u", b"1") };
        assert!(passkeys::update(tx, &changed)?);
        assert_eq!(passkeys::get(tx, "p", "u", b"1")?, Some(changed.clone()));
        assert_eq!(passkeys::get(tx, "p", "v", b"1")?, None);
        assert_eq!(passkeys::of_user(tx, "p", "u")?, [changed]);
        assert!(passkeys::delete(tx, "p", "u", b"1")?);
        assert!(!passkeys::delete(tx, "p", "u", b"1")?);
        Ok::<_, Error>(())
    };
    store.write(enrol).await.unwrap();
}
