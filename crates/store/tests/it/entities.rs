//! What each entity's functions do.

use cognate_store::user_search::Range;
use cognate_store::{
    Error, Tx, access_keys, aliases, attempts, auth_events, client_secrets, clients, codes, failures, groups, leases,
    memberships, meta, pools, risk_configurations, sessions, signing_keys, spent, user_search, users,
};
use tokio::task::JoinSet;

use crate::databases::Database;

pub fn pool(id: &str) -> pools::Pool {
    pools::Pool {
        id: id.to_owned(),
        account: "123456789012".to_owned(),
        region: "eu-central-1".to_owned(),
        name: format!("pool {id}"),
        created_ms: 1,
        modified_ms: 1,
        version: 1,
        doc: "{}".to_owned(),
    }
}

pub fn user(pool: &str, number: u32) -> users::User {
    users::User {
        pool_id: pool.to_owned(),
        id: format!("0190-{number:08}"),
        username: format!("name-{number}"),
        username_key: format!("name-{number}").into_bytes(),
        status: "CONFIRMED".to_owned(),
        enabled: true,
        created_ms: 1,
        modified_ms: 1,
        doc: "{}".to_owned(),
        credential: Some(vec![1, 2, 3]),
        signed_out_ms: 0,
        version: 1,
    }
}

pub fn group(pool: &str, name: &str) -> groups::Group {
    groups::Group {
        pool_id: pool.to_owned(),
        name: name.to_owned(),
        created_ms: 1,
        modified_ms: 1,
        precedence: None,
        doc: "{}".to_owned(),
    }
}

pub fn client(pool: &str, id: &str) -> clients::Client {
    clients::Client {
        pool_id: pool.to_owned(),
        id: id.to_owned(),
        name: "app".to_owned(),
        created_ms: 1,
        modified_ms: 1,
        doc: "{}".to_owned(),
    }
}

pub fn secret(pool: &str, client: &str, id: &str) -> client_secrets::ClientSecret {
    client_secrets::ClientSecret {
        pool_id: pool.to_owned(),
        client_id: client.to_owned(),
        id: id.to_owned(),
        created_ms: 1,
        sealed: vec![9],
    }
}

pub fn session(pool: &str, user: &str, id: &str) -> sessions::Session {
    sessions::Session {
        pool_id: pool.to_owned(),
        user_id: user.to_owned(),
        id: id.to_owned(),
        client_id: "app".to_owned(),
        created_ms: 1,
        expires_ms: 100,
        revoked_ms: None,
        token_hash: b"first".to_vec(),
        previous_hash: None,
        rotated_ms: None,
        doc: "{}".to_owned(),
    }
}

pub fn code(pool: &str, user: &str) -> codes::Code {
    codes::Code {
        pool_id: pool.to_owned(),
        user_id: user.to_owned(),
        purpose: "sign_up".to_owned(),
        hash: vec![7],
        created_ms: 1,
        expires_ms: 100,
        attempts: 0,
        doc: "{}".to_owned(),
    }
}

pub fn key(pool: &str, kid: &str) -> signing_keys::SigningKey {
    signing_keys::SigningKey {
        pool_id: pool.to_owned(),
        kid: kid.to_owned(),
        token_use: "id".to_owned(),
        created_ms: 1,
        retired_ms: None,
        public: "{}".to_owned(),
        sealed: vec![8],
    }
}

pub async fn every_function_does_what_it_says(Database { store, .. }: Database) {
    for part in [pools_and_clients, users_and_aliases, counting, signing_in, grouping, keeping, watching] {
        store.write(part).await.unwrap();
    }
}

