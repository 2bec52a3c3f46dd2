//! No row outlives its pool or user.

use cognate_store::{
    Error, Kind, Store, Tx, aliases, attempts, auth_events, client_secrets, clients, codes, devices, failures, groups,
    memberships, passkeys, pools, risk_configurations, sessions, signing_keys, spent, user_search, users,
};

use crate::databases::Database;
use crate::enrolled::{device, passkey};
use crate::entities::{client, code, event, group, key, pool, risk, secret, session, user};

/// A pool with a row in every table that has a pool_id, most of them of one user.
fn fill(tx: &mut Tx<'_>, id: &str) -> Result<(), Error> {
    pools::insert(tx, &pool(id))?;
    clients::insert(tx, &client(id, &format!("client of {id}")))?;
    client_secrets::insert(tx, &secret(id, "c", "s"))?;
    users::insert(tx, &user(id, 1))?;
    let one = user(id, 1).id;
    aliases::claim(tx, id, b"a@b", "email", &one)?;
    user_search::replace(tx, id, &one, &[("email", b"a@b")])?;
    codes::put(tx, &code(id, &one))?;
    attempts::increment(tx, id, &one, "forgot", 0)?;
    failures::put(tx, id, b"name-1", failures::Failures::default())?;
    sessions::insert(tx, &session(id, &one, "s"))?;
    spent::spend(tx, id, b"id", 1)?;
    groups::insert_if_absent(tx, &group(id, "g"))?;
    memberships::add(tx, id, &one, "g", 1)?;
    devices::insert_if_absent(tx, &device(id, &one, "d"))?;
    passkeys::insert_if_absent(tx, &passkey(id, &one, b"k"))?;
    auth_events::put(tx, &event(id, &one, "e", 1))?;
    risk_configurations::put(tx, &risk(id, ""))?;
    signing_keys::insert(tx, &key(id, "k"))
}

/// How many rows each table with the column has for the pool.
async fn rows_of(store: &Store, column: &str, pool: &'static str) -> Vec<(String, i64)> {
    let tables = match store.kind() {
        Kind::Sqlite => {
            "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = $1 ORDER BY 1"
        }
        Kind::Postgres => {
            "SELECT CAST(table_name AS TEXT) FROM information_schema.columns
             WHERE table_schema = 'public' AND CAST(column_name AS TEXT) = $1 ORDER BY 1"
        }
    };
    let column = column.to_owned();
    let counted = store.scan(move |tx| {
        let mut counts = Vec::new();
        for row in tx.all(tables, &[(&column).into()])? {
            let table = row.text(0)?;
            let count: &'static str = format!("SELECT COUNT(*) FROM {table} WHERE pool_id = $1").leak();
            let count = tx.one(count, &[pool.into()])?.map_or(Ok(0), |row| row.int(0))?;
            counts.push((table, count));
        }
        Ok::<_, Error>(counts)
    });
    counted.await.unwrap()
}

pub async fn deleting_a_pool_leaves_nothing(Database { store, .. }: Database) {
    store.write(|tx| fill(tx, "p").and_then(|()| fill(tx, "q"))).await.unwrap();
    let before = rows_of(&store, "pool_id", "p").await;
    assert!(before.len() >= 14 && before.iter().all(|(_, count)| *count > 0), "{before:?}");
    assert_eq!(store.write(|tx| pools::delete(tx, "p")).await, Ok(true));
    let after = rows_of(&store, "pool_id", "p").await;
    assert!(after.iter().all(|(_, count)| *count == 0), "{after:?}");
    assert_eq!(rows_of(&store, "pool_id", "q").await, before);
}

pub async fn deleting_a_user_leaves_nothing(Database { store, .. }: Database) {
    store.write(|tx| fill(tx, "p").and_then(|()| fill(tx, "q"))).await.unwrap();
    let before = rows_of(&store, "user_id", "p").await;
    assert!(before.len() >= 5 && before.iter().all(|(_, count)| *count > 0), "{before:?}");
    assert_eq!(store.write(|tx| users::delete(tx, "p", &user("p", 1).id)).await, Ok(true));
    let after = rows_of(&store, "user_id", "p").await;
    assert!(after.iter().all(|(_, count)| *count == 0), "{after:?}");
    assert_eq!(store.read(|tx| failures::get(tx, "p", b"name-1")).await, Ok(None));
    assert_eq!(store.read(|tx| pools::users(tx, "p")).await, Ok(0));
    assert_eq!(rows_of(&store, "user_id", "q").await, before);
}
