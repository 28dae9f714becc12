//! Breaches: whose doing a change of a held file can be, and who is told.

use coord::breaches::{self, Change, Hands};
use coord::time::{SECOND, Time};
use serde_json::{Value, json};

use crate::world::{Actor, World, fields};

/// A world in which ann holds `a.rs`, and bob is here too.
fn held() -> World {
    let world = World::new();
    world.agent("bob").asks("register_session", json!({}));
    let taken = world.agent("ann").asks("acquire_lock", json!({ "file_path": "a.rs" }));
    assert!(taken.success());
    world.pass_ms(SECOND);
    world
}

fn hands(world: &World) -> std::sync::Arc<Hands> {
    world.service.store().kept::<Hands>()
}

fn session(actor: &Actor<'_>) -> String {
    actor.caller.session_id.clone()
}

/// `a.rs` changes now; what is kept of it: `None` if it is nobody's fault.
fn changes(world: &World) -> Option<Value> {
    change_at(world, world.clock.now())
}

fn change_at(world: &World, at: Time) -> Option<Value> {
    let change = Change {
        project: world.repo.project.clone(),
        worktree: world.repo.root.display().to_string(),
        target: world.repo.resolve_file("a.rs").expect("it is a path"),
        at,
        gone: false,
    };
    let now = world.clock.now();
    let kept = world.service.store().write_blocking(move |tx| {
        let Some(found) = breaches::judge(tx, &change, now)? else { return Ok(None) };
        Ok(breaches::record(tx, &change, &found)?.map(|breach| json!(breach)))
    });
    kept.expect("the store takes it")
}

fn news(actor: &Actor<'_>) -> Value {
    fields(&actor.asks("heartbeat", json!({})))["news"].clone()
}

#[test]
fn a_holder_whose_hooks_are_heard_did_not_write_while_no_tool_of_it_was_at_work() {
    let world = held();
    let ann = world.agent("ann");
    hands(&world).begin(&session(&ann), Some("call-1"), vec!["a.rs".into()], world.clock.now());

    world.pass_ms(100);
    assert_eq!(changes(&world), None, "its tool is at work");
    hands(&world).end(&session(&ann), Some("call-1"), world.clock.now());
    world.pass_ms(SECOND);
    assert_eq!(changes(&world), None, "what it left running settles");

    world.pass_ms(breaches::SETTLE);
    let breach = changes(&world).expect("nobody was at work");
    assert_eq!(breach["holder"], "ann");
    assert_eq!(breach["path"], "a.rs");
    assert_eq!(breach.get("suspect"), None, "nobody stands out");
}

#[test]
fn a_holder_without_hooks_may_write_at_any_time_unless_another_one_just_wanted_the_file() {
    let world = held();
    assert_eq!(changes(&world), None, "it may have been ann");

    let refused = world.agent("bob").asks("acquire_lock", json!({ "file_path": "a.rs" }));
    assert_eq!(refused.code(), Some("locked_by_other"));
    world.pass_ms(SECOND);

    assert_eq!(changes(&world).expect("bob was refused it")["suspect"], "bob");
    world.pass_minutes(1);
    assert_eq!(changes(&world), None, "the refusal is long past");
}

/// A write right after the refusal bears a time of the file system that may lie before it.
#[test]
fn a_clock_that_ticks_is_allowed_for() {
    let world = held();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    bob.asks("acquire_lock", json!({ "file_path": "a.rs" }));
    let just_before = world.clock.now().plus(-10);
    assert_eq!(change_at(&world, just_before).expect("bob was refused it")["suspect"], "bob");

    hands(&world).rest(&session(&ann), just_before.plus(-SECOND));
    hands(&world).begin(&session(&ann), None, vec!["a.rs".into()], world.clock.now());
    assert_eq!(change_at(&world, just_before), None, "ann's tool wrote it");
}

#[test]
fn a_change_before_the_lock_is_no_breach() {
    let world = held();
    world.agent("bob").asks("acquire_lock", json!({ "file_path": "a.rs" }));
    let before = world.clock.now().plus(-2 * SECOND);
    assert_eq!(change_at(&world, before), None);
}

#[test]
fn a_tool_that_named_the_file_weighs_more_than_one_that_may_have_written_anything() {
    let world = held();
    let (ann, bob, now) = (world.agent("ann"), world.agent("bob"), world.clock.now());
    hands(&world).begin(&session(&ann), None, Vec::new(), now);
    hands(&world).begin(&session(&bob), None, Vec::new(), now);
    assert_eq!(changes(&world), None, "ann's command may have written it");

    hands(&world).begin(&session(&bob), None, vec!["a.rs".into()], now);
    assert_eq!(changes(&world).expect("bob named it")["suspect"], "bob");

    hands(&world).begin(&session(&ann), None, vec!["a.rs".into()], now);
    assert_eq!(changes(&world), None, "so did ann, who holds it");
}

#[test]
fn the_only_other_one_at_work_is_suspected_and_both_are_told_once() {
    let world = held();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    hands(&world).rest(&session(&ann), world.clock.now());
    hands(&world).begin(&session(&bob), None, Vec::new(), world.clock.now());

    assert!(changes(&world).is_some());
    world.pass_ms(SECOND);
    assert_eq!(changes(&world), None, "one more of the same is no news");

    let told = json!([{
        "held_file_changed": "a.rs", "held_by": "ann", "perhaps_by": "bob",
        "at": "2026-01-01T12:00:01Z",
    }]);
    assert_eq!([news(&ann), news(&bob)], [told.clone(), told]);
    assert_eq!([news(&ann), news(&bob)], [Value::Null, Value::Null]);
    let listed = fields(&world.person().asks("list_breaches", json!({})));
    assert_eq!(listed["breaches"][0]["times"], 2, "{listed}");
    assert_eq!(listed["breaches"][0]["perhaps_by"], "bob", "{listed}");
}

#[test]
fn what_is_kept_of_hands_is_bounded() {
    let world = World::new();
    let hands = hands(&world);
    for n in 0..2_000 {
        hands.begin(&format!("s{n}"), None, Vec::new(), Time::from_ms(n));
        hands.refuse(&format!("s{n}"), "a.rs", Time::from_ms(n));
    }
    assert!(hands.refused("a.rs", Time::from_ms(2_000)).len() <= 256);
    let known = (0..2_000).filter(|n| {
        hands.doing(&format!("s{n}"), "a.rs", Time::from_ms(2_000)) != breaches::Doing::Unknown
    });
    assert!(known.count() <= 1_024);
}
