//! Interpreters and the scripts they are given: an option, a file written here, the input.
//!
//! Not here: what the scripts do (`scripting`).

use crate::guardrails::carry::{joined, run};
use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Data, Env, Machine};
use crate::guardrails::scripting::{self, Language};

fn language(name: &str) -> Option<(Language, &'static str)> {
    Some(match name {
        "python" | "pypy" | "ipython" | "uwsgi-python" | "py" => (Language::Python, "-c"),
        "node" | "nodejs" | "bun" | "tsx" | "ts-node" => {
            (Language::Node, "-e --eval -p --print -pe")
        }
        "perl" => (Language::Perl, "-e -E -ne -pe -le -ane -lne -wE -we -Mstrict"),
        "ruby" | "jruby" | "irb" => (Language::Ruby, "-e"),
        "php" => (Language::Php, "-r --run"),
        "lua" | "luajit" | "Rscript" | "R" | "julia" | "tclsh" | "osascript" | "groovy"
        | "elixir" | "octave" | "guile" | "jshell" | "scala" | "kotlin" | "swift" | "expect"
        | "iex" | "wish" => (Language::Plain, "-e --eval -E"),
        "deno" => (Language::Node, "--none"),
        "rails" | "rake" => (Language::Ruby, "--none"),
        _ => return None,
    })
}

/// Plays an interpreter's script; `None` when it is none, or the script is not seen.
pub fn carry(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) -> Option<Data> {
    let (language, options) = language(call.name)?;
    let (data, at) = inline(machine, call, (language, options), env);
    if data.is_some() {
        return data;
    }
    if let Some(text) = console(call) {
        return Some(scripting::play(machine, language, &text, env));
    }
    let script = match call.args.get(at) {
        Some(file) if file.text.ends_with("manage.py") => return manage(machine, call, at, env),
        Some(file) if file.text != "-" => env.read(&file.text).cloned()?,
        _ => call.stdin.clone(),
    };
    match script {
        Data::Text(text) => {
            if matches!(call.name, "tclsh" | "wish" | "expect") {
                tcl(machine, &text, env);
            }
            Some(scripting::play(machine, language, &text, env))
        }
        Data::Opaque => {
            machine.report.hit("opaque_script", "a decoded text run as a script", machine.span());
            None
        }
        Data::Unknown | Data::Listed(_) => None,
    }
}

/// Plays the scripts given as options; also returns where the operands begin.
fn inline(
    machine: &mut Machine<'_>,
    call: &Call<'_>,
    (language, options): (Language, &str),
    env: &mut Env,
) -> (Option<Data>, usize) {
    let mut at = 0;
    let mut data = None;
    while let Some(arg) = call.args.get(at) {
        let text = arg.text.as_str();
        at += 1;
        if evaluates(language, options, text)
            && let Some(script) = call.args.get(at)
        {
            at += 1;
            let played = scripting::play(machine, language, &script.text, env);
            data = Some(data.unwrap_or_else(Data::nothing).then(played));
        } else if text == "-m" && language == Language::Python {
            let module = call.args.get(at..).unwrap_or(&[]);
            run(machine, module, env, call.stdin);
            return (data, call.args.len());
        } else if !text.starts_with('-') || text == "-" {
            at -= 1;
            break;
        }
    }
    (data, at)
}

fn evaluates(language: Language, options: &str, text: &str) -> bool {
    let cluster = text.starts_with('-') && !text.starts_with("--") && text.len() < 12;
    match language {
        _ if options.split(' ').any(|known| known == text) => true,
        Language::Plain => text == "-e",
        Language::Perl | Language::Ruby => cluster && text.ends_with(['e', 'E']),
        Language::Python => cluster && text.ends_with('c'),
        _ => false,
    }
}

/// The script for a console, a runner or a tinker.
fn console(call: &Call<'_>) -> Option<String> {
    let words: Vec<&str> = call.args.iter().map(|arg| arg.text.as_str()).collect();
    let rest = || joined(call.args[1..].iter());
    match (call.name, words.as_slice()) {
        ("deno", ["eval", ..]) | ("rails", ["runner" | "r", ..]) => Some(rest()),
        ("rails", ["console" | "c", ..]) => call.stdin.known().map(str::to_owned),
        ("php", words) if words.contains(&"tinker") => {
            let opts = Opts::parse(call.args, "--execute");
            opts.value("--execute").or_else(|| call.stdin.known()).map(str::to_owned)
        }
        _ => None,
    }
}

fn tcl(machine: &mut Machine<'_>, text: &str, env: &mut Env) {
    for line in text.lines().take(64) {
        let line = line.trim_start();
        let command = line.strip_prefix("exec ").or_else(|| line.strip_prefix("spawn "));
        if let Some(command) = command {
            machine.text(command, env, &Data::Unknown);
        }
    }
}

fn manage(machine: &mut Machine<'_>, call: &Call<'_>, at: usize, env: &mut Env) -> Option<Data> {
    let rest = &call.args[at + 1..];
    if rest.first()?.text != "shell" && rest.first()?.text != "shell_plus" {
        return None;
    }
    let opts = Opts::parse(&rest[1..], "-c --command");
    let text = opts.value("-c --command").or_else(|| call.stdin.known())?;
    Some(scripting::play(machine, Language::Python, text, env))
}
