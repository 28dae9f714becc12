//! Holding: exclusive and shared, several at once, over time, and by force.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{acquire, fence, field, lock, release, share, table};
use crate::world::{World, fields};

#[test]
fn a_free_file_is_granted_at_once() {
    let world = World::new();
    let ann = world.agent("ann");

    let answer = lock(&ann, "src/main.rs");

    assert_snapshot!(fields(&answer), @r#"{"action":"acquired","expires_at":"2026-01-01T14:00:00Z","fence":1,"file_path":"src/main.rs","success":true}"#);
}

#[test]
fn a_second_agent_learns_who_holds_the_file_and_why() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    acquire(&ann, json!({ "file_path": "src/main.rs", "reason": "new parser", "ttl_minutes": 30 }));

    let answer = lock(&bob, "src/main.rs");

    assert_snapshot!(fields(&answer), @r#"{"agent_type":"test","code":"locked_by_other","expires_at":"2026-01-01T12:30:00Z","file_path":"src/main.rs","hint":"work on something else, wait for your turn with wait_seconds, or ask ann for it","lock_reason":"new parser","locked_at":"2026-01-01T12:00:00Z","locked_by":"ann","message":"src/main.rs is locked by ann until 2026-01-01T12:30:00Z","position":1,"success":false}"#);
    let coord::answer::Answer::Refused(refused) = answer else { panic!("ann holds it") };
    assert!(refused.outcome, "a caller must expect it, so it is no error of the call");
}

#[test]
fn two_sessions_of_one_agent_are_two_holders() {
    let world = World::new();
    let ann = world.agent("ann");
    let mut again = world.agent("ann");
    again.caller.session_id = "another-session-of-ann".into();

    lock(&ann, "a.rs");

    assert_eq!(lock(&again, "a.rs").code(), Some("locked_by_other"));
    assert_eq!(release(&again, "a.rs").code(), Some("lock_not_found_or_not_owner"));
}

#[test]
fn overlapping_things_exclude_each_other_and_others_do_not() {
    let cases = [
        ("src/", "src/a/b.rs", true),
        ("src/a/b.rs", "src/", true),
        ("src/", "src/a/", true),
        ("src/**/*.rs", "src/a/b.rs", true),
        ("src/a/b.rs", "src/**/*.rs", true),
        ("src/**/*.rs", "src/a/", true),
        ("src/**/*.rs", "**/main.*", true),
        ("**/*.rs", "docs/", true),
        ("./", "any/thing.txt", true),
        ("port:8080", "port:8080", true),
        ("./src/../src/a.rs", "src/a.rs", true),
        ("src/", "srcs/a.rs", false),
        ("src/a.rs", "src/a.rs.bak", false),
        ("src/**/*.rs", "src/a/b.md", false),
        ("*.rs", "src/a.rs", false),
        ("port:8080", "port:8081", false),
        ("./", "port:8080", false),
        ("src/a", "src/b", false),
    ];
    for (held, asked, excluded) in cases {
        let world = World::new();
        lock(&world.agent("ann"), held);
        let answer = lock(&world.agent("bob"), asked);
        assert_eq!(answer.code() == Some("locked_by_other"), excluded, "{asked} beside {held}");
        if excluded {
            let found = field(
                &world.agent("bob").asks("check_locks", json!({ "file_paths": [asked] })),
                "locks",
            );
            assert_eq!(found.as_array().map(Vec::len), Some(1), "check_locks finds {held}");
        }
    }
}

#[test]
fn the_refusal_names_the_folder_that_is_held() {
    let world = World::new();
    lock(&world.agent("ann"), "src/");

    let answer = lock(&world.agent("bob"), "src/a.rs");

    assert_eq!(field(&answer, "file_path"), "src/a.rs");
    assert_eq!(field(&answer, "held_path"), "src/");
    assert_snapshot!(field(&answer, "message"), @r#""src/a.rs is locked by ann until 2026-01-01T14:00:00Z, who holds src/""#);
}

#[test]
fn readers_share_and_a_writer_does_not() {
    let world = World::new();
    let (ann, bob, cat) = (world.agent("ann"), world.agent("bob"), world.agent("cat"));

    assert!(share(&ann, "a.rs").success() && share(&bob, "a.rs").success());
    assert_eq!(lock(&cat, "a.rs").code(), Some("locked_by_other"));
    assert_eq!(table(&world), ["a.rs: ann (shared)", "a.rs: bob (shared)"]);
}

#[test]
fn several_are_granted_together_or_not_at_all() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    lock(&bob, "b.rs");

    let refused = acquire(&ann, json!({ "file_paths": ["a.rs", "b.rs", "c.rs"] }));
    assert_eq!(field(&refused, "file_path"), "b.rs");
    assert_eq!(table(&world), ["b.rs: bob"]);

    release(&bob, "b.rs");
    let granted = acquire(&ann, json!({ "file_paths": ["a.rs", "b.rs", "./a.rs"] }));
    assert_eq!(field(&granted, "file_paths"), json!(["a.rs", "b.rs"]));
    assert_eq!(table(&world), ["a.rs: ann", "b.rs: ann"]);
}

#[test]
fn asking_again_renews_and_keeps_the_fence() {
    let world = World::new();
    let ann = world.agent("ann");
    let first = acquire(&ann, json!({ "file_path": "a.rs", "reason": "one", "ttl_minutes": 10 }));
    world.pass_minutes(9);

    let again = acquire(&ann, json!({ "file_path": "a.rs", "reason": "two", "ttl_minutes": 30 }));

    assert_eq!(field(&again, "action"), "refreshed");
    assert_eq!(fence(&again), fence(&first));
    assert_eq!(field(&again, "expires_at"), "2026-01-01T12:39:00Z");
    let rows = field(&ann.asks("check_locks", json!({})), "locks");
    assert_eq!(rows[0]["reason"], "two");
    assert_eq!(rows[0]["locked_at"], "2026-01-01T12:00:00Z");
}

#[test]
fn a_lock_is_free_the_moment_its_time_is_up() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let first = acquire(&ann, json!({ "file_path": "a.rs", "ttl_minutes": 30 }));

    world.pass_ms(30 * 60_000 - 1);
    assert_eq!(lock(&bob, "a.rs").code(), Some("locked_by_other"));
    world.pass_ms(1);
    assert_eq!(table(&world), Vec::<String>::new());
    assert_eq!(release(&ann, "a.rs").code(), Some("lock_not_found_or_not_owner"));

    let taken = lock(&bob, "a.rs");
    assert!(fence(&taken) > fence(&first), "the new holder's fence is greater");
    assert_eq!(table(&world), ["a.rs: bob"]);
}

