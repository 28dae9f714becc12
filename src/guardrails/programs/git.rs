//! Git: what loses work, rewrites history or removes refs.
//!
//! - What git itself refuses when work would be lost is fine.
//!
//! Not here: pushing (`programs::push`), commands git runs (`carry::git`), which files it
//! changes (`programs::worktree`).

use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Env, Machine};
use crate::guardrails::programs::{credential, hit, push, worktree};
use crate::guardrails::words::Words;

const GLOBAL: &str = "-C -c --git-dir --work-tree --namespace --exec-path --config-env \
                      --super-prefix --attr-source --list-cmds";

/// A git sub-command and what follows it.
pub struct Git<'a> {
    /// Its name.
    pub sub: &'a str,
    /// Its arguments.
    pub args: &'a [Arg],
    /// Options before it.
    pub global: Opts<'a>,
}

/// Finds the sub-command behind git's own options.
#[must_use]
pub fn parse(args: &[Arg]) -> Option<Git<'_>> {
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        let text = arg.known();
        if !text.starts_with('-') {
            break;
        }
        at += 1 + usize::from(GLOBAL.split_ascii_whitespace().any(|known| known == text));
    }
    let sub = args.get(at)?;
    Some(Git { sub: sub.known(), args: &args[at + 1..], global: Opts::parse(&args[..at], GLOBAL) })
}

/// Judges a git command.
pub fn judge(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let Some(git) = parse(call.args) else { return };
    if git.args.first().is_some_and(|arg| arg.text == "-h") {
        return;
    }
    if let Some(rule) = rule_for(machine, &git) {
        hit(machine, rule, call);
    }
    match git.sub {
        "push" | "send-pack" => push::judge(machine, call, &git),
        "add" | "stage" | "commit" => credential::staged(machine, call, git.args),
        _ => {}
    }
    worktree::effects(machine, &git, call.stdin, env);
}

fn rule_for(machine: &Machine<'_>, git: &Git<'_>) -> Option<&'static str> {
    let opts = Opts::parse(git.args, valued(git.sub));
    let first = opts.operand(0);
    match git.sub {
        "reset" if opts.has("--hard") => Some("git_reset_hard"),
        "reset" if opts.has("--merge") => Some("git_discard_file"),
        "clean" => clean(git, &opts),
        "checkout" => checkout(git, &opts),
        "restore" => restore(&opts),
        "switch" if opts.has("-f --force --discard-changes") => Some("git_discard_tree"),
        "checkout-index" if opts.has("-f --force") && opts.has("-a --all") => {
            Some("git_discard_tree")
        }
        "read-tree" if opts.has("--reset") && opts.has("-u") => Some("git_discard_tree"),
        "stash" => match first {
            "clear" => Some("git_stash_clear"),
            "drop" => Some("git_stash_drop"),
            _ => None,
        },
        "branch" => branch(machine, &opts),
        "tag" if opts.has("-d --delete") => Some("git_ref_delete"),
        "update-ref" if opts.has("-d --delete --stdin") => Some("git_ref_delete"),
        "symbolic-ref" if opts.has("-d --delete") => Some("git_ref_delete"),
        "filter-branch" => Some("git_history_rewrite"),
        "filter-repo" if !opts.has("--analyze --dry-run") => Some("git_history_rewrite"),
        "reflog" if matches!(first, "expire" | "delete") && !opts.has("-n --dry-run") => {
            Some("git_reflog_expire")
        }
        "gc" if matches!(opts.value("--prune"), Some("now" | "all")) => Some("git_gc_prune"),
        "prune" if !opts.has("-n --dry-run") => Some("git_gc_prune"),
        "worktree" if first == "remove" && opts.has("-f --force") => {
            Some("git_worktree_remove_force")
        }
        "rm" => remove(&opts),
        "submodule" if first == "deinit" && opts.has("-f --force") => Some("git_discard_file"),
        "lfs" if first == "prune" && opts.has("-f --force") => Some("git_gc_prune"),
        "subtree" | "push" => None,
        _ => None,
    }
}

