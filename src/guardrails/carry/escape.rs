//! Programs with a language of their own, from which they can run commands.
//!
//! Not here: SQL that clients send (`programs::database`), the languages themselves
//! (`scripting`).

use crate::guardrails::carry::{git, interpreter};
use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Data, Env, Machine};
use crate::guardrails::scripting::{self, Language};

/// Plays what the program's own language would run. Returns what it prints, if known.
pub fn carry(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) -> Option<Data> {
    if let Some(data) = interpreter::carry(machine, call, env) {
        return Some(data);
    }
    match call.name {
        "awk" | "gawk" | "mawk" | "nawk" => awk(machine, call, env),
        "sed" | "gsed" => sed(machine, call, env),
        "vim" | "vi" | "nvim" | "ex" | "emacs" | "gdb" | "lldb" => editor(machine, call, env),
        "git" => git::carry(machine, call, env),
        "psql" | "sqlite3" | "mysql" | "mariadb" | "duckdb" => client(machine, call, env),
        _ => {}
    }
    None
}

/// `system("…")` and `print | "…"` inside a program.
fn awk(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let opts = Opts::parse(call.args, "-F -v -f");
    let lines = opts
        .operand(0)
        .lines()
        .map(|line| if line.trim_start().starts_with('#') { "" } else { line });
    let program = lines.collect::<Vec<_>>().join("\n");
    let program = program.as_str();
    for part in program.split("system(").skip(1) {
        let name = part.split(')').next().unwrap_or("").trim();
        let named = program.split(name).nth(1).and_then(|rest| rest.trim_start().strip_prefix('='));
        let value = if name.is_empty() { None } else { named.and_then(first_string) };
        if let Some(text) = first_string(part).or(value) {
            machine.text(&text, env, &Data::Unknown);
        }
    }
    for part in program.split('|').skip(1) {
        let part = part.trim_start();
        if part.starts_with('"')
            && let Some(text) = first_string(part)
        {
            let printed = program.split("print").nth(1).and_then(first_string);
            let stdin = printed.map_or(Data::Unknown, Data::Text);
            machine.text(&text, env, &stdin);
        }
    }
    if let Some(at) = program.find("| getline").or_else(|| program.find("|getline"))
        && let Some(text) = program[..at].rsplit('"').nth(1)
    {
        machine.text(text, env, &Data::Unknown);
    }
}

fn first_string(text: &str) -> Option<String> {
    let text = text.trim_start().strip_prefix('"')?;
    let escaped = |at: usize| text[..at].bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1;
    let mut quotes = text.match_indices('"').map(|(at, _)| at);
    let end = quotes.find(|at| !escaped(*at)).unwrap_or(text.len());
    let rest = text.get(end + 1..).unwrap_or("").trim_start();
    let mut found = crate::guardrails::encode::ansi_c(&text[..end]);
    if !rest.is_empty() && !rest.starts_with([')', '}', ';', ',', '|']) {
        found.push(crate::guardrails::machine::HOLE);
    }
    Some(found)
}

/// The `e` command and the `e` flag of GNU sed.
fn sed(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let opts = Opts::parse(call.args, "-e --expression -f --file -l");
    let mut scripts = opts.values("-e --expression");
    if scripts.is_empty() {
        scripts.push(opts.operand(0));
    }
    for script in scripts {
        let plain = script.trim_start_matches(|c: char| c.is_ascii_digit() || "$,!".contains(c));
        if let Some(command) = plain.strip_prefix("e ") {
            machine.text(command, env, &Data::Unknown);
        }
        let mut chars = script.chars();
        if let (Some('s'), Some(separator)) = (chars.next(), chars.next()) {
            let fields: Vec<&str> = chars.as_str().split(separator).collect();
            if let [_, to, flags] = fields.as_slice()
                && flags.contains('e')
                && !flags.contains([' ', ';'])
            {
                machine.text(to, env, &Data::Unknown);
            }
        }
    }
}

/// `:!command` and `:call system('…')` of editors, `shell …` of debuggers.
fn editor(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let opts = Opts::parse(call.args, "-c --cmd --eval -ex -o --one-line -S");
    let mut scripts: Vec<String> =
        opts.values("-c --cmd --eval -o").into_iter().map(str::to_owned).collect();
    scripts
        .extend(call.args.iter().filter_map(|arg| arg.text.strip_prefix('+').map(str::to_owned)));
    for (at, arg) in call.args.iter().enumerate() {
        if matches!(arg.text.as_str(), "-ex" | "-eval" | "--eval")
            && let Some(next) = call.args.get(at + 1)
        {
            scripts.push(next.text.clone());
        }
    }
    for script in scripts {
        let script = script.trim().trim_start_matches([':', ' ']);
        let shell = script.strip_prefix("silent ").unwrap_or(script).trim_start_matches("%");
        if let Some(command) = shell.strip_prefix('!').or_else(|| shell.strip_prefix("shell ")) {
            machine.text(command, env, &Data::Unknown);
        } else {
            scripting::play(machine, Language::Plain, script, env);
        }
    }
}

/// `\! command`, `.shell command`, `copy … to program '…'`.
fn client(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let mut scripts: Vec<&str> = call.args.iter().map(|arg| arg.text.as_str()).collect();
    if let Data::Text(text) = call.stdin {
        scripts.push(text);
    }
    for script in scripts {
        for line in script.lines().take(256) {
            let line = line.trim_start();
            let shell = ["\\! ", "\\!", ".shell ", ".system ", "system ", "!"]
                .iter()
                .find_map(|escape| line.strip_prefix(escape));
            if let Some(command) = shell {
                machine.text(command, env, &Data::Unknown);
            }
            let lower = line.to_ascii_lowercase();
            if let Some(at) = lower.find(" program '")
                && let Some(command) = line[at + 10..].split('\'').next()
            {
                machine.text(command, env, &Data::Unknown);
            }
        }
    }
}
