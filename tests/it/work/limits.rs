//! What is too much, and what is just not.

use serde_json::{Value, json};

use super::{claim, done, refused, submit};
use crate::world::{World, fields};

/// Submits with one argument changed; the code and field of the refusal, if it is one.
fn submitting(world: &World, field: &str, value: Value) -> Option<(String, String)> {
    let mut task = json!({ "task_type": "t", "description": "d" });
    task[field] = value;
    let answer = world.agent("ann").asks("submit_work", task);
    let named = fields(&answer)["field"].as_str().unwrap_or_default().to_owned();
    answer.code().map(|code| (code.to_owned(), named))
}

#[test]
fn each_limit_of_a_submission_holds_at_its_bound() {
    let world = World::new();
    let text = |length: usize| json!("x".repeat(length));
    let object = |bytes: usize| json!({ "k": "x".repeat(bytes - "{\"k\":\"\"}".len()) });
    let nested = |levels: usize| {
        let inner = (1..levels - 1).fold(Value::Null, |inner, _| json!([inner]));
        json!({ "k": inner })
    };
    let names = |count: usize| Value::from((0..count).map(|n| format!("c{n}")).collect::<Vec<_>>());
    for (field, fits, exceeds) in [
        ("task_type", text(100), text(101)),
        ("task_type", text(1), text(0)),
        ("description", text(8_192), text(8_193)),
        ("description", text(1), json!("  ")),
        ("description", text(1), json!("a\0b")),
        ("input_data", object(262_144), object(262_145)),
        ("input_data", nested(64), nested(65)),
        ("input_data", json!({}), json!({ "k": "\0" })),
        ("input_data", json!({}), object(2 << 20)),
        ("max_attempts", json!(1), json!(0)),
        ("max_attempts", json!(100), json!(101)),
        ("dedupe_key", text(200), text(201)),
        ("required_capabilities", names(10), names(11)),
        ("required_capabilities", json!(["x".repeat(64)]), json!(["x".repeat(65)])),
        ("required_capabilities", json!(["ä b"]), json!(["a\"b"])),
        ("deadline", json!("2026-01-01T12:00:01Z"), json!("2026-01-01T12:00:00Z")),
    ] {
        assert_eq!(submitting(&world, field, fits), None, "{field}");
        let refusal = Some(("invalid_argument".to_owned(), field.to_owned()));
        assert_eq!(submitting(&world, field, exceeds), refusal, "{field}");
    }
}

#[test]
fn priorities_run_from_one_to_ten() {
    let world = World::new();
    for priority in [1, 10] {
        assert_eq!(submitting(&world, "priority", json!(priority)), None);
    }
    for priority in [0, 11, -1, i64::MAX] {
        let refusal = Some(("invalid_priority".to_owned(), "priority".to_owned()));
        assert_eq!(submitting(&world, "priority", json!(priority)), refusal);
    }
}

#[test]
fn a_thousand_dependencies_are_taken_and_ten_thousand_refused() {
    let world = World::new();
    let ann = world.agent("ann");
    let ids: Vec<_> = (0..1_000).map(|_| submit(&ann, json!({}))).collect();
    let last = submit(&ann, json!({ "depends_on": ids }));
    assert_eq!(super::shown(&world, &last)["why"], "waits for 1000 tasks");
    for count in [1_001, 10_000] {
        let many = json!(vec![&ids[0]; count]);
        let refusal = Some(("invalid_argument".to_owned(), "depends_on".to_owned()));
        assert_eq!(submitting(&world, "depends_on", many), refusal);
    }
}

#[test]
fn each_limit_of_a_report_holds_at_its_bound() {
    let world = World::new();
    let ann = world.agent("ann");
    let object = |bytes: usize| json!({ "k": "x".repeat(bytes - "{\"k\":\"\"}".len()) });
    for (field, fits, exceeds) in [
        ("result", object(262_144), object(262_145)),
        ("error_message", json!("x".repeat(8_192)), json!("x".repeat(8_193))),
        ("error_message", json!("  "), json!("a\0")),
    ] {
        submit(&ann, json!({}));
        let mut report = json!({ "task_id": claim(&ann), "success": true });
        report[field] = exceeds;
        let answer = ann.asks("complete_work", report.clone());
        assert_eq!(refused(&answer), "invalid_argument");
        assert_eq!(fields(&answer)["field"], field);
        report[field] = fits;
        done(&ann.asks("complete_work", report));
    }
}

#[test]
fn each_limit_of_a_request_for_work_holds_at_its_bound() {
    let world = World::new();
    let ann = world.agent("ann");
    let types = |count: usize| Value::from((0..count).map(|n| format!("t{n}")).collect::<Vec<_>>());
    for (field, fits, exceeds) in [
        ("task_types", types(50), types(51)),
        ("task_types", json!(["x".repeat(100)]), json!(["x".repeat(101)])),
        ("task_types", json!([]), json!([""])),
        ("wait_seconds", json!(0), json!(111)),
    ] {
        let ask = |value| ann.asks("get_work", json!({ field: value }));
        assert_eq!(refused(&ask(fits)), "no_tasks_available", "{field}");
        let answer = ask(exceeds);
        assert_eq!(refused(&answer), "invalid_argument", "{field}");
        assert_eq!(fields(&answer)["field"], field);
    }
    let longest = ann.waits("get_work", json!({ "wait_seconds": 110 }));
    submit(&ann, json!({}));
    done(&longest.answer());
}

#[test]
fn limits_are_published_with_the_tool() {
    let tool = coord::service::find("submit_work").expect("it is a tool");
    let properties = &tool.published().input["properties"];
    assert_eq!(properties["task_type"]["maxLength"], 100);
    assert_eq!(properties["description"]["maxLength"], 8_192);
    assert_eq!(properties["depends_on"]["maxItems"], 1_000);
    assert_eq!(properties["required_capabilities"]["maxItems"], 10);
    let range = |field: &str| (&properties[field]["minimum"], &properties[field]["maximum"]);
    assert_eq!(range("priority"), (&json!(1), &json!(10)));
    assert_eq!(range("max_attempts"), (&json!(1), &json!(100)));
}