/// A sub-command's options that take the next word.
#[must_use]
pub fn valued(sub: &str) -> &'static str {
    match sub {
        "checkout" => "-b -B --orphan --conflict --pathspec-from-file",
        "switch" => "-c -C --create --force-create --orphan --conflict",
        "restore" => "-s --source --pathspec-from-file",
        "clean" => "-e --exclude",
        "branch" => {
            "-u --set-upstream-to --contains --no-contains --merged --no-merged --points-at --sort --format"
        }
        "tag" => "-m --message -F --file -u --local-user --sort --format --contains --points-at",
        "stash" => "-m --message --pathspec-from-file",
        "worktree" => "-b -B --reason",
        "reset" | "add" | "stage" | "rm" => "--pathspec-from-file",
        "commit" => {
            "-m --message -F --file -C --reuse-message -c --reedit-message --author --date \
             --trailer --cleanup --fixup --squash -t --template --pathspec-from-file"
        }
        "merge" | "pull" | "cherry-pick" | "revert" => {
            "-m --message -F --file -s --strategy -X --strategy-option --mainline"
        }
        "clone" => {
            "-b --branch -o --origin --depth --reference -c --config -j --jobs --filter \
             --separate-git-dir --template --shallow-since -u --upload-pack"
        }
        "apply" => "-p --directory -C --exclude --include --whitespace",
        "init" => "-b --initial-branch --template --separate-git-dir --object-format",
        _ => "",
    }
}

fn clean(git: &Git<'_>, opts: &Opts<'_>) -> Option<&'static str> {
    if opts.has("-n --dry-run -i --interactive") {
        return None;
    }
    let unguarded = git.global.values("-c").iter().any(|setting| {
        let setting = setting.to_ascii_lowercase();
        setting.starts_with("clean.requireforce=") && !setting.ends_with("true")
    });
    (opts.has("-f --force") || unguarded).then_some("git_clean_force")
}

fn checkout(git: &Git<'_>, opts: &Opts<'_>) -> Option<&'static str> {
    if opts.has("-p --patch") {
        return None;
    }
    let paths: Vec<&Arg> = match opts.after_dashes {
        Some(at) => opts.operands[at..].to_vec(),
        None if opts.has("-b -B --orphan -t --track --detach") => Vec::new(),
        None => opts
            .operands
            .iter()
            .enumerate()
            .filter(|(at, arg)| *at > 0 || is_tree(arg.known()) || is_file(arg.known()))
            .map(|(_, arg)| *arg)
            .collect(),
    };
    let named = paths.iter().find(|arg| is_tree(arg.known()) || arg.glob);
    if named.is_some() || opts.has("-f --force --pathspec-from-file") {
        return Some("git_discard_tree");
    }
    let _ = git;
    (!paths.is_empty()).then_some("git_discard_file")
}

fn restore(opts: &Opts<'_>) -> Option<&'static str> {
    let staged = opts.has("-S --staged") && !opts.has("-W --worktree");
    if staged || opts.has("-p --patch") {
        return None;
    }
    if opts.has("--pathspec-from-file") {
        return Some("git_discard_tree");
    }
    let tree = opts.operands.iter().any(|arg| is_tree(arg.known()) || arg.glob || arg.dynamic());
    if tree {
        return Some("git_discard_tree");
    }
    (!opts.operands.is_empty()).then_some("git_discard_file")
}

/// A path specification that names more than one file.
#[must_use]
pub fn is_tree(text: &str) -> bool {
    matches!(
        text,
        "." | "./"
            | ":/"
            | ":/."
            | ".."
            | "*"
            | ":"
            | "./*"
            | ":(top)"
            | ":(top)."
            | "../"
            | "$PWD"
    ) || text.starts_with(":/*")
        || text.contains('*')
        || (text.ends_with('/') && text.len() > 1)
}

/// A word that only looks like a file, not like a branch.
#[must_use]
pub fn is_file(text: &str) -> bool {
    static ENDINGS: Words<128> = Words::new(
        "rs py js ts tsx jsx go java c h cc cpp hpp rb php cs swift kt scala sh \
                           md txt json yml yaml toml lock css scss html sql xml ini cfg vue svelte \
                           mjs cjs ipynb proto tf gradle properties",
    );
    let name = text.rsplit('/').next().unwrap_or("");
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    text.starts_with("./")
        || ENDINGS.contains(ending)
        || matches!(name, "Makefile" | "Dockerfile" | "Cargo.lock" | ".gitignore")
}

fn branch(machine: &Machine<'_>, opts: &Opts<'_>) -> Option<&'static str> {
    let _ = machine;
    let forced = opts.has("-D") || (opts.has("-d --delete") && opts.has("-f --force"));
    forced.then_some("git_branch_delete")
}

fn remove(opts: &Opts<'_>) -> Option<&'static str> {
    if opts.has("--cached -n --dry-run") {
        return None;
    }
    opts.has("-f --force").then_some("git_rm_force")
}
