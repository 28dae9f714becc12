//! Profiles, policies, hosts and approvals as tables, sentences and pages.

use coord::cli::{approve, net, policy, profile};
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::views::{NOON, id, plain};

fn profiles() -> Value {
    json!({
        "profiles": [
            { "name": "codex_cloud_worker", "agent_type": "codex", "trust_level": 2, "own": false,
              "limits": { "calls_per_hour": 600, "files_per_day": 200 }, "description": "Works in a cloud" },
            { "name": "gone", "trust_level": 0, "own": true, "limits": {}, "description": "",
              "blocked_operations": ["submit_work"], "ask_operations": ["acquire_lock", "remember"] },
        ],
        "assignments": [
            { "subject_kind": "agent", "subject": "codex-1", "profile": "gone" },
            { "subject_kind": "type", "subject": "claude", "profile": "gone", "everywhere": true },
        ],
    })
}

#[test]
fn profiles_are_listed_with_who_has_them() {
    assert_snapshot!(plain(&profile::show::list(&profiles())));
}

#[test]
fn a_profile_is_shown_with_what_its_trust_is_good_for() {
    let mut reply = profiles();
    reply["profiles"].as_array_mut().expect("a list").remove(0);
    assert_snapshot!(plain(&profile::show::one(&reply)));
}

#[test]
fn a_changed_profile_is_told_in_a_sentence() {
    let here = json!({ "action": "assigned", "subject_kind": "agent", "subject": "codex-1", "profile": "gone" });
    assert_eq!(profile::show::assignment(&here), "Now codex-1 has gone.");
    let gone =
        json!({ "action": "removed", "subject_kind": "type", "subject": "claude", "profile": "" });
    assert_eq!(profile::show::assignment(&gone), "Nothing is assigned to claude any more.");
    let set = json!({ "action": "set", "profile": profiles()["profiles"][1] });
    assert_eq!(
        profile::show::changed(&set, "gone"),
        "Profile gone is set: trust 0, 1 operation blocked, limits: none.\n"
    );
    let removed = json!({ "action": "removed" });
    assert_eq!(profile::show::changed(&removed, "gone"), "Removed profile gone.\n");
}

#[test]
fn policies_are_listed_and_their_texts_too() {
    let reply = json!({
        "engine": "cedar",
        "policies": [
            { "policy_id": "default.cedar", "source": "built_in", "enabled": true, "everywhere": true,
              "description": "what a profile's trust grants", "text": "permit (…);\n" },
            { "policy_id": "no-release", "source": "added", "enabled": false, "description": "",
              "text": "forbid (principal,\n  action, resource);" },
            { "policy_id": "paths.cedar", "source": "project", "enabled": true, "text": "" },
        ],
        "trouble": ["paths.cedar:1:4: it permits"],
    });
    assert_snapshot!(plain(&policy::show::list(&reply, true)));
}

#[test]
fn a_decision_is_explained_with_what_a_new_policy_would_change() {
    let reply = json!({
        "engine": "cedar", "decision": "allow", "reason": "profile unknown has trust 2, and edit_file needs 2",
        "policies": ["writing-needs-trust-2"], "profile": "unknown", "trust_level": 2,
        "profile_source": "default", "built_in": "deny", "groups": ["PathGroup::\"core\" (partly)"], "diagnostics": ["the project's policies are broken"],
        "with_policy": { "decision": "ask", "reason": "ask first", "policies": ["tried"] },
    });
    assert_snapshot!(plain(&policy::show::explained(&reply)));
    let verdict =
        json!({ "allowed": false, "ask": true, "reason": "ask first", "engine": "cedar" });
    assert_eq!(plain(&policy::show::verdict(&verdict)), "a person is asked: ask first\n");
}

#[test]
fn groups_are_listed_as_policies_write_them() {
    let member = |group: &str, kind: &str, member: &str| json!({ "group": group, "kind": kind, "member": member });
    let mut everywhere = member("AgentGroup::\"guests\"", "agent_type", "gemini");
    everywhere["everywhere"] = true.into();
    let reply =
        json!({ "members": [everywhere, member("PathGroup::\"release\"", "path", "release/**")] });
    assert_snapshot!(plain(&policy::group::list(&reply)));
    let mut added = member("PathGroup::\"release\"", "path", "release/**");
    added["action"] = "added".into();
    assert_eq!(policy::group::changed(&added), "release/** is in PathGroup::\"release\".");
}

#[test]
fn mistakes_are_told_as_compilers_tell_them() {
    let reply = json!({ "valid": false, "errors": [
        { "message": "unexpected token", "line": 2, "column": 7, "help": "expected a comma" },
    ] });
    assert_eq!(
        plain(&policy::show::validated(&reply, "new.cedar")),
        "new.cedar:2:7: unexpected token\n  expected a comma\n"
    );
    let right = json!({ "valid": true, "errors": [] });
    assert_eq!(plain(&policy::show::validated(&right, "new.cedar")), "new.cedar is right\n");
}

