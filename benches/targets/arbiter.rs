//! What a lock and a claim between machines cost in a real PostgreSQL that flushes to disk, however much is held and
//! however long the queue is.
//!
//! Each call is what the API makes of a request: a transaction, the role, the headers, one function. HTTP is left out,
//! here and in the yardstick.

use std::time::{Duration, Instant};

use postgres::Client;
use serde_json::{Value, json};

use super::cloud::{call, measured};
use super::table::{Table, Times};

/// Locks that are taken for each row of the table, and as often the yardstick.
const LOCKS: usize = 300;
/// Claims for each length of the queue.
const CLAIMS: usize = 300;

/// The yardstick: what a lock service of one statement would do.
const BARE: &str = "
create table public.bare (project text, path text, holder text, fence bigint, primary key (project, path));
grant select, insert, update on public.bare to anon;";

pub fn run(table: &mut Table) {
    let (_server, mut client) = measured();
    client.batch_execute(BARE).expect("it can be made");
    let mut held = 0;
    for more in [50, 1_000, 10_000] {
        hold(&mut client, held..more);
        held = more;
        lock(table, &mut client, held);
    }
    claims(table, &mut client);
}

fn ask(session: &str, paths: impl Iterator<Item = String>) -> Value {
    let lock = |path: String| json!({"k": path, "path": path, "kind": "file", "mode": "exclusive", "root": path});
    json!({
        "req": uuid::Uuid::now_v7().to_string(), "project": "p", "session": session, "agent_id": "ann",
        "agent_type": "test", "ttl_ms": 3_600_000, "locks": paths.map(lock).collect::<Vec<_>>(),
    })
}

/// Paths of somebody else, in a hundred folders.
fn hold(client: &mut Client, numbers: std::ops::Range<usize>) {
    let numbers: Vec<usize> = numbers.collect();
    for some in numbers.chunks(500) {
        let paths = some.iter().map(|n| format!("src/part{}/file{n}.rs", n % 100));
        let told = call(client, "coord_lock_acquire", &ask("other", paths));
        assert_eq!(told["status"], "granted", "{told}");
    }
}

/// By turns, so that both have the same disk.
fn lock(table: &mut Table, client: &mut Client, held: usize) {
    let (mut bare, mut locks) = (vec![], vec![]);
    for number in 0..LOCKS {
        let path = format!("src/part{}/own{}.rs", number % 7, number % 50);
        bare.push(timed(|| upsert(client, &path)));
        let wish = ask("s", std::iter::once(path));
        locks.push(timed(|| {
            assert_eq!(call(client, "coord_lock_acquire", &wish)["status"], "granted");
        }));
    }
    let (bare, locks) = (Times::new(bare), Times::new(locks));
    table.at_most(
        &format!("lock of the arbiter against a bare INSERT … ON CONFLICT, {held} paths held, p50"),
        locks.p50() / bare.p50(),
        2.0,
        " ×",
        format!("{:.0} µs against {:.0} µs", locks.p50(), bare.p50()),
    );
}

fn timed(deed: impl FnOnce()) -> Duration {
    let start = Instant::now();
    deed();
    start.elapsed()
}

fn upsert(client: &mut Client, path: &str) {
    let mut tx = client.transaction().expect("the server runs");
    tx.execute(
        "select set_config('role', 'anon', true), set_config('request.headers', '{}', true)",
        &[],
    )
    .expect("it can be set");
    tx.query_one(
        "insert into public.bare as b values ('p', $1, 'ann', 1)
         on conflict (project, path) do update set fence = b.fence + 1, holder = excluded.holder returning fence",
        &[&path],
    )
    .expect("it is there");
    tx.commit().expect("it is kept");
}

fn claims(table: &mut Table, client: &mut Client) {
    let (mut short, mut long) = (vec![], vec![]);
    for (project, tasks) in [("short", 1_000_i64), ("long", 100_000)] {
        let fill = "insert into coord.shared_tasks (workspace_id, task_id, project, task_type, description, priority,
                capabilities, submitted_by, submitted_at, status, unmet, max_attempts)
            select (select workspace_id from coord.devices limit 1), gen_random_uuid(), $1, 't', 'a task', 5, '{}', 'ann', 1,
                'pending', n % 2, 3 from generate_series(1::bigint, $2) n";
        client.execute(fill, &[&project, &tasks]).expect("it is ours");
    }
    for _ in 0..CLAIMS {
        short.push(timed(|| claim(client, "short")));
        long.push(timed(|| claim(client, "long")));
    }
    let (short, long) = (Times::new(short), Times::new(long));
    table.at_most(
        "claim of a shared task, 100,000 in the queue against 1,000, half of them blocked, p50",
        long.p50() / short.p50(),
        1.5,
        " ×",
        format!("{:.0} µs against {:.0} µs", long.p50(), short.p50()),
    );
}

fn claim(client: &mut Client, project: &str) {
    let wish = json!({
        "req": uuid::Uuid::now_v7().to_string(), "project": project, "session": "s", "agent_id": "ann",
        "lease_ms": 90_000,
    });
    assert_eq!(call(client, "coord_task_claim", &wish)["status"], "claimed");
}
