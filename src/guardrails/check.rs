//! Answers a question: plays the input and makes a verdict of what came up.
//!
//! Not here: the playing (`machine`), the weighing (`verdict`).

use crate::guardrails::effect::Verb;
use crate::guardrails::fence::{commands, fences};
use crate::guardrails::input::{Input, Kind, Setting, classify};
use crate::guardrails::machine::{Arg, Data, Machine};
use crate::guardrails::parse::{LONGEST, parse};
use crate::guardrails::programs;
use crate::guardrails::report::Report;
use crate::guardrails::verdict::{Verdict, weigh};

/// Judges an input in a setting.
///
/// Never fails: what is not understood, or is longer than [`LONGEST`] bytes, is
/// unknown, and at least warned of.
#[must_use]
pub fn check(input: &Input<'_>, setting: &Setting<'_>) -> Verdict {
    weigh(play(input, setting, false), setting)
}

/// Plays an input and returns everything found.
pub fn play(input: &Input<'_>, setting: &Setting<'_>, tracing: bool) -> Report {
    let mut machine = Machine::new(setting);
    machine.report.tracing = tracing;
    if length(input) > LONGEST {
        machine.report.unknown("the text is longer than 64 kB", None);
        return machine.report;
    }
    match input {
        Input::Shell(text) => shell(&mut machine, text),
        Input::Argv(argv) => {
            let argv: Vec<Arg> = argv.iter().map(|arg| Arg::new(arg.as_str())).collect();
            let mut env = machine.shell();
            machine.run(&argv, &mut env, &Data::Unknown);
        }
        Input::Sql(text) => programs::database::sql(&mut machine, text),
        Input::FileEdit { path, op } => file_edit(&mut machine, path, op),
        Input::Text(text) => self::text(&mut machine, text),
    }
    machine.report
}

/// A text of an unknown kind. Of prose, the fenced blocks are judged that hold commands.
fn text(machine: &mut Machine<'_>, text: &str) {
    let (blocks, around) = fences(text);
    match classify(if blocks.is_empty() { text } else { &around }) {
        Kind::Shell => shell(machine, text),
        Kind::Sql => programs::database::sql(machine, text),
        Kind::Prose => {}
    }
    for block in blocks {
        let code = commands(block.code);
        let kind = match block.language.to_ascii_lowercase().as_str() {
            "sh" | "bash" | "shell" | "zsh" | "fish" | "console" | "terminal" | "shell-session"
            | "sh-session" | "shellscript" => Kind::Shell,
            "sql" | "psql" | "pgsql" | "postgres" | "postgresql" | "mysql" | "sqlite" => Kind::Sql,
            "" => classify(&code),
            _ => Kind::Prose,
        };
        match kind {
            Kind::Shell => shell(machine, &code),
            Kind::Sql => programs::database::sql(machine, &code),
            Kind::Prose => {}
        }
    }
}

fn length(input: &Input<'_>) -> usize {
    match input {
        Input::Shell(text) | Input::Sql(text) | Input::Text(text) => text.len(),
        Input::Argv(argv) => argv.iter().map(|arg| arg.len() + 1).sum(),
        Input::FileEdit { path, .. } => path.len(),
    }
}

fn shell(machine: &mut Machine<'_>, text: &str) {
    let script = parse(text);
    let mut env = machine.shell();
    machine.script_of(text, &script, &mut env, &Data::Unknown);
}

fn file_edit(machine: &mut Machine<'_>, path: &str, op: &str) {
    let mut env = machine.shell();
    let op = op.to_ascii_lowercase();
    let arg = Arg::new(path);
    if op.contains("delete") || op.contains("remove") || op.contains("unlink") || op == "rm" {
        let tree = path.ends_with('/') || op.contains("tree") || op.contains("dir");
        let flag = if tree { "-rf" } else { "-f" };
        machine.run(&[Arg::new("rm"), Arg::new(flag), arg], &mut env, &Data::Unknown);
    } else if op.contains("move") || op.contains("rename") {
        programs::file::moved(machine, &arg, &env);
    } else if op.contains("read") || op.contains("view") {
        programs::file::reads(machine, &arg, &env);
    } else {
        let verb = if op.contains("append") { Verb::Write } else { Verb::Truncate };
        let verb = if op.contains("edit") || op.contains("patch") { Verb::Write } else { verb };
        programs::file::edited(machine, &arg, verb, &env);
    }
}
