//! Deletion by `rm` and its kin, operand by operand.
//!
//! - Only a literal build product or a literal path strictly below a temporary
//!   directory is deleted freely with all below it.
//!
//! Not here: deletion by search (`carry::find`), of what is read (`carry::xargs`).

use crate::guardrails::effect::{PathRef, Verb};
use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Env, Machine};
use crate::guardrails::paths::{Place, classify};
use crate::guardrails::programs::{credential, hit};

/// Judges a deletion.
pub fn judge(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    let opts = Opts::parse(call.args, "-n --iterations -s --size --random-source");
    if call.name == "rmdir" {
        for arg in &opts.operands {
            machine.effect(Verb::Delete, PathRef::of(machine, arg, env));
        }
        return;
    }
    if matches!(call.name, "shred" | "srm" | "wipe") {
        hit(machine, "shred", call);
    }
    let trees = matches!(call.name, "rimraf" | "del-cli" | "rm-rf")
        || opts.has("-r -R --recursive") && call.name != "unlink";
    for arg in &opts.operands {
        machine.spend(4);
        if machine.spent() {
            break;
        }
        let verb = if trees { Verb::DeleteTree } else { Verb::Delete };
        machine.effect(verb, PathRef::of(machine, arg, env));
        let place = classify(&env.resolve(&arg.text), &machine.repo, &machine.home);
        let rule = if trees { tree(arg, place, env) } else { single(arg, place, env) };
        if let Some(rule) = rule {
            hit(machine, rule, call);
        }
        credential::deleted(machine, call, arg, env);
    }
}

/// The rule that deleting `arg` with all below it breaks.
fn tree(arg: &Arg, place: Place, env: &Env) -> Option<&'static str> {
    match place {
        Place::Artifact | Place::Temp | Place::Sink => None,
        Place::Root | Place::Home | Place::Device => Some("delete_system"),
        Place::System if is_vital(&env.resolve(&arg.text)) => Some("delete_system"),
        Place::Repo => Some("rm_rf"),
        _ => Some("rm_recursive_force"),
    }
}

fn is_vital(abs: &str) -> bool {
    const VITAL: [&str; 9] =
        ["/etc", "/usr", "/bin", "/sbin", "/boot", "/proc", "/sys", "/dev", "/System"];
    abs.matches('/').count() <= 1
        || abs.starts_with("/lib")
        || VITAL.iter().any(|root| crate::guardrails::paths::below(abs, root).is_some())
}

/// The rule that deleting one file, or what a pattern matches, breaks.
fn single(arg: &Arg, place: Place, env: &Env) -> Option<&'static str> {
    let abs = env.resolve(&arg.text);
    match place {
        Place::Device | Place::Root => Some("delete_system"),
        Place::System if abs.starts_with("/var/log/") || abs.starts_with("/usr/local/") => {
            Some("delete_outside")
        }
        Place::System => Some("system_file_write"),
        Place::Git if abs.ends_with(".lock") => None,
        Place::Git => Some("git_dir_write"),
        Place::Home => Some("delete_system"),
        Place::BelowHome | Place::Elsewhere => Some("delete_outside"),
        Place::RepoRoot | Place::Repo if arg.glob && !is_litter(&arg.text) => Some("delete_glob"),
        _ => None,
    }
}

/// A pattern that only matches what tools leave behind.
fn is_litter(pattern: &str) -> bool {
    const ENDINGS: [&str; 22] = [
        ".o",
        ".pyc",
        ".pyo",
        ".class",
        ".tmp",
        ".temp",
        ".log",
        ".bak",
        ".orig",
        ".rej",
        ".swp",
        ".swo",
        "~",
        ".DS_Store",
        ".coverage*",
        ".obj",
        ".a",
        ".so",
        ".gcda",
        ".gcno",
        ".tsbuildinfo",
        ".tgz",
    ];
    let name = pattern.rsplit('/').next().unwrap_or(pattern);
    ENDINGS.iter().any(|ending| name.ends_with(ending))
        || name.starts_with("core.")
        || name.starts_with("npm-debug.log")
}
