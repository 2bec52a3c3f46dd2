//! What a transaction promises.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cognate_store::{Error, Options, Param, Store, Tx, attempts, groups, memberships, meta, pools, user_search, users};
use tokio::task::JoinSet;

use crate::databases::Database;
use crate::entities::{group, user};

pub async fn a_write_is_rehearsed_and_done_once(Database { store, .. }: Database) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let count = store.write(move |tx| {
        counted.fetch_add(1, Ordering::Relaxed);
        attempts::increment(tx, "p", "s", "k", 0)
    });
    assert_eq!(count.await, Ok(1));
    assert_eq!(runs.load(Ordering::Relaxed), 2);
}

#[derive(Debug, PartialEq)]
enum Refusal {
    Store(Error),
    Own,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Store(error)
    }
}

pub async fn an_err_rolls_back(Database { store, .. }: Database) {
    let refused: Result<(), Refusal> = store
        .write(|tx| {
            meta::put_if_absent(tx, "key", b"value")?;
            Err(Refusal::Own)
        })
        .await;
    assert_eq!(refused, Err(Refusal::Own));
    assert_eq!(store.read(|tx| meta::get(tx, "key")).await, Ok(None));
}

pub async fn a_failed_statement_spoils_the_transaction(Database { store, .. }: Database) {
    store.write(|tx| users::insert(tx, &user("p", 1))).await.unwrap();
    let spoilt: Result<(), Error> = store
        .write(|tx| {
            meta::put_if_absent(tx, "before", b"")?;
            let conflict = users::insert(tx, &user("p", 1)).unwrap_err();
            assert_eq!(meta::put_if_absent(tx, "after", b"").unwrap_err(), conflict);
            Ok(())
        })
        .await;
    assert!(matches!(spoilt, Err(Error::Conflict { .. })), "{spoilt:?}");
    assert_eq!(store.read(|tx| meta::get(tx, "before")).await, Ok(None));
}

pub async fn a_conflict_names_its_constraint_and_no_value(Database { store, .. }: Database) {
    store.write(|tx| users::insert(tx, &user("p", 1))).await.unwrap();
    let same_id = store.write(|tx| users::insert(tx, &user("p", 1))).await.unwrap_err();
    let same_name = store.write(|tx| users::insert(tx, &users::User { id: "other".to_owned(), ..user("p", 1) })).await;
    let same_name = same_name.unwrap_err();
    // With both violated each database names the one that it checks first.
    assert!(matches!(same_id, Error::Conflict { .. }));
    assert_eq!(same_name, Error::Conflict { constraint: "users_pool_id_username_key_key".to_owned() });
    let only_id = users::User { username_key: b"other".to_vec(), ..user("p", 1) };
    let only_id = store.write(move |tx| users::insert(tx, &only_id)).await.unwrap_err();
    assert_eq!(only_id, Error::Conflict { constraint: "users_pkey".to_owned() });
    for shown in
        [format!("{same_name} {same_name:?}"), format!("{:?}", user("p", 1)), format!("{:?}", Param::Text("name-1"))]
    {
        assert!(!shown.contains("name-1"), "{shown}");
    }
}

pub async fn a_panic_fails_only_its_own_job(Database { store, .. }: Database) {
    let mut jobs = JoinSet::new();
    for number in 0..32 {
        let store = store.clone();
        jobs.spawn(async move {
            let done = store.write(move |tx| {
                meta::put_if_absent(tx, &format!("key-{number}"), b"value")?;
                assert!(number % 4 != 0, "this closure was told to panic");
                Ok::<_, Error>(())
            });
            (number, done.await)
        });
    }
    while let Some(job) = jobs.join_next().await {
        let (number, done) = job.unwrap();
        let kept = store.read(move |tx| meta::get(tx, &format!("key-{number}"))).await.unwrap();
        assert_eq!(done.is_ok(), number % 4 != 0, "{done:?}");
        assert_eq!(kept.is_some(), done.is_ok());
    }
    let panicked: Result<(), Error> = store.read(|_| panic!("this read was told to panic")).await;
    assert!(matches!(panicked, Err(Error::Database(_))));
    store.ping().await.unwrap();
}

