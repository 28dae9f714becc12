//! A project that stays on its machine while another one is mirrored.

use std::fs;
use std::sync::Arc;

use coord::repo::Repo;
use serde_json::{Value, json};

use super::fleet::{Machine, Mirror, settle};
use crate::world::{Actor, World, fields};

/// Nothing of what stays has a name without this word.
const SECRET: &str = "zebra";

/// A place of a project of that name.
fn place(world: &World, name: &str, settings: &str) -> Arc<Repo> {
    let root = world.folder.path().join(name);
    fs::create_dir_all(root.join(".git")).unwrap();
    fs::write(root.join(".coordinator.toml"), settings).unwrap();
    Arc::new(Repo {
        project: format!("{name}/project"),
        root,
        git_dir: None,
        common_dir: None,
        case_insensitive: false,
        warnings: Vec::new(),
    })
}

fn agent<'w>(world: &'w World, repo: &Arc<Repo>, name: &str) -> Actor<'w> {
    Actor { repo: Arc::clone(repo), ..world.agent(name) }
}

fn person<'w>(world: &'w World, repo: &Arc<Repo>) -> Actor<'w> {
    Actor { repo: Arc::clone(repo), ..world.person() }
}

/// The same kinds of work in any project; every word begins with `word`.
fn work(world: &World, repo: &Arc<Repo>, word: &str, dice: &mut fastrand::Rng) {
    let ann = agent(world, repo, &format!("{word}-ann"));
    let bob = agent(world, repo, &format!("{word}-bob"));
    ann.asks("acquire_lock", json!({ "file_path": format!("{word}-first.rs") }));
    ann.asks("register_session", json!({ "current_task": format!("{word} task") }));
    for turn in 0..12 {
        let name = format!("{word}-{turn}-{}", dice.u32(..));
        match dice.u32(0..7) {
            0 => drop(ann.asks(
                "acquire_lock",
                json!({ "file_path": format!("{name}.rs"), "reason": name }),
            )),
            1 => drop(ann.asks("release_lock", json!({}))),
            2 => drop(ann.asks("remember", json!({ "event_type": "error", "summary": name }))),
            3 => drop(ann.asks("write_handoff", json!({ "summary": name }))),
            4 => drop(ann.asks("submit_work", json!({ "task_type": word, "description": name }))),
            5 => drop(bob.asks("get_work", json!({}))),
            _ => drop(
                person(world, repo)
                    .asks("allow_domain", json!({ "domain": format!("{name}.example") })),
            ),
        }
        ann.asks(
            "check_guardrails",
            json!({ "operation_text": format!("git push --force origin {name}") }),
        );
    }
    let task = fields(&ann.asks("submit_work", json!({ "task_type": word, "description": word })));
    let on = json!({ "task_type": word, "description": word, "depends_on": [task["task_id"]] });
    ann.asks("submit_work", on);
    person(world, repo).asks("allow_domain", json!({ "domain": format!("{word}.example") }));
    let policy = "forbid (principal, action, resource) when { false };";
    let id = format!("{word}-policy");
    person(world, repo).asks("add_policy", json!({ "policy_id": id, "policy_text": policy }));
    person(world, repo).asks("disable_policy", json!({ "policy_id": id, "remove": true }));
    ann.asks("remember", json!({ "event_type": "success", "summary": format!("{word} at last") }));
}

/// How many rows of the mirror have the word anywhere, by table.
fn with_word(mirror: &Mirror, word: &str) -> Value {
    let tables = "json_agg(c.relname) from pg_class c
                   where c.relnamespace = 'coord'::regnamespace and c.relkind = 'r'";
    let names: Vec<String> = serde_json::from_str(&mirror.cloud.ask(tables)).unwrap();
    assert!(names.len() > 20, "{names:?}");
    let mut found = json!({});
    for name in names {
        let count = format!("count(*) from coord.{name} t where t::text ilike '%{word}%'");
        let count: i64 = mirror.cloud.ask(&count).parse().unwrap();
        if count > 0 {
            found[name] = count.into();
        }
    }
    found
}

