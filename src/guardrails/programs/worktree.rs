//! Git: which files, which part of the index and which trees a command changes.
//!
//! - A path is seen from the folder in which git runs, `-C` and `--work-tree` included.
//! - What git changes without naming files is one effect with its reason.
//!
//! Not here: what of it is destructive (`programs::git`).

use crate::guardrails::effect::{PathRef, Verb, Whole};
use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Data, Env, Machine};
use crate::guardrails::programs::git::{Git, is_file, is_tree, valued};
use crate::guardrails::programs::patch;

/// Notes what a git command changes.
pub fn effects(machine: &mut Machine<'_>, git: &Git<'_>, stdin: &Data, env: &Env) {
    let mut here = env.clone();
    for dir in git.global.values("-C").into_iter().chain(git.global.value("--work-tree")) {
        here.cwd = here.resolve(dir).into();
    }
    let opts = Opts::parse(git.args, valued(git.sub));
    if opts.has("-n --dry-run") && matches!(git.sub, "add" | "stage" | "rm" | "mv" | "clean") {
        return;
    }
    if let Some(whole) = whole(git.sub, &opts) {
        note(machine, Verb::WholeTree(whole), &Arg::new("."), &here);
        return;
    }
    let env = &here;
    match git.sub {
        "checkout" => checkout(machine, &opts, env),
        "restore" => {
            let staged = opts.has("-S --staged") && !opts.has("-W --worktree");
            let verb = if staged { Verb::Stage } else { Verb::Write };
            named(machine, (verb, Whole::Discard), &opts.operands, env);
        }
        "add" | "stage" => named(machine, (Verb::Stage, Whole::Stage), &opts.operands, env),
        "commit" => named(machine, (Verb::Stage, Whole::Stage), &opts.operands, env),
        "reset" => reset(machine, &opts, env),
        "clean" => named(machine, (Verb::DeleteTree, Whole::Clean), &opts.operands, env),
        "stash" => {
            let from = opts.after_dashes.unwrap_or(1);
            let paths = opts.operands.get(from..).unwrap_or(&[]);
            named(machine, (Verb::Write, Whole::StashPush), paths, env);
        }
        "rm" => removed(machine, &opts, env),
        "mv" => moved(machine, &opts, env),
        "apply" => applied(machine, &opts, stdin, env),
        "worktree" => worktree(machine, &opts, env),
        "clone" => cloned(machine, &opts, env),
        "submodule" if matches!(opts.operand(0), "update" | "add" | "deinit") => {
            note(machine, Verb::WriteTree, &Arg::new("."), env);
        }
        _ => {}
    }
}

/// The commands of a forge's client that change the worktree.
pub fn gh(machine: &mut Machine<'_>, call: &Call<'_>, env: &Env) {
    if let [first, second, ..] = call.args
        && first.text == "pr"
        && matches!(second.text.as_str(), "checkout" | "co")
    {
        note(machine, Verb::WholeTree(Whole::Checkout), &Arg::new("."), env);
    }
}

