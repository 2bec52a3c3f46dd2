//! That every statement is understood by both databases and reads by an index, so that no cost grows with a pool.

use cognate_store::{Error, Kind, Store, user_search, users};

use crate::databases::{Database, connect};
use crate::entities::user;

/// The statements of every entity file, as they stand in the source.
fn statements() -> Vec<&'static str> {
    const SOURCES: &[&str] = &[
        include_str!("../../src/access_keys.rs"),
        include_str!("../../src/aliases.rs"),
        include_str!("../../src/attempts.rs"),
        include_str!("../../src/auth_events.rs"),
        include_str!("../../src/client_secrets.rs"),
        include_str!("../../src/clients.rs"),
        include_str!("../../src/codes.rs"),
        include_str!("../../src/failures.rs"),
        include_str!("../../src/groups.rs"),
        include_str!("../../src/leases.rs"),
        include_str!("../../src/memberships.rs"),
        include_str!("../../src/meta.rs"),
        include_str!("../../src/pools.rs"),
        include_str!("../../src/risk_configurations.rs"),
        include_str!("../../src/sessions.rs"),
        include_str!("../../src/signing_keys.rs"),
        include_str!("../../src/spent.rs"),
        include_str!("../../src/user_search.rs"),
        include_str!("../../src/users.rs"),
    ];
    const VERBS: [&str; 4] = ["SELECT ", "INSERT ", "UPDATE ", "DELETE "];
    let literals = SOURCES.iter().flat_map(|source| source.split('"').skip(1).step_by(2));
    literals.filter(|text| VERBS.iter().any(|verb| text.starts_with(verb))).collect()
}

fn parameters(sql: &str) -> usize {
    (1..=12).rev().find(|number| sql.contains(&format!("${number}"))).unwrap_or(0)
}

pub async fn no_statement_reads_a_whole_table(Database { store, url }: Database) {
    let statements = statements();
    assert!(statements.len() > 80, "{} statements found", statements.len());
    match store.kind() {
        Kind::Sqlite => on_sqlite(&store, &statements).await,
        Kind::Postgres => on_postgres(&store, &url, &statements).await,
    }
}

async fn on_sqlite(store: &Store, statements: &[&'static str]) {
    for sql in statements {
        let explain: &'static str = format!("EXPLAIN QUERY PLAN {sql}").leak();
        let nulls = vec![cognate_store::Param::Null; parameters(sql)];
        let plan = store.write(move |tx| tx.all(explain, &nulls)).await.unwrap();
        let steps: Vec<_> = plan.iter().map(|row| row.text(3).unwrap()).collect();
        // A subquery that runs as a co-routine is scanned by its name; the table inside it has a step of its own.
        let scans = |step: &&String| {
            let name = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
            name.is_some_and(|name| name != "CONSTANT" && !steps.contains(&format!("CO-ROUTINE {name}")))
        };
        assert_eq!(steps.iter().find(scans), None, "{sql}\n{steps:#?}");
        // Reading the list of keys to delete is bounded by its LIMIT; anything else that sorts would read the whole range.
        let sorts = steps.iter().any(|step| step.contains("TEMP B-TREE"));
        assert!(!sorts || sql.contains("FROM signing_keys"), "{sql}\n{steps:#?}");
    }
}

async fn on_postgres(store: &Store, url: &str, statements: &[&'static str]) {
    for hundred in 0..40 {
        let filled = store.write(move |tx| {
            for number in hundred * 100..(hundred + 1) * 100 {
                users::insert(tx, &user("p", number))?;
                let value = format!("{number}@example.com");
                user_search::replace(tx, "p", &user("p", number).id, &[("email", value.as_bytes())])?;
            }
            Ok::<_, Error>(())
        });
        filled.await.unwrap();
    }
    let client = connect(url).await;
    client.batch_execute("ANALYZE; SET plan_cache_mode = force_generic_plan").await.unwrap();
    for (number, sql) in statements.iter().enumerate() {
        client.batch_execute(&format!("PREPARE s{number} AS {sql}")).await.unwrap();
        let arguments = vec!["NULL"; parameters(sql)].join(", ");
        let explain = match parameters(sql) {
            0 => format!("EXPLAIN EXECUTE s{number}"),
            _ => format!("EXPLAIN EXECUTE s{number}({arguments})"),
        };
        // As the planner likes it where there are many rows; elsewhere as the store's connections set it.
        // The end of a pool reads all of the pool by its nature, and here that is all of the table.
        let end_of_pool = sql.starts_with("DELETE") && sql.ends_with("WHERE pool_id = $1");
        let populous = !end_of_pool && (sql.contains("FROM users") || sql.contains("FROM user_search"));
        let setting = if populous { "SET enable_seqscan = on" } else { "SET enable_seqscan = off" };
        client.batch_execute(setting).await.unwrap();
        let plan: Vec<String> = client.query(&explain, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        assert!(!plan.iter().any(|step| step.contains("Seq Scan")), "{sql}\n{plan:#?}");
    }
}
