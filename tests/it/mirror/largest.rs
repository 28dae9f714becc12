//! The largest rows that tools take: alone, many at once, and through gateways that take less.

use coord::ingress::PATH_KEY_BYTES;
use coord::memory::{DETAILS_MAX, LESSON_MAX, LESSONS_MAX, SUMMARY_MAX, TAG_MAX, TAGS_MAX};
use coord::{guard, handoffs, network, policy};
use coord_sync::Journal as _;
use coord_sync::batch::{HARD, USUAL};
use serde_json::{Value, json};

use super::alike;
use super::fleet::{Machine, Mirror, settle};
use crate::world::{World, fields};

/// The most bytes of a task's data, and of its result.
const DATA: usize = 256 << 10;

/// Rows that are more than a client takes in one answer, and hardly anything where they lie.
const COMPRESSED: i64 = 140;

/// An object whose JSON has so many bytes.
fn object(bytes: usize) -> Value {
    let around = json!({ "x": "" }).to_string().len();
    json!({ "x": "a1ä\u{10348}".repeat(bytes).chars().scan(around, |used, letter| {
        *used += letter.len_utf8();
        (*used <= bytes).then_some(letter)
    }).collect::<String>() })
}

/// The same of numbers, which take more room in Postgres than as text.
fn numbers(bytes: usize) -> Value {
    json!({ "x": vec![7; (bytes - json!({ "x": [] }).to_string().len()) / 2] })
}

fn wide(chars: usize) -> String {
    "\u{10348}".repeat(chars)
}

fn done(world: &World, who: &str, tool: &str, arguments: Value) -> Value {
    let answer = match who {
        "person" => world.person().asks(tool, arguments),
        name => world.agent(name).asks(tool, arguments),
    };
    assert!(answer.success(), "{tool}: {:.500}", answer.flat().to_string());
    fields(&answer)
}

/// A task with as much in it as a task can have.
fn task(world: &World, data: &Value) {
    let submit = json!({ "task_type": "t".repeat(100), "description": "d".repeat(8 << 10), "input_data": data });
    let more =
        json!({ "task_type": "t", "description": "d", "input_data": { "x": "a".repeat(DATA) } });
    assert!(!world.agent("ann").asks("submit_work", more).success(), "more is not taken");
    let submitted = done(world, "ann", "submit_work", submit)["task_id"].clone();
    let take =
        |who: &str| assert_eq!(done(world, who, "get_work", json!({}))["task_id"], submitted);
    take("ann");
    // Too late for the one, in time for the other.
    world.pass_minutes(121);
    world.agent("bob").asks("heartbeat", json!({}));
    let end = json!({ "task_id": submitted, "success": true, "result": data });
    world.agent("ann").asks("complete_work", end.clone());
    world.pass_minutes(30);
    take("bob");
    done(world, "bob", "complete_work", end);
    let failed = done(world, "ann", "submit_work", json!({ "task_type": "t", "description": "d" }));
    done(world, "ann", "get_work", json!({}));
    let end = json!({ "task_id": failed["task_id"], "success": false, "error_message": "e".repeat(8 << 10) });
    done(world, "ann", "complete_work", end);
}

/// The largest of what agents write.
fn writings(world: &World) {
    let capabilities: Vec<String> = (0..32).map(|n| format!("{n:a>64}")).collect();
    let session = json!({ "capabilities": capabilities, "current_task": wide(125) });
    done(world, "ann", "register_session", session);
    let folder = "p".repeat(200) + "/";
    let mut path = folder.repeat(6);
    path.truncate(PATH_KEY_BYTES - 1);
    path.push('f');
    done(world, "ann", "acquire_lock", json!({ "file_path": path, "reason": wide(500) }));
    done(
        world,
        "ann",
        "remember",
        json!({
            "event_type": "error", "summary": wide(SUMMARY_MAX), "details": object(DETAILS_MAX),
            "lessons": (0..LESSONS_MAX).map(|n| format!("{n}{}", wide(LESSON_MAX - 1))).collect::<Vec<_>>(),
            "tags": (0..TAGS_MAX).map(|n| format!("{n:t>TAG_MAX$}")).collect::<Vec<_>>(),
        }),
    );
    let entries = vec![wide(handoffs::ENTRY_MAX); handoffs::ENTRIES_MAX];
    done(
        world,
        "ann",
        "write_handoff",
        json!({
            "summary": wide(handoffs::SUMMARY_MAX), "completed_work": entries, "in_progress": entries,
            "decisions": entries, "next_steps": entries, "relevant_files": entries,
        }),
    );
}

