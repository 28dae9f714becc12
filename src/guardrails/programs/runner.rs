//! Deployments and publications known by the name of a script or a task.
//!
//! - A word of the name must say so; what it does is not looked into.
//!
//! Not here: deployment tools (`programs::tables`).

use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Machine};
use crate::guardrails::paths::contains_word;
use crate::guardrails::programs::hit;
use crate::guardrails::report::canonical;

/// Programs whose operands name tasks.
pub const RUNNERS: &str = "make gmake just task npm yarn pnpm bun rake mage invoke inv nox \
                           composer gradle gradlew grunt gulp nx turbo ninja bazel sbt mix \
                           cap fab cargo-make makers moon wireit ant lein poe doit deno rush lage";

/// Judges a task runner's call, or a script called by its path.
pub fn judge(machine: &mut Machine<'_>, call: &Call<'_>) {
    if call.known.runs_tasks() {
        if is_dry(call.args) {
            return;
        }
        if let Some(rule) = call.args.iter().enumerate().find_map(|(at, arg)| task(call, at, arg)) {
            hit(machine, rule, call);
        }
        return;
    }
    if !(call.name.contains("deploy") || call.name.contains("publish")) || is_dry(call.args) {
        return;
    }
    if let Some(rule) = named(call.name) {
        hit(machine, tamed(rule, call.args), call);
    }
}

/// Judges a shell's script file.
pub fn script(machine: &mut Machine<'_>, file: &str, args: &[Arg]) {
    if is_dry(args) {
        return;
    }
    if let Some(rule) = named(file.rsplit('/').next().unwrap_or(file)) {
        let rule = tamed(rule, args);
        machine.report.hit(rule, &canonical(file, args), machine.span());
    }
}

fn is_dry(args: &[Arg]) -> bool {
    args.iter().any(|arg| {
        matches!(
            arg.text.as_str(),
            "--dry-run"
                | "-n"
                | "--just-print"
                | "--help"
                | "--plan"
                | "--check"
                | "--list"
                | "--show"
                | "--dry"
                | "-q-dry"
                | "--diff"
        )
    })
}

/// The rule a task's name breaks.
fn task(call: &Call<'_>, at: usize, arg: &Arg) -> Option<&'static str> {
    let text = arg.text.trim_start_matches(':');
    if text.starts_with('-') || text.contains('=') || text.contains('/') {
        return None;
    }
    let scripted = matches!(
        call.name,
        "npm"
            | "yarn"
            | "pnpm"
            | "bun"
            | "composer"
            | "deno"
            | "nx"
            | "turbo"
            | "lage"
            | "rush"
            | "moon"
    );
    let runs = at > 0
        && matches!(
            call.args[0].text.as_str(),
            "run" | "run-script" | "rum" | "task" | "--filter" | "-w" | "-F" | "-C"
        );
    let first =
        at == 0 && matches!(call.name, "yarn" | "bun" | "nx" | "lage" | "rush" | "composer");
    if scripted && !runs && !first || call.name == "nx" && at == 0 && text == "run" {
        return None;
    }
    let after = call.args.get(..at)?.iter().any(|arg| arg.text == "--");
    if after {
        return None;
    }
    let rule = named(text)?;
    Some(tamed(rule, &call.args[at + 1..]))
}

/// The rule a script's name breaks: its words are `deploy`, `publish` and the like.
fn named(name: &str) -> Option<&'static str> {
    let stem = name.split('.').next().unwrap_or(name);
    if name.rsplit_once('.').is_some_and(|(_, ending)| {
        !matches!(ending, "sh" | "bash" | "py" | "js" | "ts" | "rb" | "yml" | "zsh" | "mjs")
    }) {
        return None;
    }
    let words: Vec<&str> = stem.split([':', '-', '_']).collect();
    let calm = "test tests lint build check plan diff validate verify preview local docs-build pre dry \
                status logs log list info typecheck format help setup init undeploy-none gen generate \
                simulate render template config package pack bundle install key keys only";
    if words.iter().any(|word| contains_word(calm, word)) {
        return None;
    }
    let says = |wanted: &[&str]| {
        let ends = [words.first(), words.last(), words.get(words.len() / 2)];
        ends.iter().flatten().any(|word| wanted.contains(*word))
    };
    let mild = words
        .iter()
        .any(|word| contains_word("staging stage dev development test qa sandbox", word));
    if says(&["deploy", "undeploy", "redeploy", "deployment"]) {
        return Some(if mild { "deploy_staging" } else { "deploy_command" });
    }
    says(&["publish"]).then_some(if mild { "deploy_staging" } else { "package_publish" })
}

fn tamed(rule: &'static str, args: &[Arg]) -> &'static str {
    let word = |arg: &Arg| {
        let value = arg.text.rsplit('=').next().unwrap_or("").to_owned();
        contains_word("staging stage dev development qa sandbox preview test local", &value)
    };
    if rule == "deploy_command" && args.iter().any(word) { "deploy_staging" } else { rule }
}
