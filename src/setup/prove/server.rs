//! Starting our server as a client does, and speaking with it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use super::{LIMIT, end};
use crate::config::env;
use crate::setup::clients::Client;
use crate::setup::configured::Server;

/// What Codex hands to a server of what it has itself, besides what its file names.
const CODEX: [&str; 13] = [
    "HOME",
    "LOGNAME",
    "PATH",
    "SHELL",
    "USER",
    "__CF_USER_TEXT_ENCODING",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TERM",
    "TMPDIR",
    "TZ",
    "TMP",
];

/// A conversation with a server.
pub struct Talk {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    next: u64,
}

/// The command by which `client` starts the server: its words, and what it hands on of an
/// environment in which home is `home`.
#[must_use]
pub fn command(client: Client, server: &Server, home: &Path, cwd: &Path) -> Command {
    let (program, arguments) =
        server.words.split_first().map_or(("", &[][..]), |(a, b)| (a.as_str(), b));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(cwd);
    if let Some(named) = &server.handed_on {
        command.env_clear();
        let usual = CODEX.iter().copied();
        for name in usual.chain(named.iter().map(String::as_str)) {
            if let Some(value) = env::get(name) {
                command.env(name, value);
            }
        }
        if named.iter().any(|name| name == "COORD_HOME") {
            command.env("COORD_HOME", home);
        }
    } else {
        command.env("COORD_HOME", home);
    }
    command.env_remove("AGENT_ID").env_remove("SESSION_ID").env_remove("AGENT_TYPE");
    match client {
        Client::Claude => drop(command.env("CLAUDECODE", "1").env("CLAUDE_PROJECT_DIR", cwd)),
        Client::Gemini => drop(command.env("GEMINI_CLI", "1")),
        _ => {}
    }
    command.envs(server.env.iter().map(|(name, value)| (name, value)));
    command
}

impl Talk {
    /// Starts a server and greets it.
    ///
    /// # Errors
    /// In a sentence, what was not as it should be.
    pub fn open(command: &mut Command) -> Result<Self, String> {
        let spawned =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = spawned.map_err(|error| {
            format!("{} could not be started: {error}", command.get_program().display())
        })?;
        let (sender, lines) = channel();
        if let Some(output) = child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let Ok(value) = serde_json::from_str(&line) else { continue };
                    if sender.send(value).is_err() {
                        return;
                    }
                }
            });
        }
        let input = child.stdin.take();
        let mut talk = Self { child, input, lines, next: 1 };
        talk.ask(
            "initialize",
            &json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": { "name": "coord-doctor", "version": env!("CARGO_PKG_VERSION") },
            }),
        )?;
        talk.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        Ok(talk)
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// In a sentence, why there is none.
    pub fn ask(&mut self, method: &str, params: &Value) -> Result<Value, String> {
        let id = self.next;
        self.next += 1;
        self.say(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.lines.recv_timeout(LIMIT);
            let message = message.map_err(|_silent| format!("it did not answer `{method}`"))?;
            if message.get("id").and_then(Value::as_u64) != Some(id) {
                continue;
            }
            if let Some(error) = message.get("error") {
                return Err(format!("it answered `{method}` with an error: {error}"));
            }
            return Ok(message.get("result").cloned().unwrap_or_default());
        }
    }

    /// Calls a tool; its structured answer.
    ///
    /// # Errors
    /// As [`Talk::ask`].
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value, String> {
        let answer = self.ask("tools/call", &json!({ "name": tool, "arguments": arguments }))?;
        Ok(answer.get("structuredContent").cloned().unwrap_or_default())
    }

    /// The number of tools.
    ///
    /// # Errors
    /// As [`Talk::ask`].
    pub fn tools(&mut self) -> Result<usize, String> {
        let answer = self.ask("tools/list", &json!({}))?;
        Ok(answer.get("tools").and_then(Value::as_array).map_or(0, Vec::len))
    }

    fn say(&mut self, message: &Value) {
        if let Some(input) = &mut self.input {
            // A server that is gone is found out by its silence.
            input.write_all(format!("{message}\n").as_bytes()).ok();
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        drop(self.input.take());
        end(&mut self.child);
    }
}
