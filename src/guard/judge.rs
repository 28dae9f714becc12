//! Judges what an agent is about to do, for the hooks: the same rules, state and notes
//! as for who asks by itself.
//!
//! Not here: what becomes of the verdict (`hooks`).

use super::check::setting;
use super::note::Caught;
use super::state::{Held, Scene};
use super::{active, trust};
use crate::context::Context;
use crate::failure::Outcome;
use crate::guardrails::{ForeignHold, Input, RuleSet, Verdict, check};
use crate::store::Tx;

/// A verdict, and what to keep of it.
#[derive(Debug)]
pub struct Judged {
    /// Every rule that was broken.
    pub caught: Vec<Caught>,
}

/// Looks at what would be touched, outside any transaction.
#[must_use]
pub fn foresee(ctx: &Context, input: &Input<'_>) -> (Scene, Verdict) {
    let mut scene = Scene::of(ctx);
    // What is touched does not depend on a person's rules.
    let seen = check(input, &setting(&scene, RuleSet::builtin(), 0, &[]));
    let text = match input {
        Input::Shell(text) | Input::Text(text) => Some(*text),
        _ => None,
    };
    scene.look(ctx, text, &seen);
    (scene, seen)
}

/// Judges it by the rules that hold here and now, for this caller's trust.
///
/// # Errors
/// Faults, when the rules cannot be read and nothing stands in for them.
pub fn judge(tx: &Tx<'_>, ctx: &Context, scene: &Scene, input: &Input<'_>) -> Outcome<Judged> {
    let rules = active::rules(tx)?;
    let trust = trust(tx, ctx)?;
    let held = scene.held(tx, ctx)?;
    let foreign: Vec<ForeignHold<'_>> = held.iter().map(Held::foreign).collect();
    let verdict = check(input, &setting(scene, &rules, trust, &foreign));
    Ok(Judged { caught: verdict.violations.iter().map(|one| Caught::of(one, trust)).collect() })
}
