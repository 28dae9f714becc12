//! A device's store in memory, with the rules that the coordinator's has.

use std::cell::RefCell;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash as _, Hasher as _};
use std::rc::Rc;

use anyhow::bail;
use coord_sync::journal::Result;
use coord_sync::wire::{Cursor, Digests, Page, Reject, Snapshot};
use coord_sync::{Identity, Journal, Logged, Op, State};
use serde_json::Value;

use super::marks::{mark, sums};
use super::model::{Key, ZEROS, digest};

#[derive(Clone, Debug, Default)]
pub struct Store {
    pub device: String,
    pub token: String,
    pub log: Vec<Logged>,
    pub acked: i64,
    pub cursor: Cursor,
    /// `locks`, `notes` and `rules` as they are here.
    pub rows: BTreeMap<Key, Value>,
    pub audit: Vec<Value>,
    /// Revision and hybrid time agreed upon.
    pub known: BTreeMap<Key, (i64, i64)>,
    pub peers: BTreeMap<(String, Key), Value>,
    pub aside: Vec<Reject>,
    pub skipped: BTreeSet<i64>,
    pub fork: Option<String>,
    pub resnapshot: Option<String>,
    pub export: Option<Vec<Key>>,
    pub candidate: Option<String>,
    pub clock: i64,
    pub names: u64,
    pub seen: BTreeSet<(String, Key)>,
    /// Calls until the store fails once; or does it, and the process ends before it hears of it.
    pub fails_in: Option<(u32, bool)>,
}

#[derive(Clone)]
pub struct Device(pub Rc<RefCell<Store>>);

impl Store {
    /// One transaction of a few changes; `None` deletes.
    pub fn change(&mut self, tx: i64, key: Key, body: Option<Value>) {
        let op = match (&body, self.rows.contains_key(&key)) {
            (None, _) => Op::Delete,
            (_, true) => Op::Update,
            _ => Op::Put,
        };
        match &body {
            Some(body) => drop(self.rows.insert(key.clone(), body.clone())),
            None => drop(self.rows.remove(&key)),
        }
        self.clock += 1;
        self.append(tx, key, op, body, self.clock);
    }

    pub fn note(&mut self, tx: i64, body: Value) {
        self.audit.push(body.clone());
        let key = ("audit".to_owned(), format!("[{}]", self.audit.len()));
        self.clock += 1;
        self.append(tx, key, Op::Put, Some(body), self.clock);
    }

    fn append(&mut self, tx: i64, key: Key, op: Op, body: Option<Value>, hlc: i64) {
        let prev = self.log.last().map_or(ZEROS, |row| row.hash.as_str());
        let seq = self.newest() + 1;
        let mut hasher = DefaultHasher::new();
        (prev, seq, &key, format!("{op:?}{body:?}"), hlc).hash(&mut hasher);
        let hash = format!("{:064x}", hasher.finish());
        self.log.push(Logged {
            seq,
            tx,
            hlc,
            append: key.0 == "audit",
            digest: body.as_ref().map(mark),
            bytes: body.as_ref().map_or(0, |body| body.to_string().len()),
            table: key.0,
            key: key.1,
            op,
            body,
            hash,
            base: None,
            lineage: None,
            sealed: false,
            sent: true,
        });
    }

    pub fn newest(&self) -> i64 {
        i64::try_from(self.log.len()).unwrap()
    }

    fn pending(&self, key: &Key) -> bool {
        let rows = self.log.iter().filter(|row| row.seq > self.acked);
        rows.into_iter().any(|row| row.table == key.0 && row.key == key.1)
    }

    /// A row of the mirror.
    fn receive(&mut self, device: &str, key: Key, hlc: i64, revision: i64, body: Option<Value>) {
        if key.0 == "locks" {
            if device != self.device {
                match body {
                    Some(body) => drop(self.peers.insert((device.into(), key), body)),
                    None => drop(self.peers.remove(&(device.into(), key))),
                }
            }
            return;
        }
        if self.pending(&key) {
            return;
        }
        // Remote time is time that has passed.
        self.clock = self.clock.max(hlc);
        self.known.insert(key.clone(), (revision, hlc));
        match body {
            Some(body) => drop(self.rows.insert(key, body)),
            None => drop(self.rows.remove(&key)),
        }
    }

    fn may_fail(&mut self) -> Result<()> {
        match self.fails_in.as_mut() {
            Some((0, false)) => {
                self.fails_in = None;
                bail!("the process was killed here");
            }
            Some((left, _)) => *left = left.saturating_sub(1),
            None => {}
        }
        Ok(())
    }

