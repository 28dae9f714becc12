//! A bare MCP client over `coord mcp`: JSON-RPC lines, nothing that helps or hides.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::site::{Guarded, PATIENCE, Site};

pub struct Rpc {
    pub child: Guarded,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    answers: HashMap<u64, Value>,
    pub notices: Vec<Value>,
    next: u64,
}

impl Rpc {
    /// A client of the 2025-11-25 era, greeted.
    pub fn open(site: &Site, name: &str) -> Self {
        let mut rpc = Self::start(site.coord().env("AGENT_ID", name));
        rpc.greet(name);
        rpc
    }

    /// Starts `coord mcp` and says nothing yet.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .arg("mcp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the binary starts");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let value =
                    serde_json::from_str(&line).unwrap_or_else(|_| json!({ "broken": line }));
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        Self {
            child: Guarded(child),
            input,
            lines,
            answers: HashMap::new(),
            notices: Vec::new(),
            next: 1,
        }
    }

    pub fn greet(&mut self, name: &str) -> Value {
        let answer = self.request(
            "initialize",
            json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": { "name": name, "version": "1" },
            }),
        );
        self.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        answer
    }

    /// Writes one message.
    pub fn say(&mut self, message: &Value) {
        self.say_raw(format!("{message}\n").as_bytes());
    }

    /// Writes bytes as they are; a closed pipe is found out by the answer.
    pub fn say_raw(&mut self, bytes: &[u8]) {
        if let Some(input) = &mut self.input {
            drop(input.write_all(bytes));
        }
    }

    /// Closes the client's end.
    pub fn hang_up(&mut self) {
        self.input = None;
    }

    /// Sends a request and waits for its answer.
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params);
        self.answer(id)
    }

    /// Sends a request; its number.
    pub fn send(&mut self, method: &str, params: Value) -> u64 {
        let id = self.next;
        self.next += 1;
        self.say(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// The answer to the request of that number.
    pub fn answer(&mut self, id: u64) -> Value {
        self.answer_within(id, PATIENCE)
            .unwrap_or_else(|| panic!("request {id} was never answered"))
    }

    /// The answer, if it comes in time.
    pub fn answer_within(&mut self, id: u64, patience: Duration) -> Option<Value> {
        let start = Instant::now();
        loop {
            if let Some(answer) = self.answers.remove(&id) {
                return Some(answer);
            }
            self.listen(patience.checked_sub(start.elapsed())?)?;
        }
    }

    /// Takes in one line; `None` when none comes in time or ever.
    pub fn listen(&mut self, patience: Duration) -> Option<()> {
        match self.lines.recv_timeout(patience) {
            Ok(line) => {
                match line["id"].as_u64() {
                    Some(id) if line.get("method").is_none() => {
                        let twice = self.answers.insert(id, line);
                        assert!(twice.is_none(), "request {id} was answered twice");
                    }
                    _ => self.notices.push(line),
                }
                Some(())
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }

    /// Calls a tool; its structured answer.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.request("tools/call", json!({ "name": tool, "arguments": arguments }));
        structured(&answer)
    }
}

impl Rpc {
    /// Calls a tool; the text that a model is shown.
    pub fn call_raw(&mut self, tool: &str, arguments: Value) -> String {
        let answer = self.request("tools/call", json!({ "name": tool, "arguments": arguments }));
        answer["result"]["content"][0]["text"]
            .as_str()
            .expect("a tool's answer has a text")
            .to_owned()
    }
}

/// The structured content of a tool's answer.
pub fn structured(answer: &Value) -> Value {
    let content = &answer["result"]["structuredContent"];
    assert!(content.is_object(), "no structured answer: {answer}");
    content.clone()
}
