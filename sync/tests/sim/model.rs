//! The mirror as the wire's specification has it, in memory.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

pub const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Rows of a page at most, so that pages matter.
pub const PAGE: usize = 7;

pub type Key = (String, String);

#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub device: String,
    pub hlc: i64,
    pub revision: i64,
    pub body: Value,
    pub mark: String,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub device: String,
    pub seq: Option<i64>,
    pub key: Key,
}

#[derive(Clone, Debug)]
pub struct Device {
    pub token_digest: String,
    pub last: i64,
    pub hash: String,
    pub rejects: Vec<Value>,
}

#[derive(Clone, Debug, Default)]
pub struct Server {
    pub devices: BTreeMap<String, Device>,
    pub log: Vec<Entry>,
    /// Positions up to here were cleaned away.
    pub floor: i64,
    /// Rows of `notes` and `rules`.
    pub shared: BTreeMap<Key, Row>,
    /// Rows of `locks`, by device.
    pub owned: BTreeMap<(String, Key), Row>,
    /// Rows of `audit`, by device.
    pub appended: BTreeMap<(String, Key), Row>,
    /// Every change that had an effect; a second time is an error.
    pub effects: BTreeSet<(String, i64, Key)>,
    pub doubles: Vec<String>,
}

impl Server {
    pub fn call(&mut self, function: &str, request: &Value, token: &str) -> (u16, Value) {
        let known = self.devices.iter().find(|(_, device)| device.token_digest == digest(token));
        let Some(device) = known.map(|(id, _)| id.clone()) else {
            return (401, json!({"code": "PT401", "message": "unknown token"}));
        };
        let answer = match function {
            "coord_push" => self.push(&device, request),
            "coord_pull" => self.pull(&device, request),
            "coord_head" => {
                let device = &self.devices[&device];
                json!({"status": "ok", "acked": device.last, "hash": device.hash})
            }
            "coord_snapshot" => self.snapshot(request),
            "coord_enrol" => self.enrol(request),
            "coord_digest" => self.digest(&device),
            other => panic!("the worker calls {other}"),
        };
        (200, answer)
    }

    pub fn head(&self) -> i64 {
        self.floor + i64::try_from(self.log.len()).unwrap()
    }

    fn enrol(&mut self, request: &Value) -> Value {
        let id = request["device_id"].as_str().unwrap().to_owned();
        let token_digest = request["token_sha256"].as_str().unwrap().to_owned();
        match self.devices.get(&id) {
            Some(known) if known.token_digest != token_digest => json!({"status": "device_taken"}),
            Some(_) => json!({"status": "ok", "workspace_id": "w"}),
            None => {
                let device = Device { token_digest, last: 0, hash: ZEROS.into(), rejects: vec![] };
                self.devices.insert(id, device);
                json!({"status": "ok", "workspace_id": "w"})
            }
        }
    }

    fn push(&mut self, id: &str, request: &Value) -> Value {
        let (first, last) = (request["first"].as_i64().unwrap(), request["last"].as_i64().unwrap());
        let (prev, hash) = (request["prev"].as_str().unwrap(), request["hash"].as_str().unwrap());
        let device = self.devices[id].clone();
        if last <= device.last {
            if last == device.last && hash != device.hash {
                return json!({"status": "forked", "seq": device.last, "hash": device.hash});
            }
            let rejects = device
                .rejects
                .iter()
                .filter(|reject| (first..=last).contains(&reject["s"].as_i64().unwrap()));
            let rejects: Vec<_> = rejects.cloned().collect();
            return json!({"status": "duplicate", "acked": device.last, "rejects": rejects});
        }
        if first != device.last + 1 {
            return json!({"status": "gap", "expected": device.last + 1, "hash": device.hash});
        }
        if prev != device.hash {
            return json!({"status": "forked", "seq": device.last, "hash": device.hash});
        }
        let mut rejects = vec![];
        let mut before = first - 1;
        for change in request["changes"].as_array().unwrap() {
            let seq = change["s"].as_i64().unwrap();
            assert!(seq > before && seq <= last, "numbers rise within the range");
            before = seq;
            if let Err(reject) = self.take(id, change) {
                rejects.push(reject);
            }
        }
        let device = self.devices.get_mut(id).unwrap();
        (device.last, device.hash) = (last, hash.into());
        device.rejects.extend(rejects.clone());
        json!({"status": "ok", "acked": last, "head": self.head(), "rejects": rejects})
    }

