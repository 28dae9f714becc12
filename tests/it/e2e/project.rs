//! What a project says of itself: it may tighten, never loosen.

use serde_json::json;

use super::rpc::Rpc;
use super::site::Site;

fn write(site: &Site, file: &str, text: &str) {
    let path = site.repo().join(file);
    std::fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("it is ours");
    std::fs::write(path, text).expect("it is ours");
}

#[test]
fn a_project_lowers_trust_and_closes_hosts_and_opens_nothing() {
    let site = Site::new();
    std::fs::create_dir_all(site.home()).expect("it is ours");
    std::fs::write(site.home().join("config.toml"), "network_default_policy = \"allow\"\n")
        .expect("it is ours");
    let host = json!({ "operation": "network_access", "resource": "anywhere.example" });
    let mut ann = Rpc::open(&site, "ann");
    assert_eq!(ann.call("check_policy", host.clone())["allowed"], true);
    assert_eq!(ann.call("acquire_lock", json!({ "file_path": "a.rs" }))["success"], true);

    write(
        &site,
        ".coordinator.toml",
        "profiles_default_trust = 1\nnetwork_default_policy = \"deny\"\n",
    );
    let mut bob = Rpc::open(&site, "bob");
    let refused = bob.call("acquire_lock", json!({ "file_path": "b.rs" }));
    assert_eq!(
        (&refused["code"], &refused["trust_level"]),
        (&json!("insufficient_trust_level"), &json!(1))
    );
    assert_eq!(bob.call("get_my_profile", json!({}))["profile"]["trust_level"], 1);
    assert_eq!(bob.call("check_policy", host)["allowed"], false);

    write(&site, ".coordinator.toml", "profiles_default_trust = 4\n");
    let mut eve = Rpc::open(&site, "eve");
    assert_eq!(
        eve.call("get_my_profile", json!({}))["profile"]["trust_level"],
        2,
        "no more than before"
    );
    assert_eq!(site.json(&["doctor"]).0, 1, "and a doctor says that the file is wrong");
}

#[test]
fn a_doctor_says_what_a_project_puts_in_force() {
    let site = Site::new();
    let found = |name: &str| {
        let (code, told) = site.json(&["doctor"]);
        let checks = told["checks"].as_array().expect("a list").clone();
        (code, checks.into_iter().find(|check| check["name"] == name).unwrap_or_default())
    };
    assert_eq!(found("policy").1["message"], "the native engine decides");
    assert!(found("project").1.is_null());
    write(&site, ".coordinator.toml", "profiles_default_trust = 1\n");
    write(
        &site,
        ".coordinator/policies/a.cedar",
        "forbid (principal, action == Action::\"remember\", resource);",
    );
    assert_eq!(
        found("policy").1["message"],
        "the native engine decides; this project sets profiles_default_trust = 1"
    );
    let (code, check) = found("project");
    assert_eq!(
        (code, &check["message"]),
        (0, &json!("its policies hold with either engine: 1 file (a.cedar)"))
    );
    write(&site, ".coordinator/policies/b.cedar", "permit (principal, action, resource);");
    let (code, check) = found("project");
    assert_eq!((code, &check["verdict"]), (1, &json!("fail")));
    assert!(check["message"].as_str().expect("a text").contains("b.cedar:1:1"), "{check}");
}

#[test]
fn a_name_counts_from_when_it_stands_in_its_file() {
    let site = Site::new();
    let mut asked = 0;
    let mut project = || {
        asked += 1;
        let memory = json!({ "event_type": "discovery", "summary": format!("where {asked}") });
        let memory = memory.to_string();
        let call = site.coord().args(["call", "remember", &memory]).env("AGENT_ID", "ann").output();
        assert!(call.expect("the binary runs").status.success());
        let file = rusqlite::Connection::open(site.home().join("coord.db")).expect("it opens");
        let last = "select project from episodic_memories order by seq desc limit 1";
        file.query_row(last, [], |row| row.get::<_, String>(0)).expect("it was written")
    };
    let plain = project();
    assert!(plain.starts_with("root:"), "{plain}");
    for name in ["one", "two"] {
        write(&site, "coord.toml", &format!("project = \"{name}\"\n"));
        assert_eq!(project(), format!("name:{name}"));
    }
    std::fs::remove_file(site.repo().join("coord.toml")).expect("it is there");
    assert_eq!(project(), plain);
}
