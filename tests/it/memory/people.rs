//! Pinning, forgetting, listing, and memories that travel.

use serde_json::{Value, json};

use super::{elsewhere, learn, learn_so, recall, rows, summaries};
use crate::world::{World, fields};

#[test]
fn what_is_pinned_does_not_fade() {
    let world = World::new();
    let (ann, person) = (world.agent("ann"), world.person());
    let old = learn(&ann, "always run the linter");
    world.pass_minutes(60 * 24 * 60);
    learn(&ann, "the linter was quick today");
    assert_eq!(summaries(&recall(&ann, json!({})))[1], "always run the linter");

    let pinned = fields(&person.asks("pin_memory", json!({ "memory_id": old })));
    assert_eq!((&pinned["success"], &pinned["pinned"]), (&json!(true), &json!(true)));
    world.pass_minutes(24 * 60);
    let found = recall(&ann, json!({}));
    assert_eq!(summaries(&found)[0], "always run the linter");
    assert_eq!(found[0]["pinned"], true);

    person.asks("pin_memory", json!({ "memory_id": old, "pinned": false }));
    assert_eq!(summaries(&recall(&ann, json!({})))[1], "always run the linter");
}

#[test]
fn what_is_forgotten_is_gone_from_every_answer_and_from_the_file() {
    let world = World::new();
    let (ann, person) = (world.agent("ann"), world.person());
    let id = learn_so(
        &ann,
        json!({ "event_type": "error", "summary": "zanzibar outage", "details": { "a": "zanzibar" },
                "lessons": ["zanzibar"], "tags": ["zanzibar"] }),
    );
    learn(&ann, "something else");

    let answer = fields(&person.asks("forget_memory", json!({ "memory_id": id })));
    assert_eq!(answer["action"], "forgotten");
    for arguments in [json!({ "query": "zanzibar" }), json!({ "tags": ["zanzibar"] }), json!({})] {
        assert!(!summaries(&recall(&ann, arguments)).contains(&"zanzibar outage"));
    }
    let again = fields(&person.asks("forget_memory", json!({ "memory_id": id })));
    assert_eq!(again["code"], "memory_forgotten");
    let text: Option<String> = world
        .service
        .store()
        .read(|tx| {
            let sql = "SELECT summary || coalesce(details, '') || lessons || tags || keywords
                         FROM episodic_memories WHERE memory_id = ?1";
            Ok(tx.one(sql, [&id], |row| row.get(0))?)
        })
        .expect("the row can be read");
    assert_eq!(text.as_deref(), Some("[][]"), "only that it was remains");
    assert_eq!(rows(&world), 2);
}

#[test]
fn what_was_forgotten_may_be_learned_anew() {
    let world = World::new();
    let (ann, person) = (world.agent("ann"), world.person());
    let id = learn(&ann, "the gate is left open");
    person.asks("forget_memory", json!({ "memory_id": id }));
    assert_ne!(learn(&ann, "the gate is left open"), id, "within the hour, and yet created");
}

#[test]
fn an_agent_may_not_pin_forget_import_or_export() {
    let world = World::new();
    let ann = world.agent("ann");
    let id = learn(&ann, "mine");
    for (tool, arguments) in [
        ("pin_memory", json!({ "memory_id": id })),
        ("forget_memory", json!({ "memory_id": id })),
        ("export_memories", json!({})),
        ("import_memories", json!({ "memories": [] })),
    ] {
        assert_eq!(fields(&ann.asks(tool, arguments))["code"], "person_required", "{tool}");
    }
}

#[test]
fn memories_are_listed_newest_first_in_pages() {
    let world = World::new();
    let ann = world.agent("ann");
    for n in 0..9 {
        learn(&ann, &format!("note {n}"));
        world.pass_minutes(1);
    }
    let first = fields(&ann.asks("list_memories", json!({ "limit": 5 })));
    let rest =
        fields(&ann.asks("list_memories", json!({ "limit": 5, "cursor": first["next_cursor"] })));
    let names = |page: &Value| -> Vec<String> {
        let rows = page["memories"].as_array().expect("a list");
        rows.iter().map(|row| row["summary"].as_str().expect("text").to_owned()).collect()
    };
    assert_eq!(names(&first), ["note 8", "note 7", "note 6", "note 5", "note 4"]);
    assert_eq!(names(&rest), ["note 3", "note 2", "note 1", "note 0"]);
    assert!(rest.get("next_cursor").is_none());
    let bad = fields(&ann.asks("list_memories", json!({ "cursor": "x' OR 1=1" })));
    assert_eq!(bad["field"], "cursor");
}

