//! Judges one statement.
//!
//! - Definitions (`CREATE …`) run nothing now.
//!
//! Not here: whether a `WHERE` narrows anything (`sql::filter`).

use crate::guardrails::sql::lex::Token;
use crate::guardrails::sql::{filter, judge_at};

/// How many sub-statements are looked at; one with more is taken for destroying.
const MOST_VERBS: usize = 100;

/// Judges a statement's tokens.
pub fn judge(statement: &[Token], depth: u32, found: &mut Vec<&'static str>) {
    let statement = without_explain(statement);
    let Some(first) = statement.first() else { return };
    let verb = first.word().to_ascii_uppercase();
    match verb.as_str() {
        "CREATE" | "GRANT" | "REVOKE" | "COMMENT" | "SHOW" | "DESCRIBE" | "VALUES" => {}
        "ALTER" => alter(statement, found),
        "DO" | "EXECUTE" | "EXEC" | "PREPARE" | "SP_EXECUTESQL" | "CALL" | "DECLARE" => {
            for token in statement {
                if let Token::Text(text) = token {
                    judge_at(text, depth + 1, found);
                }
            }
            scan(statement, depth, found);
        }
        "SET" => {
            // `SET @s = 'DROP …'` prepares what a later EXECUTE runs.
            for token in statement {
                if let Token::Text(text) = token
                    && text.len() > 8
                    && statement.get(1).is_some_and(|token| token.word().starts_with('@'))
                {
                    judge_at(text, depth + 1, found);
                }
            }
        }
        "PURGE" => found.push("drop_column"),
        "MATCH" | "OPTIONAL" => graph(statement, found),
        _ => scan(statement, depth, found),
    }
}

fn without_explain(statement: &[Token]) -> &[Token] {
    if !statement.first().is_some_and(|token| token.is("explain")) {
        return statement;
    }
    let analyze = statement.iter().take(12).position(|token| token.is("analyze"));
    let Some(at) = analyze else { return &[] };
    let rest = &statement[at + 1..];
    let verb = rest.iter().position(|token| {
        ["delete", "update", "insert", "select", "with", "merge"].iter().any(|verb| token.is(verb))
    });
    verb.map_or(&[], |at| &rest[at..])
}

/// Looks for destroying verbs where a statement or sub-statement can begin.
fn scan(statement: &[Token], depth: u32, found: &mut Vec<&'static str>) {
    let mut judged = 0;
    for (at, token) in statement.iter().enumerate() {
        let Token::Word(word) = token else { continue };
        if word.len() > 8 || !begins_here(statement, at) {
            continue;
        }
        judged += 1;
        if judged > MOST_VERBS {
            found.push("delete_no_where");
            return;
        }
        let rest = &statement[at..];
        match word.to_ascii_uppercase().as_str() {
            "EXECUTE" | "EXEC" if depth < 6 => {
                if let Some(Token::Text(text)) = rest.get(1) {
                    judge_at(text, depth + 1, found);
                }
            }
            "DROP" => drop(rest, found),
            "TRUNCATE" if !matches!(rest.get(1), Some(Token::Sign('(')) | None) => {
                found.push("truncate_table");
            }
            "DELETE" => delete(rest, found),
            "UPDATE" => update(rest, found),
            "ALTER" if at > 0 => alter(rest, found),
            _ => {}
        }
    }
}

/// Whether a verb at `at` can be one: first, in parentheses, or after a block word.
fn begins_here(statement: &[Token], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|at| statement.get(at)) else { return true };
    match before {
        Token::Sign('(' | ')' | '{') => true,
        Token::Word(word) => {
            let word = word.to_ascii_uppercase();
            let block = matches!(
                word.as_str(),
                "BEGIN"
                    | "THEN"
                    | "ELSE"
                    | "AS"
                    | "LOOP"
                    | "DO"
                    | "NULL"
                    | "TRAN"
                    | "TRANSACTION"
                    | "GO"
            );
            block
                || statement.first().is_some_and(|first| {
                    ["use", "if", "begin", "set", "go", "start"].iter().any(|verb| first.is(verb))
                }) && !matches!(
                    word.as_str(),
                    "ON" | "FOR" | "AFTER" | "BEFORE" | "OF" | "OR" | "KEY"
                )
        }
        _ => false,
    }
}

