//! Handoffs and memories as tables and pages.

use coord::cli::{handoff, memory};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::views::{NOON, id, plain};

fn a_memory() -> Value {
    json!({
        "memory_id": id(1), "event_type": "error", "summary": "The build fails on Tuesdays\nand Fridays",
        "details": { "file": "build.rs" }, "outcome": "negative", "lessons": ["build on Monday"],
        "tags": ["ci", "build"], "agent_id": "claude-1", "agent_type": "claude", "pinned": true,
        "created_at": "2026-01-01T11:00:00Z", "relevance": 0.734,
    })
}

fn a_handoff() -> Value {
    json!({
        "handoff_id": id(2), "agent_id": "codex-1", "agent_type": "codex", "branch": "scanner",
        "created_at": "2026-01-01T09:00:00Z", "summary": "Parser done", "next_steps": ["fix the scanner"],
        "open_locks": ["src/scan.rs"],
        "open_tasks": [{ "task_id": id(3), "task_type": "fix", "description": "mend it" }],
    })
}

#[test]
fn memories_are_shown_best_first_with_what_they_are_worth() {
    let reply = json!({ "memories": [a_memory()] });
    assert_snapshot!(plain(&memory::show::table(&reply, NOON)), @r"
    memory           learned     by        type   what
    …00000001  0.73  60 min ago  claude-1  error  The build fails on Tuesdays and F…
    ");
    assert_eq!(memory::show::table(&json!({ "memories": [] }), NOON), "No memories.\n");
}

#[test]
fn a_memory_is_shown_with_its_provenance() {
    assert_snapshot!(plain(&memory::show::one(&a_memory(), NOON)), @r#"
    The build fails on Tuesdays
    and Fridays

    memory     019b0000-0000-7000-8000-000000000001
    type       error
    outcome    negative
    tags       ci, build
    learned    60 min ago by claude-1 (claude)
    pinned     yes

    - build on Monday

    Details
    {
      "file": "build.rs"
    }
    "#);
}

#[test]
fn a_handoff_is_shown_with_what_was_open() {
    assert_snapshot!(plain(&handoff::one(&a_handoff(), NOON)), @r"
    Parser done

    handoff    019b0000-0000-7000-8000-000000000002
    written    3 h ago by codex-1
    branch     scanner

    Next
    - fix the scanner

    Locks held then
    - src/scan.rs

    Tasks claimed then
    - …00000003 mend it
    ");
    assert_snapshot!(plain(&handoff::list(&json!({ "handoffs": [a_handoff()] }), NOON)), @r"
    handoff    agent    written  branch   summary
    …00000002  codex-1  3 h ago  scanner  Parser done
    ");
}

#[test]
fn what_agents_wrote_cannot_act_on_the_terminal() {
    let evil = "\u{1b}[2J\u{202e}evil";
    let (mut learned, mut left) = (a_memory(), a_handoff());
    learned["summary"] = evil.into();
    learned["lessons"] = json!([evil]);
    left["summary"] = evil.into();
    left["next_steps"] = json!([evil]);
    let pages = [
        memory::show::one(&learned, NOON),
        memory::show::table(&json!({ "memories": [learned] }), NOON),
        handoff::one(&left, NOON),
        handoff::list(&json!({ "handoffs": [left] }), NOON),
    ];
    for page in pages {
        let page = plain(&page);
        assert!(page.contains("evil") && !page.contains(['\u{1b}', '\u{202e}']), "{page:?}");
    }
}
