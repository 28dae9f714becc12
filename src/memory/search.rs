//! From a question to memories with their relevance.
//!
//! - The full-text index names candidates, at most so many for each term, newest first; only the
//!   most promising are read and scored exactly. So a common word costs no more than a rare one.
//! - What reaches the index is quoted words, never the caller's text.
//!
//! Not here: what a question's text means (`query`), what a match is worth (`score`).

use std::collections::HashMap;

use super::query::{Query, Reader, Term, Way};
use super::score::{Evidence, idf, relevance};
use super::synonyms::{Name, TABLE};
use super::words::words;
use super::{EventType, Memory, sql, stem};
use crate::failure::Outcome;
use crate::store::Tx;
use crate::time::{DAY, Time};

/// Memories that are looked up for one term, at most.
const FOUND_MAX: usize = 1_000;
/// Memories that are read and scored, at most.
const READ_MAX: usize = 200;
/// Terms that are looked for together when each alone is everywhere.
const TOGETHER: usize = 3;
/// With fewer memories than this a word is judged as if there were as many: among three, the one
/// that answers would make its own word look common.
const FEW: i64 = 1_000;
/// Letters that a misspelt word is trusted to begin with.
const TRUSTED: usize = 2;

/// A question.
pub struct Question<'a> {
    /// Where.
    pub project: &'a str,
    /// What is asked for; without it, the newest.
    pub query: Option<Query>,
    /// Only memories with one of these; in lower case.
    pub tags: &'a [String],
    /// Only of this kind.
    pub event_type: Option<EventType>,
    /// Only by this agent.
    pub agent_id: Option<&'a str>,
}

/// A memory and what it is worth to who asked.
pub struct Found {
    /// The memory.
    pub memory: Memory,
    /// In [0, 1].
    pub relevance: f64,
}

/// The memories that answer the question, best first.
///
/// # Errors
/// Faults only.
pub fn search(tx: &Tx<'_>, question: &Question<'_>, now: Time) -> Outcome<Vec<Found>> {
    let mut found = match &question.query {
        Some(query) => answers(tx, question, query.clone(), now)?,
        None => newest(tx, question, now)?,
    };
    found.sort_by(|a, b| {
        let newer = b.memory.created_at.cmp(&a.memory.created_at);
        b.relevance
            .total_cmp(&a.relevance)
            .then(newer)
            .then(a.memory.memory_id.cmp(&b.memory.memory_id))
    });
    Ok(found)
}

fn newest(tx: &Tx<'_>, question: &Question<'_>, now: Time) -> Outcome<Vec<Found>> {
    let limit = i64::try_from(FOUND_MAX).unwrap_or(i64::MAX);
    let mut memories = if question.tags.is_empty() {
        let page = sql::Page {
            before: None,
            event_type: question.event_type,
            agent_id: question.agent_id,
            pinned: false,
            limit: i64::try_from(READ_MAX).unwrap_or(i64::MAX),
        };
        sql::page(tx, question.project, &page)?
    } else {
        let places = sql::matching(tx, &question.scope(), FOUND_MAX)?;
        sql::at(tx, question.project, &places)?.into_iter().map(|(_, memory)| memory).collect()
    };
    for pinned in sql::pinned(tx, question.project, limit)? {
        if !memories.iter().any(|one| one.memory_id == pinned.memory_id) {
            memories.push(pinned);
        }
    }
    let found = memories.into_iter().filter(|memory| question.admits(memory));
    Ok(found.map(|memory| question.judge(memory, None, now)).collect())
}

fn answers(
    tx: &Tx<'_>,
    question: &Question<'_>,
    mut query: Query,
    now: Time,
) -> Outcome<Vec<Found>> {
    correct(tx, &mut query)?;
    let all = sql::last_place(tx)?;
    let scope = question.scope();
    let mut promise = Promise::default();
    let mut terms = Vec::with_capacity(query.terms.len());
    for term in &query.terms {
        terms.push(promise.of_term(tx, &scope, term, all)?);
    }
    promise.of_terms_together(tx, &scope, &query, &terms)?;
    let idfs: Vec<f64> = terms.iter().map(|term| term.idf).collect();
    let mut reader = Reader::of(&query);
    let mut found = Vec::new();
    for (_, memory) in sql::at(tx, question.project, &promise.best(READ_MAX))? {
        let text = query.text_match(&mut reader, &memory, &idfs);
        if text > 0.0 && question.admits(&memory) {
            found.push(question.judge(memory, Some(text), now));
        }
    }
    Ok(found)
}

/// Finds what strange words may have been meant to be.
fn correct(tx: &Tx<'_>, query: &mut Query) -> Outcome<()> {
    for at in 0..query.terms.len() {
        let term = &query.terms[at];
        let own = &term.ways[0].name.stems[0];
        if !term.is_strange() || sql::knows(tx, own)? {
            continue;
        }
        let mut known: Vec<String> = TABLE.single_words().map(stem::stem).collect();
        for beginning in beginnings(own) {
            known.extend(sql::stems_from(tx, &beginning)?);
        }
        known.sort_unstable();
        known.dedup();
        query.correct(at, &known);
    }
    Ok(())
}

/// How the word that was meant may begin: as written, or with its first letters swapped.
fn beginnings(word: &str) -> Vec<String> {
    let first: Vec<char> = word.chars().take(TRUSTED).collect();
    let mut both = vec![first.iter().collect::<String>(), first.iter().rev().collect()];
    both.dedup();
    both
}

/// How common a term is.
struct Commonness {
    idf: f64,
    /// There are more memories with it than were looked up.
    everywhere: bool,
}