pub async fn counters_lose_nothing(Database { store, url }: Database) {
    let other = Database { store: store.clone(), url }.other_node().unwrap_or_else(|| store.clone());
    let mut jobs = JoinSet::new();
    for number in 0..32 {
        let store = if number % 2 == 0 { store.clone() } else { other.clone() };
        jobs.spawn(async move {
            for _ in 0..5 {
                // Read, then write what was read: only isolation keeps this right.
                patiently(&store, |tx| {
                    let count = meta_count(tx)?;
                    tx.run(
                        "INSERT INTO meta (key, value) VALUES ('count', $1)
                         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                        &[(&(count + 1).to_be_bytes()).into()],
                    )
                })
                .await;
            }
        });
    }
    while let Some(job) = jobs.join_next().await {
        job.unwrap();
    }
    assert_eq!(store.read(meta_count).await, Ok(160));
    other.close().await;
}

fn meta_count(tx: &mut Tx<'_>) -> Result<i64, Error> {
    let count = meta::get(tx, "count")?;
    Ok(count.map_or(0, |bytes| i64::from_be_bytes(bytes.try_into().unwrap())))
}

/// Writes until contention allows it; any other failure is the test's.
async fn patiently<T: Send + 'static>(
    store: &Store,
    closure: impl Fn(&mut Tx<'_>) -> Result<T, Error> + Copy + Send + Sync + 'static,
) -> T {
    loop {
        match store.write(closure).await {
            Err(Error::TooContended) => {}
            done => return done.unwrap(),
        }
    }
}

/// Users whose names lie side by side are made and changed at once, each after a look whether the name is free: on
/// PostgreSQL they all read and write the same few pages of an index, and still each gets in.
pub async fn neighbours_all_get_in(Database { store, .. }: Database) {
    const STATUS: &str = "cognito:user_status";
    let mut jobs = JoinSet::new();
    for caller in 0..16_u32 {
        let store = store.clone();
        jobs.spawn(async move {
            for number in 0..10 {
                let user = user("p", number * 16 + caller);
                let (new, known) = (user.clone(), user);
                let added = store.write(move |tx| {
                    assert!(users::by_username(tx, "p", &new.username_key)?.is_none());
                    users::insert(tx, &new)?;
                    user_search::add(tx, "p", &new.id, STATUS, b"FORCE_CHANGE_PASSWORD")
                });
                added.await.unwrap();
                let confirmed = store.write(move |tx| {
                    let found = users::by_username(tx, "p", &known.username_key)?.unwrap();
                    users::update(tx, &found)?;
                    user_search::replace(tx, "p", &found.id, &[(STATUS, b"CONFIRMED")])
                });
                confirmed.await.unwrap();
            }
        });
    }
    jobs.join_all().await;
    assert_eq!(store.read(|tx| pools::users(tx, "p")).await.unwrap(), 160);
}

pub async fn a_check_and_a_write_are_one(Database { store, .. }: Database) {
    let mut jobs = JoinSet::new();
    for number in 0..24_i64 {
        let store = store.clone();
        jobs.spawn(async move {
            patiently(&store, move |tx| {
                if memberships::count(tx, "p", "u")? < 5 {
                    memberships::add(tx, "p", "u", &format!("g{number}"), 0)?;
                }
                Ok(())
            })
            .await;
        });
    }
    while let Some(job) = jobs.join_next().await {
        job.unwrap();
    }
    assert_eq!(store.read(|tx| memberships::count(tx, "p", "u")).await, Ok(5));
}

pub async fn a_read_cannot_write(Database { store, .. }: Database) {
    let read = store.read(|tx| meta::put_if_absent(tx, "key", b"value")).await;
    let scanned = store.scan(|tx| meta::put_if_absent(tx, "key", b"value")).await;
    assert!(matches!(read, Err(Error::Database(_))), "{read:?}");
    assert!(matches!(scanned, Err(Error::Database(_))), "{scanned:?}");
    store.write(|tx| meta::put_if_absent(tx, "key", b"value")).await.unwrap();
}

