//! Brace lists: `{a,b}` and `{1..3}`.
//!
//! - At most [`MOST`] results; beyond, the word becomes one hole.
//!
//! Not here: all other expansions (`machine::expand`).

use crate::guardrails::machine::expand::From;
use crate::guardrails::machine::value::HOLE;

/// Most words that one word may become.
const MOST: usize = 256;

type Chars = Vec<(char, From)>;

/// The words that a word's brace lists make of it, and how many characters were copied.
#[must_use]
pub fn expand(chars: &[(char, From)]) -> (Vec<Chars>, usize) {
    if !chars.contains(&('{', From::Source)) {
        return (vec![chars.to_vec()], chars.len());
    }
    let mut done: Vec<Chars> = Vec::new();
    let mut todo: Vec<Chars> = vec![chars.to_vec()];
    let mut work = 0_usize;
    while let Some(word) = todo.pop() {
        work += word.len();
        if done.len() + todo.len() > MOST || work > 64 * 1024 {
            return (vec![vec![(HOLE, From::Expansion)]], work);
        }
        match first_list(&word) {
            None => done.push(word),
            Some((open, close, items)) => {
                for item in items.into_iter().rev() {
                    let mut next: Chars = word[..open].to_vec();
                    next.extend(item);
                    next.extend(&word[close + 1..]);
                    todo.push(next);
                }
            }
        }
    }
    (done, work)
}

/// The first brace list: where it opens and closes, and its items.
fn first_list(word: &[(char, From)]) -> Option<(usize, usize, Vec<Chars>)> {
    let mut opens: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut best: Option<(usize, usize, Vec<usize>)> = None;
    for (at, &(c, from)) in word.iter().enumerate() {
        if from != From::Source {
            continue;
        }
        match c {
            '{' if opens.len() < 32 => opens.push((at, Vec::new())),
            ',' => {
                if let Some((_, commas)) = opens.last_mut() {
                    commas.push(at);
                }
            }
            '}' => {
                let Some((open, commas)) = opens.pop() else { continue };
                let lists = !commas.is_empty() || range(&word[open + 1..at]).is_some();
                if lists {
                    best = Some((open, at, commas));
                    if opens.is_empty() {
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    let (open, close, commas) = best?;
    if commas.is_empty() {
        return Some((open, close, range(&word[open + 1..close])?));
    }
    let mut items = Vec::with_capacity(commas.len() + 1);
    let mut from = open + 1;
    for comma in commas {
        items.push(word[from..comma].to_vec());
        from = comma + 1;
    }
    items.push(word[from..close].to_vec());
    Some((open, close, items))
}

fn range(inside: &[(char, From)]) -> Option<Vec<Chars>> {
    if inside.len() > 16 {
        return None;
    }
    let text: String = inside.iter().map(|(c, _)| *c).collect();
    let (from, to) = text.split_once("..")?;
    let to = to.split("..").next()?;
    let make = |text: String| text.chars().map(|c| (c, From::Source)).collect::<Chars>();
    if let (Ok(from), Ok(to)) = (from.parse::<i64>(), to.parse::<i64>()) {
        let (low, high) = (from.min(to), from.max(to));
        let most = i64::try_from(MOST).unwrap_or(i64::MAX);
        return Some(
            (low..=high.min(low.saturating_add(most))).map(|n| make(n.to_string())).collect(),
        );
    }
    let mut from = from.chars();
    let mut to = to.chars();
    match (from.next(), from.next(), to.next(), to.next()) {
        (Some(a), None, Some(b), None) if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
            Some((a.min(b)..=a.max(b)).map(|c| make(c.into())).collect())
        }
        _ => None,
    }
}
