//! SQL: which statements destroy, whatever the dialect.
//!
//! - Comments and literals are data; only words outside them count.
//! - Every statement is judged, also those inside `WITH`, `DO` and `EXECUTE`.
//!
//! Not here: which text is SQL (`input`, `programs::database`).

mod filter;
mod lex;
mod statement;

pub use lex::{Token, tokens};

/// The rules that a SQL text breaks.
#[must_use]
pub fn judge(text: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    judge_at(text, 0, &mut found);
    found
}

fn judge_at(text: &str, depth: u32, found: &mut Vec<&'static str>) {
    if depth > 6 {
        return;
    }
    let tokens = tokens(text);
    for statement in tokens.split(|token| matches!(token, Token::Sign(';'))) {
        statement::judge(statement, depth, found);
        if found.len() > 64 {
            return;
        }
    }
}

/// Whether a text begins like a SQL statement.
#[must_use]
pub fn looks_like_sql(text: &str) -> bool {
    let head: String = text.chars().take(4096).collect();
    let tokens = tokens(&head);
    let word = |at: usize| tokens.get(at).map_or("", Token::word);
    let is = |at: usize, wanted: &str| word(at).eq_ignore_ascii_case(wanted);
    let one_of = |at: usize, words: &str| {
        words.split(' ').any(|wanted| word(at).eq_ignore_ascii_case(wanted))
    };
    let later = |wanted: &str| tokens.iter().any(|token| token.is(wanted));
    if is(0, "drop") {
        return one_of(
            1,
            "table database schema index view owned user role column sequence function trigger \
             materialized type keyspace tablespace procedure extension temporary constraint policy",
        );
    }
    match word(0).to_ascii_lowercase().as_str() {
        "delete" => is(1, "from") || later("from") && tokens.len() < 64 && !is(1, "the"),
        "truncate" => is(1, "table") || tokens.len() <= 6 && word(1) != "the",
        "update" => later("set"),
        "insert" | "replace" => is(1, "into"),
        "select" => later("from") || tokens.len() < 24,
        "with" => later("as") && (later("select") || later("delete") || later("update")),
        "alter" => {
            one_of(1, "table database schema index role user column view sequence type system")
        }
        "create" => one_of(
            1,
            "table database schema index view unique role user or temporary materialized sequence \
             function trigger type extension temp policy procedure",
        ),
        "begin" | "commit" | "rollback" | "start" => {
            tokens.len() == 1
                || tokens.get(1).is_some_and(|t| *t == Token::Sign(';'))
                || is(1, "transaction")
        }
        "explain" => one_of(1, "select analyze delete update insert ( verbose plan format"),
        "merge" => is(1, "into"),
        "grant" | "revoke" => later("on") || later("to"),
        "vacuum" | "reindex" => tokens.len() < 8,
        "do" => matches!(tokens.get(1), Some(Token::Text(_))),
        "execute" | "exec" => is(1, "immediate") || matches!(tokens.get(1), Some(Token::Text(_))),
        "prepare" => later("from") || later("as"),
        "declare" | "if" => later("begin") || later("exists") && later("drop"),
        "use" => tokens.len() > 2 && tokens[2] == Token::Sign(';'),
        "show" => one_of(1, "tables databases schemas create columns index"),
        "pragma" | "purge" | "set" => tokens.len() < 12 && !is(1, "-"),
        "match" => later("return") || later("delete"),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
