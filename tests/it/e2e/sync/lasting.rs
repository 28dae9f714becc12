//! What sync survives: a newer version, and weeks without a network.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::json;

use super::{Bench, person};
use crate::cloud::gateway::{Fault, PUBLISHABLE};
use crate::e2e::rpc::Rpc;
use crate::e2e::site::{Site, until};

/// A newer version says hello, so that the daemon makes way for it.
fn hand_over(site: &Site) {
    let mut hello = coord::client::hello(coord::wire::Role::Cli, "newer", Vec::new());
    hello.version = "99.0.0".into();
    hello.exe = env!("CARGO_BIN_EXE_coord").into();
    let mut stream = UnixStream::connect(site.home().join("coord.sock")).expect("it listens");
    let line = coord::client::hello_line(&hello).expect("it is text");
    stream.write_all(line.as_bytes()).expect("it listens");
    let mut said = String::new();
    BufReader::new(stream).read_line(&mut said).expect("it answers");
    assert!(said.contains("daemon_is_older"), "{said}");
}

#[test]
fn a_newer_version_takes_over_while_much_is_under_way_and_loses_and_doubles_nothing() {
    let bench = Bench::enrolled();
    let pid = bench.site.daemon_pid();
    let mut ann = Rpc::open(&bench.site, "ann");
    let mut remember = |number: usize| {
        let memory = json!({ "event_type": "discovery", "summary": format!("number {number}") });
        assert_eq!(ann.call("remember", memory)["success"], true);
    };
    (0..20).for_each(&mut remember);
    // Requests are carried out, and their answers are on the way.
    bench.gateway.always(Fault::Delay(Duration::from_millis(700)));
    (20..40).for_each(&mut remember);
    std::thread::sleep(Duration::from_millis(500));
    hand_over(&bench.site);
    (40..60).for_each(&mut remember);
    until("the successor serves", || bench.site.log().contains("making way for a newer version"));
    bench.gateway.always(Fault::None);
    let done = bench.site.run(&["sync", "now"]);
    assert_eq!(done.status.code(), Some(0), "{done:?}\n{}", bench.site.log());
    assert_eq!(bench.site.daemon_pid(), pid, "the same process with another binary");
    assert_eq!(
        bench.cloud.ask("count(*) || ' ' || count(distinct summary) from coord.episodic_memories"),
        "60 60"
    );
    assert_eq!(bench.cloud.ask("count(*) from coord.devices"), "1", "it is the same device");
    assert_eq!(bench.cloud.ask("string_agg(broken_why, ' ') from coord.devices"), "null");
    let calls = "count(*) from coord.audit_log where operation = 'remember'";
    assert_eq!(bench.cloud.ask(calls), "60");
    let dense = "max(seq) = count(*) from coord.audit_log";
    assert_eq!(bench.cloud.ask(dense), "true");
    assert_eq!(bench.site.json(&["audit", "verify"]).0, 0);
}

/// The summaries of a machine's memories, in order.
fn memories(site: &Site) -> Vec<String> {
    let file = rusqlite::Connection::open(site.home().join("coord.db")).expect("it opens");
    let query = "select group_concat(summary, '|') from (select summary from episodic_memories order by summary)";
    let all: Option<String> = file.query_row(query, [], |row| row.get(0)).expect("they are there");
    all.unwrap_or_default().split('|').map(str::to_owned).collect()
}

#[test]
fn after_weeks_away_everything_is_fetched_and_what_was_done_meanwhile_is_kept() {
    let bench = Bench::enrolled();
    let away = Site::new();
    let arguments = ["sync", "login", "--url", &bench.gateway.url, "--code", &bench.invitation()];
    let (exit, said) = person(&away, &[("SUPABASE_KEY", PUBLISHABLE)], &arguments, "");
    assert_eq!(exit, 0, "{said}");
    let remember = |site: &Site, what: &str| {
        let memory = json!({ "event_type": "discovery", "summary": what }).to_string();
        let output =
            site.coord().args(["call", "remember", &memory]).env("AGENT_ID", "ann").output();
        assert!(output.expect("the binary runs").status.success());
    };
    bench.remember("a: before");
    assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0));
    until("it came over", || memories(&away) == ["a: before"]);
    away.run(&["daemon", "stop"]);

    bench.remember("b: at home");
    bench.remember("c: at home, forgotten again");
    assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0));
    // Forty days go by for the mirror, which forgets how it came to be as it is.
    bench
        .cloud
        .sql()
        .batch_execute(
            "update coord.cloud_log set at = at - interval '40 days';
             select coord.clean(workspace_id) from coord.workspaces",
        )
        .expect("ours");
    assert_eq!(bench.cloud.ask("count(*) from coord.cloud_log"), "0");
    bench.remember("d: at home, after that");
    assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0));
    bench.gateway.always(Fault::DropRequest);
    remember(&away, "e: on the way");
    bench.gateway.always(Fault::None);
    assert_eq!(away.run(&["sync", "now"]).status.code(), Some(0), "{}", away.log());

    let all = [
        "a: before",
        "b: at home",
        "c: at home, forgotten again",
        "d: at home, after that",
        "e: on the way",
    ];
    until("it has everything", || memories(&away) == all);
    until("so has the one at home", || memories(&bench.site) == all);
    assert!(away.log().contains("fetching every row of the mirror"), "{}", away.log());
    assert_eq!(bench.cloud.ask("count(*) from coord.devices"), "2");
    assert_eq!(bench.cloud.ask("string_agg(broken_why, ' ') from coord.devices"), "null");
    assert_eq!(away.json(&["sync", "conflicts"]).1["conflicts"], json!([]));
}
