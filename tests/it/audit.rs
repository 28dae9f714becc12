//! The log: complete, chained, immutable, free of secrets, and able to answer.

use std::path::{Path, PathBuf};

use coord::audit::chain::{Break, GENESIS, Walk};
use coord::audit::{Row, seal};
use coord::config::Config;
use coord::keeper::Keeper;
use coord::time::DAY;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::world::{Actor, World, fields};

impl World {
    fn database(&self) -> PathBuf {
        self.folder.path().join("home/coord.db")
    }

    /// The chain as somebody sees it who reads the file.
    fn walks(&self) -> Result<i64, Break> {
        let conn = self.raw();
        let mut rows = conn
            .prepare(
                "SELECT seq, at, project, agent_id, agent_type, session_id, operation, arguments,
                        success, code, result, request_key, hash FROM audit_log ORDER BY seq",
            )
            .expect("the table is there");
        let rows = rows.query_map([], |row| {
            Ok(Row {
                seq: row.get(0)?,
                at: row.get(1)?,
                project: row.get(2)?,
                agent_id: row.get(3)?,
                agent_type: row.get(4)?,
                session_id: row.get(5)?,
                operation: row.get(6)?,
                arguments: row.get(7)?,
                success: row.get(8)?,
                code: row.get(9)?,
                result: row.get(10)?,
                request_key: row.get(11)?,
                hash: row.get(12)?,
            })
        });
        let mut walk = Walk::after(0, GENESIS.into());
        for row in rows.expect("rows can be read") {
            walk.step(&row.expect("a row can be read"))?;
        }
        Ok(walk.stands_at().0)
    }

    /// A way into the file that knows no rules.
    #[expect(clippy::disallowed_methods, reason = "an attacker does not ask the store")]
    fn raw(&self) -> Connection {
        Connection::open(self.database()).expect("the file can be opened")
    }

    fn tampers(&self, sql: &str) {
        let conn = self.raw();
        let triggers = conn
            .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            .and_then(|mut all| {
                all.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()
            })
            .expect("the schema can be read");
        for trigger in triggers {
            conn.execute_batch(&format!("DROP TRIGGER {trigger}")).expect("it can be dropped");
        }
        conn.execute_batch(sql).expect("the file can be written");
    }
}

/// Ten rows in the log.
fn busy_world() -> World {
    let world = World::new();
    let ann = world.agent("ann");
    for number in 0..10 {
        ann.asks("register_session", json!({ "current_task": format!("task {number}") }));
    }
    assert_eq!(world.walks(), Ok(10));
    world
}

const COLUMNS: &str = "at, project, agent_id, agent_type, session_id, operation, arguments,
                       success, code, result, request_key, hash";

#[test]
fn an_altered_row_is_found_whichever_column_it_is() {
    for change in [
        "at = at + 1",
        "project = 'other'",
        "agent_id = 'bob'",
        "agent_type = 'codex'",
        "session_id = 'other'",
        "operation = 'heartbeat'",
        "arguments = '{}'",
        "success = 0, code = 'x'",
        "result = '{}'",
        "request_key = 'k'",
        "hash = replace(hash, substr(hash, 1, 1), 'e')",
    ] {
        let world = busy_world();
        world.tampers(&format!("UPDATE audit_log SET {change} WHERE seq = 4"));
        let found = world.walks().expect_err("it was altered");
        // A hash of which only the last is wrong shows in its own row.
        assert_eq!(found.seq, 4, "after {change}");
    }
}

#[test]
fn missing_swapped_and_inserted_rows_are_found_at_the_very_place() {
    let missing = busy_world();
    missing.tampers("DELETE FROM audit_log WHERE seq = 6");
    assert_eq!(missing.walks(), Err(Break { seq: 6, why: "the row is missing" }));

    let swapped = busy_world();
    swapped.tampers(
        "UPDATE audit_log SET seq = 100 WHERE seq = 3; UPDATE audit_log SET seq = 3 WHERE seq = 7;
         UPDATE audit_log SET seq = 7 WHERE seq = 100",
    );
    assert_eq!(swapped.walks().map_err(|gap| gap.seq), Err(3));

    let inserted = busy_world();
    inserted.tampers(&format!(
        "UPDATE audit_log SET seq = seq + 1000 WHERE seq > 5;
         UPDATE audit_log SET seq = seq - 999 WHERE seq > 1000;
         INSERT INTO audit_log (seq, {COLUMNS}) SELECT 6, {COLUMNS} FROM audit_log WHERE seq = 2"
    ));
    assert_eq!(inserted.walks().map_err(|gap| gap.seq), Err(6));
}

