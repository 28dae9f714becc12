//! `xargs`, `parallel`: commands built from what is read.
//!
//! - Known input is followed word by word; unknown input is one unknown operand.
//!
//! Not here: `find -exec` (`carry::find`).

use crate::guardrails::carry::joined;
use crate::guardrails::machine::run::{Call, program_name};
use crate::guardrails::machine::{Arg, Data, Env, HOLE, Machine};
use crate::guardrails::report::canonical;

/// Most items of known input that are followed.
const MOST: usize = 64;

const VALUED: &str = "-n -P -L -d -E -s -a -I --max-args --max-procs --max-lines --delimiter \
                      --arg-file --replace -j --jobs --colsep --joblog --timeout --retries -N -S \
                      --sshlogin --results --tmpdir --halt --delay --max-chars --eof";

/// Plays the command that `xargs` or `parallel` builds.
pub fn carry(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) -> Data {
    let mut at = 0;
    let mut replace: Option<String> = None;
    let mut file = None;
    if call
        .args
        .iter()
        .take_while(|arg| arg.text.starts_with('-'))
        .any(|arg| arg.text == "--dry-run" || arg.text == "--dryrun")
    {
        return Data::Unknown;
    }
    while let Some(arg) = call.args.get(at) {
        let text = arg.text.as_str();
        if !text.starts_with('-') || text.len() < 2 {
            break;
        }
        at += 1;
        let next = call.args.get(at).map_or("", |arg| arg.text.as_str());
        match text {
            "--" => break,
            "-I" | "--replace" if call.name != "parallel" => replace = Some(next.to_owned()),
            "-i" => replace = Some("{}".to_owned()),
            "-a" | "--arg-file" => file = Some(next),
            _ => {}
        }
        if let Some(attached) = text.strip_prefix("-I").filter(|rest| !rest.is_empty()) {
            replace = Some(attached.to_owned());
        }
        if let Some(attached) = text.strip_prefix("--replace=") {
            replace = Some(attached.to_owned());
        }
        at += usize::from(VALUED.split_ascii_whitespace().any(|known| known == text));
    }
    let input =
        file.map_or_else(|| call.stdin.clone(), |file| env.read(file).cloned().unwrap_or_default());
    let command = call.args.get(at..).unwrap_or(&[]);
    if matches!(call.name, "parallel" | "rush") {
        return parallel(machine, command, &input, env);
    }
    let from = machine.report.effects.len();
    let data = build(machine, command, replace.as_deref(), &input, env);
    let whole = |arg: &Arg| {
        replace.as_deref().is_none_or(|mark| arg.text == mark || !arg.text.contains(mark))
    };
    if let Data::Listed(pattern) = &input
        && command.iter().all(whole)
    {
        machine.report.locate(from, pattern);
    }
    data
}

fn items(input: &Data, whole_lines: bool) -> Vec<Arg> {
    let text = input.as_text();
    let text = text.replace('\0', "\n");
    let items: Vec<Arg> = if whole_lines {
        text.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .take(MOST)
            .map(Arg::new)
            .collect()
    } else {
        let plain = text.replace(['"', '\''], "");
        plain
            .split_whitespace()
            .take(MOST)
            .map(|word| Arg { text: word.to_owned(), glob: word.contains('*') })
            .collect()
    };
    items
}

fn build(
    machine: &mut Machine<'_>,
    command: &[Arg],
    replace: Option<&str>,
    input: &Data,
    env: &mut Env,
) -> Data {
    let Some(first) = command.first() else { return input.clone() };
    let items = items(input, replace.is_some());
    let unknown = items.iter().any(Arg::dynamic);
    let mut data = Data::nothing();
    match replace.filter(|mark| !mark.is_empty()) {
        Some(mark) => {
            for item in items.iter().take(MOST) {
                let argv: Vec<Arg> = command
                    .iter()
                    .map(|arg| Arg::new(arg.text.replace(mark, &item.text)))
                    .collect();
                data = data.then(machine.run(&argv, &mut env.clone(), &Data::Unknown));
            }
        }
        None => {
            let mut argv = command.to_vec();
            argv.extend(items);
            data = machine.run(&argv, &mut env.clone(), &Data::Unknown);
        }
    }
    if unknown {
        note_deletion(machine, first, command);
    }
    data
}

/// A deletion of whatever is read, one file at a time.
fn note_deletion(machine: &mut Machine<'_>, first: &Arg, command: &[Arg]) {
    if matches!(&*program_name(first), "rm" | "unlink" | "trash" | "truncate" | "rmdir") {
        let text = canonical("xargs", command);
        machine.report.hit("delete_listed", &text, machine.span());
    }
}

fn parallel(machine: &mut Machine<'_>, args: &[Arg], input: &Data, env: &mut Env) -> Data {
    let split = args.iter().position(|arg| arg.text.starts_with(":::"));
    let (command, listed) = match split {
        Some(at) => (&args[..at], Some(&args[at + 1..])),
        None => (args, None),
    };
    let items: Vec<String> = match listed {
        Some(listed) => listed.iter().take(MOST).map(|arg| arg.text.clone()).collect(),
        None => items(input, true).into_iter().map(|arg| arg.text).collect(),
    };
    let line = joined(command.iter());
    let mut data = Data::nothing();
    for item in items.iter().take(MOST) {
        let text = if line.is_empty() {
            item.clone()
        } else if line.contains("{}") {
            line.replace("{}", item)
        } else {
            format!("{line} {item}")
        };
        data = data.then(machine.text(&text, &mut env.clone(), &Data::Unknown));
        if command.iter().any(|arg| arg.text.contains(' ')) {
            let argv: Vec<Arg> =
                command.iter().map(|arg| Arg::new(arg.text.replace("{}", item))).collect();
            machine.run(&argv, &mut env.clone(), &Data::Unknown);
        }
    }
    if listed.is_none()
        && items.iter().any(|item| item.contains(HOLE))
        && let Some(first) = command.first()
    {
        note_deletion(machine, first, command);
    }
    data
}
