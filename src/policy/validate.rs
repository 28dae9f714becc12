//! The tool that tells whether a Cedar policy is right, whichever engine is in force.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::TEXT_MAX;
use super::problem::Problem;
use super::refusal::PolicyRefusal;
use super::{schema, sets};
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::Tx;
use crate::tool::{Access, Hints, Progress, Tool};

/// Mistakes that are told at once.
const PROBLEMS_MAX: usize = 20;

/// Check the text of Cedar policies: syntax, and strictly against the schema.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ValidateCedarPolicy {
    #[schemars(length(max = TEXT_MAX))]
    policy_text: String,
}

/// What is wrong.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Validated {
    valid: bool,
    errors: Vec<Mistake>,
}

/// One mistake.
#[derive(Debug, Serialize, JsonSchema)]
struct Mistake {
    message: String,
    line: usize,
    column: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

impl From<Problem> for Mistake {
    fn from(problem: Problem) -> Self {
        let Problem { message, line, column, help, .. } = problem;
        Self { message, line, column, help }
    }
}

impl Tool for ValidateCedarPolicy {
    const NAME: &'static str = "validate_cedar_policy";
    const TITLE: &'static str = "Validate Cedar policy";
    const ACCESS: Access = Access::Read;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Validated;

    fn prepare(&mut self, _ctx: &Context) -> Outcome<()> {
        check_size("policy_text", &self.policy_text)?;
        // The schema is read once, and not while others wait.
        drop(schema::built_in());
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, _ctx: &Context) -> Outcome<Progress<Validated>> {
        let mut problems = sets::language(tx).problems(&self.policy_text);
        problems.truncate(PROBLEMS_MAX);
        let errors: Vec<Mistake> = problems.into_iter().map(Into::into).collect();
        Ok(Progress::Ended(Validated { valid: errors.is_empty(), errors }))
    }
}

/// Refuses text that is too long to be read.
pub fn check_size(field: &'static str, text: &str) -> Outcome<()> {
    if text.len() > TEXT_MAX {
        return Err(PolicyRefusal::TooLong { field, bytes: text.len(), most: TEXT_MAX }.into());
    }
    Ok(())
}
