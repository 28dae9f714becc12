//! Rows that stand in the mirror in another form than this device would give them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rusqlite::named_params;

use super::catalogue::{self, Class};
use super::{rekey, sql};
use crate::failure::Outcome;
use crate::store::Tx;

/// In which form the mirror has a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In clear, while this device encrypts.
    Clear,
    /// Encrypted with a key that is not here.
    Foreign,
    /// Not as its device wrote it.
    Altered,
}

impl Form {
    const fn word(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Foreign => "foreign",
            Self::Altered => "altered",
        }
    }
}

/// One such row.
pub struct Mark<'a> {
    pub table: &'a str,
    pub key: &'a str,
    pub form: Form,
    /// Who wrote the version that is there; none: nobody says.
    pub device: Option<&'a str>,
    /// The time of that version.
    pub hlc: i64,
    /// The mirror's digest of it.
    pub digest: &'a str,
}

/// Whether this device made a version of a row.
static MADE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT 1 FROM change_log
          WHERE tbl = :tbl AND pk = :pk AND hlc = :hlc AND tbl IN ({}) LIMIT 1",
        *sql::SHARED
    )
});

/// Who wrote the version. The mirror names nobody for one that won over another.
fn author(tx: &Tx<'_>, mark: &Mark<'_>) -> Outcome<Option<String>> {
    let version = named_params! { ":tbl": mark.table, ":pk": mark.key, ":hlc": mark.hlc };
    match mark.device {
        None if tx.one(&MADE, version, |_| Ok(()))?.is_some() => sql::state(tx, "device"),
        device => Ok(device.map(str::to_owned)),
    }
}

/// Remembers which versions were made here, before the log forgets them.
pub fn keep_own_versions(tx: &Tx<'_>) -> Outcome<()> {
    for table in catalogue::tables().iter().filter(|table| table.class == Class::Union) {
        tx.run(
            "INSERT INTO sync_rows (tbl, pk, device_id, hlc, revision)
             SELECT tbl, pk, NULL, max(hlc), 0 FROM change_log WHERE tbl = :tbl GROUP BY pk
             ON CONFLICT (tbl, pk) DO UPDATE SET device_id = NULL, hlc = excluded.hlc
              WHERE excluded.hlc > sync_rows.hlc",
            named_params! { ":tbl": table.name },
        )?;
    }
    Ok(())
}

/// Notes the form of a row.
pub fn set(tx: &Tx<'_>, mark: &Mark<'_>) -> Outcome<()> {
    let device = author(tx, mark)?;
    if mark.form != Form::Altered && device.is_some() && device == sql::state(tx, "device")? {
        rekey::go_on(tx)?;
    }
    tx.run(
        "INSERT INTO sync_marks (tbl, pk, why, device_id, hlc, digest)
         VALUES (:tbl, :pk, :why, :device, :hlc, :digest)
         ON CONFLICT (tbl, pk) DO UPDATE SET why = excluded.why, device_id = excluded.device_id,
                hlc = excluded.hlc, digest = excluded.digest",
        named_params! {
            ":tbl": mark.table, ":pk": mark.key, ":why": mark.form.word(), ":device": device,
            ":hlc": mark.hlc, ":digest": mark.digest,
        },
    )?;
    Ok(())
}

/// The row is as this device would give it, or gone.
pub fn unset(tx: &Tx<'_>, table: &str, key: &str) -> Outcome<()> {
    let sql = "DELETE FROM sync_marks WHERE tbl = :tbl AND pk = :pk";
    tx.run(sql, named_params! { ":tbl": table, ":pk": key })?;
    Ok(())
}

/// The mirror has what this device wrote between two places of the log.
pub fn unset_between(tx: &Tx<'_>, after: i64, until: i64) -> Outcome<()> {
    tx.run(
        "DELETE FROM sync_marks WHERE (tbl, pk) IN
                (SELECT tbl, pk FROM change_log WHERE seq > :after AND seq <= :until)",
        named_params! { ":after": after, ":until": until },
    )?;
    Ok(())
}

/// The rows of a table, each with the mirror's digest.
pub fn digests(tx: &Tx<'_>, table: &str) -> Outcome<BTreeMap<String, String>> {
    let sql = "SELECT pk, digest FROM sync_marks WHERE tbl = :tbl";
    let rows: Vec<(String, String)> =
        tx.all(sql, named_params! { ":tbl": table }, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.into_iter().collect())
}

/// All of them: table and key.
pub fn all(tx: &Tx<'_>) -> Outcome<Vec<(String, String)>> {
    Ok(tx.all("SELECT tbl, pk FROM sync_marks", [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// How many rows have that form.
pub fn count(tx: &Tx<'_>, form: Form) -> Outcome<i64> {
    let sql = "SELECT count(*) FROM sync_marks WHERE why = :why";
    Ok(tx.one(sql, named_params! { ":why": form.word() }, |row| row.get(0))?.unwrap_or(0))
}

/// Some rows that are the mirror's newest as they are here, so that this device may give them its
/// own form: table, key and time.
pub fn held(tx: &Tx<'_>, most: usize) -> Outcome<Vec<(String, String, i64)>> {
    let sql = "SELECT m.tbl, m.pk, m.hlc FROM sync_marks AS m
                 LEFT JOIN sync_rows AS r ON r.tbl = m.tbl AND r.pk = m.pk
                WHERE m.why = 'clear' OR m.why = 'foreign' AND
                      (m.hlc = r.hlc OR m.device_id = (SELECT value FROM sync_state WHERE name = 'device'))
                ORDER BY m.tbl, m.pk LIMIT :most";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    Ok(tx.all(sql, named_params! { ":most": most }, |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?)
}
