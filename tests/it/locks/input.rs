//! Bad input: a clear refusal, and nothing changed.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{acquire, field, lock, table};
use crate::world::World;

#[test]
fn every_limit_is_exact() {
    let world = World::new();
    let ann = world.agent("ann");
    let paths = |count: usize| (0..count).map(|i| format!("f{i}.rs")).collect::<Vec<_>>();
    let asks = |name: &str, value: Value| {
        let mut arguments = json!({ "file_path": "a.rs" });
        arguments[name] = value;
        acquire(&ann, arguments).code().map(str::to_owned)
    };

    for (name, bad, good) in [
        ("ttl_minutes", json!(0), json!(1)),
        ("ttl_minutes", json!(481), json!(480)),
        ("ttl_minutes", json!(-1), json!(120)),
    ] {
        assert_eq!(asks(name, bad).as_deref(), Some("ttl_out_of_range"));
        assert_eq!(asks(name, good), None);
    }
    for (name, bad, good) in [
        ("reason", json!("x".repeat(501)), json!("é".repeat(500))),
        ("reason", json!("a\u{0}b"), json!("a b")),
        ("wait_seconds", json!(111), json!(110)),
        ("wait_seconds", json!(-1), json!(0)),
        ("mode", json!("write"), json!("exclusive")),
    ] {
        assert_eq!(asks(name, bad).as_deref(), Some("invalid_argument"), "{name}");
        assert_eq!(asks(name, good), None, "{name}");
    }
    for (count, code) in
        [(0, Some("invalid_argument")), (101, Some("invalid_argument")), (100, None)]
    {
        assert_eq!(acquire(&ann, json!({ "file_paths": paths(count) })).code(), code, "{count}");
    }
    for (limit, code) in
        [(0, Some("invalid_argument")), (501, Some("invalid_argument")), (500, None)]
    {
        assert_eq!(ann.asks("check_locks", json!({ "limit": limit })).code(), code, "{limit}");
    }
}

#[test]
fn the_schema_names_every_limit() {
    let entry = coord::service::find("acquire_lock").expect("it is listed");
    let fields = &entry.published().input["properties"];

    assert_eq!(fields["ttl_minutes"]["maximum"], 480);
    assert_eq!(fields["ttl_minutes"]["minimum"], 1);
    assert_eq!(fields["wait_seconds"]["maximum"], 110);
    assert_eq!(fields["file_paths"]["maxItems"], 100);
    assert_eq!(fields["reason"]["maxLength"], 500);
    assert_eq!(fields["mode"]["enum"], json!(["exclusive", "shared"]));
}

#[test]
fn paths_that_name_nothing_here_are_refused_and_nothing_is_locked() {
    let world = World::new();
    let ann = world.agent("ann");
    let long = format!("{}/x", vec!["d".repeat(200); 6].join("/"));
    let cases = [
        "",
        "  ",
        "../other/a.rs",
        "/etc/passwd",
        "src/../../x",
        ".git/config",
        ".GIT/config",
        "a\u{0}b",
        "~/.ssh/id",
        "https://example.com/x",
        "port:",
        "port:70000",
        &"x".repeat(5000),
        &long,
    ];
    for path in cases {
        let answer = acquire(&ann, json!({ "file_paths": ["fine.rs", path] }));
        assert_eq!(answer.code(), Some("invalid_file_path"), "{path:?}");
    }
    assert_eq!(table(&world), Vec::<String>::new());
}

#[test]
fn a_call_names_its_paths_in_one_way() {
    let world = World::new();
    let ann = world.agent("ann");

    let neither = acquire(&ann, json!({}));
    let both = acquire(&ann, json!({ "file_path": "a.rs", "file_paths": ["b.rs"] }));

    assert_eq!(neither.code(), Some("invalid_argument"));
    assert_eq!(both.code(), Some("invalid_argument"));
    assert_snapshot!(neither.sentence(), @"file_path is missing. Give file_path, or file_paths for several at once.");
}

#[test]
fn a_foreign_cursor_is_refused() {
    let world = World::new();

    let answer = world.agent("ann").asks("check_locks", json!({ "cursor": "12" }));

    assert_eq!(answer.code(), Some("invalid_argument"));
    assert_eq!(field(&answer, "field"), "cursor");
}

#[test]
fn refusals_read_as_plain_sentences() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    lock(&ann, "a.rs");

    let held = lock(&bob, "a.rs").sentence();
    let ttl = acquire(&bob, json!({ "file_path": "b.rs", "ttl_minutes": 481 })).sentence();
    let free = super::release(&bob, "b.rs").sentence();

    assert_snapshot!(held, @"a.rs is locked by ann until 2026-01-01T14:00:00Z. Work on something else, wait for your turn with wait_seconds, or ask ann for it.");
    assert_snapshot!(ttl, @"a lock lasts 1 to 480 minutes, not 481. Leave ttl_minutes out; being active renews the lock.");
    assert_snapshot!(free, @"b.rs is not locked by you. See who holds what with check_locks.");
}