/// Whether comparing with the mirror finds nothing, and no chain is broken.
fn check_whole(mirror: &Mirror, machines: &mut [Machine]) {
    machines[0].compare();
    settle(mirror, "w", machines);
    assert_eq!(machines[0].found_differing(), Vec::<String>::new());
    let broken = "string_agg(broken_at || ' ' || broken_why, '; ') from coord.devices";
    assert_eq!(mirror.cloud.ask(broken), "null");
}

#[test]
fn nothing_of_a_project_that_stays_leaves_until_it_may() {
    let mirror = Mirror::start();
    let world = World::new();
    let stays = place(&world, SECRET, "mode = \"local\"\n");
    let leaves = place(&world, "horse", "");
    let mut dice = fastrand::Rng::with_seed(7);
    // Before sync was on, while the export goes on, and afterwards.
    work(&world, &stays, SECRET, &mut dice);
    work(&world, &leaves, "horse", &mut dice);
    let mut machines = vec![Machine::join(&mirror, "w", world)];
    for _ in 0..3 {
        machines[0].step();
        work(&machines[0].world, &stays, SECRET, &mut dice);
        work(&machines[0].world, &leaves, "horse", &mut dice);
    }
    settle(&mirror, "w", &mut machines);
    assert_eq!(with_word(&mirror, SECRET), json!({}));
    let horses = with_word(&mirror, "horse");
    for table in ["audit_log", "file_locks", "work_queue", "episodic_memories", "network_domains"] {
        assert!(horses[table].as_i64() > Some(0), "{table}: {horses}");
    }
    assert!(mirror.cloud.ask("count(*) from coord.audit_log where operation = '-'") != "0");
    check_whole(&mirror, &mut machines);
    let status = fields(&person(&machines[0].world, &leaves).asks("sync_status", json!({})));
    assert_eq!(status["kept_here"], json!(["zebra/project"]), "{status}");

    // Now it may leave: everything is there.
    fs::write(stays.root.join(".coordinator.toml"), "mode = \"mirror\"\n").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    work(&machines[0].world, &stays, SECRET, &mut dice);
    settle(&mirror, "w", &mut machines);
    let zebras = with_word(&mirror, SECRET);
    let store = machines[0].store();
    for table in coord::mirror::catalogue::tables() {
        let count = format!("SELECT count(*) FROM {}", table.name);
        let here =
            store.read(|tx| Ok(tx.one(&count, [], |row| row.get::<_, i64>(0))?)).unwrap().unwrap();
        let there = mirror.cloud.ask(&format!("count(*) from coord.{}", table.name));
        let there: i64 = there.parse().unwrap();
        // What the test itself asks is still under way, and a policy that was removed leaves a mark.
        let slack = if table.name == "audit_log" { 8 } else { 0 };
        assert!(there + slack >= here, "{}: {there} of {here}; {zebras}", table.name);
    }
    assert_eq!(mirror.cloud.ask("count(*) from coord.audit_log where operation = '-'"), "0");
    check_whole(&mirror, &mut machines);

    // Should it stay again, what comes later does; what is there stays there.
    fs::write(stays.root.join(".coordinator.toml"), "mode = \"local\"\n").unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    work(&machines[0].world, &stays, "quagga", &mut dice);
    settle(&mirror, "w", &mut machines);
    assert_eq!(with_word(&mirror, "quagga"), json!({}));
    check_whole(&mirror, &mut machines);
}

#[test]
fn a_file_that_cannot_be_read_lets_nothing_leave() {
    let mirror = Mirror::start();
    let world = World::new();
    let broken = place(&world, SECRET, "mode = \"mirrored\"\n");
    work(&world, &broken, SECRET, &mut fastrand::Rng::with_seed(1));
    let mut machines = vec![Machine::join(&mirror, "w", world)];
    settle(&mirror, "w", &mut machines);
    assert_eq!(with_word(&mirror, SECRET), json!({}));
}
