//! The audit log as a table, and the walk over its chain.

use coord::audit::{Row, Rows, chain};
use coord::cli::audit;
use coord::cli::audit::verify::{self, Verdict};
use coord::time::MINUTE;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::views::{NOON, plain};

#[test]
fn the_audit_is_read_from_top_to_bottom() {
    let entry = |seq: i64, operation: &str, code: Option<&str>, arguments: Value| {
        json!({
            "seq": seq, "at": "2026-01-01T11:58:00Z", "agent_id": "claude-1",
            "operation": operation, "success": code.is_none(), "code": code,
            "arguments": arguments,
        })
    };
    let reply = json!({
        "entries": [
            entry(12, "acquire_lock", Some("locked_by_other"), json!({ "file_path": "src/main.rs" })),
            entry(11, "get_work", None, json!({})),
        ],
        "next_cursor": "11",
    });
    assert_snapshot!(plain(&audit::show::entries(&reply, NOON)), @r"
    #   when       who       what          came to          with
    11  2 min ago  claude-1  get_work      done
    12  2 min ago  claude-1  acquire_lock  locked_by_other  file_path=src/main.rs
    There are older ones: --cursor 11
    ");
}

/// A chain of `n` rows.
fn rows(n: i64) -> Vec<Row> {
    let mut before = chain::GENESIS.to_owned();
    let make = |seq| {
        let mut row = Row {
            seq,
            at: NOON.plus(seq * MINUTE),
            project: None,
            agent_id: "ann".into(),
            agent_type: "test".into(),
            session_id: "s".into(),
            operation: "acquire_lock".into(),
            arguments: "{}".into(),
            success: true,
            code: None,
            result: "{}".into(),
            request_key: None,
            hash: String::new(),
        };
        row.hash = chain::hash(&before, &row);
        before.clone_from(&row.hash);
        row
    };
    (1..=n).map(make).collect()
}

fn walked(rows: &[Row], last: i64) -> Verdict {
    let mut verdict = Verdict::default();
    let page = Rows {
        rows: Vec::new(),
        after: 0,
        hash: Some(chain::GENESIS.into()),
        last,
        seals: Vec::new(),
    };
    verdict.take_start(&page);
    verdict.take_rows(rows, last);
    if verdict.broken.is_none() {
        verdict.take_rows(&[], last);
    }
    verdict
}

#[test]
fn a_whole_chain_holds_and_says_where_it_ends() {
    let rows = rows(3);
    let verdict = walked(&rows, 3);
    assert_eq!((verdict.seq, &verdict.broken), (3, &None));
    assert_eq!(verdict.head, rows[2].hash);
    assert!(plain(&verify::show(&verdict)).starts_with("The chain holds: 3 rows."));
}

#[test]
fn a_row_that_was_changed_dropped_or_cut_off_is_named() {
    let mut changed = rows(4);
    changed[1].agent_id = "eve".into();
    assert_eq!(walked(&changed, 4).broken.map(|(seq, _)| seq), Some(2));

    let mut dropped = rows(4);
    dropped.remove(2);
    assert_eq!(walked(&dropped, 4).broken.map(|(seq, _)| seq), Some(3));

    let cut_off = walked(&rows(4)[..3], 4);
    assert_eq!(cut_off.broken.as_ref().map(|(seq, _)| *seq), Some(4));
    assert_snapshot!(plain(&verify::show(&cut_off)), @r"
    The chain breaks at row 4: the rows up to 4 are missing
    3 rows before it fit. Keep the database as it is and compare it with a copy:
    `coord restore` lists the copies.
    ");
}

#[test]
fn times_are_taken_as_people_write_them() {
    let cases = [
        ("90s", NOON.plus(-90_000)),
        ("30min", NOON.plus(-30 * MINUTE)),
        ("2h ago", NOON.plus(-120 * MINUTE)),
        ("7d", NOON.plus(-7 * 1_440 * MINUTE)),
        ("2026-01-01T11:00:00Z", NOON.plus(-60 * MINUTE)),
    ];
    for (text, at) in cases {
        assert_eq!(audit::point(text, NOON).expect(text), at, "{text}");
    }
    for wrong in ["", "5x", "yesterday", "h"] {
        audit::point(wrong, NOON).expect_err(wrong);
    }
}
