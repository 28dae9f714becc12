//! Reads `schema/*.tables`: the one description of every table, from which both engines' SQL is
//! made.
//!
//! - A line is a `table`, a column, a `check`, an `index` or a comment; a column belongs to the
//!   table above it.
//! - A column is NOT NULL unless its type ends in `?`. `key=` names the primary key, and nothing
//!   else does.
//! - Every index says in a comment which statement needs it.
//! - What is indexed is bounded, so that Postgres can hold every index row that SQLite can.
//!
//! Not here: what the types mean (`kind`), SQL of either engine (`sqlite`, `postgres`).

use std::fmt;

use super::kind::Kind;

/// One file of the source.
#[derive(Debug)]
pub struct Source {
    /// `001_core_schema`: number and name, shared by everything made from it.
    pub stem: String,
    /// What the file is about.
    pub prose: Vec<String>,
    pub items: Vec<Item>,
}

/// A table or an index, in the order of the file.
#[derive(Debug)]
pub enum Item {
    Table(Table),
    Index(Index),
}

/// One table and what must be true of each of its rows.
#[derive(Debug, Clone)]
pub struct Table {
    pub prose: Vec<String>,
    pub name: String,
    pub sync: SyncClass,
    /// The primary key's columns, in their order.
    pub key: Vec<String>,
    pub columns: Vec<Column>,
    pub checks: Vec<Check>,
}

/// How a table's rows reach the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncClass {
    /// Not at all: the table exists in SQLite only.
    Local,
    /// One device owns a row; the cloud has its last image.
    Owner,
    /// A row never changes once written, and belongs to its device.
    Append,
    /// One row for all devices of a workspace; each may write it and the newest image stays.
    Union,
    /// One row for all devices of a workspace; a change names the revision that it replaces.
    Policy,
}

impl SyncClass {
    /// As written behind `sync=`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Owner => "owner",
            Self::Append => "append",
            Self::Union => "union",
            Self::Policy => "policy",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    pub nullable: bool,
    /// Means something on this device alone, so the mirror has no such column.
    pub local: bool,
    pub comment: Option<String>,
}

/// A rule over several columns, in SQL that both engines understand.
#[derive(Debug, Clone)]
pub struct Check {
    pub name: String,
    pub rule: String,
}

#[derive(Debug)]
pub struct Index {
    pub prose: Vec<String>,
    pub name: String,
    pub unique: bool,
    pub table: String,
    pub columns: Vec<String>,
    pub predicate: Option<String>,
}

/// A B-tree row of Postgres holds 2,704 bytes; some are left for its headers.
const INDEX_BYTES: usize = 2_500;

/// A line that cannot be read, and why.
#[derive(Debug)]
pub struct Unreadable {
    stem: String,
    line: usize,
    why: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "schema/{}.tables:{}: {}", self.stem, self.line, self.why)
    }
}

impl Source {
    /// Reads one file; `stem` is its name without the ending.
    pub fn parse(stem: &str, text: &str) -> Result<Self, Unreadable> {
        let mut source = Self { stem: stem.into(), prose: vec![], items: vec![] };
        let mut prose = vec![];
        for (number, line) in text.lines().enumerate() {
            source.take(line, &mut prose).map_err(|why| Unreadable {
                stem: stem.into(),
                line: number + 1,
                why,
            })?;
        }
        source.check_keys().map_err(|why| Unreadable {
            stem: stem.into(),
            line: text.lines().count(),
            why,
        })?;
        Ok(source)
    }

    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.items.iter().filter_map(|item| match item {
            Item::Table(table) => Some(table),
            Item::Index(_) => None,
        })
    }

    fn take(&mut self, line: &str, prose: &mut Vec<String>) -> Result<(), String> {
        let (code, comment) = split_comment(line);
        let indented = line.starts_with(' ');
        match (code.trim(), comment) {
            ("", Some(comment)) => prose.push(comment),
            ("", None) => {
                if self.items.is_empty() && self.prose.is_empty() {
                    self.prose = std::mem::take(prose);
                }
            }
            (code, comment) if indented => {
                let Some(Item::Table(table)) = self.items.last_mut() else {
                    return Err("an indented line belongs to a table".into());
                };
                table.take(code, comment)?;
            }
            (code, comment) => {
                prose.extend(comment);
                let item = self.item(code, std::mem::take(prose))?;
                self.items.push(item);
            }
        }
        Ok(())
    }

    /// Known only at the end: a key stands before its columns.
    fn check_keys(&self) -> Result<(), String> {
        for table in self.tables() {
            let sound = table.check_indexed(&table.key).and_then(|()| {
                let absent = |name: &&String| table.column(name).is_some_and(|c| c.nullable);
                let absent = table.key.iter().find(absent);
                absent.map_or(Ok(()), |name| Err(format!("{name} may be absent")))
            });
            sound.map_err(|why| format!("the key of {}: {why}", table.name))?;
        }
        Ok(())
    }

    fn item(&self, code: &str, prose: Vec<String>) -> Result<Item, String> {
        if let Some(head) = code.strip_prefix("table ") {
            return Table::parse(head, prose).map(Item::Table);
        }
        let (unique, head) = match code.strip_prefix("unique ") {
            Some(head) => (true, head),
            None => (false, code),
        };
        let head = head.strip_prefix("index ").ok_or("expected table, index or unique index")?;
        let index = Index::parse(head, unique, prose)?;
        let table = self
            .tables()
            .find(|table| table.name == index.table)
            .ok_or_else(|| format!("no table {} above this index", index.table))?;
        table.check_indexed(&index.columns)?;
        Ok(Item::Index(index))
    }
}

