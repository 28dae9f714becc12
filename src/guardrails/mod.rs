//! Guardrails: sees destructive operations for what the shell would do.
//!
//! - Pure: no clock, no file, no database; the same question has the same answer.
//! - What is not understood is unknown, and never allowed for that.
//! - Text that is only data is not visited.
//! - Linear in the text, within caps; no input makes it panic or hang.
//!
//! Not here: storing a person's rules, auditing, the tool agents call.

mod batch;
mod carry;
mod check;
mod effect;
mod encode;
mod explain;
mod fence;
mod getopt;
mod glob;
mod input;
mod machine;
mod parse;
mod paths;
mod programs;
mod report;
mod rules;
mod ruleset;
mod scripting;
mod sql;
mod verdict;
mod words;

pub use batch::batch_line;
pub use check::check;
pub use effect::{Effect, Effects, PathRef, Reach, Verb, Whole, effects};
pub use explain::{Explanation, explain};
pub use input::{Folders, ForeignHold, Input, Kind, Setting, State, classify};
pub use parse::{LONGEST, Script, Span, parse};
pub use report::Unknown;
pub use rules::{Category, NOBODY, Rule, Severity, rules};
pub use ruleset::{AddedRule, Change, Overrides, RuleSet};
pub use verdict::{Decision, Verdict, Violation};

#[cfg(test)]
mod tests;