fn drop(rest: &[Token], found: &mut Vec<&'static str>) {
    let mut at = 1;
    while rest.get(at).is_some_and(|token| {
        ["foreign", "external", "dictionary", "tables"].iter().any(|word| token.is(word))
    }) {
        at += 1;
    }
    let Some(kind) = rest.get(at) else { return };
    match kind.word().to_ascii_uppercase().as_str() {
        "TABLE" => {
            let scratch = rest.iter().any(|token| token.word().starts_with('#'));
            if !scratch && rest.len() > at + 1 {
                found.push("drop_table");
            }
        }
        "DATABASE" | "SCHEMA" | "OWNED" | "KEYSPACE" | "TABLESPACE" | "COLLECTION" | "DATASET"
        | "NAMESPACE" | "CATALOG" | "WAREHOUSE" | "BUCKET" | "COLUMNFAMILY" | "SHARE" => {
            found.push("drop_database");
        }
        "USER" | "ROLE" | "LOGIN" => found.push("drop_role"),
        "MATERIALIZED" | "PARTITION" => found.push("drop_column"),
        _ => {}
    }
}

fn delete(rest: &[Token], found: &mut Vec<&'static str>) {
    let from = rest.iter().take(8).position(|token| token.is("from"));
    let Some(from) = from else {
        // `DELETE users WHERE …` is T-SQL and Oracle.
        let plain = rest.len() == 2 && matches!(rest[1], Token::Word(_) | Token::Name(_));
        if plain {
            found.push("delete_no_where");
        }
        return;
    };
    if rest.len() <= from + 1 {
        return;
    }
    if !filter::narrows(&rest[from + 1..]) {
        found.push("delete_no_where");
    }
}

fn update(rest: &[Token], found: &mut Vec<&'static str>) {
    let Some(set) = rest.iter().take(16).position(|token| token.is("set")) else { return };
    if set > 1 && !filter::narrows(&rest[set + 1..]) {
        found.push("update_no_where");
    }
}

fn alter(statement: &[Token], found: &mut Vec<&'static str>) {
    const KEPT: [&str; 13] = [
        "constraint",
        "index",
        "key",
        "default",
        "not",
        "foreign",
        "primary",
        "check",
        "expression",
        "identity",
        "unique",
        "trigger",
        "if-constraint",
    ];
    for (at, token) in statement.iter().enumerate() {
        let next = statement.get(at + 1);
        if token.is("drop") {
            let kept = next.is_some_and(|next| KEPT.iter().any(|kept| next.is(kept)));
            let named = matches!(next, Some(Token::Word(_) | Token::Name(_) | Token::Sign('(')));
            if named && !kept && statement.get(1).is_some_and(|kind| kind.is("table")) {
                found.push("drop_column");
            }
        }
        if token.is("truncate") && next.is_some_and(|next| next.is("partition")) {
            found.push("truncate_table");
        }
        if token.is("delete")
            && at > 2
            && !statement[at - 1].is("on")
            && !filter::narrows(&statement[at + 1..])
        {
            found.push("delete_no_where");
        }
    }
}

/// Cypher: `MATCH (n) DETACH DELETE n`.
fn graph(statement: &[Token], found: &mut Vec<&'static str>) {
    let deletes = statement.iter().any(|token| token.is("delete"));
    let narrowed = statement.iter().any(|token| token.is("where") || *token == Token::Sign('{'));
    if deletes && !narrowed {
        found.push("delete_no_where");
    }
}