/// The largest of what persons decide, and of what comes of it.
fn decisions(world: &World) {
    let text = "forbid (principal, action, resource) when { false };";
    let text = format!("//{}\n{text}", "c".repeat(policy::TEXT_MAX - text.len() - 3));
    done(world, "person", "add_policy", json!({ "policy_id": "large", "policy_text": text }));
    done(
        world,
        "person",
        "add_guardrail",
        json!({
            "pattern_name": "large", "pattern": "z".repeat(guard::PATTERN_MAX),
            "explanation": "e".repeat(guard::EXPLANATION_MAX), "min_trust": 5,
        }),
    );
    let host = vec!["d".repeat(60); 4].join(".");
    let block = json!({ "domain": host, "reason": "r".repeat(500) });
    done(world, "person", "block_domain", block);
    let host = format!("{host}.{}", "x".repeat(network::HOST_MAX));
    world
        .agent("ann")
        .asks("check_policy", json!({ "operation": "network_access", "resource": host }));
    let forced = format!("git push --force origin main {}", "y".repeat(100_000));
    world.agent("ann").asks("check_guardrails", json!({ "operation_text": forced }));
    let profile = json!({
        "name": "unknown", "description": "d".repeat(500), "ask_operations": ["acquire_lock"],
    });
    done(world, "person", "set_profile", profile);
    let paths: Vec<String> = (0..100).map(|n| format!("{n}/{}", "q".repeat(200))).collect();
    let asked = world.agent("bob").asks("acquire_lock", json!({ "file_paths": paths }));
    let approval = fields(&asked)["approval_id"].clone();
    done(world, "person", "approve", json!({ "approval_id": approval, "note": wide(500) }));
}

#[test]
fn the_largest_row_of_every_table_arrives_and_comes_back() {
    let mirror = Mirror::start();
    let mut machines =
        [Machine::join(&mirror, "w", World::new()), Machine::join(&mirror, "w", World::new())];
    settle(&mirror, "w", &mut machines);
    let world = &machines[0].world;
    task(world, &object(DATA));
    task(world, &numbers(DATA));
    writings(world);
    decisions(world);
    settle(&mirror, "w", &mut machines);
    alike::check(&mirror, &machines);
    for machine in &machines {
        let aside = done(&machine.world, "person", "list_conflicts", json!({}));
        assert_eq!(aside["conflicts"], json!([]), "nothing is set aside");
    }
    let largest = mirror.cloud.ask(
        "max(octet_length(input_data::text) + octet_length(result::text)) from coord.work_queue",
    );
    assert!(largest.parse::<usize>().unwrap() >= 2 * DATA - 2, "{largest}");
}

/// Tasks, each with so many bytes, made and changed in one transaction each time.
fn tasks(machine: &Machine, count: usize, bytes: usize) {
    for _ in 0..count {
        let task = json!({ "task_type": "t", "description": "d", "input_data": object(bytes) });
        done(&machine.world, "ann", "submit_work", task);
    }
    touch(machine);
}

fn touch(machine: &Machine) {
    let touched = machine.store().write_blocking(|tx| {
        Ok(tx.run("UPDATE work_queue SET description = description || '.'", [])?)
    });
    assert!(touched.unwrap() > 0);
}

#[test]
fn large_rows_of_one_transaction_arrive_together_if_the_mirror_can_take_them() {
    let mirror = Mirror::start();
    let mut machines = [Machine::join(&mirror, "w", World::new())];
    tasks(&machines[0], 20, DATA);
    settle(&mirror, "w", &mut machines);
    let device = machines[0].device();
    let beyond = (20 * DATA, USUAL.bytes, HARD.bytes);
    assert!(beyond.0 > beyond.1 && beyond.0 < beyond.2, "more than usual, less than is taken");
    alike::check(&mirror, &machines);

    // All at once: at no moment some of them.
    touch(&machines[0]);
    let newest = || {
        let query = format!(
            "string_agg(distinct length(description)::text, ' ') from coord.work_queue where device_id = '{device}'"
        );
        mirror.cloud.ask(&query)
    };
    let mut seen = vec![newest()];
    for _ in 0..20 {
        machines[0].step();
        seen.push(newest());
    }
    seen.dedup();
    assert_eq!(seen, ["2", "3"]);

    // Beyond what the mirror takes at all they come in parts, and all come.
    tasks(&machines[0], 12, DATA);
    settle(&mirror, "w", &mut machines);
    alike::check(&mirror, &machines);
}

