//! A place to try the binary in: an empty HOME, a git repository, nothing of the
//! surrounding environment.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a test waits for something that must happen.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Site {
    pub folder: tempfile::TempDir,
    home: &'static str,
}

impl Site {
    pub fn new() -> Self {
        Self::with_home("home")
    }

    /// A site whose state directory is where `coord` looks for it unless it is told,
    /// for clients that do not pass variables on.
    pub fn at_the_usual_home() -> Self {
        Self::with_home(if cfg!(target_os = "macos") {
            "Library/Application Support/coord"
        } else {
            ".local/share/coord"
        })
    }

    fn with_home(home: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let site = Self { folder, home };
        std::fs::create_dir(site.repo()).expect("the folder is empty");
        site.git(&["init", "-q", "-b", "main"]);
        site.git(&[
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@t",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "begin",
        ]);
        site
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join(self.home)
    }

    pub fn repo(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    pub fn git(&self, arguments: &[&str]) {
        let done = self.command("git").args(arguments).status().expect("git is installed");
        assert!(done.success(), "git {arguments:?}");
    }

    /// A command in the repository, with nothing in its environment but what it needs.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("COORD_HOME", self.home())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .current_dir(self.repo());
        command
    }

    pub fn coord(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_coord"))
    }

    /// Runs `coord` to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.coord().args(arguments).stdin(Stdio::null()).output().expect("the binary runs")
    }

    /// Runs `coord … --json`; its exit code and what it printed.
    pub fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.run(&[arguments, &["--json"]].concat());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let value = serde_json::from_str(&text).unwrap_or_else(|_| {
            panic!("{arguments:?}: {text}\n{}", String::from_utf8_lossy(&output.stderr))
        });
        (output.status.code().unwrap_or(-1), value)
    }

    /// Runs `coord` as a person at a terminal; its exit code and what it printed.
    pub fn at_terminal(&self, arguments: &[&str]) -> (i32, String) {
        let output = self
            .command(cache().join("python-2/bin/python"))
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/python/terminal.py"))
            .arg(env!("CARGO_BIN_EXE_coord"))
            .args(arguments)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .output()
            .expect("tests/setup has installed Python");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap_or(-1), said)
    }

    /// The daemon's process id, once there is one.
    pub fn daemon_pid(&self) -> Option<u32> {
        let text = std::fs::read_to_string(self.home().join("daemon.lock")).ok()?;
        let holder: Value = serde_json::from_str(&text).ok()?;
        let pid = u32::try_from(holder["pid"].as_u64()?).ok()?;
        is_running(pid).then_some(pid)
    }

    /// What the daemon wrote to its log.
    pub fn log(&self) -> String {
        let Ok(entries) = std::fs::read_dir(self.home().join("logs")) else { return String::new() };
        entries
            .filter_map(Result::ok)
            .filter_map(|entry| std::fs::read_to_string(entry.path()).ok())
            .collect()
    }
}

impl Site {
    /// Everything that works for this home: also a daemon that has not said yet that it is there, and a hook that is
    /// about to start one.
    fn companions(&self) -> Vec<u32> {
        let home = format!("COORD_HOME={}", self.home().display());
        let of_home = |pid: &u32| {
            let told = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            told.split(|byte| *byte == 0).any(|variable| variable == home.as_bytes())
        };
        let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let all = self.daemon_pid().into_iter().chain(pids.filter(of_home));
        all.filter(|pid| is_running(*pid)).collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        loop {
            let companions = self.companions();
            if companions.is_empty() {
                return;
            }
            for pid in companions {
                signal(pid, "KILL");
                until("it ends", || !is_running(pid));
            }
        }
    }
}

/// Sends a signal by name; a process that is gone is no trouble.
pub fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .stderr(Stdio::null())
        .status();
    sent.expect("kill is installed");
}

/// Whether the process is there and not merely unburied.
pub fn is_running(pid: u32) -> bool {
    // Threads of a process that was killed may hold its socket a little longer than the first of them is there.
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
    threads > 1 || coord::os::Process::find(pid).is_some_and(|process| process.is_alive())
}

/// Waits until `condition` holds.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "it never happened that {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A child that does not outlive the test.
pub struct Guarded(pub Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The folder of what `tests/setup` installs.
pub fn cache() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.cache"))
}
