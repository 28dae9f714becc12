//! What to do after an answer of the mirror.
//!
//! Pure: what was sent, how far the log reaches and the answer decide, never a clock.

use crate::batch::Batch;
use crate::journal::State;
use crate::wire::{Cursor, Head, Page, Pulled, Pushed, Reject};

/// What follows a push.
#[derive(Clone, Debug, PartialEq)]
pub enum AfterPush {
    /// The mirror has everything up to here.
    Acknowledge {
        /// The last change it has.
        seq: i64,
        /// What it did not take.
        refused: Vec<Reject>,
    },
    /// The mirror has more than was sent: an answer was lost. The same range once more,
    /// up to here, so that both sides compare their hashes.
    Resend {
        /// Where the range ends.
        through: i64,
    },
    /// The mirror has less than it once had.
    Rewind {
        /// The last change it has.
        seq: i64,
    },
    /// Two histories under one name: this device takes another.
    Fork(&'static str),
    /// Nothing can be sent until somebody updates.
    Upgrade(Upgrade),
    /// The answer contradicts itself.
    Nonsense(&'static str),
}

/// Who has to be updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upgrade {
    /// This program.
    Client,
    /// The mirror, by its migrations.
    Server,
}

/// Decides about the answer to a batch; `newest` is the end of the log.
#[must_use]
pub fn after_push(sent: &Batch, newest: i64, answer: Pushed) -> AfterPush {
    match answer {
        Pushed::Ok { acked, rejects, .. } if acked == sent.last => {
            AfterPush::Acknowledge { seq: acked, refused: rejects }
        }
        Pushed::Duplicate { acked, rejects, .. } if acked == sent.last => {
            AfterPush::Acknowledge { seq: acked, refused: rejects }
        }
        Pushed::Duplicate { acked, .. } if acked > sent.last => known_up_to(acked, newest),
        Pushed::Gap { expected } if expected > sent.first => known_up_to(expected - 1, newest),
        Pushed::Gap { expected } if expected >= 1 && expected < sent.first => {
            AfterPush::Rewind { seq: expected - 1 }
        }
        Pushed::Forked {} => AfterPush::Fork("the mirror knows another history of this device"),
        Pushed::UpgradeClient {} => AfterPush::Upgrade(Upgrade::Client),
        Pushed::UpgradeServer { .. } => AfterPush::Upgrade(Upgrade::Server),
        Pushed::Ok { .. } | Pushed::Duplicate { .. } => {
            AfterPush::Nonsense("it acknowledged less than it took")
        }
        Pushed::Gap { .. } => AfterPush::Nonsense("it expects what it was sent"),
    }
}

fn known_up_to(seq: i64, newest: i64) -> AfterPush {
    if seq <= newest {
        AfterPush::Resend { through: seq }
    } else {
        AfterPush::Fork("the mirror has changes of this device that it does not have itself")
    }
}

/// Decides about what the mirror says it has; `ours` is this log's hash at that place.
#[must_use]
pub fn after_head(state: &State, head: &Head, ours: Option<&str>) -> AfterPush {
    if head.acked > state.newest {
        return known_up_to(head.acked, state.newest);
    }
    match ours {
        Some(hash) if hash != head.hash => {
            AfterPush::Fork("the mirror knows another history of this device")
        }
        _ if head.acked < state.acked => AfterPush::Rewind { seq: head.acked },
        _ if head.acked > state.acked => AfterPush::Resend { through: head.acked },
        _ => AfterPush::Acknowledge { seq: state.acked, refused: Vec::new() },
    }
}

/// What follows a pull.
#[derive(Clone, Debug, PartialEq)]
pub enum AfterPull {
    /// Rows to apply, and whether to ask for more at once.
    Apply(Page),
    /// Nothing is new.
    Nothing,
    /// All rows must be fetched.
    Snapshot(String),
    /// Nothing can be exchanged until somebody updates.
    Upgrade(Upgrade),
    /// The answer contradicts itself.
    Nonsense(&'static str),
}

/// Decides about a page asked for from `cursor` on.
#[must_use]
pub fn after_pull(cursor: &Cursor, answer: Pulled) -> AfterPull {
    match answer {
        Pulled::Resnapshot { why } => AfterPull::Snapshot(why),
        Pulled::UpgradeClient {} => AfterPull::Upgrade(Upgrade::Client),
        Pulled::UpgradeServer { .. } => AfterPull::Upgrade(Upgrade::Server),
        Pulled::Ok(page) if !is_in_order(cursor, &page) => {
            AfterPull::Nonsense("positions do not rise")
        }
        Pulled::Ok(page) if page.changes.is_empty() && page.cursor == *cursor => {
            if page.more {
                AfterPull::Nonsense("more, but not further")
            } else {
                AfterPull::Nothing
            }
        }
        Pulled::Ok(page) => AfterPull::Apply(page),
    }
}

/// Positions rise from the cursor to the page's own.
fn is_in_order(cursor: &Cursor, page: &Page) -> bool {
    let positions = page.changes.iter().map(|change| change.position);
    let line: Vec<i64> = std::iter::once(cursor.position).chain(positions).collect();
    line.windows(2).all(|pair| pair[0] < pair[1])
        && line.last().is_some_and(|last| *last <= page.cursor.position)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent() -> Batch {
        Batch { first: 81, last: 90, prev: String::new(), hash: String::new(), changes: vec![] }
    }

    #[test]
    fn each_answer_to_a_push_has_one_consequence() {
        let ok = |acked| Pushed::Ok { acked, rejects: vec![], quarantined: None };
        let duplicate = |acked| Pushed::Duplicate { acked, rejects: vec![], quarantined: None };
        let acknowledged = AfterPush::Acknowledge { seq: 90, refused: vec![] };
        let cases = [
            (ok(90), Some(acknowledged.clone())),
            (ok(91), None),
            (duplicate(90), Some(acknowledged)),
            (duplicate(95), Some(AfterPush::Resend { through: 95 })),
            (duplicate(89), None),
            (Pushed::Gap { expected: 86 }, Some(AfterPush::Resend { through: 85 })),
            (Pushed::Gap { expected: 81 }, None),
            (Pushed::Gap { expected: 41 }, Some(AfterPush::Rewind { seq: 40 })),
            (Pushed::Gap { expected: 1 }, Some(AfterPush::Rewind { seq: 0 })),
            (Pushed::Gap { expected: 0 }, None),
            (Pushed::UpgradeClient {}, Some(AfterPush::Upgrade(Upgrade::Client))),
            (Pushed::UpgradeServer { schema: 3 }, Some(AfterPush::Upgrade(Upgrade::Server))),
        ];
        for (answer, wanted) in cases {
            let got = after_push(&sent(), 100, answer.clone());
            match wanted {
                Some(wanted) => assert_eq!(got, wanted, "{answer:?}"),
                None => assert!(matches!(got, AfterPush::Nonsense(_)), "{answer:?}: {got:?}"),
            }
        }
        for answer in [duplicate(101), Pushed::Gap { expected: 102 }, Pushed::Forked {}] {
            assert!(matches!(after_push(&sent(), 100, answer), AfterPush::Fork(_)));
        }
    }

    #[test]
    fn a_page_that_does_not_go_forward_is_nonsense() {
        let page = |positions: &[i64], end: i64, more| {
            Pulled::Ok(Page {
                changes: positions.iter().map(|position| change(*position)).collect(),
                cursor: Cursor { position: end, device: None, seq: None },
                more,
                head: end,
            })
        };
        let cursor = Cursor { position: 5, device: None, seq: None };
        for bad in [
            page(&[5], 6, false),
            page(&[7, 6], 8, false),
            page(&[6], 5, false),
            page(&[], 5, true),
            page(&[], 4, false),
        ] {
            assert!(matches!(after_pull(&cursor, bad.clone()), AfterPull::Nonsense(_)), "{bad:?}");
        }
        assert_eq!(after_pull(&cursor, page(&[], 5, false)), AfterPull::Nothing);
        assert!(matches!(after_pull(&cursor, page(&[6, 9], 9, true)), AfterPull::Apply(_)));
        assert!(matches!(after_pull(&cursor, page(&[], 7, false)), AfterPull::Apply(_)));
    }

    fn change(position: i64) -> crate::wire::Change {
        let change = serde_json::json!({
            "p": position, "d": "x", "t": "t", "k": "[1]", "o": "i", "h": "1", "v": {},
        });
        serde_json::from_value(change).unwrap()
    }
}
