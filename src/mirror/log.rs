//! The change log as it is read for the mirror.

use std::collections::{BTreeMap, BTreeSet};

use coord_sync::wire::{Cursor, Digests, UNCOMPARED};
use coord_sync::{Logged, Op, State, batch};
use rusqlite::named_params;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::catalogue::{self, Class, Table};
use super::kept::{self, Kept};
use super::key::Key;
use super::{aside, capture, cipher, lineage, marks, rekey, restored, rows, scope, sql};
use crate::failure::Outcome;
use crate::ingress;
use crate::store::Tx;
use crate::time::Time;

/// Rows that one step of pruning removes.
const PRUNED: i64 = 1_000;

/// On which terms rows leave.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// Tables that stay on this machine.
    pub left_out: &'a [String],
    /// What free text is encrypted with, if it is.
    pub key: Option<&'a Key>,
}

/// How far this device has come.
pub fn state(tx: &Tx<'_>, device: String) -> Outcome<State> {
    let acked = sql::state(tx, "acked")?.and_then(|text| text.parse().ok()).unwrap_or(0);
    let cursor = sql::state(tx, "cursor")?.and_then(|text| serde_json::from_str(&text).ok());
    Ok(State {
        device,
        acked,
        acked_hash: hash_at(tx, acked)?.unwrap_or_default(),
        newest: sql::last_seq(tx)?,
        cursor: cursor.unwrap_or_else(Cursor::default),
        exporting: sql::state(tx, "export")?.is_some() || rekey::is_under_way(tx)?,
        fork: sql::state(tx, "fork")?,
        resnapshot: sql::state(tx, "resnapshot")?,
        paused: sql::state(tx, "paused")?.is_some(),
    })
}

/// Hash of the log up to `seq`.
pub fn hash_at(tx: &Tx<'_>, seq: i64) -> Outcome<Option<String>> {
    if seq == 0 {
        return Ok(Some(capture::GENESIS.into()));
    }
    let hash = "SELECT hash FROM change_log WHERE seq = :seq";
    Ok(tx.one(hash, named_params! { ":seq": seq }, |row| row.get(0))?)
}

/// A row of the log as it lies there.
struct Raw {
    seq: i64,
    tx: i64,
    hlc: i64,
    table: String,
    key: String,
    op: String,
    body: Option<String>,
    hash: String,
    aside: bool,
}

/// The changes behind `after`, ready to be sent.
pub fn read(
    tx: &Tx<'_>,
    after: i64,
    most: usize,
    bytes: usize,
    terms: Terms<'_>,
) -> Outcome<Vec<Logged>> {
    let until = sql::state(tx, "exported_until")?.and_then(|text| text.parse().ok());
    let exported = match sql::state(tx, "export")? {
        Some(_) => i64::MAX,
        None => until.unwrap_or(0),
    };
    let sending = Sending {
        exported,
        terms,
        given: restored::given(tx)?,
        resent: restored::resent_until(tx)?,
        kept: Kept::load(tx)?,
    };
    let passed = scope::passed_over(tx)?;
    let (mut changes, mut size) = (Vec::new(), 0);
    // Page by page: how many fit is known only when their bodies are read.
    while changes.len() < most && size <= bytes {
        let from = changes.last().map_or(after, |change: &Logged| change.seq);
        let page = raw(tx, from, (most - changes.len()).min(500))?;
        if page.is_empty() {
            break;
        }
        for row in page {
            let mut change = ready(tx, row, &sending)?;
            change.sent &= passed.get(&change.table).is_none_or(|last| change.seq > *last);
            size += batch::weight(&change);
            changes.push(change);
            if size > bytes {
                break;
            }
        }
    }
    Ok(changes)
}

const PAGE: &str = "
    SELECT seq, tx, hlc, tbl, pk, op, body, hash,
           EXISTS (SELECT 1 FROM sync_aside AS a WHERE a.code = 'untransportable' AND a.seq = l.seq)
      FROM change_log AS l WHERE seq > :after ORDER BY seq LIMIT :most";

fn raw(tx: &Tx<'_>, after: i64, most: usize) -> Outcome<Vec<Raw>> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    Ok(tx.all(PAGE, named_params! { ":after": after, ":most": most }, |row| {
        Ok(Raw {
            seq: row.get(0)?,
            tx: row.get(1)?,
            hlc: row.get(2)?,
            table: row.get(3)?,
            key: row.get(4)?,
            op: row.get(5)?,
            body: row.get(6)?,
            hash: row.get(7)?,
            aside: row.get(8)?,
        })
    })?)
}

/// What decides how changes are sent.
struct Sending<'a> {
    /// Rows may be new to the mirror up to here.
    exported: i64,
    terms: Terms<'a>,
    /// Changes that give the mirror a policy again.
    given: Vec<i64>,
    /// The mirror once had the changes up to here.
    resent: i64,
    /// Projects that stay here.
    kept: Kept,
}