#[test]
fn a_lock_that_ran_out_is_acquired_anew_not_refreshed() {
    let world = World::new();
    let ann = world.agent("ann");
    let first = acquire(&ann, json!({ "file_path": "a.rs", "ttl_minutes": 1 }));
    world.pass_minutes(1);

    let again = lock(&ann, "a.rs");

    assert_eq!(field(&again, "action"), "acquired");
    assert!(fence(&again) > fence(&first));
}

#[test]
fn a_mix_of_held_and_new_paths_tells_each_fence() {
    let world = World::new();
    let ann = world.agent("ann");
    lock(&ann, "a.rs");

    let both = acquire(&ann, json!({ "file_paths": ["a.rs", "b.rs"] }));

    assert_eq!(field(&both, "action"), "acquired");
    assert_eq!(field(&both, "fences"), json!([1, 2]));
    assert_eq!(fence(&both), 2);
}

#[test]
fn a_sole_reader_becomes_the_writer_under_a_new_fence() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let reading = share(&ann, "a.rs");
    share(&bob, "a.rs");
    assert_eq!(lock(&ann, "a.rs").code(), Some("locked_by_other"), "bob reads it");
    assert_eq!(table(&world), ["a.rs: ann (shared)", "a.rs: bob (shared)"]);

    release(&bob, "a.rs");
    let writing = lock(&ann, "a.rs");

    assert_eq!(field(&writing, "action"), "acquired");
    assert!(fence(&writing) > fence(&reading), "greater than that of every reader before");
    assert_eq!(table(&world), ["a.rs: ann"]);
}

#[test]
fn a_writer_that_only_reads_on_lets_readers_in() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let writing = lock(&ann, "a.rs");
    assert_eq!(share(&bob, "a.rs").code(), Some("locked_by_other"));

    let reading = share(&ann, "a.rs");

    assert_eq!(field(&reading, "action"), "refreshed");
    assert_eq!(fence(&reading), fence(&writing));
    assert!(share(&bob, "a.rs").success());
}

#[test]
fn activity_renews_what_has_less_than_half_of_its_time() {
    let world = World::new();
    let ann = world.agent("ann");
    acquire(&ann, json!({ "file_path": "short.rs", "ttl_minutes": 10 }));
    acquire(&ann, json!({ "file_path": "long.rs", "ttl_minutes": 60 }));
    acquire(&ann, json!({ "file_path": "over.rs", "ttl_minutes": 1 }));
    world.pass_minutes(6);

    let (session, now) = (ann.caller.session_id.clone(), world.clock.now());
    let renew = move |tx: &coord::store::Tx<'_>| coord::locks::renew(tx, &session, now);
    let renewed = world.service.store().write_blocking(renew).expect("the store can be written");

    assert_eq!(renewed, 1, "only the short one had less than half of its time left");
    let rows = field(&world.agent("bob").asks("check_locks", json!({})), "locks");
    let times: Vec<&Value> =
        rows.as_array().expect("a list").iter().map(|row| &row["expires_at"]).collect();
    assert_eq!(times, ["2026-01-01T13:00:00Z", "2026-01-01T12:16:00Z"], "and none came back");
}

