//! What is about to be written is asked for first, like any other lock; who holds it already needs no network.

use coord::answer::Answer;
use serde_json::json;

use super::locks::value;
use super::{Machine, cloud};
use crate::cloud::Cloud;
use crate::world::Actor;

const ACQUIRE: &str = "coord_lock_acquire";

fn edit(actor: &Actor<'_>, file: &str) -> Answer {
    actor.asks("edit_file", json!({ "file_paths": [file], "tool": "Write" }))
}

fn run(actor: &Actor<'_>, command: &str) -> Answer {
    actor.asks("run_command", json!({ "command": command }))
}

fn held_there(cloud: &Cloud) -> String {
    cloud.ask("string_agg(path || ' ' || agent_id, ', ' order by path) from coord.shared_locks")
}

#[test]
fn an_edit_starts_only_under_a_lock_that_no_other_machine_has() {
    let cloud = cloud();
    let (one, two) = (Machine::start(&cloud, false), Machine::start(&cloud, false));
    let (ann, bob) = (one.world.agent("ann"), two.world.agent("bob"));

    assert!(edit(&ann, "a.rs").success());
    assert_eq!(held_there(&cloud), "a.rs ann", "it is granted before the edit starts");
    let denied = edit(&bob, "a.rs");
    assert_eq!(denied.code(), Some("locked_by_other"), "{denied:?}");
    assert!(denied.sentence().contains("locked by ann on another machine"), "{denied:?}");
    // A shell that writes is no other case; what only reads is asked about nothing.
    assert_eq!(run(&bob, "echo x > a.rs").code(), Some("locked_by_other"));
    let before = two.line.count(ACQUIRE);
    assert!(run(&bob, "cat a.rs").success());
    assert_eq!(two.line.count(ACQUIRE), before);
    assert!(run(&bob, "echo x > b.rs").success());
    assert_eq!(held_there(&cloud), "a.rs ann, b.rs bob");

    assert!(ann.asks("release_lock", json!({})).success());
    one.world.until("it is given back", |_| held_there(&cloud) == "b.rs bob");
    assert!(edit(&bob, "a.rs").success(), "though the row of ann's lock may still be here");
}

#[test]
fn what_a_session_holds_is_edited_without_the_network() {
    let cloud = cloud();
    let one = Machine::start(&cloud, false);
    let ann = one.world.agent("ann");
    assert!(edit(&ann, "a.rs").success());
    let asked = one.line.count(ACQUIRE);
    assert!(edit(&ann, "a.rs").success());
    assert_eq!(one.line.count(ACQUIRE), asked);

    one.line.cut(true);
    assert!(edit(&ann, "a.rs").success(), "its lease has not ended");
    let denied = edit(&ann, "b.rs");
    assert_eq!(denied.code(), Some("unavailable"), "{denied:?}");
    assert!(run(&ann, "echo x > b.rs").code() == Some("unavailable"));
    one.line.cut(false);
    one.world.until("somebody answers again", |_| edit(&ann, "b.rs").success());
}

#[test]
fn an_arbiter_that_hangs_holds_up_one_edit_and_not_the_next() {
    let cloud = cloud();
    let (one, two) = (Machine::start(&cloud, false), Machine::start(&cloud, true));
    let (ann, bob) = (one.world.agent("ann"), two.world.agent("bob"));
    assert!(edit(&ann, "a.rs").success());
    assert!(edit(&bob, "z.rs").success());
    one.line.hang(true);
    two.line.hang(true);

    let denied = edit(&ann, "b.rs");
    assert_eq!(denied.code(), Some("unavailable"), "{denied:?}");
    let asked = one.line.count(ACQUIRE);
    for file in ["b.rs", "c.rs", "d.rs"] {
        assert_eq!(edit(&ann, file).code(), Some("unavailable"));
    }
    assert_eq!(one.line.count(ACQUIRE), asked, "the silence is remembered");
    assert!(edit(&ann, "a.rs").success(), "what is held is");

    // Where each machine may decide for itself, it does, and the others learn of it when somebody answers.
    assert!(edit(&bob, "y.rs").success());
    two.line.hang(false);
    two.world.until("it is known there", |_| held_there(&cloud).contains("y.rs bob"));
}

#[test]
fn after_a_long_sleep_nothing_is_edited_under_the_lock_of_before() {
    let cloud = cloud();
    let one = Machine::start(&cloud, false);
    let ann = one.world.agent("ann");
    assert!(edit(&ann, "a.rs").success());
    one.line.cut(true);
    one.arbiter.sleep(85_000);
    assert_eq!(edit(&ann, "a.rs").code(), Some("unavailable"));

    // Its holder is told, and the loss is on record.
    one.world.until("the lock is taken away", |_| !one.on_record("lock_lost").is_empty());
    let lost = one.on_record("lock_lost").remove(0);
    assert_eq!(
        (&lost["file_path"], &lost["agent_id"], &lost["lost_to"]),
        (&json!("a.rs"), &json!("ann"), &json!("nobody")),
        "{lost}"
    );
    one.line.cut(false);
    one.world.until("somebody answers again", |_| edit(&ann, "a.rs").success());
    let told = value(&ann.asks("check_locks", json!({})));
    assert_eq!(told["news"], json!(null), "a read tells no news");
    let told = value(&ann.asks("acquire_lock", json!({"file_path": "a.rs"})));
    assert_eq!(told["news"][0]["lock_taken_away"], "a.rs", "{told}");
}
