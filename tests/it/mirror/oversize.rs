//! What is larger than the way to the mirror takes: it holds up nothing, and an audit log stays whole.

use coord::audit::TEXT_MAX;
use coord::audit::chain::{GENESIS, Walk};
use coord::mirror::key::Key;
use coord_sync::batch::{self, HARD};
use coord_sync::{Journal as _, wire};
use serde_json::{Value, json};

use super::fleet::{self, Machine, Mirror, settle};
use crate::cloud::gateway::Fault;
use crate::world::{World, fields};

fn machine(mirror: &Mirror, workspace: &str, key: Option<&Key>) -> Machine {
    let world = World::new();
    if let Some(key) = key {
        key.save(&fleet::home(&world)).unwrap();
    }
    Machine::join(mirror, workspace, world)
}

/// A call whose arguments have so many bytes in the audit log, half of them quoted.
fn ask(machine: &Machine, bytes: usize) {
    let task = |x: &str| json!({ "task_type": "t", "description": "d", "input_data": { "x": x } });
    let room = bytes - task("").to_string().len();
    let text = "\"".repeat(room / 4) + &"a".repeat(room - 2 * (room / 4));
    assert_eq!(task(&text).to_string().len(), bytes);
    assert!(machine.world.agent("ann").asks("submit_work", task(&text)).success());
}

/// The lengths of what calls of `submit_work` were asked with, as `from` has them.
const LENGTHS: &str = "string_agg(length(arguments)::text, ' ' order by seq)";

fn conflicts(machine: &Machine) -> Vec<Value> {
    let told = fields(&machine.world.person().asks("list_conflicts", json!({})));
    told["conflicts"].as_array().unwrap().clone()
}

/// Both sides find the chain whole, and neither misses a row.
fn check_chain(mirror: &Mirror, machine: &Machine) {
    let device = machine.device();
    let ask = |what: &str| mirror.ask(&format!("{what} where device_id = '{device}'"));
    assert_eq!(ask("broken_at || broken_why from coord.devices"), "null");
    // What this very look leaves behind comes later.
    let there: i64 = ask("count(*) from coord.audit_log").parse().unwrap();
    assert_eq!(ask("audit_seq from coord.devices"), there.to_string());
    let soon = machine.world.clock.now().plus(1);
    let (_, rows) = machine.store().read(|tx| coord::audit::seal::ripe(tx, soon)).unwrap().unwrap();
    let mut walk = Walk::after(0, GENESIS.to_owned());
    rows.iter().for_each(|row| walk.step(row).unwrap());
    assert!(walk.stands_at().0 >= there && there > 3, "{:?} {there}", walk.stands_at());
}

#[test]
fn the_largest_audit_rows_go_whole_with_and_without_a_key() {
    let mirror = Mirror::start();
    let key = Key::random().unwrap();
    for (workspace, key) in [("clear", None), ("encrypted", Some(&key))] {
        let mut machines = [machine(&mirror, workspace, key)];
        for bytes in [TEXT_MAX - 1, TEXT_MAX, TEXT_MAX + 1] {
            ask(&machines[0], bytes);
        }
        settle(&mirror, workspace, &mut machines);
        let kept = machines[0].store().read(|tx| {
            let sql = "SELECT group_concat(length(arguments), ' ') FROM audit_log WHERE operation = 'submit_work'";
            Ok(tx.one(sql, [], |row| row.get::<_, String>(0))?)
        });
        let kept = kept.unwrap().unwrap();
        let short = kept.rsplit(' ').next().unwrap();
        assert_eq!(kept, format!("{} {TEXT_MAX} {short}", TEXT_MAX - 1));
        assert!(short.len() < 4, "a longer one is replaced by its digest: {kept}");
        if key.is_none() {
            let there = mirror
                .ask(&format!("{LENGTHS} from coord.audit_log where operation = 'submit_work'"));
            assert_eq!(there, kept);
        }
        assert_eq!(conflicts(&machines[0]), Vec::<Value>::new());
        check_chain(&mirror, &machines[0]);
    }
}

