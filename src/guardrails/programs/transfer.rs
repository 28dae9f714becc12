//! `mv`, `cp`, `ln`, `install`, `scp`, `rename`: what leaves and what arrives.
//!
//! - A target that may be a folder counts as one and as a file, unless the setting knows.
//!
//! Not here: `rsync` (`programs::mirror`), which files must not be written (`programs::file`).

use crate::guardrails::effect::{PathRef, Verb};
use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Env, Machine};
use crate::guardrails::paths::Place;
use crate::guardrails::programs::file::{empties, place, system_write, writes};
use crate::guardrails::programs::{credential, hit};

const VALUED: &str = "-t --target-directory -S --suffix -m --mode -o --owner -g --group";
const SCP: &str = "-P -i -o -c -F -l -S -J";

/// Judges a transfer.
pub fn judge(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let opts = Opts::parse(call.args, if call.name == "scp" { SCP } else { VALUED });
    match call.name {
        "rename" => return renamed(machine, &opts, env),
        "install" if opts.has("-d --directory") => {
            for arg in &opts.operands {
                machine.effect(Verb::CreateFolder, PathRef::of(machine, arg, env));
            }
            return;
        }
        _ => {}
    }
    let folder = opts.value("-t --target-directory").map(|dir| Arg::new(format!("{dir}/")));
    let (sources, target) = match (folder, opts.operands.split_last()) {
        (Some(folder), _) => (opts.operands.as_slice(), folder),
        (None, Some((last, rest))) if !rest.is_empty() => (rest, (*last).clone()),
        (None, Some((only, _))) if call.name == "ln" => {
            (std::slice::from_ref(only), Arg::new("./"))
        }
        _ => return,
    };
    let moves = matches!(call.name, "mv" | "gmv");
    if moves && env.resolve(&target.text) == "/dev/null" {
        hit(machine, "move_to_null", call);
    }
    for source in sources {
        if moves {
            leaves(machine, call, source, env);
        } else if env.resolve(&source.text) == "/dev/null" && call.name != "ln" {
            empties(machine, &target.text, env);
            writes(machine, &target, Verb::Truncate, env);
        }
        if call.name != "ln" {
            credential::copied(machine, source, &target, env);
        }
    }
    let verb = match call.name {
        "ln" => Verb::Create,
        "mv" | "gmv" => Verb::Truncate,
        _ if opts.has("-r -R -a --recursive --archive") => Verb::WriteTree,
        _ => Verb::Write,
    };
    let remote = call.name == "scp" && target.text.contains(':');
    if remote {
        return;
    }
    if opts.has("-T --no-target-directory") {
        writes(machine, &target, verb, env);
    } else {
        arrives(machine, sources, &target, verb, env);
    }
}

fn leaves(machine: &mut Machine<'_>, call: &Call<'_>, source: &Arg, env: &Env) {
    machine.effect(Verb::Move, PathRef::of(machine, source, env));
    let there = place(machine, source, env);
    let vital = matches!(there, Place::Root | Place::Home | Place::Git | Place::RepoRoot)
        || there == Place::System
            && system_write(&env.resolve(&source.text), Verb::Truncate).is_some();
    if vital {
        hit(machine, "move_system", call);
    }
    credential::deleted(machine, call, source, env);
}

/// Notes what comes to be where `sources` go to `target`.
pub fn arrives(machine: &mut Machine<'_>, sources: &[&Arg], target: &Arg, verb: Verb, env: &Env) {
    let folder = sources.len() > 1
        || machine.is_folder(target, env)
        || sources.iter().any(|source| source.glob);
    let ending =
        sources.first().is_some_and(|one| !crate::guardrails::paths::looks_like_folder(&one.text));
    let either = !folder && ending && machine.may_be_folder(target, env);
    if !folder {
        writes(machine, target, verb, env);
    }
    if !(folder || either) {
        return;
    }
    for source in sources {
        let name = source.text.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or("");
        let text = match name {
            "" | "." | ".." => format!("{}/", target.text),
            name => format!("{}/{name}", target.text.trim_end_matches('/')),
        };
        let verb = if source.text.ends_with('/') { Verb::WriteTree } else { verb };
        writes(machine, &Arg { text, glob: source.glob || target.glob }, verb, env);
    }
}

/// `rename EXPRESSION FILE…`: what the new names are is not worked out.
fn renamed(machine: &mut Machine<'_>, opts: &Opts<'_>, env: &Env) {
    if opts.has("-n --no-act --nono --dry-run") {
        return;
    }
    for source in opts.operands.iter().skip(1) {
        machine.effect(Verb::Move, PathRef::of(machine, source, env));
    }
    machine.effect(Verb::Create, PathRef::Unknown);
}
