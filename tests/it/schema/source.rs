//! Reads `schema/*.tables`: the one description of every table, from which both engines' SQL is made.
//!
//! - A line is a `table`, a column, a `check`, an `index` or a comment; a column belongs to the table above it.
//! - A column is NOT NULL unless its type ends in `?`. `key=` names the primary key, and nothing else does.
//! - Every index says in a comment which statement needs it.
//! - What is indexed is bounded, so that Postgres can hold every index row that SQLite can.
//!
//! Not here: SQL of either engine (`sqlite`, `postgres`).

use std::fmt;

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
    pub sync: Sync,
    /// The primary key's columns, in their order.
    pub key: Vec<String>,
    pub columns: Vec<Column>,
    pub checks: Vec<Check>,
}

/// How a table's rows reach the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// Not at all: the table exists in SQLite only.
    Local,
    /// One device owns a row; the cloud has its last image.
    Owner,
    /// A row never changes once written; copies add up.
    Append,
}

#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    pub nullable: bool,
    pub comment: Option<String>,
}

/// What a column may hold; both engines enforce the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A UUID; in SQLite lower-case with dashes.
    Id,
    /// 1 to so many bytes of text, compared byte by byte.
    Key(usize),
    /// SHA-256 as 64 lower-case hex digits.
    Sha256,
    /// Text without NUL, of any length.
    Text,
    /// Text whose very bytes matter (they are hashed), so it is text in Postgres too.
    Raw,
    /// Any JSON value, in canonical form.
    Json,
    /// A JSON array.
    JsonArray,
    Bool,
    /// A whole number, within bounds that include both ends.
    Int {
        least: Option<i64>,
        most: Option<i64>,
    },
    /// Unix milliseconds, UTC, from 1970 to 9999.
    Ms,
    /// A finite number.
    Real,
    /// One of these words.
    Enum(Vec<String>),
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

/// The longest key that no type says more about.
const KEY_BYTES: usize = 512;
/// A B-tree row of Postgres holds about 2,700 bytes; some are left for its headers.
const INDEX_BYTES: usize = 2_600;

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
        Ok(source)
    }

    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.items.iter().filter_map(|item| match item {
            Item::Table(table) => Some(table),
            Item::Index(_) => None,
        })
    }

    pub fn indexes(&self) -> impl Iterator<Item = &Index> {
        self.items.iter().filter_map(|item| match item {
            Item::Index(index) => Some(index),
            Item::Table(_) => None,
        })
    }

    /// Whether `index` is on a table that only SQLite has.
    pub fn is_local(&self, index: &Index) -> bool {
        self.tables().any(|table| table.name == index.table && table.sync == Sync::Local)
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
            "sync=local" => Sync::Local,
            "sync=owner" => Sync::Owner,
            "sync=append" => Sync::Append,
            other => return Err(format!("unknown {other}; known: local, owner, append")),
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
            return self.check_indexed(&self.key);
        }
        let (name, kind) = code.split_once(' ').ok_or("expected NAME @type")?;
        let (kind, nullable) = Kind::parse(kind.trim())?;
        self.columns.push(Column { name: name.into(), kind, nullable, comment });
        Ok(())
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

impl Kind {
    /// A type as written (`@i64? 1..10`), and whether NULL is allowed.
    fn parse(text: &str) -> Result<(Self, bool), String> {
        let (word, range) = match text.split_once(' ') {
            Some((word, range)) => (word, Some(range.trim())),
            None => (text, None),
        };
        let (word, nullable) = match word.strip_suffix('?') {
            Some(word) => (word, true),
            None => (word, false),
        };
        let (word, argument) = match word.strip_suffix(')').and_then(|w| w.split_once('(')) {
            Some((word, argument)) => (word, Some(argument)),
            None => (word, None),
        };
        let kind = match (word, argument, range) {
            ("@id", None, None) => Self::Id,
            ("@key", None, None) => Self::Key(KEY_BYTES),
            ("@key", Some(n), None) => Self::Key(n.parse().map_err(|_| "expected @key(BYTES)")?),
            ("@sha256", None, None) => Self::Sha256,
            ("@text", None, None) => Self::Text,
            ("@raw", None, None) => Self::Raw,
            ("@json", None, None) => Self::Json,
            ("@jsonarr", None, None) => Self::JsonArray,
            ("@bool", None, None) => Self::Bool,
            ("@i64", None, range) => Self::int(range)?,
            ("@ms", None, None) => Self::Ms,
            ("@real", None, None) => Self::Real,
            ("@enum", Some(words), None) => {
                Self::Enum(words.split(',').map(str::to_owned).collect())
            }
            _ => return Err(format!("unknown type {text}")),
        };
        Ok((kind, nullable))
    }

    fn int(range: Option<&str>) -> Result<Self, String> {
        let Some(range) = range else { return Ok(Self::Int { least: None, most: None }) };
        let bound = |text: &str| match text {
            "" => Ok(None),
            number => number.parse().map(Some).map_err(|e| format!("{number}: {e}")),
        };
        let (least, most) = range.split_once("..").ok_or("expected LEAST..MOST")?;
        Ok(Self::Int { least: bound(least)?, most: bound(most)? })
    }

    /// The most bytes a value takes in an index, if there is a most.
    fn bytes(&self) -> Option<usize> {
        match self {
            Self::Id => Some(16),
            Self::Key(bytes) => Some(*bytes),
            Self::Sha256 => Some(64),
            Self::Bool | Self::Int { .. } | Self::Ms | Self::Real => Some(8),
            Self::Enum(words) => words.iter().map(String::len).max(),
            Self::Text | Self::Raw | Self::Json | Self::JsonArray => None,
        }
    }
}

/// Code before `-- `, and the comment after it.
fn split_comment(line: &str) -> (&str, Option<String>) {
    match line.split_once("--") {
        Some((code, comment)) => (code, Some(comment.trim().to_owned())),
        None => (line, None),
    }
}
