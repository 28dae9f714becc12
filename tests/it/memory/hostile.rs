//! Text that wants to be more than text, and more text than fits.

use coord::memory::{
    DETAILS_MAX, LESSON_MAX, LESSONS_MAX, QUERY_MAX, SUMMARY_MAX, TAG_MAX, TAGS_MAX,
};
use serde_json::{Value, json};

use super::{learn, learn_so, recall, rows};
use crate::world::{World, fields};

/// What SQL, FTS5 or a shell would take for more than words.
const TRICKS: [&str; 18] = [
    "'; DROP TABLE episodic_memories; --",
    "\" OR 1=1 --",
    "a\" OR summary : \"b",
    "NEAR(a b, 10)",
    "a AND NOT b",
    "NOT",
    "facets : p*",
    "{summary lessons} : x",
    "^begin",
    "prefix*",
    "a + b",
    "(((((",
    ")",
    "-minus",
    "%_%",
    "\\\"\\",
    "memory_index MATCH 'x'",
    "\u{202e}\u{200b}\u{feff}x",
];

#[test]
fn no_text_is_more_than_text_in_any_field() {
    let world = World::new();
    let ann = world.agent("ann");
    learn(&ann, "an innocent bystander");
    for (n, trick) in TRICKS.iter().enumerate() {
        let told = json!({
            "event_type": "discovery", "summary": format!("{trick} {n}"), "details": { *trick: [trick] },
            "lessons": [trick], "tags": [trick],
        });
        let id = learn_so(&ann, told);
        let shown = fields(&ann.asks("show_memory", json!({ "memory_id": id })));
        assert_eq!(shown["lessons"], json!([trick]), "kept as it was said");
    }
    let before = rows(&world);
    for trick in TRICKS {
        let all = json!({ "query": trick, "tags": [trick], "agent_id": trick, "limit": 50 });
        recall(&ann, all);
        recall(&ann, json!({ "query": trick }));
        recall(&ann, json!({ "tags": [trick] }));
        assert_eq!(recall(&ann, json!({ "agent_id": trick })), Vec::<Value>::new(), "{trick}");
        for tool in ["show_memory", "list_memories"] {
            let field = if tool == "show_memory" { "memory_id" } else { "cursor" };
            let answer = fields(&ann.asks(tool, json!({ field: trick })));
            assert_eq!(answer["success"], false, "{tool} {trick}");
            assert_ne!(answer["code"], "internal", "{tool} {trick}");
        }
    }
    assert_eq!(rows(&world), before);
    assert_eq!(recall(&ann, json!({ "query": "bystander" })).len(), 1, "nobody was hurt");
}

#[test]
fn a_trick_in_a_query_finds_what_its_words_find() {
    let world = World::new();
    let ann = world.agent("ann");
    learn(&ann, "alpha beta");
    for query in ["alpha AND NOT beta", "alpha* OR (gamma", "summary:alpha", "\"alpha"] {
        assert_eq!(recall(&ann, json!({ "query": query })).len(), 1, "{query}");
    }
    assert_eq!(recall(&ann, json!({ "query": "al*" })), Vec::<Value>::new(), "no prefix search");
}

#[test]
fn what_is_too_much_is_refused_with_the_limit_named() {
    let world = World::new();
    let ann = world.agent("ann");
    let long = |n: usize| "x".repeat(n);
    let remember = |field: &str, value: Value| {
        let mut told = json!({ "event_type": "error", "summary": "s" });
        told[field] = value;
        fields(&ann.asks("remember", told))
    };
    let cases = [
        ("summary", json!(long(SUMMARY_MAX)), json!(long(SUMMARY_MAX + 1)), SUMMARY_MAX),
        ("summary", json!("ü".repeat(SUMMARY_MAX)), json!(long(1 << 20)), SUMMARY_MAX),
        ("lessons", json!([long(LESSON_MAX)]), json!([long(LESSON_MAX + 1)]), LESSON_MAX),
        ("lessons", json!(vec!["x"; LESSONS_MAX]), json!(vec!["x"; LESSONS_MAX + 1]), LESSONS_MAX),
        ("tags", json!([long(TAG_MAX)]), json!([long(TAG_MAX + 1)]), TAG_MAX),
        ("tags", json!(vec!["x"; TAGS_MAX]), json!(vec!["x"; TAGS_MAX + 1]), TAGS_MAX),
        (
            "details",
            json!({ "a": long(DETAILS_MAX - 8) }),
            json!({ "a": long(DETAILS_MAX - 7) }),
            DETAILS_MAX,
        ),
        ("details", json!({}), json!({ "a": long(1 << 20) }), DETAILS_MAX),
    ];
    for (n, (field, most, more, max)) in cases.into_iter().enumerate() {
        world.pass_minutes(61);
        assert_eq!(remember(field, most)["success"], true, "{n}: {field} at its bound");
        let answer = remember(field, more);
        assert_eq!(
            (&answer["code"], &answer["field"]),
            (&json!("invalid_argument"), &json!(field))
        );
        assert!(answer["message"].as_str().expect("text").contains(&max.to_string()), "{answer}");
    }
    let deep = (0..70).fold(json!(1), |inner, _| json!({ "a": inner }));
    assert_eq!(remember("details", deep)["field"], "details");
    for (field, value) in [
        ("summary", json!("a\u{0}b")),
        ("tags", json!(["\u{0}"])),
        ("lessons", json!(["\u{0}"])),
        ("details", json!({ "a": "\u{0}" })),
        ("summary", json!(" ")),
        ("event_type", json!("gossip")),
        ("outcome", json!("so-so")),
    ] {
        assert_eq!(remember(field, value)["field"], field);
    }
}

#[test]
fn a_question_beyond_its_bounds_is_refused() {
    let world = World::new();
    let ann = world.agent("ann");
    let word = |n: usize| "w".repeat(n);
    assert_eq!(fields(&ann.asks("recall", json!({ "query": word(QUERY_MAX) })))["success"], true);
    for (field, value) in [
        ("query", json!(word(QUERY_MAX + 1))),
        ("query", json!("a\u{0}")),
        ("limit", json!(0)),
        ("limit", json!(51)),
        ("min_relevance", json!(1.5)),
        ("min_relevance", json!(-0.1)),
        ("tags", json!(vec!["t"; TAGS_MAX + 1])),
    ] {
        let answer = fields(&ann.asks("recall", json!({ field: value })));
        assert_eq!(
            (&answer["code"], &answer["field"]),
            (&json!("invalid_argument"), &json!(field))
        );
    }
}

#[test]
fn a_question_of_five_hundred_words_is_answered() {
    let world = World::new();
    let ann = world.agent("ann");
    learn(&ann, "needle");
    let many = format!("needle {}", "ab ".repeat(330));
    assert_eq!(recall(&ann, json!({ "query": many })).len(), 1);
}