fn pools_and_clients(tx: &mut Tx<'_>) -> Result<(), Error> {
    assert_eq!(meta::put_if_absent(tx, "a", b"1")?, b"1");
    assert_eq!(meta::put_if_absent(tx, "a", b"2")?, b"1");
    assert_eq!(meta::get(tx, "b")?, None);

    for id in ["p2", "p1", "p3"] {
        pools::insert(tx, &pool(id))?;
    }
    assert_eq!(pools::get(tx, "p1")?, Some(pool("p1")));
    let changed = pools::Pool { name: "new".to_owned(), modified_ms: 5, doc: "[]".to_owned(), ..pool("p1") };
    assert_eq!(pools::update(tx, &changed)?, Some(2));
    assert_eq!(pools::update(tx, &changed)?, None);
    assert_eq!(pools::get(tx, "p1")?, Some(pools::Pool { version: 2, ..changed }));
    let ids = pools::list(tx, "123456789012", "eu-central-1", "p1", 1)?;
    assert_eq!(ids.iter().map(|pool| pool.id.as_str()).collect::<Vec<_>>(), ["p2"]);
    assert_eq!(pools::list(tx, "999999999999", "eu-central-1", "", 60)?, []);
    assert_eq!(pools::count(tx, "123456789012", "eu-central-1")?, 3);
    assert_eq!(pools::count(tx, "123456789012", "us-east-1")?, 0);
    for spread in [-5, 0, 5, i64::MAX] {
        pools::add_users(tx, "p2", spread, 10)?;
    }
    assert_eq!(pools::users(tx, "p2")?, 40);
    assert!(pools::delete(tx, "p2")?);
    assert!(!pools::delete(tx, "p2")?);
    assert_eq!(pools::users(tx, "p2")?, 0);

    clients::insert(tx, &client("p1", "c1"))?;
    clients::insert(tx, &client("p1", "c2"))?;
    assert_eq!(clients::get(tx, "c1")?, Some(client("p1", "c1")));
    assert!(clients::update(tx, &clients::Client { name: "new".to_owned(), ..client("p1", "c1") })?);
    assert!(!clients::update(tx, &client("p3", "c1"))?);
    assert_eq!(clients::get(tx, "c1")?.map(|client| client.name), Some("new".to_owned()));
    assert_eq!(clients::list(tx, "p1", "c1", 60)?, [client("p1", "c2")]);
    assert_eq!(clients::count(tx, "p1")?, 2);
    client_secrets::insert(tx, &secret("p1", "c1", "s2"))?;
    client_secrets::insert(tx, &secret("p1", "c1", "s1"))?;
    assert_eq!(client_secrets::list(tx, "p1", "c1")?, [secret("p1", "c1", "s1"), secret("p1", "c1", "s2")]);
    assert!(client_secrets::delete(tx, "p1", "c1", "s1")?);
    assert!(!client_secrets::delete(tx, "p1", "c1", "s1")?);
    assert!(!clients::delete(tx, "p3", "c1")?);
    assert!(clients::delete(tx, "p1", "c1")?);
    assert_eq!(client_secrets::list(tx, "p1", "c1")?, []);
    Ok(())
}

