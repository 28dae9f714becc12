//! Memory with many agents, and what an idle daemon costs.

use std::time::Duration;

use serde_json::json;

use super::mcp::{Client, Site, resident_kib};
use super::table::Table;

const AGENTS: usize = 32;
/// Calls over which memory must not grow once SQLite's caches are full; `COORD_BENCH_CALLS`
/// makes it a million.
const CALLS: usize = 200_000;
const IDLE: Duration = Duration::from_secs(5);

pub fn run(table: &mut Table) {
    let site = Site::new("fast");
    let mut agents: Vec<Client> =
        (0..AGENTS).map(|n| Client::open(&site, &format!("a{n}"))).collect();
    for (n, agent) in agents.iter_mut().enumerate() {
        agent.call("register_session", &json!({ "capabilities": ["rust"] }));
        agent.call("acquire_lock", &json!({ "file_path": format!("f{n}") }));
    }
    let daemon = site.daemon_pid();
    let before = resident_kib(daemon);
    table.at_most("daemon, resident, 32 agents", before / 1_024.0, 40.0, " MiB", String::new());
    table.at_most(
        "shim, resident",
        resident_kib(agents[0].pid()) / 1_024.0,
        6.0,
        " MiB",
        String::new(),
    );

    let calls =
        std::env::var("COORD_BENCH_CALLS").ok().and_then(|text| text.parse().ok()).unwrap_or(CALLS);
    let warm = calls / 4;
    let mut settled = before;
    for n in 0..calls {
        if n == warm {
            settled = resident_kib(daemon);
        }
        let agent = &mut agents[n % AGENTS];
        let lock = json!({ "file_path": format!("g{}", n % 97) });
        agent.call(
            if (n / AGENTS).is_multiple_of(2) { "acquire_lock" } else { "release_lock" },
            &lock,
        );
    }
    let after = resident_kib(daemon);
    table.at_most(
        &format!("daemon, growth over {} calls after a quarter of them", calls - warm),
        (after - settled) / 1_024.0,
        2.0,
        " MiB",
        format!("{:.1} MiB at the end", after / 1_024.0),
    );

    std::thread::sleep(Duration::from_secs(2));
    let (woken, slept) = (switches(daemon), IDLE);
    std::thread::sleep(slept);
    let wakes = (switches(daemon) - woken) / slept.as_secs_f64();
    table.at_most(
        "idle daemon, wake-ups a second",
        wakes,
        0.0,
        "",
        "32 agents connected, locks held".into(),
    );
}

/// How often the process has gone to sleep by itself, over all its threads.
fn switches(pid: u32) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the process runs");
    tasks
        .filter_map(Result::ok)
        .filter_map(|task| std::fs::read_to_string(task.path().join("status")).ok())
        .filter_map(|text| {
            let line =
                text.lines().find(|line| line.starts_with("voluntary_ctxt_switches"))?.to_owned();
            line.split_ascii_whitespace().nth(1)?.parse::<f64>().ok()
        })
        .sum()
}
