//! What is found, and in which order.

use serde_json::{Value, json};

use super::{learn, learn_so, recall, summaries};
use crate::world::{World, fields};

#[test]
fn a_memory_is_found_by_another_name_for_the_same_thing() {
    let world = World::new();
    let ann = world.agent("ann");
    let wanted = "intermittent failure in CI when the runner is busy";
    learn(&ann, wanted);
    learn(&ann, "the colour of the logo is teal");
    learn(&ann, "invoices are numbered per year");

    for query in [
        "flaky test",
        "tests fail at random in continuous integration",
        "Build server SPORADICALLY failing",
        "intermitent failure",
    ] {
        let found = recall(&ann, json!({ "query": query }));
        assert_eq!(summaries(&found).first(), Some(&wanted), "{query}");
    }
}

#[test]
fn every_form_of_a_word_and_every_part_of_an_identifier_is_found() {
    let world = World::new();
    let ann = world.agent("ann");
    learn(&ann, "parseHTTPResponse drops the last chunk in src/net_io/reader.rs with E0502");
    learn(&ann, "nothing of the kind happens here");
    for query in [
        "parseHTTPResponse",
        "parse http",
        "response dropping",
        "net_io",
        "reader.rs",
        "e0502",
        "chunks",
        "respones",
    ] {
        let found = recall(&ann, json!({ "query": query }));
        assert_eq!(found.len(), 1, "{query}: {found:?}");
    }
}

#[test]
fn the_better_answer_comes_first() {
    let world = World::new();
    let ann = world.agent("ann");
    learn(&ann, "payment webhook is slow");
    learn(&ann, "payment webhook signature needs the raw body");
    learn(&ann, "signature of the release is made by hand");

    let found = recall(&ann, json!({ "query": "payment webhook signature" }));
    assert_eq!(found[0]["summary"], "payment webhook signature needs the raw body");
    assert!(relevance(&found[0]) > relevance(&found[1]));
}

fn relevance(memory: &Value) -> f64 {
    memory["relevance"].as_f64().expect("a number")
}

#[test]
fn of_equal_answers_the_newer_comes_first_and_the_old_one_fades() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    learn(&ann, "the queue drains at night");
    world.pass_minutes(10 * 24 * 60);
    learn(&bob, "the queue drains at night");

    for arguments in [json!({ "query": "queue drains" }), json!({})] {
        let found = recall(&ann, arguments);
        assert_eq!(found[0]["agent_id"], "bob");
        assert!(relevance(&found[0]) > relevance(&found[1]));
    }
    let before = relevance(&recall(&ann, json!({}))[0]);
    world.pass_minutes(24 * 60);
    assert!(relevance(&recall(&ann, json!({}))[0]) < before, "a day older, a little less relevant");
}

#[test]
fn filters_leave_out_what_does_not_fit() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    learn_so(
        &ann,
        json!({ "event_type": "error", "summary": "disk error one", "tags": ["ci", "disk"] }),
    );
    learn_so(
        &ann,
        json!({ "event_type": "decision", "summary": "disk choice two", "tags": ["disk"] }),
    );
    learn_so(
        &bob,
        json!({ "event_type": "error", "summary": "disk error three", "tags": ["flaky test"] }),
    );
    learn_so(&bob, json!({ "event_type": "error", "summary": "disk error four" }));

    let all = |arguments: Value| {
        let mut with_query = arguments.clone();
        with_query["query"] = "disk".into();
        let found = [recall(&ann, arguments), recall(&ann, with_query)];
        let sorted = found.map(|some| {
            let mut names: Vec<String> = summaries(&some).into_iter().map(str::to_owned).collect();
            names.sort();
            names
        });
        assert_eq!(sorted[0], sorted[1], "a filter is a filter, with words and without");
        sorted[0]
            .iter()
            .filter_map(|name| name.split(' ').next_back())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(all(json!({ "event_type": "decision" })), "two");
    assert_eq!(all(json!({ "agent_id": "bob" })), "four three");
    assert_eq!(all(json!({ "tags": ["CI"] })), "one");
    assert_eq!(all(json!({ "tags": ["disk", "flaky test"] })), "two one three");
    assert_eq!(all(json!({ "tags": ["flaky"] })), "", "a tag is whole");
    assert_eq!(all(json!({ "tags": ["\u{1f525}"] })), "");
    assert_eq!(all(json!({ "event_type": "error", "agent_id": "ann", "tags": ["disk"] })), "one");
}

