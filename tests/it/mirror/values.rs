//! Odd values through the tools, the change log, Postgres and back: on the other machine they are what they were.
//!
//! They are those of the comparison of both engines (`schema::rows`): every plane of Unicode, JSON in every spelling.

use proptest::strategy::{BoxedStrategy, Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};

use super::alike;
use super::fleet::{Machine, Mirror, settle};
use crate::schema::rows::{Cell, json_text, odd_text};
use crate::world::World;

/// How often each tool is called.
const ROUNDS: usize = 150;

struct Odd {
    runner: TestRunner,
    texts: BoxedStrategy<Cell>,
    jsons: BoxedStrategy<String>,
}

impl Odd {
    fn new(seed: u64) -> Self {
        let config = Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() };
        Self { runner: TestRunner::new(config), texts: odd_text(), jsons: json_text() }
    }

    fn text(&mut self) -> String {
        match self.texts.new_tree(&mut self.runner).unwrap().current() {
            Cell::Text(text) => text,
            other => panic!("{other:?} is no text"),
        }
    }

    /// An object; what is no JSON does not get through a client.
    fn object(&mut self) -> Value {
        loop {
            let text = self.jsons.new_tree(&mut self.runner).unwrap().current();
            match serde_json::from_str(&text) {
                Ok(Value::Object(fields)) => return Value::Object(fields),
                Ok(other) => {
                    let name = self.text();
                    return json!({ "v": other, name: [other] });
                }
                Err(_) => {}
            }
        }
    }
}

/// What agents write.
fn writings(world: &World, odd: &mut Odd, round: usize) -> Vec<bool> {
    let ann = world.agent("ann");
    let mut taken = vec![];
    let mut ask = |tool: &str, arguments: Value| taken.push(ann.asks(tool, arguments).success());
    let (data, result) = (odd.object(), odd.object());
    let task = json!({
        "task_type": "t", "description": format!("{}{round}", odd.text()), "input_data": data,
        "dedupe_key": format!("{}{round}", odd.text()),
    });
    let submitted = ann.asks("submit_work", task);
    if submitted.success() {
        let task_id = submitted.flat()["task_id"].clone();
        ask("get_work", json!({}));
        let end = json!({
            "task_id": task_id, "success": round.is_multiple_of(2), "result": result, "error_message": odd.text(),
        });
        ask("complete_work", end);
    }
    taken.push(submitted.success());
    let mut ask = |tool: &str, arguments: Value| taken.push(ann.asks(tool, arguments).success());
    ask(
        "remember",
        json!({
            "event_type": "decision", "summary": format!("{} {round}", odd.text()), "details": odd.object(),
            "lessons": [odd.text(), odd.text()], "tags": [odd.text()],
        }),
    );
    ask(
        "write_handoff",
        json!({
            "summary": format!("{} {round}", odd.text()), "decisions": [odd.text(), odd.text()],
            "next_steps": [odd.text()], "relevant_files": [odd.text()],
        }),
    );
    ask(
        "acquire_lock",
        json!({ "file_path": format!("{}{round}", odd.text()), "reason": odd.text() }),
    );
    ask("register_session", json!({ "current_task": odd.text(), "capabilities": [odd.text()] }));
    taken
}

/// What persons decide, and agents whose very names are odd.
fn decisions(world: &World, odd: &mut Odd, round: usize) -> Vec<bool> {
    let person = world.person();
    let mut taken = vec![];
    let mut ask = |tool: &str, arguments: Value| taken.push(person.asks(tool, arguments).success());
    ask("block_domain", json!({ "domain": format!("d{round}.example"), "reason": odd.text() }));
    ask(
        "set_profile",
        json!({ "name": format!("p{round}"), "description": odd.text(), "trust_level": 2 }),
    );
    ask(
        "add_policy",
        json!({
            "policy_id": format!("p{round}"), "description": odd.text(),
            "policy_text": "forbid (principal, action, resource) when { false };",
        }),
    );
    ask(
        "add_guardrail",
        json!({
            "pattern_name": format!("g{round}"), "pattern": "zzz", "explanation": format!("{}.", odd.text()),
            "min_trust": 5,
        }),
    );
    let name = format!("{}{round}", odd.text());
    if !name.contains('\0') {
        let host = odd.text();
        let look = json!({ "operation": "network_access", "resource": host });
        taken.push(world.agent(&name).asks("check_policy", look).success());
        let lock = json!({ "file_path": format!("by an odd one {round}") });
        taken.push(world.agent(&name).asks("acquire_lock", lock).success());
    }
    taken
}

#[test]
fn odd_values_come_back_as_they_were() {
    let mirror = Mirror::start();
    let mut machines =
        [Machine::join(&mirror, "w", World::new()), Machine::join(&mirror, "w", World::new())];
    let seed = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    println!("seed {seed}");
    let mut odd = Odd::new(seed);
    let (mut taken, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        let world = &machines[round % 2].world;
        let told = [writings(world, &mut odd, round), decisions(world, &mut odd, round)].concat();
        taken += told.iter().filter(|taken| **taken).count();
        refused += told.iter().filter(|taken| !**taken).count();
    }
    assert!(taken > 5 * ROUNDS && refused > ROUNDS / 10, "{taken} taken, {refused} not");
    settle(&mirror, "w", &mut machines);
    alike::check(&mirror, &machines);
    for machine in &machines {
        let sql = "SELECT count(*) FROM sync_aside";
        let aside = machine.store().read(|tx| Ok(tx.one(sql, [], |row| row.get::<_, i64>(0))?));
        assert_eq!(aside.unwrap(), Some(0), "nothing is set aside");
    }
}