impl Sending<'_> {
    fn keeps(
        &self,
        tx: &Tx<'_>,
        table: Option<&Table>,
        key: &[Value],
        body: Option<&Value>,
    ) -> Outcome<bool> {
        table.map_or(Ok(false), |table| self.kept.has(tx, table, key, body))
    }
}

fn ready(tx: &Tx<'_>, raw: Raw, sending: &Sending<'_>) -> Outcome<Logged> {
    let key = rows::key_values(&raw.key).unwrap_or_default();
    let table =
        catalogue::table(&raw.table).filter(|table| !sending.terms.left_out.contains(&table.name));
    let append = table.is_some_and(|table| table.class == Class::Append);
    let text = match (raw.body, table) {
        (None, Some(table)) if append => rows::text(tx, table, &key)?,
        (text, _) => text,
    };
    let body: Option<Value> = text.as_ref().and_then(|text| serde_json::from_str(text).ok());
    let op = match (raw.op.as_str(), table.map(|table| table.class)) {
        ("d", _) => Op::Delete,
        // The device alone says what is there, so the row is put in any case.
        ("u", Some(Class::Union | Class::Policy)) if raw.seq > sending.exported => Op::Update,
        _ => Op::Put,
    };
    let stays = sending.keeps(tx, table, &key, body.as_ref())?;
    // The mirror must miss no number: what may not leave or cannot pass leaves its number there.
    let withheld = raw.table == "audit_log" && (stays || raw.aside);
    let body = body.filter(|_| op != Op::Delete);
    let body = if withheld { body.as_ref().map(kept::withheld) } else { body };
    let policy = table.is_some_and(|table| table.class == Class::Policy);
    let made_on = if policy {
        let agreed = lineage::agreed(tx, &raw.table, &raw.key)?.unwrap_or_default();
        // What is given back comes to be the revision that it was.
        Some(if sending.given.contains(&raw.seq) { agreed.before() } else { agreed })
    } else {
        None
    };
    // What was removed meanwhile (an audit row that was sealed) is not sent.
    // Of policies that the mirror lost, what came of them in the end is given back.
    let stale = policy && raw.seq <= sending.resent;
    let sent = (!raw.aside || withheld)
        && !stale
        && table.is_some()
        && (op == Op::Delete || body.is_some())
        && (!stays || withheld);
    let (key, mut digest, mut hidden) = (rows::key_text(&key), None, None);
    if let (Some(table), Some(row)) = (table, &body) {
        digest = Some(cipher::digest(sending.terms.key, table, row)?);
        if let Some(with) = sending.terms.key {
            hidden = cipher::encrypt(with, table, &key, row)?;
        }
    }
    let bytes = match hidden.as_ref().or(body.as_ref().filter(|_| withheld)) {
        Some(other) => other.to_string().len(),
        None => text.map_or(0, |text| text.len()),
    };
    Ok(Logged {
        seq: raw.seq,
        tx: raw.tx,
        hlc: raw.hlc,
        table: raw.table,
        key,
        op,
        digest,
        sealed: withheld || hidden.is_some(),
        bytes,
        body: hidden.or(body),
        hash: raw.hash,
        base: made_on.as_ref().map(|version| version.revision),
        lineage: made_on.map(|version| version.lineage),
        append,
        sent,
    })
}

