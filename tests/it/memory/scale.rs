//! The stemmer and the index agree; a common word costs no more than a rare one.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use coord::memory::stem::stem;
use coord::memory::words::words;
use rusqlite::Connection;
use serde_json::json;

use crate::world::World;

#[test]
fn the_stemmer_is_that_of_the_index() {
    let text = concat!(
        include_str!("memories.jsonl"),
        include_str!("queries.jsonl"),
        include_str!("../../../src/memory/synonyms.txt"),
        "hopping hoped hoping falling hissing filed sized agreed feed bled sing conflated troubled
         happy sky relational conditional rational valency hesitancy digitizer conformably radically
         differently vilely analogously vietnamization predication operator feudalism decisiveness
         hopefulness callousness formality sensitivity sensibility triplicate formative formalize
         electricity electrical hopeful goodness revival allowance inference airliner gyroscopic
         adjustable defensible irritant replacement adjustment dependent adoption homologous
         communism activate angularity effective bowdlerize probate rate cease controlling roll
         yes by syzygy ions cation ties dies oed aing eed ing ed ies sses s ss yyy"
    );
    let all: BTreeSet<String> = words(text).into_iter().collect();
    assert!(all.len() > 3_000, "{} words", all.len());
    let database = Connection::open_in_memory().expect("memory is there");
    database
        .execute_batch(
            "CREATE VIRTUAL TABLE t USING fts5 (w, tokenize = 'porter unicode61 remove_diacritics 2');
             CREATE VIRTUAL TABLE v USING fts5vocab (t, instance);",
        )
        .expect("it is good SQL");
    let words: Vec<&String> = all.iter().collect();
    for (at, word) in (1_i64..).zip(&words) {
        let row = rusqlite::params![at, word];
        database.execute("INSERT INTO t (rowid, w) VALUES (?1, ?2)", row).expect("it is text");
    }

    let mut found = database.prepare("SELECT doc, term FROM v ORDER BY doc").expect("it is there");
    let rows = found
        .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
        .expect("it can be read");
    let mut checked = 0;
    for row in rows {
        let (at, term) = row.expect("a word and its stem");
        let word = words[usize::try_from(at - 1).expect("rows are counted from 1")];
        assert_eq!(stem(word), term, "{word}");
        checked += 1;
    }
    assert_eq!(checked, words.len(), "each is one word to the index too");
}

/// Ten thousand memories in which every word of the question stands: without bounds on what is
/// read, each would be.
#[test]
fn a_question_of_common_words_reads_no_more_than_one_of_rare_words() {
    const MANY: i64 = 10_000;
    let world = World::new();
    let fill = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
        INSERT INTO episodic_memories (memory_id, seq, project, agent_id, agent_type, session_id,
               event_type, summary, lessons, tags, keywords, norm_key, pinned, created_at)
        SELECT format('00000000-0000-7000-8000-%012d', n), n, 'test/project', 'ann', 'test', 's',
               'error', 'the server had a slow database connection error in test ' || n ||
               iif(n % 5000 = 0, ' quokka', ''), '[]', '[]', '', printf('%064d', n), 0, n
          FROM n";
    let filled = world.service.store().write_blocking(move |tx| Ok(tx.run(fill, [MANY])?));
    assert_eq!(filled.expect("the rows are valid"), 10_000);
    let ann = world.agent("ann");
    let took = |query: &str| {
        let start = Instant::now();
        let found = super::recall(&ann, json!({ "query": query }));
        (found.len(), start.elapsed())
    };
    took("warm up");

    let (rare_found, rare) = took("quokka");
    let (common_found, common) = took("slow database connection error in server test");

    assert_eq!((rare_found, common_found), (2, 10));
    // Reading all ten thousand takes seconds in a build without optimisation.
    assert!(common < rare + Duration::from_millis(900), "rare {rare:?}, common {common:?}");
}
