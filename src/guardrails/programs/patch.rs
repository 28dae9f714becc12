//! Patches: `patch`, `git apply`, `apply_patch`, and the files that a patch names.
//!
//! - A patch that is seen names its files; one that is not may change any.
//!
//! Not here: git's other commands (`programs::worktree`).

use crate::guardrails::effect::{PathRef, Verb};
use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Data, Env, Machine};
use crate::guardrails::programs::file::writes;

/// Most files of one patch that are noted.
const MOST: usize = 128;

/// Judges a call that applies a patch.
pub fn judge(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    if call.name != "patch" {
        let text = call.args.first().map_or_else(|| call.stdin.as_text(), |arg| &arg.text);
        return document(machine, text, env);
    }
    let opts = Opts::parse(
        call.args,
        "-p --strip -i --input -d --directory -o --output -B -V -z -r -D -F",
    );
    if opts.has("--dry-run -C --check") {
        return;
    }
    let mut here = env.clone();
    if let Some(folder) = opts.value("-d --directory") {
        here.cwd = here.resolve(folder).into();
    }
    if let Some(file) = opts.value("-o --output") {
        return writes(machine, &Arg::new(file), Verb::Truncate, &here);
    }
    if let Some(file) = opts.operands.first() {
        return writes(machine, file, Verb::Write, &here);
    }
    let text = match opts.value("-i --input") {
        Some(file) => env.read(file).cloned().unwrap_or_default(),
        None => call.stdin.clone(),
    };
    let strip = opts.value("-p --strip").and_then(|n| n.parse().ok()).unwrap_or(0);
    play(machine, &text, strip, opts.has("-R --reverse"), &here);
}

/// Notes the files that a unified patch changes, `strip` folders cut off their names.
pub fn play(machine: &mut Machine<'_>, text: &Data, strip: usize, back: bool, env: &Env) {
    let seen = text.known().filter(|text| text.contains("+++ "));
    let Some(text) = seen else {
        let path = PathRef::of(machine, &Arg::new("."), env);
        return machine.effect(Verb::WriteTree, path);
    };
    machine.spend(text.len() / 256);
    let mut old = None;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("--- ") {
            old = stripped(name, strip);
        } else if let Some(name) = line.strip_prefix("+++ ") {
            let (from, to) = match (old.take(), stripped(name, strip)) {
                (from, to) if back => (to, from),
                ways => ways,
            };
            let (verb, path) = match (from, to) {
                (Some(path), None) => (Verb::Delete, path),
                (None, Some(path)) => (Verb::Create, path),
                (_, Some(path)) => (Verb::Write, path),
                (None, None) => continue,
            };
            writes(machine, &Arg::new(path), verb, env);
        }
    }
}

/// A patch's name for a file; `None` for `/dev/null`.
fn stripped(name: &str, strip: usize) -> Option<String> {
    let name = name.split('\t').next().unwrap_or(name).trim();
    if name == "/dev/null" {
        return None;
    }
    let mut parts = name.split('/');
    let depth = name.split('/').count().saturating_sub(1);
    for _ in 0..strip.min(depth) {
        parts.next();
    }
    Some(parts.collect::<Vec<_>>().join("/"))
}

/// A document with one `*** … File:` line for each file.
fn document(machine: &mut Machine<'_>, text: &str, env: &Env) {
    let mut seen = false;
    for line in text.lines().filter(|line| line.starts_with("*** ")).take(MOST) {
        let Some((what, path)) = line[4..].split_once(": ") else { continue };
        let verb = match what {
            "Add File" | "Move to" => Verb::Create,
            "Delete File" => Verb::Delete,
            "Update File" => Verb::Write,
            _ => continue,
        };
        seen = true;
        writes(machine, &Arg::new(path.trim()), verb, env);
    }
    if !seen {
        machine.effect(Verb::Write, PathRef::Unknown);
    }
}
