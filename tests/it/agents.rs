//! Who is who, what they are called, and who is here.

mod identity;

use std::collections::BTreeMap;
use std::sync::Arc;

use coord::agents::{self, identity as who};
use coord::context::Caller;
use coord::os::Process;
use coord::time::{DAY, MINUTE, Time};
use coord::wire::{Hello, PROTOCOL, Role};
use serde_json::{Value, json};

use super::world::{Actor, World, fields};

/// A hello of a process whose ancestors have these names, nearest first.
fn hello(role: Role, ancestors: &[&str], env: &[(&str, &str)]) -> Hello {
    let line = ancestors
        .iter()
        .zip(100_u32..)
        .map(|(name, pid)| (Process { pid, started: format!("{}", pid * 7) }, (*name).to_owned()));
    Hello {
        protocol: PROTOCOL,
        version: "0.1.0".into(),
        role,
        instance: "instance".into(),
        pid: 99,
        ancestors: line.collect(),
        cwd: "/repo".into(),
        env: env
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        terminal: false,
        pending: Vec::new(),
        exe: "/bin/coord".into(),
    }
}

impl Actor<'_> {
    fn arrives(&self, hello: &Hello) -> Caller {
        let (identity, project) = (who::identify(hello), self.repo.project.clone());
        let now = self.world.clock.now();
        self.world
            .service
            .store()
            .write_blocking(move |tx| agents::arrive(tx, &identity, &project, Some("/repo"), now))
            .expect("a session can be made")
    }

    fn sees(&self, arguments: Value) -> Vec<(String, String)> {
        let answer = fields(&self.asks("discover_agents", arguments));
        let agents = answer["agents"].as_array().expect("a list").clone();
        agents
            .iter()
            .map(|agent| {
                let text = |name: &str| agent[name].as_str().expect("it is there").to_owned();
                (text("agent_id"), text("status"))
            })
            .collect()
    }
}

fn pair(name: &str, status: &str) -> (String, String) {
    (name.to_owned(), status.to_owned())
}

#[test]
fn a_script_may_look_as_a_person_but_takes_nothing_from_anybody() {
    let world = World::new();
    let script =
        Actor { caller: Caller { rule: "script".into(), ..Caller::person() }, ..world.person() };

    assert!(script.asks("audit_rows", json!({})).success(), "reading takes nothing away");
    let arguments = json!({ "file_paths": ["a.rs"], "reason": "it is stuck, says the script" });
    let refused = script.asks("force_release_lock", arguments.clone());
    assert_eq!(refused.code(), Some("person_required"));
    assert_ne!(
        world.person().asks("force_release_lock", arguments).code(),
        Some("person_required")
    );
}

#[test]
fn names_are_short_count_up_and_are_free_again_after_a_day() {
    let world = World::new();
    let ann = world.agent("ann");
    let client = |pid: u32| {
        let mut hello = hello(Role::Mcp, &["claude"], &[]);
        hello.ancestors[0].0.pid = pid;
        hello
    };

    assert_eq!(ann.arrives(&client(1)).agent_id, "claude-1");
    assert_eq!(ann.arrives(&client(2)).agent_id, "claude-2");
    assert_eq!(ann.arrives(&client(1)).agent_id, "claude-1", "a session keeps its name");
    assert_eq!(ann.arrives(&hello(Role::Mcp, &["codex"], &[])).agent_id, "codex-1");

    world.ends("client-1-700");
    assert_eq!(ann.arrives(&client(3)).agent_id, "claude-3", "claude-1 was here today");
    world.pass_ms(DAY);
    assert_eq!(ann.arrives(&client(4)).agent_id, "claude-1", "that was yesterday");
    assert_eq!(ann.arrives(&client(1)).agent_id, "claude-4", "somebody else bears its name");
}