#[test]
fn fences_rise_over_the_whole_project_for_ever() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    let mut last = 0;
    for round in 0..10 {
        let (actor, path) = if round % 2 == 0 { (&ann, "a.rs") } else { (&bob, "b.rs") };
        let next = fence(&lock(actor, path));
        assert!(next > last, "{next} after {last}");
        last = next;
        release(actor, path);
    }
}

#[test]
fn release_without_names_frees_all_of_mine_alone() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    acquire(&ann, json!({ "file_paths": ["b.rs", "a.rs"] }));
    lock(&bob, "c.rs");

    let freed = ann.asks("release_lock", json!({}));

    assert_eq!(
        fields(&freed),
        json!({
            "success": true, "action": "released", "file_paths": ["a.rs", "b.rs"]
        })
    );
    assert_eq!(table(&world), ["c.rs: bob"]);
    let none = ann.asks("release_lock", json!({}));
    assert_eq!(field(&none, "file_paths"), json!([]), "nothing is left, which is no trouble");
}

#[test]
fn release_frees_all_that_was_named_or_nothing() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    lock(&ann, "a.rs");
    lock(&bob, "b.rs");

    let refused = ann.asks("release_lock", json!({ "file_paths": ["a.rs", "b.rs"] }));

    assert_snapshot!(fields(&refused), @r#"{"code":"lock_not_found_or_not_owner","file_path":"b.rs","hint":"see who holds what with check_locks","locked_by":"bob","message":"b.rs is not locked by you but by bob","success":false}"#);
    assert_eq!(table(&world), ["a.rs: ann", "b.rs: bob"]);
}

#[test]
fn a_name_that_became_a_folder_is_still_released_by_it() {
    let world = World::new();
    let ann = world.agent("ann");
    lock(&ann, "new");
    std::fs::create_dir(ann.repo.root.join("new")).expect("the folder is empty");

    assert!(release(&ann, "new").success());
    assert_eq!(table(&world), Vec::<String>::new());
}

#[test]
fn a_lock_taken_in_another_worktree_holds_here_and_says_where() {
    let world = World::new();
    let ann = world.agent("ann");
    let mut bob = world.agent("bob");
    let elsewhere = world.folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("the folder is empty");
    let mut repo = (*bob.repo).clone();
    repo.root = elsewhere.canonicalize().expect("it was just made");
    bob.repo = std::sync::Arc::new(repo);
    lock(&ann, "a.rs");

    let refused = lock(&bob, "a.rs");

    let root = ann.repo.root.to_string_lossy().into_owned();
    assert_eq!(field(&refused, "worktree"), json!(root));
    assert_eq!(field(&bob.asks("check_locks", json!({})), "locks")[0]["worktree"], json!(root));
    let own = field(&ann.asks("check_locks", json!({})), "locks");
    assert_eq!(own[0].get("worktree"), None, "left out at home");
}

#[test]
fn check_locks_shows_all_or_those_of_an_agent_or_near_paths_page_by_page() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    acquire(&ann, json!({ "file_paths": ["a.rs", "b.rs", "src/"] }));
    lock(&bob, "c.rs");
    let paths = |arguments: Value| {
        let answer = bob.asks("check_locks", arguments);
        let rows = field(&answer, "locks");
        let rows = rows.as_array().expect("a list").clone();
        let names: Vec<String> =
            rows.iter().map(|row| row["file_path"].as_str().expect("text").to_owned()).collect();
        (names, field(&answer, "next_cursor"))
    };

    assert_eq!(paths(json!({ "agent_id": "bob" })).0, ["c.rs"]);
    assert_eq!(paths(json!({ "file_paths": ["src/x.rs", "b.rs"] })).0, ["b.rs", "src/"]);
    assert_eq!(paths(json!({ "file_paths": ["*.rs"], "agent_id": "ann" })).0, ["a.rs", "b.rs"]);

    let (first, cursor) = paths(json!({ "limit": 3 }));
    assert_eq!(first, ["a.rs", "b.rs", "c.rs"]);
    let (rest, end) = paths(json!({ "limit": 3, "cursor": cursor }));
    assert_eq!(rest, ["src/"]);
    assert_eq!(end, Value::Null, "nothing follows");
    let (first, cursor) = paths(json!({ "file_paths": ["./"], "limit": 2 }));
    assert_eq!(first, ["a.rs", "b.rs"]);
    assert_eq!(paths(json!({ "file_paths": ["./"], "cursor": cursor })).0, ["c.rs", "src/"]);
}