fn users_and_aliases(tx: &mut Tx<'_>) -> Result<(), Error> {
    users::insert(tx, &user("p", 1))?;
    assert!(users::insert_if_absent(tx, &user("p", 2))?);
    assert!(!users::insert_if_absent(tx, &user("p", 2))?);
    assert_eq!(pools::users(tx, "p")?, 2);
    let one = user("p", 1);
    assert_eq!(users::get(tx, "p", &one.id)?, Some(one.clone()));
    assert_eq!(users::get(tx, "q", &one.id)?, None);
    assert_eq!(users::by_username(tx, "p", b"name-1")?, Some(one.clone()));
    assert_eq!(users::by_username(tx, "q", b"name-1")?, None);
    let changed =
        users::User { enabled: false, credential: None, signed_out_ms: 3, status: "X".to_owned(), ..one.clone() };
    assert_eq!(users::update(tx, &changed)?, Some(2));
    assert_eq!(users::update(tx, &changed)?, None);
    assert_eq!(users::get(tx, "p", &one.id)?, Some(users::User { version: 2, ..changed }));
    assert_eq!(users::page(tx, "p", &one.id, 60)?, [user("p", 2)]);
    assert_eq!(users::page_by_username(tx, "p", &Range::exact(b"name-2"), None, 60)?, [user("p", 2)]);
    assert_eq!(users::page_by_username(tx, "p", &Range::prefix(b""), Some(b"name-1"), 60)?, [user("p", 2)]);

    assert_eq!(aliases::claim(tx, "p", b"a@b", "email", &one.id)?, one.id);
    assert_eq!(aliases::claim(tx, "p", b"a@b", "email", "someone")?, one.id);
    assert_eq!(aliases::holder(tx, "q", b"a@b", "email")?, None);
    assert_eq!(users::by_alias(tx, "p", b"a@b")?.map(|user| user.id), Some(one.id.clone()));
    let two = user("p", 2).id;
    aliases::move_to(tx, "p", b"a@b", "email", &two)?;
    assert_eq!(aliases::holder(tx, "p", b"a@b", "email")?, Some(two.clone()));
    assert!(!aliases::release(tx, "p", b"a@b", "email", &one.id)?);
    assert_eq!(aliases::of_user(tx, "p", &two)?, [("email".to_owned(), b"a@b".to_vec())]);
    assert!(aliases::release(tx, "p", b"a@b", "email", &two)?);
    aliases::move_to(tx, "p", b"a@b", "email", &two)?;
    assert_eq!(aliases::release_all(tx, "p", &two)?, 1);

    user_search::add(tx, "p", &two, "email", b"x@y")?;
    user_search::add(tx, "p", &two, "name", b"Bob")?;
    user_search::replace(tx, "p", &two, &[("email", b"x@y"), ("name", b"Ann")])?;
    user_search::replace(tx, "p", &two, &[("email", b"z@y"), ("name", b"Ann")])?;
    assert_eq!(user_search::page(tx, "p", "email", &Range::exact(b"x@y"), None, 60)?, []);
    let found = user_search::page(tx, "p", "email", &Range::prefix(b"z"), None, 60)?;
    assert_eq!(found, [(user("p", 2), (b"z@y".to_vec(), two.clone()))]);
    assert_eq!(user_search::page(tx, "p", "email", &Range::prefix(b""), Some(&found[0].1), 60)?, []);
    assert!(users::delete(tx, "p", &two)?);
    assert!(!users::delete(tx, "p", &two)?);
    assert_eq!(pools::users(tx, "p")?, 1);
    Ok(())
}

fn counting(tx: &mut Tx<'_>) -> Result<(), Error> {
    codes::put(tx, &code("p", "u"))?;
    codes::put(tx, &codes::Code { hash: vec![8], ..code("p", "u") })?;
    assert_eq!(codes::count_attempt(tx, "p", "u", "sign_up")?, Some(1));
    assert_eq!(codes::count_attempt(tx, "p", "u", "other")?, None);
    assert_eq!(
        codes::get(tx, "p", "u", "sign_up")?,
        Some(codes::Code { hash: vec![8], attempts: 1, ..code("p", "u") })
    );
    assert!(codes::delete(tx, "p", "u", "sign_up")?);
    assert!(!codes::delete(tx, "p", "u", "sign_up")?);
    codes::put(tx, &code("p", "u"))?;
    let expiry = code("p", "u").expires_ms;
    assert_eq!(codes::prune(tx, expiry, 100)?, 0);
    assert_eq!(codes::prune(tx, expiry + 1, 100)?, 1);

    for count in 1..=3 {
        assert_eq!(attempts::increment(tx, "p", "u", "forgot", 3_600)?, count);
    }
    assert_eq!(attempts::increment(tx, "p", "u", "forgot", 7_200)?, 1);
    assert_eq!(attempts::get(tx, "p", "u", "forgot", 3_600)?, 3);
    assert_eq!(attempts::prune(tx, 7_200, 100)?, 1);
    assert_eq!(attempts::get(tx, "p", "u", "forgot", 3_600)?, 0);

    let failed = failures::Failures { count: 5, last_ms: 10, locked_until_ms: 20 };
    failures::put(tx, "p", b"name", failures::Failures::default())?;
    failures::put(tx, "p", b"name", failed)?;
    assert_eq!(failures::get(tx, "p", b"name")?, Some(failed));
    assert!(failures::clear(tx, "p", b"name")?);
    assert!(!failures::clear(tx, "p", b"name")?);
    failures::put(tx, "p", b"name", failed)?;
    assert_eq!(failures::prune(tx, 11, 100)?, 1);
    Ok(())
}

