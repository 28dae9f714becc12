//! Each code of the contract through the real path, with the words that a model reads.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::rpc::{Rpc, structured};
use super::site::{Site, until};

/// What was refused, and how it was told.
struct Told {
    site: Site,
    text: String,
    codes: Vec<String>,
}

impl Told {
    fn new() -> Self {
        Self { site: Site::new(), text: String::new(), codes: Vec::new() }
    }

    /// Calls a tool that must not succeed, and notes what a model reads of it.
    fn no(&mut self, rpc: &mut Rpc, tool: &str, arguments: Value) -> Value {
        let id = rpc.send("tools/call", json!({ "name": tool, "arguments": arguments }));
        self.answered(rpc, id, tool)
    }

    fn answered(&mut self, rpc: &mut Rpc, id: u64, tool: &str) -> Value {
        let answer = rpc.answer(id);
        let (result, fields) = (&answer["result"], structured(&answer));
        assert_eq!(fields["success"], false, "{tool}: {answer}");
        let code = fields["code"].as_str().expect("a code").to_owned();
        let text = result["content"][0]["text"].as_str().expect("a text");
        if result["isError"] == true {
            // An error's text is the fact, then what to do.
            let message = fields["message"].as_str().expect("a message");
            assert!(text.starts_with(message) && text.ends_with(['.', '?']), "{tool}: {text}");
            writeln!(self.text, "{tool}: {code}\n  {text}").expect("a String takes all");
        } else {
            // An outcome is an answer: the text is the same facts.
            assert_eq!(serde_json::from_str::<Value>(text).expect("it is JSON"), fields);
            let message = fields["message"].as_str().expect("a message");
            let hint = fields["hint"].as_str().unwrap_or_default();
            writeln!(self.text, "{tool}: {code} (an outcome)\n  {message}; {hint}")
                .expect("a String takes all");
        }
        self.codes.push(code);
        fields
    }

    fn person(&self, arguments: &[&str]) {
        let (code, said) = self.site.at_terminal(arguments);
        assert_eq!(code, 0, "{arguments:?}: {said}");
    }

    /// The words, without what differs from run to run.
    fn settled(&self) -> String {
        let id = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}";
        let time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ";
        let used = r"\d+ are used up";
        let mut text = self.text.clone();
        for (pattern, plain) in [(id, "[id]"), (time, "[time]"), (used, "[n] are used up")] {
            let pattern = regex::Regex::new(pattern).expect("it is a pattern");
            text = pattern.replace_all(&text, plain).into_owned();
        }
        text
    }
}

fn locks(told: &mut Told) {
    let (mut ann, mut bob) = (Rpc::open(&told.site, "ann"), Rpc::open(&told.site, "bob"));
    let lock = |path: &str| json!({ "file_path": path });
    ann.call("acquire_lock", json!({ "file_path": "a.rs", "reason": "the parser" }));
    bob.call("acquire_lock", lock("b.rs"));
    told.no(&mut bob, "acquire_lock", lock("a.rs"));
    told.no(&mut bob, "acquire_lock", lock("../x"));
    told.no(&mut bob, "acquire_lock", json!({ "file_path": "c.rs", "ttl_minutes": 481 }));
    told.no(&mut bob, "release_lock", lock("a.rs"));
    let waits =
        json!({ "name": "acquire_lock", "arguments": { "file_path": "b.rs", "wait_seconds": 40 } });
    let waiting = ann.send("tools/call", waits);
    until("ann stands in line", || {
        bob.call("check_locks", json!({}))["locks"].to_string().contains("\"waiting\":1")
    });
    told.no(&mut bob, "acquire_lock", json!({ "file_path": "a.rs", "wait_seconds": 40 }));
    bob.call("release_lock", json!({}));
    assert_eq!(structured(&ann.answer(waiting))["action"], "acquired");
    ann.call("release_lock", json!({}));
}

