//! Programs that edit the files they are given: stream editors, formatters, fixers.
//!
//! - A formatter given a folder may change anything in it.
//! - A pattern in quotes is one that the program expands itself.
//!
//! Not here: scripts in other languages (`scripting`), patches (`programs::patch`).

use crate::guardrails::effect::{PathRef, Verb};
use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Env, Machine};
use crate::guardrails::paths::contains_word;
use crate::guardrails::programs::file::{reads, writes};
use crate::guardrails::programs::{formatters, patch};

/// Judges a call that may edit files in place.
pub fn judge(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    match call.name {
        "sed" | "gsed" => sed(machine, call, env),
        "perl" | "ruby" => one_liner(machine, call, env),
        "awk" | "gawk" | "mawk" => awk(machine, call, env),
        "yq" | "dasel" => yq(machine, call, env),
        "patch" | "apply_patch" | "applypatch" => patch::judge(machine, call, env),
        "ed" | "ex" => {
            let opts = Opts::parse(call.args, "-p -c --cmd -S");
            for file in opts.operands.iter().filter(|arg| !arg.text.starts_with('+')) {
                writes(machine, file, Verb::Write, env);
            }
        }
        _ => {
            outputs(machine, call, env);
            let rows = call.known.formats().iter();
            for row in rows.filter(|row| contains_word(row.names, call.name)) {
                formats(machine, row, call, env);
            }
        }
    }
}

/// A file named by an option of a program that makes one.
fn outputs(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    let Some(options) = call.known.outputs() else { return };
    let single = options.starts_with("-out");
    let opts = if single {
        Opts::single_dash(call.args, options)
    } else {
        Opts::parse(call.args, options)
    };
    for file in opts.values(options).into_iter().filter(|file| *file != "-") {
        writes(machine, &Arg::new(file), Verb::Truncate, env);
    }
}

fn sed(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    let opts = Opts::parse(call.args, "-e --expression -f --file -l --line-length");
    let inline = opts.has("-i --in-place -I");
    let script_first = !opts.has("-e --expression -f --file");
    // Elsewhere `-i` takes a suffix, and an empty one is a word of its own.
    let files = opts.operands.iter().filter(|arg| !arg.text.is_empty());
    for arg in files.skip(usize::from(script_first)) {
        touched(machine, inline, arg, env);
    }
}

fn touched(machine: &mut Machine<'_>, inline: bool, arg: &Arg, env: &Env) {
    if inline {
        writes(machine, arg, Verb::Write, env);
    } else {
        reads(machine, arg, env);
    }
}

/// `perl -pi -e …`, `ruby -i -pe …`.
fn one_liner(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    let mut inline = false;
    let mut scripted = false;
    let mut at = 0;
    while let Some(arg) = call.args.get(at) {
        let Some(flags) = arg.text.strip_prefix('-').filter(|flags| !flags.is_empty()) else {
            break;
        };
        at += 1;
        if flags == "-" {
            break;
        }
        // `-i` ends a cluster: what follows is the ending of the copy that is kept.
        let (before, suffix) = flags.split_once('i').map_or((flags, None), |(a, b)| (a, Some(b)));
        inline |= suffix.is_some() && !before.contains(['M', 'I', 'e', 'r']);
        if before.contains(['e', 'E']) || suffix.is_some_and(|rest| rest == "e" || rest == "pe") {
            scripted = true;
            at += 1;
        } else if matches!(flags, "I" | "r" | "C") {
            at += 1;
        }
    }
    // Without `-e` the first operand is a script, which is read.
    for arg in call.args.iter().skip(at + usize::from(!scripted)) {
        touched(machine, inline, arg, env);
    }
}

fn awk(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    let opts = Opts::parse(call.args, "-f --file -F -v -i --include --assign");
    let inline = opts.values("-i --include").contains(&"inplace");
    let script_first = !opts.has("-f --file");
    let files = opts.operands.iter().skip(usize::from(script_first));
    for arg in files.filter(|arg| !arg.text.contains('=')) {
        touched(machine, inline, arg, env);
    }
}

fn yq(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    let opts = Opts::parse(call.args, "-f --file -r --read -w --write -p -o -t -v");
    let inline = opts.has("-i --in-place --inplace") || call.name == "dasel";
    let skip = usize::from(opts.operands.len() > 1 && call.name == "yq");
    for arg in opts.operands.iter().skip(skip).filter(|_| call.name == "yq") {
        touched(machine, inline, arg, env);
    }
    let put = matches!(opts.operand(0), "put" | "delete");
    if put && let Some(file) = opts.value("-f --file") {
        writes(machine, &Arg::new(file), Verb::Write, env);
    }
}

fn formats(
    machine: &mut Machine<'_>,
    formatter: &formatters::Formatter,
    call: &Call<'_>,
    env: &Env,
) {
    let opts = if formatter.single {
        Opts::single_dash(call.args, formatter.valued)
    } else {
        Opts::parse(call.args, formatter.valued)
    };
    if opts.has(formatter.none) || !(formatter.any.is_empty() || opts.has(formatter.any)) {
        return;
    }
    let subs = formatter.subs;
    let named = subs.split_ascii_whitespace().any(|sub| sub == opts.operand(0));
    if !subs.is_empty() && !named {
        return;
    }
    let skip = usize::from(named) + formatter.skip;
    // Behind `--` stand the options of a tool below, not files.
    let (own, passed) = match (call.name, opts.after_dashes) {
        ("cargo" | "dart" | "mix", Some(at)) => opts.operands.split_at(at),
        _ => (opts.operands.as_slice(), &[][..]),
    };
    if passed.iter().any(|arg| contains_word(formatter.none, &arg.text)) {
        return;
    }
    let operands: Vec<&Arg> = own.iter().skip(skip).copied().collect();
    if operands.is_empty() && formatter.whole {
        return targets(machine, &Arg::new("."), env);
    }
    for arg in operands {
        // Go's way to say "and everything below".
        let text =
            arg.text.strip_suffix("/...").map_or_else(|| arg.text.clone(), |dir| format!("{dir}/"));
        targets(machine, &Arg { text, glob: arg.glob }, env);
    }
}

/// What a tool is pointed at: a file, a pattern, or a folder with everything in it.
fn targets(machine: &mut Machine<'_>, arg: &Arg, env: &Env) {
    let arg = &Arg { text: arg.text.clone(), glob: arg.glob || arg.text.contains(['*', '{']) };
    let verb = if machine.may_be_folder(arg, env) { Verb::WriteTree } else { Verb::Write };
    let path = PathRef::of(machine, arg, env);
    machine.effect(verb, path);
}