fn signing_in(tx: &mut Tx<'_>) -> Result<(), Error> {
    for id in ["s1", "s2", "s3"] {
        sessions::insert(tx, &session("p", "u", id))?;
    }
    let key = sessions::Key { pool: "p", user: "u", id: "s1" };
    assert_eq!(sessions::get(tx, "p", "u", "s1")?, Some(session("p", "u", "s1")));
    assert_eq!(sessions::of_user(tx, "p", "u", "s1", 1)?, [session("p", "u", "s2")]);
    let expiry = session("p", "u", "s1").expires_ms;
    assert_eq!(sessions::live_of_user(tx, "p", "u", "s1", 1, expiry - 1)?, [session("p", "u", "s2")]);
    assert_eq!(sessions::live_of_user(tx, "p", "u", "", 9, expiry)?, []);
    sessions::annotate(tx, key, "{\"v\":2}")?;
    assert_eq!(sessions::get(tx, "p", "u", "s1")?.map(|session| session.doc), Some("{\"v\":2}".to_owned()));
    sessions::annotate(tx, key, &session("p", "u", "s1").doc)?;
    assert!(sessions::rotate(tx, key, b"first", b"second", 5)?);
    assert!(!sessions::rotate(tx, key, b"first", b"third", 5)?);
    let rotated = sessions::Session {
        token_hash: b"second".to_vec(),
        previous_hash: Some(b"first".to_vec()),
        rotated_ms: Some(5),
        ..session("p", "u", "s1")
    };
    assert_eq!(sessions::get(tx, "p", "u", "s1")?, Some(rotated));
    assert!(sessions::revoke(tx, key, 6)?);
    assert!(!sessions::revoke(tx, key, 7)?);
    assert!(!sessions::rotate(tx, key, b"second", b"third", 8)?);
    assert_eq!(sessions::revoke_all(tx, "p", "u", 9)?, 2);
    assert_eq!(sessions::prune(tx, 100, 100)?, 0);
    assert_eq!(sessions::prune(tx, 101, 2)?, 2);
    assert_eq!(sessions::prune(tx, 101, 2)?, 1);

    assert!(spent::spend(tx, "p", b"id", 100)?);
    assert!(!spent::spend(tx, "p", b"id", 100)?);
    assert!(spent::is_spent(tx, "p", b"id")?);
    assert!(!spent::is_spent(tx, "q", b"id")?);
    assert_eq!(spent::prune(tx, 101, 100)?, 1);
    Ok(())
}

fn grouping(tx: &mut Tx<'_>) -> Result<(), Error> {
    for number in 10..13 {
        users::insert(tx, &user("p", number))?;
    }
    assert!(groups::insert_if_absent(tx, &group("p", "a"))?);
    assert!(groups::insert_if_absent(tx, &group("p", "b"))?);
    assert!(!groups::insert_if_absent(tx, &group("p", "b"))?);
    assert!(groups::update(tx, &groups::Group { precedence: Some(0), ..group("p", "a") })?);
    assert!(!groups::update(tx, &group("p", "none"))?);
    assert_eq!(groups::get(tx, "p", "a")?.map(|group| group.precedence), Some(Some(0)));
    assert_eq!(groups::list(tx, "p", "a", 60)?, [group("p", "b")]);
    assert_eq!(groups::count_up_to(tx, "p", 60)?, 2);
    assert_eq!(groups::count_up_to(tx, "p", 1)?, 1);
    assert_eq!(groups::count_up_to(tx, "q", 60)?, 0);
    for number in 10..13 {
        assert!(memberships::add(tx, "p", &user("p", number).id, "b", 1)?);
    }
    let id = user("p", 10).id;
    assert!(!memberships::add(tx, "p", &id, "b", 1)?);
    assert!(memberships::add(tx, "p", &id, "a", 1)?);
    assert_eq!(memberships::count(tx, "p", &id)?, 2);
    assert_eq!(memberships::groups_of(tx, "p", &id, "a", 60)?, [group("p", "b")]);
    assert_eq!(memberships::users_in(tx, "p", "b", &id, 1)?, [user("p", 11)]);
    assert!(memberships::remove(tx, "p", &id, "a")?);
    assert!(!memberships::remove(tx, "p", &id, "a")?);
    assert!(groups::delete(tx, "p", "b")?);
    assert!(!groups::delete(tx, "p", "b")?);
    assert_eq!(memberships::count(tx, "p", &id)?, 0);
    Ok(())
}

