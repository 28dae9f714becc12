//! What must be true: of a device's prefix at any time, of everything in the end.

use std::collections::BTreeMap;

use coord::audit::{chain, seal};
use coord::mirror::capture;
use coord::mirror::catalogue::{self, Class, Table};
use coord::mirror::cipher;
use coord::mirror::key::Key;
use coord::time::Time;
use coord_sync::Journal as _;
use serde_json::{Map, Value, json};

use super::super::fleet::Machine;
use super::super::picture::{self, Picture};
use super::history;
use super::setting::{Kind, Setting};
use super::story::Story;

/// The mirror's rows by device, where a row has one; else under the empty name.
type Mirrored = BTreeMap<String, Picture>;

impl Story<'_> {
    /// What the mirror has of a device's own rows is what the device had at the last change that
    /// the mirror has.
    pub fn check_prefix(&self, at: usize) {
        let (machine, seed) = (&self.machines[at], self.seed);
        let device = machine.device();
        let known = format!(
            "(last_seq || ' ' || last_hash) from coord.devices where device_id = '{device}'"
        );
        let known = self.mirror.ask(&known);
        let Some((last, hash)) = known.split_once(' ') else { return };
        let last: i64 = last.parse().expect("a number");
        let ours = machine.journal().hash_at(last).expect("the log can be read");
        // A copy that was put back and has not noticed.
        if machine.state().fork.is_some() || ours.as_deref() != Some(hash) {
            return;
        }
        if self.setting.kind == Kind::Stays {
            return;
        }
        let compared = |table: &str| {
            class(table) == Class::Owner && !self.setting.left_out.iter().any(|name| name == table)
        };
        let mut log = picture::log(machine.store(), 0);
        log.retain(|row| row.seq <= last && compared(&row.key.0));
        let then = picture::replay(&log, Picture::new(), &Picture::new());
        let mut mirrored = self.mirrored(&self.setting.keys).remove(&device).unwrap_or_default();
        mirrored.retain(|key, _| compared(&key.0));
        same(&mirrored, &then, &format!("seed {seed}: {device} at {last}"));
    }

    /// While nobody has decided, a host that either side blocks is blocked.
    pub fn check_what_is_forbidden(&self) {
        for machine in &self.machines {
            let lax: Vec<String> = machine
                .store()
                .read(|tx| {
                    let sql = "SELECT d.pattern FROM network_domains AS d JOIN sync_aside AS a
                                   ON a.tbl = 'network_domains' AND a.resolved_at IS NULL
                                  AND a.pk = json_array(d.project, d.profile, d.pattern)
                                WHERE d.effect = 'allow'
                                  AND 'block' IN (a.ours ->> 'effect', a.theirs ->> 'effect')
                                  AND NOT EXISTS (SELECT 1 FROM change_log AS l
                                                   WHERE l.tbl = a.tbl AND l.pk = a.pk AND l.seq > a.seq)
                                  AND a.aside_id = (SELECT max(b.aside_id) FROM sync_aside AS b
                                                     WHERE b.tbl = a.tbl AND b.pk = a.pk)";
                    Ok(tx.all(sql, [], |row| row.get(0))?)
                })
                .expect("conflicts can be read");
            assert!(lax.is_empty(), "seed {}: {lax:?} is allowed, undecided", self.seed);
        }
    }

    /// What must be true when all is told and decided.
    pub fn check(&self) {
        let whole = self.mirrored(&self.setting.keys);
        // With the key that all have in the end.
        let last = self.setting.keys.len().saturating_sub(1);
        let mirrored = self.mirrored(&self.setting.keys[last..]);
        for at in 0..self.machines.len() {
            self.check_machine(at, &whole, &mirrored);
        }
        self.check_log();
        self.check_audit();
        self.check_told();
        self.check_what_is_hidden();
    }

    fn check_machine(&self, at: usize, whole: &Mirrored, mirrored: &Mirrored) {
        let (machine, none) = (&self.machines[at], Picture::new());
        let whose = format!("seed {}: {}", self.seed, machine.device());
        self.check_digests(machine, &whose);
        check_chain(machine, &whose);
        let odd = self.setting.is_odd_in_the_end(at);
        let within = odd && self.setting.kind == Kind::Stays;
        let told = |mut picture: Picture| {
            picture.retain(|key, _| {
                self.setting.is_told(at, &key.0) || within && key.0 != "audit_log"
            });
            picture
        };
        let compare = |here: Picture, there: Picture, what: &str| {
            let (mut here, there) = (told(here), told(there));
            if within {
                // More is here than there.
                here.retain(|key, _| there.contains_key(key));
            }
            same(&here, &there, &format!("{whose}: {what}"));
        };
        let (here, there) = own(machine, whole.get(&machine.device()).unwrap_or(&none));
        compare(here, there, "its own rows");
        let (mut mine, theirs) = (machine.shared(), self.readable(&mirrored[""]));
        mine.retain(|key, _| !self.is_lost_to_its_writer(machine, key));
        compare(mine, theirs, "the rows of all");
        if !self.mirror_was_put_back() {
            let mut there = others(mirrored, &machine.device());
            let mut here = peers(machine);
            for picture in [&mut here, &mut there] {
                picture.retain(|key, _| {
                    let table = key.0.split_once(' ').map_or("", |(_, table)| table);
                    within || self.setting.is_told(at, table)
                });
            }
            same(&here, &there, &format!("{whose}: the others"));
        }
    }

    /// Whether a row lies there under another key, in a version that this machine does not know as its own: it was
    /// put back after it made it, and the keys were changed before it read it again.
    fn is_lost_to_its_writer(&self, machine: &Machine, (table, key): &(String, String)) -> bool {
        let marked = machine.store().read(|tx| {
            let sql = "SELECT 1 FROM sync_marks WHERE tbl = ?1 AND pk = ?2 AND why = 'foreign' AND device_id IS NOT
                              (SELECT value FROM sync_state WHERE name = 'device')";
            Ok(tx.one(sql, [table, key], |_| Ok(()))?)
        });
        self.setting.kind == Kind::OtherKey && marked.expect("marks can be read").is_some()
    }

    /// Rows that one who has the last key can read.
    fn readable(&self, rows: &Picture) -> Picture {
        let mut rows = rows.clone();
        let all = rows.len();
        rows.retain(|_, row| row[cipher::ENCRYPTED].is_null());
        let whole = self.setting.kind == Kind::OtherKey || rows.len() == all;
        assert!(whole, "seed {}: rows of all cannot be read", self.seed);
        rows
    }

    /// Both sides come to equal digests of their own.
    fn check_digests(&self, machine: &Machine, whose: &str) {
        let ask = || self.mirror.cloud.call("coord_digest", Some(&machine.token()), &json!({}));
        // Its connections may have been cut.
        let reply = (0..20).map(|_| ask()).find(|reply| reply.status == 200);
        let theirs = reply.expect("the mirror answers").json();
        let ours = machine.journal().digests().expect("rows can be read");
        assert!(
            ours.len() + self.setting.left_out.len() > 10,
            "{whose}: {} tables are compared",
            ours.len()
        );
        for (table, buckets) in &ours {
            assert_eq!(json!(buckets), theirs["tables"][table], "{whose}: digests of {table}");
        }
    }

    /// Positions are dense, and no change is there twice.
    fn check_log(&self) {
        let of = |what: &str| {
            self.mirror.ask(&format!(
            "{what} from coord.cloud_log l join coord.workspaces w using (workspace_id) where w.name = '{}'",
            self.workspace
        ))
        };
        let holes = of("coalesce(max(w.head - w.floor), 0) - count(*)");
        assert_eq!(holes, "0", "seed {}: positions are dense", self.seed);
        let doubles = self.mirror.ask(&format!(
            "count(*) from (select l.device_id, dev_seq from coord.cloud_log l
                              join coord.workspaces w using (workspace_id)
                             where w.name = '{}' and l.device_id is not null
                             group by 1, 2 having count(*) > 1) x",
            self.workspace
        ));
        assert_eq!(doubles, "0", "seed {}: changes took effect twice", self.seed);
    }

    /// The chain of every device holds in the mirror, from a seal or the beginning.
    fn check_audit(&self) {
        let broken = format!(
            "jsonb_agg(jsonb_build_array(d.device_id, d.broken_at, d.broken_why))
               from coord.devices d join coord.workspaces w using (workspace_id)
              where w.name = '{}' and broken_at is not null",
            self.workspace
        );
        assert_eq!(self.mirror.ask(&broken), "null", "seed {}: quarantined", self.seed);
        let misfits = format!(
            "jsonb_agg(jsonb_build_array(device_id, seq)) from (
                select a.device_id, a.seq, a.hash, coord.audit_text(a) as text,
                       a.operation = '-' or '{}' as unread,
                       lag(a.seq) over by_seq as seq_before, lag(a.hash) over by_seq as hash_before
                  from coord.audit_log a join coord.workspaces w using (workspace_id)
                 where w.name = '{}' window by_seq as (partition by a.device_id order by a.seq)) x
              where case when seq_before is not null
                         then seq <> seq_before + 1 or not unread and hash <> encode(sha256(convert_to(hash_before || text, 'UTF8')), 'hex')
                         else seq <> 1 and not exists (select from coord.audit_seals s
                              where s.device_id = x.device_id and s.seq_to = x.seq - 1) end",
            !self.setting.keys.is_empty(),
            self.workspace
        );
        assert_eq!(
            self.mirror.ask(&misfits),
            "null",
            "seed {}: the chains in the mirror",
            self.seed
        );
    }

    /// What was acknowledged is there, and no change replaced another that its author had not seen.
    fn check_told(&self) {
        let rows = self.rows_of_all();
        for fact in &self.told.facts {
            let row = rows.get(&fact.id);
            assert!(fact.holds(row), "seed {}: {fact:?} was acknowledged: {row:?}", self.seed);
        }
        for (at, id) in &self.told.tasks {
            let task = self.machines[*at].store().read(|tx| {
                Ok(tx.one("SELECT 1 FROM work_queue WHERE task_id = ?1", [id], |_| Ok(()))?)
            });
            assert!(task.expect("tasks can be read").is_some(), "seed {}: task {id}", self.seed);
        }
        for (before, after) in history::replaced(self.mirror, &self.workspace) {
            assert!(
                self.told.knew(&after, &before),
                "seed {}: {after} replaced {before}, unseen",
                self.seed
            );
        }
    }

    fn mirror_was_put_back(&self) -> bool {
        self.events.mirror_put_back > 0
    }

    /// All rows of the workspace, as one with these keys reads them.
    fn mirrored(&self, keys: &[Key]) -> Mirrored {
        let parts: Vec<String> = catalogue::tables()
            .iter()
            .map(|table| {
                let policy = table.class == Class::Policy;
                let there = if policy { "and e.deleted_at is null" } else { "" };
                format!(
                    "'{0}', (select coalesce(jsonb_agg(to_jsonb(e)), '[]') from coord.{0} e
                              where e.workspace_id = w.workspace_id {there})",
                    table.name
                )
            })
            .collect();
        let query = format!(
            "jsonb_build_object({}) from coord.workspaces w where name = '{}'",
            parts.join(", "),
            self.workspace
        );
        let tables: BTreeMap<String, Vec<Map<String, Value>>> =
            serde_json::from_str(&self.mirror.ask(&query)).expect("rows by table");
        let mut all = Mirrored::from([(String::new(), Picture::new())]);
        for (name, rows) in tables {
            let table = catalogue::table(&name).expect("it was asked for");
            for row in rows {
                let shared = matches!(table.class, Class::Union | Class::Policy);
                let device = row["device_id"].as_str().expect("every row has one");
                let whose = if shared { String::new() } else { device.to_owned() };
                let (key, row) = entry(keys, table, row);
                all.entry(whose).or_default().insert(key, row);
            }
        }
        all
    }
}

