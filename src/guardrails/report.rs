//! What playing a text brought to light.
//!
//! - The same rule on the same command is kept once.
//! - Lists are bounded, so that hostile text cannot fill memory.
//!
//! Not here: the decision made of it (`verdict`).

use std::borrow::Cow;

use serde::Serialize;

use crate::guardrails::effect::{Effect, PathRef};
use crate::guardrails::machine::{Arg, HOLE};
use crate::guardrails::parse::Span;

/// Most entries of each list.
const MOST: usize = 128;

/// Longest text kept of a command, in characters.
pub const LONGEST_MATCH: usize = 200;

/// Something that could not be known; never a reason to allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// What is not known.
    pub why: &'static str,
    /// Where, in bytes of the text asked about.
    pub span: Option<Span>,
}

/// A rule that a command broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The rule's id.
    pub rule: Cow<'static, str>,
    /// The command, as it would run.
    pub text: String,
    /// Where it stands.
    pub span: Option<Span>,
}

/// Everything found.
#[derive(Debug, Default)]
pub struct Report {
    /// Rules broken.
    pub hits: Vec<Hit>,
    /// Paths touched.
    pub effects: Vec<Effect>,
    /// Things not known.
    pub unknowns: Vec<Unknown>,
    /// Commands in canonical form; kept only when asked for.
    pub commands: Vec<String>,
    /// Whether to keep the commands.
    pub tracing: bool,
}

impl Report {
    /// Notes a broken rule.
    pub fn hit(&mut self, rule: impl Into<Cow<'static, str>>, text: &str, span: Option<Span>) {
        let rule = rule.into();
        let text: String =
            text.chars().take(LONGEST_MATCH).map(|c| if c == HOLE { '…' } else { c }).collect();
        let known = self.hits.iter().any(|hit| hit.rule == rule && hit.text == text);
        if !known && self.hits.len() < MOST {
            self.hits.push(Hit { rule, text, span });
        }
    }

    /// Notes something unknown.
    pub fn unknown(&mut self, why: &'static str, span: Option<Span>) {
        let entry = Unknown { why, span };
        if self.unknowns.len() < MOST && !self.unknowns.contains(&entry) {
            self.unknowns.push(entry);
        }
    }

    /// Notes what happens to a path. One too many is itself something unknown.
    pub fn effect(&mut self, effect: Effect) {
        let same = |known: &Effect| known.verb == effect.verb && known.path == effect.path;
        if self.effects.iter().any(same) {
            return;
        }
        if self.effects.len() == MOST {
            self.unknown("more paths are touched than are followed", effect.span);
            return;
        }
        self.effects.push(effect);
    }

    /// Says of all effects from `from` on whose path is not known that they are on a pattern.
    pub fn locate(&mut self, from: usize, pattern: &str) {
        for effect in self.effects.iter_mut().skip(from) {
            if effect.path == PathRef::Unknown {
                effect.path = PathRef::Pattern(pattern.to_owned());
            }
        }
    }

    /// Notes a command, if anybody wants to know.
    pub fn trace(&mut self, first: &Arg, args: &[Arg]) {
        if self.tracing && self.commands.len() < MOST {
            self.commands.push(canonical(&first.text, args));
        }
    }
}

/// A command as one line, unknown pieces shown as an ellipsis.
#[must_use]
pub fn canonical(name: &str, args: &[Arg]) -> String {
    let mut line = name.to_owned();
    for arg in args {
        if line.len() > LONGEST_MATCH * 4 {
            break;
        }
        line.push(' ');
        let quote = arg.text.is_empty() || arg.text.contains([' ', '\n', '\t']);
        if quote {
            line.push('\'');
        }
        line.push_str(&arg.text);
        if quote {
            line.push('\'');
        }
    }
    line.replace(HOLE, "…")
}
