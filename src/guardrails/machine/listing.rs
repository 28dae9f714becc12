//! Commands that print names of files: which pattern all of these names match.
//!
//! - The names themselves are not known; what is done to them is done to the pattern.
//!
//! Not here: `find` (`carry::find`), what is done to the names (`carry::xargs`).

use crate::guardrails::effect::PathRef;
use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Data, Env, Machine};

/// The pattern of what a search or a listing prints; `None` when it prints no names.
#[must_use]
pub fn of(machine: &Machine<'_>, call: &Call<'_>, env: &Env) -> Option<Data> {
    match call.name {
        "grep" | "egrep" | "fgrep" | "rg" | "ag" | "ack" => searched(machine, call, env),
        "git" => tracked(machine, call, env),
        _ => None,
    }
}

fn searched(machine: &Machine<'_>, call: &Call<'_>, env: &Env) -> Option<Data> {
    const VALUED: &str = "-e --regexp -f --file -m -A -B -C -g --glob -t --type -T --include --exclude \
                          --exclude-dir --max-depth -j";
    let opts = Opts::parse(call.args, VALUED);
    if !opts.has("-l --files-with-matches --files -L --files-without-match") {
        return None;
    }
    let skip = usize::from(!opts.has("-e --regexp -f --file --files"));
    let name = opts.value("-g --glob --include");
    Some(below(machine, opts.operands.get(skip..).unwrap_or(&[]), name, env))
}

fn tracked(machine: &Machine<'_>, call: &Call<'_>, env: &Env) -> Option<Data> {
    let (sub, rest) = call.args.split_first()?;
    let opts = Opts::parse(rest, "-e -x --diff-filter");
    let paths = opts.operands.get(opts.after_dashes.unwrap_or(0)..).unwrap_or(&[]);
    match sub.text.as_str() {
        "ls-files" => match paths {
            [one] if one.text.contains('*') && !one.text.contains('/') => {
                Some(below(machine, &[], Some(&one.text), env))
            }
            paths => Some(below(machine, paths, None, env)),
        },
        "grep" if opts.has("-l --files-with-matches --name-only") => {
            let paths = opts.after_dashes.map_or(&[][..], |_| paths);
            Some(below(machine, paths, None, env))
        }
        "diff" | "diff-tree" | "show" if opts.has("--name-only") => {
            Some(below(machine, &[], None, env))
        }
        _ => None,
    }
}

/// The files below one folder, or anywhere when several are named.
fn below(machine: &Machine<'_>, folders: &[&Arg], name: Option<&str>, env: &Env) -> Data {
    let folder = match folders {
        [one] => one.text.as_str(),
        _ => ".",
    };
    pattern(machine, folder, name, env)
}

/// Names of files below `folder`, perhaps only such as match `name`.
#[must_use]
pub fn pattern(machine: &Machine<'_>, folder: &str, name: Option<&str>, env: &Env) -> Data {
    let text = match name {
        Some(name) if !name.contains('/') => format!("{folder}/**/{name}"),
        _ => format!("{folder}/**"),
    };
    match PathRef::of(machine, &Arg { text, glob: true }, env) {
        PathRef::Pattern(pattern) => Data::Listed(pattern),
        _ => Data::Unknown,
    }
}
