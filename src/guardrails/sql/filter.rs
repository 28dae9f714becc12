//! Whether a `WHERE` leaves rows out.
//!
//! - A condition that is true of every row narrows nothing, in any disjunct.
//!
//! Not here: which statements need one (`sql::statement`).

use crate::guardrails::sql::lex::Token;

/// Whether what follows a statement's table narrows it.
#[must_use]
pub fn narrows(rest: &[Token]) -> bool {
    let end = end_of_scope(rest);
    let rest = &rest[..end];
    let Some(at) = top_level(rest, &["where"]) else {
        return joins(rest);
    };
    let condition = &rest[at + 1..];
    let stop = top_level(condition, &["returning", "limit", "order", "option"]);
    !always_true(&condition[..stop.unwrap_or(condition.len())], 0)
}

/// `DELETE a FROM a JOIN b ON …` is narrowed by its join.
fn joins(rest: &[Token]) -> bool {
    top_level(rest, &["join"]).is_some() && top_level(rest, &["on", "using"]).is_some()
}

fn end_of_scope(rest: &[Token]) -> usize {
    let mut open = 0_u32;
    for (at, token) in rest.iter().enumerate() {
        match token {
            Token::Sign('(') => open += 1,
            Token::Sign(')') if open == 0 => return at,
            Token::Sign(')') => open -= 1,
            _ => {}
        }
    }
    rest.len()
}

fn top_level(tokens: &[Token], words: &[&str]) -> Option<usize> {
    let mut open = 0_u32;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('(') => open += 1,
            Token::Sign(')') => open = open.saturating_sub(1),
            token if open == 0 && words.iter().any(|word| token.is(word)) => return Some(at),
            _ => {}
        }
    }
    None
}

fn split<'t>(tokens: &'t [Token], word: &str) -> Vec<&'t [Token]> {
    let mut parts = Vec::new();
    let mut rest = tokens;
    while let Some(at) = top_level(rest, &[word]) {
        parts.push(&rest[..at]);
        rest = &rest[at + 1..];
    }
    parts.push(rest);
    parts
}

fn always_true(condition: &[Token], depth: u32) -> bool {
    if depth > 8 {
        return false;
    }
    if condition.is_empty() {
        return true;
    }
    if condition.iter().any(|token| token.is("between")) {
        return false;
    }
    split(condition, "or")
        .iter()
        .any(|part| split(part, "and").iter().all(|term| term_is_true(term, depth)))
}

fn term_is_true(term: &[Token], depth: u32) -> bool {
    match term {
        [Token::Sign('('), inner @ .., Token::Sign(')')] if end_of_scope(inner) == inner.len() => {
            !inner.first().is_some_and(|token| token.is("select")) && always_true(inner, depth + 1)
        }
        [one] => one.is("true") || is_nonzero(one),
        [not, Token::Word(word)] if not.is("not") => {
            word.eq_ignore_ascii_case("false") || word == "0"
        }
        [exists, Token::Sign('('), select, value, Token::Sign(')')] => {
            exists.is("exists") && select.is("select") && is_nonzero(value)
        }
        [left, Token::Sign('='), right] => left == right,
        [left, Token::Sign('='), Token::Sign('='), right] => left == right,
        [a, Token::Sign('.'), b, Token::Sign('='), c, Token::Sign('.'), d] => a == c && b == d,
        [left, Token::Sign('<'), Token::Sign('>'), right]
        | [left, Token::Sign('!'), Token::Sign('='), right] => differ(left, right),
        [left, Token::Sign('>'), Token::Sign('='), right] => compare(right, left, true),
        [left, Token::Sign('<'), Token::Sign('='), right] => compare(left, right, true),
        [left, Token::Sign('>'), right] => compare(right, left, false),
        [left, Token::Sign('<'), right] => compare(left, right, false),
        [column, is, not, null] if is.is("is") && not.is("not") && null.is("null") => {
            column.is("id")
        }
        [left, like, right] if like.is("like") && left == right => true,
        [_, like, Token::Text(pattern)] if like.is("like") || like.is("ilike") => {
            !pattern.is_empty() && pattern.chars().all(|c| c == '%')
        }
        [is, Token::Word(rest)] if is.is("is") => rest.eq_ignore_ascii_case("true"),
        [a, is, b] if is.is("is") => a == b,
        _ => false,
    }
}

fn is_nonzero(token: &Token) -> bool {
    token.word().parse::<i64>().is_ok_and(|number| number != 0)
}

fn number(token: &Token) -> Option<i64> {
    match token {
        Token::Word(word) => word.parse().ok(),
        Token::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn differ(left: &Token, right: &Token) -> bool {
    match (left, right) {
        (Token::Text(a), Token::Text(b)) => a != b,
        _ => matches!((number(left), number(right)), (Some(a), Some(b)) if a != b),
    }
}

/// Whether `low < high` (or `low <= high`) for every row: numbers, or an id above zero.
fn compare(low: &Token, high: &Token, or_equal: bool) -> bool {
    match (number(low), number(high)) {
        (Some(low), Some(high)) => low < high || (or_equal && low == high),
        (Some(low), None) => high.is("id") && low <= i64::from(or_equal),
        _ => false,
    }
}