#[test]
fn more_of_the_asked_tags_is_more_relevant() {
    let world = World::new();
    let ann = world.agent("ann");
    learn_so(&ann, json!({ "event_type": "error", "summary": "both", "tags": ["ci", "disk"] }));
    learn_so(&ann, json!({ "event_type": "error", "summary": "one", "tags": ["disk"] }));
    let found = recall(&ann, json!({ "tags": ["disk", "ci"] }));
    assert_eq!(summaries(&found), ["both", "one"]);
}

#[test]
fn limit_and_min_relevance_cut_the_answer() {
    let world = World::new();
    let ann = world.agent("ann");
    for n in 0..12 {
        learn(&ann, &format!("note number {n} about paging"));
    }
    assert_eq!(
        recall(&ann, json!({ "query": "paging" })).len(),
        10,
        "ten if nothing else is asked"
    );
    assert_eq!(recall(&ann, json!({ "query": "paging", "limit": 3 })).len(), 3);
    assert_eq!(recall(&ann, json!({ "query": "paging", "limit": 50 })).len(), 12);
    let all = recall(&ann, json!({ "query": "paging number 7", "limit": 50 }));
    let best = relevance(&all[0]);
    let some =
        recall(&ann, json!({ "query": "paging number 7", "limit": 50, "min_relevance": best }));
    assert!(some.len() < all.len(), "{} of {}", some.len(), all.len());
    assert!(some.iter().all(|one| relevance(one) >= best - 0.001));
    assert!(all.iter().all(|one| (0.0..=1.0).contains(&relevance(one))));
    assert!(recall(&ann, json!({ "query": "paging", "min_relevance": 1 })).is_empty());
}

#[test]
fn a_question_that_nothing_answers_finds_nothing() {
    let world = World::new();
    let ann = world.agent("ann");
    learn(&ann, "the colour of the logo is teal");
    for query in ["xylophone", "!!!", "\u{1f525}", "*", "日本語"] {
        assert_eq!(recall(&ann, json!({ "query": query })), Vec::<Value>::new(), "{query}");
    }
    assert_eq!(recall(&ann, json!({ "query": "  " })).len(), 1, "a blank query is none");
}

#[test]
fn a_question_of_small_words_alone_is_still_a_question() {
    let world = World::new();
    let ann = world.agent("ann");
    learn(&ann, "who is who: the staff list");
    assert_eq!(recall(&ann, json!({ "query": "who is" })).len(), 1);
}

#[test]
fn letters_of_every_script_are_found() {
    let world = World::new();
    let ann = world.agent("ann");
    learn(&ann, "Größe der Tabelle übersteigt die Grenze");
    learn(&ann, "база данных заблокирована");
    for (query, wanted) in
        [("grosse tabelle", 0), ("GRÖßE", 1), ("groesse ubersteigt", 1), ("данных", 1)]
    {
        assert!(recall(&ann, json!({ "query": query })).len() >= wanted, "{query}");
    }
}

#[test]
fn nobody_recalls_a_memory_of_another_project() {
    let world = World::new();
    let ann = world.agent("ann");
    let id = learn(&ann, "the secret recipe of this project");
    let there = super::elsewhere(&ann);
    learn(&there, "nothing to see");

    for arguments in [
        json!({ "query": "secret recipe" }),
        json!({ "query": "sceret recipie" }),
        json!({ "agent_id": "ann", "limit": 50 }),
        json!({}),
    ] {
        assert!(
            !summaries(&recall(&there, arguments)).contains(&"the secret recipe of this project")
        );
    }
    for tool in ["show_memory", "forget_memory", "pin_memory"] {
        let mut person = world.person();
        person.repo = std::sync::Arc::clone(&there.repo);
        let answer = fields(&person.asks(tool, json!({ "memory_id": id })));
        assert_eq!(answer["code"], "memory_not_found", "{tool}");
    }
}

#[test]
fn a_recall_changes_nothing() {
    let world = World::new();
    let ann = world.agent("ann");
    learn(&ann, "reading wears nothing out");
    let first = recall(&ann, json!({ "query": "reading" }));
    for _ in 0..3 {
        assert_eq!(recall(&ann, json!({ "query": "reading" })), first);
    }
}
