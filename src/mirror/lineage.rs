//! Which versions a policy was made from.
//!
//! - A revision is a number, and a mirror that was put back gives the same numbers out again. So
//!   each version is known by its digest too, and goes with the digests of those before it.
//! - Of two versions, one is newer if the other is among those it was made from. If neither is,
//!   they have parted: nobody who made one had seen the other, and a person decides.

use rusqlite::named_params;

use super::agreed;
use crate::failure::Outcome;
use crate::store::Tx;

/// Digests of a version and of those before it, one for each revision, newest first; `None` for
/// one that nobody noted.
pub type Lineage = Vec<Option<String>>;

/// Versions that are kept and told of each policy; of what is older it is not known whether it parted.
const LENGTH: usize = 32;
/// Stands for the digest of a version by which the policy was gone.
pub const GONE: &str = "0000000000000000";

/// A version of a policy.
#[derive(Clone, Debug, Default)]
pub struct Version {
    pub revision: i64,
    pub lineage: Lineage,
}

/// How a version that came stands to the one that is agreed upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It was made from it, or is the same.
    Newer,
    /// It is one of those that the agreed one was made from.
    Older,
    /// Neither was made from the other.
    Parted,
}

impl Version {
    /// How `theirs` stands to this one. What nobody noted counts as made in the order of revisions.
    pub fn relation(&self, theirs: &Self) -> Relation {
        if theirs.revision < self.revision {
            return if self.came_from(theirs) == Some(false) {
                Relation::Parted
            } else {
                Relation::Older
            };
        }
        if theirs.came_from(self) == Some(false) { Relation::Parted } else { Relation::Newer }
    }

    /// Whether this version is `older`, or was made from it; `None`: nobody knows.
    pub fn came_from(&self, older: &Self) -> Option<bool> {
        let steps = usize::try_from(self.revision - older.revision).ok()?;
        let then = self.lineage.get(steps)?.as_ref()?;
        Some(then == older.lineage.first()?.as_ref()?)
    }

    /// The version that a change with that digest makes of this one.
    pub fn grown(mut self, digest: String) -> Self {
        self.lineage.insert(0, Some(digest));
        self.lineage.truncate(LENGTH);
        Self { revision: self.revision + 1, lineage: self.lineage }
    }

    /// The version from which this one was made.
    pub fn before(mut self) -> Self {
        let revision = (self.revision - 1).max(0);
        self.lineage.drain(..self.lineage.len().min(1));
        Self { revision, lineage: self.lineage }
    }
}

/// The version of a policy that is agreed upon, if one is.
pub fn agreed(tx: &Tx<'_>, table: &str, key: &str) -> Outcome<Option<Version>> {
    let Some(known) = agreed::known(tx, table, key)? else { return Ok(None) };
    let sql = "SELECT lineage FROM policy_lineage WHERE tbl = :tbl AND pk = :pk";
    let named = named_params! { ":tbl": table, ":pk": key };
    let text: Option<String> = tx.one(sql, named, |row| row.get(0))?;
    let lineage = text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    Ok(Some(Version { revision: known.revision, lineage }))
}

/// Agrees upon a version of a policy.
pub fn agree(tx: &Tx<'_>, table: &str, key: &str, version: &Version) -> Outcome<()> {
    let revision = version.revision;
    agreed::set(tx, &agreed::Agreed { table, key, revision, ..agreed::Agreed::default() })?;
    note(tx, table, key, &version.lineage)
}

/// Notes where the version that is agreed upon comes from.
pub fn note(tx: &Tx<'_>, table: &str, key: &str, lineage: &Lineage) -> Outcome<()> {
    let text = serde_json::to_string(lineage).map_err(anyhow::Error::from)?;
    tx.run(
        "INSERT INTO policy_lineage (tbl, pk, lineage) VALUES (:tbl, :pk, :lineage)
         ON CONFLICT (tbl, pk) DO UPDATE SET lineage = excluded.lineage",
        named_params! { ":tbl": table, ":pk": key, ":lineage": text },
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(revision: i64, lineage: &[&str]) -> Version {
        let digest = |text: &&str| (!text.is_empty()).then(|| (*text).to_owned());
        Version { revision, lineage: lineage.iter().map(digest).collect() }
    }

    #[test]
    fn what_neither_was_made_from_has_parted() {
        let ours = version(6, &["m1", "x5", "x4"]);
        for (theirs, wanted) in [
            (version(6, &["m1", "x5"]), Relation::Newer),
            (version(6, &["m2", "x5"]), Relation::Parted),
            (version(7, &["m3", "m1", "x5"]), Relation::Newer),
            (version(7, &["m3", "m2", "x5"]), Relation::Parted),
            (version(5, &["x5", "x4"]), Relation::Older),
            (version(5, &["m2", "x4"]), Relation::Parted),
            (version(3, &["x3"]), Relation::Older),
            (version(9, &["m4"]), Relation::Newer),
            (version(7, &["m3", "", "x5"]), Relation::Newer),
            (version(6, &[]), Relation::Newer),
        ] {
            assert_eq!(ours.relation(&theirs), wanted, "{theirs:?}");
        }
    }

    #[test]
    fn a_version_knows_as_many_as_are_told() {
        let mut version = Version::default();
        for at in 0..100 {
            version = version.grown(at.to_string());
        }
        assert_eq!((version.revision, version.lineage.len()), (100, LENGTH));
        let before = version.before();
        assert_eq!((before.revision, before.lineage[0].as_deref()), (99, Some("98")));
        assert_eq!(Version::default().before().revision, 0);
    }
}