/// A row of the mirror as a device has it.
fn entry(keys: &[Key], table: &Table, row: Map<String, Value>) -> ((String, String), Value) {
    let key: Vec<Value> = table.key.iter().map(|name| row[name].clone()).collect();
    let key = Value::Array(key).to_string();
    let mut row = Setting::read(keys, table, &key, row);
    row.retain(|name, _| {
        name == cipher::ENCRYPTED || table.sent().any(|column| column.name == *name)
    });
    ((table.name.clone(), key), Value::Object(row))
}

fn class(table: &str) -> Class {
    catalogue::table(table).expect("only mirrored tables are told").class
}

/// What is told coarsely is compared coarsely.
fn coarsen(table: &str, row: &mut Value) {
    for column in capture::soft(table) {
        if let Some(time) = row[*column].as_i64() {
            row[*column] = json!(time / capture::COARSE);
        }
    }
}

/// The others' rows as a machine knows them, under their device's name.
fn peers(machine: &Machine) -> Picture {
    let rows = machine.store().read(|tx| {
        let sql = "SELECT device_id || ' ' || tbl, pk, body FROM peer_rows";
        Ok(tx.all(sql, [], |row| Ok(((row.get(0)?, row.get(1)?), row.get::<_, String>(2)?)))?)
    });
    let rows: Vec<((String, String), String)> = rows.expect("rows can be read");
    rows.into_iter().map(|(key, body)| (key, serde_json::from_str(&body).expect("JSON"))).collect()
}