/// Why a whole tree changes; `None` when it does not, or only what is named.
fn whole(sub: &str, opts: &Opts<'_>) -> Option<Whole> {
    let first = opts.operand(0);
    let bare = opts.operands.is_empty();
    match sub {
        "switch" => creates(opts, "-c --create -C --force-create --orphan", Whole::Switch),
        "checkout" => switched(opts),
        "reset" if opts.has("--hard --merge --keep") => Some(Whole::Reset),
        "clean" if opts.has("-n --dry-run") => None,
        "clean" if bare => Some(Whole::Clean),
        "merge" => Some(Whole::Merge),
        "rebase" => Some(Whole::Rebase),
        "pull" => Some(Whole::Pull),
        "cherry-pick" => Some(Whole::CherryPick),
        "revert" => Some(Whole::Revert),
        "am" if !opts.has("--show-current-patch") => Some(Whole::Am),
        "subtree" if matches!(first, "add" | "pull" | "merge") => Some(Whole::Merge),
        "read-tree" if opts.has("-u --reset") => Some(Whole::Rewrite),
        "checkout-index" if opts.has("-a --all") => Some(Whole::Rewrite),
        "filter-branch" | "filter-repo" => Some(Whole::Rewrite),
        "bisect" if !matches!(first, "log" | "view" | "visualize" | "terms" | "") => {
            Some(Whole::Checkout)
        }
        "sparse-checkout" if first != "list" && !bare => Some(Whole::Checkout),
        "stash" => stash(opts),
        "add" | "stage" if opts.has("-A --all -u --update --no-ignore-removal") && bare => {
            Some(Whole::StageAll)
        }
        "commit" if opts.has("-a --all") => Some(Whole::CommitAll),
        "reset" if bare && !opts.has("--soft --pathspec-from-file") => Some(Whole::StageAll),
        _ => None,
    }
}

fn stash(opts: &Opts<'_>) -> Option<Whole> {
    match opts.operand(0) {
        "pop" | "apply" | "branch" => Some(Whole::StashPop),
        "" | "save" => Some(Whole::StashPush),
        "push" if opts.operands.len() < 2 => Some(Whole::StashPush),
        _ => None,
    }
}

/// A new branch leaves the files alone unless it starts somewhere else.
fn creates(opts: &Opts<'_>, new: &str, whole: Whole) -> Option<Whole> {
    (!opts.has(new) || !opts.operands.is_empty()).then_some(whole)
}

fn switched(opts: &Opts<'_>) -> Option<Whole> {
    if opts.has("-p --patch") {
        return None;
    }
    let names_paths = opts.after_dashes.is_some_and(|at| at < opts.operands.len())
        || opts.has("--pathspec-from-file")
        || !opts.has("-b -B --orphan -t --track --detach") && !checked_out(opts).is_empty();
    if names_paths {
        return None;
    }
    if opts.operands.is_empty() && !opts.has("-f --force -b -B --orphan") {
        return opts.has("--detach").then_some(Whole::Checkout);
    }
    creates(opts, "-b -B --orphan", Whole::Checkout)
}

/// The files among the operands of a `checkout` without `--`.
fn checked_out<'a>(opts: &Opts<'a>) -> Vec<&'a Arg> {
    let operands = opts.operands.iter().enumerate();
    let files = operands
        .filter(|(at, arg)| *at > 0 || is_tree(arg.known()) || is_file(arg.known()) || arg.glob);
    files.map(|(_, arg)| *arg).collect()
}

fn checkout(machine: &mut Machine<'_>, opts: &Opts<'_>, env: &Env) {
    let paths = match opts.after_dashes {
        Some(at) => opts.operands[at..].to_vec(),
        None if opts.has("-b -B --orphan -t --track --detach") => Vec::new(),
        None => checked_out(opts),
    };
    named(machine, (Verb::Write, Whole::Discard), &paths, env);
    if opts.has("--pathspec-from-file") {
        machine.effect(Verb::Write, PathRef::Unknown);
    }
}

fn reset(machine: &mut Machine<'_>, opts: &Opts<'_>, env: &Env) {
    if opts.has("--soft") {
        return;
    }
    let paths: Vec<&Arg> = match opts.after_dashes {
        Some(at) => opts.operands[at..].to_vec(),
        None => opts
            .operands
            .iter()
            .enumerate()
            .filter(|(at, arg)| *at > 0 || is_file(arg.known()) || is_tree(arg.known()))
            .map(|(_, arg)| *arg)
            .collect(),
    };
    if paths.is_empty() {
        note(machine, Verb::WholeTree(Whole::StageAll), &Arg::new("."), env);
    }
    named(machine, (Verb::Stage, Whole::Stage), &paths, env);
}

