//! Commands that carry other commands: wrappers, shells, remote shells, runners.
//!
//! - What is carried is played again, by the same machine, in the shell it would get.
//! - A carrier that only prints or looks up carries nothing.
//!
//! Not here: programs that act themselves (`programs`).

mod escape;
mod find;
mod git;
mod interpreter;
mod listed;
mod remote;
pub mod shell;
mod wrap;
mod xargs;

pub use listed::line_names;
pub use wrap::wrapper_names;

use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Data, Env, Machine};
use crate::guardrails::programs;

/// Plays what the command carries; `None` when it carries nothing.
pub fn carry(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) -> Option<Data> {
    if let Some(data) = shell::carry(machine, call, env) {
        return Some(data);
    }
    if let Some(data) = wrap::carry(machine, call, env) {
        return Some(data);
    }
    match call.name {
        "xargs" | "gxargs" | "parallel" | "rush" => return Some(xargs::carry(machine, call, env)),
        "find" | "gfind" | "bfs" => return Some(find::find(machine, call, env)),
        "fd" | "fdfind" => find::fd(machine, call, env),
        _ => {
            // What happens on another machine touches no file of this one.
            let here = machine.report.effects.len();
            if let Some(data) = remote::carry(machine, call, env) {
                machine.report.effects.truncate(here);
                return Some(data);
            }
            listed::carry(machine, call, env);
            let printed = escape::carry(machine, call, env)?;
            programs::judge(machine, call, env);
            return Some(printed);
        }
    }
    Some(Data::Unknown)
}

/// Arguments as one line of shell text, the way `eval` and `ssh` join them.
#[expect(single_use_lifetimes, reason = "an unnamed lifetime cannot stand in `impl Trait`")]
pub fn joined<'a>(args: impl Iterator<Item = &'a Arg>) -> String {
    let mut line = String::new();
    for arg in args {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&arg.text);
    }
    line
}

/// Arguments as one line of shell text that means exactly them.
pub fn quoted(args: &[Arg]) -> String {
    let mut line = String::new();
    for arg in args {
        line.push_str(" '");
        line.push_str(&arg.text.replace('\'', "'\\''"));
        line.push('\'');
    }
    line
}

/// Plays `argv` as a command, unless it is empty.
pub fn run(machine: &mut Machine<'_>, argv: &[Arg], env: &mut Env, stdin: &Data) -> Data {
    if argv.is_empty() { Data::Unknown } else { machine.run(argv, env, stdin) }
}
