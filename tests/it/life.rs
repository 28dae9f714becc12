//! Deaths, returns, and what time does: each carried out whole, and once.

use std::sync::Arc;

use coord::agents::{self, Reason};
use coord::config::Config;
use coord::keeper::{Keeper, RESTART_GRACE};
use coord::life;
use coord::store::clock::{self, Reading};
use coord::time::{HOUR, MINUTE, Time};
use serde_json::{Value, json};

use super::world::{Actor, World, fields};

impl World {
    fn keeper(&self) -> Keeper {
        Keeper::new(Arc::clone(&self.service), &Config::defaults())
    }

    fn reaps(&self, keeper: &Keeper) -> Option<Time> {
        self.block_on(keeper.reap())
    }

    /// The latest audit row of this operation.
    fn told(&self, operation: &str) -> Value {
        let row = self.service.store().read(|tx| {
            Ok(tx.one(
                "SELECT result FROM audit_log WHERE operation = ?1 ORDER BY seq DESC LIMIT 1",
                [operation],
                |row| row.get::<_, String>(0),
            )?)
        });
        let row = row.expect("the log can be read").expect("there is such a row");
        serde_json::from_str::<Value>(&row).expect("results are JSON")["done"].clone()
    }

    fn count(&self, sql: &str) -> i64 {
        let count = self.service.store().read(|tx| Ok(tx.one(sql, [], |row| row.get(0))?));
        count.expect("it can be counted").expect("a count has a row")
    }

    /// The wall clock is stepped; the machine's uptime goes on as it was.
    fn steps(&self, ms: i64) {
        let mut reading = Reading::take(&self.clock);
        self.clock.wind(ms);
        reading.wall = self.clock.now();
        let step = self.block_on(self.service.rebase(reading)).expect("it can be set right");
        assert_eq!(step, ms);
    }
}

fn locks(actor: &Actor<'_>) -> Vec<String> {
    let answer = fields(&actor.asks("check_locks", json!({})));
    let rows = answer["locks"].as_array().expect("a list").clone();
    rows.iter().map(|row| format!("{} {}", row["locked_by"], row["file_path"])).collect()
}

fn lock(path: &str) -> Value {
    json!({ "file_path": path })
}

