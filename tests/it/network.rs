//! The lists of hosts, through the tools.

use std::sync::Arc;

use coord::network::{self, NetworkPolicy};
use coord::repo::Repo;
use serde_json::{Value, json};

use crate::profiles::of_type;
use crate::world::{Actor, World, fields};

fn ask(actor: &Actor<'_>, host: &str) -> Value {
    let arguments = json!({ "operation": "network_access", "resource": host });
    fields(&actor.asks("check_policy", arguments))
}

fn allowed(actor: &Actor<'_>, host: &str) -> bool {
    ask(actor, host)["allowed"].as_bool().unwrap_or_else(|| panic!("{host} has no verdict"))
}

fn rule(world: &World, tool: &str, arguments: Value) {
    let answer = world.person().asks(tool, arguments);
    assert!(answer.success(), "{answer:?}");
}

#[test]
fn code_hosts_are_allowed_and_everything_else_is_not() {
    let world = World::new();
    let ann = world.agent("ann");
    for host in ["github.com", "https://api.github.com/repos", "abc.supabase.co", "a.b.supabase.co"]
    {
        assert!(allowed(&ann, host), "{host}");
    }
    let closed = [
        "example.org",
        "supabase.co",
        "notgithub.com",
        "github.com.evil.example",
        "https://github.com@evil.example/",
        "xsupabase.co",
        "g\u{456}thub.com",
        "140.82.112.3",
        "2354212867",
        "[::1]",
        "127.0.0.1",
        "localhost",
        "",
        "a b",
        "https://github.com\\@evil.example",
    ];
    for host in closed {
        assert!(!allowed(&ann, host), "{host}");
    }
}

#[test]
fn the_highest_priority_decides_and_a_block_wins_between_equals() {
    let world = World::new();
    let ann = world.agent("ann");
    rule(&world, "allow_domain", json!({ "domain": "*.example.org" }));
    assert!(allowed(&ann, "a.example.org") && !allowed(&ann, "example.org"));
    rule(&world, "block_domain", json!({ "domain": "b.example.org" }));
    assert!(!allowed(&ann, "b.example.org") && allowed(&ann, "a.example.org"));
    rule(&world, "allow_domain", json!({ "domain": "*.b.example.org", "priority": 200 }));
    assert!(allowed(&ann, "x.b.example.org") && !allowed(&ann, "b.example.org"));
    rule(&world, "block_domain", json!({ "domain": "github.com" }));
    assert!(!allowed(&ann, "github.com"), "a person's word is above the built-in list");
    rule(&world, "block_domain", json!({ "domain": "GITHUB.com.", "remove": true }));
    assert!(allowed(&ann, "github.com"));
}

#[test]
fn a_rule_can_be_for_one_profile_and_for_one_repository() {
    let world = World::new();
    let (ann, cleo) = (world.agent("ann"), of_type(&world, "cleo", "claude"));
    rule(&world, "allow_domain", json!({ "domain": "docs.example", "profile": "claude_code_cli" }));
    assert!(allowed(&cleo, "docs.example") && !allowed(&ann, "docs.example"));

    let repo = Repo { project: "another/project".into(), ..Repo::clone(&cleo.repo) };
    let away = Actor { repo: Arc::new(repo), ..cleo };
    assert!(!allowed(&away, "docs.example"), "it is another repository's rule");
    rule(&world, "allow_domain", json!({ "domain": "all.example", "everywhere": true }));
    assert!(allowed(&away, "all.example"));
}

#[test]
fn an_address_is_allowed_by_its_own_rule_however_it_is_written() {
    let world = World::new();
    let ann = world.agent("ann");
    rule(&world, "allow_domain", json!({ "domain": "10.0.0.1" }));
    for text in
        ["10.0.0.1", "10.1", "0x0a000001", "012.0.0.1", "[::ffff:10.0.0.1]", "http://167772161:80/"]
    {
        assert!(allowed(&ann, text), "{text}");
    }
    assert!(!allowed(&ann, "10.0.0.2"));
    network::configure(world.service.store(), NetworkPolicy::Allow);
    assert!(allowed(&ann, "example.org"), "the default is open now");
    assert!(!allowed(&ann, "10.0.0.2"), "but a bare address is on no list");
    assert!(!allowed(&ann, "not a host"));
}

#[test]
fn each_question_of_an_agent_is_noted_and_a_persons_look_is_not() {
    let world = World::new();
    let ann = world.agent("ann");
    ask(&ann, "https://GitHub.com/x");
    ask(&ann, "evil.example");
    let look = |arguments: Value| fields(&world.person().asks("domain_log", arguments));
    let count = |page: &Value| page["entries"].as_array().map_or(0, Vec::len);
    world.until("both are noted", |_| count(&look(json!({}))) == 2);

    let checked = fields(&world.person().asks("check_domain", json!({ "host": "evil.example" })));
    assert_eq!((&checked["allowed"], &checked["reason"]), (&json!(false), &json!("unlisted")));
    let refused = look(json!({ "allowed": false }));
    assert_eq!(count(&refused), 1);
    assert_eq!(refused["entries"][0]["host"], "evil.example");
    let one = look(json!({ "host": "github.com" }));
    assert_eq!(
        (&one["entries"][0]["rule"], &one["entries"][0]["agent_id"]),
        (&json!("github.com"), &json!("ann"))
    );
}

#[test]
fn hosts_are_taken_from_the_users_own_settings() {
    let world = World::new();
    let home = world.folder.path().join("user");
    std::fs::create_dir_all(home.join(".cargo")).expect("the folder is writable");
    let write =
        |name: &str, text: &str| std::fs::write(home.join(name), text).expect("it is writable");
    write(
        ".cargo/config.toml",
        "[registries.ours]\nindex = \"sparse+https://crates.ours.example/i/\"\n",
    );
    write(".npmrc", "registry=https://me:secret@npm.ours.example/\n# https://old.example/\n");
    rule(&world, "block_domain", json!({ "domain": "npm.ours.example", "everywhere": true }));

    let arguments = json!({ "home": home.display().to_string(), "dry_run": true });
    let dry = world.person().asks("import_domains", arguments);
    assert!(dry.success() && !allowed(&world.agent("ann"), "crates.ours.example"));
    let arguments = json!({ "home": home.display().to_string() });
    let reply = fields(&world.person().asks("import_domains", arguments));
    assert!(!reply.to_string().contains("secret"), "{reply}");
    assert!(allowed(&world.agent("ann"), "crates.ours.example"));
    assert!(!allowed(&world.agent("ann"), "npm.ours.example"), "a person's block stays");
    assert!(!allowed(&world.agent("ann"), "old.example"));
}

#[test]
fn a_rule_is_not_made_from_nonsense() {
    let world = World::new();
    let cases = [
        json!({ "domain": "*" }),
        json!({ "domain": "https://a.example" }),
        json!({ "domain": "a.example", "priority": 1001 }),
        json!({ "domain": "a.example", "priority": -1 }),
        json!({ "domain": "a.example", "reason": "x".repeat(501) }),
        json!({ "domain": "'; DROP TABLE network_domains; --" }),
    ];
    for arguments in cases {
        let answer = world.person().asks("allow_domain", arguments.clone());
        assert_eq!(answer.code(), Some("invalid_argument"), "{arguments}");
    }
    let gone =
        world.person().asks("allow_domain", json!({ "domain": "a.example", "remove": true }));
    assert_eq!(gone.code(), Some("rule_not_found"));
    let agent = world.agent("ann").asks("allow_domain", json!({ "domain": "a.example" }));
    assert_eq!(agent.code(), Some("person_required"));
}
