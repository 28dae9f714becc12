//! What is encrypted in the mirror: who reads it, who does not, and what nobody may do to it.

use coord::mirror::key::Key;
use serde_json::{Value, json};

use super::fleet::{self, Machine, Mirror, settle};
use crate::world::{World, fields};

/// Stands in every free text of these tests and nowhere else.
const WORD: &str = "zebrafish";

/// A machine that encrypts.
fn with_key(mirror: &Mirror, key: &Key) -> Machine {
    let world = World::new();
    key.save(&fleet::home(&world)).unwrap();
    Machine::join(mirror, "w", world)
}

fn import(machine: &mut Machine, key: &Key) {
    key.save(&fleet::home(&machine.world)).unwrap();
    machine.restart();
}

/// The key that `coord sync key off` forgets.
fn switch_off(machine: &mut Machine) {
    Key::forget(&fleet::home(&machine.world)).unwrap();
    let off = json!({ "action": "decrypt" });
    assert!(machine.world.person().asks("sync_switch", off).success());
    machine.restart();
}

fn remember(machine: &Machine, summary: &str) -> Value {
    let memory = json!({ "event_type": "discovery", "summary": summary });
    fields(&machine.world.agent("ann").asks("remember", memory))["memory_id"].clone()
}

/// What the machine knows of a word.
fn recalls(machine: &Machine, word: &str) -> Vec<Value> {
    let found = machine.world.agent("cat").asks("recall", json!({ "query": word }));
    fields(&found)["memories"].as_array().unwrap().clone()
}

fn encryption(machine: &Machine) -> Value {
    fields(&machine.world.person().asks("sync_status", json!({})))["encryption"].clone()
}

/// Something of everything that has free text.
fn work(world: &World) {
    let said = |more: &str| format!("{WORD} {more}");
    let ann = world.agent("ann");
    let calls = [
        ("register_session", json!({ "current_task": said("task") })),
        ("acquire_lock", json!({ "file_path": "a.rs", "reason": said("lock") })),
        (
            "remember",
            json!({ "event_type": "error", "summary": said("broke"), "details": { WORD: [1.5, said("x")] },
                    "lessons": [said("lesson")], "tags": [WORD] }),
        ),
        (
            "write_handoff",
            json!({ "summary": said("half done"), "completed_work": [said("a")], "in_progress": [said("b")],
                    "decisions": [said("c")], "next_steps": [said("d")], "relevant_files": [said("e")] }),
        ),
        (
            "check_guardrails",
            json!({ "operation_text": format!("git push --force origin {WORD}") }),
        ),
    ];
    for (tool, arguments) in calls {
        assert!(ann.asks(tool, arguments).success(), "{tool}");
    }
    let task =
        json!({ "task_type": "t", "description": said("do"), "input_data": { "a": said("in") } });
    assert!(ann.asks("submit_work", task).success());
    for success in [false, true] {
        let got = fields(&world.agent("bob").asks("get_work", json!({})));
        let end = json!({ "task_id": got["task_id"], "success": success, "retry": !success,
                          "error_message": said("no"), "result": { "r": said("out") } });
        assert!(world.agent("bob").asks("complete_work", end).success());
        world.pass_minutes(30);
    }
    let ask = json!({ "name": "unknown", "ask_operations": ["write_handoff"] });
    assert!(world.person().asks("set_profile", ask).success());
    let asked = world.agent("eve").asks("write_handoff", json!({ "summary": said("please") }));
    assert_eq!(asked.code(), Some("approval_required"));
    let note = json!({ "approval_id": fields(&asked)["approval_id"], "note": said("fine") });
    assert!(world.person().asks("approve", note).success());
}