#[test]
fn a_death_frees_everything_at_once_and_once() {
    let world = World::new();
    let (ann, bob, eve) = (world.agent("ann"), world.agent("bob"), world.agent("eve"));
    ann.asks("acquire_lock", lock("a.rs"));
    ann.asks("acquire_lock", lock("b.rs"));
    ann.asks("submit_work", json!({ "task_type": "fix", "description": "mend it" }));
    ann.asks("get_work", json!({}));
    let for_lock = bob.waits("acquire_lock", json!({ "file_path": "a.rs", "wait_seconds": 50 }));
    let for_work = eve.waits("get_work", json!({ "wait_seconds": 50 }));
    let keeper = world.keeper();

    world.block_on(keeper.died(vec!["session-of-ann".into()]));

    assert!(for_lock.answer().success(), "the lock passed to who waited for it");
    let task = fields(&for_work.answer());
    assert_eq!(
        (task["description"].as_str(), task["attempt"].as_i64()),
        (Some("mend it"), Some(2))
    );
    assert_eq!(locks(&eve), [r#""bob" "a.rs""#]);
    let told = world.told("end_session");
    assert_eq!(told["reason"], "died");
    assert_eq!(told["released"].as_array().map(Vec::len), Some(2));
    assert_eq!(told["returned"][0]["agent_id"], "ann");

    world.block_on(keeper.died(vec!["session-of-ann".into()]));
    let ends = "SELECT count(*) FROM audit_log WHERE operation = 'end_session'";
    assert_eq!(world.count(ends), 1, "nobody dies twice");
    assert_eq!(locks(&eve), [r#""bob" "a.rs""#]);
}

#[test]
fn the_dead_leave_the_queues_and_those_behind_them_move_up() {
    let world = World::new();
    let (ann, bob, eve) = (world.agent("ann"), world.agent("bob"), world.agent("eve"));
    ann.asks("acquire_lock", lock("a.rs"));
    let dead = bob.waits("acquire_lock", json!({ "file_path": "a.rs", "wait_seconds": 50 }));
    let next = eve.waits("acquire_lock", json!({ "file_path": "a.rs", "wait_seconds": 50 }));

    world.ends("session-of-bob");
    ann.asks("release_lock", lock("a.rs"));

    assert!(next.answer().success(), "bob stands in nobody's way");
    assert_eq!(locks(&ann), [r#""eve" "a.rs""#]);
    dead.cancel();
}

#[test]
fn one_who_comes_back_from_the_dead_has_its_name_and_nothing_else() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    ann.asks("acquire_lock", lock("a.rs"));
    world.ends("session-of-ann");
    assert!(bob.asks("acquire_lock", lock("a.rs")).success(), "it is free");

    let back = fields(&ann.asks("register_session", json!({})));

    assert_eq!(back["agent_id"], "ann");
    assert_eq!(ann.asks("release_lock", lock("a.rs")).code(), Some("lock_not_found_or_not_owner"));
    assert_eq!(ann.asks("acquire_lock", lock("a.rs")).code(), Some("locked_by_other"));
}

#[test]
fn silence_is_death_at_the_threshold_and_not_before() {
    let world = World::new();
    let (ann, keeper) = (world.agent("ann"), world.keeper());
    ann.asks("acquire_lock", lock("a.rs"));
    let due = world.reaps(&keeper).expect("a session runs");
    assert_eq!(due, world.clock.now().plus(agents::STALE));

    world.pass_ms(agents::STALE - 1);
    world.reaps(&keeper);
    assert_eq!(locks(&world.person()).len(), 1);
    world.pass_ms(1);
    world.reaps(&keeper);

    assert_eq!(locks(&world.person()), [""; 0]);
    assert_eq!(world.told("reap")["ended"][0]["reason"], "silent");
}

#[test]
fn a_connection_keeps_its_session_and_its_claims_alive() {
    let world = World::new();
    let (ann, keeper) = (world.agent("ann"), world.keeper());
    ann.asks("submit_work", json!({ "task_type": "fix", "description": "mend it" }));
    ann.asks("get_work", json!({}));
    world.connects("session-of-ann");

    for _ in 0..50 {
        let Some(due) = world.reaps(&keeper) else { panic!("a claim runs") };
        world.pass_ms(due.since(world.clock.now()).max(1));
    }

    assert!(world.clock.now().ms() > super::world::NOON + 2 * HOUR, "time went by");
    assert_eq!(world.count("SELECT count(*) FROM work_queue WHERE status = 'running'"), 1);
    assert_eq!(world.count("SELECT count(*) FROM agent_sessions WHERE ended_at IS NULL"), 1);
}

#[test]
fn nothing_to_do_means_nothing_to_wake_for() {
    let world = World::new();
    let keeper = world.keeper();
    assert_eq!(world.reaps(&keeper), None);
    let ann = world.agent("ann");
    ann.asks("acquire_lock", lock("a.rs"));
    ann.asks("release_lock", lock("a.rs"));
    world.ends("session-of-ann");
    let due = world.reaps(&keeper).expect("the audit log is kept for a time");
    assert!(due.since(world.clock.now()) > 24 * HOUR, "and that is long: {due}");
}

#[test]
fn locks_and_places_in_queues_end_at_their_time() {
    let world = World::new();
    let (ann, bob, keeper) = (world.agent("ann"), world.agent("bob"), world.keeper());
    world.connects("session-of-ann");
    ann.asks("acquire_lock", json!({ "file_path": "a.rs", "ttl_minutes": 1 }));
    let waiting = bob.waits("acquire_lock", json!({ "file_path": "a.rs", "wait_seconds": 50 }));

    world.pass_ms(30_000);
    world.reaps(&keeper);
    assert!(!waiting.is_answered(), "ann has half a minute left");
    // Its place is over before the lock is: it is not served any more.
    world.pass_ms(30_000);
    world.reaps(&keeper);

    assert_eq!(world.told("reap")["locks_expired"], 1);
    assert_eq!(locks(&bob), [""; 0]);
    waiting.cancel();
}

#[test]
fn shims_get_a_grace_when_the_daemon_starts_again() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    ann.asks("acquire_lock", lock("a.rs"));
    bob.asks("acquire_lock", lock("b.rs"));
    world.connects("session-of-ann");
    world.connects("session-of-bob");
    world.pass_minutes(60);

    let keeper = world.keeper();
    world.block_on(keeper.start_of_daemon()).expect("it starts");
    assert_eq!(world.reaps(&keeper), Some(world.clock.now().plus(RESTART_GRACE)));
    assert_eq!(locks(&world.person()).len(), 2, "both may still come back");
    world.connects("session-of-ann");
    keeper.came("session-of-ann");
    world.pass_ms(RESTART_GRACE);
    world.reaps(&keeper);

    assert_eq!(locks(&world.person()), [r#""ann" "a.rs""#]);
    assert_eq!(world.told("reap")["ended"][0]["agent_id"], "bob");
}

#[test]
fn a_second_crash_within_the_grace_forgets_nobody() {
    let world = World::new();
    let ann = world.agent("ann");
    ann.asks("acquire_lock", lock("a.rs"));
    world.connects("session-of-ann");
    world.pass_minutes(1);
    world.block_on(world.keeper().start_of_daemon()).expect("it starts");
    world.pass_ms(RESTART_GRACE / 2);

    let keeper = world.keeper();
    world.block_on(keeper.start_of_daemon()).expect("it starts again");
    world.pass_ms(RESTART_GRACE - 1);
    world.reaps(&keeper);
    assert_eq!(locks(&world.person()).len(), 1, "the grace began anew");
    world.pass_ms(1);
    world.reaps(&keeper);

    assert_eq!(locks(&world.person()), [""; 0]);
}

#[test]
fn a_session_whose_process_is_gone_ends_without_waiting_for_silence() {
    let world = World::new();
    let (ann, keeper) = (world.agent("ann"), world.keeper());
    ann.asks("acquire_lock", lock("a.rs"));
    let update = world.service.store().write_blocking(|tx| {
        Ok(tx.run("UPDATE agent_sessions SET client_pid = 1, client_started = 'never'", [])?)
    });
    update.expect("the row can be changed");

    world.reaps(&keeper);

    assert_eq!(locks(&world.person()), [""; 0]);
    assert_eq!(world.told("reap")["ended"][0]["reason"], "died");
}

#[test]
fn a_step_of_the_clock_neither_shortens_nor_extends_a_lease() {
    for step in [HOUR, -HOUR] {
        let world = World::new();
        let (ann, bob, keeper) = (world.agent("ann"), world.agent("bob"), world.keeper());
        ann.asks("acquire_lock", json!({ "file_path": "a.rs", "ttl_minutes": 5 }));
        ann.asks("submit_work", json!({ "task_type": "fix", "description": "mend it" }));
        ann.asks("get_work", json!({}));
        world.pass_minutes(3);

        world.steps(step);
        world.reaps(&keeper);

        assert_eq!(locks(&bob), [r#""ann" "a.rs""#], "a step of {step} took nothing");
        assert_eq!(bob.asks("acquire_lock", lock("a.rs")).code(), Some("locked_by_other"));
        assert_eq!(world.told("clock_step")["step_ms"], step);
        world.pass_ms(2 * MINUTE - 1);
        assert_eq!(bob.asks("acquire_lock", lock("a.rs")).code(), Some("locked_by_other"));
        world.pass_ms(1);
        assert!(bob.asks("acquire_lock", lock("a.rs")).success(), "a step of {step} gave nothing");
    }
}

#[test]
fn a_step_is_taken_once() {
    let world = World::new();
    let ann = world.agent("ann");
    ann.asks("acquire_lock", json!({ "file_path": "a.rs", "ttl_minutes": 5 }));
    let mut reading = Reading::take(&world.clock);
    reading.wall = reading.wall.plus(HOUR);

    let steps = world
        .service
        .store()
        .write_blocking(move |tx| Ok((clock::rebase(tx, &reading)?, clock::rebase(tx, &reading)?)));

    assert_eq!(steps.expect("it can be set right"), (HOUR, 0));
}

#[test]
fn suspend_is_no_step_and_silent_sessions_do_not_survive_it() {
    let world = World::new();
    let (ann, bob, keeper) = (world.agent("ann"), world.agent("bob"), world.keeper());
    ann.asks("acquire_lock", lock("a.rs"));
    bob.asks("acquire_lock", json!({ "file_path": "b.rs", "ttl_minutes": 480 }));
    world.connects("session-of-bob");

    // Both the wall clock and the uptime count the time asleep.
    world.pass_minutes(120);
    let step = world.block_on(world.service.rebase(Reading::take(&world.clock)));
    world.reaps(&keeper);

    assert_eq!(step.expect("it can be asked"), 0);
    assert_eq!(locks(&world.person()), [r#""bob" "b.rs""#], "its connection slept as well");
}

#[test]
fn small_corrections_of_the_clock_are_no_step_and_a_reboot_only_shows_steps_back() {
    let before = Reading { boot: "a".into(), wall: Time::from_ms(10 * HOUR), uptime: HOUR };
    let read = |boot: &str, wall: i64, uptime: i64| {
        Reading { boot: boot.into(), wall: Time::from_ms(wall), uptime }.step_since(&before)
    };
    assert_eq!(read("a", 11 * HOUR, 2 * HOUR), 0);
    assert_eq!(read("a", 11 * HOUR + clock::STEP_MIN - 1, 2 * HOUR), 0);
    assert_eq!(read("a", 11 * HOUR + clock::STEP_MIN, 2 * HOUR), clock::STEP_MIN);
    assert_eq!(read("a", 10 * HOUR, 2 * HOUR), -HOUR);
    assert_eq!(read("b", 15 * HOUR, MINUTE), 0, "the machine was off");
    assert_eq!(read("b", 9 * HOUR, MINUTE), -HOUR);
}

#[test]
fn answers_are_kept_for_a_day_and_no_longer() {
    let world = World::new();
    let (ann, keeper) = (world.agent("ann"), world.keeper());
    let task = json!({ "current_task": "x" });
    ann.asks(
        "submit_work",
        json!({ "task_type": "t", "description": "d",
                                    "input_data": { "note": "password=hunter22" } }),
    );
    ann.asks_as(Some("k/1"), "get_work", json!({}));
    ann.asks_as(Some("k/2"), "register_session", task);
    assert_eq!(world.count("SELECT count(*) FROM replies"), 1, "only what the log has not whole");

    world.pass_ms(life::REPLY_KEPT);
    world.reaps(&keeper);
    assert_eq!(world.count("SELECT count(*) FROM replies"), 1);
    world.pass_ms(HOUR);
    world.reaps(&keeper);
    assert_eq!(world.count("SELECT count(*) FROM replies"), 0);
}

#[test]
fn who_says_goodbye_is_finished() {
    let world = World::new();
    let (ann, keeper) = (world.agent("ann"), world.keeper());
    ann.asks("acquire_lock", lock("a.rs"));

    let ended = world.block_on(keeper.finished("session-of-ann")).expect("it can end");

    let ended = ended.expect("it was alive");
    assert_eq!((ended.reason, ended.released.len()), (Reason::Finished, 1));
    let again = world.block_on(keeper.finished("session-of-ann")).expect("it can be asked");
    assert_eq!(again, None);
}
