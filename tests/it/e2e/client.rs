//! A stand-in for an agent's client: a process of that name that runs hooks as it is
//! told, and lives until it is killed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use super::site::{Guarded, Site};

/// A client that runs.
pub struct Client {
    name: &'static str,
    folder: PathBuf,
    pub cwd: PathBuf,
    pub child: Guarded,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    calls: u32,
}

impl Client {
    /// Starts one in the site's repository.
    pub fn start(site: &Site, name: &'static str) -> Self {
        Self::start_in(site, name, site.repo())
    }

    /// Starts one elsewhere.
    pub fn start_in(site: &Site, name: &'static str, cwd: PathBuf) -> Self {
        let folder = tempfile::tempdir_in(site.folder.path()).expect("a folder can be made").keep();
        // A process is known by the name of its file, so the shell gets the client's.
        let shell = std::fs::canonicalize("/bin/sh").expect("there is a shell");
        let program = folder.join(name);
        std::fs::copy(shell, &program).expect("it can be copied");
        let mut child = site
            .command(&program)
            .env("COORD", env!("CARGO_BIN_EXE_coord"))
            .current_dir(&cwd)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it runs");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { name, folder, cwd, child: Guarded(child), input, output, calls: 0 }
    }

    /// Has the client run a command; its exit code, and what it printed.
    pub fn runs(&mut self, command: &str) -> (i32, String) {
        let (out, errors) = (self.folder.join("out"), self.folder.join("errors"));
        writeln!(
            self.input,
            "{{ {command} ; }} > '{}' 2> '{}'; echo $?",
            out.display(),
            errors.display()
        )
        .expect("it lives");
        let mut code = String::new();
        self.output.read_line(&mut code).expect("it lives");
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let said = read(&out) + &read(&errors);
        (code.trim().parse().expect("an exit code"), said)
    }

    /// Has the client tell its hook an event; the answer, `Null` for silence.
    pub fn tells(&mut self, event: &Value) -> Value {
        let file = self.folder.join("event.json");
        std::fs::write(&file, event.to_string()).expect("the folder is there");
        let name = self.name;
        let (code, said) = self.runs(&format!("\"$COORD\" hook {name} < '{}'", file.display()));
        assert_eq!(code, 0, "{event}: {said}");
        if said.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&said).unwrap_or_else(|_| panic!("{event}: {said}"))
    }

    /// An event in the client's own envelope.
    pub fn event(&mut self, kind: &str, tool: &str, input: Value) -> Value {
        self.calls += 1;
        let id = format!("call-{}-{}", self.name, self.calls);
        let cwd = self.cwd.display().to_string();
        match self.name {
            "copilot" => json!({ "timestamp": 1, "cwd": cwd, "toolName": tool, "toolArgs": input }),
            "opencode" => json!({
                "event": "tool.execute.before", "sessionID": "s", "callID": id, "tool": tool,
                "args": input, "directory": cwd,
            }),
            _ => json!({
                "session_id": "s", "cwd": cwd, "hook_event_name": kind, "tool_name": tool,
                "tool_input": input, "tool_use_id": id,
            }),
        }
    }

    /// The client's name for the event before a tool.
    pub fn before(&self) -> &'static str {
        match self.name {
            "gemini" => "BeforeTool",
            "cursor" => "preToolUse",
            _ => "PreToolUse",
        }
    }

    /// Asks before an edit of a file; why it is denied, if it is.
    pub fn edits(&mut self, file: &str) -> Option<String> {
        let path = self.cwd.join(file).display().to_string();
        let (tool, input) = match self.name {
            "codex" => (
                "apply_patch",
                json!({ "command": format!(
                    "*** Begin Patch\n*** Update File: {path}\n@@\n-a\n+b\n*** End Patch\n"
                ) }),
            ),
            "gemini" => ("write_file", json!({ "file_path": path, "content": "x" })),
            "copilot" => ("edit", json!({ "path": path })),
            "opencode" => ("edit", json!({ "filePath": path })),
            _ => ("Write", json!({ "file_path": path, "content": "x" })),
        };
        let event = self.event(self.before(), tool, input);
        denial(&self.tells(&event))
    }

    /// Asks before a command; why it is denied, if it is.
    pub fn commands(&mut self, command: &str) -> Option<String> {
        let tool = match self.name {
            "gemini" => "run_shell_command",
            "copilot" | "opencode" => "bash",
            "cursor" => "Shell",
            _ => "Bash",
        };
        let event = self.event(self.before(), tool, json!({ "command": command }));
        denial(&self.tells(&event))
    }
}

/// The reason of a denial in any client's words; `None` if it is none.
pub fn denial(answer: &Value) -> Option<String> {
    let specific = &answer["hookSpecificOutput"];
    let reason = if specific["permissionDecision"] == "deny" {
        &specific["permissionDecisionReason"]
    } else if answer["decision"] == "deny" {
        &answer["reason"]
    } else if answer["permission"] == "deny" {
        &answer["agent_message"]
    } else if answer["permissionDecision"] == "deny" {
        &answer["permissionDecisionReason"]
    } else {
        answer.get("deny")?
    };
    Some(reason.as_str().expect("a reason is a text").to_owned())
}
