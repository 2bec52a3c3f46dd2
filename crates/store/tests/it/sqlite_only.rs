//! What only a file can promise: durability of what was answered, a full disk, the mode of the file, a kill.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use cognate_store::{Error, Options, Store, meta};
use tokio::task::JoinSet;

fn open(path: &std::path::Path, options: &Options) -> Store {
    Store::open(&format!("sqlite:{}", path.display()), options).unwrap()
}

fn present(path: &std::path::Path, key: &str) -> bool {
    let other = rusqlite::Connection::open(path).unwrap();
    other.query_row("SELECT COUNT(*) FROM meta WHERE key = $1", [key], |row| row.get::<_, i64>(0)).unwrap() == 1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_commit_answers_after_it_is_done() {
    let directory = tempfile::tempdir().unwrap();
    let path = Arc::new(directory.path().join("test.db"));
    let store = open(&path, &Options::default());
    store.migrate().await.unwrap();
    let mut jobs = JoinSet::new();
    for caller in 0..64 {
        let (store, path) = (store.clone(), Arc::clone(&path));
        jobs.spawn(async move {
            let key = format!("key-{caller}");
            let written = key.clone();
            store.write(move |tx| meta::put_if_absent(tx, &written, b"")).await.unwrap();
            // Another connection sees only what is committed.
            assert!(tokio::task::spawn_blocking(move || present(&path, &key)).await.unwrap());
        });
    }
    jobs.join_all().await;
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let store = open(&path, &Options { sqlite_max_pages: Some(400), ..Options::default() });
    store.migrate().await.unwrap();
    let mut answers = Vec::new();
    for wave in 0..25 {
        let mut jobs = JoinSet::new();
        for caller in wave * 8..(wave + 1) * 8 {
            let store = store.clone();
            jobs.spawn(async move {
                let value = vec![7; 8_000];
                (caller, store.write(move |tx| meta::put_if_absent(tx, &caller.to_string(), &value)).await.map(drop))
            });
        }
        answers.extend(jobs.join_all().await);
    }
    let refused = answers.iter().filter(|(_, answer)| matches!(answer, Err(Error::Unavailable(_)))).count();
    assert!(refused > 0 && refused < 200, "{refused} refused");
    store.ping().await.unwrap();
    // What is small still fits, or is refused; it is never lost.
    let small = store.write(|tx| meta::put_if_absent(tx, "small", b"")).await;
    store.close().await;
    assert_eq!(present(&path, "small"), small.is_ok());
    for (caller, answer) in answers {
        assert_eq!(present(&path, &caller.to_string()), answer.is_ok(), "{answer:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("test.db"), &Options::default());
    store.migrate().await.unwrap();
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
    store.close().await;
}

const VICTIM: &str = "COGNATE_TEST_VICTIM";

#[test]
fn a_kill_loses_nothing_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    for round in 0..3 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sqlite_only::acknowledges_until_it_is_killed", "--nocapture"])
            .env(VICTIM, format!("{round} {}", path.display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let mut acknowledged: Vec<String> = Vec::new();
        for line in lines {
            if let Some(key) = line.unwrap().strip_prefix("acknowledged ") {
                acknowledged.push(key.to_owned());
                if acknowledged.len() == 200 {
                    victim.kill().unwrap();
                }
            }
        }
        victim.wait().unwrap();
        assert!(acknowledged.len() >= 200);
        for key in acknowledged {
            assert!(present(&path, &key), "{key} was acknowledged and is lost");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "how the parent process names the file")]
async fn acknowledges_until_it_is_killed() {
    // Does something only as the child of the test above.
    let Ok(order) = std::env::var(VICTIM) else { return };
    let (round, path) = order.split_once(' ').unwrap();
    let store = open(std::path::Path::new(path), &Options::default());
    store.migrate().await.unwrap();
    let mut jobs = JoinSet::new();
    for caller in 0..16 {
        let (store, round) = (store.clone(), round.to_owned());
        jobs.spawn(async move {
            for number in 0.. {
                let key = format!("{round}-{caller}-{number}");
                let written = key.clone();
                store.write(move |tx| meta::put_if_absent(tx, &written, b"")).await.unwrap();
                println!("acknowledged {key}");
            }
        });
    }
    jobs.join_all().await;
}
