//! `coord daemon`: the daemon, for those rare moments when it must be minded.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Pid, Signal};
use serde_json::json;

use super::Trouble;
use super::desk::Desk;
use crate::client;
use crate::config::{self, env};
use crate::daemon::{self, lockfile};
use crate::failure::Refusal;
use crate::home::Home;

/// How long a daemon may take to finish what it had begun.
const STOP_WITHIN: Duration = Duration::from_secs(15);
/// Between two looks at whether it is gone.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Start, stop or look at the daemon, which otherwise minds itself.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord daemon status
  coord daemon stop && coord restore")]
pub struct Daemon {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    /// Start it, unless it runs already
    #[command(after_help = "Example:\n  coord daemon start")]
    Start,
    /// Let it finish what it has begun, and stop it
    #[command(after_help = "Example:\n  coord daemon stop")]
    Stop,
    /// Say whether it runs
    #[command(after_help = "Example:\n  coord daemon status --json")]
    Status,
    /// Run it here until it is stopped
    #[command(after_help = "Example, for a service manager:
  coord daemon foreground --set idle_stop_minutes=0")]
    Foreground,
}

/// The daemon does what it was told too late.
#[derive(Debug, thiserror::Error)]
#[error("the daemon (pid {pid}) still runs after {} s", STOP_WITHIN.as_secs())]
struct StillRuns {
    pid: u32,
}

impl Refusal for StillRuns {
    fn code(&self) -> &'static str {
        "daemon_still_runs"
    }

    fn hint(&self) -> Option<String> {
        Some("it may be finishing a long call; its log says what it does".into())
    }
}

impl Daemon {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When it cannot be started or does not stop.
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        let home = desk.home()?;
        match self.deed {
            Deed::Start => start(desk, &home),
            Deed::Stop => stop(desk, &home),
            Deed::Status => status(desk, &home),
            Deed::Foreground => foreground(desk, &home),
        }
    }
}

fn start(desk: &Desk, home: &Home) -> Result<(), Trouble> {
    // It reads the same settings: what is wrong with them is told better here.
    desk.config()?;
    drop(client::connect(home)?);
    status(desk, home)
}

fn stop(desk: &Desk, home: &Home) -> Result<(), Trouble> {
    let Some(holder) = lockfile::holder(&home.lock_file()) else {
        return desk.done(&json!({ "running": false }), "No daemon runs.");
    };
    let pid = i32::try_from(holder.pid).ok().and_then(Pid::from_raw);
    let pid = pid.context("the daemon has not said its process id")?;
    match rustix::process::kill_process(pid, Signal::TERM) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => {}
        Err(error) => return Err(anyhow::Error::from(error).into()),
    }
    let start = Instant::now();
    while lockfile::holder(&home.lock_file()).is_some_and(|now| now.pid == holder.pid) {
        if start.elapsed() > STOP_WITHIN {
            return Err(StillRuns { pid: holder.pid }.into());
        }
        std::thread::sleep(LOOK_EVERY);
    }
    desk.done(&json!({ "running": false, "pid": holder.pid }), "The daemon has stopped.")
}

fn status(desk: &Desk, home: &Home) -> Result<(), Trouble> {
    match lockfile::holder(&home.lock_file()) {
        None => desk.done(
            &json!({ "running": false, "home": home.dir() }),
            "No daemon runs; it starts by itself when it is needed.",
        ),
        Some(holder) => desk.done(
            &json!({
                "running": true,
                "pid": holder.pid,
                "version": holder.version,
                "home": home.dir(),
                "socket": home.socket(),
            }),
            &format!(
                "The daemon runs: pid {}, version {}, socket {}.",
                holder.pid,
                holder.version,
                home.socket().display()
            ),
        ),
    }
}

fn foreground(desk: &Desk, home: &Home) -> Result<(), Trouble> {
    let config = desk.config()?;
    if env::get(client::HOME_IS_THERE).is_some() {
        home.found()?;
    }
    home.prepare()?;
    // Whatever this process makes is for its user alone.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let logging = daemon::log::to_files(&home.logs(), config.log())?;
    // Apart from the terminal that happened to start it, so that closing it is no signal.
    if !config::is_terminal() {
        // It fails where we lead a group already, which is as good.
        rustix::process::setsid().ok();
    }
    let outcome = daemon::run(home, &config, env::get(daemon::SUCCEEDS));
    if let Err(failure) = &outcome {
        tracing::error!("the daemon has ended: {failure}");
    }
    // The log must be written out before another program takes this process over.
    drop(logging);
    match outcome? {
        Some(newer) => Err(daemon::hand_over(&newer).into()),
        None => Ok(()),
    }
}
