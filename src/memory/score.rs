//! How much a memory is worth to somebody who asks: one number in [0, 1].
//!
//! ```text
//! relevance = (0.85 text + 0.10 tags + 0.08 kind + 0.02 outcome + 0.03 decay)
//!             / sum of the weights of what was asked
//! text      = Σ idf·match / Σ idf over the terms of the query      (BM25, over its own maximum)
//! match     = best weight · saturation among the ways to say a term
//! decay     = e^(−0.1·days), 1 for what is pinned
//! ```
//!
//! Outcome and decay always count; text, tags and kind count when they were asked for.
//!
//! Not here: which memories are looked at (`search`), what else a word may mean (`synonyms`).

use super::Outcome;

/// Weights of the parts.
const TEXT: f64 = 0.85;
const TAGS: f64 = 0.10;
const KIND: f64 = 0.08;
const OUTCOME: f64 = 0.02;
const DECAY: f64 = 0.03;

/// Share of its freshness that a memory loses in a day: a week halves it.
pub const DECAY_PER_DAY: f64 = 0.1;

/// BM25's `k1`: how soon more of the same word adds nothing.
const SATURATION: f64 = 0.4;
/// BM25's `b`: how much a long text pays for its length.
const LENGTH_MATTERS: f64 = 0.3;
/// Words of a memory of middling length.
const MIDDLING: f64 = 50.0;

/// What is known of one memory with regard to one question.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence {
    /// How well its words answer the query, in [0, 1]; none without a query.
    pub text: Option<f64>,
    /// Share of the asked tags that it has; none if none were asked.
    pub tags: Option<f64>,
    /// Whether it is of the kind the query speaks of (1 or 0); none if of no kind.
    pub kind: Option<f64>,
    /// How what it tells of ended.
    pub outcome: Option<Outcome>,
    /// Its age in days; what comes from the future is new.
    pub age_days: f64,
    /// It does not age.
    pub pinned: bool,
}

/// The relevance, in [0, 1].
#[must_use]
pub fn relevance(evidence: &Evidence) -> f64 {
    let parts = [
        (TEXT, evidence.text),
        (TAGS, evidence.tags),
        (KIND, evidence.kind),
        (OUTCOME, Some(lesson(evidence.outcome))),
        (DECAY, Some(if evidence.pinned { 1.0 } else { decay(evidence.age_days) })),
    ];
    let asked = parts.iter().filter_map(|(weight, part)| part.map(|part| (weight, part)));
    let (sum, whole) = asked.fold((0.0, 0.0), |(sum, whole), (weight, part)| {
        (sum + weight * part.clamp(0.0, 1.0), whole + weight)
    });
    sum / whole
}

/// How fresh something of that age still is: 1 when new, in (0, 1] ever after.
#[must_use]
pub fn decay(age_days: f64) -> f64 {
    (-DECAY_PER_DAY * age_days.max(0.0)).exp()
}

/// What went well is worth repeating, what went wrong worth avoiding; what ended neither way
/// teaches less.
const fn lesson(outcome: Option<Outcome>) -> f64 {
    match outcome {
        Some(Outcome::Positive) => 1.0,
        Some(Outcome::Negative) => 0.8,
        Some(Outcome::Neutral) | None => 0.5,
    }
}

/// BM25's weight of a term that `having` of `all` memories contain: never negative.
#[must_use]
pub fn idf(having: f64, all: f64) -> f64 {
    let having = having.clamp(0.0, all.max(0.0));
    (1.0 + (all - having + 0.5) / (having + 0.5)).ln()
}

/// BM25's share for `count` (weighted) occurrences in a text of `length` words, in [0, 1).
#[must_use]
pub fn saturated(count: f64, length: f64) -> f64 {
    let length = 1.0 - LENGTH_MATTERS + LENGTH_MATTERS * length / MIDDLING;
    count / (count + SATURATION * length)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Evidence = Evidence {
        text: Some(0.5),
        tags: None,
        kind: None,
        outcome: None,
        age_days: 7.0,
        pinned: false,
    };

    const ALL: Evidence = Evidence { text: Some(1.0), age_days: 0.0, ..PLAIN };

    #[test]
    fn relevance_lies_between_nought_and_one() {
        // text 0.85, outcome 0.02 and decay 0.03 make 0.9 when no more is asked.
        let cases = [
            (Evidence { text: Some(0.0), age_days: 1e9, ..PLAIN }, 0.01 / 0.9),
            (Evidence { text: Some(1.0), age_days: 0.0, ..PLAIN }, 0.89 / 0.9),
            (Evidence { outcome: Some(Outcome::Positive), ..ALL }, 1.0),
            (Evidence { outcome: Some(Outcome::Negative), ..ALL }, 0.896 / 0.9),
            (Evidence { text: None, ..ALL }, 0.04 / 0.05),
            (Evidence { text: None, age_days: -3.0, ..ALL }, 0.04 / 0.05),
            (Evidence { text: Some(7.0), tags: Some(9.0), kind: Some(-1.0), ..ALL }, 0.99 / 1.08),
            (PLAIN, (0.425 + 0.01 + 0.03 * 0.496_585) / 0.9),
        ];
        for (evidence, wanted) in cases {
            let found = relevance(&evidence);
            assert!((found - wanted).abs() < 1e-6, "{evidence:?}: {found}");
            assert!((0.0..=1.0).contains(&found));
        }
    }

    #[test]
    fn each_part_counts_for_more_when_there_is_more_of_it() {
        let better = [
            Evidence { text: Some(0.6), ..PLAIN },
            Evidence { outcome: Some(Outcome::Positive), ..PLAIN },
            Evidence { outcome: Some(Outcome::Negative), ..PLAIN },
            Evidence { age_days: 6.0, ..PLAIN },
            Evidence { pinned: true, ..PLAIN },
        ];
        for one in better {
            assert!(relevance(&one) > relevance(&PLAIN), "{one:?}");
        }
        let tags = |share| relevance(&Evidence { tags: Some(share), ..PLAIN });
        assert!(tags(1.0) > tags(0.5) && tags(0.5) > tags(0.0));
        let kind = |is| relevance(&Evidence { kind: Some(is), ..PLAIN });
        assert!(kind(1.0) > kind(0.0));
    }

    #[test]
    fn decay_is_e_to_a_tenth_of_the_days() {
        for (days, wanted) in [(0.0, 1.0), (1.0, 0.904_837), (10.0, 0.367_879), (30.0, 0.049_787)] {
            assert!((decay(days) - wanted).abs() < 1e-6, "{days} days");
        }
    }

    #[test]
    fn what_is_pinned_does_not_age() {
        let pinned = |age_days| relevance(&Evidence { pinned: true, age_days, ..PLAIN });
        assert!((pinned(0.0) - pinned(1_000.0)).abs() < f64::EPSILON);
    }

    #[test]
    fn a_rare_word_weighs_more_than_a_common_one() {
        assert!(idf(1.0, 1e5) > idf(1_000.0, 1e5) && idf(1_000.0, 1e5) > idf(1e5, 1e5));
        assert!(idf(1e5, 1e5) > 0.0 && idf(5.0, 0.0) > 0.0);
    }

    #[test]
    fn more_of_the_same_word_adds_less_and_less() {
        let steps: Vec<f64> = (0..4_u8).map(|n| saturated(f64::from(n), 50.0)).collect();
        assert!(steps.windows(2).all(|two| two[0] < two[1]) && steps[3] < 1.0);
        assert!(steps[1] - steps[0] > steps[2] - steps[1]);
        assert!(saturated(1.0, 20.0) > saturated(1.0, 500.0), "in a long text it says less");
    }
}
