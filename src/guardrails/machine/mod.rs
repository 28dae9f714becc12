//! Plays a tree as the shell would, without running anything.
//!
//! - Every command that would run is judged once per way it would run.
//! - Work is counted; when the budget is spent, the rest is *unknown*, not allowed.
//! - Nesting is bounded by [`NESTING`], whatever mixture of carriers causes it.
//!
//! Not here: which command is destructive (`programs`), which text is a command
//! of another program (`carry`).

pub mod brace;
pub mod builtin;
pub mod env;
pub mod exec;
pub mod expand;
pub mod listing;
pub mod output;
pub mod param;
pub mod redirect;
pub mod run;
pub mod value;

pub use env::{Env, Var};
pub use value::{Arg, Data, HOLE, OPAQUE};

use std::rc::Rc;

use crate::guardrails::effect::{Effect, PathRef, Verb};
use crate::guardrails::parse::{Dialect, Script, Span, parse_as, parse_at};
use crate::guardrails::report::Report;
use crate::guardrails::{Setting, paths};

/// How deep functions, substitutions and carried scripts may nest.
pub const NESTING: u32 = 56;

/// How much work one text may cause, in commands and expansions.
pub const BUDGET: usize = 5_000;

/// Longest text that is read again as another shell's, in bytes.
const LONGEST_OTHER: usize = 8 * 1024;

/// The shell that only pretends.
pub struct Machine<'s> {
    /// Where and for whom.
    pub setting: &'s Setting<'s>,
    /// What was found so far.
    pub report: Report,
    /// What stands in each `>( … )` of the command under way, and the name it got.
    pub consumers: Vec<(String, Rc<Script>)>,
    /// The repository's root.
    pub repo: String,
    /// The person's home.
    pub home: String,
    /// Whether the next command is looked up without functions.
    pub no_functions: bool,
    /// Whether the command under judgement stands in a pipe or runs behind.
    pub detached: bool,
    budget: usize,
    depth: u32,
    span: Option<Span>,
    fixed: bool,
}

impl<'s> Machine<'s> {
    /// A machine that has found nothing yet.
    #[must_use]
    pub fn new(setting: &'s Setting<'s>) -> Self {
        let home = setting.home.unwrap_or(paths::HOME).trim_end_matches('/').to_owned();
        let repo = match setting.cwd {
            Some(cwd) if cwd.starts_with('/') && cwd.len() > 1 => paths::resolve(cwd, "/", &home),
            _ => paths::REPO.to_owned(),
        };
        Self {
            setting,
            report: Report::default(),
            consumers: Vec::new(),
            repo,
            home,
            detached: false,
            no_functions: false,
            budget: BUDGET,
            depth: 0,
            span: None,
            fixed: false,
        }
    }

    /// A fresh shell where commands start.
    #[must_use]
    pub fn shell(&self) -> Env {
        let start = self.setting.start.map(|start| paths::resolve(start, &self.repo, &self.home));
        Env::new(start.as_deref().unwrap_or(&self.repo), &self.home)
    }

    /// Whether a path is known to be a folder: it is written as one, or the setting says so.
    #[must_use]
    pub fn is_folder(&self, arg: &Arg, env: &Env) -> bool {
        let last = arg.text.rsplit('/').next().unwrap_or("");
        matches!(last, "" | "." | "..")
            || !arg.dynamic() && self.setting.state.folders.holds(&env.resolve(&arg.text))
    }

    /// Whether a path is a folder, or may be one as far as its name tells.
    #[must_use]
    pub fn may_be_folder(&self, arg: &Arg, env: &Env) -> bool {
        self.is_folder(arg, env)
            || !self.setting.state.folders.are_known()
                && !arg.dynamic()
                && !arg.glob
                && paths::looks_like_folder(&arg.text)
    }

    /// A fresh shell on another machine: nothing of its directory is known.
    #[must_use]
    pub fn elsewhere() -> Env {
        Env::new(&HOLE.to_string(), "/root")
    }

