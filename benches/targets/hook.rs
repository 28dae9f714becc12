//! What a hook costs a client: the whole process, from its start to its end.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::mcp::Site;
use super::table::{Table, Times};
use super::yardstick::bin_true;

const CALLS: usize = 300;

pub fn run(table: &mut Table) {
    let smallest = bin_true(CALLS);
    for durability in ["fast", "full"] {
        let site = Site::new(durability);
        let event = |tool: &str, input: Value| {
            json!({ "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": input })
                .to_string()
        };
        let path = site.home().with_file_name("repo").join("src/a.rs").display().to_string();
        let edit = event("Write", json!({ "file_path": path, "content": "x" }));
        let command = event("Bash", json!({ "command": "cargo test --quiet 2>&1 | tail -20" }));
        let reading = event("Read", json!({ "file_path": path }));
        // The first one starts the daemon.
        let start = json!({ "hook_event_name": "SessionStart", "source": "startup" }).to_string();
        hook(&site, &start);
        for (what, event) in [("an edit", edit), ("a command", command), ("a look", reading)] {
            let times = Times::new((0..CALLS).map(|_| hook(&site, &event)).collect());
            let (p50, p99) = (times.p50() / 1_000.0, times.p99() / 1_000.0);
            let note = format!("{:.1} × /bin/true", times.p50() / smallest.p50());
            let name = format!("`coord hook`, {what}, durability {durability}");
            table.at_most(&format!("{name}, p50"), p50, 5.0, " ms", note);
            table.at_most(&format!("{name}, p99"), p99, 20.0, " ms", String::new());
            table.at_most(
                &format!("{name}, p50 against /bin/true"),
                times.p50() / smallest.p50(),
                4.0,
                " ×",
                format!("{p50:.2} ms against {:.2} ms", smallest.p50() / 1_000.0),
            );
        }
    }
}

/// One run of the hook; it must end well.
fn hook(site: &Site, event: &str) -> Duration {
    let mut command: Command = site.coord();
    command.args(["hook", "claude"]).stdin(Stdio::piped()).stdout(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().expect("the binary runs");
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(event.as_bytes()).expect("it reads its event");
    drop(input);
    assert!(child.wait().expect("it ends").success());
    start.elapsed()
}
