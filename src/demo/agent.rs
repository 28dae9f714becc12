//! One agent of the demonstration: a process of its own, with a real MCP client
//! over `coord mcp`, that takes tasks and edits files until all is done.
//!
//! It writes what it does to a diary of its own; whether it was allowed to is
//! judged afterwards, from the audit log.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::diary::Diary;
use super::tools::Tools;

/// How long an edit takes: long enough for two to meet in one file.
const EDIT_TAKES: Duration = Duration::from_millis(60);
/// How long the agent that is to be killed thinks about its task.
const THINKS: Duration = Duration::from_secs(30);
/// Seconds to wait for a file.
const WAITS: u32 = 20;
/// Seconds to wait for a task, before asking whether any is left.
const LOOKS: u32 = 1;

/// An agent's tools.
struct Agent {
    tools: Tools,
    diary: Diary,
    repo: PathBuf,
}

/// Works until there is nothing left to do.
///
/// # Errors
/// When the coordinator cannot be asked, or refuses what it should not.
pub async fn run(name: &str, repo: &Path, diary: &Path, doomed: bool) -> anyhow::Result<()> {
    let tools = Tools::open(name, repo).await?;
    let agent = Agent { tools, diary: Diary::open(diary, name)?, repo: repo.to_owned() };
    while let Some(task) = agent.next_task().await? {
        agent.work_on(&task, doomed).await?;
    }
    agent.tools.close().await
}

impl Agent {
    /// The next task; `None` when none is left, not even one that is not ready.
    async fn next_task(&self) -> anyhow::Result<Option<Value>> {
        loop {
            let answer = self.tools.ask("get_work", json!({ "wait_seconds": LOOKS })).await?;
            if answer["success"] == true {
                return Ok(Some(answer));
            }
            let open = |field: &str| match &answer[field] {
                Value::Number(number) => number.as_u64().unwrap_or_default(),
                Value::Array(rows) => rows.len() as u64,
                _ => 0,
            };
            if open("pending") + open("blocked") + open("claimed") == 0 {
                return Ok(None);
            }
        }
    }

    async fn work_on(&self, task: &Value, doomed: bool) -> anyhow::Result<()> {
        let step = task["task_type"].as_str().unwrap_or_default().to_owned();
        let files: Vec<String> = serde_json::from_value(task["input_data"]["files"].clone())?;
        self.diary.note("claimed", &json!({ "step": step, "attempt": task["attempt"] }))?;
        let fence = self.lock(&step, &files).await?;
        for (n, file) in files.iter().enumerate() {
            self.edit(file, &step, &fence).await?;
            if doomed && n == 0 && step == super::plan::FATAL {
                self.diary.note("thinking", &json!({ "step": step }))?;
                tokio::time::sleep(THINKS).await;
            }
        }
        let done = self
            .tools
            .ask("complete_work", json!({ "task_id": task["task_id"], "success": true }))
            .await?;
        if done["success"] != true {
            bail!("{step} was not accepted: {done}");
        }
        self.diary.note("completed", &json!({ "step": step }))?;
        self.tools.ask("release_lock", json!({ "file_paths": files })).await?;
        Ok(())
    }

    /// All files of a task, or none; asks without waiting first, to see who is in the way.
    async fn lock(&self, step: &str, files: &[String]) -> anyhow::Result<Value> {
        let ask = |wait: u32| json!({ "file_paths": files, "reason": step, "ttl_minutes": 5, "wait_seconds": wait });
        let first = self.tools.ask("acquire_lock", ask(0)).await?;
        if first["success"] == true {
            return Ok(first["fence"].clone());
        }
        self.diary.note(
            "waits",
            &json!({ "step": step, "file": first["file_path"], "for": first["locked_by"] }),
        )?;
        loop {
            let next = self.tools.ask("acquire_lock", ask(WAITS)).await?;
            match next["code"].as_str() {
                None => return Ok(next["fence"].clone()),
                Some("locked_by_other") => {}
                Some(other) => bail!("{step}: {other}: {}", next["message"]),
            }
        }
    }

    /// Reads the whole file, takes its time, writes the whole file: two who did
    /// this at once would lose one of the edits.
    async fn edit(&self, file: &str, step: &str, fence: &Value) -> anyhow::Result<()> {
        let path = self.repo.join(file);
        let entry = json!({ "step": step, "file": file, "fence": fence });
        self.diary.note("edit begins", &entry)?;
        let mut text =
            fs::read_to_string(&path).with_context(|| format!("failed to read {file}"))?;
        tokio::time::sleep(EDIT_TAKES).await;
        let mark = super::mark(step);
        if !text.contains(&mark) {
            text.push_str(&mark);
        }
        let mut open =
            fs::File::create(&path).with_context(|| format!("failed to write {file}"))?;
        open.write_all(text.as_bytes())?;
        self.diary.note("edit ends", &entry)
    }
}