#[test]
fn two_sessions_of_one_name_are_two_holders() {
    let world = World::new();
    let env = |session| [("AGENT_ID", "ann"), ("SESSION_ID", session)];
    let ann = world.agent("x");
    let one =
        Actor { caller: ann.arrives(&hello(Role::Mcp, &["claude"], &env("1"))), ..ann.clone() };
    let two =
        Actor { caller: ann.arrives(&hello(Role::Mcp, &["claude"], &env("2"))), ..ann.clone() };
    assert_eq!((one.caller.agent_id.as_str(), two.caller.agent_id.as_str()), ("ann", "ann"));

    assert!(one.asks("acquire_lock", json!({ "file_path": "a.rs" })).success());

    let refused = two.asks("acquire_lock", json!({ "file_path": "a.rs" }));
    assert_eq!(refused.code(), Some("locked_by_other"));
}

#[test]
fn one_process_may_start_servers_for_several_agents() {
    let world = World::new();
    let ann = world.agent("x");
    let named = |name| hello(Role::Mcp, &["python3"], &[("AGENT_ID", name)]);

    let (one, two) = (ann.arrives(&named("ann")), ann.arrives(&named("bob")));

    assert_ne!(one.session_id, two.session_id);
    assert_eq!((one.agent_id.as_str(), two.agent_id.as_str()), ("ann", "bob"));
}

#[test]
fn a_known_client_is_one_session_whatever_name_its_server_was_given() {
    let world = World::new();
    let ann = world.agent("x");
    let server = hello(Role::Mcp, &["codex"], &[("AGENT_ID", "ann")]);

    let named = ann.arrives(&server);

    assert_eq!(ann.arrives(&hello(Role::Hook, &["codex"], &[])), Caller { ..named });
}

#[test]
fn a_newcomer_learns_who_is_here_and_what_it_holds() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    ann.asks("register_session", json!({ "current_task": "parser", "capabilities": ["rust"] }));
    ann.asks("acquire_lock", json!({ "file_path": "a.rs" }));
    bob.asks("submit_work", json!({ "task_type": "fix", "description": "mend it" }));
    assert!(bob.asks("get_work", json!({})).success());

    let told = fields(&bob.asks("register_session", json!({})));

    assert_eq!(
        told["agents"],
        json!([{ "agent_id": "ann", "current_task": "parser", "locks": 1 }])
    );
    assert_eq!(told["claims"][0]["description"], "mend it");
    assert_eq!(told["session_id"], "session-of-bob");
    let able = bob.sees(json!({ "capability": "rust" }));
    assert_eq!(able, [pair("ann", "active")]);
    assert_eq!(bob.sees(json!({ "capability": "go" })), []);
}

#[test]
fn an_agent_is_active_then_idle_then_gone() {
    let world = World::new();
    let (ann, bob, eve) = (world.agent("ann"), world.agent("bob"), world.agent("eve"));
    ann.asks("register_session", json!({}));
    bob.asks("register_session", json!({}));
    world.connects("session-of-bob");
    let look =
        || eve.sees(json!({})).into_iter().filter(|(name, _)| name != "eve").collect::<Vec<_>>();

    world.pass_minutes(2);
    assert_eq!(look(), [pair("bob", "active"), pair("ann", "active")]);
    world.pass_ms(1);
    assert_eq!(look(), [pair("bob", "active"), pair("ann", "idle")]);
    world.pass_minutes(8);
    assert_eq!(look(), [pair("bob", "idle"), pair("ann", "idle")]);
    world.pass_minutes(5);
    assert_eq!(look(), [pair("bob", "idle"), pair("ann", "disconnected")]);
    assert_eq!(eve.sees(json!({ "status": "disconnected" })), [pair("ann", "disconnected")]);
}

#[test]
fn every_call_is_a_sign_of_life_and_reads_are_too() {
    let world = World::new();
    let ann = world.agent("ann");
    ann.asks("register_session", json!({}));

    world.pass_minutes(14);
    ann.asks("check_locks", json!({}));
    // The sign of life of a read is written with the next group.
    ann.world.agent("bob").asks("register_session", json!({}));

    assert_eq!(world.last_heard("session-of-ann"), world.clock.now());
}

