//! What stands in the way of a lock is looked up; the rules say what would be found by comparing everything.

use std::collections::BTreeSet;

use coord::arbiter::root;
use coord::repo::{Target, overlaps};
use serde_json::json;

use super::{Cloud, Device};
use crate::world::World;

/// Names that sort just before and after a slash, among others.
const NAMES: [&str; 9] = ["a", "b", "a.b", "a-b", "a0", "ab", "ä", "A", "a b"];
const ENDS: [&str; 7] = ["*.rs", "**", "**/x.rs", "{a,b}/c", "a?", "[ab]", "*"];

/// Files, folders, patterns and other resources, close to each other.
fn any(world: &World, dice: &mut fastrand::Rng) -> Target {
    let depth = dice.usize(0..4);
    let above: String =
        (0..depth).map(|_| format!("{}/", NAMES[dice.usize(..NAMES.len())])).collect();
    let name = NAMES[dice.usize(..NAMES.len())];
    let text = match dice.usize(0..8) {
        0 => format!("port:{}", dice.usize(1..4)),
        1 | 2 => format!("{above}{name}/"),
        3 => format!("{above}{}", ENDS[dice.usize(..ENDS.len())]),
        4 if dice.usize(0..6) == 0 => "./".to_owned(),
        _ => format!("{above}{name}"),
    };
    world.repo.resolve(&text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"))
}

fn wanted(target: &Target, mode: &str) -> serde_json::Value {
    json!({
        "k": target.key, "path": target.shown, "kind": target.kind.as_str(), "mode": mode, "root": root(target),
    })
}

fn hold(cloud: &Cloud, device: &Device, session: &str, target: &Target) {
    let ask = json!({
        "req": uuid::Uuid::now_v7().to_string(), "project": "p", "session": session, "agent_id": session,
        "agent_type": "test", "ttl_ms": 86_000_000, "locks": [wanted(target, "shared")],
    });
    assert_eq!(device.call(cloud, "coord_lock_acquire", &ask)["status"], "granted", "{ask}");
}

#[test]
fn nothing_that_may_mean_the_same_path_is_missed() {
    let (cloud, world) = (Cloud::start(), World::new());
    let device = cloud.device("team");
    let mut dice = fastrand::Rng::with_seed(39);
    let held: Vec<Target> = (0..250).map(|_| any(&world, &mut dice)).collect();
    for (number, target) in held.iter().enumerate() {
        hold(&cloud, &device, &format!("s{number}"), target);
    }
    let mut sql = cloud.sql();
    let keys = |sql: &mut postgres::Client, query: &str, asked: &str| -> BTreeSet<String> {
        let rows = sql.query(query, &[&asked]).expect("a query");
        rows.iter().map(|row| row.get(0)).collect()
    };
    let looked_up = "select path_key from coord.in_the_way(
        (select a from coord.arbiter_projects a where project = 'p'), $1::text::jsonb, gen_random_uuid(), 'me', 0)";
    let compared = "select l.path_key from coord.shared_locks l, jsonb_to_recordset($1::text::jsonb) w(kind text, root text)
        where coord.may_meet(w.kind, w.root, l.kind, l.root)";

    let mut met = 0;
    for _ in 0..250 {
        let asked = any(&world, &mut dice);
        let wish = json!([wanted(&asked, "exclusive")]).to_string();
        let found = keys(&mut sql, looked_up, &wish);
        assert_eq!(found, keys(&mut sql, compared, &wish), "{asked:?}");
        for other in held.iter().filter(|other| overlaps(other, &asked)) {
            assert!(found.contains(&other.key), "{other:?} stands in the way of {asked:?}");
            met += 1;
        }
    }
    assert!(met > 1_000, "{met} times two names met");
}

#[test]
fn a_release_that_arrives_late_ends_no_later_grant() {
    let (cloud, world) = (Cloud::start(), World::new());
    let device = cloud.device("team");
    let target = world.repo.resolve("a.rs").expect("a file");
    let req = |cloud: &Cloud| cloud.ask("req from coord.shared_locks");
    hold(&cloud, &device, "s", &target);
    let first = req(&cloud);
    let late = json!({"project": "p", "session": "s", "keys": ["a.rs"], "grants": {"a.rs": first}});
    hold(&cloud, &device, "s", &target);

    let told = device.call(&cloud, "coord_lock_release", &late);
    assert_eq!(
        (&told["released"], &told["left"]["a.rs"]),
        (&json!(0), &json!(req(&cloud))),
        "{told}"
    );
    let exact =
        json!({"project": "p", "session": "s", "keys": ["a.rs"], "grants": {"a.rs": req(&cloud)}});
    let told = device.call(&cloud, "coord_lock_release", &exact);
    assert_eq!((&told["released"], &told["left"]), (&json!(1), &json!({})), "{told}");
}

#[test]
fn holding_alone_what_was_shared_is_a_grant_of_its_own() {
    let (cloud, world) = (Cloud::start(), World::new());
    let (one, two) = (cloud.device("team"), cloud.device("team"));
    let target = world.repo.resolve("a.rs").expect("a file");
    hold(&cloud, &one, "s1", &target);
    hold(&cloud, &two, "s2", &target);
    two.call(&cloud, "coord_lock_release", &json!({"project": "p", "session": "s2"}));
    let ask = json!({
        "req": uuid::Uuid::now_v7().to_string(), "project": "p", "session": "s1", "agent_id": "s1",
        "agent_type": "test", "ttl_ms": 60_000, "locks": [wanted(&target, "exclusive")],
    });
    let told = one.call(&cloud, "coord_lock_acquire", &ask);
    assert!(told["locks"][0]["fence"].as_i64() > Some(2), "what s2 wrote is older: {told}");
}
