//! One agent: reads a file, thinks, writes the whole file with a line of its own added;
//! or lets a command do it.
//!
//! With the coordinator it asks as a client does: its hook before and after each deed.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::script::{Move, Script, file};
use crate::client::own_binary;
use crate::demo::diary::Diary;
use crate::demo::tools::Tools;

/// What an agent needs to know.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its number.
    pub number: u32,
    /// For how long it plays.
    pub seconds: u32,
    /// In how many files.
    pub files: u32,
    /// With the coordinator.
    pub guarded: bool,
}

struct Actor {
    name: String,
    repo: PathBuf,
    diary: Diary,
    tools: Option<Tools>,
}

/// An agent's name.
#[must_use]
pub fn name(number: u32) -> String {
    format!("agent-{number}")
}

/// Plays until its time is over.
///
/// # Errors
/// When a file or the coordinator fails it.
pub async fn run(role: &Role, repo: &Path, diary: &Path) -> anyhow::Result<()> {
    let name = name(role.number);
    let tools = if role.guarded { Some(Tools::open(&name, repo).await?) } else { None };
    let diary = Diary::open(diary, &name)?;
    let actor = Actor { name, repo: repo.to_owned(), diary, tools };
    actor.diary.note("begins", &json!({}))?;
    let until = Instant::now() + Duration::from_secs(role.seconds.into());
    for (n, one) in Script::of(role.number, role.files).enumerate() {
        if Instant::now() >= until {
            break;
        }
        actor.act(n, one).await?;
    }
    match actor.tools {
        Some(tools) => tools.close().await,
        None => Ok(()),
    }
}

impl Actor {
    async fn act(&self, n: usize, one: Move) -> anyhow::Result<()> {
        let (file, mark) = (file(one.file), format!("{}/{n}", self.name));
        // What `sed` adds at the end, it writes to a copy that takes the file's place.
        let command = format!("sed -i '$a {mark}' {file}");
        let (tool, input) = if one.by_command {
            ("Bash", json!({ "command": command }))
        } else {
            (
                "Edit",
                json!({ "file_path": self.repo.join(&file), "old_string": "", "new_string": mark }),
            )
        };
        let id = format!("{}-{n}", self.name);
        let told = json!({ "tool_name": tool, "tool_input": input, "tool_use_id": id });
        if self.tools.is_some() && self.hook("PreToolUse", &told)?.contains("\"deny\"") {
            return self.diary.note("denied", &json!({ "file": file, "tool": tool }));
        }
        let entry = json!({ "file": file, "tool": tool, "mark": mark });
        self.diary.note("edit begins", &entry)?;
        if one.by_command {
            self.command(&command)?;
        } else {
            self.edit(&file, &mark, one.thinks).await?;
        }
        self.diary.note("edit ends", &entry)?;
        let Some(tools) = &self.tools else { return Ok(()) };
        self.hook("PostToolUse", &told)?;
        // A hook that could not ask let it pass; then there is nothing to release, and the
        // judge will see a write without a lock.
        tools.ask("release_lock", json!({ "file_path": file })).await.map(drop)
    }

    async fn edit(&self, file: &str, mark: &str, thinks: Duration) -> anyhow::Result<()> {
        let path = self.repo.join(file);
        let text = std::fs::read_to_string(&path).context("failed to read a file")?;
        tokio::time::sleep(thinks).await;
        std::fs::write(&path, format!("{text}{mark}\n")).context("failed to write a file")
    }

    fn command(&self, command: &str) -> anyhow::Result<()> {
        let done = Command::new("sh").args(["-c", command]).current_dir(&self.repo).status();
        ensure!(done.context("failed to run sh")?.success(), "{command}");
        Ok(())
    }

    /// What the hook answers to an event, as Claude Code tells it.
    fn hook(&self, event: &str, told: &Value) -> anyhow::Result<String> {
        let mut told = told.clone();
        told["hook_event_name"] = event.into();
        told["session_id"] = self.name.as_str().into();
        told["cwd"] = self.repo.to_string_lossy().into();
        let mut child = Command::new(own_binary())
            .args(["hook", "claude"])
            .current_dir(&self.repo)
            .env("AGENT_ID", &self.name)
            .env("AGENT_TYPE", "demo")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("failed to start a hook")?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(told.to_string().as_bytes()).context("a hook does not listen")?;
        }
        let output = child.wait_with_output().context("failed to hear a hook")?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
