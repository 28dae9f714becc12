//! The tool by which a person allows the hosts that their package managers use.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::refusal::NetworkRefusal;
use super::rules::{Effect, Rule};
use super::settings_files::{self, Named};
use super::sql;
use super::tools::PRIORITY;
use crate::config::env;
use crate::context::Context;
use crate::failure::Outcome;
use crate::profiles::EVERY;
use crate::store::{Topic, Tx};
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Characters of a path that a refusal repeats.
const SHOWN_MAX: usize = 400;

/// Allow the hosts that the user's package-manager settings name, in every repository.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ImportDomains {
    /// Where the settings lie; the user's home if left out.
    home: Option<String>,
    /// Only say what would be allowed.
    #[serde(default)]
    dry_run: bool,
    #[serde(skip)]
    found: Vec<Named>,
    #[serde(skip)]
    read: Vec<PathBuf>,
}

/// What was found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Imported {
    /// Allowed now, or by a dry run to be.
    domains: Vec<ImportedDomain>,
    /// The settings that were read.
    files: Vec<String>,
}

/// A host and where it is named.
#[derive(Debug, Serialize, JsonSchema)]
struct ImportedDomain {
    domain: String,
    file: String,
    /// Somebody blocked it, and that stays.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    blocked: bool,
}

impl Tool for ImportDomains {
    const NAME: &'static str = "import_domains";
    const TITLE: &'static str = "Allow package hosts";
    const ACCESS: Access = Access::Policy;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    const GROWS: bool = true;
    type Reply = Imported;

    fn prepare(&mut self, _ctx: &Context) -> Outcome<()> {
        let home = self.home.as_ref().map(PathBuf::from).or_else(env::user_home);
        let unreadable =
            |path: String, why: &str| NetworkRefusal::Unreadable { path, why: why.into() };
        let home = home.ok_or_else(|| unreadable("HOME".into(), "it is not set"))?;
        if !home.is_dir() {
            let shown = home.display().to_string().chars().take(SHOWN_MAX).collect();
            return Err(unreadable(shown, "it is no directory").into());
        }
        (self.found, self.read) = settings_files::hosts(&home);
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Imported>> {
        let known = sql::rules(tx)?;
        let mut domains = Vec::with_capacity(self.found.len());
        for named in &self.found {
            let own = known.iter().find(|rule| rule.pattern == named.host && rule.project == EVERY);
            let blocked = own.is_some_and(|rule| rule.effect == Effect::Block);
            if own.is_none() && !self.dry_run {
                let rule = Rule {
                    project: EVERY.into(),
                    profile: EVERY.into(),
                    pattern: named.host.clone(),
                    effect: Effect::Allow,
                    priority: PRIORITY,
                    reason: Some(format!("named in {}", named.file.display())),
                };
                sql::put(tx, &rule, &ctx.caller.agent_id, ctx.now)?;
            }
            let (domain, file) = (named.host.clone(), named.file.display().to_string());
            domains.push(ImportedDomain { domain, file, blocked });
        }
        tx.changed(Topic::Profiles);
        let files = self.read.iter().map(|file| file.display().to_string()).collect();
        Ok(Progress::Ended(Imported { domains, files }))
    }
}
