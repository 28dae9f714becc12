//! From a program's start to its first answer.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use super::mcp::{Client, Site};
use super::table::{Table, Times};
use super::yardstick::{bin_true, time};

const STARTS: usize = 60;
const KILLS: usize = 100;

pub fn run(table: &mut Table) {
    let smallest = bin_true(STARTS * 4);
    let site = Site::new("fast");
    let _first = Client::open(&site, "first");
    let warm = Times::new((0..STARTS).map(|_| open(&site)).collect());
    table.at_most(
        "`coord mcp`, start to `initialize` answered, daemon running, p50",
        warm.p50() / 1_000.0,
        20.0,
        " ms",
        format!(
            "{:.1} × /bin/true, p99 {:.1} ms",
            warm.p50() / smallest.p50(),
            warm.p99() / 1_000.0
        ),
    );
    let cold = Times::new((0..20).map(|_| open(&Site::new("full"))).collect());
    table.at_most(
        "the same when it must start the daemon, p50",
        cold.p50() / 1_000.0,
        100.0,
        " ms",
        format!("p99 {:.1} ms", cold.p99() / 1_000.0),
    );
    let version = Times::new((0..STARTS).map(|_| time(site.coord().arg("version"))).collect());
    table.at_most(
        "`coord version`, whole process, p50 against /bin/true",
        version.p50() / smallest.p50(),
        4.0,
        " ×",
        format!("{:.2} ms against {:.2} ms", version.p50() / 1_000.0, smallest.p50() / 1_000.0),
    );
}

/// How long a client waits for an answer when the daemon was killed just before.
pub fn recovery(table: &mut Table) {
    let site = Site::new("full");
    let mut client = Client::open(&site, "ann");
    let one = |_| {
        let pid = site.daemon_pid().to_string();
        let killed = Command::new("kill").args(["-KILL", &pid]).status();
        assert!(killed.is_ok_and(|status| status.success()), "the daemon ran");
        let (answer, took) = client.timed("check_locks", &json!({}));
        assert_eq!(answer["success"], true, "{answer}");
        took
    };
    let times = Times::new((0..KILLS).map(one).collect());
    table.at_most(
        "answer to a call made right after `kill -9` of the daemon, worst of 100",
        times.worst() / 1_000.0,
        200.0,
        " ms",
        format!("p50 {:.0} ms, p99 {:.0} ms", times.p50() / 1_000.0, times.p99() / 1_000.0),
    );
}

fn open(site: &Site) -> Duration {
    let start = Instant::now();
    let client = Client::open(site, "again");
    let took = start.elapsed();
    drop(client);
    took
}