/// The bytes of a request with this change alone.
fn request(machine: &Machine, seq: i64) -> usize {
    let before = machine.journal().hash_at(seq - 1).unwrap().unwrap();
    let rows = machine.journal().read(seq - 1, 1, HARD.bytes).unwrap();
    let batch = batch::batch(&before, &rows, HARD, None).unwrap();
    let request = wire::push(coord::mirror::catalogue::schema(), &batch);
    json!({ "p": request }).to_string().len()
}

/// The change with the largest audit row.
fn largest(machine: &Machine) -> i64 {
    let sql = "SELECT l.seq FROM change_log AS l JOIN audit_log AS a ON l.pk = json_array(a.seq)
                WHERE l.tbl = 'audit_log' ORDER BY length(a.arguments) DESC LIMIT 1";
    machine.store().read(|tx| Ok(tx.one(sql, [], |row| row.get(0))?)).unwrap().unwrap()
}

#[test]
fn an_audit_row_that_cannot_pass_goes_without_its_content_and_the_chain_is_whole() {
    let mirror = Mirror::start();
    let key = Key::random().unwrap();
    let mut turn = 0;
    for key in [None, Some(&key)] {
        for less in [0, 1, 2] {
            turn += 1;
            let workspace = format!("w{turn}");
            let mut machines = [machine(&mirror, &workspace, key)];
            ask(&machines[0], 300);
            settle(&mirror, &workspace, &mut machines);
            // It is refused, so that its audit row is all that comes of it.
            let call = json!({ "calls": vec!["\"".repeat(60); 100] });
            assert!(!machines[0].world.agent("ann").asks("remember", call).success());
            let large = largest(&machines[0]);
            let limit = request(&machines[0], large) + 1 - less;
            mirror.gateway.takes_at_most(limit);
            ask(&machines[0], 300);
            settle(&mirror, &workspace, &mut machines);

            let withheld = mirror.ask(&format!(
                "count(*) from coord.audit_log where operation = '-' and device_id = '{}'",
                machines[0].device()
            ));
            let aside = conflicts(&machines[0]);
            if less < 2 {
                assert_eq!((withheld.as_str(), aside.len()), ("0", 0), "{less} of {limit}");
            } else {
                assert_eq!((withheld.as_str(), aside.len()), ("1", 1), "{less} of {limit}");
                assert_eq!(aside[0]["code"], "untransportable");
                let reason = aside[0]["reason"].as_str().unwrap();
                assert!(reason.contains("413") && reason.contains("hash go alone"), "{reason}");
            }
            check_chain(&mirror, &machines[0]);
            if key.is_some() {
                // In clear again: from the second such row on each is proven.
                mirror.gateway.takes_at_most(10_000_000);
                Key::forget(&fleet::home(&machines[0].world)).unwrap();
                let off = json!({ "action": "decrypt" });
                assert!(machines[0].world.person().asks("sync_switch", off).success());
                machines[0].restart();
                ask(&machines[0], 300);
                settle(&mirror, &workspace, &mut machines);
                check_chain(&mirror, &machines[0]);
            }
            mirror.gateway.takes_at_most(10_000_000);
        }
    }
}

/// One transaction of this device with so many rows, and one among them with so many bytes.
fn projects(machine: &Machine, count: usize, large: usize) {
    let written = machine.store().write_blocking(move |tx| {
        for number in 0..count {
            let hint = "h".repeat(if number == count / 2 { large } else { 10 });
            tx.run(
                "INSERT INTO projects (project, root_hint, last_fence, created_at) VALUES (?1, ?2, 0, 1)",
                [format!("n{number:06}"), hint],
            )?;
        }
        Ok(())
    });
    written.unwrap();
}

