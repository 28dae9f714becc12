//! Shells, and the shell's own commands that run text.
//!
//! - What a shell reads from a pipe, a document or a written file is its script.
//! - A script decoded from something unseen is itself reported.
//!
//! Not here: shells on other machines (`carry::remote`).

use std::rc::Rc;

use crate::guardrails::carry::joined;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Data, Env, Machine};

/// Plays a shell's script; `None` when the command is no shell.
pub fn carry(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) -> Option<Data> {
    let data = match call.name {
        "bash" | "sh" | "zsh" | "dash" | "ksh" | "mksh" | "ash" | "fish" | "rbash" | "yash"
        | "rzsh" | "ksh93" | "pwsh-bash" | "-bash" => shell(machine, call, env),
        "eval" => {
            let args = call.args.strip_prefix(&[Arg::new("--")]).unwrap_or(call.args);
            machine.text(&joined(args.iter()), env, call.stdin)
        }
        "source" | "." => source(machine, call, env),
        "trap" => {
            trap(call.args, env);
            Data::nothing()
        }
        _ => return None,
    };
    Some(data)
}

fn shell(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) -> Data {
    let mut at = 0;
    let (mut inline, mut checks, mut stdin) = (false, false, false);
    while let Some(arg) = call.args.get(at) {
        let text = arg.known();
        if text == "--" {
            at += 1;
            break;
        }
        if text == "-" || !(text.starts_with('-') || text.starts_with('+')) {
            break;
        }
        if let Some(flags) = text.strip_prefix('-').filter(|flags| !flags.starts_with('-')) {
            inline |= flags.contains('c');
            checks |= flags.contains('n');
            stdin |= flags.contains('s');
            at += usize::from(flags.ends_with('o') || flags == "O");
        }
        inline |= text == "--command";
        at += usize::from(matches!(text, "--rcfile" | "--init-file"));
        at += 1;
    }
    if checks {
        return Data::Unknown;
    }
    if let Some(script) = env.get("BASH_ENV").and_then(|file| env.read(&file).cloned()) {
        feed(machine, &script, &[], env);
    }
    let rest = call.args.get(at..).unwrap_or(&[]);
    if inline {
        let Some((script, args)) = rest.split_first() else { return Data::Unknown };
        let mut child = child_of(env, args.get(1..).unwrap_or(&[]));
        if let Some(zero) = args.first() {
            child.zero = zero.text.as_str().into();
        }
        let data = if call.name == "fish" {
            machine.fish(&script.text, &mut child, call.stdin)
        } else {
            machine.text(&script.text, &mut child, call.stdin)
        };
        env.keep_files(&child);
        return data;
    }
    match rest.split_first() {
        Some((file, args)) if !stdin && file.text != "-" && file.text != "/dev/stdin" => {
            match env.read(&file.text).cloned() {
                Some(script) => feed(machine, &script, args, env),
                None => {
                    crate::guardrails::programs::script(machine, file, args);
                    Data::Unknown
                }
            }
        }
        _ => {
            let args = if stdin { rest } else { rest.get(1..).unwrap_or(&[]) };
            feed(machine, call.stdin, args, env)
        }
    }
}

fn child_of(env: &Env, args: &[Arg]) -> Env {
    let mut child = env.clone();
    child.args = Some(Rc::new(args.iter().map(|arg| arg.text.clone()).collect()));
    child.traps = Rc::default();
    child
}

/// Plays what a shell reads as its script.
pub fn feed(machine: &mut Machine<'_>, script: &Data, args: &[Arg], env: &mut Env) -> Data {
    match script {
        Data::Text(text) => {
            let mut child = child_of(env, args);
            let data = machine.text(text, &mut child, &Data::Unknown);
            env.keep_files(&child);
            data
        }
        Data::Opaque => {
            machine.report.hit("opaque_script", "a decoded text run as a script", machine.span());
            Data::Unknown
        }
        Data::Unknown | Data::Listed(_) => Data::Unknown,
    }
}

fn source(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) -> Data {
    let Some((file, args)) = call.args.split_first() else { return Data::Unknown };
    let script = if file.text == "/dev/stdin" {
        Some(call.stdin.clone())
    } else {
        env.read(&file.text).cloned()
    };
    match script {
        Some(Data::Text(text)) => {
            let outer = env.args.clone();
            if !args.is_empty() {
                env.args = Some(Rc::new(args.iter().map(|arg| arg.text.clone()).collect()));
            }
            let data = machine.text(&text, env, &Data::Unknown);
            env.args = outer;
            data
        }
        Some(other) => feed(machine, &other, args, env),
        None => Data::Unknown,
    }
}

fn trap(args: &[Arg], env: &mut Env) {
    let args = args.strip_prefix(&[Arg::new("--")]).unwrap_or(args);
    if let [script, _, ..] = args
        && !matches!(script.text.as_str(), "" | "-" | "-p" | "-l")
    {
        Rc::make_mut(&mut env.traps).push(script.text.clone());
    }
}
