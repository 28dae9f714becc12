//! Screens what one agent hands to another: tasks and their results.
//!
//! - A text is judged if it stands under a key that names a command, or if the
//!   engine itself takes it for a command or a statement. Prose passes.
//! - Only a rule that blocks refuses the call; all that was found is kept.

use serde_json::Value;

use super::active::rules;
use super::note::Caught;
use super::refusal::Blocked;
use super::{GuardRefusal, trust};
use crate::context::Context;
use crate::failure::Outcome;
use crate::guardrails::{Input, RuleSet, Setting, check};
use crate::store::Tx;

/// Calls that are screened, and which of their arguments.
const SCREENED: [(&str, &[&str]); 2] = [
    ("submit_work", &["description", "input_data"]),
    ("complete_work", &["result", "error_message"]),
];

/// Keys whose text is for a shell, whatever it looks like.
const COMMANDS: [&str; 8] =
    ["command", "commands", "cmd", "shell", "script", "bash", "shell_command", "run"];

/// Texts that are judged in one call, at most: what is beyond is data in bulk.
const TEXTS_MAX: usize = 1_000;

/// What screening found.
#[derive(Debug, Default)]
pub struct Screened {
    /// Every rule that was broken.
    pub caught: Vec<Caught>,
    /// Why the call is not made.
    pub refusal: Option<GuardRefusal>,
}

/// Whether calls of this tool are screened.
#[must_use]
pub fn is_screened(operation: &str) -> bool {
    SCREENED.iter().any(|(name, _)| *name == operation)
}

/// Judges the texts of a call.
///
/// # Errors
/// Faults, when the rules cannot be read and nothing stands in for them.
pub fn screen(
    tx: &Tx<'_>,
    ctx: &Context,
    operation: &'static str,
    arguments: &Value,
) -> Outcome<Screened> {
    let mut screening = Screening {
        rules: &*rules(tx)?,
        root: ctx.repo.root.to_string_lossy().into_owned(),
        trust: trust(tx, ctx)?,
        operation,
        left: TEXTS_MAX,
        found: Screened::default(),
    };
    let fields = SCREENED.iter().find(|(name, _)| *name == operation).map(|(_, fields)| *fields);
    for field in fields.unwrap_or_default() {
        if let Some(value) = arguments.get(field) {
            screening.value(field, false, value);
        }
    }
    Ok(screening.found)
}

struct Screening<'a> {
    rules: &'a RuleSet,
    root: String,
    trust: u8,
    operation: &'static str,
    left: usize,
    found: Screened,
}

impl Screening<'_> {
    /// Judges every text within a value. JSON is parsed to a bounded depth.
    fn value(&mut self, path: &str, command: bool, value: &Value) {
        match value {
            Value::String(text) => self.text(path, command, text),
            Value::Array(items) if command && items.iter().all(Value::is_string) => {
                self.list(path, items);
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.value(&format!("{path}[{at}]"), command, item);
                }
            }
            Value::Object(fields) => {
                for (key, item) in fields {
                    let command = COMMANDS.contains(&key.to_ascii_lowercase().as_str());
                    self.value(&format!("{path}.{key}"), command, item);
                }
            }
            _ => {}
        }
    }

    /// A list under a command's key is one command in pieces, or several commands.
    fn list(&mut self, path: &str, items: &[Value]) {
        let pieces: Vec<String> =
            items.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
        self.judge(path, &Input::Argv(&pieces));
        for (at, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.contains(' ')) {
            self.judge(&format!("{path}[{at}]"), &Input::Shell(piece));
        }
    }

    fn text(&mut self, path: &str, command: bool, text: &str) {
        self.judge(path, &if command { Input::Shell(text) } else { Input::Text(text) });
    }

    fn judge(&mut self, path: &str, input: &Input<'_>) {
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        let setting = Setting {
            cwd: Some(&self.root),
            trust: self.trust,
            rules: self.rules,
            ..Setting::default()
        };
        let verdict = check(input, &setting);
        let caught: Vec<Caught> =
            verdict.violations.iter().map(|one| Caught::of(one, self.trust)).collect();
        if let (None, Some(one)) = (&self.found.refusal, caught.iter().find(|one| one.blocked)) {
            self.found.refusal = Some(refusal(self.operation, path, one));
        }
        self.found.caught.extend(caught);
    }
}

fn refusal(operation: &'static str, path: &str, caught: &Caught) -> GuardRefusal {
    GuardRefusal::Blocked(Box::new(Blocked {
        operation,
        field: path.chars().take(200).collect(),
        rule: caught.rule.clone(),
        matched_text: caught.matched_text.clone(),
        explanation: caught.explanation.clone(),
        safer: caught.safer.clone(),
    }))
}
