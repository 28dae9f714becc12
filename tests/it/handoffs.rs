//! Handoffs: what an agent leaves, who finds it, and what does not fit.

use coord::handoffs::{ENTRIES_MAX, ENTRY_MAX, SUMMARY_MAX};
use coord::repo::Repo;
use serde_json::{Value, json};
use std::process::Command;
use std::sync::Arc;

use crate::world::{Actor, World, fields};

fn write(actor: &Actor<'_>, summary: &str) -> String {
    let answer = fields(&actor.asks("write_handoff", json!({ "summary": summary })));
    assert_eq!(answer["success"], true, "{answer}");
    answer["handoff_id"].as_str().expect("a handoff has an id").to_owned()
}

fn read(actor: &Actor<'_>, arguments: Value) -> Value {
    fields(&actor.asks("read_handoff", arguments))
}

/// The summaries of an answer, in its order.
fn summaries(answer: &Value) -> Vec<&str> {
    let handoffs = answer["handoffs"].as_array().expect("a list");
    handoffs.iter().map(|one| one["summary"].as_str().expect("text")).collect()
}

/// Another repository of the same person.
fn elsewhere<'w>(actor: &Actor<'w>) -> Actor<'w> {
    let repo = Repo { project: "test/other".into(), ..(*actor.repo).clone() };
    Actor { repo: Arc::new(repo), ..actor.clone() }
}

#[test]
fn a_new_session_of_the_same_agent_finds_its_latest_handoff() {
    let world = World::new();
    let ann = world.agent("ann");
    write(&ann, "first");
    world.pass_minutes(1);
    write(&ann, "second");

    let mut again = world.agent("ann");
    again.caller.session_id = "another-session-of-ann".into();
    assert_eq!(summaries(&read(&again, json!({}))), ["second"]);
    assert_eq!(summaries(&read(&again, json!({ "limit": 5 }))), ["second", "first"]);
}

#[test]
fn who_left_none_finds_the_latest_of_anyone_here() {
    let world = World::new();
    let (ann, bob, cleo) = (world.agent("ann"), world.agent("bob"), world.agent("cleo"));
    write(&ann, "from ann");
    world.pass_minutes(1);
    write(&bob, "from bob");

    assert_eq!(summaries(&read(&cleo, json!({}))), ["from bob"]);
    assert_eq!(summaries(&read(&cleo, json!({ "agent_name": "ann" }))), ["from ann"]);
    assert_eq!(summaries(&read(&cleo, json!({ "agent_name": "nobody" }))), Vec::<&str>::new());
}

#[test]
fn who_reads_their_own_learns_that_others_wrote_later() {
    let world = World::new();
    let (ann, bob, cleo) = (world.agent("ann"), world.agent("bob"), world.agent("cleo"));
    write(&cleo, "before");
    world.pass_minutes(1);
    write(&ann, "mine");
    world.pass_minutes(1);
    write(&bob, "later");

    let answer = read(&ann, json!({}));
    assert_eq!(summaries(&answer), ["mine"]);
    assert_eq!(answer["newer_from"], json!(["bob"]), "cleo wrote earlier");
}

#[test]
fn a_handoff_knows_what_was_open_for_its_session() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    ann.asks("acquire_lock", json!({ "file_paths": ["src/a.rs", "docs/"], "ttl_minutes": 60 }));
    ann.asks("acquire_lock", json!({ "file_path": "old.rs", "ttl_minutes": 1 }));
    bob.asks("acquire_lock", json!({ "file_path": "src/b.rs" }));
    let task = json!({ "task_type": "fix", "description": "mend the fence" });
    let task = fields(&ann.asks("submit_work", task))["task_id"].clone();
    assert_eq!(fields(&ann.asks("get_work", json!({})))["task_id"], task);
    elsewhere(&ann).asks("acquire_lock", json!({ "file_path": "other.rs" }));
    world.clock.wind(60_000);

    write(&ann, "half done");
    let handoff = &read(&bob, json!({ "agent_name": "ann" }))["handoffs"][0];

    assert_eq!(handoff["open_locks"], json!(["docs/", "src/a.rs"]), "not bob's, not what ran out");
    let open = json!([{ "task_id": task, "task_type": "fix", "description": "mend the fence" }]);
    assert_eq!(handoff["open_tasks"], open);
}

#[test]
fn a_handoff_knows_branch_and_commit() {
    let world = World::new();
    let root = &world.repo.root;
    let git = |args: &[&str]| {
        let who = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        let done = Command::new("git").current_dir(root).args(who).args(args).output();
        let done = done.expect("git is installed");
        assert!(done.status.success(), "{args:?}: {done:?}");
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    };
    git(&["init", "-q", "-b", "feature"]);
    git(&["commit", "-q", "--allow-empty", "-m", "one"]);
    let git_dir = Some(root.join(".git"));
    let repo = Repo { git_dir: git_dir.clone(), common_dir: git_dir, ..(*world.repo).clone() };
    let ann = Actor { repo: Arc::new(repo), ..world.agent("ann") };

    write(&ann, "on a branch");
    let handoff = &read(&ann, json!({}))["handoffs"][0];

    assert_eq!(handoff["branch"], "feature");
    assert_eq!(handoff["commit"], git(&["rev-parse", "HEAD"]));
}

