//! Lists come page by page, whole and in order.

use cognate_store::user_search::Range;
use cognate_store::{Error, user_search, users};

use crate::databases::Database;
use crate::entities::user;

pub async fn pages_are_whole_and_in_order(Database { store, .. }: Database) {
    // Values that a careless upper end of a prefix would lose or let in.
    const VALUES: [&[u8]; 7] = [b"ab", b"ab\0", b"ab\xff", b"ab\xff\xff", b"abc", b"ac", b"\xff\xff"];
    store
        .write(|tx| {
            for number in 0..21_u32 {
                users::insert(tx, &user("p", number))?;
                let value = VALUES[number as usize % VALUES.len()];
                user_search::replace(tx, "p", &user("p", number).id, &[("name", value)])?;
            }
            users::insert(tx, &user("q", 1))?;
            user_search::replace(tx, "q", &user("q", 1).id, &[("name", b"ab")])
        })
        .await
        .unwrap();
    for prefix in [&b""[..], b"a", b"ab", b"ab\xff", b"\xff", b"\xff\xff", b"b"] {
        let found = store.read(move |tx| {
            let mut found: Vec<user_search::Position> = Vec::new();
            loop {
                let page = user_search::page(tx, "p", "name", &Range::prefix(prefix), found.last(), 4)?;
                if page.is_empty() {
                    return Ok::<_, Error>(found);
                }
                found.extend(page.into_iter().map(|(_, position)| position));
            }
        });
        let mut wanted: Vec<_> = (0..21)
            .map(|number| (VALUES[number as usize % VALUES.len()].to_vec(), user("p", number).id))
            .filter(|(value, _)| value.starts_with(prefix))
            .collect();
        wanted.sort();
        assert_eq!(found.await.unwrap(), wanted);
    }
    let exact = store.read(|tx| user_search::page(tx, "p", "name", &Range::exact(b"ab"), None, 60)).await.unwrap();
    assert_eq!(exact.len(), 3);
    let pages = store.read(|tx| {
        let mut ids: Vec<String> = Vec::new();
        loop {
            let page = users::page(tx, "p", ids.last().map_or("", String::as_str), 4)?;
            if page.is_empty() {
                return Ok::<_, Error>(ids);
            }
            ids.extend(page.into_iter().map(|user| user.id));
        }
    });
    assert_eq!(pages.await.unwrap(), (0..21).map(|number| user("p", number).id).collect::<Vec<_>>());
}
