//! `coord hook git`: what git runs before a commit and before a push.
//!
//! - A commit carries only files whose locks are one's own or free; a push is told of the
//!   files of others, and stopped where the guardrails stop it.
//! - Who commits is found among the ancestors: the agent in whose shell git runs, else a
//!   person.
//! - Without a daemon `hook_failure` decides, as for edits.

use std::ffi::OsString;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{note, place};
use crate::answer::Answer;
use crate::cli::exit::Exit;
use crate::client::{self, Client, ClientError};
use crate::config::{Config, HookFailure};
use crate::home::Home;
use crate::wire::{Request, Role};

/// How long git is held up for an answer.
const WITHIN: Duration = Duration::from_secs(3);
/// Files that are asked about, at most; a commit of more is no agent's edit.
const FILES_MAX: usize = crate::hooks::STAGED_MAX;
/// What stands for "no commit" on standard input of a push.
const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

/// Answers one of git's hooks; any other than the two that we know is let pass.
pub fn run(rest: &[OsString], home: Option<PathBuf>) -> Exit {
    let name = rest.first().and_then(|name| name.to_str()).unwrap_or_default();
    let Ok(home) = crate::config::env::home(home) else { return Exit::Done };
    let hook = GitHook { home, name: name.to_owned() };
    match name {
        "pre-commit" => hook.before_commit(),
        "pre-push" => hook.before_push(),
        _ => {
            super::super::desk::complain("coord hook git takes pre-commit or pre-push");
            Exit::Usage
        }
    }
}

struct GitHook {
    home: Home,
    name: String,
}

impl GitHook {
    fn before_commit(&self) -> Exit {
        // Without renames, so that both names of one are listed.
        let staged = git(&["diff", "--cached", "--name-only", "--no-renames", "-z"]);
        let Some(staged) = staged else {
            note::miss(&self.home, "git", &self.name, "git did not list what is staged");
            return Exit::Done;
        };
        let files: Vec<&str> = staged.split('\0').filter(|file| !file.is_empty()).collect();
        if files.is_empty() {
            return Exit::Done;
        }
        let files = files.get(..FILES_MAX).unwrap_or(&files);
        self.ask("check_commit", json!({ "file_paths": files }))
    }

    /// Each line names a local and a remote reference, with their commits.
    fn before_push(&self) -> Exit {
        let mut worst = Exit::Done;
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let &[_, local, remote_name, remote] = &words[..] else { continue };
            if self.push_one(local, remote_name, remote) == Exit::Refused {
                worst = Exit::Refused;
            }
        }
        worst
    }

    fn push_one(&self, local: &str, remote_name: &str, remote: &str) -> Exit {
        let branch = remote_name.strip_prefix("refs/heads/").unwrap_or(remote_name);
        let quoted = crate::hooks::deed::quoted(branch);
        let deletes = local.starts_with(NO_COMMIT);
        let new = remote.starts_with(NO_COMMIT);
        if deletes {
            return self.judge(&format!("git push origin --delete {quoted}"));
        }
        if !new && !succeeds(&["merge-base", "--is-ancestor", remote, local]) {
            return self.judge(&format!("git push --force origin {quoted}"));
        }
        if new {
            return Exit::Done;
        }
        let range = format!("{remote}..{local}");
        let Some(changed) = git(&["diff", "--name-only", "--no-renames", "-z", &range]) else {
            return Exit::Done;
        };
        let files: Vec<&str> = changed.split('\0').filter(|file| !file.is_empty()).collect();
        let files = files.get(..FILES_MAX).unwrap_or(&files);
        self.ask("check_commit", json!({ "file_paths": files, "lenient": true }))
    }

    /// What the guardrails say to a push that takes something away.
    fn judge(&self, command: &str) -> Exit {
        match self.call("check_guardrails", json!({ "operation_text": command })) {
            Ok(Answer::Done(checked)) if checked.get("safe") == Some(&Value::Bool(false)) => {
                let first = checked.get("violations").and_then(|all| all.get(0));
                let said = |key: &str| {
                    first.and_then(|one| one.get(key)?.as_str()).unwrap_or_default().to_owned()
                };
                let (rule, why) = (said("pattern_name"), said("explanation"));
                say(&format!(
                    "this push ({command}) is blocked by the guardrail {rule}: it {why}."
                ));
                Exit::Refused
            }
            Ok(_) => Exit::Done,
            Err(error) => self.unasked(&error),
        }
    }

    fn ask(&self, tool: &str, arguments: Value) -> Exit {
        match self.call(tool, arguments) {
            Ok(Answer::Done(reply)) => {
                if let Some(warning) = reply.get("warning").and_then(Value::as_str) {
                    say(&format!("warning: {warning}."));
                }
                Exit::Done
            }
            Ok(answer @ Answer::Refused(_)) => {
                say(&answer.sentence());
                Exit::Refused
            }
            Ok(Answer::Fault(incident)) => {
                note::miss(&self.home, "git", &self.name, &incident.message());
                self.by_setting()
            }
            Err(error) => self.unasked(&error),
        }
    }

    fn call(&self, tool: &str, arguments: Value) -> Result<Answer, ClientError> {
        let until = Instant::now() + WITHIN;
        let mut daemon = match Client::connect_until(&self.home, Role::Cli, until) {
            Err(ClientError::NotRunning) => {
                client::start_behind(&self.home)?;
                loop {
                    std::thread::sleep(Duration::from_millis(10));
                    match Client::connect_until(&self.home, Role::Cli, until) {
                        Err(ClientError::NotRunning) if Instant::now() < until => {}
                        connected => break connected?,
                    }
                }
            }
            connected => connected?,
        };
        let at = top();
        let request = Request { id: 0, tool: tool.to_owned(), arguments, at, subagent: None };
        daemon.ask_until(request, until)
    }

    fn unasked(&self, error: &ClientError) -> Exit {
        note::miss(&self.home, "git", &self.name, &error.to_string());
        self.by_setting()
    }

    fn by_setting(&self) -> Exit {
        let here = top().unwrap_or_default();
        let config = Config::load(&self.home, place::root(&here), &[]);
        if config.is_ok_and(|config| config.hook_failure() == HookFailure::Closed) {
            say(
                "no daemon answers, so nobody can say whose files these are, and hook_failure is \"closed\".",
            );
            return Exit::Refused;
        }
        Exit::Done
    }
}

/// The worktree's root; git runs its hooks there.
fn top() -> Option<PathBuf> {
    let here = place::real(Path::new("."));
    place::root(&here).map(Path::to_owned)
}

/// Asks git in the environment that it gave us, which names the index of this very commit.
fn git(arguments: &[&str]) -> Option<String> {
    let done = Command::new("git").args(arguments).stdin(Stdio::null()).output().ok()?;
    done.status.success().then(|| String::from_utf8_lossy(&done.stdout).into_owned())
}

fn succeeds(arguments: &[&str]) -> bool {
    let quiet = Command::new("git")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    quiet.is_ok_and(|status| status.success())
}

/// Tells the committer; one who is not there cannot be told.
fn say(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "coord: {text}"));
}
