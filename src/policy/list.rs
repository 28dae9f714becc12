//! The tool by which people see which policies there are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{engine, schema, sql, watch};
use crate::config::PolicyEngine;
use crate::context::Context;
use crate::failure::Outcome;
use crate::profiles::EVERY;
use crate::store::Tx;
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// List the policies: the built-in ones, those that were added, the project's own.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ListPolicies {}

/// Every policy that can decide here.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Policies {
    #[schemars(with = "String")]
    engine: PolicyEngine,
    policies: Vec<Listed>,
    /// What is wrong with files or rows; the last good ones are in force.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trouble: Vec<String>,
}

/// One source of policies.
#[derive(Debug, Serialize, JsonSchema)]
struct Listed {
    policy_id: String,
    /// `built_in`, `added` or `project`.
    source: &'static str,
    enabled: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    everywhere: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    text: String,
}

impl Tool for ListPolicies {
    const NAME: &'static str = "list_policies";
    const TITLE: &'static str = "All policies";
    const ACCESS: Access = Access::Read;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Policies;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Policies>> {
        let mut policies = vec![Listed {
            policy_id: schema::default_policies().name,
            source: "built_in",
            enabled: true,
            everywhere: true,
            description: "what a profile's trust grants".into(),
            text: schema::default_policies().text,
        }];
        policies.extend(sql::policies(tx, ctx.project())?.into_iter().map(|row| Listed {
            policy_id: row.policy_id,
            source: "added",
            enabled: row.enabled,
            everywhere: row.project == EVERY,
            description: row.description,
            text: row.text,
        }));
        let files = tx.kept::<watch::Roots>().files(&ctx.repo.root);
        policies.extend(files.good.iter().map(|file| Listed {
            policy_id: file.name.clone(),
            source: "project",
            enabled: true,
            everywhere: false,
            description: String::new(),
            text: file.text.clone(),
        }));
        let trouble = files.trouble.iter().map(ToString::to_string).collect();
        Ok(Progress::Ended(Policies { engine: engine(tx), policies, trouble }))
    }
}
