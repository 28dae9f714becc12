//! The watcher: sees within a second that a file has changed which somebody holds.
//!
//! - It is there while there are locks, and watches no more than what they cover: its
//!   cost grows with the locks, not with the repository.
//! - What an event says is not believed: the file itself is looked at, and its own clock
//!   tells when it changed.
//! - What git ignores, git's own folder and other repositories inside are left out.
//!
//! Not here: whether a change is a breach (`breaches`).

mod eyes;
mod plan;
mod sieve;
mod stamp;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::Daemon;
use crate::breaches::{self, Change, Sight, Watching};
use crate::failure::Outcome;
use crate::locks;
use crate::repo::{Git, Repo};
use crate::service;
use crate::store::{Topic, Topics};
use crate::time::Time;
use eyes::Eyes;
use plan::Plan;
use sieve::{Caught, Sieve};
use stamp::Stamp;

/// Changes that come within this time are looked at together.
const GATHER: Duration = Duration::from_millis(50);
/// Looks at files below folders that are remembered, so that one change is one.
const SEEN_MAX: usize = 8_192;

/// Follows the locks and whatever happens to what they cover, until the daemon stops.
pub async fn run(daemon: Arc<Daemon>) {
    let mut news = daemon.service.store().news().follow();
    let stop = daemon.stop.clone();
    let mut watch = Watch::of(daemon);
    loop {
        let tired = watch.look_around();
        tokio::select! {
            () = stop.cancelled() => return,
            open = locks_changed(&mut news) => if !open { return },
            () = super::workers::at_last(tired) => {}
            () = watch.sieve.rings() => {
                tokio::time::sleep(GATHER).await;
                watch.judge().await;
            }
        }
    }
}

/// Waits until locks have changed; false when the store is closed.
async fn locks_changed(news: &mut Receiver<Topics>) -> bool {
    loop {
        let topics = match news.recv().await {
            Ok(topics) => topics,
            Err(RecvError::Lagged(_)) => Topics::all(),
            Err(RecvError::Closed) => return false,
        };
        if topics.has(Topic::Locks) {
            tokio::time::sleep(GATHER).await;
            *news = news.resubscribe();
            return true;
        }
    }
}

struct Watch {
    daemon: Arc<Daemon>,
    sieve: Arc<Sieve>,
    eyes: Eyes,
    plan: Plan,
    /// How held files looked when they were last judged; `None` where there was none.
    seen: HashMap<PathBuf, Option<Stamp>>,
}

impl Watch {
    fn of(daemon: Arc<Daemon>) -> Self {
        let sieve = Arc::new(Sieve::default());
        let eyes = Eyes::over(Arc::clone(&sieve));
        Self { daemon, sieve, eyes, plan: Plan::default(), seen: HashMap::new() }
    }

    /// Watches what is held now; returns when to look again, to stop watching what is
    /// not held any more.
    fn look_around(&mut self) -> Option<Duration> {
        tokio::task::block_in_place(|| {
            let (store, now) = (self.daemon.service.store(), self.daemon.service.clock().now());
            match store.read(|tx| locks::everywhere(tx, now)) {
                Ok(locks) => self.plan.follow(&locks),
                Err(failure) => tracing::warn!("the locks to watch could not be read: {failure}"),
            }
            self.sieve.let_through(self.plan.interest());
            let tired = self.eyes.turn_to(&self.plan.folders());
            let sight = Sight {
                held: self.plan.held(),
                folders: self.eyes.count(),
                trouble: self.eyes.trouble(),
            };
            store.kept::<Watching>().set(sight);
            self.first_look();
            tired
        })
    }

    /// Notes how newly held files look; what changed between its lock and now is judged.
    fn first_look(&mut self) {
        let (plan, full) = (&self.plan, self.seen.len() > SEEN_MAX);
        self.seen
            .retain(|path, _| plan.files().contains_key(path) || (!full && plan.is_in_tree(path)));
        for (path, since) in plan.files() {
            if self.seen.contains_key(path) {
                continue;
            }
            let stamp = Stamp::of(path);
            if stamp.is_some_and(|stamp| stamp.changed_at() > *since) {
                self.sieve.put(path.clone());
            } else {
                self.seen.insert(path.clone(), stamp);
            }
        }
    }

    async fn judge(&mut self) {
        let caught = self.sieve.take();
        let changes = tokio::task::block_in_place(|| self.changed(&caught));
        for (path, at, gone) in changes {
            if let Err(failure) = self.judge_one(&path, at, gone).await {
                tracing::warn!("a change could not be judged: {failure}");
            }
        }
    }

    /// The files that are not as they were when they were last looked at, since when,
    /// and whether they are gone.
    fn changed(&mut self, caught: &Caught) -> Vec<(PathBuf, Time, bool)> {
        let mut all: HashMap<PathBuf, Time> = HashMap::new();
        for (path, at) in &caught.paths {
            for file in self.plan.files_at(path, &mut self.eyes) {
                all.insert(file, *at);
            }
        }
        if caught.blind {
            tracing::warn!("changes came too fast to be told one by one; held files are looked at");
            self.plan.forget_trees();
            let now = self.daemon.service.clock().now();
            all.extend(self.plan.files().keys().map(|path| (path.clone(), now)));
        }
        let mut changed = Vec::new();
        for (path, noticed) in all {
            let stamp = Stamp::of(&path);
            if self.seen.insert(path.clone(), stamp) == Some(stamp) {
                continue;
            }
            let at = stamp.map_or_else(|| stamp::left_at(&path, noticed), Stamp::changed_at);
            changed.push((path, at, stamp.is_none()));
        }
        changed
    }

    async fn judge_one(&self, path: &Path, at: Time, gone: bool) -> Outcome<()> {
        let Some((root, project)) = self.plan.worktree_of(path) else { return Ok(()) };
        let repo = self.daemon.repo_at(root).await;
        if repo.root != root {
            return Ok(());
        }
        let Some(target) = path.to_str().and_then(|path| repo.resolve_file(path).ok()) else {
            return Ok(());
        };
        let (project, worktree) = (project.to_owned(), root.to_string_lossy().into_owned());
        let change = Change { project, worktree, target, at, gone };
        let (store, now) = (self.daemon.service.store(), self.daemon.service.clock().now());
        let found = tokio::task::block_in_place(|| -> Outcome<_> {
            let found = store.read(|tx| breaches::judge(tx, &change, now))?;
            Ok(found.filter(|_| self.matters(&repo, path, &change)))
        })?;
        let Some(found) = found else { return Ok(()) };
        let keep = move |tx: &crate::store::Tx<'_>| {
            if let Some(breach) = breaches::record(tx, &change, &found)? {
                let (path, holder) = (&breach.path, &breach.holder);
                tracing::warn!(path, holder, suspect = breach.suspect, "a held file was changed");
                service::record_own_in(tx, Some(&change.project), "breach", json!(breach), now)?;
            }
            Ok(())
        };
        store.write(keep).await
    }

    /// Whether the file is one that locks are for. Starts git.
    fn matters(&self, repo: &Repo, path: &Path, change: &Change) -> bool {
        let git = Git::default();
        if repo.nested(&change.target).is_some() || repo.is_ignored(&git, path) {
            return false;
        }
        // A passing file in a held folder was an editor's or a compiler's own.
        self.plan.files().contains_key(path) || !change.gone || repo.is_tracked(&git, path)
    }
}