pub async fn a_scan_is_one_snapshot(database: Database) {
    let Some(other) = database.other_node() else { return };
    let (seen, saw) = tokio::sync::oneshot::channel();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (seen, wait) = (std::sync::Mutex::new(Some(seen)), std::sync::Mutex::new(wait));
    let store = database.store.clone();
    let scan = tokio::spawn(async move {
        store
            .scan(move |tx| {
                let before = meta::get(tx, "key")?;
                seen.lock().unwrap().take().unwrap().send(()).unwrap();
                wait.lock().unwrap().recv().unwrap();
                Ok::<_, Error>((before, meta::get(tx, "key")?))
            })
            .await
    });
    saw.await.unwrap();
    other.write(|tx| meta::put_if_absent(tx, "key", b"value")).await.unwrap();
    go.send(()).unwrap();
    assert_eq!(scan.await.unwrap(), Ok((None, None)));
    assert!(database.store.read(|tx| meta::get(tx, "key")).await.unwrap().is_some());
    other.close().await;
}

pub async fn metacharacters_are_values(Database { store, .. }: Database) {
    for text in ["'; DROP TABLE users; --", "%_\\", "$1", "?1", "\"", "\u{1F600}\u{0301}", "", "\r\n\t"] {
        let kept =
            users::User { id: format!("id {text}"), username: text.to_owned(), doc: text.to_owned(), ..user("p", 1) };
        let written = kept.clone();
        let read = store
            .write(move |tx| {
                users::delete(tx, "p", &written.id)?;
                users::insert(tx, &written)?;
                let read = users::get(tx, "p", &written.id)?;
                users::delete(tx, "p", &written.id)?;
                Ok::<_, Error>(read)
            })
            .await
            .unwrap();
        assert_eq!(read, Some(kept));
    }
    let with_nul = store.write(|tx| meta::put_if_absent(tx, "a\0b", b"\0")).await;
    assert!(matches!(with_nul, Err(Error::Database(_))), "{with_nul:?}");
    assert_eq!(store.write(|tx| meta::put_if_absent(tx, "a", b"\0")).await, Ok(vec![0]));
}

pub async fn texts_come_in_byte_order(Database { store, .. }: Database) {
    let names = ["a-b", "Z", "ä", "aa", "_", "a b", "1", "\u{1F600}"];
    let listed = store.write(move |tx| {
        for name in names {
            groups::insert_if_absent(tx, &group("p", name))?;
        }
        groups::list(tx, "p", "", 60)
    });
    let listed: Vec<_> = listed.await.unwrap().into_iter().map(|group| group.name).collect();
    let mut sorted = names;
    sorted.sort_unstable();
    assert_eq!(listed, sorted);
}

pub async fn the_first_meta_value_wins(database: Database) {
    let other = database.other_node().unwrap_or_else(|| database.store.clone());
    let mut jobs = JoinSet::new();
    for number in 0..16_u8 {
        let store = if number % 2 == 0 { database.store.clone() } else { other.clone() };
        jobs.spawn(async move { store.write(move |tx| meta::put_if_absent(tx, "check", &[number])).await.unwrap() });
    }
    let values = jobs.join_all().await;
    assert!(values.iter().all(|value| value == &values[0]), "{values:?}");
    other.close().await;
}

pub async fn published_messages_arrive_after_commit(database: Database) {
    let writer = database.other_node().filter(|other| other.kind() == cognate_store::Kind::Postgres);
    let writer = writer.unwrap_or_else(|| database.store.clone());
    let mut heard = database.store.subscribe();
    if writer.kind() == cognate_store::Kind::Postgres {
        assert_eq!(next(&mut heard).await, cognate_store::MISSED);
    }
    let undone: Result<(), Refusal> = writer
        .write(|tx| {
            tx.publish("undone".to_owned())?;
            Err(Refusal::Own)
        })
        .await;
    undone.unwrap_err();
    writer.write(|tx| tx.publish("pool p changed".to_owned())).await.unwrap();
    assert_eq!(next(&mut heard).await, "pool p changed");
    let long: Result<(), Error> = writer.write(|tx| tx.publish("x".repeat(8_000))).await;
    assert!(matches!(long, Err(Error::Database(_))));
    writer.close().await;
}

async fn next(heard: &mut tokio::sync::broadcast::Receiver<String>) -> String {
    tokio::time::timeout(Duration::from_secs(10), heard.recv()).await.unwrap().unwrap()
}

