//! `rsync`: copies, and deletes what the source does not have.
//!
//! Not here: `rclone` and buckets (`programs::tables`).

use crate::guardrails::effect::{PathRef, Verb};
use crate::guardrails::getopt::Opts;
use crate::guardrails::machine::run::Call;
use crate::guardrails::machine::{Arg, Env, Machine};
use crate::guardrails::paths::Place;
use crate::guardrails::programs::file::{place, system_write, writes};
use crate::guardrails::programs::{credential, hit};

const VALUED: &str = "-e --rsh --exclude --include --filter -f --exclude-from --files-from \
                      --bwlimit --rsync-path --chmod --chown -T --temp-dir --port --log-file \
                      --backup-dir --password-file";

const DELETES: &str = "--delete --delete-after --delete-before --delete-during --delete-excluded \
                       --delete-delay --del --remove-source-files";

/// Judges a mirroring.
pub fn judge(machine: &mut Machine<'_>, call: &Call<'_>, env: &mut Env) {
    let opts = Opts::parse(call.args, VALUED);
    if opts.has("-n --dry-run") {
        return;
    }
    let Some((target, sources)) = opts.operands.split_last() else { return };
    for source in sources {
        credential::copied(machine, source, target, env);
        if opts.has("--remove-source-files") && !source.text.contains(':') {
            machine.effect(Verb::Move, PathRef::of(machine, source, env));
        }
    }
    let remote = target.text.contains(':');
    if !opts.has(DELETES) {
        if !remote && !sources.is_empty() {
            writes(machine, target, Verb::WriteTree, env);
        }
        return;
    }
    let there = place(machine, target, env);
    if !remote {
        machine.effect(Verb::DeleteTree, PathRef::of(machine, target, env));
        if matches!(there, Place::Artifact | Place::Temp) {
            return;
        }
    }
    let vital = !remote
        && (matches!(
            there,
            Place::Root | Place::Home | Place::RepoRoot | Place::Git | Place::Unknown
        ) || system_write(&(env.resolve(&target.text) + "/"), Verb::Write).is_some());
    let wipes = vital || sources.iter().any(|source| is_nothing(machine, source, env));
    hit(machine, if wipes { "rsync_wipe" } else { "rsync_delete" }, call);
}

/// Whether a source plainly holds nothing, so that a mirror of it is empty.
fn is_nothing(machine: &Machine<'_>, source: &Arg, env: &Env) -> bool {
    let abs = env.resolve(&source.text);
    ["empty", "blank", "void", "nothing"].iter().any(|name| abs.contains(name))
        || abs.ends_with("/null")
        || (abs.contains("/tmp.") && place(machine, source, env) == Place::Temp)
}
