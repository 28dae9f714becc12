//! How well memories are found: a labelled set, measured against plain bm25 and newest-first.
//!
//! - `memories.jsonl` and `queries.jsonl` were written by hand; every second query is for tuning,
//!   the others are held out and looked at for the report alone.
//! - recall@5: the share of the wanted memories among the first five (of five, if more are
//!   wanted). MRR: the mean of 1/rank of the first wanted one among the first ten.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::world::{Actor, NOON, World, fields};
use coord::time::{DAY, Time};

#[derive(Deserialize)]
struct Labelled {
    query: String,
    wanted: Vec<String>,
}

/// Both measures over one set of queries.
#[derive(Clone, Copy, Debug)]
struct Measured {
    recall_at_5: f64,
    mrr: f64,
}

fn lines(text: &str) -> impl Iterator<Item = Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON"))
}

/// The id that a label of the set has in the store.
fn id_of(label: &str) -> String {
    format!("00000000-0000-7000-8000-{:012}", label[1..].parse::<u32>().expect("m and a number"))
}

fn queries() -> Vec<Labelled> {
    let all = lines(include_str!("queries.jsonl"));
    all.map(|line| serde_json::from_value(line).expect("a query and what it wants")).collect()
}

/// Puts the whole set into the store of a person.
fn fill(person: &Actor<'_>) {
    let memories: Vec<Value> = lines(include_str!("memories.jsonl"))
        .map(|mut one| {
            let age = one["age_days"].as_i64().expect("an age");
            let fields = one.as_object_mut().expect("an object");
            fields.remove("age_days");
            let label = fields.remove("id").expect("a label");
            fields.insert("memory_id".into(), id_of(label.as_str().expect("text")).into());
            fields.insert("agent_id".into(), "claude-1".into());
            fields.insert("agent_type".into(), "claude".into());
            fields.insert("created_at".into(), json!(Time::from_ms(NOON - age * DAY)));
            one
        })
        .collect();
    assert!(memories.len() >= 500, "{} memories", memories.len());
    for some in memories.chunks(400) {
        let answer = person.asks("import_memories", json!({ "memories": some }));
        assert_eq!(fields(&answer)["imported"], some.len(), "{answer:?}");
    }
}

fn ours(person: &Actor<'_>, query: &str) -> Vec<String> {
    let answer = fields(&person.asks("recall", json!({ "query": query, "limit": 10 })));
    let memories = answer["memories"].as_array().expect("a list");
    memories.iter().map(|one| one["memory_id"].as_str().expect("an id").to_owned()).collect()
}

/// What a plain full-text search finds: any of the words, by bm25.
fn bm25(world: &World, query: &str) -> Vec<String> {
    let words: Vec<String> = query
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{word}\""))
        .collect();
    let expression = format!("{{summary lessons tags details}} : ({})", words.join(" OR "));
    ids(
        world,
        "SELECT m.memory_id FROM memory_index JOIN episodic_memories AS m ON m.seq = memory_index.rowid
          WHERE memory_index MATCH ?1 ORDER BY bm25(memory_index) LIMIT 10",
        &[&expression],
    )
}

fn newest(world: &World) -> Vec<String> {
    ids(world, "SELECT memory_id FROM episodic_memories ORDER BY created_at DESC LIMIT 10", &[])
}

fn ids(world: &World, sql: &str, params: &[&String]) -> Vec<String> {
    let params = rusqlite::params_from_iter(params.iter());
    let found = world.service.store().read(|tx| Ok(tx.all(sql, params, |row| row.get(0))?));
    found.expect("the statement is right")
}

fn measure(queries: &[&Labelled], find: impl Fn(&str) -> Vec<String>) -> Measured {
    let (mut recall, mut mrr) = (0.0, 0.0);
    let count = |n: usize| f64::from(u32::try_from(n).expect("few"));
    for one in queries {
        let wanted: Vec<String> = one.wanted.iter().map(|label| id_of(label)).collect();
        let found = find(&one.query);
        let hits = found.iter().take(5).filter(|id| wanted.contains(id)).count();
        recall += count(hits) / count(wanted.len().min(5));
        if let Some(at) = found.iter().take(10).position(|id| wanted.contains(id)) {
            mrr += 1.0 / count(at + 1);
        }
    }
    let all = count(queries.len());
    Measured { recall_at_5: recall / all, mrr: mrr / all }
}

#[test]
fn recall_finds_more_than_plain_bm25_and_than_the_newest() {
    let world = World::new();
    let person = world.person();
    fill(&person);
    let all = queries();
    assert!(all.len() >= 150, "{} queries", all.len());
    let half = |parity| {
        let some = all.iter().enumerate().filter(move |(at, _)| at % 2 == parity);
        some.map(|(_, one)| one).collect::<Vec<_>>()
    };

    for (name, queries) in [("tuning", half(0)), ("held out", half(1))] {
        let ours = measure(&queries, |query| ours(&person, query));
        let bm25 = measure(&queries, |query| bm25(&world, query));
        let newest = measure(&queries, |_| newest(&world));
        println!("{name}: {} queries", queries.len());
        for (way, found) in [("recall", ours), ("bm25", bm25), ("newest", newest)] {
            println!("  {way:8} recall@5 {:.3}  MRR {:.3}", found.recall_at_5, found.mrr);
        }
        assert!(ours.recall_at_5 > bm25.recall_at_5 && ours.mrr > bm25.mrr, "{name}");
        assert!(ours.recall_at_5 > newest.recall_at_5 && ours.mrr > newest.mrr, "{name}");
    }
}
