//! How a claim finds its task: by seeks, however long the queue is.

use coord::store::migrate::{self, STEPS};
use coord::store::{Durability, open};
use coord::work::{CLAIM, CLAIM_BY_CAPABILITY, CLAIM_BY_TYPE};
use rusqlite::{Connection, StatementStatus, named_params};

use super::deed;
use crate::world::World;

fn plan(world: &World, statement: &'static str) -> String {
    let lines = deed(world, move |tx| {
        let sql = format!("EXPLAIN QUERY PLAN {statement}");
        Ok(tx.all(&sql, named_params! { ":project": "p" }, |row| row.get::<_, String>("detail"))?)
    });
    lines.join("\n")
}

#[test]
fn a_claim_is_one_seek_in_the_index_of_what_is_ready() {
    insta::assert_snapshot!(plan(&World::new(), CLAIM), @r"
    SEARCH work_queue USING INDEX sqlite_autoindex_work_queue_1 (task_id=?)
    SCALAR SUBQUERY 2
    SEARCH work_queue USING INDEX work_queue_ready (project=? AND capability_key=?)
    SCALAR SUBQUERY 1
    SEARCH projects USING INDEX sqlite_autoindex_projects_1 (project=?)
    ");
}

#[test]
fn a_claim_among_capabilities_seeks_once_for_each_set_of_them() {
    insta::assert_snapshot!(plan(&World::new(), CLAIM_BY_CAPABILITY), @r"
    SEARCH work_queue USING INDEX sqlite_autoindex_work_queue_1 (task_id=?)
    SCALAR SUBQUERY 3
    SCAN able VIRTUAL TABLE INDEX 1:
    SEARCH head USING INDEX sqlite_autoindex_work_queue_1 (task_id=?)
    CORRELATED SCALAR SUBQUERY 2
    SEARCH first USING INDEX work_queue_ready (project=? AND capability_key=?)
    USE TEMP B-TREE FOR ORDER BY
    SCALAR SUBQUERY 1
    SEARCH projects USING INDEX sqlite_autoindex_projects_1 (project=?)
    ");
}

#[test]
fn a_claim_by_type_seeks_once_for_each_type() {
    insta::assert_snapshot!(plan(&World::new(), CLAIM_BY_TYPE), @r"
    SEARCH work_queue USING INDEX sqlite_autoindex_work_queue_1 (task_id=?)
    SCALAR SUBQUERY 3
    SCAN able VIRTUAL TABLE INDEX 1:
    SCAN kind VIRTUAL TABLE INDEX 1:
    SEARCH head USING INDEX sqlite_autoindex_work_queue_1 (task_id=?)
    CORRELATED SCALAR SUBQUERY 2
    SEARCH first USING INDEX work_queue_ready_by_type (project=? AND capability_key=? AND task_type=?)
    USE TEMP B-TREE FOR ORDER BY
    SCALAR SUBQUERY 1
    SEARCH projects USING INDEX sqlite_autoindex_projects_1 (project=?)
    ");
}

/// A queue of `tasks`, the first half of them blocked and of the highest priority.
fn queue(tasks: i64) -> Connection {
    let database = Connection::open_in_memory().expect("memory is there");
    for (name, sql) in STEPS {
        database.execute_batch(sql).expect(name);
    }
    database
        .execute(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < :tasks)
             INSERT INTO work_queue (task_id, project, seq, task_type, description, priority,
                    status, unmet, run_after, attempt, max_attempts, capability_key,
                    submitted_by, submitted_at, fence)
             SELECT printf('00000000-0000-7000-8000-%012x', n), 'p', n, 'type-' || (n % 3), 'd',
                    CASE WHEN 2 * n <= :tasks THEN 1 ELSE 5 END, 'pending', 2 * n <= :tasks, 0,
                    0, 3, CASE WHEN n % 7 = 0 THEN '[\"gpu\"]' ELSE '[]' END, 'a', 1, 0
               FROM n",
            named_params! { ":tasks": tasks },
        )
        .expect("the rows fit the schema");
    database
}

/// How many steps SQLite's machine takes for ten claims.
fn steps(database: &Connection, sql: &str, more: &[(&str, &str)]) -> i32 {
    let mut claim = database.prepare(sql).expect("the statement fits the schema");
    for _ in 0..10 {
        let parameters = [
            (":project", "p"),
            (":session", "s"),
            (":agent", "a"),
            (":now", "1"),
            (":lease", "900000"),
        ];
        let claimed = claim.query_row(
            parameters.iter().chain(more).copied().collect::<Vec<_>>().as_slice(),
            |row| row.get::<_, i64>("priority"),
        );
        assert_eq!(claimed, Ok(5), "the blocked ones come first, and are passed over");
    }
    claim.get_status(StatementStatus::VmStep)
}

#[test]
fn a_claim_takes_as_many_steps_in_a_long_queue_as_in_a_short_one() {
    let (short, long) = (queue(100), queue(30_000));
    let keys = (":keys", r#"["[\"gpu\"]","[]"]"#);
    let types = (":types", r#"["type-1","type-2"]"#);
    for (sql, more) in [
        (CLAIM, vec![(":key", "[]")]),
        (CLAIM_BY_CAPABILITY, vec![keys]),
        (CLAIM_BY_TYPE, vec![keys, types]),
    ] {
        let (few, many) = (steps(&short, sql, &more), steps(&long, sql, &more));
        assert!(few > 0, "steps are counted");
        assert!(many <= few + few / 10, "{few} steps became {many}");
    }
}

#[test]
fn a_claim_is_planned_once_however_often_it_is_made() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut database = open::writable(&folder.path().join("coord.db"), Durability::Fast)
        .expect("a new database opens");
    migrate::bring_up(&mut database, None).expect("the schema can be made");
    for now in 0..3 {
        let mut claim = database.prepare_cached(CLAIM).expect("the statement fits the schema");
        let parameters = named_params! { ":project": "p", ":session": "s", ":now": now };
        let mut rows = claim.query(parameters).expect("the parameters fit the statement");
        assert!(rows.next().expect("the claim runs").is_none(), "the queue is empty");
        drop(rows);
        assert_eq!(claim.get_status(StatementStatus::RePrepare), 0);
    }
}
