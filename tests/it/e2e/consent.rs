//! A call that a person must approve, asked about in the agent's own client.

use serde_json::{Value, json};

use super::clients::{play, python};
use super::rpc::{Rpc, structured};
use super::site::Site;

/// A site where each lock needs a person's yes.
fn asking() -> Site {
    let site = Site::new();
    let (code, said) = site.at_terminal(&["profile", "set", "unknown", "--ask", "acquire_lock"]);
    assert_eq!(code, 0, "{said}");
    site
}

fn lock(path: &str) -> Value {
    json!({ "tool": "acquire_lock", "arguments": { "file_path": path, "reason": "password=hunter22" } })
}

/// What the official client makes of a yes, a no, and a question that is put aside.
fn three_questions(version: u8, mode: &str) {
    let site = asking();
    let calls = [lock("a.rs"), lock("b.rs"), lock("c.rs"), lock("b.rs"), lock("a.rs")];
    let script = json!({ "mode": mode, "calls": calls, "answers": ["yes", "no", "cancel", "yes"] });
    let result = play(&site, &mut python(&site, version), script);
    let asked = result["asked"].as_array().expect("a list");
    assert_eq!(asked.len(), 4, "{mode}: {result}");
    let message = asked[0].as_str().expect("a text");
    assert!(message.starts_with("player wants to call acquire_lock with {"), "{message}");
    assert!(message.contains("a.rs") && !message.contains("hunter22"), "{message}");
    let told: Vec<&Value> = result["calls"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|call| &call["structured"])
        .collect();
    assert_eq!(told[0]["action"], "acquired", "{mode}: {result}");
    assert_eq!(told[1]["code"], "approval_denied");
    assert_eq!(told[2]["code"], "approval_required", "put aside");
    assert_eq!(told[3]["code"], "approval_denied", "a no is not asked about again");
    assert_eq!(told[4]["action"], "refreshed", "and each yes is for once");
    let text = result["calls"][1]["text"].as_str().expect("a text");
    assert!(text.starts_with("a person denied this acquire_lock: not today."), "{text}");
    let text = result["calls"][2]["text"].as_str().expect("a text");
    assert!(text.contains("type `coord approve "), "{text}");

    let (_, rows) = site.json(&["audit", "query", "--agent", "person", "--operation", "approve"]);
    assert_eq!(rows["entries"][0]["arguments"]["asked_by"], "player", "{rows}");
}

#[test]
fn the_python_client_of_version_1_asks_its_user() {
    three_questions(1, "legacy");
}

#[test]
fn the_python_client_of_version_2_asks_its_user_in_both_eras() {
    for mode in ["legacy", "auto", "2026-07-28"] {
        three_questions(2, mode);
    }
}

#[test]
fn a_client_that_cannot_ask_is_told_how_a_person_approves() {
    let site = asking();
    let result =
        play(&site, &mut python(&site, 2), json!({ "mode": "auto", "calls": [lock("a.rs")] }));
    assert_eq!(result["calls"][0]["structured"]["code"], "approval_required");
    assert_eq!(result["calls"][0]["is_error"], true);
}

/// A call in the era without `initialize`, by a client that can ask.
fn modern(rpc: &mut Rpc, path: &str, more: &Value) -> Value {
    let mut params = json!({
        "name": "acquire_lock", "arguments": { "file_path": path },
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "ann", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": { "elicitation": { "form": {} } },
        },
    });
    if let (Some(params), Some(more)) = (params.as_object_mut(), more.as_object()) {
        params.extend(more.clone());
    }
    rpc.request("tools/call", params)
}

/// The question that a call becomes, as its answer: yes.
fn yes_to(question: &Value) -> Value {
    let result = &question["result"];
    assert_eq!(result["resultType"], "input_required", "{question}");
    let form = &result["inputRequests"]["approval"]["params"]["requestedSchema"];
    let field = form["required"][0].as_str().expect("one field is required");
    let content = json!({ field: true });
    json!({
        "requestState": result["requestState"],
        "inputResponses": { "approval": { "action": "accept", "content": content } },
    })
}

#[test]
fn a_state_is_good_for_one_session_one_call_and_one_time() {
    let site = asking();
    let start = |name: &str| Rpc::start(site.coord().env("AGENT_ID", name));
    let (mut ann, mut bob) = (start("ann"), start("bob"));
    let question = modern(&mut ann, "a.rs", &json!({}));
    let yes = yes_to(&question);

    let refused = |answer: &Value| structured(answer)["code"] == "approval_required";
    assert!(refused(&modern(&mut bob, "a.rs", &yes)), "it is another's");
    assert!(refused(&modern(&mut ann, "b.rs", &yes)), "it is another call");
    let mut forged = yes.clone();
    forged["requestState"] = format!("{}x", yes["requestState"].as_str().expect("text")).into();
    assert!(refused(&modern(&mut ann, "a.rs", &forged)), "it is forged");
    let mut misnamed = yes.clone();
    misnamed["inputResponses"]["approval"]["content"] = json!({ "approve": true });
    assert!(refused(&modern(&mut ann, "a.rs", &misnamed)), "it answers another question");
    assert!(refused(&modern(
        &mut ann,
        "a.rs",
        &json!({ "inputResponses": yes["inputResponses"], "requestState": "" })
    )));

    assert_eq!(structured(&modern(&mut ann, "a.rs", &yes))["action"], "acquired");
    assert!(refused(&modern(&mut ann, "a.rs", &yes)), "it is used up");
}

#[test]
fn an_answer_is_taken_by_the_daemon_that_follows_a_killed_one() {
    let site = asking();
    let mut ann = Rpc::start(site.coord().env("AGENT_ID", "ann"));
    let yes = yes_to(&modern(&mut ann, "a.rs", &json!({})));
    super::site::signal(site.daemon_pid().expect("a daemon runs"), "KILL");
    assert_eq!(structured(&modern(&mut ann, "a.rs", &yes))["action"], "acquired");
}