pub fn event(pool: &str, user: &str, id: &str, created_ms: i64) -> auth_events::AuthEvent {
    auth_events::AuthEvent {
        pool_id: pool.to_owned(),
        user_id: user.to_owned(),
        id: id.to_owned(),
        created_ms,
        expires_ms: created_ms + 100,
        known_as: "user".to_owned(),
        doc: "{}".to_owned(),
    }
}

pub fn risk(pool: &str, client: &str) -> risk_configurations::RiskConfiguration {
    let (pool_id, client_id) = (pool.to_owned(), client.to_owned());
    risk_configurations::RiskConfiguration { pool_id, client_id, modified_ms: 1, doc: "{}".to_owned() }
}

fn watching(tx: &mut Tx<'_>) -> Result<(), Error> {
    for (id, created_ms) in [("b", 1), ("c", 2), ("a", 2)] {
        auth_events::put(tx, &event("p", "u", id, created_ms))?;
    }
    let ids = |events: Vec<auth_events::AuthEvent>| events.into_iter().map(|event| event.id).collect::<Vec<_>>();
    assert_eq!(ids(auth_events::list(tx, "p", "u", i64::MAX, "", 60)?), ["c", "a", "b"]);
    assert_eq!(ids(auth_events::list(tx, "p", "u", 2, "c", 1)?), ["a"]);
    assert_eq!(ids(auth_events::known_as(tx, "p", "u", "user", 2, 1)?).len(), 1);
    auth_events::put(tx, &auth_events::AuthEvent { known_as: "failure".to_owned(), ..event("p", "u", "a", 9) })?;
    assert_eq!(auth_events::get(tx, "p", "u", "a")?.map(|event| event.created_ms), Some(2));
    assert_eq!(ids(auth_events::known_as(tx, "p", "u", "failure", 0, 60)?), ["a"]);
    assert_eq!(auth_events::prune(tx, 102, 60)?, 1);
    assert_eq!(auth_events::get(tx, "p", "u", "b")?, None);

    risk_configurations::put(tx, &risk("p", ""))?;
    let changed = risk_configurations::RiskConfiguration { modified_ms: 7, ..risk("p", "") };
    risk_configurations::put(tx, &changed)?;
    assert_eq!(risk_configurations::get(tx, "p", "")?, Some(changed));
    assert_eq!(risk_configurations::get(tx, "p", "c")?, None);
    assert!(risk_configurations::delete(tx, "p", "")?);
    assert!(!risk_configurations::delete(tx, "p", "")?);

    attempts::increment(tx, "p", "address", "failed", 5)?;
    assert_eq!(attempts::get(tx, "p", "address", "failed", 5)?, 1);
    assert_eq!(attempts::get(tx, "p", "address", "failed", 6)?, 0);
    Ok(())
}