/// Where the mirror has a word: tables of all that it keeps, each with its count.
fn places(mirror: &Mirror, word: &str) -> Vec<(String, i64)> {
    let mut client = mirror.cloud.sql();
    let tables = client
        .query("select relname::text from pg_class where relnamespace = 'coord'::regnamespace and relkind = 'r'", &[])
        .unwrap();
    let tables = tables.iter().map(|row| row.get::<_, String>(0));
    let counted = tables.map(|table| {
        let query = format!("select count(*) from coord.{table} t where t::text ilike '%{word}%'");
        let count: i64 = client.query_one(&query, &[]).unwrap().get(0);
        (table, count)
    });
    counted.filter(|(_, count)| *count > 0).collect()
}

fn named(mirror: &Mirror, word: &str) -> Vec<String> {
    places(mirror, word).into_iter().map(|(table, _)| table).collect()
}

/// No chain is broken, and both sides count the same.
fn check(mirror: &Mirror, machines: &mut [Machine]) {
    let broken = "string_agg(broken_at || broken_why, ' ') from coord.devices";
    assert_eq!(mirror.cloud.ask(broken), "null");
    for machine in machines {
        assert_eq!(machine.differing(), Vec::<String>::new());
    }
}

#[test]
fn machines_with_the_key_read_everything_and_the_mirror_nothing() {
    let mirror = Mirror::start();
    let key = Key::random().unwrap();
    let mut machines = [with_key(&mirror, &key), with_key(&mirror, &key)];
    work(&machines[0].world);
    settle(&mirror, "w", &mut machines);

    assert_eq!(places(&mirror, WORD), [], "the mirror has no word of it");
    for table in [
        "agent_sessions",
        "file_locks",
        "episodic_memories",
        "handoff_documents",
        "guardrail_violations",
        "audit_log",
        "work_queue",
        "work_attempts",
        "approval_queue",
    ] {
        let kept = format!(
            "count(*) from coord.{table} t where t::text like '%coord-enc-1:{}:%'",
            key.name
        );
        assert_ne!(mirror.cloud.ask(&kept), "0", "{table}");
    }
    let [first, second] = &machines;
    assert_eq!(first.shared(), second.shared());
    let found = recalls(second, WORD);
    assert_eq!(found[0]["details"], json!({ WORD: [1.5, format!("{WORD} x")] }), "{found:?}");
    let peers: Vec<String> = second
        .store()
        .read(|tx| Ok(tx.all("SELECT body FROM peer_rows", [], |row| row.get(0))?))
        .unwrap();
    assert!(peers.iter().filter(|body| body.contains(WORD)).count() >= 4, "{peers:?}");
    assert_eq!(
        (&encryption(second)["unread"], &encryption(second)["in_clear"]),
        (&json!(0), &json!(0))
    );
    check(&mirror, &mut machines);
}

#[test]
fn without_the_key_work_goes_on_and_with_it_everything_appears() {
    let mirror = Mirror::start();
    let (key, other) = (Key::random().unwrap(), Key::random().unwrap());
    let mut machines = vec![
        with_key(&mirror, &key),
        Machine::join(&mirror, "w", World::new()),
        with_key(&mirror, &other),
    ];
    work(&machines[0].world);
    remember(&machines[1], "a giraffe in clear");
    remember(&machines[2], "an okapi under another key");
    settle(&mirror, "w", &mut machines);

    for blind in &machines[1..] {
        assert!(recalls(blind, WORD).is_empty());
        assert!(encryption(blind)["unread"].as_i64() > Some(5), "{}", encryption(blind));
        assert!(!encryption(blind).to_string().contains("null"));
    }
    let clear = &machines[0];
    assert_eq!(recalls(clear, "giraffe").len(), 1, "what is in clear is read");
    assert!(recalls(clear, "okapi").is_empty());
    assert_eq!(encryption(clear)["in_clear"], 1);
    check(&mirror, &mut machines);

    for at in [1, 2] {
        import(&mut machines[at], &key);
        settle(&mirror, "w", &mut machines);
    }
    for machine in &machines {
        for word in [WORD, "giraffe", "okapi"] {
            assert_eq!(recalls(machine, word).len(), 1, "{word}");
        }
        let now = encryption(machine);
        assert_eq!(
            (&now["unread"], &now["in_clear"], &now["state"]),
            (&json!(0), &json!(0), &json!("on")),
            "{now}"
        );
    }
    assert_eq!(machines[0].shared(), machines[1].shared());
    assert_eq!(machines[0].shared(), machines[2].shared());
    assert!(!named(&mirror, "giraffe").contains(&"episodic_memories".into()));
    check(&mirror, &mut machines);
}

