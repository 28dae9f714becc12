//! Asks the `git` command a question, and never waits for it without end.
//!
//! - Nothing is written, no hook runs, no network is used, nobody is prompted.
//! - The caller's `GIT_*` variables do not decide which repository answers.
//! - After the time limit the command and its children are killed.
//!
//! Not here: what is asked (`identity`).

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(5);
/// Answers are a few lines; a longer one is cut off here.
const ANSWER_BYTES: u64 = 1 << 20;
/// Set inside hooks and by wrappers; each would point git at another place.
const MISLEADING: [&str; 9] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_TRACE",
];

/// The `git` command to ask.
#[derive(Clone, Debug)]
pub struct Git {
    program: OsString,
    limit: Duration,
}

impl Default for Git {
    fn default() -> Self {
        Self { program: "git".into(), limit: LIMIT }
    }
}

/// What git said.
#[derive(Debug)]
pub(super) struct Answer {
    pub ok: bool,
    pub stdout: String,
    pub stderr: String,
}

/// Why git said nothing.
#[derive(Debug)]
pub(super) enum Silence {
    NotStarted(io::Error),
    TimedOut,
}

impl Git {
    /// Another program in git's place, and how long each question may take.
    pub fn new(program: impl Into<OsString>, limit: Duration) -> Self {
        Self { program: program.into(), limit }
    }

    /// The time limit of one question.
    pub fn limit(&self) -> Duration {
        self.limit
    }

    pub(super) fn ask<S: AsRef<OsStr>>(&self, dir: &Path, args: &[S]) -> Result<Answer, Silence> {
        let started = Instant::now();
        let mut child = self.command(dir, args).spawn().map_err(Silence::NotStarted)?;
        let (tell, told) = mpsc::channel();
        let stdout = drain(child.stdout.take(), tell.clone());
        let stderr = drain(child.stderr.take(), tell);

        // One message from each pipe.
        let left = || self.limit.saturating_sub(started.elapsed());
        let ended = (0..2).all(|_| told.recv_timeout(left()).is_ok());
        if !ended {
            kill(&mut child);
            return Err(Silence::TimedOut);
        }
        let status = child.wait().map_err(Silence::NotStarted)?;
        Ok(Answer {
            ok: status.success(),
            stdout: stdout.join().unwrap_or_default(),
            stderr: stderr.join().unwrap_or_default(),
        })
    }

    fn command<S: AsRef<OsStr>>(&self, dir: &Path, args: &[S]) -> Command {
        let mut command = Command::new(&self.program);
        for name in MISLEADING {
            command.env_remove(name);
        }
        command
            .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"])
            .args(args)
            .current_dir(dir)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, so that children it may start die with it.
            .process_group(0);
        command
    }
}

fn drain(
    pipe: Option<impl Read + Send + 'static>,
    done: mpsc::Sender<()>,
) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What was read before an error still counts.
            pipe.take(ANSWER_BYTES).read_to_end(&mut bytes).ok();
        }
        done.send(()).ok();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn kill(child: &mut Child) {
    // Errors mean that it has ended by itself, which is as good.
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).ok();
    }
    child.kill().ok();
    child.wait().ok();
}
