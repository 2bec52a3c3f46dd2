//! One contract, held by every database: a SQLite file, SQLite in memory, and PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod databases;
mod deletion;
mod enrolled;
mod entities;
mod pages;
mod plans;
mod postgres_only;
mod sqlite_only;
mod transactions;

/// Each test of the list on each database.
macro_rules! contract {
    ($($file:ident: $($test:ident),+ $(,)?);+ $(;)?) => {
        mod sqlite_file {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { crate::databases::file(crate::$file::$test).await; })+)+
        }
        mod sqlite_memory {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { crate::databases::memory(crate::$file::$test).await; })+)+
        }
        mod postgres {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { crate::databases::postgres(crate::$file::$test).await; })+)+
        }
    };
}

contract! {
    transactions:
        a_write_is_rehearsed_and_done_once,
        an_err_rolls_back,
        a_failed_statement_spoils_the_transaction,
        a_conflict_names_its_constraint_and_no_value,
        a_panic_fails_only_its_own_job,
        counters_lose_nothing,
        neighbours_all_get_in,
        a_check_and_a_write_are_one,
        a_read_cannot_write,
        a_scan_is_one_snapshot,
        metacharacters_are_values,
        texts_come_in_byte_order,
        the_first_meta_value_wins,
        published_messages_arrive_after_commit,
        migrations_race_and_apply_once,
        a_newer_database_is_refused,
        close_finishes_what_it_took,
        wrong_types_are_errors;
    enrolled: what_users_enrol_is_theirs;
    entities:
        every_function_does_what_it_says,
        one_of_many_rotations_wins;
    deletion:
        deleting_a_pool_leaves_nothing,
        deleting_a_user_leaves_nothing;
    pages: pages_are_whole_and_in_order;
    plans:
        no_statement_reads_a_whole_table;
}