#[test]
fn lists_come_back_as_they_were_and_empty_ones_not_at_all() {
    let world = World::new();
    let ann = world.agent("ann");
    let sent = json!({
        "summary": "  said  ",
        "completed_work": ["a", "  ", "b"],
        "next_steps": ["'; DROP TABLE handoff_documents; --", "\" OR 1=1", "\u{202e}x"],
        "relevant_files": ["src/main.rs"],
        "decisions": [],
    });
    assert_eq!(fields(&ann.asks("write_handoff", sent.clone()))["success"], true);

    let handoff = &read(&ann, json!({}))["handoffs"][0];
    assert_eq!(handoff["summary"], "said");
    assert_eq!(handoff["completed_work"], json!(["a", "b"]), "blanks say nothing");
    assert_eq!(handoff["next_steps"], sent["next_steps"]);
    for left_out in ["decisions", "in_progress", "open_locks", "open_tasks", "branch", "commit"] {
        assert!(handoff.get(left_out).is_none(), "{left_out}: {handoff}");
    }
}

#[test]
fn a_handoff_without_a_summary_is_refused() {
    let world = World::new();
    let ann = world.agent("ann");
    for sent in [json!({}), json!({ "summary": "" }), json!({ "summary": " \n\t" })] {
        let answer = fields(&ann.asks("write_handoff", sent.clone()));
        assert_eq!(answer["code"], "summary_required", "{sent}");
    }
    let text = ann.asks("write_handoff", json!({})).sentence();
    let told = "the handoff has no summary. Say in summary what the next agent must know to go on.";
    assert_eq!(text, told);
    let tool = coord::service::find("write_handoff").expect("it is listed");
    assert_eq!(tool.published().input["required"], json!(["summary"]));
}

#[test]
fn what_is_too_long_is_refused_with_the_limit_named() {
    let world = World::new();
    let ann = world.agent("ann");
    let long = |n: usize| "x".repeat(n);
    let at_the_bound = json!({
        "summary": "ü".repeat(SUMMARY_MAX),
        "decisions": vec![long(ENTRY_MAX); ENTRIES_MAX],
    });
    assert_eq!(fields(&ann.asks("write_handoff", at_the_bound))["success"], true);

    let cases = [
        (json!({ "summary": long(SUMMARY_MAX + 1) }), "summary", SUMMARY_MAX),
        (json!({ "summary": long(1 << 20) }), "summary", SUMMARY_MAX),
        (json!({ "summary": "s", "decisions": [long(ENTRY_MAX + 1)] }), "decisions", ENTRY_MAX),
        (
            json!({ "summary": "s", "next_steps": vec!["x"; ENTRIES_MAX + 1] }),
            "next_steps",
            ENTRIES_MAX,
        ),
    ];
    for (sent, field, max) in cases {
        let answer = fields(&ann.asks("write_handoff", sent));
        assert_eq!(
            (&answer["code"], &answer["field"]),
            (&json!("invalid_argument"), &json!(field))
        );
        assert_eq!(answer["max"], max);
        assert!(answer["message"].as_str().expect("text").contains(&max.to_string()), "{answer}");
    }
    let nul = fields(&ann.asks("write_handoff", json!({ "summary": "a\u{0}b" })));
    assert_eq!(nul["message"], "summary contains a NUL character");
}

#[test]
fn secrets_do_not_get_into_a_handoff() {
    let world = World::new();
    let ann = world.agent("ann");
    let secret = format!("ghp_{}", "a1B2".repeat(9));
    let sent = json!({ "summary": format!("log in with {secret}"), "next_steps": [secret] });
    ann.asks("write_handoff", sent);

    let answer = read(&ann, json!({})).to_string();
    assert!(!answer.contains("ghp_") && answer.contains("log in with"), "{answer}");
}

#[test]
fn nobody_reads_a_handoff_of_another_project() {
    let world = World::new();
    let ann = world.agent("ann");
    let id = write(&ann, "here");
    let there = elsewhere(&ann);

    for arguments in [json!({}), json!({ "agent_name": "ann" }), json!({ "limit": 20 })] {
        assert_eq!(summaries(&read(&there, arguments)), Vec::<&str>::new());
    }
    assert_eq!(fields(&there.asks("list_handoffs", json!({})))["handoffs"], json!([]));
    let shown = fields(&there.asks("show_handoff", json!({ "handoff_id": id })));
    assert_eq!(shown["code"], "handoff_not_found");
    let cursor = read(&there, json!({ "cursor": id }));
    assert_eq!(cursor["code"], "invalid_argument", "an id of elsewhere is no place here");
}

#[test]
fn pages_follow_each_other_without_gap_even_in_one_millisecond() {
    let world = World::new();
    let ann = world.agent("ann");
    for n in 0..25 {
        write(&ann, &format!("note {n:02}"));
        world.pass_ms(i64::from(n % 3 == 0));
    }
    let mut seen: Vec<String> = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let page = fields(&ann.asks("list_handoffs", json!({ "limit": 7, "cursor": cursor })));
        let new = summaries(&page);
        seen.extend(new.into_iter().map(str::to_owned));
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    seen.sort();
    let all: Vec<String> = (0..25).map(|n| format!("note {n:02}")).collect();
    assert_eq!(seen, all);
    for (limit, code) in [(0, "invalid_argument"), (21, "invalid_argument")] {
        assert_eq!(read(&ann, json!({ "limit": limit }))["code"], code);
    }
}

#[test]
fn a_list_is_short_and_showing_one_is_not() {
    let world = World::new();
    let ann = world.agent("ann");
    let id = write(&ann, &"word ".repeat(100));
    let listed = fields(&ann.asks("list_handoffs", json!({})));
    let shown = fields(&ann.asks("show_handoff", json!({ "handoff_id": id.to_uppercase() })));

    assert_eq!(listed["handoffs"][0]["summary"].as_str().expect("text").chars().count(), 201);
    assert_eq!(shown["summary"].as_str().expect("text").len(), 499);
    let missing = fields(&ann.asks("show_handoff", json!({ "handoff_id": "%' OR 1=1 --" })));
    assert_eq!(missing["code"], "handoff_not_found");
}