pub async fn migrations_race_and_apply_once(database: Database) {
    let Some(other) = database.other_node() else { return };
    database
        .store
        .write(|tx| {
            for table in TABLES {
                tx.run(table, &[])?;
            }
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    assert_eq!(other.pending_migrations().await.unwrap(), ["0001_init", "0002_factors"]);
    let (one, two) = tokio::join!(database.store.migrate(), other.migrate());
    let mut applied = [one.unwrap(), two.unwrap()];
    applied.sort();
    assert_eq!(applied, [vec![], vec!["0001_init".to_owned(), "0002_factors".to_owned()]]);
    assert!(other.pending_migrations().await.unwrap().is_empty());
    other.close().await;
}

/// Takes the schema away again.
const TABLES: &[&str] = &[
    "DROP TABLE schema_migrations",
    "DROP TABLE meta",
    "DROP TABLE pools",
    "DROP TABLE pool_counts",
    "DROP TABLE clients",
    "DROP TABLE client_secrets",
    "DROP TABLE users",
    "DROP TABLE aliases",
    "DROP TABLE user_search",
    "DROP TABLE codes",
    "DROP TABLE attempts",
    "DROP TABLE failures",
    "DROP TABLE sessions",
    "DROP TABLE spent",
    "DROP TABLE groups",
    "DROP TABLE memberships",
    "DROP TABLE signing_keys",
    "DROP TABLE access_keys",
    "DROP TABLE leases",
    "DROP TABLE devices",
    "DROP TABLE passkeys",
    "DROP TABLE risk_configurations",
    "DROP TABLE auth_events",
];

pub async fn a_newer_database_is_refused(Database { store, .. }: Database) {
    store
        .write(|tx| tx.run("INSERT INTO schema_migrations (version, name) VALUES (9999, 'from the future')", &[]))
        .await
        .unwrap();
    let refused = store.migrate().await.unwrap_err();
    assert!(matches!(&refused, Error::Migration(why) if why.contains("9999")), "{refused}");
}

pub async fn close_finishes_what_it_took(Database { store, .. }: Database) {
    let mut jobs = JoinSet::new();
    for number in 0..64 {
        let store = store.clone();
        jobs.spawn(async move { store.write(move |tx| meta::put_if_absent(tx, &number.to_string(), b"")).await });
    }
    tokio::task::yield_now().await;
    tokio::time::timeout(Duration::from_secs(20), store.close()).await.unwrap();
    for done in jobs.join_all().await {
        assert!(matches!(done, Ok(_) | Err(Error::Unavailable(_))), "{done:?}");
    }
    assert!(matches!(store.write(|tx| meta::get(tx, "")).await, Err(Error::Unavailable(_))));
    assert!(matches!(store.read(|tx| meta::get(tx, "")).await, Err(Error::Unavailable(_))));
}

pub async fn wrong_types_are_errors(Database { store, .. }: Database) {
    let row = store.write(|tx| {
        meta::put_if_absent(tx, "key", b"value")?;
        tx.one("SELECT key, value, 7, CAST(NULL AS TEXT) FROM meta", &[])
    });
    let row = row.await.unwrap().unwrap();
    assert_eq!(
        (row.text(0), row.bytes(1), row.int(2), row.opt_text(3)),
        (Ok("key".to_owned()), Ok(b"value".to_vec()), Ok(7), Ok(None))
    );
    for wrong in [row.int(0).err(), row.text(1).err(), row.bytes(2).err(), row.text(3).err(), row.int(4).err()] {
        assert!(matches!(wrong, Some(Error::Database(_))), "{wrong:?}");
    }
    let few: Result<_, Error> = store.read(|tx| tx.one("SELECT value FROM meta WHERE key = $1", &[])).await;
    assert!(matches!(few, Err(Error::Database(_))), "{few:?}");
    let unopened = Store::open("mysql://secret@host/db", &Options::default()).unwrap_err();
    assert!(!unopened.to_string().contains("secret"));
    let unopened = Store::open("postgres://u:secret@host:port/db", &Options::default()).unwrap_err();
    assert!(!format!("{unopened} {unopened:?}").contains("secret"));
}
