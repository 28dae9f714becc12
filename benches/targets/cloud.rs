//! What the functions of the mirror cost in a real PostgreSQL that flushes to disk.
//!
//! Each call is what the API makes of a request: a transaction, the role, the headers, one function. HTTP is left out,
//! here and in the yardstick.

use std::time::{Duration, Instant};

use coord::audit::chain::digest;
use coord::cloud::migrate;
use postgres::Client;
use serde_json::{Value, json};

use super::pg::Postgres;
use super::table::{Table, Times};

/// Rows of a batch, and how many batches.
const ROWS: i64 = 500;
const BATCHES: i64 = 40;
const TOKEN: &str = "the token of a device that only measures";

pub fn run(table: &mut Table) {
    let (_server, mut client) = measured();
    push(table, &mut client);
}

/// A server that flushes, with a device that may call as often as it likes.
pub fn measured() -> (Postgres, Client) {
    let server = Postgres::start_with("-c listen_addresses='' -c timezone=UTC");
    let mut client = server.database("measured");
    migrate::migrate(&mut client).expect("the migrations can be applied");
    client
        .batch_execute("update coord.installation set calls_per_second = 1e6, calls_at_once = 1e6")
        .expect("it is ours");
    enrol(&mut client);
    (server, client)
}

fn enrol(client: &mut Client) {
    let code: String = client.query_one("select coord.invite('team')", &[]).expect("a code").get(0);
    let told = call(
        client,
        "coord_enrol",
        &json!({
            "code": code, "device_id": "00000000-0000-7000-8000-000000000001", "token_sha256": digest(TOKEN),
            "proto": 1, "schema": migrate::newest(),
        }),
    );
    assert_eq!(told["status"], "ok", "{told}");
}

/// One request as the API carries it out.
pub fn call(client: &mut Client, function: &str, p: &Value) -> Value {
    let mut tx = client.transaction().expect("the server runs");
    let headers = json!({ "x-coord-token": TOKEN }).to_string();
    let enter = "select set_config('role', 'anon', true), set_config('request.headers', $1, true)";
    tx.execute(enter, &[&headers]).expect("it can be set");
    let ask = format!("select public.{function}($1::text::jsonb)::text");
    let told: String = tx.query_one(&ask, &[&p.to_string()]).expect("it answers").get(0);
    tx.commit().expect("it is kept");
    serde_json::from_str(&told).expect("it answers in JSON")
}

fn push(table: &mut Table, client: &mut Client) {
    let batches: Vec<Value> = (0..BATCHES).map(batch).collect();
    let start = Instant::now();
    for batch in &batches {
        let told = call(client, "coord_push", batch);
        assert_eq!((&told["status"], &told["rejects"]), (&json!("ok"), &json!([])));
    }
    let took = start.elapsed();
    let count = |client: &mut Client| -> i64 {
        let all = "select (select count(*) from coord.work_queue) + (select count(*) from coord.cloud_log)
                        + (select count(*) from coord.network_access_log)";
        client.query_one(all, &[]).expect("a count").get(0)
    };
    let before = count(client);
    let replays: Vec<Duration> = batches
        .iter()
        .map(|batch| {
            let start = Instant::now();
            assert_eq!(call(client, "coord_push", batch)["status"], "duplicate");
            start.elapsed()
        })
        .collect();
    let more = count(client) - before;
    let (rows, replays) = ((ROWS * BATCHES) as f64, Times::new(replays));
    table.at_least(
        "rows pushed into a PostgreSQL that flushes, batches of 500",
        rows / took.as_secs_f64(),
        5_000.0,
        " a second",
        format!("{rows} rows, tasks and accesses by turns, in {:.1} s", took.as_secs_f64()),
    );
    table.at_most(
        "rows that a repeated batch adds",
        more as f64,
        0.0,
        "",
        format!("{BATCHES} batches again, {:.1} ms each", replays.p50() / 1e3),
    );
}

/// Tasks and accesses by turns, as a device sends them.
fn batch(number: i64) -> Value {
    let first = number * ROWS + 1;
    let changes: Vec<Value> = (first..first + ROWS).map(change).collect();
    let hash = |at: i64| if at == 0 { "0".repeat(64) } else { digest(at.to_string()) };
    json!({
        "proto": 1, "schema": migrate::newest(), "first": first, "last": first + ROWS - 1,
        "prev": hash(first - 1), "hash": hash(first + ROWS - 1), "changes": changes,
    })
}

fn change(number: i64) -> Value {
    let id = format!("00000000-0000-7000-8000-{number:012}");
    let (name, row) = if number % 2 == 0 {
        (
            "work_queue",
            json!({
                "task_id": id, "project": "github.com/an-owner/a-repository", "seq": number, "task_type": "build",
                "description": format!("what is to be done about case {number}"), "input_data": {"case": number},
                "priority": 5, "status": "pending", "unmet": 0, "run_after": 0, "attempt": 0, "max_attempts": 3,
                "capability_key": "[]", "submitted_by": "claude-1", "submitted_at": number, "fence": 0,
            }),
        )
    } else {
        (
            "network_access_log",
            json!({
                "access_id": id, "project": "github.com/an-owner/a-repository", "agent_id": "claude-1",
                "agent_type": "claude", "session_id": "session-1", "host": "example.com", "allowed": true,
                "reason": "listed", "rule": "*.example.com", "at": number,
            }),
        )
    };
    json!({
        "s": number, "t": name, "k": json!([id]).to_string(), "o": "i", "h": number.to_string(),
        "x": &digest(row.to_string())[..16], "v": row,
    })
}
