//! The audit log only grows, in either engine: the same attempts end in the same way.

use super::pg::Postgres;
use super::{postgres_of_one_device, sqlite_with};

const CHANGED: &str = "a row is never changed";
const SEALED_FIRST: &str = "a row goes only after its segment is sealed";
const AT_THE_END: &str = "a row is added at the end, once for each request";
const SEAL_CHANGED: &str = "a seal is never changed";
const SEAL_REMOVED: &str = "a seal is never removed";
const SEAL_UNFIT: &str = "audit seals must continue the last seal and fit the rows they seal";

/// Ends in success.
const FINE: &str = "";

/// Statements in this order, and what each is refused with.
fn attempts() -> Vec<(String, &'static str)> {
    vec![
        (row(1, "'r1'"), FINE),
        (row(2, "'r2'"), FINE),
        (row(3, "NULL"), FINE),
        (row(4, "NULL"), FINE),
        ("UPDATE audit_log SET result = 'another' WHERE seq = 1".into(), CHANGED),
        ("DELETE FROM audit_log WHERE seq = 1".into(), SEALED_FIRST),
        (row(2, "NULL"), AT_THE_END),
        // A seal fits the rows it seals, or it is none.
        (seal(2, 3, 3), SEAL_UNFIT),
        (seal(1, 2, 3), SEAL_UNFIT),
        (seal(1, 5, 5), SEAL_UNFIT),
        (seal(1, 2, 2), FINE),
        ("DELETE FROM audit_log".into(), SEALED_FIRST),
        ("DELETE FROM audit_log WHERE seq <= 2".into(), FINE),
        (row(2, "NULL"), AT_THE_END),
        ("UPDATE audit_seals SET seq_to = 4".into(), SEAL_CHANGED),
        ("DELETE FROM audit_seals".into(), SEAL_REMOVED),
        (seal(4, 4, 4), SEAL_UNFIT),
        (seal(3, 4, 4), FINE),
        ("DELETE FROM audit_log".into(), FINE),
        // The chain goes on behind the last seal, though no row is left.
        (row(4, "NULL"), AT_THE_END),
        (row(5, "'r1'"), FINE),
    ]
}

fn row(seq: i64, request: &str) -> String {
    format!("INSERT INTO audit_log {COLUMNS} VALUES {}", values(seq, request))
}

const COLUMNS: &str = "(seq, at, project, agent_id, agent_type, session_id, operation, arguments, \
                       success, code, result, request_key, hash)";

fn values(seq: i64, request: &str) -> String {
    let hash = format!("{seq:064x}");
    format!(
        "({seq}, 1, NULL, 'ann', 'test', 's', 'remember', '{{}}', TRUE, NULL, '{{}}', \
         {request}, '{hash}')"
    )
}

fn seal(from: i64, to: i64, hash_of: i64) -> String {
    let (hash, rows) = (format!("{hash_of:064x}"), to - from + 1);
    let columns = "(seq_from, seq_to, hash, row_count, file, sealed_at)";
    format!(
        "INSERT INTO audit_seals {columns} VALUES ({from}, {to}, '{hash}', {rows}, 'segment', 1)"
    )
}

/// Carries out each attempt and compares how it ends.
fn end_as_told(mut carry_out: impl FnMut(&str) -> Result<(), String>) {
    for (statement, told) in attempts() {
        match carry_out(&statement) {
            Ok(()) => assert_eq!(told, FINE, "{statement}"),
            Err(why) => assert!(told != FINE && why.contains(told), "{statement}: {why}"),
        }
    }
}

#[test]
fn the_log_of_a_device_loses_only_what_was_sealed() {
    let database = sqlite_with(|_| true);

    end_as_told(|statement| database.execute_batch(statement).map_err(|e| e.to_string()));

    let left: i64 = database
        .query_row("SELECT count(*) FROM audit_log", [], |row| row.get(0))
        .expect("a number");
    assert_eq!(left, 1, "what came after the last seal");
}

#[test]
fn the_log_of_the_mirror_loses_only_what_was_sealed() {
    let server = Postgres::start();
    let mut client = postgres_of_one_device(&server, "audit");
    client.batch_execute("set search_path = coord").expect("the schema is there");
    let told =
        |e: postgres::Error| e.as_db_error().map_or(e.to_string(), |e| e.message().to_owned());

    end_as_told(|statement| client.batch_execute(statement).map_err(told));

    let emptied = client.batch_execute("truncate audit_log").map_err(told);
    assert!(emptied.is_err_and(|why| why.contains("the log is never emptied")));
    let emptied = client.batch_execute("truncate audit_seals").map_err(told);
    assert!(emptied.is_err_and(|why| why.contains(SEAL_REMOVED)));
}

/// SQLite's REPLACE deletes a row without asking the trigger that guards deletion.
#[test]
fn a_row_cannot_be_replaced() {
    let database = sqlite_with(|_| true);
    database.execute_batch(&row(1, "'r1'")).expect("the first row");

    for (seq, request) in [(1, "NULL"), (2, "'r1'")] {
        for how in ["INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE", "INSERT"] {
            let sql = format!("{how} INTO audit_log VALUES {}", values(seq, request));
            let why = database.execute_batch(&sql).expect_err("the row is there already");
            assert!(why.to_string().contains(AT_THE_END), "{sql}: {why}");
        }
    }

    let hash: String =
        database.query_row("SELECT hash FROM audit_log", [], |row| row.get(0)).expect("one row");
    assert_eq!(hash, format!("{:064x}", 1));
}

#[test]
fn a_seal_cannot_be_replaced() {
    let database = sqlite_with(|_| true);
    for statement in [row(1, "NULL"), row(2, "NULL"), seal(1, 1, 1)] {
        database.execute_batch(&statement).expect("rows that fit");
    }

    let again = seal(1, 1, 1).replace("INSERT", "INSERT OR REPLACE");
    let why = database.execute_batch(&again).expect_err("the seal is there already");

    assert!(why.to_string().contains(SEAL_UNFIT), "{why}");
}

/// Without statistics and with them: whoever reads all rows of a device for each new one is ever slower.
#[test]
fn the_log_of_the_mirror_grows_without_a_look_at_all_of_it() {
    let server = Postgres::start();
    let mut client = postgres_of_one_device(&server, "growth");
    client.batch_execute("set search_path = coord").expect("the schema is there");
    let (rows, mut next) = (400, 1);
    for prepare in ["", "analyze audit_log", "analyze audit_log"] {
        client.batch_execute(prepare).expect("it is ours");
        let mut tx = client.transaction().expect("the server runs");
        for seq in next..next + rows {
            tx.batch_execute(&row(seq, "NULL")).expect("it is the next row");
        }
        next += rows;
        let read = "select (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint
                      from pg_stat_xact_user_tables where relname = 'audit_log'";
        let read: i64 = tx.query_one(read, &[]).expect("it is counted").get(0);
        tx.commit().expect("it is ours");
        assert!(read <= 4 * rows, "{read} rows were read for {rows} new ones, after {prepare:?}");
    }
}
