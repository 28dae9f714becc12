//! What decides in the project one stands in: the engine, and what the project itself says.

use std::path::Path;

use super::{Check, Patient};
use crate::cli::render::count;
use crate::config::PolicyEngine;
use crate::policy;

/// Settings that a project may tighten.
const TIGHTENED: [&str; 2] = ["profiles_default_trust", "network_default_policy"];

pub fn checks(patient: &Patient, root: Option<&Path>) -> Vec<Check> {
    let mut checks = vec![engine(patient)];
    checks.extend(root.and_then(files));
    checks
}

fn engine(patient: &Patient) -> Check {
    let config = &patient.config;
    let name = match config.policy_engine() {
        PolicyEngine::Native => "native",
        PolicyEngine::Cedar => "cedar",
    };
    let tightened = config.all().filter(|(setting, _)| {
        TIGHTENED.contains(&setting.key) && config.is_of_project(setting.key)
    });
    let said: Vec<String> = tightened
        .map(|(setting, chosen)| {
            let value = chosen.value.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("; this project sets {} = {value}", setting.key)
        })
        .collect();
    Check::ok("policy", format!("the {name} engine decides{}", said.concat()))
}

/// The project's own policies, if it has any.
fn files(root: &Path) -> Option<Check> {
    const NAME: &str = "project";
    match policy::project_files(root) {
        Ok(files) if files.is_empty() => None,
        Ok(files) => {
            let what = count(files.len(), "file");
            Some(Check::ok(
                NAME,
                format!("its policies hold with either engine: {what} ({})", files.join(", ")),
            ))
        }
        Err(problems) => {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            let advice = "mend it: the last good ones stay until the daemon ends, then none do; \
                          `coord policy validate FILE` tells all of it";
            Some(Check::fail(
                NAME,
                format!("a policy of this project cannot be used: {first}"),
                advice,
            ))
        }
    }
}