#[test]
fn a_gateway_that_takes_less_gets_less_and_only_what_can_never_pass_is_set_aside() {
    let mirror = Mirror::start();
    for (at, (most, passes)) in [(1 << 20, true), (256 << 10, false)].into_iter().enumerate() {
        let workspace = format!("w{at}");
        let mut machines = [
            Machine::join(&mirror, &workspace, World::new()),
            Machine::join(&mirror, &workspace, World::new()),
        ];
        settle(&mirror, &workspace, &mut machines);
        tasks(&machines[0], 6, DATA - 4_096);
        tasks(&machines[0], 2, 200 << 10);
        let large = json!({ "task_type": "large", "description": "d", "input_data": object(DATA) });
        let large = done(&machines[0].world, "ann", "submit_work", large)["task_id"].clone();
        done(&machines[0].world, "ann", "write_handoff", json!({ "summary": "after it" }));
        mirror.gateway.takes_at_most(most);
        settle(&mirror, &workspace, &mut machines);

        let aside = done(&machines[0].world, "person", "list_conflicts", json!({}));
        let aside = aside["conflicts"].as_array().unwrap().clone();
        let keys: Vec<&str> = aside.iter().filter_map(|one| one["key"].as_str()).collect();
        if passes {
            assert!(keys.is_empty(), "{keys:?}");
            alike::check(&mirror, &machines);
        } else {
            assert_eq!(keys, [json!([large]).to_string()]);
            assert_eq!(aside[0]["code"], "untransportable");
            assert!(aside[0]["reason"].as_str().unwrap().contains("413"), "{}", aside[0]);
            let count = format!(
                "count(*) from coord.work_queue where device_id = '{}'",
                machines[0].device()
            );
            assert_eq!(mirror.cloud.ask(&count), "8", "all the others are there");
        }
        assert_eq!(machines[1].shared().len(), machines[0].shared().len());
        assert!(machines[1].shared().values().any(|row| row["summary"] == "after it"));
        mirror.gateway.takes_at_most(10_000_000);
    }
}

#[test]
fn pages_of_rows_that_lie_compressed_are_no_larger_than_others() {
    let mirror = Mirror::start();
    let mut machines =
        [Machine::join(&mirror, "w", World::new()), Machine::join(&mirror, "w", World::new())];
    done(&machines[0].world, "ann", "submit_work", json!({ "task_type": "t", "description": "d" }));
    settle(&mirror, "w", &mut machines);
    let multiply = format!(
        "with made as (
             insert into coord.work_queue
             select (jsonb_populate_record(q, jsonb_build_object(
                        'task_id', gen_random_uuid(), 'input_data', jsonb_build_object('x', repeat('a', {DATA}))))).*
               from coord.work_queue q, generate_series(1, {COMPRESSED}) returning *
         ), told as (update coord.workspaces set head = head + {COMPRESSED} returning workspace_id, head)
         insert into coord.cloud_log (workspace_id, pos, device_id, dev_seq, tbl, pk, op, hlc, row_hash, body)
         select m.workspace_id, t.head - {COMPRESSED} + row_number() over (), m.device_id, 0, 'work_queue',
                json_build_array(m.task_id)::text, 'i', 0, m.row_hash,
                to_jsonb(m) - array['workspace_id', 'device_id', 'row_hash']
           from made m, told t"
    );
    mirror.cloud.sql().batch_execute(&multiply).unwrap();
    settle(&mirror, "w", &mut machines);
    let known = |machine: &Machine| {
        let sql =
            "SELECT count(*) FROM peer_rows WHERE tbl = 'work_queue' AND length(body) > 262144";
        machine.store().read(|tx| Ok(tx.one(sql, [], |row| row.get::<_, i64>(0))?)).unwrap()
    };
    assert_eq!(known(&machines[1]), Some(COMPRESSED));

    machines[1].journal().want_snapshot("a test").unwrap();
    settle(&mirror, "w", &mut machines);
    assert_eq!(known(&machines[1]), Some(COMPRESSED));
}