    fn take(&mut self, id: &str, change: &Value) -> Result<(), Value> {
        let text = |name: &str| change[name].as_str().unwrap().to_owned();
        let (seq, op) = (change["s"].as_i64().unwrap(), text("o"));
        let key: Key = (text("t"), text("k"));
        let hlc: i64 = text("h").parse().unwrap();
        let mark = change["x"].as_str().unwrap_or_default().to_owned();
        let row = Row { device: id.into(), hlc, revision: 0, body: change["v"].clone(), mark };
        let no = |code: &str, present: Option<&Row>| {
            let mut reject =
                json!({"s": seq, "t": key.0, "k": key.1, "code": code, "reason": code});
            if let Some(row) = present {
                reject["r"] = row.revision.into();
                reject["v"] = row.body.clone();
            }
            reject
        };
        match key.0.as_str() {
            "audit" => {
                let body = row.body.clone();
                let old = self.appended.insert((id.into(), key.clone()), row);
                if old.is_some_and(|old| old.body != body) {
                    self.doubles.push(format!("{id} changed {key:?}"));
                }
                return Ok(());
            }
            "locks" => match op.as_str() {
                "d" => drop(self.owned.remove(&(id.into(), key.clone()))),
                "u" if !self.owned.contains_key(&(id.into(), key.clone())) => {
                    return Err(no("gone", None));
                }
                _ => drop(self.owned.insert((id.into(), key.clone()), row)),
            },
            "notes" => {
                if let Some(present) = self.shared.get(&key) {
                    if present.body == row.body {
                        return Ok(());
                    }
                    if (present.hlc, &present.device) >= (hlc, &row.device) {
                        self.emit(&present.device.clone(), None, &key);
                        return Err(no("lost", None));
                    }
                }
                self.shared.insert(key.clone(), row);
            }
            "rules" => {
                let base = change["b"].as_i64().expect("a policy's change has a base");
                let present = self.shared.get(&key);
                if present.map_or(0, |row| row.revision) != base {
                    return Err(no("conflict", present));
                }
                self.shared.insert(key.clone(), Row { revision: base + 1, ..row });
            }
            _ => return Err(no("unknown_table", None)),
        }
        if !self.effects.insert((id.into(), seq, key.clone())) {
            self.doubles.push(format!("{id} {seq} {key:?}"));
        }
        self.emit(id, Some(seq), &key);
        Ok(())
    }

    fn emit(&mut self, device: &str, seq: Option<i64>, key: &Key) {
        self.log.push(Entry { device: device.into(), seq, key: key.clone() });
    }

    fn at(&self, position: i64) -> Option<&Entry> {
        self.log.get(usize::try_from(position - self.floor - 1).ok()?)
    }

    fn mark(&self, position: i64) -> (Value, Value) {
        self.at(position).map_or((Value::Null, Value::Null), |entry| {
            (entry.device.clone().into(), entry.seq.into())
        })
    }

    fn digest(&self, id: &str) -> Value {
        let shared = self.shared.iter();
        let own = self.owned.iter().chain(&self.appended).filter(|((device, _), _)| device == id);
        let all = shared.chain(own.map(|((_, key), row)| (key, row)));
        let marks: Vec<_> = all.map(|(key, row)| (key.0.as_str(), row.mark.clone())).collect();
        let sums = super::marks::sums(&marks);
        json!({"status": "ok", "tables": sums})
    }

    fn pull(&self, id: &str, request: &Value) -> Value {
        let cursor = request["cursor"].as_i64().unwrap();
        let seen = (request["cursor_dev"].clone(), request["cursor_seq"].clone());
        if cursor < self.floor {
            return json!({"status": "resnapshot", "why": "pruned"});
        }
        if cursor > self.head() || cursor > self.floor && self.mark(cursor) != seen {
            return json!({"status": "resnapshot", "why": "restored"});
        }
        let (mut changes, mut position) = (vec![], cursor);
        while position < self.head() && changes.len() < PAGE {
            position += 1;
            let entry = self.at(position).unwrap();
            let row = match entry.key.0.as_str() {
                "locks" => self.owned.get(&(entry.device.clone(), entry.key.clone())),
                _ => self.shared.get(&entry.key),
            };
            if entry.device == id && entry.seq.is_some() {
                continue;
            }
            let device = row.map_or(&entry.device, |row| &row.device);
            let op = if row.is_some() { "i" } else { "d" };
            changes.push(json!({
                "p": position, "d": device, "s": entry.seq, "t": entry.key.0, "k": entry.key.1,
                "o": op, "h": row.map_or(0, |row| row.hlc).to_string(), "x": "",
                "r": row.map(|row| row.revision), "v": row.map(|row| &row.body),
            }));
        }
        let (dev, seq) = self.mark(position);
        json!({"status": "ok", "changes": changes, "cursor": position, "cursor_dev": dev,
               "cursor_seq": seq, "head": self.head(), "more": position < self.head()})
    }

    fn snapshot(&self, request: &Value) -> Value {
        let table = request["table"].as_str().unwrap();
        // By key, not by number: rows come and go between two pages.
        let after = request["after"].as_array().map(|place| {
            let text = |at: usize| place[at].as_str().unwrap().to_owned();
            (text(0), text(1))
        });
        let shared = self.shared.iter().map(|(key, row)| (String::new(), key, row));
        let owned = self.owned.iter().map(|((device, key), row)| (device.clone(), key, row));
        let mut all: Vec<_> = shared.chain(owned).filter(|(_, key, _)| key.0 == table).collect();
        all.retain(|(device, key, _)| {
            after.as_ref().is_none_or(|after| (device, &key.1) > (&after.0, &after.1))
        });
        let rows: Vec<_> = all
            .iter()
            .take(PAGE)
            .map(|(_, key, row)| {
                json!({"d": row.device, "k": key.1, "h": row.hlc.to_string(), "r": row.revision,
                       "x": row.mark, "v": row.body})
            })
            .collect();
        let next = all.get(PAGE - 1).filter(|_| all.len() > PAGE);
        let (dev, seq) = self.mark(self.head());
        json!({"status": "ok", "rows": rows, "next": next.map(|(device, key, _)| json!([device, key.1])),
               "head": self.head(), "cursor_dev": dev, "cursor_seq": seq})
    }
}

/// What stands for SHA-256 here.
pub fn digest(token: &str) -> String {
    format!("digest of {token}")
}