/// First 8 bytes of SHA-256 of the canonical text, in hex.
pub fn digest(body: &Value) -> Outcome<String> {
    let text = ingress::row(body).map_err(anyhow::Error::from)?;
    Ok(Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

/// The digest of the row that a change left.
pub fn digest_at(tx: &Tx<'_>, seq: i64) -> Outcome<String> {
    let sql = "SELECT body FROM change_log WHERE seq = :seq";
    let body: Option<Option<String>> =
        tx.one(sql, named_params! { ":seq": seq }, |row| row.get(0))?;
    let body = body.flatten().and_then(|text| serde_json::from_str(&text).ok());
    body.map_or(Ok(lineage::GONE.to_owned()), |body| digest(&body))
}

/// Removes what is older than `oldest` and in the mirror, a step at a time; how many rows.
pub fn prune(tx: &Tx<'_>, oldest: i64) -> Outcome<usize> {
    let acked = sql::state(tx, "acked")?.and_then(|text| text.parse().ok()).unwrap_or(0_i64);
    Ok(tx.run(PRUNE, named_params! { ":step": PRUNED, ":acked": acked, ":oldest": oldest })?)
}

/// Looks at the rows of one step alone, however many are behind them.
const PRUNE: &str = "
    DELETE FROM change_log
     WHERE seq < min(:acked, (SELECT min(seq) FROM change_log) + :step,
                     coalesce((SELECT min(seq) FROM change_log
                                WHERE seq < (SELECT min(seq) FROM change_log) + :step
                                  AND hlc >= :oldest), :acked))";

/// The time of the newest change, in milliseconds.
pub fn newest_time(tx: &Tx<'_>) -> Outcome<i64> {
    let sql =
        "SELECT max(hlc) >> 16 FROM (SELECT hlc FROM change_log ORDER BY seq DESC LIMIT 1000)";
    Ok(tx.one(sql, [], |row| row.get::<_, Option<i64>>(0))?.flatten().unwrap_or(0))
}

/// When the change behind `seq` was made.
pub fn time_after(tx: &Tx<'_>, seq: i64) -> Outcome<Option<Time>> {
    let sql = "SELECT hlc >> 16 FROM change_log WHERE seq > :seq ORDER BY seq LIMIT 1";
    Ok(tx.one(sql, named_params! { ":seq": seq }, |row| row.get(0))?)
}

/// Tables whose rows are equal on both sides when all is sent: those with signs of life are
/// told coarsely, and sealed audit rows stay in the mirror alone.
fn comparable(left_out: &[String]) -> impl Iterator<Item = &'static Table> {
    catalogue::tables().iter().filter(move |table| {
        table.class != Class::Append
            && capture::soft(&table.name).is_empty()
            && !left_out.contains(&table.name)
    })
}

/// Count and combined digest of rows, by table and bucket.
pub fn digests(tx: &Tx<'_>, terms: Terms<'_>) -> Outcome<Digests> {
    let (mut sums, kept) = (Digests::new(), Kept::load(tx)?);
    for table in comparable(terms.left_out) {
        let mut buckets: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        // What the mirror has in another form counts as it is there.
        let mut other = marks::digests(tx, &table.name)?;
        let unsendable = aside::unsendable(tx, &table.name)?;
        let mut add = |key: &str, digest: &str| {
            let sum = buckets.entry(bucket(key)).or_default();
            *sum = (sum.0 + 1, sum.1 ^ u64::from_str_radix(digest, 16).unwrap_or(0));
        };
        let mut unsure = BTreeSet::new();
        each(tx, table, |key, body| {
            if kept.keeps(tx, table, &key, &body)? {
                // Nobody knows what of a project's rows left before it stayed here.
                if kept.was_mirrored(tx, table, &key, &body)? {
                    unsure.insert(bucket(&key));
                }
                return Ok(());
            }
            if unsendable.contains(&key) {
                // The mirror has none of it, or an earlier version.
                unsure.insert(bucket(&key));
                return Ok(());
            }
            let digest = match other.remove(&key) {
                Some(digest) => digest,
                None => cipher::digest(terms.key, table, &body)?,
            };
            add(&key, &digest);
            Ok(())
        })?;
        other.iter().for_each(|(key, digest)| add(key, digest));
        let text = |(name, sum): (String, (u64, u64))| (name, (sum.0, format!("{:016x}", sum.1)));
        let mut told: BTreeMap<_, _> = buckets.into_iter().map(text).collect();
        told.extend(unsure.into_iter().map(|name| (name, (0, UNCOMPARED.to_owned()))));
        sums.insert(table.name.clone(), told);
    }
    Ok(sums)
}

/// The rows of a table by key, one after another: all at once may be more than there is memory.
pub fn each(
    tx: &Tx<'_>,
    table: &Table,
    mut deed: impl FnMut(String, Value) -> Outcome<()>,
) -> Outcome<()> {
    let sql = format!(
        "SELECT json_array({}), {} FROM {}",
        table.key.join(", "),
        capture::image(table, ""),
        table.name
    );
    let mut outcome = Ok(());
    tx.all(&sql, [], |row| {
        let (key, body): (String, String) = (row.get(0)?, row.get(1)?);
        if let (Ok(()), Some(key), Ok(body)) =
            (&outcome, rows::key_values(&key), serde_json::from_str(&body))
        {
            outcome = deed(rows::key_text(&key), body);
        }
        Ok(())
    })?;
    outcome
}

/// Which of 256 buckets a key is in.
pub fn bucket(key: &str) -> String {
    format!("{:02x}", Sha256::digest(key)[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::Home;
    use crate::store::{Options, Store};

    /// How SQLite goes about a statement.
    fn plan(tx: &Tx<'_>, statement: &str) -> Outcome<String> {
        let names = [":after", ":most", ":step", ":acked", ":oldest", ":tbl", ":pk"];
        let bound = names.iter().fold(statement.to_owned(), |sql, name| sql.replace(name, "'1'"));
        let steps: Vec<String> =
            tx.all(&format!("EXPLAIN QUERY PLAN {bound}"), [], |row| row.get("detail"))?;
        Ok(steps.join("\n"))
    }

    #[test]
    fn no_statement_reads_the_log_from_its_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::locate(Some(folder.path().join("home")), None).unwrap();
        let store = Store::open(&home, Options::default()).unwrap();
        for (statement, by) in [
            (PAGE, "SEARCH l USING INTEGER PRIMARY KEY (rowid>?)"),
            (PRUNE, "SEARCH change_log USING INTEGER PRIMARY KEY (rowid<?)"),
            (
                &sql::PENDING,
                "SEARCH change_log USING COVERING INDEX change_log_shared (tbl=? AND pk=?",
            ),
        ] {
            let plan = store.read(|tx| plan(tx, statement)).unwrap();
            assert!(plan.contains(by), "{statement}\n{plan}");
            assert!(!plan.contains("SCAN"), "{statement}\n{plan}");
        }
    }
}
