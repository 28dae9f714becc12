//! Two clients of different makers in one repository, with hooks: what one holds the
//! other cannot write by any road, is shown why, and can once the first is gone.

use std::fs;
use std::time::Duration;

use coord::breaches;
use serde_json::json;

use super::agent::Agent;
use super::makers::Maker;
use crate::e2e::site::{Site, until};

/// How the first one leaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leaves {
    InOrder,
    ByKill,
}

/// A repository with a commit, and the makers' clients set up for it.
fn site_for(makers: [Maker; 2]) -> Site {
    let site = Site::at_the_usual_home();
    fs::write(site.repo().join("kept.txt"), "kept\n").expect("it can be written");
    site.git(&["add", "kept.txt"]);
    let me = ["-c", "user.name=t", "-c", "user.email=t@t"];
    site.git(&[&me[..], &["commit", "-q", "-m", "keep"]].concat());
    site.git(&["config", "user.name", "t"]);
    site.git(&["config", "user.email", "t@t"]);
    for maker in makers {
        maker.make_ready(&site);
        maker.connect(&site);
        maker.guard(&site);
    }
    site
}

fn text(site: &Site, file: &str) -> String {
    fs::read_to_string(site.repo().join(file)).unwrap_or_default()
}

/// Why an agent was refused something, as the audit log has it.
fn refused(site: &Site, agent: &str) -> Vec<String> {
    let (_, audit) = site.json(&["audit", "query", "--agent", agent, "--failed", "--limit", "50"]);
    let rows = audit["entries"].as_array().expect("a list").iter();
    rows.map(|row| row["code"].as_str().unwrap_or_default().to_owned()).collect()
}

fn the_second_waits_for_the_first(makers: [Maker; 2], leaves: Leaves) {
    let site = site_for(makers);
    let [first_name, second_name] = makers.map(|maker| format!("{}-1", maker.name()));

    let mut first = Agent::start(&site, makers[0]);
    first.writes("a.txt", None, "one");
    assert_eq!(text(&site, "a.txt").trim(), "one");
    let (_, locks) = site.json(&["locks", "list"]);
    assert_eq!(locks["locks"][0]["file_path"], "a.txt", "{locks}");
    assert_eq!(locks["locks"][0]["locked_by"], first_name.as_str(), "{locks}");
    first.calls("write_handoff", json!({ "summary": "The parser is half done." }));
    first.calls(
        "remember",
        json!({ "event_type": "discovery", "summary": "The tests need a clean cache." }),
    );

    let mut second = Agent::start(&site, makers[1]);
    let context = second.context();
    for known in
        [&*first_name, "a.txt", "The parser is half done.", "The tests need a clean cache."]
    {
        assert!(context.contains(known), "{known} is not in the opening context");
    }
    let edit = second.writes("a.txt", Some("one"), "two");
    let redirection = second.runs("echo two > a.txt");
    let stash = second.runs("git stash --include-untracked");
    for shown in [&edit, &redirection, &stash] {
        assert!(shown.contains(&first_name) && shown.contains("a.txt"), "{shown}");
    }
    let destructive = second.runs("rm -rf .git");
    assert!(destructive.contains("guardrail"), "{destructive}");
    assert!(site.repo().join(".git/HEAD").exists());
    assert_eq!(text(&site, "a.txt").trim(), "one");
    assert_eq!(text(&site, ".git/refs/stash"), "");
    let mut refused = refused(&site, &second_name);
    refused.sort();
    assert_eq!(
        refused,
        ["guardrail_blocked", "locked_by_other", "locked_by_other", "tree_in_use"],
        "each refusal is in the audit log"
    );

    match leaves {
        Leaves::InOrder => first.ends(),
        Leaves::ByKill => first.is_killed(),
    }
    until("its files are free", || {
        site.json(&["locks", "list"]).1["locks"].as_array().is_some_and(Vec::is_empty)
    });
    second.writes("a.txt", Some("one"), "two");
    assert_eq!(text(&site, "a.txt").trim(), "two");
    second.runs("echo three > a.txt");
    assert_eq!(text(&site, "a.txt").trim(), "three");
    second.runs("git stash --include-untracked");
    assert_ne!(text(&site, ".git/refs/stash"), "");
    second.ends();
}

#[test]
fn codex_waits_for_claude_code() {
    the_second_waits_for_the_first([Maker::Claude, Maker::Codex], Leaves::InOrder);
}

#[test]
fn claude_code_waits_for_gemini_which_is_killed() {
    the_second_waits_for_the_first([Maker::Gemini, Maker::Claude], Leaves::ByKill);
}

#[test]
fn gemini_waits_for_codex_which_is_killed() {
    the_second_waits_for_the_first([Maker::Codex, Maker::Gemini], Leaves::ByKill);
}

/// The holder's own writes are no breach; an editor's is, and the model learns of it.
#[test]
fn what_an_editor_writes_past_the_lock_is_told_to_the_model() {
    let site = site_for([Maker::Claude, Maker::Codex]);
    let listed = || site.json(&["call", "list_breaches"]).1["breaches"].clone();
    let mut claude = Agent::start(&site, Maker::Claude);
    claude.writes("a.txt", None, "one");
    claude.runs("echo two > a.txt");
    claude.runs("(sleep 1; echo three > a.txt) & true");
    std::thread::sleep(Duration::from_millis(breaches::SETTLE.unsigned_abs() + 500));
    assert_eq!(listed(), json!([]), "it was the holder");

    fs::write(site.repo().join("a.txt"), "four\n").expect("it can be written");
    until("it is seen", || listed() != json!([]));
    let told = claude.calls("heartbeat", json!({}));
    assert!(told.contains("held_file_changed") && told.contains("a.txt"), "{told}");
    claude.ends();
}
