//! Many threads on one store: nothing is granted twice.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::{acquire, fence, field, release};
use crate::world::World;

const THREADS: usize = 16;
const PATHS: usize = 8;
const ROUNDS: usize = 40;

#[test]
fn no_path_is_ever_granted_twice_however_many_ask() {
    let world = World::new();
    let owners: [AtomicUsize; PATHS] = Default::default();
    let fences: Mutex<BTreeMap<usize, i64>> = Mutex::default();
    let grants = AtomicUsize::new(0);

    std::thread::scope(|scope| {
        for me in 1..=THREADS {
            let (world, owners, fences, grants) = (&world, &owners, &fences, &grants);
            scope.spawn(move || {
                let agent = world.agent(&format!("agent-{me}"));
                for round in 0..ROUNDS {
                    let first = (me * 7 + round * 3) % PATHS;
                    // Every third call wants two paths at once.
                    let wanted =
                        if round % 3 == 0 { vec![first, (first + 1) % PATHS] } else { vec![first] };
                    let names: Vec<String> =
                        wanted.iter().map(|path| format!("hot/{path}.rs")).collect();
                    let asked = json!({ "file_paths": names, "wait_seconds": 50 });
                    let answer = acquire(&agent, asked);
                    assert!(answer.success(), "waiting ends well: {}", answer.flat());
                    for path in &wanted {
                        let before = owners[*path].swap(me, Ordering::SeqCst);
                        assert_eq!(before, 0, "{path} was granted to {me} while {before} held it");
                        let mut fences = fences.lock().expect("nobody panicked");
                        let last = fences.insert(*path, fence(&answer));
                        assert!(last.is_none_or(|last| last < fence(&answer)), "fences rise");
                    }
                    grants.fetch_add(1, Ordering::SeqCst);
                    for path in &wanted {
                        owners[*path].store(0, Ordering::SeqCst);
                    }
                    for name in names {
                        assert!(release(&agent, &name).success());
                    }
                }
            });
        }
    });

    assert_eq!(grants.load(Ordering::SeqCst), THREADS * ROUNDS, "everybody had every turn");
    assert_eq!(world.waiting(), 0);
    assert_eq!(field(&world.agent("x").asks("check_locks", json!({})), "locks"), json!([]));
}
