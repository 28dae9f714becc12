//! Our server in each client: it is found, a lock is taken and its row is there, and
//! the model reads why another agent's file is not to be had.

use std::time::{Duration, Instant};

use serde_json::json;

use super::agent::Agent;
use super::makers::{COORD, Maker};
use crate::e2e::rpc::Rpc;
use crate::e2e::site::{Site, until};

fn a_model_learns_who_is_in_its_way(maker: Maker) {
    let site = Site::at_the_usual_home();
    maker.make_ready(&site);
    maker.connect(&site);
    let mut ann = Rpc::open(&site, "ann");
    ann.call("acquire_lock", json!({ "file_path": "held.rs", "reason": "fixing the parser" }));
    let mut agent = Agent::start(&site, maker);

    assert!(agent.context().contains("acquire_lock"), "the model is offered our tools");
    let registered = agent.calls("register_session", json!({ "current_task": "trying" }));
    let taken = agent.calls("acquire_lock", json!({ "file_path": "free.rs" }));
    let refused = agent.calls("acquire_lock", json!({ "file_path": "held.rs" }));

    let name = format!("{}-1", maker.name());
    assert!(registered.contains(&name), "{registered}");
    assert!(taken.contains("free.rs") && taken.contains("acquired"), "{taken}");
    assert!(refused.contains("locked_by_other") && refused.contains("ann"), "{refused}");
    assert!(refused.contains("fixing the parser"), "{refused}");
    let locks = ann.call("check_locks", json!({}))["locks"].clone();
    let holders: Vec<_> = locks
        .as_array()
        .expect("a list")
        .iter()
        .map(|lock| (&lock["file_path"], &lock["locked_by"]))
        .collect();
    assert_eq!(holders, [(&json!("free.rs"), &json!(name)), (&json!("held.rs"), &json!("ann"))]);

    // What the client runs in its shell is the same agent.
    let call = format!("{COORD} call acquire_lock '{{\"file_path\": \"free.rs\"}}'");
    let again = agent.runs(&call);
    assert!(again.contains("refreshed"), "{again}");

    agent.ends();
    let freed = ann.call("acquire_lock", json!({ "file_path": "free.rs", "wait_seconds": 20 }));
    assert_eq!(freed["action"], "acquired", "what it held goes with it: {freed}");
}

#[test]
fn claude_code_learns_who_is_in_its_way() {
    a_model_learns_who_is_in_its_way(Maker::Claude);
}

#[test]
fn codex_learns_who_is_in_its_way() {
    a_model_learns_who_is_in_its_way(Maker::Codex);
}

#[test]
fn gemini_learns_who_is_in_its_way() {
    a_model_learns_who_is_in_its_way(Maker::Gemini);
}

/// A lock that another one waits for is handed on at the holder's death.
#[test]
fn a_killed_client_frees_its_files_for_one_of_another_maker() {
    let site = Site::at_the_usual_home();
    let makers = [Maker::Codex, Maker::Claude];
    for maker in makers {
        maker.make_ready(&site);
        maker.connect(&site);
    }
    let [mut codex, mut claude] = makers.map(|maker| Agent::start(&site, maker));
    let lock = json!({ "file_path": "a.rs", "wait_seconds": 40 });
    codex.calls("acquire_lock", lock.clone());

    claude.begins(claude.maker.tool("acquire_lock", lock));
    let mut ann = Rpc::open(&site, "ann");
    until("claude stands in line", || {
        ann.call("check_locks", json!({}))["locks"][0]["waiting"] == 1
    });
    let start = Instant::now();
    codex.is_killed();
    let shown = claude.is_shown();

    assert!(shown.contains("acquired"), "{shown}");
    assert!(start.elapsed() < Duration::from_secs(20), "it was not the waiting that ended");
    claude.ends();
}