fn keeping(tx: &mut Tx<'_>) -> Result<(), Error> {
    signing_keys::insert(tx, &key("p", "k1"))?;
    signing_keys::insert(tx, &key("p", "k2"))?;
    assert!(signing_keys::retire(tx, "p", "k1", 7)?);
    assert!(!signing_keys::retire(tx, "p", "k1", 8)?);
    let retired = signing_keys::SigningKey { retired_ms: Some(7), ..key("p", "k1") };
    assert_eq!(signing_keys::list(tx, "p")?, [retired, key("p", "k2")]);
    assert_eq!(signing_keys::prune(tx, 7, 100)?, 0);
    assert_eq!(signing_keys::prune(tx, 8, 100)?, 1);
    assert_eq!(signing_keys::list(tx, "p")?, [key("p", "k2")]);
    signing_keys::insert(tx, &key("p", "k1"))?;
    assert!(signing_keys::delete(tx, "p", "k1")?);
    assert!(!signing_keys::delete(tx, "p", "k1")?);

    let access = access_keys::AccessKey {
        id: "AKIA1".to_owned(),
        account: "123456789012".to_owned(),
        name: "admin".to_owned(),
        created_ms: 1,
        revoked_ms: None,
        sealed: vec![3],
        policy: "{}".to_owned(),
    };
    access_keys::insert(tx, &access)?;
    assert_eq!(access_keys::get(tx, "AKIA1")?, Some(access.clone()));
    assert_eq!(access_keys::list(tx, "", 60)?, [access]);
    assert!(access_keys::revoke(tx, "AKIA1", 2)?);
    assert!(!access_keys::revoke(tx, "AKIA1", 3)?);

    assert!(leases::acquire(tx, "prune", "a", 0, 10)?);
    assert!(leases::acquire(tx, "prune", "a", 5, 15)?);
    assert!(!leases::acquire(tx, "prune", "b", 14, 24)?);
    assert!(leases::acquire(tx, "prune", "b", 15, 25)?);
    assert!(!leases::release(tx, "prune", "a")?);
    assert!(leases::release(tx, "prune", "b")?);
    Ok(())
}

pub async fn one_of_many_rotations_wins(Database { store, .. }: Database) {
    store.write(|tx| sessions::insert(tx, &session("p", "u", "s"))).await.unwrap();
    let mut jobs = JoinSet::new();
    for number in 0..16_u8 {
        let store = store.clone();
        jobs.spawn(async move {
            let key = sessions::Key { pool: "p", user: "u", id: "s" };
            let rotated = store.write(move |tx| {
                Ok::<_, Error>((
                    sessions::rotate(tx, key, b"first", &[number], 5)?,
                    spent::spend(tx, "p", b"challenge", 1)?,
                ))
            });
            rotated.await.unwrap()
        });
    }
    let winners = jobs.join_all().await;
    assert_eq!(winners.iter().filter(|(rotated, _)| *rotated).count(), 1);
    assert_eq!(winners.iter().filter(|(_, spent)| *spent).count(), 1);
}

#[test]
fn every_function_is_called_here() {
    const SOURCES: &[(&str, &str)] = &[
        ("access_keys", include_str!("../../src/access_keys.rs")),
        ("aliases", include_str!("../../src/aliases.rs")),
        ("attempts", include_str!("../../src/attempts.rs")),
        ("client_secrets", include_str!("../../src/client_secrets.rs")),
        ("clients", include_str!("../../src/clients.rs")),
        ("codes", include_str!("../../src/codes.rs")),
        ("auth_events", include_str!("../../src/auth_events.rs")),
        ("devices", include_str!("../../src/devices.rs")),
        ("passkeys", include_str!("../../src/passkeys.rs")),
        ("risk_configurations", include_str!("../../src/risk_configurations.rs")),
        ("failures", include_str!("../../src/failures.rs")),
        ("groups", include_str!("../../src/groups.rs")),
        ("leases", include_str!("../../src/leases.rs")),
        ("memberships", include_str!("../../src/memberships.rs")),
        ("meta", include_str!("../../src/meta.rs")),
        ("pools", include_str!("../../src/pools.rs")),
        ("sessions", include_str!("../../src/sessions.rs")),
        ("signing_keys", include_str!("../../src/signing_keys.rs")),
        ("spent", include_str!("../../src/spent.rs")),
        ("user_search", include_str!("../../src/user_search.rs")),
        ("users", include_str!("../../src/users.rs")),
    ];
    for (entity, source) in SOURCES {
        for function in source.lines().filter_map(|line| line.strip_prefix("pub fn ")) {
            let call = format!("{entity}::{}(", function.split('(').next().unwrap());
            let tests = concat!(include_str!("entities.rs"), include_str!("enrolled.rs"), include_str!("pages.rs"));
            assert!(tests.contains(&call), "{call} is not tested on both databases");
        }
    }
}
