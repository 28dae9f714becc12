//! `find` and `fd`: what they delete and what they run.
//!
//! - A deletion that nothing narrows is one of the whole tree.
//! - Names of build products narrow it to those.
//!
//! Not here: what the executed command does (`programs`).

use crate::guardrails::effect::{PathRef, Verb};
use crate::guardrails::machine::run::{Call, program_name};
use crate::guardrails::machine::{Arg, Data, Env, HOLE, Machine, listing};
use crate::guardrails::paths::{self, Place};
use crate::guardrails::programs::secret;
use crate::guardrails::report::canonical;
use crate::guardrails::{paths::classify, programs};

/// What narrows a search before its action.
struct Narrow {
    paths: Vec<Arg>,
    /// A predicate that keeps most files out.
    narrowed: bool,
    /// All names searched for are names of build products.
    artifacts: bool,
    name: Option<String>,
}

/// Judges a `find`.
pub fn find(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) -> Data {
    let args = call.args;
    let (mut narrow, mut at) = Narrow::paths(args);
    let mut negated = false;
    while let Some(arg) = args.get(at) {
        machine.spend(2);
        if machine.spent() {
            break;
        }
        let next = args.get(at + 1);
        match arg.text.as_str() {
            "!" | "-not" => negated = true,
            "-delete" => deletes(machine, call, &narrow, env),
            "-exec" | "-execdir" | "-ok" | "-okdir" => {
                let rest = &args[at + 1..];
                let length = rest.iter().position(|arg| arg.text == ";" || arg.text == "+");
                let length = length.unwrap_or(rest.len());
                executes(machine, &rest[..length], &narrow, env);
                at += length;
            }
            "-fprint" | "-fls" | "-fprintf" => {
                if let Some(file) = next {
                    programs::file::writes(machine, file, Verb::Truncate, env);
                }
                at += 1;
            }
            "-name" | "-iname" | "-path" | "-wholename" | "-regex" | "-iregex" | "-ipath" => {
                at += 1;
                match next {
                    Some(pattern) if !negated => narrow.by_name(&pattern.text),
                    _ => narrow.narrowed = true,
                }
                negated = false;
            }
            "-maxdepth" | "-mindepth" | "-type" | "-xtype" | "-depth" | "-xdev" | "-mount"
            | "-print" | "-print0" | "-prune" | "-o" | "-or" | "-a" | "(" | ")" | "-regextype"
            | "-ls" | "-noleaf" | "-daystart" | "-true" => {
                let valued = ["-maxdepth", "-mindepth", "-type", "-xtype", "-regextype"];
                at += usize::from(valued.contains(&arg.text.as_str()));
                negated = false;
            }
            "-empty" => narrow.narrowed = true,
            text if text.starts_with('-') => {
                narrow.narrowed = true;
                negated = false;
            }
            _ => {}
        }
        at += 1;
    }
    narrow.listing(machine, env)
}

fn is_mode(text: &str) -> bool {
    matches!(text, "-L" | "-H" | "-P") || text.starts_with("-O") || text.starts_with("-D")
}

impl Narrow {
    /// Where a search looks, and where its conditions begin.
    fn paths(args: &[Arg]) -> (Self, usize) {
        let start = args
            .iter()
            .position(|arg| arg.text.starts_with(['-', '(', '!']) && !is_mode(&arg.text))
            .unwrap_or(args.len());
        let mut paths: Vec<Arg> =
            args[..start].iter().filter(|arg| !is_mode(&arg.text)).cloned().collect();
        if paths.is_empty() {
            paths.push(Arg::new("."));
        }
        (Self { paths, narrowed: false, artifacts: false, name: None }, start)
    }

    fn by_name(&mut self, pattern: &str) {
        let bare = pattern.trim_end_matches("/*").rsplit('/').next().unwrap_or(pattern);
        if pattern.trim_matches(['*', '.', '/']).is_empty() {
            return;
        }
        let artifact = paths::is_artifact(bare) || bytecode(bare);
        self.artifacts = artifact && (self.artifacts || !self.narrowed);
        self.narrowed = true;
        self.name = Some(bare.to_owned());
    }

    /// What the search prints: known only where it finds build products or scratch.
    fn listing(&self, machine: &Machine<'_>, env: &Env) -> Data {
        let mut text = String::new();
        for path in &self.paths {
            let place = classify(&env.resolve(&path.text), &machine.repo, &machine.home);
            let key = secret::secret(&env.resolve(&format!("{}/x", path.text)));
            let name = match &self.name {
                _ if key == Some(secret::Secret::Key) => "id_rsa",
                _ if matches!(place, Place::Temp | Place::Artifact) => "found",
                Some(name) if self.artifacts && !name.contains('*') => name,
                _ => return self.pattern(machine, env),
            };
            text.push_str(&format!("{}/{name}\n", path.text));
        }
        Data::Text(text)
    }

