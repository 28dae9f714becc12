//! What a person at a terminal decides, and an agent meets.

use serde_json::{Value, json};

use super::rpc::Rpc;
use super::site::{Site, until};

fn lock(path: &str) -> Value {
    json!({ "file_path": path })
}

/// Runs a command at the terminal that must succeed; what it printed.
fn person(site: &Site, arguments: &[&str]) -> String {
    let (code, said) = site.at_terminal(arguments);
    assert_eq!(code, 0, "{arguments:?}: {said}");
    said
}

#[test]
fn a_person_approves_a_call_by_the_end_of_its_id_and_it_is_made_once() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    let said = person(&site, &["profile", "set", "unknown", "--ask", "acquire_lock"]);
    assert_eq!(said, "Profile unknown is set: trust 2, 0 operations blocked, limits: none.\n");
    assert_eq!(person(&site, &["approve"]), "Nothing waits for a decision.\n");

    let refused = ann.call("acquire_lock", lock("a.rs"));
    assert_eq!(refused["code"], "approval_required", "{refused}");
    let id = refused["approval_id"].as_str().expect("it has an id");
    let listed = person(&site, &["deny"]);
    assert!(listed.contains(&id[28..]) && listed.contains("a.rs"), "{listed}");

    let (code, said) = site.at_terminal(&["approve", "ffffffff"]);
    assert_eq!(code, 1, "{said}");
    assert_eq!(site.json(&["approve", &id[28..]]).1["code"], "person_required", "no terminal");
    let said = person(&site, &["approve", &id[28..]]);
    assert!(said.starts_with("Approved: ann may call acquire_lock once"), "{said}");

    assert_eq!(ann.call("acquire_lock", lock("a.rs"))["action"], "acquired");
    assert_eq!(ann.call("acquire_lock", lock("a.rs"))["code"], "approval_required");
    let history = person(&site, &["approve", "--history"]);
    assert!(history.contains("used") && history.contains("waits"), "{history}");
}

#[test]
fn a_person_denies_with_a_word_and_the_agent_reads_it() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    person(&site, &["profile", "set", "unknown", "--ask", "acquire_lock"]);
    let refused = ann.call("acquire_lock", lock("a.rs"));
    let id = refused["approval_id"].as_str().expect("it has an id");
    person(&site, &["deny", id, "--note", "use b.rs"]);
    let denied = ann.call("acquire_lock", lock("a.rs"));
    assert_eq!(
        (&denied["code"], &denied["message"]),
        (&json!("approval_denied"), &json!("a person denied this acquire_lock: use b.rs"))
    );
}

#[test]
fn a_person_assigns_a_profile_and_takes_it_back() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    let said = person(&site, &["profile", "assign", "claude_code_web_reviewer", "--agent", "ann"]);
    assert_eq!(said, "Now ann has claude_code_web_reviewer.\n");
    assert_eq!(ann.call("acquire_lock", lock("a.rs"))["code"], "insufficient_trust_level");
    let shown = person(&site, &["profile", "show", "claude_code_web_reviewer"]);
    assert!(shown.contains("ann has claude_code_web_reviewer"), "{shown}");
    person(&site, &["profile", "assign", "--remove", "--agent", "ann"]);
    assert_eq!(ann.call("acquire_lock", lock("a.rs"))["action"], "acquired");
}

