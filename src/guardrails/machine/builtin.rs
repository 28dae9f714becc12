//! The shell's own commands, as far as they change what later commands mean.
//!
//! Not here: `eval`, `source`, `trap`, `exec`, which carry commands (`carry::shell`).

use std::rc::Rc;

use crate::guardrails::encode;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Data, Env, HOLE, Machine, Var};

impl Machine<'_> {
    /// Plays a builtin; `None` when the command is none.
    pub fn builtin(&mut self, call: &Call<'_>, env: &mut Env) -> Option<Data> {
        let args = call.args;
        match call.name {
            ":" | "true" | "false" | "test" | "[" | "exit" | "return" | "break" | "continue"
            | "wait" | "umask" | "ulimit" | "hash" | "let" | "getopts" | "sleep" => {}
            "echo" => return Some(echo(args)),
            "print" => return Some(print(args)),
            "printf" => return Some(printf(args, env)),
            "pwd" => return Some(Data::Text(format!("{}\n", env.cwd))),
            "cd" | "pushd" => {
                self.spend(env.cwd.len() / 64);
                cd(args, env);
            }
            "popd" => env.cwd = HOLE.to_string().into(),
            "set" => {
                self.spend(args.len() / 2);
                set(args, env);
            }
            "shift" => shift(args, env),
            "export" | "declare" | "local" | "readonly" | "typeset" => declare(args, env),
            "unset" => args.iter().for_each(|arg| env.unset(&arg.text)),
            "alias" => args.iter().for_each(|arg| {
                if let Some((name, text)) = arg.text.split_once('=') {
                    env.alias(name, text);
                }
            }),
            "shopt" => {
                if args.iter().any(|arg| arg.text == "expand_aliases") {
                    env.alias("\u{1}expand", "");
                }
            }
            "read" => read(args, call.stdin, env),
            "mapfile" | "readarray" => {
                mapfile(args, call.stdin, env);
                if let Some(at) = args.iter().position(|arg| arg.text == "-C")
                    && let Some(callback) = args.get(at + 1)
                {
                    self.text(&callback.text, &mut env.clone(), &Data::Unknown);
                }
            }
            _ => return None,
        }
        Some(Data::nothing())
    }
}

fn echo(args: &[Arg]) -> Data {
    let mut args = args;
    let (mut escapes, mut newline) = (false, true);
    while let Some((first, rest)) = args.split_first() {
        let Some(flags) = first.text.strip_prefix('-') else { break };
        if flags.is_empty() || !flags.chars().all(|c| "neE".contains(c)) {
            break;
        }
        escapes |= flags.contains('e');
        newline &= !flags.contains('n');
        args = rest;
    }
    let mut text = String::new();
    for (at, arg) in args.iter().enumerate() {
        if at > 0 {
            text.push(' ');
        }
        text.push_str(&arg.text);
    }
    if escapes {
        text = encode::echo(&text);
    }
    if newline {
        text.push('\n');
    }
    Data::text(text)
}

/// The `print` of zsh: escapes count unless `-r` says otherwise.
fn print(args: &[Arg]) -> Data {
    let flags = args.iter().take_while(|arg| arg.text.starts_with('-')).count();
    let raw = args[..flags].iter().any(|arg| arg.text.contains('r'));
    let lines = args[..flags].iter().any(|arg| arg.text.contains('l'));
    let words: Vec<&str> = args[flags..].iter().map(|arg| arg.text.as_str()).collect();
    let text = words.join(if lines { "\n" } else { " " });
    Data::text(if raw { text } else { encode::ansi_c(&text) } + "\n")
}

fn printf(args: &[Arg], env: &mut Env) -> Data {
    let (name, args) = match args {
        [flag, name, rest @ ..] if flag.text == "-v" => (Some(name), rest),
        [flag, rest @ ..] if flag.text == "--" => (None, rest),
        all => (None, all),
    };
    let Some((format, rest)) = args.split_first() else { return Data::nothing() };
    let rest: Vec<&str> = rest.iter().map(|arg| arg.text.as_str()).collect();
    let text = encode::printf(&format.text, &rest);
    match name {
        Some(name) => {
            env.set_text(&name.text, text);
            Data::nothing()
        }
        None => Data::text(text),
    }
}

fn cd(args: &[Arg], env: &mut Env) {
    let target = args.iter().find(|arg| !arg.text.starts_with('-') || arg.text == "-");
    let to = match target {
        None => env.home().to_owned(),
        Some(arg) if arg.text == "-" => {
            env.get("OLDPWD").filter(|old| !old.is_empty()).unwrap_or_else(|| HOLE.to_string())
        }
        Some(arg) if arg.glob => format!("{HOLE}"),
        Some(arg) => arg.text.clone(),
    };
    let old = env.cwd.to_string();
    env.set_text("OLDPWD", old);
    let cwd = env.resolve(&to);
    // Longer than any system takes: nobody knows where that is.
    env.cwd = if cwd.len() > 1024 { HOLE.to_string() } else { cwd }.into();
}

fn set(args: &[Arg], env: &mut Env) {
    let texts = || args.iter().map(|arg| arg.text.clone());
    if let Some(at) = args.iter().position(|arg| arg.text == "--") {
        env.args = Some(Rc::new(texts().skip(at + 1).collect()));
    } else if args.first().is_some_and(|arg| !arg.text.starts_with(['-', '+'])) {
        env.args = Some(Rc::new(texts().collect()));
    }
}

fn shift(args: &[Arg], env: &mut Env) {
    let count = args.first().and_then(|arg| arg.text.parse().ok()).unwrap_or(1);
    if let Some(old) = &env.args {
        env.args = Some(Rc::new(old.iter().skip(count).cloned().collect()));
    }
}

fn declare(args: &[Arg], env: &mut Env) {
    for arg in args {
        if let Some((name, value)) = arg.text.split_once('=') {
            env.set_text(name, value);
        }
    }
}

fn read(args: &[Arg], stdin: &Data, env: &mut Env) {
    let mut names: Vec<&str> = Vec::new();
    let mut array = None;
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        match arg.text.strip_prefix('-') {
            Some(flags) if flags.ends_with('a') => {
                at += 1;
                array = args.get(at);
            }
            Some(flags) => at += usize::from(flags.ends_with(['d', 'n', 'N', 'p', 't', 'u', 'i'])),
            None => names.push(arg.text.as_str()),
        }
        at += 1;
    }
    let line = stdin.known().filter(|text| text.trim_end().lines().count() == 1);
    let line = line.unwrap_or("\u{1}").trim();
    if let Some(name) = array {
        let list = line.split_whitespace().map(str::to_owned).collect();
        env.set(&name.text, Var::List(list));
    }
    if names.is_empty() {
        names.push("REPLY");
    }
    let mut rest = line;
    for (at, name) in names.iter().enumerate() {
        let last = at + 1 == names.len();
        let (word, after) = match rest.split_once(char::is_whitespace) {
            Some((word, after)) if !last => (word, after.trim_start()),
            _ => (rest, if rest.contains(HOLE) { rest } else { "" }),
        };
        env.set_text(name, word);
        rest = after;
    }
}

fn mapfile(args: &[Arg], stdin: &Data, env: &mut Env) {
    let name = args.iter().rev().find(|arg| !arg.text.starts_with('-'));
    let name = name.map_or("MAPFILE", |arg| arg.text.as_str());
    let list = stdin.as_text().lines().take(256).map(str::to_owned).collect();
    env.set(name, Var::List(list));
}