impl Table {
    fn parse(head: &str, prose: Vec<String>) -> Result<Self, String> {
        let mut words = head.split_whitespace();
        let mut next = |what: &str| words.next().ok_or_else(|| format!("the table has no {what}"));
        let name = next("name")?.to_owned();
        let sync = match next("sync=")? {
            "sync=local" => SyncClass::Local,
            "sync=owner" => SyncClass::Owner,
            "sync=append" => SyncClass::Append,
            "sync=union" => SyncClass::Union,
            "sync=policy" => SyncClass::Policy,
            other => {
                return Err(format!("unknown {other}; known: local, owner, append, union, policy"));
            }
        };
        let key = next("key=")?.strip_prefix("key=").ok_or("expected key=")?;
        let key = key.split(',').map(str::to_owned).collect();
        if prose.is_empty() {
            return Err(format!("say in a comment what {name} is"));
        }
        Ok(Self { prose, name, sync, key, columns: vec![], checks: vec![] })
    }

    fn take(&mut self, code: &str, comment: Option<String>) -> Result<(), String> {
        if let Some(rule) = code.strip_prefix("check ") {
            let (name, rule) = rule.split_once(": ").ok_or("expected check NAME: RULE")?;
            self.checks.push(Check { name: name.into(), rule: rule.into() });
            return Ok(());
        }
        let (name, kind) = code.split_once(' ').ok_or("expected NAME @type")?;
        let (kind, local) = match kind.trim().strip_suffix(" local") {
            Some(kind) => (kind, true),
            None => (kind, false),
        };
        let (kind, nullable) = Kind::parse(kind.trim())?;
        self.columns.push(Column { name: name.into(), kind, nullable, local, comment });
        Ok(())
    }

    /// The columns that the mirror has too.
    pub fn mirrored(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !column.local)
    }

    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns of the primary key and of every index are bounded in size.
    fn check_indexed(&self, columns: &[String]) -> Result<(), String> {
        let mut bytes = 0;
        for name in columns {
            let column = self.column(name).ok_or_else(|| format!("no column {name}"))?;
            bytes += column.kind.bytes().ok_or_else(|| format!("{name} has no largest size"))?;
        }
        if bytes > INDEX_BYTES {
            return Err(format!("{bytes} bytes in one index row, Postgres takes {INDEX_BYTES}"));
        }
        Ok(())
    }
}

impl Index {
    fn parse(head: &str, unique: bool, prose: Vec<String>) -> Result<Self, String> {
        let (head, predicate) = match head.split_once(" where ") {
            Some((head, predicate)) => (head, Some(predicate.to_owned())),
            None => (head, None),
        };
        let form = "expected index NAME on TABLE(COLUMN, …) [where …]";
        let (name, target) = head.split_once(" on ").ok_or(form)?;
        let (table, columns) =
            target.strip_suffix(')').and_then(|t| t.split_once('(')).ok_or(form)?;
        if prose.is_empty() {
            return Err(format!("say in a comment which statement needs {name}"));
        }
        let columns = columns.split(',').map(|column| column.trim().to_owned()).collect();
        Ok(Self { prose, name: name.into(), unique, table: table.into(), columns, predicate })
    }
}

/// Code before `-- `, and the comment after it.
fn split_comment(line: &str) -> (&str, Option<String>) {
    match line.split_once("--") {
        Some((code, comment)) => (code, Some(comment.trim().to_owned())),
        None => (line, None),
    }
}
