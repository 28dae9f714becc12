//! The other end of the daemon's socket: finds the daemon, starts it if it must,
//! says hello, and calls tools.
//!
//! Blocking, on plain threads: a command or a shim has nothing else to do meanwhile.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use serde_json::Value;

use crate::answer::Answer;
use crate::config;
use crate::failure::Refusal;
use crate::home::Home;
use crate::os;
use crate::wire::{HELLO, Hello, PROTOCOL, Reply, Request, Role, SORRY, Sorry};

/// How long a daemon may take from its start to its first answer.
pub const START_WITHIN: Duration = Duration::from_secs(10);
/// How often a daemon that starts is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How long to leave the one that was faster alone.
const AFTER_A_LOST_RACE: Duration = Duration::from_millis(20);

/// Why the daemon could not be asked.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum ClientError {
    #[error("the daemon could not be started: {why}")]
    Start { why: String },
    #[error("no daemon runs")]
    NotRunning,
    #[error("{message}")]
    TurnedAway { code: String, message: String },
    #[error("the connection to the daemon broke: {0}")]
    Broken(#[from] std::io::Error),
    #[error("the daemon said something that could not be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}

impl Refusal for ClientError {
    fn code(&self) -> &'static str {
        "daemon_unreachable"
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Start { .. } | Self::NotRunning => {
                "`coord doctor` says what is in the way".into()
            }
            Self::TurnedAway { .. } => "start the program again".into(),
            Self::Broken(_) | Self::Unreadable(_) => {
                "try again; the daemon's log says what happened".into()
            }
        })
    }
}

/// Connects, starting the daemon if none answers.
///
/// # Errors
/// [`ClientError::Start`] when none could be had, with what it said.
pub fn connect(home: &Home) -> Result<UnixStream, ClientError> {
    let start = Instant::now();
    let (mut starter, mut started): (Option<File>, Option<Child>) = (None, None);
    loop {
        if let Ok(stream) = UnixStream::connect(home.socket()) {
            if let Some(child) = started {
                bury(child);
            }
            return Ok(stream);
        }
        if start.elapsed() > START_WITHIN {
            return Err(ClientError::Start { why: "it did not answer in time".into() });
        }
        started = match started {
            Some(mut child) => match child.try_wait() {
                Ok(None) => Some(child),
                Ok(Some(_)) => {
                    let said = last_words(&mut child);
                    if !said.is_empty() && !said.contains("a daemon already runs") {
                        return Err(ClientError::Start { why: said });
                    }
                    // Another one was faster; it should answer in a moment.
                    std::thread::sleep(AFTER_A_LOST_RACE);
                    None
                }
                Err(error) => return Err(ClientError::Start { why: error.to_string() }),
            },
            None if starter.is_some() => Some(spawn_daemon(home)?),
            None => {
                starter = become_starter(home)?;
                continue;
            }
        };
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Of many that find no daemon, one starts it, while it holds a lock; the others
/// look for it meanwhile. `None`: somebody else is at it.
fn become_starter(home: &Home) -> Result<Option<File>, ClientError> {
    let failed = |error: std::io::Error| ClientError::Start { why: error.to_string() };
    home.prepare().map_err(|refusal| ClientError::Start { why: refusal.to_string() })?;
    let file = File::options().create(true).append(true).open(home.start_lock()).map_err(failed)?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(_taken) => {
            std::thread::sleep(LOOK_EVERY);
            Ok(None)
        }
    }
}

/// Starts a daemon that outlives us. If another is faster, ours ends by itself.
fn spawn_daemon(home: &Home) -> Result<Child, ClientError> {
    let failed = |error: std::io::Error| ClientError::Start { why: error.to_string() };
    daemon_command(home).stderr(Stdio::piped()).spawn().map_err(failed)
}

/// Tells a daemon that whoever starts it has made the home: if it is gone by then, it was removed.
pub const HOME_IS_THERE: &str = "COORD_HOME_IS_THERE";

fn daemon_command(home: &Home) -> Command {
    let mut command = Command::new(own_binary());
    command
        .args(["daemon", "foreground"])
        .env("COORD_HOME", home.dir())
        .env(HOME_IS_THERE, "1")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// Starts a daemon for the next one who asks, and does not wait for it. Of many, one
/// starts it.
///
/// # Errors
/// [`ClientError::Start`].
pub fn start_behind(home: &Home) -> Result<(), ClientError> {
    let Some(starting) = become_starter(home)? else { return Ok(()) };
    let mut command = daemon_command(home);
    // It must outlive whatever group of processes a client kills with its hook.
    let child = command.stderr(Stdio::null()).process_group(0).spawn();
    drop(starting);
    child.map(drop).map_err(|error| ClientError::Start { why: error.to_string() })
}

/// Nothing is awaited on this stream beyond `until`.
fn limit(stream: &UnixStream, until: Instant) -> Result<(), ClientError> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(ClientError::Broken(std::io::ErrorKind::TimedOut.into()));
    }
    stream.set_read_timeout(Some(left))?;
    Ok(stream.set_write_timeout(Some(left))?)
}

