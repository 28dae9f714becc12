//! What a question asks for: its terms, and every way to say each of them.
//!
//! - A term's own words weigh most, other names for the same thing less, words that are merely
//!   about it least.
//! - Nothing but words comes out of a text, whatever was in it.
//!
//! Not here: the names themselves (`synonyms`), where they are looked for (`search`).

use std::collections::HashMap;

use super::score::saturated;
use super::stem::stem;
use super::synonyms::{NAME_WORDS_MAX, Name, TABLE};
use super::words::{texts_of, words_and_parts};
use super::{EventType, Memory};

/// Terms of one question, at most; what comes later is left out.
const TERMS_MAX: usize = 12;
/// Ways to say one term, at most.
const WAYS_MAX: usize = 24;
/// What another name for the same thing weighs.
const SAME: f64 = 0.85;
/// What a word weighs that is about the same thing.
const RELATED: f64 = 0.1;
/// What a word counts that is part of a name which is a term itself.
const PART: f64 = 0.3;
/// What a correction weighs: one letter off, two letters off.
const CORRECTED: [f64; 2] = [0.8, 0.6];
/// Shorter words are not corrected.
const CORRECTED_MIN: usize = 4;
/// From this length on, two letters may be wrong.
const TWO_WRONG_MIN: usize = 7;
/// Corrections of one word, at most.
const CORRECTIONS_MAX: usize = 3;

/// What words count where they stand.
const SUMMARY: f64 = 1.0;
const TAGS: f64 = 0.8;
const LESSONS: f64 = 0.7;
const DETAILS: f64 = 0.5;
const EVENT_TYPE: f64 = 0.15;

/// Words that say nothing about what is asked.
const STOP: &str = "a about after all also am an and any are as at be been before being but by can \
     could did do does doing done for from get gets getting go goes got had has have having he her \
     here how i if in into is it its just keep keeps let me my no not now of off on once only or \
     our out own s she should so some still such t than that the their them then there these they \
     this those to too under until up us use used using very via was we were what when where \
     which while who whom why will with would you your seems someone something anyone anything \
     way ways thing things";

/// A way to say a term.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// The words, or the word.
    pub name: Name,
    /// What finding it is worth, 1 for the term itself.
    pub weight: f64,
}

/// One thing that is asked for.
#[derive(Clone, Debug)]
pub struct Term {
    /// The first is the term itself.
    pub ways: Vec<Way>,
    /// What the term counts among the others.
    pub boost: f64,
}

/// A question's text, taken apart.
#[derive(Clone, Debug)]
pub struct Query {
    /// What is asked for; empty if the text has no words.
    pub terms: Vec<Term>,
    /// What kind of memory it speaks of, if it does.
    pub kind: Option<EventType>,
}

impl Query {
    /// Takes a text apart.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let words = words_and_parts(text);
        let stems: Vec<String> = words.iter().map(|word| stem(word)).collect();
        let all_stop = words.iter().all(|word| is_stop(word));
        let mut terms: Vec<Term> = Vec::new();
        let mut covered = 0;
        for at in 0..words.len() {
            if let Some(length) = longest_name(&stems[at..]).filter(|length| *length > 1) {
                push(&mut terms, Term::of(&words[at..at + length], 1.0));
                covered = covered.max(at + length);
            }
            if all_stop || !is_stop(&words[at]) {
                let boost = if at < covered { PART } else { 1.0 };
                push(&mut terms, Term::of(&words[at..=at], boost));
            }
        }
        Self { terms, kind: kind(&stems) }
    }

    /// Adds to the term at `at`, which nobody knows, the words of `known` (stems) that may have been
    /// meant, with their other names.
    pub fn correct(&mut self, at: usize, known: &[String]) {
        let Some(term) = self.terms.get_mut(at) else { return };
        let Some(own) = term.ways.first().cloned() else { return };
        let Some(meant) = own.name.stems.first() else { return };
        for (surface, wrong) in nearest(meant, known) {
            let weight = CORRECTED[wrong - 1];
            let found = Term::of(&[surface], 1.0);
            for way in found.ways {
                add(&mut term.ways, Way { weight: way.weight * weight, ..way });
            }
        }
    }

    /// How well a memory's words answer, in [0, 1]; `idfs` has the weight of each term.
    #[must_use]
    pub fn text_match(&self, reader: &mut Reader, memory: &Memory, idfs: &[f64]) -> f64 {
        let page = reader.read(memory);
        let (mut sum, mut whole) = (0.0, 0.0);
        for (term, idf) in self.terms.iter().zip(idfs) {
            let best = |best: f64, way: &Way| {
                let count = page.count(&reader.ids_of(&way.name));
                best.max(way.weight * saturated(count, page.length))
            };
            sum += term.boost * idf * term.ways.iter().fold(0.0, best);
            whole += term.boost * idf;
        }
        if whole > 0.0 { sum / whole } else { 0.0 }
    }
}

