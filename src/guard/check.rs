//! The tool by which an agent asks before it acts.

use std::sync::{Mutex, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::limits::{OPERATION_MAX, PATH_MAX, PATHS_MAX};
use super::note::{Caught, note};
use super::state::{Held, Scene};
use super::{GuardRefusal, active, limits, trust};
use crate::context::Context;
use crate::failure::Outcome;
use crate::guardrails::{
    Decision, ForeignHold, Input, Kind, RuleSet, Setting, State, Verdict, check, classify, rules,
};
use crate::store::Tx;
use crate::tool::{Access, Hints, Progress, Tool};

/// Violations and unknowns in one answer, at most.
const SHOWN_MAX: usize = 20;

/// Check whether a command, an SQL statement or an edit is destructive before you run it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CheckGuardrails {
    /// The command or SQL as it would be run.
    #[schemars(length(max = OPERATION_MAX))]
    operation_text: String,
    /// Files that would be edited.
    #[serde(default)]
    #[schemars(length(max = PATHS_MAX))]
    file_paths: Vec<String>,
    /// As for somebody who is trusted less than you.
    #[schemars(range(min = 0, max = 4))]
    trust: Option<u8>,
    #[serde(skip)]
    scene: Scene,
    /// What the last run found.
    #[serde(skip)]
    caught: Mutex<Vec<Caught>>,
}

/// What there is to say against it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Checked {
    /// Nothing in it is blocked.
    safe: bool,
    /// `allow`, `log`, `warn` or `block`.
    verdict: &'static str,
    violations: Vec<Broken>,
    /// What cannot be known before it runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown: Vec<&'static str>,
}

/// A rule that is broken.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Broken {
    pattern_name: String,
    category: &'static str,
    severity: &'static str,
    matched_text: String,
    blocked: bool,
    /// Your trust lets it pass.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    bypassed: bool,
    explanation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    safer: Option<String>,
}

impl Tool for CheckGuardrails {
    const NAME: &'static str = "check_guardrails";
    const TITLE: &'static str = "Check guardrails";
    const ACCESS: Access = Access::Read;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Checked;

    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        limits::text("operation_text", &self.operation_text, OPERATION_MAX)?;
        if self.file_paths.len() > PATHS_MAX {
            let refusal = GuardRefusal::TooMany { sent: self.file_paths.len(), most: PATHS_MAX };
            return Err(refusal.into());
        }
        for path in &self.file_paths {
            limits::text("file_paths", path, PATH_MAX)?;
        }
        let mut scene = Scene::of(ctx);
        for (text, input) in self.inputs() {
            // What is touched does not depend on a person's rules.
            let seen = check(&input, &setting(&scene, RuleSet::builtin(), 0, &[]));
            scene.look(ctx, text, &seen);
        }
        self.scene = scene;
        Ok(())
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Checked>> {
        let rules = active::rules(tx)?;
        let trust = self.trust.unwrap_or(u8::MAX).min(trust(tx, ctx)?);
        let held = self.scene.held(tx, ctx)?;
        let foreign: Vec<ForeignHold<'_>> = held.iter().map(Held::foreign).collect();
        let setting = setting(&self.scene, &rules, trust, &foreign);
        let verdicts: Vec<Verdict> =
            self.inputs().map(|(_, input)| judged(&input, &setting)).collect();

        let found = verdicts.iter().flat_map(|verdict| &verdict.violations);
        let caught: Vec<Caught> = found.map(|one| Caught::of(one, trust)).collect();
        let decision = verdicts.iter().map(|verdict| verdict.decision).max();
        let decision = decision.unwrap_or(Decision::Allow);
        let mut unknown: Vec<&str> =
            verdicts.iter().flat_map(|verdict| &verdict.unknowns).map(|one| one.why).collect();
        unknown.dedup();
        unknown.truncate(SHOWN_MAX);
        let checked = Checked {
            safe: decision < Decision::Block,
            verdict: decision.as_str(),
            violations: caught.iter().take(SHOWN_MAX).map(Broken::of).collect(),
            unknown,
        };
        *self.caught.lock().unwrap_or_else(PoisonError::into_inner) = caught;
        Ok(Progress::Ended(checked))
    }

    fn note(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<()> {
        let caught = self.caught.lock().unwrap_or_else(PoisonError::into_inner).clone();
        note(tx, ctx, Self::NAME, &caught)
    }
}

impl CheckGuardrails {
    /// What is judged, and its text where it is one.
    fn inputs(&self) -> impl Iterator<Item = (Option<&str>, Input<'_>)> {
        let text = self.operation_text.as_str();
        let paths = self.file_paths.iter();
        let edits = paths.map(|path| (None, Input::FileEdit { path, op: "edit" }));
        std::iter::once((Some(text), Input::Text(text))).chain(edits)
    }
}

/// A verdict. A program that only a person's rule knows looks like prose to the
/// engine, so such rules are held against every text that is asked about.
fn judged(input: &Input<'_>, setting: &Setting<'_>) -> Verdict {
    let mut verdict = check(input, setting);
    let Input::Text(text) = *input else { return verdict };
    if !setting.rules.has_added() || classify(text) != Kind::Prose {
        return verdict;
    }
    let built_in = |name: &str| rules().iter().any(|rule| rule.id == name);
    let mut found = check(&Input::Shell(text), setting).violations;
    found.retain(|one| !built_in(&one.rule));
    let gravest = found.iter().filter(|one| !one.bypassed_by_trust).map(|one| one.severity).max();
    verdict.decision = verdict.decision.max(gravest.map_or(Decision::Allow, Decision::from));
    verdict.violations.extend(found);
    verdict
}

pub(super) fn setting<'a>(
    scene: &'a Scene,
    rules: &'a RuleSet,
    trust: u8,
    foreign: &'a [ForeignHold<'a>],
) -> Setting<'a> {
    Setting {
        cwd: Some(&scene.root),
        branch: scene.branch.as_deref(),
        trust,
        rules,
        state: State { tree_is_clean: scene.clean, foreign, ..State::default() },
        ..Setting::default()
    }
}

impl Broken {
    fn of(caught: &Caught) -> Self {
        Self {
            pattern_name: caught.rule.clone(),
            category: caught.category.as_str(),
            severity: caught.severity.as_str(),
            matched_text: caught.matched_text.clone(),
            blocked: caught.blocked,
            bypassed: caught.bypassed,
            explanation: caught.explanation.clone(),
            safer: caught.safer.clone(),
        }
    }
}
