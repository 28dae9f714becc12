//! What it costs to claim a task, whatever the length of the queue.
//!
//! In process: the whole path of a `get_work` call with its audit row, without
//! the socket, so that the queue's own cost is not hidden by it. Half of all tasks
//! are blocked, and those stand at the head of the line.

use std::sync::Arc;
use std::time::{Duration, Instant};

use coord::answer::Answer;
use coord::context::{Caller, Context};
use coord::home::Home;
use coord::repo::Repo;
use coord::service::Service;
use coord::store::{Durability, Options, Store};
use coord::time::Clock;
use rusqlite::named_params;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::table::{Table, Times};
use super::yardstick::bare_insert;

const CLAIMS: i64 = 400;
/// Tasks that are put into the queue with one statement.
const BATCH: i64 = 50_000;

pub fn run(table: &mut Table) {
    let yard = tempfile::tempdir().expect("a temporary folder can be made");
    let (bare, flushed) =
        (bare_insert(yard.path(), false, 5_000), bare_insert(yard.path(), true, 1_000));
    let short = claims(100, Durability::Fast);
    let middle = claims(10_000, Durability::Fast);
    let long = claims(1_000_000, Durability::Fast);
    let full = claims(10_000, Durability::Full);
    table.at_most(
        "claim at 10⁶ tasks against 10² (half of them blocked), p50",
        long.p50() / short.p50(),
        1.5,
        " ×",
        format!(
            "{:.0}, {:.0} and {:.0} µs at 10², 10⁴ and 10⁶",
            short.p50(),
            middle.p50(),
            long.p50()
        ),
    );
    table.at_most(
        "claim against one bare flushed insert, durability full, p50",
        full.p50() / flushed.p50(),
        10.0,
        " ×",
        format!("{:.0} µs against {:.0} µs", full.p50(), flushed.p50()),
    );
    table.at_most(
        "claim at 10⁶ tasks against one bare insert, durability fast, p50",
        long.p50() / bare.p50(),
        10.0,
        " ×",
        format!("{:.0} µs against {:.1} µs", long.p50(), bare.p50()),
    );
}

/// Claims from a queue of `tasks`, which is kept at about that length.
fn claims(tasks: i64, durability: Durability) -> Times {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let home = Home::locate(Some(folder.path().join("home")), None).expect("the path is absolute");
    let options = Options { durability, clock: Clock::System };
    let store = Arc::new(Store::open(&home, options).expect("a new database opens"));
    let service = Service::new(Arc::clone(&store), Clock::System);
    fill(&store, 0, tasks);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    let repo = Arc::new(Repo::discover(folder.path()));
    let claim_and_refill = |n: i64| {
        let took = runtime.block_on(one(&service, &repo));
        // One goes, one comes: at the tail, and ready.
        fill(&store, 2 * (tasks + n) + 1, 2 * (tasks + n) + 2);
        took
    };
    Times::new((0..CLAIMS).map(claim_and_refill).skip(CLAIMS as usize / 10).collect())
}

async fn one(service: &Service, repo: &Arc<Repo>) -> Duration {
    let ctx = Context {
        caller: Caller {
            agent_id: "bench".into(),
            agent_type: "bench".into(),
            session_id: "bench".into(),
            rule: "bench".into(),
            person: false,
        },
        repo: Arc::new(Repo { project: "bench".into(), ..(**repo).clone() }),
        now: service.clock().now(),
        request_key: None,
        resent: false,
        settings: coord::context::Settings::default(),
        ticket: None,
        ruling: None,
    };
    let start = Instant::now();
    let answer = service.call(ctx, "get_work", json!({}), &CancellationToken::new()).await;
    let took = start.elapsed();
    assert!(matches!(answer, Answer::Done(_)), "{answer:?}");
    took
}

/// Half of the tasks wait for another one and have the best priority.
fn fill(store: &Store, first: i64, end: i64) {
    for from in (first..end).step_by(usize::try_from(BATCH).expect("it is small")) {
        let to = (from + BATCH).min(end);
        let filled = store.write_blocking(move |tx| {
            tx.run(
                "WITH RECURSIVE n(i) AS (VALUES (:from) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :to)
                 INSERT INTO work_queue (task_id, project, seq, task_type, description, priority, status, unmet,
                        run_after, attempt, max_attempts, capability_key, submitted_by, submitted_at, fence)
                 SELECT printf('%08x-0000-7000-8000-%012x', i, i), 'bench', i + 1, 'bench', 'a task', 
                        CASE WHEN i % 2 = 0 THEN 1 ELSE 5 END, 'pending', i % 2 = 0,
                        0, 0, 3, '[]', 'bench', 1, 0 FROM n",
                named_params! { ":from": from, ":to": to },
            )?;
            Ok(())
        });
        filled.expect("there is room");
    }
}