impl Term {
    /// A term and all that the table knows it by.
    fn of(words: &[String], boost: f64) -> Self {
        let own = Name::of(words.to_vec());
        let mut ways = vec![Way { name: own.clone(), weight: 1.0 }];
        let groups: Vec<_> = TABLE.groups(&own.stems).collect();
        // Who has many meanings is less surely meant in each.
        let doubt = f64::from(u32::try_from(groups.len()).unwrap_or(1).max(1)).sqrt();
        for group in &groups {
            for name in &group.names {
                add(&mut ways, Way { name: name.clone(), weight: SAME / doubt });
            }
        }
        for group in &groups {
            for name in &group.related {
                add(&mut ways, Way { name: name.clone(), weight: RELATED / doubt });
            }
        }
        ways.truncate(WAYS_MAX);
        Self { ways, boost }
    }

    /// The term is a word by which the table knows nothing.
    #[must_use]
    pub fn is_strange(&self) -> bool {
        self.ways.len() == 1 && self.ways[0].name.words.len() == 1
    }
}

fn push(terms: &mut Vec<Term>, term: Term) {
    let stems = &term.ways[0].name.stems;
    if let Some(one) = terms.iter_mut().find(|one| one.ways[0].name.stems == *stems) {
        one.boost = one.boost.max(term.boost);
    } else if terms.len() < TERMS_MAX {
        terms.push(term);
    }
}

fn add(ways: &mut Vec<Way>, way: Way) {
    match ways.iter_mut().find(|one| one.name.stems == way.name.stems) {
        Some(one) => one.weight = one.weight.max(way.weight),
        None => ways.push(way),
    }
}

fn is_stop(word: &str) -> bool {
    STOP.split_ascii_whitespace().any(|stop| stop == word)
}

fn longest_name(stems: &[String]) -> Option<usize> {
    (1..=NAME_WORDS_MAX.min(stems.len())).rev().find(|length| TABLE.has(&stems[..*length]))
}

/// What kind of memory a question speaks of.
fn kind(stems: &[String]) -> Option<EventType> {
    const SIGNS: [(EventType, &str); 4] = [
        (
            EventType::Decision,
            "decide decision choose chose chosen convention agreed policy prefer",
        ),
        (EventType::Optimization, "faster slow speed speedup optimize reduce performance"),
        (EventType::Error, "error fail failing failure fix bug crash broken breaks exception"),
        (EventType::Discovery, "learned discovered discovery undocumented quirk"),
    ];
    let said = |signs: &str| signs.split_ascii_whitespace().any(|sign| stems.contains(&stem(sign)));
    SIGNS.iter().find(|(_, signs)| said(signs)).map(|(kind, _)| *kind)
}

