//! Files: what is written, moved, emptied or exposed.
//!
//! - Every path a command changes is noted as an effect.
//!
//! Not here: deletion (`programs::remove`), moving (`programs::transfer`), editing in
//! place (`programs::edit`), archives (`programs::archive`), secrets
//! (`programs::credential`).

use crate::guardrails::effect::{PathRef, Verb};
use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Data, Env, Machine};
use crate::guardrails::paths::{Place, classify};
use crate::guardrails::programs::{archive, credential, edit, hit, mirror, transfer};

/// Judges a command that works on files.
pub fn judge(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    match call.name {
        "mv" | "gmv" | "cp" | "gcp" | "install" | "ln" | "scp" | "rename" => {
            transfer::judge(machine, call, env);
        }
        "rsync" => mirror::judge(machine, call, env),
        "tee" | "sponge" | "touch" | "truncate" | "mkdir" => writers(machine, call, env),
        "chmod" | "chown" | "chgrp" | "chattr" | "setfacl" => permissions(machine, call, env),
        _ => {
            archive::judge(machine, call, env);
            edit::judge(machine, call, env);
        }
    }
}

/// What the path of an argument stands for.
#[must_use]
pub fn place(machine: &Machine<'_>, arg: &Arg, env: &Env) -> Place {
    classify(&env.resolve(&arg.text), &machine.repo, &machine.home)
}

/// A file is written by a redirection or a program.
pub fn writes(machine: &mut Machine<'_>, arg: &Arg, verb: Verb, env: &Env) {
    let place = place(machine, arg, env);
    if place == Place::Sink {
        return;
    }
    machine.effect(verb, PathRef::of(machine, arg, env));
    credential::written(machine, arg, verb, env);
    let rule = match place {
        Place::Device => Some("device_write"),
        Place::System => system_write(&env.resolve(&arg.text), verb),
        _ => None,
    };
    if let Some(rule) = rule {
        machine.report.hit(rule, &format!("> {}", arg.text), machine.span());
    }
}

/// The rule that writing this file of the system breaks, if it is one.
#[must_use]
pub fn system_write(abs: &str, verb: Verb) -> Option<&'static str> {
    const ROOTS: [&str; 7] = ["/etc/", "/usr/", "/boot/", "/bin/", "/sbin/", "/lib/", "/var/"];
    let ours = ["/usr/local/", "/var/tmp/", "/var/lib/", "/var/www/", "/var/run/"];
    let vital = ROOTS.iter().any(|root| abs.starts_with(root))
        && !ours.iter().any(|root| abs.starts_with(root));
    if !vital {
        return None;
    }
    Some(if verb == Verb::Truncate { "system_file_write" } else { "system_file_append" })
}

/// A file is read.
pub fn reads(machine: &mut Machine<'_>, arg: &Arg, env: &Env) {
    credential::read(machine, arg, env);
}

/// A file is changed by a tool that edits files.
pub fn edited(machine: &mut Machine<'_>, arg: &Arg, verb: Verb, env: &Env) {
    if place(machine, arg, env) == Place::Git {
        machine.report.hit("git_dir_write", &arg.text, machine.span());
    }
    writes(machine, arg, verb, env);
}

/// A file is moved by a tool that edits files.
pub fn moved(machine: &mut Machine<'_>, arg: &Arg, env: &Env) {
    machine.effect(Verb::Move, PathRef::of(machine, arg, env));
    credential::written(machine, arg, Verb::Write, env);
}

/// A file loses its content without getting any.
pub fn empties(machine: &mut Machine<'_>, path: &str, env: &Env) {
    const MARKERS: [&str; 6] =
        ["__init__.py", ".gitkeep", ".keep", ".nojekyll", "py.typed", "CNAME"];
    let arg = Arg::new(path);
    let name = path.rsplit('/').next().unwrap_or(path);
    let harmless = MARKERS.contains(&name)
        || [".log", ".tmp", ".pid", ".out"].iter().any(|end| name.ends_with(end));
    if place(machine, &arg, env) == Place::Repo && !harmless {
        machine.report.hit("empty_file", &format!("> {path}"), machine.span());
    }
}

fn permissions(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let opts = Opts::parse(call.args, "--reference --from -m -x");
    let recursive = opts.has("-R --recursive");
    let mode = opts.operand(0).to_owned();
    for arg in opts.operands.iter().skip(1) {
        let place = place(machine, arg, env);
        let system = matches!(place, Place::Root | Place::Home)
            || (place == Place::System
                && system_write(&(env.resolve(&arg.text) + "/"), Verb::Write).is_some());
        let open = matches!(
            mode.as_str(),
            "777" | "0777" | "a+rwx" | "ugo+rwx" | "a=rwx" | "+rwx" | "666" | "o+w" | "a+w"
        );
        let shut = matches!(mode.as_str(), "000" | "0" | "0000" | "a-rwx" | "ugo-rwx" | "a=");
        if recursive && system {
            hit(machine, "permissions_system", call);
        } else if recursive && call.name == "chmod" && (open || shut) && place != Place::Temp {
            hit(machine, "permissions_open", call);
        }
        credential::permissions(machine, call, arg, &mode, env);
    }
}

/// What a redirection's target holds when nothing was written.
#[must_use]
pub fn is_blank(data: &Data) -> bool {
    data.known().is_some_and(|text| text.trim().is_empty())
}

fn writers(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let valued = match call.name {
        "truncate" => "-s --size -r --reference",
        "mkdir" => "-m --mode",
        "touch" => "-d -t -r --date --reference",
        _ => "",
    };
    let opts = Opts::parse(call.args, valued);
    let empties_all = call.name == "truncate"
        && matches!(opts.value("-s --size"), Some("0" | "0K" | "0M" | "=0"));
    for arg in opts.operands.clone() {
        let verb = match call.name {
            "touch" => Verb::Create,
            "tee" if opts.has("-a --append") => Verb::Write,
            "mkdir" => Verb::CreateFolder,
            "sponge" if opts.has("-a") => Verb::Write,
            _ => Verb::Truncate,
        };
        if matches!(call.name, "touch" | "mkdir") && place(machine, arg, env) == Place::System {
            continue;
        }
        writes(machine, arg, verb, env);
        if empties_all {
            empties(machine, &arg.text, env);
        }
        if call.name == "tee" && verb == Verb::Truncate && call.stdin.known() == Some("") {
            empties(machine, &arg.text, env);
        }
    }
}