#[test]
fn a_heartbeat_of_a_dead_session_is_told_so() {
    let world = World::new();
    let ann = world.agent("ann");
    assert_eq!(ann.asks("heartbeat", json!({})).code(), Some("session_not_found"));
    ann.asks("register_session", json!({}));
    let beat = fields(&ann.asks("heartbeat", json!({ "current_task": "tests" })));
    assert_eq!(beat["next_heartbeat_seconds"], 300);

    world.ends("session-of-ann");

    let refused = ann.asks("heartbeat", json!({}));
    assert_eq!(refused.code(), Some("session_not_found"));
    ann.asks("register_session", json!({}));
    assert!(ann.asks("heartbeat", json!({})).success(), "it has registered again");
}

#[test]
fn what_is_said_of_oneself_is_bounded_and_bears_no_secrets() {
    let world = World::new();
    let ann = world.agent("ann");
    let refuses = |arguments: Value| {
        assert_eq!(ann.asks("register_session", arguments).code(), Some("invalid_argument"));
    };
    refuses(json!({ "current_task": "x".repeat(501) }));
    refuses(json!({ "capabilities": vec!["a"; 33] }));
    refuses(json!({ "capabilities": ["x".repeat(65)] }));
    refuses(json!({ "capabilities": [" "] }));
    let full = json!({ "current_task": "x".repeat(500), "capabilities": vec!["x".repeat(64); 32] });
    assert!(ann.asks("register_session", full).success(), "the bounds themselves are accepted");

    ann.asks("register_session", json!({ "current_task": "use password=hunter22" }));

    let agents = fields(&ann.asks("discover_agents", json!({})));
    assert_eq!(agents["agents"][0]["current_task"], "use password=[redacted]");
    assert_eq!(agents["agents"][0]["me"], true);
}

#[test]
fn pages_of_agents_follow_each_other_without_gap_or_overlap() {
    let world = World::new();
    let ann = world.agent("ann");
    for number in 0..(agents::PAGE + 5) {
        let mut one = hello(Role::Mcp, &["claude"], &[]);
        one.ancestors[0].0.pid = 1_000 + u32::try_from(number).expect("a small number");
        ann.arrives(&one);
    }

    let first = fields(&ann.asks("discover_agents", json!({})));
    let cursor = first["next_cursor"].as_str().expect("there is more");
    let second = fields(&ann.asks("discover_agents", json!({ "cursor": cursor })));

    let names = |page: &Value| -> Vec<String> {
        let rows = page["agents"].as_array().expect("a list");
        rows.iter().map(|row| row["session_id"].to_string()).collect()
    };
    let mut all = [names(&first), names(&second)].concat();
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!((all.len(), count), (agents::PAGE + 5, agents::PAGE + 5));
    assert_eq!(
        ann.asks("discover_agents", json!({ "cursor": "x" })).code(),
        Some("invalid_argument")
    );
}

impl World {
    pub fn ends(&self, session: &str) {
        let (session, now) = (session.to_owned(), self.clock.now());
        let ended = self.service.store().write_blocking(move |tx| {
            coord::life::end(tx, &session, agents::Reason::Finished, now)
        });
        assert!(ended.expect("it can be ended").is_some(), "it was alive");
    }

    pub fn connects(&self, session: &str) {
        let (session, now) = (session.to_owned(), self.clock.now());
        let write =
            self.service.store().write_blocking(move |tx| agents::connected(tx, &session, now));
        write.expect("it can be noted");
    }

    pub fn last_heard(&self, session: &str) -> Time {
        let store = Arc::clone(self.service.store());
        let heard = store.read(|tx| {
            Ok(tx.one(
                "SELECT last_seen_at FROM agent_sessions WHERE session_id = ?1",
                [session],
                |row| row.get(0),
            )?)
        });
        heard.expect("it can be read").expect("the session has a row")
    }
}

#[test]
fn the_stale_threshold_is_what_was_set() {
    let world = World::new();
    let read = || world.service.store().read(agents::stale).expect("it can be read");
    assert_eq!(read(), agents::STALE);
    let set = world.service.store().write_blocking(|tx| agents::set_stale(tx, 30 * MINUTE));
    set.expect("it can be set");
    assert_eq!(read(), 30 * MINUTE);
}
