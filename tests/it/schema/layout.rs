//! How generated SQL is laid out: what both engines' files have in common.

use coord::ingress::LAST_MS;

use super::kind::Kind;
use super::source::{Column, Index, Source, Table};

/// One column's line, before alignment.
pub struct Cells {
    pub name: String,
    pub kind: String,
    pub rest: String,
    pub comment: Option<String>,
}

/// The head of a generated file.
pub fn header(source: &Source) -> String {
    format!("{}\n{}", made(&source.stem), comment(&source.prose))
}

/// Where a generated file comes from.
pub fn made(stem: &str) -> String {
    format!("-- Made from schema/{stem}.* by {}; change it there.\n", super::BLESS)
}

/// Prose as SQL comments.
pub fn comment(prose: &[String]) -> String {
    prose.iter().map(|line| format!("-- {line}").trim_end().to_owned() + "\n").collect()
}

/// The generated part, then the one written by hand.
pub fn append(mut sql: String, companion: Option<&str>) -> String {
    if let Some(companion) = companion {
        sql.push('\n');
        sql.push_str(companion);
    }
    sql
}

/// What stands behind a column's type.
pub fn rest(column: &Column, rule: Option<String>) -> String {
    let null = if column.nullable { "" } else { "NOT NULL" };
    let check = rule.map(|rule| format!("CHECK ({rule})")).unwrap_or_default();
    format!("{null} {check}").trim().to_owned()
}

/// Columns, primary key and checks of a table, aligned, one a line.
pub fn body(columns: Vec<Cells>, table: &Table, key: &str) -> String {
    let widest = |cell: fn(&Cells) -> usize| columns.iter().map(cell).max().unwrap_or(0);
    let (name, kind) = (widest(|c| c.name.len()), widest(|c| c.kind.len()));
    let mut lines: Vec<_> = columns
        .into_iter()
        .map(|c| (format!("{:name$} {:kind$} {}", c.name, c.kind, c.rest), c.comment))
        .collect();
    lines.push((format!("PRIMARY KEY ({key})"), None));
    for check in &table.checks {
        lines.push((format!("CONSTRAINT {} CHECK ({})", check.name, check.rule), None));
    }
    let last = lines.len() - 1;
    let mut body = String::new();
    for (position, (line, comment)) in lines.into_iter().enumerate() {
        let comma = if position < last { "," } else { "" };
        let comment = comment.map(|comment| format!(" -- {comment}")).unwrap_or_default();
        body.push_str(&format!("    {}{comma}{comment}\n", line.trim_end()));
    }
    body
}

/// An index; `create` is the engine's way to begin, `table` its name for the table.
pub fn index(index: &Index, create: &str, table: &str) -> String {
    let create = if index.unique { create.replace("INDEX", "UNIQUE INDEX") } else { create.into() };
    let columns = index.columns.join(", ");
    let prose = comment(&index.prose);
    let predicate =
        index.predicate.as_ref().map(|rule| format!("\n    WHERE {rule}")).unwrap_or_default();
    format!("{prose}{create} {} ON {table} ({columns}){predicate};\n", index.name)
}

/// Rules that read the same in both engines.
pub fn shared_rule(c: &str, kind: &Kind) -> Option<String> {
    match kind {
        Kind::Int { least: Some(least), most: Some(most) } => {
            Some(format!("{c} BETWEEN {least} AND {most}"))
        }
        Kind::Int { least: Some(least), most: None } => Some(format!("{c} >= {least}")),
        Kind::Int { least: None, most: Some(most) } => Some(format!("{c} <= {most}")),
        // The last instant that RFC 3339 can write.
        Kind::Ms => Some(format!("{c} BETWEEN 0 AND {LAST_MS}")),
        Kind::Enum(words) => {
            let words: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
            Some(format!("{c} IN ({})", words.join(", ")))
        }
        _ => None,
    }
}