fn work(told: &mut Told) {
    let mut ann = Rpc::open(&told.site, "ann");
    let task = |more: Value| {
        let mut task = json!({ "task_type": "fix", "description": "mend it" });
        task.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        task
    };
    told.no(&mut ann, "get_work", json!({}));
    told.no(
        &mut ann,
        "submit_work",
        task(json!({ "depends_on": ["019b0000-0000-7000-8000-000000000001"] })),
    );
    told.no(&mut ann, "submit_work", task(json!({ "priority": 11 })));
    told.no(
        &mut ann,
        "submit_work",
        json!({ "task_type": "fix", "description": "git push --force" }),
    );
    let first = ann.call("submit_work", task(json!({ "dedupe_key": "k" })))["task_id"].clone();
    told.no(&mut ann, "submit_work", task(json!({ "dedupe_key": "k", "depends_on": [first] })));
    let done = |id: &Value, more: Value| {
        let mut call = json!({ "task_id": id, "success": true });
        call.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        call
    };
    told.no(&mut ann, "complete_work", done(&first, json!({})));
    ann.call("get_work", json!({}));
    told.no(
        &mut ann,
        "complete_work",
        done(&first, json!({ "result": { "command": "git push --force" } })),
    );
    told.person(&["work", "cancel", first.as_str().expect("an id"), "--reason", "obsolete"]);
    told.no(&mut ann, "complete_work", done(&first, json!({})));
}

fn arguments(told: &mut Told) {
    let mut ann = Rpc::open(&told.site, "ann");
    told.no(&mut ann, "write_handoff", json!({ "summary": " " }));
    told.no(&mut ann, "acquire_lock", json!({ "file_pth": "a.rs" }));
    told.no(&mut ann, "check_locks", json!({ "file_paths": "a.rs" }));
    told.no(&mut ann, "remember", json!({ "event_type": "joy", "summary": "x" }));
    told.no(&mut ann, "remember", json!({ "event_type": "error" }));
    told.no(&mut ann, "acquire_lock", json!({ "file_path": "a.rs", "wait_seconds": 60 }));
    told.no(&mut ann, "recall", json!({ "min_relevance": 2 }));
    told.no(&mut ann, "query_audit", json!({ "since": "yesterday" }));
    told.no(&mut ann, "check_policy", json!({ "operation": "edit_file", "resource": "../x" }));
    told.no(&mut ann, "validate_cedar_policy", json!({ "policy_text": "x".repeat(1 << 20) }));
}

fn rules(told: &mut Told) {
    let mut ann = Rpc::open(&told.site, "ann");
    ann.call("register_session", json!({}));
    let lock = || json!({ "file_path": "of-this-test.rs" });
    for (set, back) in [
        (["--trust", "0"], ["--trust", "2"]),
        (["--trust", "1"], ["--trust", "2"]),
        (["--block", "acquire_lock"], ["--block", "none"]),
        (["--allow", "check_locks"], ["--allow", "all"]),
        (["--calls-per-hour", "0"], ["--calls-per-hour", "none"]),
        (["--files-per-day", "0"], ["--files-per-day", "none"]),
        (["--seconds-per-day", "0"], ["--seconds-per-day", "none"]),
        (["--ask", "acquire_lock"], ["--ask", "none"]),
    ] {
        told.person(&["profile", "set", "unknown", set[0], set[1]]);
        told.no(&mut ann, "acquire_lock", lock());
        if set[0] == "--ask" {
            let (_, waiting) = told.site.json(&["approve"]);
            let id = waiting["approvals"][0]["approval_id"].as_str().expect("it waits").to_owned();
            told.person(&["deny", &id, "--note", "not today"]);
            told.no(&mut ann, "acquire_lock", lock());
        }
        told.person(&["profile", "set", "unknown", back[0], back[1]]);
    }
}

#[test]
fn each_refusal_tells_the_fact_and_then_what_to_do() {
    let mut told = Told::new();
    locks(&mut told);
    work(&mut told);
    arguments(&mut told);
    rules(&mut told);
    insta::assert_snapshot!(told.settled());
    for code in [
        "locked_by_other",
        "invalid_file_path",
        "ttl_out_of_range",
        "would_deadlock",
        "lock_not_found_or_not_owner",
        "dependency_not_found",
        "dependency_cycle",
        "invalid_priority",
        "guardrail_blocked",
        "no_tasks_available",
        "task_not_found_or_not_claimed_by_agent",
        "lease_lost",
        "summary_required",
        "invalid_argument",
        "operation_not_permitted",
        "resource_limit_exceeded",
        "insufficient_trust_level",
        "agent_suspended",
        "approval_required",
        "approval_denied",
    ] {
        assert!(told.codes.iter().any(|told| told == code), "{code} is not among {:?}", told.codes);
    }
}
