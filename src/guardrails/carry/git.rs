//! Git's own ways to run commands: aliases, editors, hooks of one call.
//!
//! Not here: what git itself does (`programs::git`).

use crate::guardrails::carry::{joined, quoted, run};
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Data, Env, Machine};

/// Variables whose value git runs.
const VARIABLES: [&str; 10] = [
    "GIT_EDITOR",
    "GIT_SEQUENCE_EDITOR",
    "GIT_SSH_COMMAND",
    "GIT_SSH",
    "GIT_PAGER",
    "EDITOR",
    "VISUAL",
    "GIT_EXTERNAL_DIFF",
    "GIT_ASKPASS",
    "PAGER",
];

/// Settings whose value git runs.
const SETTINGS: [&str; 7] = [
    "core.editor",
    "core.sshcommand",
    "core.pager",
    "sequence.editor",
    "diff.external",
    "core.fsmonitor",
    "core.askpass",
];

/// Plays what git would run.
pub fn carry(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    for command in VARIABLES.iter().filter_map(|name| env.get(name)).collect::<Vec<_>>() {
        machine.text(&command, &mut env.clone(), &Data::Unknown);
    }
    let words: Vec<&str> = call.args.iter().map(|arg| arg.text.as_str()).collect();
    for (at, pair) in words.windows(2).enumerate().take(64) {
        if pair[0] == "-c"
            && let Some((key, command)) = pair[1].split_once('=')
        {
            setting(machine, (key, command), call.args.get(at + 2..).unwrap_or(&[]), env);
        }
    }
    kept_alias(machine, call, &words, env);
    match words
        .iter()
        .find(|word| matches!(**word, "rebase" | "submodule" | "bisect" | "for-each-repo"))
    {
        Some(&"rebase") => rebase(machine, &words, env),
        Some(_) => each(machine, call, &words, env),
        None => {}
    }
}

fn setting(machine: &mut Machine<'_>, (key, command): (&str, &str), rest: &[Arg], env: &mut Env) {
    let lower = key.to_ascii_lowercase();
    let runs = SETTINGS.contains(&lower.as_str())
        || lower.starts_with("pager.")
        || lower.starts_with("filter.")
        || (lower.ends_with(".helper") && command.starts_with('!'));
    if runs {
        machine.text(command.trim_start_matches('!'), &mut env.clone(), &Data::Unknown);
    } else if let Some(name) = key.strip_prefix("alias.") {
        alias(machine, (name, command), rest, env);
    }
}

/// `git config alias.x …` and a later `git x`.
fn kept_alias(machine: &mut Machine<'_>, call: &Call<'_>, words: &[&str], env: &mut Env) {
    if let ["config", .., name, command] = words
        && name.starts_with("alias.")
    {
        env.set_text(&format!("git {name}"), *command);
    }
    let sub = words.iter().find(|word| !word.starts_with('-'));
    if let Some(sub) = sub
        && let Some(command) = env.get(&format!("git alias.{sub}"))
    {
        alias(machine, (sub, &command), call.args, env);
    }
}

fn alias(machine: &mut Machine<'_>, (name, command): (&str, &str), rest: &[Arg], env: &mut Env) {
    let Some(at) = rest.iter().position(|arg| arg.text == name) else { return };
    let args = quoted(&rest[at + 1..]);
    let line = match command.strip_prefix('!') {
        Some(shell) => format!("{shell}{args}"),
        None => format!("git {command}{args}"),
    };
    machine.text(&line, env, &Data::Unknown);
}

fn rebase(machine: &mut Machine<'_>, words: &[&str], env: &mut Env) {
    let apart =
        words.windows(2).filter(|pair| matches!(pair[0], "-x" | "--exec")).map(|pair| pair[1]);
    let joined = words.iter().filter_map(|word| word.strip_prefix("--exec="));
    for command in apart.chain(joined).take(16).collect::<Vec<_>>() {
        machine.text(command, env, &Data::Unknown);
    }
}

fn each(machine: &mut Machine<'_>, call: &Call<'_>, words: &[&str], env: &mut Env) {
    if let Some(at) = words.iter().position(|word| *word == "foreach") {
        let rest = call.args.get(at + 1..).unwrap_or(&[]);
        let from = rest.iter().position(|arg| !arg.text.starts_with('-')).unwrap_or(rest.len());
        machine.text(&joined(rest[from..].iter()), &mut Machine::elsewhere(), &Data::Unknown);
    }
    if let Some(at) = words.windows(2).position(|pair| pair == ["bisect", "run"]) {
        run(machine, &call.args[at + 2..], env, &Data::Unknown);
    }
}
