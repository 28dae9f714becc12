//! Programs that take a line of shell as an option's value or an operand.
//!
//! Not here: wrappers around an argument list (`carry::wrap`).

use crate::guardrails::carry::{joined, run};
use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Data, Env, Machine};
use crate::guardrails::programs;

/// Programs and the options whose value is a line of shell.
static LINES: [(&str, &str); 26] = [
    ("su", "-c --command --session-command"),
    ("runuser", "-c --command --session-command"),
    ("sg", "-c"),
    ("script", "-c --command"),
    ("vagrant", "-c --command"),
    ("gcloud", "--command"),
    ("fly", "-C --command"),
    ("flyctl", "-C --command"),
    ("nix-shell", "--run --command"),
    ("ansible", "-a --args"),
    ("az", "--scripts"),
    ("nodemon", "--exec -x"),
    ("tsc-watch", "--onSuccess"),
    ("inotifywait", "--exec"),
    ("reflex", "-s"),
    ("tar", "--to-command --checkpoint-action -I --use-compress-program"),
    ("rsync", "-e --rsh"),
    ("man", "-P"),
    ("expect", "-c"),
    ("xfce4-terminal", "-e -x"),
    ("gnome-terminal", "-e --command"),
    ("strace", ""),
    ("git-filter-repo", ""),
    ("make", "--eval"),
    ("pkexec", ""),
    ("split", "--filter"),
];

/// The name of a row of programs that take lines of shell; none behind the last.
pub const fn line_names(row: usize) -> &'static str {
    if row < LINES.len() { LINES[row].0 } else { "" }
}

/// Plays lines of shell handed over as options or operands.
pub fn carry(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    if let Some((name, options)) = call.known.lines().map(|row| LINES[row]) {
        let opts = Opts::parse(call.args, options);
        let mut shell = shell_for(name, env);
        for line in opts.values(options) {
            let line = line.strip_prefix("exec=").unwrap_or(line);
            let line = if name == "expect" { line.trim_start_matches("spawn ") } else { line };
            if name == "ansible" && !opts.values(options).is_empty() && !ansible_runs(call) {
                continue;
            }
            machine.text(line, &mut shell, call.stdin);
        }
    }
    operands(machine, call, env);
}

fn shell_for(name: &str, env: &Env) -> Env {
    match name {
        "vagrant" | "gcloud" | "fly" | "flyctl" | "ansible" | "az" => Machine::elsewhere(),
        _ => env.clone(),
    }
}

fn ansible_runs(call: &Call<'_>) -> bool {
    let opts = Opts::parse(call.args, "-m --module-name -i -a");
    matches!(opts.value("-m --module-name"), None | Some("shell" | "command" | "raw" | "win_shell"))
}

fn operands(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let args = call.args;
    match call.name {
        "watch" => {
            let from = args.iter().position(|arg| is_command(&arg.text)).unwrap_or(args.len());
            machine.text(&joined(args[from..].iter()), &mut env.clone(), call.stdin);
        }
        "concurrently" | "hyperfine" | "npm-run-all" | "run-p" | "run-s" => {
            for arg in args.iter().filter(|arg| !arg.text.starts_with('-')) {
                machine.text(&arg.text, &mut env.clone(), &Data::Unknown);
            }
        }
        "tmux" | "screen" | "byobu" | "zellij" => terminal(machine, args, env),
        "salt" | "salt-call" | "salt-ssh" => {
            if let Some(at) = args.iter().position(|arg| arg.text == "cmd.run") {
                let mut shell = Machine::elsewhere();
                machine.text(&joined(args[at + 1..].iter().take(1)), &mut shell, call.stdin);
            }
        }
        "at" | "batch" => {
            if let Data::Text(text) = call.stdin {
                machine.text(text, &mut env.clone(), &Data::Unknown);
            }
        }
        "crontab" => crontab(machine, call, env),
        "script" | "sg" | "runuser" => {
            let opts = Opts::parse(args, "-c --command -u --user -g --group");
            let argv: Vec<Arg> = opts.operands.iter().copied().cloned().collect();
            let skip = usize::from(call.name != "runuser");
            if argv.len() > skip && (call.name != "runuser" || opts.has("-u --user")) {
                run(machine, &argv[skip..], &mut env.clone(), call.stdin);
            }
        }
        "su" => {
            if let (Data::Text(text), false) = (call.stdin, args.iter().any(|a| a.text == "-c")) {
                machine.text(text, &mut env.clone(), &Data::Unknown);
            }
        }
        "cargo" => cargo_watch(machine, args, env),
        "just" => after(machine, call, &["--command", "-c"], env),
        "nix" => after(machine, call, &["-c", "--command"], env),
        "make" | "gmake" => make(machine, call, env),
        "ed" | "ex" => {
            for line in call.stdin.known().unwrap_or("").lines().take(64) {
                if let Some(command) = line.trim_start().strip_prefix('!') {
                    machine.text(command, &mut env.clone(), &Data::Unknown);
                }
            }
        }
        "yarn" | "pnpm" | "bun" => local_binary(machine, call, env),
        _ => {}
    }
}