/// A daemon that ends before we do must not stay behind as a zombie.
fn bury(mut daemon: Child) {
    std::thread::spawn(move || drop(daemon.wait()));
}

/// What a daemon that did not start had to say.
fn last_words(daemon: &mut Child) -> String {
    let mut said = String::new();
    if let Some(mut errors) = daemon.stderr.take() {
        // What cannot be read was not said.
        drop(std::io::Read::read_to_string(&mut errors, &mut said));
    }
    said.trim().replace('\n', " ")
}

/// This program's file. After an update in place the old one is gone, and the
/// new one has its name.
#[must_use]
pub fn own_binary() -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_else(|_unknown| PathBuf::from("coord"));
    match exe.to_str().and_then(|text| text.strip_suffix(" (deleted)")) {
        Some(replaced) => PathBuf::from(replaced),
        None => exe,
    }
}

/// What this process says of itself.
#[must_use]
pub fn hello(role: Role, instance: &str, pending: Vec<String>) -> Hello {
    let ancestors = os::lineage(os::parent_pid());
    Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").into(),
        role,
        instance: instance.into(),
        pid: std::process::id(),
        ancestors,
        cwd: std::env::current_dir().unwrap_or_else(|_gone| PathBuf::from("/")),
        env: config::telling_env(),
        terminal: config::is_watched(),
        pending,
        exe: own_binary(),
    }
}

/// The hello as it goes over the wire.
///
/// # Errors
/// Never in practice: all of it is text.
pub fn hello_line(hello: &Hello) -> Result<String, ClientError> {
    Ok(format!("{HELLO}{}\n", serde_json::to_string(hello)?))
}

/// A connection that calls tools.
pub struct Client {
    home: Home,
    hello: Hello,
    stream: BufReader<UnixStream>,
    next: u64,
}

