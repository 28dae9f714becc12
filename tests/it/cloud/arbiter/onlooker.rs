//! What really happened, as an onlooker sees it who is not asked by anybody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Who writes and works, in the order of real time.
#[derive(Default)]
pub struct Onlooker {
    /// Who is writing to a path.
    writing: Mutex<BTreeMap<String, String>>,
    fences: Mutex<BTreeMap<String, i64>>,
    /// Who works on a task.
    working: Mutex<BTreeMap<String, String>>,
    done: Mutex<BTreeSet<String>>,
    grants: AtomicUsize,
}

impl Onlooker {
    /// Somebody was granted a path and begins to write.
    pub fn enter(&self, path: &str, who: &str, fence: i64) {
        let before = self.writing.lock().expect("nobody panicked").insert(path.into(), who.into());
        assert_eq!(before, None, "{who} was granted {path}");
        let mut fences = self.fences.lock().expect("nobody panicked");
        let last = fences.insert(path.into(), fence).unwrap_or_default();
        assert!(last < fence, "{path}: fence {last}, then {fence}");
        self.grants.fetch_add(1, Ordering::AcqRel);
    }

    /// It has written, and is about to let go.
    pub fn leave(&self, path: &str) {
        self.writing.lock().expect("nobody panicked").remove(path);
    }

    /// Somebody was given a task.
    pub fn begin(&self, task: &str, who: &str) {
        let before = self.working.lock().expect("nobody panicked").insert(task.into(), who.into());
        assert_eq!(before, None, "{who} was given {task}");
        assert!(!self.done.lock().expect("nobody panicked").contains(task), "{task} was done");
    }

    /// It was told that the task is completed.
    pub fn end(&self, task: &str) {
        self.done.lock().expect("nobody panicked").insert(task.into());
        self.working.lock().expect("nobody panicked").remove(task);
    }

    /// How many tasks are done.
    pub fn done(&self) -> usize {
        self.done.lock().expect("nobody panicked").len()
    }

    /// How often a path was granted.
    pub fn grants(&self) -> usize {
        self.grants.load(Ordering::Acquire)
    }
}