fn cargo_watch(machine: &mut Machine<'_>, args: &[Arg], env: &Env) {
    if args.first().is_none_or(|arg| arg.text != "watch") {
        return;
    }
    let opts = Opts::parse(&args[1..], "-s --shell -x --exec -w -i");
    for line in opts.values("-s --shell") {
        machine.text(line, &mut env.clone(), &Data::Unknown);
    }
    for line in opts.values("-x --exec") {
        machine.text(&format!("cargo {line}"), &mut env.clone(), &Data::Unknown);
    }
}

/// Plays what follows one of `options` as a command.
fn after(machine: &mut Machine<'_>, call: &Call<'_>, options: &[&str], env: &Env) {
    if let Some(at) = call.args.iter().position(|arg| options.contains(&arg.text.as_str())) {
        run(machine, &call.args[at + 1..], &mut env.clone(), call.stdin);
    }
}

/// `yarn TOOL …` runs a tool that the project installed.
fn local_binary(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    let rest: Vec<Arg> =
        call.args.iter().skip_while(|arg| arg.text.starts_with('-')).cloned().collect();
    let tool =
        rest.first().is_some_and(|first| programs::is_known(&first.text) && first.text != "npm");
    if tool {
        run(machine, &rest, &mut env.clone(), call.stdin);
    }
}

/// The recipes of a makefile that is read or was written here.
fn make(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let opts = Opts::parse(call.args, "-f --file --makefile -C --directory -j -I -o -W");
    if opts.has("-n --just-print --dry-run --recon -q") {
        return;
    }
    let named = opts.value("-f --file --makefile");
    let script = match named {
        Some("-") => Some(call.stdin.clone()),
        Some(file) => env.read(file).cloned(),
        None => env.read("Makefile").or_else(|| env.read("makefile")).cloned(),
    };
    let Some(Data::Text(text)) = script else { return };
    let wanted: Vec<&str> = opts.operands.iter().map(|arg| arg.text.as_str()).collect();
    let mut mine = true;
    for line in text.lines().take(256) {
        match line.strip_prefix('\t') {
            Some(recipe) if mine => {
                let recipe = recipe.trim_start_matches(['@', '-', '+']).replace("$$", "$");
                machine.text(&recipe, &mut env.clone(), &Data::Unknown);
            }
            Some(_) => {}
            None => {
                let target = line.split(':').next().unwrap_or("").trim();
                mine = wanted.is_empty() || wanted.contains(&target) || !line.contains(':');
            }
        }
    }
}

fn is_command(text: &str) -> bool {
    !text.starts_with('-') && !text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn terminal(machine: &mut Machine<'_>, args: &[Arg], env: &mut Env) {
    let sends = args.iter().position(|arg| {
        matches!(
            arg.text.as_str(),
            "send-keys"
                | "send"
                | "stuff"
                | "new-session"
                | "new"
                | "new-window"
                | "neww"
                | "split-window"
                | "run-shell"
                | "respawn-pane"
                | "-dm"
                | "-dmS"
                | "run"
                | "-d"
                | "splitw"
                | "popup"
                | "if-shell"
        )
    });
    let Some(at) = sends else { return };
    let opts = Opts::parse(&args[at + 1..], "-t -s -n -c -x -y -F -e");
    let words = opts.operands.iter().copied();
    if args[at].text == "-dm" || args[at].text == "-dmS" {
        let skip = at + 1 + usize::from(args[at].text == "-dmS");
        run(machine, args.get(skip..).unwrap_or(&[]), &mut env.clone(), &Data::Unknown);
        return;
    }
    let skip = 0;
    let words = words
        .skip(skip)
        .filter(|arg| !matches!(arg.text.as_str(), "Enter" | "C-m" | "C-c" | "KPEnter"));
    machine.text(&joined(words), &mut env.clone(), &Data::Unknown);
}

/// `crontab -` with its lines: five fields, then a command.
fn crontab(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let script = match call.args.first() {
        Some(file) if file.text != "-" => env.read(&file.text).cloned().unwrap_or_default(),
        _ => call.stdin.clone(),
    };
    let Data::Text(text) = script else { return };
    for line in text.lines().take(64) {
        let line = line.trim();
        let fields = if line.starts_with('@') { 1 } else { 5 };
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        let mut rest = line;
        for _ in 0..fields {
            rest = rest.split_once([' ', '\t']).map_or("", |(_, rest)| rest.trim_start());
        }
        machine.text(rest, &mut env.clone(), &Data::Unknown);
    }
}