/// The known words most like a misspelt one, each with how many letters are wrong.
fn nearest(meant: &str, known: &[String]) -> Vec<(String, usize)> {
    let length = meant.chars().count();
    if length < CORRECTED_MIN || meant.chars().any(char::is_numeric) {
        return Vec::new();
    }
    let most = if length >= TWO_WRONG_MIN { 2 } else { 1 };
    let mut near: Vec<(String, usize)> = known
        .iter()
        .filter(|word| word.chars().count().abs_diff(length) <= most)
        .filter_map(|word| {
            let wrong = strsim::osa_distance(meant, word);
            // A word that stems to the known one, so that the index finds it.
            let surface = unstemmed(word)?;
            (1..=most).contains(&wrong).then_some((surface, wrong))
        })
        .collect();
    near.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
    near.dedup();
    near.truncate(CORRECTIONS_MAX);
    near
}

/// A word whose stem is this: stems of stems may differ from them ("databas", "databa").
fn unstemmed(known: &str) -> Option<String> {
    ["", "e", "s", "y", "ed"]
        .iter()
        .map(|end| format!("{known}{end}"))
        .find(|word| stem(word) == known)
}

/// Reads memories for the words of one query.
pub struct Reader {
    ids: HashMap<String, u16>,
    stems: HashMap<String, Option<u16>>,
}

/// Where the words of a query stand in one memory.
struct Page {
    fields: Vec<(f64, Vec<Option<u16>>)>,
    length: f64,
}

impl Reader {
    /// A reader for the words of this query.
    #[must_use]
    pub fn of(query: &Query) -> Self {
        let mut ids = HashMap::new();
        let names = query.terms.iter().flat_map(|term| &term.ways).map(|way| &way.name);
        for one in names.flat_map(|name| &name.stems) {
            let next = u16::try_from(ids.len()).unwrap_or(u16::MAX);
            ids.entry(one.clone()).or_insert(next);
        }
        Self { ids, stems: HashMap::new() }
    }

    fn ids_of(&self, name: &Name) -> Vec<u16> {
        name.stems.iter().filter_map(|one| self.ids.get(one).copied()).collect()
    }

    fn read(&mut self, memory: &Memory) -> Page {
        let mut fields = vec![
            (SUMMARY, self.ids_in(&memory.summary)),
            (EVENT_TYPE, self.ids_in(memory.event_type.name())),
        ];
        fields.extend(memory.tags.iter().map(|tag| (TAGS, self.ids_in(tag))));
        fields.extend(memory.lessons.iter().map(|lesson| (LESSONS, self.ids_in(lesson))));
        for (name, value) in memory.details.iter().flatten() {
            fields.push((DETAILS, self.ids_in(name)));
            fields.extend(texts_of(value).into_iter().map(|text| (DETAILS, self.ids_in(text))));
        }
        let length: usize = fields.iter().map(|(_, ids)| ids.len()).sum();
        let length = f64::from(u32::try_from(length).unwrap_or(u32::MAX));
        Page { fields, length }
    }

    fn ids_in(&mut self, text: &str) -> Vec<Option<u16>> {
        let found = words_and_parts(text).into_iter().map(|word| {
            if let Some(id) = self.stems.get(&word) {
                return *id;
            }
            let id = self.ids.get(&stem(&word)).copied();
            self.stems.insert(word, id);
            id
        });
        found.collect()
    }
}

impl Page {
    /// How often these words stand there one after the other, each field by what it counts.
    fn count(&self, ids: &[u16]) -> f64 {
        let in_field = |field: &[Option<u16>]| match ids {
            [] => 0,
            [one] => field.iter().filter(|id| **id == Some(*one)).count(),
            _ => field
                .windows(ids.len())
                .filter(|place| place.iter().zip(ids).all(|(id, wanted)| *id == Some(*wanted)))
                .count(),
        };
        let counted = self.fields.iter().map(|(weight, field)| {
            weight * f64::from(u32::try_from(in_field(field)).unwrap_or(u32::MAX))
        });
        counted.sum()
    }
}
