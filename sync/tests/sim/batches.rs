//! Where batches end, whatever the size of the log.

use coord_sync::batch::{HARD, Limits, USUAL, batch};
use coord_sync::{Logged, Op};
use serde_json::json;

fn row(seq: i64, tx: i64, key: i64, append: bool) -> Logged {
    Logged {
        seq,
        tx,
        hlc: seq,
        table: "t".into(),
        key: format!("[{key}]"),
        op: Op::Update,
        body: Some(json!({ "n": seq })),
        bytes: json!({ "n": seq }).to_string().len(),
        digest: Some("x".into()),
        hash: format!("h{seq}"),
        base: None,
        lineage: None,
        append,
        sealed: false,
        sent: true,
    }
}

/// All batches of a log, each row in a transaction of `together`.
fn batches(rows: &[Logged], limits: Limits) -> Vec<(i64, i64, usize)> {
    let (mut after, mut prev, mut made) = (0, "h0".to_owned(), vec![]);
    while let Some(next) = batch(&prev, &rows[after..], limits, None) {
        assert_eq!(next.prev, prev);
        assert_eq!(next.first, i64::try_from(after).unwrap() + 1, "ranges touch");
        after = usize::try_from(next.last).unwrap();
        prev = next.hash.clone();
        made.push((next.first, next.last, next.changes.len()));
    }
    assert_eq!(after, rows.len(), "which change was forgotten?");
    made
}

#[test]
fn logs_around_the_size_of_a_page_lose_nothing() {
    let page = 10;
    let limits = Limits { changes: page, ..USUAL };
    for size in [0, 1, page - 1, page, page + 1, 2 * page] {
        let rows: Vec<_> =
            (1..=size).map(|seq| row(seq as i64, seq as i64, seq as i64, false)).collect();
        let made = batches(&rows, limits);
        assert_eq!(made.len(), size.div_ceil(page), "{size}");
        assert_eq!(made.iter().map(|batch| batch.2).sum::<usize>(), size);
    }
}

#[test]
fn a_batch_ends_where_a_transaction_ends() {
    // Transactions of 4 rows do not fit a page of 10 evenly.
    let rows: Vec<_> = (1..=40).map(|seq| row(seq, (seq - 1) / 4, seq, false)).collect();
    let made = batches(&rows, Limits { changes: 10, ..USUAL });
    assert!(made.iter().all(|batch| batch.1 % 4 == 0), "{made:?}");
    // One that is larger than a page goes whole.
    let rows: Vec<_> = (1..=700).map(|seq| row(seq, 1, seq, false)).collect();
    assert_eq!(batches(&rows, USUAL), [(1, 700, 700)]);
    // Unless the mirror could not take it.
    let rows: Vec<_> = (1..=12_000).map(|seq| row(seq, 1, seq, false)).collect();
    assert!(batches(&rows, USUAL).iter().all(|batch| batch.2 <= HARD.changes));
}

#[test]
fn only_the_last_image_of_a_row_is_sent_but_every_row_that_never_changes() {
    let mut rows: Vec<_> = (1..=30).map(|seq| row(seq, seq, seq % 3, false)).collect();
    rows[3].op = Op::Put;
    let one = batch("h0", &rows, USUAL, None).unwrap();
    let sent: Vec<_> = one.changes.iter().map(|change| (change.seq, change.op)).collect();
    assert_eq!(sent, [(28, "i"), (29, "u"), (30, "u")]);
    let rows: Vec<_> = (1..=30).map(|seq| row(seq, seq, seq % 3, true)).collect();
    assert_eq!(batch("h0", &rows, USUAL, None).unwrap().changes.len(), 30);
}

#[test]
fn a_row_of_any_size_goes_alone_and_small_ones_in_company() {
    let mut rows: Vec<_> = (1..=4).map(|seq| row(seq, seq, seq, false)).collect();
    rows[1].body = Some(json!({ "n": "x".repeat(3 << 20) }));
    rows[1].bytes = 3 << 20;
    assert_eq!(batches(&rows, USUAL), [(1, 1, 1), (2, 2, 1), (3, 4, 2)]);
}

#[test]
fn weeks_of_changes_of_a_row_cost_one_row() {
    let rows: Vec<_> = (1..=500).map(|seq| row(seq, seq, 1, false)).collect();
    let one = batch("h0", &rows, USUAL, None).unwrap();
    assert_eq!((one.last, one.changes.len()), (500, 1));
}