/// Places of memories, and how much was found there so far.
#[derive(Default)]
struct Promise {
    places: HashMap<i64, f64>,
}

impl Promise {
    /// Looks a term up: its own words first, then all other ways to say it.
    fn of_term(&mut self, tx: &Tx<'_>, scope: &str, term: &Term, all: i64) -> Outcome<Commonness> {
        let (own, others) = term.ways.split_at(1);
        let mut had: HashMap<i64, f64> = HashMap::new();
        let mut having = 0.0_f64;
        let mut everywhere = false;
        for ways in [own, others] {
            let Some(weight) = ways.first().map(|way| way.weight) else { continue };
            let places = sql::matching(tx, &within(scope, ways), FOUND_MAX)?;
            // The word that was said tells how telling it is; other names only where nobody says it.
            if having <= 0.0 {
                having = about(&places, all);
            }
            everywhere |= places.len() == FOUND_MAX;
            for place in places {
                had.entry(place).or_insert(weight);
            }
        }
        let idf = idf(having, as_f64(all.max(FEW)));
        for (place, weight) in had {
            *self.places.entry(place).or_default() += term.boost * idf * weight;
        }
        Ok(Commonness { idf, everywhere })
    }

    /// Words that are everywhere say something only together.
    fn of_terms_together(
        &mut self,
        tx: &Tx<'_>,
        scope: &str,
        query: &Query,
        terms: &[Commonness],
    ) -> Outcome<()> {
        let mut common: Vec<(&Term, f64)> = query
            .terms
            .iter()
            .zip(terms)
            .filter(|(_, found)| found.everywhere)
            .map(|(term, found)| (term, found.idf))
            .collect();
        common.sort_by(|a, b| b.1.total_cmp(&a.1));
        common.truncate(TOGETHER);
        for count in 2..=common.len() {
            let together = &common[..count];
            let expression = together
                .iter()
                .fold(scope.to_owned(), |scope, (term, _)| within(&scope, &term.ways));
            let worth: f64 = together.iter().map(|(term, idf)| term.boost * idf).sum();
            for place in sql::matching(tx, &expression, READ_MAX)? {
                let found = self.places.entry(place).or_default();
                *found = found.max(worth);
            }
        }
        Ok(())
    }

    /// The places where most was found, the newest of them first.
    fn best(self, count: usize) -> Vec<i64> {
        let mut places: Vec<(i64, f64)> = self.places.into_iter().collect();
        places.sort_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        places.into_iter().take(count).map(|(place, _)| place).collect()
    }
}

/// How many memories there are about, judged by how far back the newest ones reach.
fn about(places: &[i64], all: i64) -> f64 {
    let count = f64::from(u32::try_from(places.len()).unwrap_or(u32::MAX));
    match places.last() {
        Some(oldest) if places.len() == FOUND_MAX => {
            count * as_f64(all) / as_f64((all - oldest + 1).max(1))
        }
        _ => count,
    }
}

fn as_f64(count: i64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Narrows a search to memories in which one of these stands.
fn within(scope: &str, ways: &[Way]) -> String {
    let ways: Vec<String> = ways.iter().map(|way| quoted(&way.name)).collect();
    format!("{scope} AND {{summary lessons tags details keywords}} : ({})", ways.join(" OR "))
}

/// A name as the index takes it: words have no quotes in them.
fn quoted(name: &Name) -> String {
    format!("\"{}\"", name.words.join(" "))
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

impl Question<'_> {
    /// The part of the index that is searched.
    fn scope(&self) -> String {
        let mut scope = format!("facets : \"p{}\"", hex(self.project));
        if let Some(event_type) = self.event_type {
            scope += &format!(" AND facets : \"e{}\"", event_type.name());
        }
        if let Some(agent) = self.agent_id {
            scope += &format!(" AND facets : \"a{}\"", hex(agent));
        }
        let tags: Vec<Vec<String>> = self.tags.iter().map(|tag| words(tag)).collect();
        // A tag without letters cannot be looked up; `admits` knows it all the same.
        if !tags.is_empty() && tags.iter().all(|words| !words.is_empty()) {
            let tags: Vec<_> =
                tags.iter().map(|words| format!("\"{}\"", words.join(" "))).collect();
            scope += &format!(" AND tags : ({})", tags.join(" OR "));
        }
        scope
    }

    fn admits(&self, memory: &Memory) -> bool {
        self.event_type.is_none_or(|wanted| wanted == memory.event_type)
            && self.agent_id.is_none_or(|wanted| wanted == memory.agent_id)
            && (self.tags.is_empty() || self.share_of_tags(memory) > 0.0)
    }

    fn share_of_tags(&self, memory: &Memory) -> f64 {
        let count = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
        let had = self.tags.iter().filter(|tag| memory.tags.contains(tag)).count();
        count(had) / count(self.tags.len().max(1))
    }

    fn judge(&self, memory: Memory, text: Option<f64>, now: Time) -> Found {
        let kind = self.query.as_ref().and_then(|query| query.kind);
        let age_days = now.since(memory.created_at).max(0) / (DAY / 1_000);
        let evidence = Evidence {
            text,
            tags: (!self.tags.is_empty()).then(|| self.share_of_tags(&memory)),
            kind: kind.map(|kind| if kind == memory.event_type { 1.0 } else { 0.0 }),
            outcome: memory.outcome,
            age_days: as_f64(age_days) / 1_000.0,
            pinned: memory.pinned,
        };
        Found { relevance: relevance(&evidence), memory }
    }
}