#[test]
fn a_transaction_of_thousands_comes_to_its_end_through_a_gateway_that_takes_little() {
    let mirror = Mirror::start();
    for (at, count) in [500, HARD.changes, HARD.changes + 1].into_iter().enumerate() {
        let workspace = format!("w{at}");
        let mut machines = [machine(&mirror, &workspace, None)];
        settle(&mirror, &workspace, &mut machines);
        projects(&machines[0], count, 200_000);
        mirror.gateway.takes_at_most(100_000);
        settle(&mirror, &workspace, &mut machines);
        mirror.gateway.takes_at_most(10_000_000);
        assert_eq!(
            fleet::counted(&mirror, "projects", &machines[0].device()),
            i64::try_from(count).unwrap() - 1,
            "all but one"
        );
        let aside = conflicts(&machines[0]);
        assert_eq!(aside.len(), 1, "{aside:?}");
        assert_eq!(aside[0]["key"], json!([format!("n{:06}", count / 2)]).to_string());
    }
}

#[test]
fn what_was_taken_and_can_not_be_sent_again_waits_and_says_so() {
    let mirror = Mirror::start();
    let mut machines = [machine(&mirror, "w", None)];
    settle(&mirror, "w", &mut machines);
    projects(&machines[0], 400, 10);
    // It is taken, the answer is lost, and from now on only half as much passes.
    mirror.gateway.next([Fault::DropReply]);
    machines[0].step();
    assert_eq!(fleet::counted(&mirror, "projects", &machines[0].device()), 400);
    mirror.gateway.takes_at_most(50_000);
    let rests = (0..40).filter(|_| machines[0].step()).count();
    assert!(rests > 5, "it waits between its tries: {rests}");
    let stall = machines[0].report().stall.expect("it says so");
    assert!(stall.code == "busy" && stall.reason.contains("413"), "{stall:?}");
    assert_eq!(conflicts(&machines[0]), Vec::<Value>::new());
    mirror.gateway.takes_at_most(10_000_000);
    settle(&mirror, "w", &mut machines);
    assert_eq!(fleet::counted(&mirror, "projects", &machines[0].device()), 400);
    assert_eq!(mirror.ask("max(broken_at) from coord.devices"), "null");
}

#[test]
fn what_cannot_pass_is_set_aside_once_until_it_changes() {
    let mirror = Mirror::start();
    let mut machines = [machine(&mirror, "w", None)];
    projects(&machines[0], 1, 200_000);
    mirror.gateway.takes_at_most(100_000);
    settle(&mirror, "w", &mut machines);
    let logged = |machine: &Machine| {
        let sql = "SELECT count(*) FROM change_log WHERE tbl = 'projects' AND pk LIKE '%n0%'";
        machine.store().read(|tx| Ok(tx.one(sql, [], |row| row.get::<_, i64>(0))?)).unwrap()
    };
    let before = logged(&machines[0]);
    for _ in 0..3 {
        machines[0].pass_a_day();
        machines[0].compare();
        settle(&mirror, "w", &mut machines);
        assert_eq!(machines[0].found_differing(), Vec::<String>::new());
    }
    assert_eq!(conflicts(&machines[0]).len(), 1);
    assert_eq!(logged(&machines[0]), before, "it is not logged again");

    // It is another one now, and nobody need decide about what it was.
    let smaller = machines[0].store().write_blocking(|tx| {
        Ok(tx.run("UPDATE projects SET root_hint = 'small' WHERE project GLOB 'n0*'", [])?)
    });
    assert_eq!(smaller.unwrap(), 1);
    settle(&mirror, "w", &mut machines);
    assert_eq!(conflicts(&machines[0]), Vec::<Value>::new());
    assert_eq!(mirror.ask("root_hint from coord.projects where project like 'n0%'"), "small");
    machines[0].compare();
    settle(&mirror, "w", &mut machines);
    assert_eq!(machines[0].found_differing(), Vec::<String>::new());
}
