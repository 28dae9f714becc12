//! Files: what is written, moved, emptied or exposed.
//!
//! - Every path a command changes is noted as an effect.
//!
//! Not here: deletion (`programs::remove`), disks (`programs::disk`), secrets
//! (`programs::credential`).

use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Data, Env, Machine};
use crate::guardrails::paths::{Place, classify};
use crate::guardrails::programs::{credential, hit};
use crate::guardrails::report::{PathRef, Verb};

/// Judges a command that works on files.
pub fn judge(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    match call.name {
        "mv" | "gmv" | "cp" | "gcp" | "install" | "ln" | "rename" => transfer(machine, call, env),
        "yq" | "dasel" => in_place(machine, call, env),
        "tee" | "sponge" | "touch" | "truncate" | "patch" => writers(machine, call, env),
        "sed" | "gsed" | "perl" | "ruby" | "awk" | "gawk" => in_place(machine, call, env),
        "chmod" | "chown" | "chgrp" | "chattr" | "setfacl" => permissions(machine, call, env),
        "rsync" | "rclone" => mirror(machine, call, env),
        "prettier" | "eslint" | "black" | "rustfmt" | "gofmt" | "ruff" | "biome"
        | "clang-format" | "isort" | "autopep8" | "shfmt" => formatter(machine, call, env),
        "tar" | "zip" => {
            let opts = Opts::parse(call.args, "-f -C");
            if opts.has("--remove-files") || (call.name == "zip" && opts.has("-m --move")) {
                hit(machine, "delete_listed", call);
            }
        }
        _ => {}
    }
}

fn place(machine: &Machine<'_>, arg: &Arg, env: &Env) -> Place {
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

fn system_write(abs: &str, verb: Verb) -> Option<&'static str> {
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

fn transfer(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let opts =
        Opts::parse(call.args, "-t --target-directory -S --suffix -m --mode -o --owner -g --group");
    let (sources, target) = match (opts.value("-t --target-directory"), opts.operands.split_last())
    {
        (Some(dir), _) => (opts.operands.as_slice(), Arg::new(dir)),
        (None, Some((last, rest))) if !rest.is_empty() => (rest, (*last).clone()),
        _ => return,
    };
    let moves = matches!(call.name, "mv" | "gmv" | "rename");
    if moves && env.resolve(&target.text) == "/dev/null" {
        hit(machine, "move_to_null", call);
    }
    for source in sources {
        if moves {
            machine.effect(Verb::Move, PathRef::of(machine, source, env));
            if matches!(
                place(machine, source, env),
                Place::Root | Place::Home | Place::Git | Place::RepoRoot
            ) || place(machine, source, env) == Place::System
                && system_write(&env.resolve(&source.text), Verb::Truncate).is_some()
            {
                hit(machine, "move_system", call);
            }
            credential::deleted(machine, call, source, false, env);
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
        _ => Verb::Write,
    };
    let into = target.text.ends_with(['/', '.']) && sources.len() == 1;
    let verb = if into { Verb::Write } else { verb };
    writes(machine, &target, verb, env);
    if into {
        let name = sources[0].text.rsplit('/').next().unwrap_or("");
        credential::written(machine, &Arg::new(format!("{}/{name}", target.text)), verb, env);
    }
}

fn writers(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let valued = if call.name == "truncate" {
        "-s --size -r --reference"
    } else {
        "-d -t -r --date -p -i -o"
    };
    let opts = Opts::parse(call.args, valued);
    let empties_all = call.name == "truncate"
        && matches!(opts.value("-s --size"), Some("0" | "0K" | "0M" | "=0"));
    for arg in opts.operands.clone() {
        let verb = match call.name {
            "touch" => Verb::Create,
            "tee" if opts.has("-a --append") => Verb::Write,
            "sponge" | "patch" => Verb::Write,
            "truncate" => Verb::Truncate,
            _ => Verb::Truncate,
        };
        if call.name == "touch" && place(machine, arg, env) == Place::System {
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
    if call.name == "patch" && opts.operands.is_empty() {
        machine.effect(Verb::Write, PathRef::Unknown);
    }
}

fn in_place(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let opts = Opts::parse(call.args, "-e -E -f --expression --file -F -v -M -I");
    let sed = call.name.ends_with("sed");
    let inline = opts.has("-i --in-place") || (call.name == "gawk" && opts.has("-i"));
    let script_first = sed && !opts.has("-e --expression -f --file") || call.name.ends_with("awk");
    for arg in opts.operands.iter().skip(usize::from(script_first)) {
        if inline {
            writes(machine, arg, Verb::Write, env);
        } else {
            reads(machine, arg, env);
        }
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

fn mirror(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    if call.name == "rclone" {
        return;
    }
    let opts = Opts::parse(
        call.args,
        "-e --rsh --exclude --include --filter -f --exclude-from --files-from --bwlimit --rsync-path --chmod --chown -T --temp-dir --port --log-file --backup-dir --password-file",
    );
    if opts.has("-n --dry-run") {
        return;
    }
    let deletes = opts.has("--delete --delete-after --delete-before --delete-during --delete-excluded --delete-delay --del --remove-source-files")
        ;
    let Some((target, sources)) = opts.operands.split_last() else { return };
    for source in sources {
        credential::copied(machine, source, target, env);
    }
    if !deletes {
        if !target.text.contains(':') {
            writes(machine, target, Verb::Write, env);
        }
        return;
    }
    let from_nothing = sources.iter().any(|source| {
        let abs = env.resolve(&source.text);
        ["empty", "blank", "void", "nothing"].iter().any(|name| abs.contains(name))
            || abs.ends_with("/null")
            || (abs.contains("/tmp.") && place(machine, source, env) == Place::Temp)
    });
    let there = place(machine, target, env);
    let vital = !target.text.contains(':')
        && (matches!(
            there,
            Place::Root | Place::Home | Place::RepoRoot | Place::Git | Place::Unknown
        ) || system_write(&(env.resolve(&target.text) + "/"), Verb::Write).is_some());
    if !target.text.contains(':') {
        machine.effect(Verb::DeleteTree, PathRef::of(machine, target, env));
    }
    if matches!(there, Place::Artifact | Place::Temp) && !target.text.contains(':') {
        return;
    }
    hit(machine, if from_nothing || vital { "rsync_wipe" } else { "rsync_delete" }, call);
}

fn formatter(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let opts = Opts::parse(call.args, "--config -c --config-path --stdin-filepath");
    let default = matches!(call.name, "black" | "rustfmt" | "isort");
    let inline = opts.has("-w --write -i --in-place --fix --apply")
        || call.name == "ruff" && opts.operand(0) == "format"
        || default && !opts.has("--check --diff");
    if inline {
        for arg in opts
            .operands
            .iter()
            .filter(|arg| !matches!(arg.text.as_str(), "format" | "check" | "lint"))
        {
            machine.effect(Verb::Write, PathRef::of(machine, arg, env));
        }
    }
}

/// What a redirection's target holds when nothing was written.
#[must_use]
pub fn is_blank(data: &Data) -> bool {
    data.known().is_some_and(|text| text.trim().is_empty())
}