    fn is_heard(&mut self) -> Result<()> {
        if self.fails_in == Some((0, true)) {
            self.fails_in = None;
            bail!("the process was killed here, after all was done");
        }
        Ok(())
    }
}

impl Journal for Device {
    fn state(&self) -> Result<State> {
        let store = self.0.borrow();
        Ok(State {
            device: store.device.clone(),
            acked: store.acked,
            acked_hash: self.hash_at(store.acked)?.unwrap(),
            newest: store.newest(),
            cursor: store.cursor.clone(),
            exporting: store.export.is_some(),
            fork: store.fork.clone(),
            resnapshot: store.resnapshot.clone(),
            paused: false,
        })
    }

    fn read(&self, after: i64, most: usize, bytes: usize) -> Result<Vec<Logged>> {
        let store = self.0.borrow();
        let mut left = bytes;
        let rows = store.log.iter().filter(|row| row.seq > after).take(most).cloned();
        let rows = rows.take_while(|row| {
            let fits = left > 0;
            left = left.saturating_sub(coord_sync::batch::weight(row));
            fits
        });
        let rows = rows.map(|mut row| {
            row.sent = !store.skipped.contains(&row.seq);
            if row.table == "locks" && row.op == Op::Update {
                row.op = Op::Put;
            }
            if row.table == "rules" {
                let key = (row.table.clone(), row.key.clone());
                row.base = Some(store.known.get(&key).map_or(0, |known| known.0));
            }
            row
        });
        Ok(rows.collect())
    }

    fn hash_at(&self, seq: i64) -> Result<Option<String>> {
        let store = self.0.borrow();
        if seq == 0 {
            return Ok(Some(ZEROS.into()));
        }
        let at = usize::try_from(seq - 1).unwrap();
        Ok(store.log.get(at).map(|row| row.hash.clone()))
    }

    fn acknowledge(&self, seq: i64, refused: &[Reject]) -> Result<()> {
        let mut store = self.0.borrow_mut();
        store.may_fail()?;
        let from = store.acked;
        let range = store.log.iter().filter(|row| row.seq > from && row.seq <= seq);
        let rules: BTreeSet<Key> = range
            .filter(|row| row.table == "rules" && !store.skipped.contains(&row.seq))
            .map(|row| (row.table.clone(), row.key.clone()))
            .collect();
        store.acked = seq;
        for key in rules {
            let was = store.known.get(&key).map_or(0, |known| known.0);
            store.known.insert(key, (was + 1, 0));
        }
        for reject in refused {
            let key = (reject.table.clone(), reject.key.clone());
            if reject.code == "conflict" {
                store.known.insert(key.clone(), (reject.revision.unwrap_or(0), 0));
                if !store.pending(&key) {
                    match &reject.theirs {
                        Some(theirs) => drop(store.rows.insert(key, theirs.clone())),
                        None => drop(store.rows.remove(&key)),
                    }
                }
            }
            store.aside.push(reject.clone());
        }
        store.is_heard()
    }

    fn rewind(&self, seq: i64) -> Result<()> {
        self.0.borrow_mut().acked = seq;
        Ok(())
    }

    fn want_fork(&self, why: &str) -> Result<()> {
        self.0.borrow_mut().fork = Some(why.into());
        Ok(())
    }

    fn set_aside(&self, seq: i64, _code: &str, _reason: &str) -> Result<()> {
        self.0.borrow_mut().skipped.insert(seq);
        Ok(())
    }

    fn apply(&self, page: &Page) -> Result<()> {
        let mut store = self.0.borrow_mut();
        store.may_fail()?;
        for change in &page.changes {
            let key = (change.table.clone(), change.key.clone());
            let revision = change.revision.unwrap_or(0);
            store.receive(&change.device, key, change.hlc, revision, change.body.clone());
        }
        store.cursor = page.cursor.clone();
        store.is_heard()
    }

    fn snapshot_tables(&self) -> Vec<String> {
        ["notes", "rules", "locks"].map(str::to_owned).to_vec()
    }

    fn wanted(&self) -> Option<Vec<String>> {
        None
    }

    fn want_snapshot(&self, why: &str) -> Result<()> {
        let mut store = self.0.borrow_mut();
        store.resnapshot = Some(why.into());
        store.seen.clear();
        Ok(())
    }