fn removed(machine: &mut Machine<'_>, opts: &Opts<'_>, env: &Env) {
    let verb = if opts.has("-r") { Verb::DeleteTree } else { Verb::Delete };
    if opts.has("--cached") {
        return named(machine, (Verb::Stage, Whole::Stage), &opts.operands, env);
    }
    for arg in &opts.operands {
        let arg = spec(machine, arg);
        note(machine, verb, &arg, env);
    }
}

fn moved(machine: &mut Machine<'_>, opts: &Opts<'_>, env: &Env) {
    let Some((target, sources)) = opts.operands.split_last() else { return };
    for source in sources {
        note(machine, Verb::Move, source, env);
    }
    let sources: Vec<&Arg> = sources.to_vec();
    super::transfer::arrives(machine, &sources, target, Verb::Create, env);
}

fn applied(machine: &mut Machine<'_>, opts: &Opts<'_>, stdin: &Data, env: &Env) {
    if opts.has("--check --stat --numstat --summary") && !opts.has("--apply") {
        return;
    }
    if opts.has("--cached") {
        note(machine, Verb::WholeTree(Whole::StageAll), &Arg::new("."), env);
        return;
    }
    let strip = opts.value("-p").and_then(|n| n.parse().ok()).unwrap_or(1);
    let files: Vec<Data> = match opts.operands.as_slice() {
        [] => vec![stdin.clone()],
        files => {
            files.iter().map(|file| env.read(&file.text).cloned().unwrap_or_default()).collect()
        }
    };
    for file in &files {
        patch::play(machine, file, strip, opts.has("-R --reverse"), env);
    }
}

fn worktree(machine: &mut Machine<'_>, opts: &Opts<'_>, env: &Env) {
    let Some(path) = opts.operands.get(1) else { return };
    match opts.operand(0) {
        "add" => note(machine, Verb::WriteTree, path, env),
        "remove" => note(machine, Verb::DeleteTree, path, env),
        "move" => {
            note(machine, Verb::Move, path, env);
            if let Some(target) = opts.operands.get(2) {
                note(machine, Verb::WriteTree, target, env);
            }
        }
        _ => {}
    }
}

fn cloned(machine: &mut Machine<'_>, opts: &Opts<'_>, env: &Env) {
    let folder = match (opts.operands.first(), opts.operands.get(1)) {
        (_, Some(folder)) => (*folder).clone(),
        (Some(from), None) => {
            let name = from.text.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or("");
            Arg::new(name.trim_end_matches(".git"))
        }
        _ => return,
    };
    note(machine, Verb::WriteTree, &folder, env);
}

/// Path specifications: one that names a tree is a change of that tree.
fn named(machine: &mut Machine<'_>, verbs: (Verb, Whole), specs: &[&Arg], env: &Env) {
    for arg in specs.iter().filter(|arg| !excludes(&arg.text)) {
        let arg = &spec(machine, arg);
        if machine.may_be_folder(arg, env) {
            note(machine, Verb::WholeTree(verbs.1), arg, env);
        } else {
            note(machine, verbs.0, arg, env);
        }
    }
}

fn excludes(spec: &str) -> bool {
    spec.starts_with(":!") || spec.starts_with(":^") || spec.starts_with(":(exclude)")
}

/// A path specification as a path; git itself expands patterns, quoted or not.
fn spec(machine: &Machine<'_>, arg: &Arg) -> Arg {
    let magic = arg.text.strip_prefix(":/").or_else(|| arg.text.strip_prefix(":(top)"));
    let text = match magic {
        Some(rest) => format!("{}/{rest}", machine.repo),
        None if arg.text == ":" => ".".to_owned(),
        None => arg.text.clone(),
    };
    Arg { glob: arg.glob || text.contains(['*', '?', '[']), text }
}

fn note(machine: &mut Machine<'_>, verb: Verb, arg: &Arg, env: &Env) {
    let path = PathRef::of(machine, arg, env);
    machine.effect(verb, path);
}