/// The rows that a device has of others, as the mirror has them.
fn others(mirrored: &Mirrored, device: &str) -> Picture {
    let devices = mirrored.iter().filter(|(name, _)| !name.is_empty() && *name != device);
    let rows = devices.flat_map(|(name, picture)| {
        let own = picture.iter().filter(|(key, _)| class(&key.0) == Class::Owner);
        own.map(move |(key, row)| ((format!("{name} {}", key.0), key.1.clone()), row.clone()))
    });
    rows.collect()
}

/// Rows that a device alone writes, here and there.
fn own(machine: &Machine, there: &Picture) -> (Picture, Picture) {
    let mut here = picture::take(machine.store());
    let mut there = there.clone();
    for picture in [&mut here, &mut there] {
        picture.retain(|key, _| matches!(class(&key.0), Class::Owner | Class::Append));
        picture.iter_mut().for_each(|(key, row)| coarsen(&key.0, row));
    }
    // Sealed audit rows leave the device and stay in the mirror.
    there.retain(|key, _| class(&key.0) == Class::Owner || here.contains_key(key));
    (here, there)
}

/// The chain of a device's own log holds, and goes on from its last seal.
fn check_chain(machine: &Machine, whose: &str) {
    let forever = Time::from_ms(i64::MAX / 2);
    let live = machine.store().read(|tx| seal::ripe(tx, forever)).expect("rows can be read");
    if let Some((start, rows)) = live {
        let mut walk = chain::Walk::after(start.after, start.hash);
        for row in &rows {
            walk.step(row).unwrap_or_else(|gap| panic!("{whose}: {gap:?}"));
        }
    }
}

/// Says the first difference, not all of both.
fn same(left: &Picture, right: &Picture, what: &str) {
    for key in left.keys().chain(right.keys()) {
        assert_eq!(left.get(key), right.get(key), "{what}: {key:?}");
    }
}