impl Client {
    /// Connects as `role`, starting the daemon if need be.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn connect(home: &Home, role: Role) -> Result<Self, ClientError> {
        Self::greet(connect(home)?, home, role)
    }

    /// Connects only if a daemon runs.
    ///
    /// # Errors
    /// [`ClientError::NotRunning`] if none does.
    pub fn connect_running(home: &Home, role: Role) -> Result<Self, ClientError> {
        let stream =
            UnixStream::connect(home.socket()).map_err(|_nobody| ClientError::NotRunning)?;
        Self::greet(stream, home, role)
    }

    /// Connects only if a daemon runs, and gives up at `until`.
    ///
    /// # Errors
    /// [`ClientError::NotRunning`] if none does, [`ClientError::Broken`] if it is late.
    pub fn connect_until(home: &Home, role: Role, until: Instant) -> Result<Self, ClientError> {
        let stream =
            UnixStream::connect(home.socket()).map_err(|_nobody| ClientError::NotRunning)?;
        limit(&stream, until)?;
        Self::greet(stream, home, role)
    }

    /// As [`Client::ask`], giving up at `until`. A daemon that makes way for our version
    /// is followed within that time.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn ask_until(
        &mut self,
        mut request: Request,
        until: Instant,
    ) -> Result<Answer, ClientError> {
        request.id = self.next;
        self.next += 1;
        let line = format!("{}\n", serde_json::to_string(&request)?);
        loop {
            limit(self.stream.get_ref(), until)?;
            match self.exchange(&line) {
                Err(ClientError::TurnedAway { code, .. }) if code == "daemon_is_older" => {
                    *self = self.follow(until)?;
                }
                other => return other,
            }
        }
    }

    /// The same conversation with the next daemon.
    fn follow(&self, until: Instant) -> Result<Self, ClientError> {
        loop {
            std::thread::sleep(LOOK_EVERY);
            let stream = UnixStream::connect(self.home.socket());
            match stream {
                Ok(stream) => {
                    limit(&stream, until)?;
                    let next = Self::say(stream, &self.home, self.hello.clone())?;
                    return Ok(Self { next: self.next, ..next });
                }
                Err(_) if Instant::now() < until => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Connects as whoever `hello` says, starting the daemon if need be.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub fn connect_as(home: &Home, hello: Hello) -> Result<Self, ClientError> {
        Self::say(connect(home)?, home, hello)
    }

    fn greet(stream: UnixStream, home: &Home, role: Role) -> Result<Self, ClientError> {
        let instance = uuid::Uuid::now_v7().to_string();
        Self::say(stream, home, hello(role, &instance, Vec::new()))
    }

    fn say(mut stream: UnixStream, home: &Home, hello: Hello) -> Result<Self, ClientError> {
        stream.write_all(hello_line(&hello)?.as_bytes())?;
        Ok(Self { home: home.clone(), hello, stream: BufReader::new(stream), next: 1 })
    }

    /// Calls a tool and waits for the answer. An older daemon is waited for while
    /// it makes way for our version.
    ///
    /// # Errors
    /// See [`ClientError`]; a refusal by the rules is an `Answer`, not an error.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Result<Answer, ClientError> {
        self.ask(Request { id: 0, tool: tool.into(), arguments, at: None, subagent: None })
    }

    /// As [`Client::call`], for a request that tells more; its number is set here.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub fn ask(&mut self, mut request: Request) -> Result<Answer, ClientError> {
        request.id = self.next;
        self.next += 1;
        let line = format!("{}\n", serde_json::to_string(&request)?);
        let start = Instant::now();
        loop {
            match self.exchange(&line) {
                Err(ClientError::TurnedAway { code, .. })
                    if code == "daemon_is_older" && start.elapsed() < START_WITHIN =>
                {
                    std::thread::sleep(LOOK_EVERY);
                    let again = Self::connect_as(&self.home, self.hello.clone())?;
                    *self = Self { next: self.next, ..again };
                }
                other => return other,
            }
        }
    }

    fn exchange(&mut self, line: &str) -> Result<Answer, ClientError> {
        let written = self.stream.get_mut().write_all(line.as_bytes());
        let mut reply = String::new();
        // A daemon that turned us away has closed its end, and said why before.
        let read = self.stream.read_line(&mut reply);
        if let Some(json) = reply.strip_prefix(SORRY) {
            let sorry: Sorry = serde_json::from_str(json)?;
            return Err(ClientError::TurnedAway { code: sorry.code, message: sorry.message });
        }
        written?;
        if read? == 0 {
            return Err(ClientError::Broken(std::io::ErrorKind::UnexpectedEof.into()));
        }
        Ok(serde_json::from_str::<Reply>(&reply)?.answer)
    }
}