#[test]
fn a_key_that_comes_or_goes_later_changes_what_can_be_changed() {
    let mirror = Mirror::start();
    let key = Key::random().unwrap();
    let mut machines =
        [Machine::join(&mirror, "w", World::new()), Machine::join(&mirror, "w", World::new())];
    work(&machines[0].world);
    settle(&mirror, "w", &mut machines);
    assert!(named(&mirror, WORD).contains(&"episodic_memories".into()));
    // One that the mirror's log does not tell of any more, as after a month.
    mirror
        .cloud
        .sql()
        .batch_execute("delete from coord.cloud_log where tbl = 'handoff_documents'")
        .unwrap();

    for at in [0, 1] {
        import(&mut machines[at], &key);
        settle(&mirror, "w", &mut machines);
    }
    let never_changed = ["audit_log", "cloud_log", "guardrail_violations", "work_attempts"];
    let mut left = named(&mirror, WORD);
    left.sort();
    assert_eq!(left, never_changed);
    let before = places(&mirror, WORD);
    remember(&machines[0], &format!("{WORD} again"));
    settle(&mirror, "w", &mut machines);
    assert_eq!(places(&mirror, WORD), before, "nothing new is in clear");
    assert_eq!(machines[0].shared(), machines[1].shared());
    check(&mirror, &mut machines);

    for at in [0, 1] {
        switch_off(&mut machines[at]);
        settle(&mirror, "w", &mut machines);
    }
    remember(&machines[1], "in clear again");
    settle(&mirror, "w", &mut machines);
    for table in ["episodic_memories", "handoff_documents", "work_queue", "approval_queue"] {
        assert_eq!(
            mirror
                .cloud
                .ask(&format!("count(*) from coord.{table} t where t::text like '%coord-enc%'")),
            "0"
        );
    }
    assert_eq!(machines[0].shared(), machines[1].shared());
    assert_eq!(encryption(&machines[0])["unread"], 0);
    check(&mirror, &mut machines);
}

#[test]
fn what_was_altered_or_moved_in_the_mirror_is_set_aside_and_holds_up_nothing() {
    let mirror = Mirror::start();
    let key = Key::random().unwrap();
    let mut machines = vec![with_key(&mirror, &key)];
    let ids: Vec<String> =
        ["bent cell", "moved cell", "pinned beside it", "emptied cell", "untouched"]
            .iter()
            .map(|what| {
                remember(&machines[0], &format!("{WORD} {what}")).as_str().unwrap().to_owned()
            })
            .collect();
    settle(&mirror, "w", &mut machines);
    let body = |id: &str, change: &str| {
        format!(
            "update coord.cloud_log set body = {change} where tbl = 'episodic_memories' and pk = '[\"{id}\"]';"
        )
    };
    let summary = |text: &str| format!("jsonb_set(body, '{{summary}}', to_jsonb({text}))");
    let theirs = format!(
        "(select body ->> 'summary' from coord.cloud_log where pk = '[\"{}\"]' limit 1)",
        ids[4]
    );
    mirror
        .cloud
        .sql()
        .batch_execute(
            &[
                body(&ids[0], &summary("overlay(body ->> 'summary' placing 'AAAA' from 90)")),
                body(&ids[1], &summary(&theirs)),
                body(&ids[2], "jsonb_set(body, '{pinned}', 'true')"),
                body(&ids[3], &summary("left(body ->> 'summary', 40)")),
            ]
            .concat(),
        )
        .unwrap();

    let honest = ids[4].clone();
    machines.push(with_key(&mirror, &key));
    settle(&mirror, "w", &mut machines);
    let fresh = &machines[1];
    let found = recalls(fresh, WORD);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["memory_id"], honest);
    let conflicts = fields(&fresh.world.person().asks("list_conflicts", json!({})));
    let mut set_aside: Vec<(String, String)> = conflicts["conflicts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["key"].as_str().unwrap().into(), row["code"].as_str().unwrap().into()))
        .collect();
    set_aside.sort();
    let mut wanted: Vec<(String, String)> =
        ids[..4].iter().map(|id| (format!("[\"{id}\"]"), "altered".to_owned())).collect();
    wanted.sort();
    assert_eq!(set_aside, wanted, "{conflicts}");
    assert_eq!(encryption(fresh)["altered"], 4);
    remember(fresh, "work goes on");
    settle(&mirror, "w", &mut machines);
    assert_eq!(recalls(&machines[0], "goes").len(), 1);
    check(&mirror, &mut machines);
}

