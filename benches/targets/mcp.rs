//! A home, a daemon of its own, and bare MCP clients over real shims.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A scratch home and repository.
pub struct Site {
    pub folder: tempfile::TempDir,
    durability: &'static str,
}

impl Site {
    pub fn new(durability: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        std::fs::create_dir(folder.path().join("repo")).expect("it is new");
        Self { folder, durability }
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub fn coord(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coord"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("COORD_HOME", self.home())
            .env("COORD_DURABILITY", self.durability)
            .current_dir(self.folder.path().join("repo"));
        command
    }

    pub fn daemon_pid(&self) -> u32 {
        let text = std::fs::read_to_string(self.home().join("daemon.lock")).expect("a daemon runs");
        let holder: Value = serde_json::from_str(&text).expect("it is JSON");
        u32::try_from(holder["pid"].as_u64().expect("a pid")).expect("a pid")
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Ok(text) = std::fs::read_to_string(self.home().join("daemon.lock"))
            && let Ok(holder) = serde_json::from_str::<Value>(&text)
        {
            let pid = holder["pid"].to_string();
            drop(Command::new("kill").args(["-TERM", &pid]).stderr(Stdio::null()).status());
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// An MCP client in the fewest lines that are one.
pub struct Client {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    next: u64,
}

impl Client {
    pub fn open(site: &Site, name: &str) -> Self {
        let mut child = site
            .coord()
            .arg("mcp")
            .env("AGENT_ID", name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut client = Self { child, input, output, next: 1 };
        client.request(
            "initialize",
            &json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": name, "version": "1" } }),
        );
        client.write(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        client
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn write(&mut self, message: &Value) {
        writeln!(self.input, "{message}").expect("the shim reads");
    }

    fn request(&mut self, method: &str, params: &Value) -> Value {
        let id = self.next;
        self.next += 1;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let mut line = String::new();
            assert!(
                self.output.read_line(&mut line).expect("the shim writes") > 0,
                "the shim has ended"
            );
            let message: Value = serde_json::from_str(&line).expect("it is JSON");
            if message["id"] == id {
                return message;
            }
        }
    }

    /// Calls a tool; its structured answer.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let answer = self.request("tools/call", &json!({ "name": tool, "arguments": arguments }));
        answer["result"]["structuredContent"].clone()
    }

    /// Calls a tool; the answer and how long it took.
    pub fn timed(&mut self, tool: &str, arguments: &Value) -> (Value, Duration) {
        let start = Instant::now();
        let answer = self.call(tool, arguments);
        (answer, start.elapsed())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Memory of a process in KiB: all that is resident.
pub fn resident_kib(pid: u32) -> f64 {
    let text = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status"));
    let text = text.expect("the process runs");
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).expect("the kernel tells");
    line.split_ascii_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}
