//! Who is at the other end, decided from a hello alone.

use coord::agents::identity;
use coord::context::Caller;
use coord::wire::{Hello, Role};
use serde_json::{Value, json};

use super::hello;

/// Session (as the pid of its client), type and rule, or who it is if a person.
fn seen_as(hello: &Hello) -> String {
    let identity = identity::identify(hello);
    match identity.person() {
        Some(person) => format!("person by {}", person.rule),
        None => format!("{} {} by {}", identity.agent_type, identity.session_id, identity.rule),
    }
}

#[test]
fn the_server_the_hooks_and_the_commands_of_one_client_are_one_session() {
    for (server, hook, command, kind) in [
        // Claude Code: the server has variables, a hook may run in a shell.
        (&["claude"][..], &["sh", "claude"][..], &["bash", "claude"][..], "claude"),
        // Codex gives its server no variables at all; a wrapper in Node started it.
        (&["codex", "node"], &["codex", "node"], &["bash", "codex", "node"], "codex"),
        // The server is started by npx.
        (&["sh", "node", "claude"], &["claude"], &["zsh", "claude"], "claude"),
    ] {
        let pid_of = |line: &[&str]| {
            let at = line.iter().position(|name| *name == kind).expect("it is in the line");
            100 + u32::try_from(at).expect("a small number")
        };
        for (role, line) in [(Role::Mcp, server), (Role::Hook, hook), (Role::Cli, command)] {
            let pid = pid_of(line);
            let env = if role == Role::Hook { vec![("CLAUDECODE", "1")] } else { vec![] };
            let env = if kind == "claude" { env } else { vec![] };
            let expected = format!("{kind} client-{pid}-{} by process", pid * 7);
            assert_eq!(seen_as(&hello(role, line, &env)), expected, "{role:?} below {line:?}");
        }
    }
}

#[test]
fn a_client_whose_process_is_just_node_is_known_by_its_variables() {
    let server = hello(Role::Mcp, &["node", "node", "bash"], &[("GEMINI_CLI", "1")]);
    let hook = hello(Role::Hook, &["node", "node", "bash"], &[("GEMINI_SESSION_ID", "x")]);
    let command = hello(Role::Cli, &["bash", "node", "bash"], &[("GEMINI_CLI", "1")]);

    assert_eq!(seen_as(&server), "gemini client-100-700 by process and environment");
    assert_eq!(seen_as(&hook), "gemini client-100-700 by process and environment");
    assert_eq!(seen_as(&command), "gemini client-101-707 by process and environment");
}

#[test]
fn a_client_started_inside_another_one_is_itself() {
    let claude = [("CLAUDECODE", "1"), ("CLAUDE_CODE_SESSION_ID", "abc")];
    let codex = hello(Role::Mcp, &["codex", "node", "bash", "claude"], &claude);
    let gemini_env = [claude[0], ("GEMINI_CLI", "1")];
    let gemini = hello(Role::Mcp, &["node", "bash", "claude"], &gemini_env);
    let script = hello(Role::Mcp, &["python3", "bash", "claude"], &claude);

    assert_eq!(seen_as(&codex), "codex client-100-700 by process");
    assert_eq!(seen_as(&gemini), "gemini client-100-700 by process and environment");
    assert_eq!(seen_as(&script), "agent client-100-700/instance by connection");
}

#[test]
fn what_somebody_chose_wins_over_what_was_found() {
    let env = [("AGENT_ID", "ann"), ("AGENT_TYPE", "tester"), ("SESSION_ID", "s-1")];
    let identity = identity::identify(&hello(Role::Mcp, &["claude"], &env));

    assert_eq!(identity.agent_id.as_deref(), Some("ann"));
    assert_eq!((identity.agent_type.as_str(), identity.session_id.as_str()), ("tester", "s-1"));
    assert_eq!(identity.client.map(|client| client.pid), Some(100));

    let named = hello(Role::Cli, &["bash", "cron"], &[("AGENT_ID", "ann")]);
    assert_eq!(seen_as(&named), "agent named-ann by AGENT_ID");
    let renamed = hello(Role::Mcp, &["claude"], &[("COORD_CLIENT", "claude-code")]);
    assert_eq!(identity::identify(&renamed).agent_type, "claude");
}

#[test]
fn only_somebody_without_any_client_around_is_a_person() {
    let mut at_terminal = hello(Role::Cli, &["zsh", "gnome-terminal-"], &[]);
    at_terminal.terminal = true;
    assert_eq!(seen_as(&at_terminal), "person by terminal");
    assert_eq!(seen_as(&hello(Role::Cli, &["sh", "cron"], &[])), "person by script");

    let mut inside = hello(Role::Cli, &["zsh", "claude"], &[]);
    inside.terminal = true;
    assert_eq!(seen_as(&inside), "claude client-101-707 by process");
    let detached = hello(Role::Cli, &[], &[("CLAUDECODE", "1"), ("CLAUDE_CODE_SESSION_ID", "abc")]);
    assert_eq!(seen_as(&detached), "claude claude-abc by environment");
}

#[test]
fn conversations_of_one_process_are_told_apart_where_it_serves_several() {
    let hello = hello(Role::Mcp, &["opencode"], &[]);
    let caller =
        Caller { session_id: identity::identify(&hello).session_id, ..Caller::coordinator() };
    let within = |meta: Value| identity::within(&hello, &caller, &meta);

    let one = within(json!({ "ai.opencode/sessionID": "one" })).expect("it is told");
    let two = within(json!({ "ai.opencode/sessionID": "two" })).expect("it is told");
    assert_ne!(one.session_id, two.session_id);
    // Codex's shell commands know another id than its calls, so its process decides.
    assert_eq!(within(json!({ "threadId": "t", "callId": "c" })), None);
    assert_eq!(identity::tool_use(&json!({ "claudecode/toolUseId": "t1" })), Some("t1"));
}
