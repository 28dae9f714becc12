//! What the arbiter has told of a project's locks, so that the next look asks for what has changed since.
//!
//! - The arbiter says with each answer how many locks there are and the sum of what names their grants. If that is not
//!   what was put together here, whatever the reason, the next look asks for everything.
//!
//! Not here: the rows of other machines' locks (`elsewhere`).

use std::collections::HashMap;

use serde_json::Value;

use super::answer::{list, text};

/// A path's key, a device, a session.
type Name = (String, String, String);

/// The grants that were told, each with the number that names it.
#[derive(Default)]
pub(super) struct Told(HashMap<Name, i64>);

impl Told {
    /// Takes over a list or differences; false if that leaves something out.
    pub fn take(&mut self, told: &Value) -> bool {
        if is_whole(told) {
            self.0.clear();
        }
        for (key, device, session) in gone(told) {
            self.0.remove(&(key, device, session));
        }
        for lock in list(told, "locks") {
            let of = |field: &str| text(&lock, field).to_owned();
            let named = text(&lock, "h").parse().unwrap_or_default();
            self.0.insert((of("k"), of("device"), of("session")), named);
        }
        self.adds_up(told)
    }

    /// Whether the count and the sum of an answer are those of what was put together here.
    pub fn adds_up(&self, told: &Value) -> bool {
        // An arbiter of an earlier version tells everything, and neither of these.
        let Some(count) = told["count"].as_u64() else { return true };
        let sum: i128 = self.0.values().map(|named| i128::from(*named)).sum();
        u64::try_from(self.0.len()) == Ok(count) && text(told, "sum").parse() == Ok(sum)
    }

    /// How many grants are of other devices.
    pub fn beyond(&self, device: &str) -> usize {
        self.0.keys().filter(|(_, of, _)| of != device).count()
    }
}

/// Whether an answer has everything that is held, and not what has changed.
pub(super) fn is_whole(told: &Value) -> bool {
    told["since"].is_null()
}

/// What has ended: key, device, session.
pub(super) fn gone(told: &Value) -> impl Iterator<Item = Name> {
    list(told, "gone").into_iter().map(|gone| {
        let at = |place: usize| gone[place].as_str().unwrap_or_default().to_owned();
        (at(0), at(1), at(2))
    })
}
