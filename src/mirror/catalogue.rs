//! The mirrored tables, as the schema's source describes them.

use std::sync::LazyLock;

use serde::Deserialize;

/// Which rule holds for a table's rows when several devices have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// A row never changes once written, and belongs to its device.
    Append,
    /// One device owns a row; the mirror has its last image.
    Owner,
    /// One row for all devices; the newest image stays.
    Union,
    /// One row for all devices; a change names the revision that it replaces.
    Policy,
}

/// What a column holds, as far as JSON tells it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Text,
    Json,
    Bool,
    Int,
    Ms,
    Real,
}

/// One column.
#[derive(Clone, Debug, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may be absent.
    #[serde(default)]
    pub nullable: bool,
    /// It means something on this device alone and is not sent.
    #[serde(default)]
    pub local: bool,
}

/// One table.
#[derive(Clone, Debug, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// The rule for its rows.
    pub class: Class,
    /// The columns of its key, in order.
    pub key: Vec<String>,
    /// All columns, in order.
    pub columns: Vec<Column>,
}

#[derive(Deserialize)]
struct Catalogue {
    schema: u32,
    tables: Vec<Table>,
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    // Made and checked by a test; a binary with a broken one does not pass it.
    serde_json::from_str(include_str!("../../schema/mirrored.json"))
        .unwrap_or(Catalogue { schema: 0, tables: Vec::new() })
});

/// Every mirrored table.
#[must_use]
pub fn tables() -> &'static [Table] {
    &CATALOGUE.tables
}

/// The mirrored table of that name.
#[must_use]
pub fn table(name: &str) -> Option<&'static Table> {
    tables().iter().find(|table| table.name == name)
}

/// The number of the newest migration of the mirror that this binary knows.
#[must_use]
pub fn schema() -> u32 {
    CATALOGUE.schema
}

impl Table {
    /// The columns that are sent.
    pub fn sent(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !column.local)
    }

    /// Whether rows come in an order that the mirror relies on: they are counted.
    #[must_use]
    pub fn is_series(&self) -> bool {
        let counted = |name: &String| {
            self.columns.iter().any(|column| column.name == *name && column.kind == Kind::Int)
        };
        self.class == Class::Append && self.key.len() == 1 && self.key.iter().all(counted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_can_be_read() {
        assert!(schema() >= 11 && tables().len() > 15);
        let series: Vec<_> = tables().iter().filter(|table| table.is_series()).collect();
        let names: Vec<_> = series.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["audit_log", "audit_seals"]);
    }
}
