//! Events as clients send them, and answers as they want them; pure.

use coord::hooks::dialect::{self, Unread};
use coord::hooks::{Client, Event, Kind, Verdict, patch};
use serde_json::{Value, json};

fn read(client: Client, sent: &Value) -> Event {
    dialect::read(client, sent.to_string().as_bytes()).expect("it is an event")
}

/// What real clients sent: kind, files and command of each event.
#[test]
fn the_events_of_the_real_clients_are_understood_to_the_letter() {
    let captured = [
        (
            Client::Claude,
            include_str!("captured/claude.jsonl"),
            vec![
                (Kind::BeforeTool, None, None, true),
                (Kind::BeforeTool, Some("/home/dev/project/z.txt"), None, false),
                (Kind::BeforeTool, None, Some("echo hi"), false),
            ],
        ),
        (
            Client::Codex,
            include_str!("captured/codex.jsonl"),
            vec![
                (Kind::SessionStart, None, None, false),
                (Kind::BeforeTool, None, Some("echo forbidden > z.txt"), false),
                (Kind::BeforeTool, None, Some("echo ok > y.txt"), false),
                (Kind::BeforeTool, None, None, true),
            ],
        ),
        (
            Client::Gemini,
            include_str!("captured/gemini.jsonl"),
            vec![
                (Kind::SessionStart, None, None, false),
                (Kind::BeforeTool, Some("/home/dev/project/z.txt"), None, false),
                (Kind::BeforeTool, None, Some("echo ok > y.txt"), false),
                (Kind::BeforeTool, None, None, true),
                (Kind::SessionEnd, None, None, false),
            ],
        ),
    ];
    for (client, lines, wanted) in captured {
        let events: Vec<Event> = lines
            .lines()
            .map(|line| dialect::read(client, line.as_bytes()).expect("it is an event"))
            .collect();
        assert_eq!(events.len(), wanted.len());
        for (event, (kind, file, command, ours)) in events.iter().zip(wanted) {
            assert_eq!(event.kind, kind, "{event:?}");
            assert_eq!(event.deed.files.first().map(String::as_str), file, "{event:?}");
            assert_eq!(event.deed.command.as_deref(), command, "{event:?}");
            assert_eq!(event.deed.ours, ours, "{event:?}");
            assert_eq!(event.cwd.as_deref(), Some(std::path::Path::new("/home/dev/project")));
        }
    }
}

#[test]
fn every_way_to_write_a_file_is_seen_and_reading_is_not() {
    let files = |tool: &str, input: Value| {
        let sent =
            json!({ "hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": input });
        read(Client::Claude, &sent).deed.files
    };
    let writing = [
        ("Edit", json!({ "file_path": "a" }), vec!["a"]),
        ("MultiEdit", json!({ "file_path": "a", "edits": [] }), vec!["a"]),
        ("NotebookEdit", json!({ "notebook_path": "a.ipynb" }), vec!["a.ipynb"]),
        ("replace", json!({ "file_path": "a", "old_string": "x" }), vec!["a"]),
        ("mcp__files__write_file", json!({ "path": "a", "content": "b" }), vec!["a"]),
        ("mcp__files__move_file", json!({ "source": "a", "destination": "b" }), vec!["a", "b"]),
        ("mcp__ide__edit_many", json!({ "files": [{ "path": "a" }, "b"] }), vec!["a", "b"]),
        ("mcp_files_create", json!({ "path": "file:///r/a" }), vec!["/r/a"]),
    ];
    for (tool, input, wanted) in writing {
        assert_eq!(files(tool, input), wanted, "{tool}");
    }
    let reading = [
        ("Read", json!({ "file_path": "a" })),
        ("Glob", json!({ "path": "a" })),
        ("str_replace_editor", json!({ "command": "view", "path": "a" })),
        ("mcp__files__read_file", json!({ "path": "a" })),
        ("mcp__coord__acquire_lock", json!({ "file_path": "a" })),
        ("mcp__plugin_coord_coord__acquire_lock", json!({ "file_path": "a" })),
        ("Write", json!({})),
        ("Write", json!(7)),
    ];
    for (tool, input) in reading {
        assert!(files(tool, input).is_empty(), "{tool}");
    }
}

#[test]
fn a_patch_names_its_files_by_its_headers_alone() {
    let envelope = "*** Begin Patch\n*** Update File: src/a.rs\n*** Move to: src/b.rs\n@@\n\
                    -*** Update File: no.rs\n+*** Add File: no.rs\n *** Delete File: no.rs\n\
                    *** Add File: c d.rs\n+x\n*** Delete File: e.rs\n*** End Patch\n";
    assert_eq!(patch::files(envelope), ["c d.rs", "e.rs", "src/a.rs", "src/b.rs"]);
    let diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\t2026-01-01\n@@ -1 +1 @@\n-a\n+b\n--- /dev/null\n+++ b/new\n";
    assert_eq!(patch::files(diff), ["new", "x"]);
    let in_shell = format!("apply_patch <<'EOF'\n{envelope}EOF\n");
    let sent = json!({
        "hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": { "command": in_shell },
    });
    assert_eq!(read(Client::Codex, &sent).deed.files.len(), 4);
    let as_list = json!({
        "hook_event_name": "PreToolUse", "tool_name": "shell",
        "tool_input": { "command": ["bash", "-lc", "echo x > a"] },
    });
    assert_eq!(read(Client::Codex, &as_list).deed.command.as_deref(), Some("echo x > a"));
}

