//! What was acknowledged in a story, and therefore must be true in its end.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::fleet::Machine;
use super::super::picture;

/// Something that was acknowledged: a row of everybody, and what it must look like.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    pub table: &'static str,
    pub id: String,
    /// A memory that must be forgotten.
    pub forgotten: bool,
}

impl Fact {
    /// Whether a row with that id says so.
    pub fn holds(&self, row: Option<&Value>) -> bool {
        row.is_some_and(|row| !self.forgotten || !row["forgotten_at"].is_null())
    }
}

#[derive(Default)]
pub struct Told {
    pub facts: BTreeSet<Fact>,
    /// Tasks by the machine on which they were submitted.
    pub tasks: BTreeSet<(usize, String)>,
    /// The last fence of a path, by machine.
    fences: BTreeMap<(usize, String), i64>,
    /// What the last removal of a host was made on, by machine.
    gone: BTreeMap<(usize, String), String>,
    /// What each change of a host was made on.
    made_on: BTreeMap<String, Vec<String>>,
    marks: usize,
}

impl Told {
    /// A lock was granted: its fence is above all before.
    pub fn fence(&mut self, machine: usize, path: &str, fence: i64) {
        let last = self.fences.insert((machine, path.to_owned()), fence).unwrap_or(0);
        assert!(fence > last, "machine {machine}, {path}: fence {fence} after {last}");
    }

    /// An older state directory does not know the fences that were given since.
    pub fn forget_fences(&mut self, machine: usize) {
        self.fences.retain(|(at, _), _| *at != machine);
    }

    /// A name for a change of a host that is made on `before`, or on its removal.
    pub fn mark(&mut self, machine: usize, host: &str, before: Option<String>) -> String {
        self.marks += 1;
        let mark = format!("m{}", self.marks);
        let before = before.or_else(|| self.gone.remove(&(machine, host.to_owned())));
        self.made_on.insert(mark.clone(), before.into_iter().collect());
        mark
    }

    /// A host that was there by `before` was removed: whoever adds it again there knew of that.
    pub fn removed(&mut self, machine: usize, host: &str, before: Option<String>) {
        if let Some(before) = before {
            self.gone.insert((machine, host.to_owned()), before);
        }
    }

    /// A person saw `seen` and let `mark` stand all the same.
    pub fn preferred(&mut self, mark: &str, seen: &str) {
        self.made_on.entry(mark.to_owned()).or_default().push(seen.to_owned());
    }

    /// Whether whoever made the change `mark` knew of `before`.
    pub fn knew(&self, mark: &str, before: &str) -> bool {
        let (mut to_see, mut seen) = (vec![mark], BTreeSet::new());
        while let Some(mark) = to_see.pop() {
            if mark == before {
                return true;
            }
            if seen.insert(mark) {
                to_see.extend(self.made_on.get(mark).into_iter().flatten().map(String::as_str));
            }
        }
        false
    }

    /// Something was put back: only what somebody still has can be asked for.
    pub fn keep_what_is_known(&mut self, machines: &[Machine], mirror: &BTreeMap<String, Value>) {
        let pictures: Vec<_> =
            machines.iter().map(|machine| picture::take(machine.store())).collect();
        self.facts.retain(|fact| {
            let key = (fact.table.to_owned(), format!("[\"{}\"]", fact.id));
            let mut rows = pictures.iter().map(|picture| picture.get(&key));
            rows.any(|row| fact.holds(row)) || fact.holds(mirror.get(&fact.id))
        });
        self.tasks.retain(|(at, id)| {
            let key = ("work_queue".to_owned(), format!("[\"{id}\"]"));
            pictures[*at].contains_key(&key)
        });
    }
}