    fn apply_snapshot(&self, table: &str, rows: &[Snapshot]) -> Result<()> {
        let mut store = self.0.borrow_mut();
        store.may_fail()?;
        for row in rows {
            let key = (table.to_owned(), row.key.clone());
            store.seen.insert((row.device.clone(), key.clone()));
            if table == "rules" && store.pending(&key) {
                store.known.insert(key.clone(), (row.revision.unwrap_or(0), row.hlc));
            }
            store.receive(
                &row.device,
                key,
                row.hlc,
                row.revision.unwrap_or(0),
                Some(row.body.clone()),
            );
        }
        store.is_heard()
    }

    fn finish_snapshot(&self, cursor: &Cursor) -> Result<()> {
        let mut store = self.0.borrow_mut();
        let seen = std::mem::take(&mut store.seen);
        store.peers.retain(|key, _| seen.contains(key));
        let present: BTreeSet<&Key> = seen.iter().map(|(_, key)| key).collect();
        let gone: Vec<Key> = store
            .known
            .keys()
            .filter(|key| key.0 == "rules" && !present.contains(key))
            .cloned()
            .collect();
        for key in gone {
            store.known.remove(&key);
            if !store.pending(&key) {
                store.rows.remove(&key);
            }
        }
        store.cursor = cursor.clone();
        store.resnapshot = None;
        Ok(())
    }

    fn next_identity(&self) -> Result<Identity> {
        let mut store = self.0.borrow_mut();
        if store.candidate.is_none() {
            store.names = store.names.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            store.candidate = Some(format!("device-{:016x}", store.names));
        }
        let device = store.candidate.clone().unwrap();
        let token = format!("token of {device}");
        let token_digest = digest(&token);
        Ok(Identity { device, token, token_digest, name: String::new(), platform: String::new() })
    }

    fn discard_identity(&self) -> Result<()> {
        self.0.borrow_mut().candidate = None;
        Ok(())
    }

    fn take_identity(&self) -> Result<()> {
        let mut store = self.0.borrow_mut();
        store.may_fail()?;
        let acked = store.acked;
        let unsent: Vec<Logged> =
            store.log.drain(..).filter(|row| row.seq > acked && !row.append).collect();
        let old = std::mem::take(&mut store.device);
        store.peers.retain(|(device, _), _| *device != old);
        store.device = store.candidate.take().unwrap();
        store.token = format!("token of {}", store.device);
        (store.acked, store.fork) = (0, None);
        store.skipped.clear();
        // What the old name left in the mirror is a stranger's from now on.
        store.resnapshot = Some("forked".into());
        let tx = -1;
        for row in unsent.into_iter().filter(|row| row.table != "locks") {
            store.append(tx, (row.table, row.key), row.op, row.body, row.hlc);
        }
        let keys = store.rows.keys().cloned();
        let audit = (1..=store.audit.len()).map(|at| ("audit".to_owned(), format!("[{at}]")));
        store.export = Some(keys.chain(audit).rev().collect());
        store.is_heard()
    }

    fn export(&self) -> Result<bool> {
        let mut store = self.0.borrow_mut();
        for _ in 0..5 {
            let Some(key) = store.export.as_mut().and_then(Vec::pop) else {
                store.export = None;
                return Ok(false);
            };
            if key.0 == "audit" {
                let at: usize = key.1.trim_matches(['[', ']']).parse().unwrap();
                let body = store.audit[at - 1].clone();
                store.append(-2, key, Op::Put, Some(body), 1);
            } else if let Some(body) = store.rows.get(&key).cloned() {
                let known = store.known.get(&key).copied();
                if key.0 == "rules" && known.is_some() || store.pending(&key) {
                    continue;
                }
                store.append(-2, key, Op::Put, Some(body), known.map_or(1, |known| known.1));
            }
        }
        Ok(true)
    }

    fn prune(&self) -> Result<()> {
        Ok(())
    }

    fn digests(&self) -> Result<Digests> {
        let store = self.0.borrow();
        let audit = store.audit.iter().map(|body| ("audit", body));
        let rows = store.rows.iter().map(|(key, body)| (key.0.as_str(), body));
        let marks: Vec<_> = audit.chain(rows).map(|(table, body)| (table, mark(body))).collect();
        Ok(sums(&marks))
    }

    fn resend(&self, table: &str, _buckets: &BTreeSet<String>) -> Result<bool> {
        let mut store = self.0.borrow_mut();
        let keys = store.rows.keys().filter(|key| key.0 == table && table != "rules");
        let keys: Vec<Key> = keys.cloned().collect();
        for key in keys {
            let body = store.rows.get(&key).cloned();
            let hlc = store.known.get(&key).map_or(1, |known| known.1);
            store.append(-3, key, Op::Put, body, hlc);
        }
        Ok(matches!(table, "notes" | "rules"))
    }
}