#[test]
fn hosts_are_listed_logged_and_checked() {
    let rules = json!({ "domains": [
        { "domain": "*.example.net", "effect": "block", "priority": 100, "reason": "no telemetry" },
        { "domain": "docs.example.org", "effect": "allow", "priority": 200, "profile": "unknown", "everywhere": true },
        { "domain": "github.com", "effect": "allow", "priority": 10, "built_in": true, "everywhere": true },
    ] });
    let log = json!({ "entries": [
        { "at": "2026-01-01T11:58:00Z", "agent_id": "codex-1", "host": "evil.example.net",
          "allowed": false, "reason": "blocked", "rule": "*.example.net" },
        { "at": "2026-01-01T09:00:00Z", "agent_id": "claude-1", "host": "github.com",
          "allowed": true, "reason": "allowed", "rule": "github.com" },
    ] });
    let checks = [
        json!({ "host": "github.com", "allowed": true, "reason": "allowed", "rule": "github.com" }),
        json!({ "host": "10.0.0.1", "allowed": false, "reason": "address" }),
        json!({ "host": "a.example", "allowed": false, "reason": "unlisted" }),
    ];
    let told: String = checks.iter().map(net::show::checked).collect();
    let all = [net::show::list(&rules), net::show::log(&log, NOON), told].join("\n");
    assert_snapshot!(plain(&all));
}

#[test]
fn rules_about_hosts_are_told_in_sentences() {
    let allowed = json!({ "action": "allowed", "domain": "a.example", "priority": 100, "profile": "unknown" });
    assert_eq!(net::show::ruled(&allowed), "a.example is allowed for unknown here, priority 100.");
    let gone =
        json!({ "action": "removed", "domain": "a.example", "priority": 100, "everywhere": true });
    assert_eq!(net::show::ruled(&gone), "The rule for a.example is gone in every repository.");
    let found = json!({
        "files": ["/home/me/.npmrc"],
        "domains": [
            { "domain": "npm.example", "file": "/home/me/.npmrc" },
            { "domain": "bad.example", "file": "/home/me/.npmrc", "blocked": true },
        ],
    });
    assert_snapshot!(plain(&net::show::imported(&found, true)), @r"
    Would allow in every repository, from 1 file:
      npm.example  /home/me/.npmrc
      bad.example  /home/me/.npmrc  (blocked, and stays so)
    ");
}

fn a_question(status: &str, expires_at: &str) -> Value {
    json!({
        "approval_id": id(9), "agent_id": "codex-1", "operation": "acquire_lock", "status": status,
        "arguments": "{\"file_path\":\"src/a.rs\"}", "reason": "the profile wants a person to approve it",
        "asked_at": "2026-01-01T11:55:00Z", "expires_at": expires_at,
    })
}

#[test]
fn what_waits_for_a_person_is_shown_with_what_exactly_it_would_do() {
    let mut denied = a_question("denied", "2026-01-01T12:10:00Z");
    denied["note"] = "not today".into();
    let reply = json!({ "approvals": [
        a_question("pending", "2026-01-01T12:10:00Z"),
        a_question("pending", "2026-01-01T11:59:00Z"),
        denied,
    ] });
    assert_snapshot!(plain(&approve::list(&reply, NOON)));
    assert_eq!(approve::list(&json!({ "approvals": [] }), NOON), "Nothing waits for a decision.\n");
}

#[test]
fn a_decision_of_a_person_is_told_in_a_sentence() {
    let mut reply = a_question("approved", "2026-01-01T12:15:00Z");
    reply["action"] = "approved".into();
    assert_snapshot!(approve::decided(&reply, NOON), @"Approved: codex-1 may call acquire_lock once, with these arguments; it ends in 15 min.");
    reply["action"] = "denied".into();
    assert_snapshot!(approve::decided(&reply, NOON), @"Denied: codex-1 is told so when it calls acquire_lock again.");
}

#[test]
fn what_agents_wrote_cannot_act_on_the_terminal() {
    let evil = "\u{1b}[2J\u{202e}evil";
    let mut question = a_question("pending", "2026-01-01T12:10:00Z");
    for field in ["arguments", "reason", "agent_id", "operation"] {
        question[field] = evil.into();
    }
    let host = json!({ "at": "x", "agent_id": evil, "host": evil, "reason": evil, "rule": evil });
    let policy = json!({ "policy_id": evil, "text": evil, "description": evil });
    let pages = [
        approve::list(&json!({ "approvals": [question] }), NOON),
        net::show::log(&json!({ "entries": [host] }), NOON),
        policy::show::list(&json!({ "policies": [policy], "trouble": [evil] }), true),
    ];
    for page in pages {
        let page = plain(&page);
        assert!(page.contains("evil") && !page.contains(['\u{1b}', '\u{202e}']), "{page:?}");
    }
}