#[test]
fn the_table_refuses_to_change_or_lose_a_row() {
    let world = busy_world();
    let conn = world.raw();
    for sql in [
        "UPDATE audit_log SET agent_id = 'bob' WHERE seq = 4",
        "DELETE FROM audit_log WHERE seq = 4",
        "REPLACE INTO audit_log SELECT * FROM audit_log WHERE seq = 4",
    ] {
        let error = conn.execute(sql, []).expect_err("the log is immutable").to_string();
        assert!(error.contains("immutable"), "{sql}: {error}");
    }
    assert_eq!(world.walks(), Ok(10));
}

#[test]
fn secrets_never_reach_the_file() {
    let world = World::new();
    let ann = world.agent("ann");
    let secrets = ["hunter22xyzzy", "ghp_0123456789abcdefghijABCDEFGHIJ", "AKIAIOSFODNN7EXAMPLE"];
    ann.asks("query_audit", json!({ "api_key": secrets[0], "operation": secrets[1] }));
    ann.asks("register_session", json!({ "password": secrets[0] }));
    ann.asks(
        "register_session",
        json!({ "current_task": format!("export DB_PASSWORD={}", secrets[0]) }),
    );
    ann.asks_as(Some("k/1"), "heartbeat", json!({ "current_task": format!("use {}", secrets[2]) }));
    ann.asks("no_such_tool", json!({ "header": format!("Authorization: Bearer {}", secrets[0]) }));
    ann.asks("acquire_lock", json!({ "file_path": secrets[2], "ttl_minutes": secrets[1] }));
    let folder = world.folder.path().to_owned();

    world.service.store().close();

    let mut read = 0;
    for file in files_below(&folder) {
        let bytes = std::fs::read(&file).expect("the file can be read");
        read += bytes.len();
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{secret} is in {}", file.display());
        }
    }
    assert!(read > 50_000, "the database was read");
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    let paths = entries.map(|entry| entry.expect("an entry can be read").path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[test]
fn a_repeated_request_gets_the_very_answer_and_is_not_done_again() {
    let world = World::new();
    let ann = world.agent("ann");
    let asked =
        json!({ "task_type": "t", "description": "d", "input_data": { "token": "s3cret99" } });
    let first = ann.asks_as(Some("shim/1"), "submit_work", asked.clone());
    let claim = ann.asks_as(Some("shim/2"), "get_work", json!({}));

    assert_eq!(ann.asks_as(Some("shim/1"), "submit_work", asked), first);
    let again = ann.asks_as(Some("shim/2"), "get_work", json!({}));

    assert_eq!(again, claim, "though the log holds it without its secret");
    assert_eq!(fields(&again)["input_data"]["token"], "s3cret99");
    let list = fields(&world.person().asks("list_work", json!({})));
    assert_eq!(list["tasks"].as_array().map(Vec::len), Some(1), "{list}");
}

#[test]
fn refusals_and_unknown_tools_leave_their_row_too() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    ann.asks("acquire_lock", json!({ "file_path": "a.rs" }));
    bob.asks("acquire_lock", json!({ "file_path": "a.rs" }));
    bob.asks("aquire_lock", json!({}));

    let no = fields(&ann.asks("query_audit", json!({ "success": false })));

    let codes: Vec<&Value> =
        no["entries"].as_array().expect("a list").iter().map(|entry| &entry["code"]).collect();
    assert_eq!(codes, ["unknown_tool", "locked_by_other"]);
}

#[test]
fn the_log_is_asked_by_agent_operation_and_time_and_read_in_pages() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let start = world.clock.now();
    for _ in 0..3 {
        ann.asks("register_session", json!({}));
        world.pass_minutes(1);
        bob.asks("heartbeat", json!({ "current_task": "x" }));
    }
    let ask = |arguments: Value| fields(&ann.asks("query_audit", arguments));
    let count = |answer: &Value| answer["entries"].as_array().expect("a list").len();

    assert_eq!(count(&ask(json!({ "agent_id": "ann" }))), 3);
    assert_eq!(count(&ask(json!({ "operation": "heartbeat" }))), 3);
    assert_eq!(count(&ask(json!({ "since": start.plus(60_000), "operation": "heartbeat" }))), 3);
    assert_eq!(count(&ask(json!({ "until": start, "agent_id": "bob" }))), 0);

    let first = ask(json!({ "limit": 4, "until": world.clock.now() }));
    assert_eq!(count(&first), 4);
    let second =
        ask(json!({ "limit": 4, "cursor": first["next_cursor"], "operation": "register_session" }));
    assert_eq!(count(&second), 1);
    assert_eq!(second["next_cursor"], Value::Null);
    assert_eq!(ann.asks("query_audit", json!({ "limit": 0 })).code(), Some("invalid_argument"));
    assert_eq!(ann.asks("query_audit", json!({ "limit": 201 })).code(), Some("invalid_argument"));
    assert_eq!(ann.asks("query_audit", json!({ "cursor": "x" })).code(), Some("invalid_argument"));
}