#[test]
fn nothing_leaves_in_clear_when_the_key_is_lost_or_damaged() {
    let mirror = Mirror::start();
    let key = Key::random().unwrap();
    let mut machines = [with_key(&mirror, &key)];
    settle(&mirror, "w", &mut machines);
    let file = fleet::home(&machines[0].world).sync_key();
    for (damage, code) in
        [(None, "encryption_key_missing"), (Some("coord-key-1-x"), "encryption_key_damaged")]
    {
        match damage {
            None => std::fs::remove_file(&file).unwrap(),
            Some(text) => std::fs::write(&file, text).unwrap(),
        }
        machines[0].restart();
        remember(&machines[0], &format!("{WORD} {code}"));
        for _ in 0..20 {
            machines[0].step();
        }
        assert!(machines[0].trouble().contains(code), "{}", machines[0].trouble());
        assert_eq!(places(&mirror, WORD), []);
    }
    import(&mut machines[0], &key);
    settle(&mirror, "w", &mut machines);
    assert_eq!(places(&mirror, WORD), []);
    check(&mirror, &mut machines);
}

#[test]
fn what_a_machine_sent_it_can_take_back_and_nothing_else() {
    let mirror = Mirror::start();
    let mut machines =
        [Machine::join(&mirror, "w", World::new()), Machine::join(&mirror, "w", World::new())];
    work(&machines[0].world);
    remember(&machines[1], "a giraffe of another machine");
    settle(&mirror, "w", &mut machines);
    let kept = places(&mirror, "giraffe");
    let gone = machines[0].device();
    machines[0].purge();

    assert_eq!(places(&mirror, WORD), []);
    assert_eq!(places(&mirror, "giraffe"), kept);
    for table in ["audit_log", "work_queue", "agent_sessions", "episodic_memories"] {
        assert_eq!(fleet::counted(&mirror, table, &gone), 0, "{table}");
    }
    settle(&mirror, "w", &mut machines[1..]);
    assert_eq!(recalls(&machines[1], WORD).len(), 1, "what came before stays where it came to");
    let peers = machines[1]
        .store()
        .read(|tx| Ok(tx.one("SELECT count(*) FROM peer_rows", [], |row| row.get::<_, i64>(0))?));
    assert_eq!(peers.unwrap(), Some(0));
    // Nobody else takes anything out of the log of another.
    let mut sql = mirror.cloud.sql();
    let refused = sql.batch_execute("delete from coord.audit_log").unwrap_err();
    assert!(refused.as_db_error().unwrap().message().contains("immutable"));
    for _ in 0..5 {
        machines[0].step();
    }
    assert!(machines[0].trouble().contains("shut out"), "{}", machines[0].trouble());
}