    /// Counts work; when it is too much, says so once.
    pub fn spend(&mut self, work: usize) {
        if self.budget > 0 && self.budget <= work {
            self.report.unknown("the text does more than is followed", self.span);
        }
        self.budget = self.budget.saturating_sub(work);
    }

    /// Whether the budget is gone.
    #[must_use]
    pub const fn spent(&self) -> bool {
        self.budget == 0
    }

    /// Where the command under judgement stands in the text asked about.
    #[must_use]
    pub const fn span(&self) -> Option<Span> {
        self.span
    }

    /// Notes what happens to a path.
    pub fn effect(&mut self, verb: Verb, path: PathRef) {
        self.report.effect(Effect { verb, path, span: self.span });
    }

    fn at(&mut self, span: Span) {
        if !self.fixed {
            self.span = Some(span);
        }
    }

    fn enter(&mut self) -> bool {
        if self.depth >= NESTING {
            self.report.unknown("commands nest too deeply", self.span);
            return false;
        }
        if self.spent() {
            return false;
        }
        self.depth += 1;
        true
    }

    /// Plays a text carried by a command, in `env`.
    pub fn text(&mut self, text: &str, env: &mut Env, stdin: &Data) -> Data {
        if self.depth >= NESTING {
            self.report.unknown("commands nest too deeply", self.span);
            return Data::Unknown;
        }
        self.spend(1 + text.len() / 16);
        if self.spent() {
            return Data::Unknown;
        }
        if text.contains(OPAQUE) {
            self.report.hit("opaque_script", "a decoded text run as a script", self.span);
        }
        let outer = std::mem::replace(&mut self.fixed, true);
        let script = parse_at(text, 0, Some(self.span.unwrap_or_default()));
        let data = self.script_of(text, &script, env, stdin);
        self.fixed = outer;
        data
    }

    /// Plays a text that is given to fish.
    pub fn fish(&mut self, text: &str, env: &mut Env, stdin: &Data) -> Data {
        let script = parse_as(text, Dialect::Fish, Some(self.span.unwrap_or_default()));
        if script.fault.is_some() || self.depth >= NESTING || self.spent() {
            return self.text(text, env, stdin);
        }
        self.spend(1 + text.len() / 16);
        let outer = std::mem::replace(&mut self.fixed, true);
        let data = self.script(&script, env, stdin);
        self.fixed = outer;
        data
    }

    /// Plays a text that was read as bash. What bash refuses may be meant for another
    /// shell: one that understands all of it is played too, and then nothing is unknown.
    pub fn script_of(&mut self, text: &str, script: &Script, env: &mut Env, stdin: &Data) -> Data {
        let Some(why) = script.fault else { return self.script(script, env, stdin) };
        let mut data = self.script(script, &mut env.clone(), stdin);
        let span = self.fixed.then(|| self.span.unwrap_or_default());
        for dialect in [Dialect::Zsh, Dialect::Fish] {
            let fish = dialect == Dialect::Fish && !looks_like_fish(text);
            if fish || text.len() > LONGEST_OTHER {
                continue;
            }
            let other = parse_as(text, dialect, span);
            if other.fault.is_none() {
                self.spend(text.len() / 16);
                data = data.then(self.script(&other, env, stdin));
                return data;
            }
        }
        self.report.unknown(why, self.span);
        data
    }

    /// Plays a tree and, at its end, what it trapped.
    pub fn script(&mut self, script: &Script, env: &mut Env, stdin: &Data) -> Data {
        let traps = std::mem::take(&mut env.traps);
        let mut data = Data::nothing();
        for node in &script.nodes {
            data = data.then(self.node(node, env, stdin));
        }
        for trap in std::mem::replace(&mut env.traps, traps).iter() {
            self.text(trap, env, &Data::Unknown);
        }
        data
    }
}

/// Whether a text has what no shell but fish has. Its grammar refuses hardly anything,
/// so that it must not be asked about any text that bash refuses.
fn looks_like_fish(text: &str) -> bool {
    let mut words = text.split([' ', '\n', ';', '\t']);
    words.any(|word| word == "end") || text.starts_with("set -") || text.contains("; set -")
}