    /// The pattern of what it finds.
    fn pattern(&self, machine: &Machine<'_>, env: &Env) -> Data {
        match self.paths.as_slice() {
            [one] => listing::pattern(machine, &one.text, self.name.as_deref(), env),
            _ => Data::Unknown,
        }
    }

    fn worst(&self, machine: &Machine<'_>, env: &Env) -> Place {
        let mut worst = Place::Temp;
        for path in &self.paths {
            let place = classify(&env.resolve(&path.text), &machine.repo, &machine.home);
            if !matches!(place, Place::Temp | Place::Artifact) {
                worst = place;
            }
            if matches!(place, Place::Root | Place::System | Place::Home) {
                return place;
            }
        }
        worst
    }
}

fn bytecode(name: &str) -> bool {
    ["*.pyc", "*.pyo", "*.pyd", "*.o", "*.class", "*.py[co]", "*.py[cod]"].contains(&name)
}

fn deletes(machine: &mut Machine<'_>, call: &Call<'_>, narrow: &Narrow, env: &Env) {
    let text = canonical(call.name, call.args);
    for path in &narrow.paths {
        match listing::pattern(machine, &path.text, narrow.name.as_deref(), env) {
            Data::Listed(pattern) if narrow.narrowed => {
                machine.effect(Verb::Delete, PathRef::Pattern(pattern));
            }
            _ => machine.effect(Verb::DeleteTree, PathRef::of(machine, path, env)),
        }
    }
    let rule = match narrow.worst(machine, env) {
        Place::Temp | Place::Artifact => return,
        Place::Root | Place::System | Place::Home if !narrow.narrowed => "delete_system",
        Place::TempRoot => "find_delete",
        _ if narrow.artifacts => "find_delete_bytecode",
        _ if narrow.narrowed => "find_delete",
        _ => "find_delete_tree",
    };
    machine.report.hit(rule, &text, machine.span());
}

fn executes(machine: &mut Machine<'_>, command: &[Arg], narrow: &Narrow, env: &mut Env) {
    let Some(first) = command.first() else { return };
    let from = machine.report.effects.len();
    for path in &narrow.paths {
        let place = classify(&env.resolve(&path.text), &machine.repo, &machine.home);
        let key = secret::secret(&env.resolve(&format!("{}/x", path.text)));
        let found = match (&narrow.name, place) {
            _ if key == Some(secret::Secret::Key) => format!("{}/id_rsa", path.text),
            (_, Place::Temp | Place::Artifact) => format!("{}/found", path.text),
            (Some(name), _) if narrow.artifacts && !name.contains('*') => {
                format!("{}/{name}", path.text)
            }
            (_, Place::Root | Place::System | Place::Home) if !narrow.narrowed => path.text.clone(),
            _ => HOLE.to_string(),
        };
        let argv: Vec<Arg> =
            command.iter().map(|arg| Arg::new(arg.text.replace("{}", &found))).collect();
        machine.run(&argv, &mut env.clone(), &Data::Unknown);
    }
    let whole = command.iter().all(|arg| arg.text == "{}" || !arg.text.contains("{}"));
    if let (Data::Listed(pattern), true) = (narrow.pattern(machine, env), whole) {
        machine.report.locate(from, &pattern);
    }
    let removes = matches!(&*program_name(first), "rm" | "unlink" | "rmdir" | "trash");
    let place = narrow.worst(machine, env);
    if removes && !matches!(place, Place::Temp | Place::Artifact) && !narrow.artifacts {
        let rule = if narrow.narrowed { "find_delete" } else { "find_delete_tree" };
        machine.report.hit(rule, &canonical("find -exec", command), machine.span());
    }
}

/// Judges an `fd` with `-x`.
pub fn fd(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let runs = ["-x", "-X", "--exec", "--exec-batch"];
    let Some(at) = call.args.iter().position(|arg| runs.contains(&arg.text.as_str())) else {
        return;
    };
    let command = &call.args[at + 1..];
    let end = command.iter().position(|arg| arg.text == ";").unwrap_or(command.len());
    let command = &command[..end];
    let mut argv: Vec<Arg> =
        command.iter().map(|arg| Arg::new(arg.text.replace("{}", &HOLE.to_string()))).collect();
    if !command.iter().any(|arg| arg.text.contains('{')) {
        argv.push(Arg::unknown());
    }
    if argv.len() > 1 {
        machine.run(&argv, &mut env.clone(), &Data::Unknown);
    }
    if command.first().is_some_and(|first| matches!(&*program_name(first), "rm" | "unlink")) {
        machine.report.hit("find_delete", &canonical("fd", call.args), machine.span());
    }
}