#[test]
fn a_patch_of_five_megabytes_is_read_in_one_go() {
    let mut text = String::from("*** Begin Patch\n*** Update File: a.rs\n@@\n");
    while text.len() < 5 << 20 {
        text.push_str("+a line of the patch that is as long as lines are\n");
    }
    text.push_str("*** Add File: b.rs\n+x\n*** End Patch\n");
    let sent = json!({
        "hook_event_name": "PreToolUse", "tool_name": "apply_patch", "tool_input": { "command": text },
    });
    assert_eq!(read(Client::Codex, &sent).deed.files, ["a.rs", "b.rs"]);
}

#[test]
fn what_is_no_event_is_told_apart_from_an_event_that_is_new() {
    for client in Client::ALL {
        let read = |text: &str| dialect::read(client, text.as_bytes());
        assert_eq!(read(" \n"), Err(Unread::Empty));
        assert!(matches!(read("{"), Err(Unread::NotJson(_))));
        assert_eq!(read("[]"), Err(Unread::NotAnEvent));
        assert_eq!(read("{}"), Err(Unread::NotAnEvent));
    }
    for client in [Client::Claude, Client::Codex, Client::Gemini, Client::Cursor] {
        let event = read(client, &json!({ "hook_event_name": "FromTomorrow" }));
        assert_eq!(event.kind, Kind::Unknown);
        for verdict in [Verdict::Deny("x".into()), Verdict::Context("x".into())] {
            assert_eq!(dialect::answer(client, &event, &verdict), None);
        }
    }
}

#[test]
fn each_client_is_answered_in_its_own_words_and_with_nothing_more() {
    let before = |client: Client| match client {
        Client::Gemini => Event::new(Kind::BeforeTool, "BeforeTool"),
        Client::Cursor => Event::new(Kind::BeforeTool, "beforeShellExecution"),
        Client::OpenCode => Event::new(Kind::BeforeTool, "tool.execute.before"),
        _ => Event::new(Kind::BeforeTool, "PreToolUse"),
    };
    let specific = |decision: &str| {
        json!({ "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": decision,
            "permissionDecisionReason": "why",
        } })
    };
    let cursor =
        |word: &str| json!({ "permission": word, "user_message": "why", "agent_message": "why" });
    let copilot =
        |word: &str| json!({ "permissionDecision": word, "permissionDecisionReason": "why" });
    let table = [
        (Client::Claude, specific("deny"), specific("ask")),
        (Client::Codex, specific("deny"), specific("deny")),
        (
            Client::Gemini,
            json!({ "decision": "deny", "reason": "why" }),
            json!({ "decision": "deny", "reason": "why" }),
        ),
        (Client::Cursor, cursor("deny"), cursor("ask")),
        (Client::Copilot, copilot("deny"), copilot("ask")),
        (Client::OpenCode, json!({ "deny": "why" }), json!({ "deny": "why" })),
    ];
    for (client, denied, asked) in table {
        let event = before(client);
        let answer = |verdict: Verdict| dialect::answer(client, &event, &verdict);
        assert_eq!(answer(Verdict::Deny("why".into())), Some(denied), "{client:?}");
        assert_eq!(answer(Verdict::Ask("why".into())), Some(asked), "{client:?}");
        assert_eq!(answer(Verdict::Nothing), None, "{client:?}");
    }
    let start = Event::new(Kind::SessionStart, "SessionStart");
    for client in [Client::Claude, Client::Codex, Client::Gemini] {
        let told = dialect::answer(client, &start, &Verdict::Context("facts".into()));
        let wanted = json!({ "hookSpecificOutput": {
            "hookEventName": "SessionStart", "additionalContext": "facts",
        } });
        assert_eq!(told, Some(wanted), "{client:?}");
    }
}

#[test]
fn a_subagent_is_told_apart_where_the_client_says_so() {
    let sent = json!({
        "hook_event_name": "PreToolUse", "tool_name": "Write", "tool_use_id": "t1",
        "tool_input": { "file_path": "a" }, "agent_id": "a7", "agent_type": "Explore",
    });
    let event = read(Client::Claude, &sent);
    let subagent = event.subagent.expect("it is a subagent's");
    assert_eq!((subagent.id.as_str(), subagent.kind.as_deref()), ("a7", Some("Explore")));
    assert_eq!(event.tool_use_id.as_deref(), Some("t1"));
}
