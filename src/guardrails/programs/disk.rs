//! Disks, jobs and the machine itself.
//!
//! Not here: the plain forms, which are in `programs::tables`.

use crate::guardrails::effect::Verb;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Env, Machine};
use crate::guardrails::paths::{Place, classify};
use crate::guardrails::programs::{file, hit};

/// Judges `dd` and whatever formats a disk.
pub fn judge(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    match call.name {
        "dd" | "dcfldd" | "gdd" => dd(machine, call, env),
        "mkswap" | "wipefs" | "blkdiscard" | "mke2fs" | "badblocks" => {
            let reads = call.name == "wipefs"
                && !call
                    .args
                    .iter()
                    .any(|arg| matches!(arg.text.as_str(), "-a" | "--all" | "-af" | "-o"));
            let writes =
                call.name != "badblocks" || call.args.iter().any(|arg| arg.text.starts_with("-w"));
            if !reads && writes && !call.args.is_empty() && !has_dry(call) {
                hit(machine, "disk_format", call);
            }
        }
        name if name.starts_with("mkfs") => on_image(machine, call, env),
        _ => {}
    }
}

fn has_dry(call: &Call<'_>) -> bool {
    call.args.iter().any(|arg| matches!(arg.text.as_str(), "-n" | "--no-act"))
}

fn on_image(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    let last = call.args.last().map_or("", |arg| arg.text.as_str());
    let place = classify(&env.resolve(last), &machine.repo, &machine.home);
    if !has_dry(call) && !matches!(place, Place::Temp | Place::Artifact) && !call.args.is_empty() {
        hit(machine, "disk_format", call);
    }
}

fn dd(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let value = |key: &str| call.args.iter().find_map(|arg| arg.text.strip_prefix(key));
    if let Some(from) = value("if=") {
        file::reads(machine, &Arg::new(from), env);
    }
    let Some(to) = value("of=") else { return };
    let target = Arg::new(to);
    file::writes(machine, &target, Verb::Truncate, env);
    match classify(&env.resolve(to), &machine.repo, &machine.home) {
        Place::Unknown => hit(machine, "device_write", call),
        Place::Repo
            if matches!(
                value("if="),
                Some("/dev/null" | "/dev/zero" | "/dev/urandom" | "/dev/random")
            ) =>
        {
            let grows =
                value("seek=").is_some() || value("count=").is_some_and(|count| count != "0");
            if !grows || value("if=") == Some("/dev/null") {
                file::empties(machine, to, env);
            }
        }
        _ => {}
    }
}