#[test]
fn raw_rows_are_for_people_and_prove_the_chain() {
    let world = busy_world();
    assert_eq!(world.agent("ann").asks("audit_rows", json!({})).code(), Some("person_required"));

    let person = world.person();
    let (mut walk, mut after) = (None::<Walk>, None::<i64>);
    let mut read = 0;
    loop {
        let page = fields(&person.asks("audit_rows", json!({ "after": after, "limit": 3 })));
        let rows: Vec<Row> = serde_json::from_value(page["rows"].clone()).expect("rows are rows");
        let hash = page["hash"].as_str().expect("the row before is there").to_owned();
        let from = page["after"].as_i64().expect("a number");
        let walk = walk.get_or_insert_with(|| Walk::after(from, hash));
        for row in &rows {
            walk.step(row).expect("the chain holds");
        }
        read += rows.len();
        match rows.last() {
            Some(last) => after = Some(last.seq),
            None => break,
        }
    }
    assert!(read >= 11, "{read} rows");
}

#[test]
fn old_rows_are_sealed_in_files_and_the_chain_goes_on_from_there() {
    let world = busy_world();
    let keeper = Keeper::new(std::sync::Arc::clone(&world.service), &Config::defaults());
    world.pass_ms(60 * DAY);
    world.agent("bob").asks("register_session", json!({}));
    world.pass_ms(32 * DAY);

    let next = world.block_on(keeper.reap()).expect("the younger rows have their time too");

    let rows = fields(&world.person().asks("audit_rows", json!({})));
    assert_eq!(rows["after"], 10, "ten are gone: {rows}");
    let file = PathBuf::from(rows["seals"][0]["file"].as_str().expect("it has a file"));
    let segment = seal::verify_segment(&file).expect("the segment is whole");
    assert_eq!((segment.start.after, segment.seq_to), (0, 10));
    assert_eq!(rows["hash"], json!(segment.hash));
    let mut walk = Walk::after(10, segment.hash);
    for row in serde_json::from_value::<Vec<Row>>(rows["rows"].clone()).expect("rows are rows") {
        walk.step(&row).expect("the chain goes on");
    }
    assert!(next > world.clock.now(), "nothing more is due");
}

#[test]
fn a_segment_that_was_touched_is_neither_believed_nor_sealed() {
    let world = busy_world();
    let person = world.person();
    let folder = world.folder.path().to_owned();
    let ripe = world.service.store().read(|tx| seal::ripe(tx, world.clock.now().plus(1)));
    let (start, rows) = ripe.expect("it can be read").expect("there are rows");
    let file = seal::write_segment(&folder, &start, &rows[..8]).expect("it can be written");
    let whole = std::fs::read_to_string(&file).expect("it was written");
    let sealing = |person: &Actor<'_>| person.asks("seal_audit", json!({ "file": file }));

    for (touched, code) in [
        (whole.replace("task 3", "task 4"), "segment_damaged"),
        (
            whole.lines().filter(|line| !line.contains("\"seq\":5")).collect::<Vec<_>>().join("\n"),
            "segment_damaged",
        ),
        (whole.lines().skip(1).collect::<Vec<_>>().join("\n"), "segment_damaged"),
        (String::new(), "segment_damaged"),
        (whole.lines().take(1).collect(), "segment_damaged"),
    ] {
        std::fs::write(&file, touched).expect("it can be written");
        assert_eq!(sealing(&person).code(), Some(code));
    }
    assert_eq!(
        world.raw().query_row("SELECT count(*) FROM audit_seals", [], |row| row.get(0)),
        Ok(0)
    );

    std::fs::write(&file, &whole).expect("it can be written");
    let sealed = sealing(&person);
    assert_eq!(fields(&sealed)["removed"], 8, "{sealed:?}");
    assert_eq!(sealing(&person).code(), Some("segment_does_not_fit"), "it was sealed before");
}
