//! What it costs to recall and to remember among 10⁵ memories of about fifty words.
//!
//! In process: the whole path of a call, without the socket. Words are as common
//! as in text that people write (the n-th in about 1/n of it), and the worst
//! questions are made of the most common ones, each with all its synonyms.

use std::sync::Arc;
use std::time::{Duration, Instant};

use coord::answer::Answer;
use coord::context::{Caller, Context};
use coord::home::Home;
use coord::memory::words;
use coord::repo::Repo;
use coord::service::Service;
use coord::store::{Durability, Options, Store};
use coord::time::Clock;
use rusqlite::named_params;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::table::{Table, Times};

const MEMORIES: u64 = 100_000;
/// Memories that are written in one transaction.
const BATCH: u64 = 5_000;
const WORDS_EACH: usize = 50;
const ROUNDS: usize = 40;

/// The most common words here, and questions made of them.
const COMMON: &str = "error test database connection slow server build cache timeout fix memory \
                      config query request user file deploy log thread lock";
const COMMON_QUESTIONS: [&str; 5] = [
    "error test database connection slow",
    "server build cache timeout fix memory",
    "slow database query",
    "connection timeout error in test",
    "why is the user request slow when the server writes the log file",
];
const RARE_QUESTIONS: [&str; 4] =
    ["mojibake", "flaky hydration mismatch", "kubernets liveness prob", "deadlock in pgbouncer"];

pub fn run(table: &mut Table) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let home = Home::locate(Some(folder.path().join("home")), None).expect("the path is absolute");
    let options = Options { durability: Durability::Fast, clock: Clock::System };
    let store = Arc::new(Store::open(&home, options).expect("a new database opens"));
    let service = Service::new(Arc::clone(&store), Clock::System);
    let start = Instant::now();
    fill(&store);
    let filled = start.elapsed();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    let repo = Repo { project: "bench".into(), ..Repo::discover(folder.path()) };
    let repo = Arc::new(repo);
    let ask = |tool: &'static str, arguments: Value| {
        let call = one(&service, &repo, tool, arguments);
        runtime.block_on(call)
    };
    let recalls = |questions: &[&str]| {
        let asked = (0..ROUNDS).flat_map(|_| questions.iter().copied());
        Times::new(asked.map(|query| ask("recall", json!({ "query": query }))).collect())
    };
    recalls(&COMMON_QUESTIONS[..1]);
    let common = recalls(&COMMON_QUESTIONS);
    let rare = recalls(&RARE_QUESTIONS);
    let newest = Times::new((0..ROUNDS).map(|_| ask("recall", json!({}))).collect());
    let learned = Times::new((0..200).map(|n| ask("remember", memory(n))).collect());
    let ms = |times: &Times| (times.p50() / 1e3, times.p99() / 1e3, times.worst() / 1e3);
    for (what, times) in [
        ("recall of the 10 best of 10⁵ by common words, p99", &common),
        ("recall of the 10 best of 10⁵ by rare, strange or misspelt words, p99", &rare),
        ("recall of the newest 10 of 10⁵, p99", &newest),
        ("remember at 10⁵, durability fast, p99", &learned),
    ] {
        let (p50, p99, worst) = ms(times);
        let note =
            format!("p50 {p50:.1} ms, worst {worst:.1} ms; filled in {} s", filled.as_secs());
        table.at_most(what, p99, 50.0, " ms", note);
    }
}

fn memory(n: u64) -> Value {
    json!({
        "event_type": "error",
        "summary": format!("{} ({n})", text(MEMORIES + n)),
        "lessons": ["measure first"],
        "tags": ["bench"],
    })
}

async fn one(
    service: &Service,
    repo: &Arc<Repo>,
    tool: &'static str,
    arguments: Value,
) -> Duration {
    let ctx = Context {
        caller: Caller {
            agent_id: "bench".into(),
            agent_type: "bench".into(),
            session_id: "bench".into(),
            rule: "bench".into(),
            person: false,
        },
        repo: Arc::clone(repo),
        now: service.clock().now(),
        request_key: None,
        resent: false,
        ticket: None,
        ruling: None,
        settings: coord::context::Settings::default(),
    };
    let start = Instant::now();
    let answer = service.call(ctx, tool, arguments, &CancellationToken::new()).await;
    let took = start.elapsed();
    assert!(matches!(answer, Answer::Done(_)), "{answer:?}");
    took
}

/// Words by how common they are: the list above, then those of the table of
/// synonyms, then as many made-up ones.
fn vocabulary() -> &'static [String] {
    static ALL: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = words::words(COMMON);
        let mut known = words::words(include_str!("../../src/memory/synonyms.txt"));
        known.sort();
        known.dedup();
        all.extend(known);
        all.extend((0..30_000).map(|n| format!("thing{n}")));
        all
    })
}

/// The n-th memory's words; always the same.
fn text(n: u64) -> String {
    let mut state = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let all = vocabulary();
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let part = (state >> 11) as f64 / (1_u64 << 53) as f64;
        // Zipf: the logarithm of the rank is evenly spread.
        let rank = (all.len() as f64).powf(part) as usize - 1;
        all[rank.min(all.len() - 1)].as_str()
    };
    let words: Vec<&str> = (0..WORDS_EACH).map(|_| next()).collect();
    words.join(" ")
}

fn fill(store: &Store) {
    for from in (0..MEMORIES).step_by(BATCH as usize) {
        let filled = store.write_blocking(move |tx| {
            for n in from..from + BATCH {
                tx.run(
                    "INSERT INTO episodic_memories (memory_id, seq, project, agent_id, agent_type,
                            session_id, event_type, summary, lessons, tags, keywords, norm_key,
                            pinned, created_at)
                     VALUES (printf('00000000-0000-7000-8000-%012x', :n), :n + 1, 'bench', 'bench',
                            'bench', 'bench', 'error', :text, '[]', '[\"bench\"]', '',
                            printf('%064x', :n), 0, :n)",
                    named_params! { ":n": n as i64, ":text": text(n) },
                )?;
            }
            Ok(())
        });
        filled.expect("there is room");
    }
}