#[test]
fn a_person_lists_hosts_and_agents_are_told() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    let ask = |ann: &mut Rpc| {
        let asked =
            json!({ "operation": "network_access", "resource": "https://api.example.org/x" });
        ann.call("check_policy", asked)["allowed"].clone()
    };
    assert_eq!(ask(&mut ann), false);
    let said = person(&site, &["net", "allow", "*.example.org", "--why", "ours"]);
    assert_eq!(said, "*.example.org is allowed here, priority 100.\n");
    assert_eq!(ask(&mut ann), true);
    assert_eq!(site.run(&["net", "check", "api.example.org"]).status.code(), Some(0));
    assert_eq!(site.run(&["net", "check", "example.org.evil.example"]).status.code(), Some(1));
    person(&site, &["net", "allow", "*.example.org", "--remove"]);
    assert_eq!(ask(&mut ann), false);
    // Mere questions are written down within half a second.
    until("all three are in the log", || {
        person(&site, &["net", "log"]).matches("api.example.org").count() == 3
    });

    std::fs::write(site.folder.path().join(".npmrc"), "registry=https://npm.example.org/\n")
        .expect("it is ours");
    let said = person(&site, &["net", "import", "--dry-run"]);
    assert!(said.starts_with("Would allow") && said.contains("npm.example.org"), "{said}");
    person(&site, &["net", "import"]);
    assert_eq!(site.run(&["net", "check", "npm.example.org"]).status.code(), Some(0));
}

#[test]
fn a_person_tries_a_policy_before_adding_it() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    let file =
        |name: &str, text: &str| std::fs::write(site.repo().join(name), text).expect("it is ours");
    let no_release = "forbid (principal, action == Action::\"acquire_lock\", resource)\nwhen { resource is File && resource.path like \"release/*\" };";
    file("new.cedar", no_release);
    file("bad.cedar", "forbid (principal, action, resource)\nwhen { principal.age > 3 };");
    file(
        "expected.toml",
        "[[expect]]\ntype = \"codex\"\noperation = \"acquire_lock\"\nresource = \"release/x\"\nallowed = false\n\n[[expect]]\noperation = \"acquire_lock\"\nprofile = \"unknown\"\nresource = \"src/x\"\nallowed = true\n",
    );

    assert_eq!(site.run(&["policy", "validate", "new.cedar"]).status.code(), Some(0));
    let (code, said) = site.at_terminal(&["policy", "validate", "bad.cedar"]);
    assert_eq!(code, 1);
    assert!(said.starts_with("bad.cedar:2:"), "{said}");
    let (code, told) = site.json(&["policy", "test", "expected.toml"]);
    assert_eq!((code, &told["failed"][0]["case"], &told["cases"]), (1, &json!(1), &json!(2)));
    assert_eq!(
        site.run(&["policy", "test", "expected.toml", "--with", "new.cedar"]).status.code(),
        Some(0)
    );
    assert_eq!(site.run(&["policy", "test", "new.cedar"]).status.code(), Some(2));

    std::fs::write(site.home().join("config.toml"), "policy_engine = \"cedar\"\n")
        .expect("it is ours");
    assert!(site.run(&["daemon", "stop"]).status.success());
    let (code, said) = site.at_terminal(&["policy", "add", "bad", "bad.cedar"]);
    assert!(code == 1 && said.contains("bad:2:"), "{said}");
    assert_eq!(
        person(&site, &["policy", "add", "no-release", "new.cedar"]),
        "Policy no-release is added.\n"
    );
    let refused = ann.call("acquire_lock", lock("release/x"));
    assert_eq!(
        (&refused["code"], &refused["policies"]),
        (&json!("operation_not_permitted"), &json!(["no-release"]))
    );
    let (code, told) =
        site.json(&["policy", "check", "acquire_lock", "release/x", "--type", "codex"]);
    assert_eq!((code, &told["allowed"], &told["engine"]), (1, &json!(false), &json!("cedar")));
    let said = person(&site, &["policy", "explain", "acquire_lock", "release/x", "--agent", "ann"]);
    assert!(said.contains("decided by no-release"), "{said}");
    for (verb, code) in
        [("disable", None), ("enable", Some("operation_not_permitted")), ("remove", None)]
    {
        person(&site, &["policy", verb, "no-release"]);
        let answer = ann.call("acquire_lock", lock("release/x"));
        assert_eq!(answer["code"].as_str(), code, "{verb}: {answer}");
    }
    assert_eq!(site.json(&["policy", "list"]).1["engine"], "cedar");
    let id = ann.send("tools/call", json!({ "name": "add_policy", "arguments": {} }));
    assert_eq!(ann.answer(id)["error"]["code"], -32602, "a person's tools are none of an agent's");
}
