//! Pushing: what overwrites or deletes what others have.
//!
//! - A branch that nobody names is the one checked out, if the setting knows it.
//!
//! Not here: the rest of git (`programs::git`).

use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::Machine;
use crate::guardrails::machine::run::Call;
use crate::guardrails::programs::git::Git;
use crate::guardrails::programs::hit;

/// Judges `git push`.
pub fn judge(machine: &mut Machine<'_>, call: &Call<'_>, git: &Git<'_>) {
    let opts = Opts::parse(git.args, "-o --push-option --repo --receive-pack --exec");
    if opts.has("-n --dry-run") {
        return;
    }
    let refs: Vec<&str> = opts.operands.iter().skip(1).map(|arg| arg.known()).collect();
    if let Some(rule) = rewrite(machine, &opts, &refs) {
        hit(machine, rule, call);
        // Trust that may force a branch of one's own may not force everybody's.
        if rule == "git_force_push" && hits_protected(machine, &opts, &refs) {
            hit(machine, "git_push_protected", call);
        }
    }
    if deploys_by_push(opts.operand(0)) {
        hit(machine, "push_to_deploy", call);
    }
}

fn rewrite(machine: &Machine<'_>, opts: &Opts<'_>, refs: &[&str]) -> Option<&'static str> {
    let plus = refs.iter().any(|spec| spec.starts_with('+'));
    let prune = opts.has("--prune") && refs.iter().any(|spec| spec.contains('*'));
    if opts.has("-f --force") && exact_force(opts) || plus || opts.has("--mirror") || prune {
        return Some("git_force_push");
    }
    let deleted: Vec<&str> = refs
        .iter()
        .filter_map(
            |spec| if opts.has("-d --delete") { Some(*spec) } else { spec.strip_prefix(':') },
        )
        .filter(|name| !name.is_empty())
        .collect();
    if deleted.iter().any(|spec| is_protected(target(spec))) {
        return Some("git_push_protected");
    }
    if opts.has("--force-with-lease") {
        let lease = opts.value("--force-with-lease").unwrap_or("");
        let leased = is_protected(lease.split(':').next().unwrap_or(""));
        return Some(if leased || hits_protected(machine, opts, refs) {
            "git_push_protected"
        } else {
            "git_force_push_lease"
        });
    }
    (!deleted.is_empty()).then_some("git_push_delete")
}

/// Whether a branch that everybody builds on is among what is pushed to.
fn hits_protected(machine: &Machine<'_>, opts: &Opts<'_>, refs: &[&str]) -> bool {
    let here = refs.is_empty() || refs.iter().any(|spec| target(spec) == "HEAD");
    refs.iter().any(|spec| is_protected(target(spec)))
        || here && machine.setting.branch.is_some_and(is_protected)
        || opts.has("--all --branches --mirror")
}

/// The branch that a refspec writes to.
fn target(spec: &str) -> &str {
    let spec = spec.strip_prefix('+').unwrap_or(spec);
    spec.rsplit(':').next().unwrap_or(spec)
}

/// `--forc` and shorter are ambiguous to git, which then does nothing.
fn exact_force(opts: &Opts<'_>) -> bool {
    !opts.is_exact("--no-force") && (opts.has("-f") || opts.is_exact("--force"))
}

/// A branch that everybody builds on.
#[must_use]
pub fn is_protected(name: &str) -> bool {
    let name = name.strip_prefix("refs/heads/").unwrap_or(name);
    let name = name.strip_prefix("origin/").unwrap_or(name);
    matches!(
        name,
        "main" | "master" | "trunk" | "develop" | "production" | "prod" | "release" | "stable"
    ) || name.starts_with("release/")
        || name.starts_with("release-")
        || name.starts_with("releases/")
}

fn deploys_by_push(remote: &str) -> bool {
    const REMOTES: [&str; 12] = [
        "heroku",
        "dokku",
        "production",
        "prod",
        "live",
        "deploy",
        "piku",
        "clever",
        "scalingo",
        "gigalixir",
        "azure",
        "staging",
    ];
    REMOTES.contains(&remote) || remote.starts_with("heroku-") || remote.starts_with("dokku@")
}
