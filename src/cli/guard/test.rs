//! `coord guard test`: holds the built-in rules against their own examples.

use serde_json::json;

use super::{Desk, Trouble};
use crate::cli::render::count;
use crate::guardrails::{Decision, Input, Rule, Setting, check, rules};

/// Hold every rule against its own examples; the exit code is 1 if one fails.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord guard test
  coord guard test git_force_push")]
pub struct Test {
    /// Only these rules
    names: Vec<String>,
}

/// An example that is judged otherwise than it should be.
struct Wrong {
    rule: &'static str,
    example: &'static str,
    why: &'static str,
}

impl Test {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When a rule is not known, or an example fails.
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        let unknown = self.names.iter().find(|name| !rules().iter().any(|rule| rule.id == **name));
        if let Some(name) = unknown {
            return Err(Trouble::Usage {
                message: format!("there is no built-in rule {name:?}"),
                hint: "`coord guard list` shows them all".into(),
            });
        }
        let wanted =
            |rule: &&Rule| self.names.is_empty() || self.names.iter().any(|n| n == rule.id);
        let chosen: Vec<&Rule> = rules().iter().filter(wanted).collect();
        let examples: usize =
            chosen.iter().map(|rule| rule.positive.len() + rule.negative.len()).sum();
        let wrong: Vec<Wrong> = chosen.iter().flat_map(|rule| wrong(rule)).collect();
        let failed: Vec<_> = wrong
            .iter()
            .map(|one| json!({ "rule": one.rule, "example": one.example, "why": one.why }))
            .collect();
        let reply = json!({ "rules": chosen.len(), "examples": examples, "failed": failed });
        desk.show(&reply, || {
            let mut text: String = wrong
                .iter()
                .map(|one| format!("{}: {}: {}\n", one.rule, one.why, one.example))
                .collect();
            let (rules, examples) = (count(chosen.len(), "rule"), count(examples, "example"));
            text += &format!("{rules}, {examples}, {} failed.\n", wrong.len());
            text
        })?;
        if wrong.is_empty() { Ok(()) } else { Err(Trouble::Found) }
    }
}

fn wrong(rule: &Rule) -> Vec<Wrong> {
    let judge = |example: &str| check(&Input::Shell(example), &Setting::default());
    let silent = |example: &&&str| {
        !judge(example).violations.iter().any(|violation| violation.rule == rule.id)
    };
    let loud = |example: &&&str| judge(example).decision > Decision::Log;
    let of = |why| move |example: &&'static str| Wrong { rule: rule.id, example, why };
    rule.positive
        .iter()
        .filter(silent)
        .map(of("is not caught"))
        .chain(rule.negative.iter().filter(loud).map(of("is caught though harmless")))
        .collect()
}
