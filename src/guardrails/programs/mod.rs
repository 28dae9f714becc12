//! Which programs do harm, and with which arguments.
//!
//! - A program is judged on its canonical arguments, never on source text.
//! - Help and dry runs harm nothing.
//! - Every rule named here exists in `rules`; a test holds both together.
//!
//! Not here: commands inside arguments (`carry`), the rules' texts (`rules`).

mod archive;
pub mod credential;
pub mod database;
mod disk;
mod edit;
pub mod file;
mod formatters;
mod git;
mod http;
pub mod index;
mod mirror;
mod patch;
mod push;
mod remove;
mod runner;
pub mod secret;
mod table;
mod tables;
mod transfer;
mod worktree;

use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Data, Env, Machine};
use crate::guardrails::report::{Report, canonical};
use crate::guardrails::words::Words;

/// Judges one program call.
pub fn judge(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    added(machine, call);
    if is_help(call) {
        return;
    }
    match call.name {
        "git" | "hub" => git::judge(machine, call, env),
        "gh" => worktree::gh(machine, call, env),
        "rm" | "grm" | "srm" | "unlink" | "rmdir" | "shred" | "rimraf" | "trash" | "del"
        | "rm-rf" | "del-cli" | "remove-item" | "wipe" => remove::judge(machine, call, env),
        "curl" | "wget" | "http" | "https" | "xh" | "curlie" => http::judge(machine, call, env),
        _ => {}
    }
    file::judge(machine, call, env);
    disk::judge(machine, call, env);
    credential::judge(machine, call, env);
    database::judge(machine, call, env);
    runner::judge(machine, call);
    table::judge(machine, call);
}

/// `--help` and its kin: nothing happens.
fn is_help(call: &Call<'_>) -> bool {
    let help = |arg: &Arg| matches!(arg.text.as_str(), "--help" | "-help");
    let before = call.args.iter().take_while(|arg| arg.text != "--");
    if before.clone().any(help) {
        return true;
    }
    let first = call.args.first().map_or("", |arg| arg.text.as_str());
    first == "help"
        || (call.args.len() == 1 && matches!(first, "-h" | "-V" | "-?" | "--version"))
        || (call.args.last().is_some_and(|arg| arg.text == "-h") && table::short_help(call.name))
}

/// Patterns that a person added, matched against what would run.
fn added(machine: &mut Machine<'_>, call: &Call<'_>) {
    if machine.setting.rules.has_added() {
        let text = canonical(call.name, call.args);
        let span = machine.span();
        for rule in machine.setting.rules.added_matching(&text) {
            machine.report.hit(rule, &text, span);
        }
    }
}

/// Judges a command whose name is not known, by what its arguments would do.
pub fn unknown_command(machine: &mut Machine<'_>, args: &[Arg], env: &mut Env, stdin: &Data) {
    if args.is_empty() {
        return;
    }
    // The unknown name may be nothing, or `sudo`: then what follows is the command.
    if is_known(&args[0].text) || args[0].text == "sudo" {
        machine.run(args, &mut env.clone(), stdin);
    }
    let outer = std::mem::take(&mut machine.report);
    for name in ["rm", "git", "kubectl", "terraform"] {
        let recursive = Opts::parse(args, "").has("-r -R --recursive");
        if name == "rm" && !recursive {
            continue;
        }
        judge(machine, &Call::new(name, args, stdin), &mut env.clone());
    }
    let guessed = std::mem::replace(&mut machine.report, outer);
    if !guessed.hits.is_empty() {
        let text = canonical("…", args);
        machine.report.hit("unknown_command", &text, machine.span());
    }
    keep_effects(&mut machine.report, guessed);
}

fn keep_effects(report: &mut Report, guessed: Report) {
    for effect in guessed.effects {
        report.effect(effect);
    }
}

/// Judges a shell script run by name: only its name is known.
pub fn script(machine: &mut Machine<'_>, file: &Arg, args: &[Arg]) {
    runner::script(machine, &file.text, args);
}

/// Whether any rule knows the program.
#[must_use]
pub fn is_known(name: &str) -> bool {
    static OTHERS: Words<64> = Words::new(
        "git rm rimraf del-cli find shred dd curl psql mysql sqlite3 redis-cli \
                          mongosh node python bash sh ts-node tsx cross-env dotenv concurrently",
    );
    OTHERS.contains(name) || table::find(name).is_some()
}

/// Notes a broken rule for this call.
pub fn hit(machine: &mut Machine<'_>, rule: &'static str, call: &Call<'_>) {
    let text = canonical(call.name, call.args);
    machine.report.hit(rule, &text, machine.span());
}