/// Everything that is exported, page by page.
fn exported(person: &crate::world::Actor<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let page = fields(&person.asks("export_memories", json!({ "limit": 3, "cursor": cursor })));
        all.extend(page["memories"].as_array().expect("a list").clone());
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            return all;
        }
    }
}

#[test]
fn what_is_exported_can_be_imported_and_is_the_same() {
    let (world, other) = (World::new(), World::new());
    let (ann, person) = (world.agent("ann"), world.person());
    for n in 0..7 {
        learn_so(
            &ann,
            json!({ "event_type": "optimization", "summary": format!("note {n} on parseHTTP"),
                    "details": { "n": n }, "outcome": "neutral", "lessons": ["l"], "tags": ["t"] }),
        );
        world.pass_minutes(1);
    }
    let id = recall(&ann, json!({ "query": "note 3" }))[0]["memory_id"].clone();
    person.asks("pin_memory", json!({ "memory_id": id }));
    let out = exported(&person);
    assert_eq!(out.len(), 7);

    let there = other.person();
    let answer = fields(&there.asks("import_memories", json!({ "memories": out })));
    assert_eq!((&answer["imported"], &answer["skipped"]), (&json!(7), &json!(0)));
    assert_eq!(exported(&there), out, "who, when, pinned and all");
    assert_eq!(recall(&other.agent("bob"), json!({ "query": "http" })).len(), 7, "and is found");

    let again = fields(&there.asks("import_memories", json!({ "memories": out })));
    assert_eq!((&again["imported"], &again["skipped"]), (&json!(0), &json!(7)));
}

#[test]
fn a_person_may_copy_memories_into_another_project() {
    let world = World::new();
    let (ann, person) = (world.agent("ann"), world.person());
    learn(&ann, "shared wisdom");
    let out = exported(&person);
    let there = elsewhere(&person);

    for imported in [1, 0] {
        let answer = fields(&there.asks("import_memories", json!({ "memories": out })));
        assert_eq!(answer["imported"], imported);
    }
    let copy = recall(&elsewhere(&ann), json!({}));
    assert_eq!(summaries(&copy), ["shared wisdom"]);
    assert_ne!(copy[0]["memory_id"], out[0]["memory_id"], "a copy has a life of its own");
}

#[test]
fn what_was_forgotten_does_not_come_back_by_import() {
    let world = World::new();
    let (ann, person) = (world.agent("ann"), world.person());
    let id = learn(&ann, "better forgotten");
    let out = exported(&person);
    person.asks("forget_memory", json!({ "memory_id": id }));

    let answer = fields(&person.asks("import_memories", json!({ "memories": out })));
    assert_eq!(answer["skipped"], 1);
    assert!(recall(&ann, json!({})).is_empty());
}

#[test]
fn an_import_with_one_bad_memory_imports_none() {
    let world = World::new();
    let person = world.person();
    let good = json!({ "memory_id": "018f2c1a-0000-7abc-8def-0123456789ab", "event_type": "error",
        "summary": "s", "agent_id": "a", "agent_type": "t", "created_at": "2026-01-01T00:00:00Z" });
    let spoil = |field: &str, value: Value| {
        let mut bad = good.clone();
        bad[field] = value;
        bad
    };
    for (field, value) in [
        ("memory_id", json!("x")),
        ("summary", json!("")),
        ("agent_id", json!("")),
        ("agent_type", json!("x".repeat(513))),
        ("summary", json!("\u{0}")),
        ("created_at", json!("1969-01-01T00:00:00Z")),
        ("tags", json!(vec!["t".repeat(65)])),
    ] {
        let memories = json!({ "memories": [good, spoil(field, value.clone())] });
        let answer = fields(&person.asks("import_memories", memories));
        assert_eq!(
            (&answer["code"], &answer["field"]),
            (&json!("invalid_argument"), &json!(field))
        );
        assert_eq!(rows(&world), 0, "{field}");
    }
}
