//! Whether the mirror and the other machines have the very rows of a machine: read from Postgres and from each
//! store, compared value by value, and once more by the digests that both sides make.

use std::collections::BTreeMap;

use coord::ingress;
use coord::mirror::capture;
use coord::mirror::catalogue::{self, Class, Table};
use coord::mirror::login::Login;
use coord_sync::{Journal as _, wire};
use serde_json::{Value, json};

use super::fleet::{self, Machine, Mirror};
use super::picture::{self, Picture};

/// Checks every table that the machines mirror. They must have settled.
pub fn check(mirror: &Mirror, machines: &[Machine]) {
    check_own(mirror, machines);
    for other in &machines[1..] {
        assert_eq!(spelt(&other.shared()), spelt(&machines[0].shared()));
    }
}

/// The same where not all machines mirror the same tables.
pub fn check_own(mirror: &Mirror, machines: &[Machine]) {
    for machine in machines {
        let here = picture::take(machine.store());
        for table in catalogue::tables().iter().filter(|table| is_sent(machine, table)) {
            let there = rows(mirror, table, &machine.device());
            compare(table, &of_table(table, &here), &there);
        }
        check_digests(mirror, machine);
        check_peers(mirror, machine);
    }
}

fn is_sent(machine: &Machine, table: &Table) -> bool {
    !machine.left_out.contains(&table.name)
}

fn is_own(table: &Table) -> bool {
    matches!(table.class, Class::Owner | Class::Append)
}

/// Rows by key, each in one spelling.
type Rows = BTreeMap<String, String>;

/// What Postgres has: of this device, or of everybody where rows are everybody's.
fn rows(mirror: &Mirror, table: &Table, device: &str) -> Rows {
    let whose = match table.class {
        Class::Owner | Class::Append => "e.device_id = d.device_id",
        Class::Union => "true",
        Class::Policy => "e.deleted_at is null",
    };
    let query = format!(
        "select to_jsonb(e)::text from coord.{} e join coord.devices d using (workspace_id)
          where d.device_id::text = $1 and {whose}",
        table.name
    );
    let told = mirror.cloud.sql().query(&query, &[&device]).unwrap();
    let whole = told.iter().map(|row| serde_json::from_str(row.get(0)).unwrap());
    whole.map(|row: Value| entry(table, &row)).collect()
}

/// A row by its key, with the columns that are sent.
fn entry(table: &Table, row: &Value) -> (String, String) {
    let key: Vec<&Value> = table.key.iter().map(|name| &row[name]).collect();
    let soft = capture::soft(&table.name);
    let sent = table.sent().filter(|column| !soft.contains(&column.name.as_str()));
    let fields = sent.map(|column| (column.name.clone(), row[&column.name].clone()));
    let row = Value::Object(fields.collect());
    (json!(key).to_string(), ingress::row(&row).unwrap())
}

fn of_table(table: &Table, picture: &Picture) -> Rows {
    let rows = picture.iter().filter(|(key, _)| key.0 == table.name);
    // Locks of other machines are shown here, and are theirs.
    let own = rows.filter(|(_, row)| {
        !row["session_id"].as_str().is_some_and(|session| session.starts_with("elsewhere:"))
    });
    own.map(|(_, row)| entry(table, row)).collect()
}

fn compare(table: &Table, here: &Rows, there: &Rows) {
    for (key, row) in there {
        assert_eq!(here.get(key), Some(row), "{} {key} is another one in the mirror", table.name);
    }
    // The audit of a read is written later.
    if table.name != "audit_log" {
        let missing: Vec<_> = here.keys().filter(|key| !there.contains_key(*key)).collect();
        assert!(missing.is_empty(), "the mirror lacks {missing:?} of {}", table.name);
    }
}

fn check_digests(mirror: &Mirror, machine: &Machine) {
    let ours = machine.journal().digests().unwrap();
    let token = Login::load(&fleet::home(&machine.world)).unwrap().unwrap().token;
    let reply = mirror.cloud.call("coord_digest", Some(&token), &json!({}));
    let theirs: wire::Digests = serde_json::from_value(reply.json()["tables"].clone()).unwrap();
    for (table, buckets) in &ours {
        assert_eq!(theirs.get(table), Some(buckets), "the digests of {table} differ");
    }
}

/// A machine knows of the others what the mirror has of them.
fn check_peers(mirror: &Mirror, machine: &Machine) {
    let query = "SELECT tbl, device_id, body FROM peer_rows";
    let read = machine.store().read(|tx| {
        Ok(tx.all(query, [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })?)
    });
    let mut known: BTreeMap<(String, String), Rows> = BTreeMap::new();
    for (table, device, body) in read.unwrap() {
        let kind = catalogue::table(&table).unwrap();
        let body = serde_json::from_str(&body).unwrap();
        known.entry((table, device)).or_default().extend([entry(kind, &body)]);
    }
    for ((table, device), rows) in known {
        let table = catalogue::table(&table).unwrap();
        assert!(is_own(table), "{} is kept as it is", table.name);
        assert_eq!(rows, self::rows(mirror, table, &device), "{} of {device}", table.name);
    }
}

fn spelt(picture: &Picture) -> Vec<(String, String)> {
    let rows = picture.iter();
    rows.map(|(key, row)| (format!("{key:?}"), ingress::row(row).unwrap())).collect()
}
