//! Where the demonstration plays: a scratch home, a scratch git repository, and
//! three processes.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use super::diary::{self, Entry};
use super::plan::{FATAL, FILES, STEPS};
use crate::answer::Answer;
use crate::audit::Row;
use crate::client::{self, Client, own_binary};
use crate::home::Home;
use crate::wire::Role;

/// The agents' names.
pub const AGENTS: [&str; 3] = ["ada", "ben", "cleo"];
/// The one that is killed when it is given the fatal task.
pub const DOOMED: &str = "ada";
/// The whole play may take so long.
const CURTAIN: Duration = Duration::from_secs(120);

/// The scratch folder and the coordinator in it.
pub struct Stage {
    folder: PathBuf,
    home: Home,
    client: Client,
    keep: bool,
}

impl Stage {
    /// Builds everything and submits the work.
    ///
    /// # Errors
    /// When a file cannot be written, git fails, or the daemon does not start.
    pub fn build(folder: PathBuf, keep: bool) -> anyhow::Result<Self> {
        let repo = folder.join("repo");
        for file in FILES {
            let path = repo.join(file);
            std::fs::create_dir_all(path.parent().context("a file has a folder")?)?;
            std::fs::write(&path, format!("// {file}\n"))?;
        }
        begin_repository(&repo)?;
        let home = Home::locate(Some(folder.join("home")), None)?;
        let client = person_in(&home, &repo)?;
        let mut stage = Self { folder, home, client, keep };
        stage.submit()?;
        Ok(stage)
    }

    /// The repository that is worked on.
    #[must_use]
    pub fn repo(&self) -> PathBuf {
        self.folder.join("repo")
    }

    fn submit(&mut self) -> anyhow::Result<()> {
        let mut ids = std::collections::BTreeMap::new();
        for step in STEPS {
            let after: Vec<&String> = step.after.iter().filter_map(|name| ids.get(name)).collect();
            let reply = ask(
                &mut self.client,
                "submit_work",
                json!({
                    "task_type": step.name, "description": step.description, "priority": step.priority,
                    "depends_on": after, "input_data": { "files": step.files },
                }),
            )?;
            let id = reply["task_id"].as_str().context("a task has an id")?.to_owned();
            ids.insert(step.name, id);
        }
        Ok(())
    }

    /// Plays until every agent has left; kills the doomed one in the middle of its task.
    ///
    /// # Errors
    /// When it takes too long, or an agent meets what it must not.
    pub fn play(&self) -> anyhow::Result<()> {
        let start = Instant::now();
        let mut doomed = self.enter(DOOMED)?;
        self.until(start, "the fatal task is begun", || self.is_thinking())?;
        let mut others = Vec::new();
        for name in AGENTS.into_iter().filter(|name| *name != DOOMED) {
            others.push((name, self.enter(name)?));
        }
        self.until(start, "another agent waits for the doomed one", || {
            self.somebody_waits_for_the_doomed()
        })?;
        doomed.kill().context("failed to kill an agent")?;
        doomed.wait().context("failed to bury an agent")?;
        let note = diary::Diary::open(&self.diary(DOOMED), DOOMED)?;
        note.note("killed", &json!({ "step": FATAL }))?;
        for (name, mut agent) in others {
            let mut ended = None;
            self.until(start, "every agent has left", || {
                ended = agent.try_wait().ok().flatten();
                ended.is_some()
            })?;
            ensure!(ended.is_some_and(|status| status.success()), "{name} met what it must not");
        }
        Ok(())
    }

    fn enter(&self, name: &str) -> anyhow::Result<Child> {
        Command::new(own_binary())
            .args(["demo", "--play", name])
            .arg("--diary")
            .arg(self.diary(name))
            .current_dir(self.repo())
            .env("COORD_HOME", self.home.dir())
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("failed to start {name}"))
    }

    fn diary(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.jsonl"))
    }

    fn is_thinking(&self) -> bool {
        self.diaries().iter().any(|entry| entry.what == "thinking")
    }

    fn somebody_waits_for_the_doomed(&self) -> bool {
        self.diaries().iter().any(|entry| entry.what == "waits" && entry.text("for") == DOOMED)
    }

    /// Every diary's entries, by time.
    #[must_use]
    pub fn diaries(&self) -> Vec<Entry> {
        let mut all: Vec<Entry> = AGENTS
            .iter()
            .filter_map(|name| diary::read(&self.diary(name)).ok())
            .flatten()
            .collect();
        all.sort_by_key(|entry| entry.at);
        all
    }

    /// The whole audit log.
    ///
    /// # Errors
    /// When the daemon cannot be asked.
    pub fn audit(&mut self) -> anyhow::Result<Vec<Row>> {
        audit(&mut self.client)
    }

    fn until(
        &self,
        start: Instant,
        what: &str,
        mut condition: impl FnMut() -> bool,
    ) -> anyhow::Result<()> {
        while !condition() {
            ensure!(
                start.elapsed() < CURTAIN,
                "it never happened that {what}; see {}",
                self.folder.display()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        clear(&self.home, &self.folder, self.keep);
    }
}

/// Stops the daemon of a scratch home, and removes the folder unless it is kept.
pub fn clear(home: &Home, folder: &Path, keep: bool) {
    if let Some(holder) = crate::daemon::lockfile::holder(&home.lock_file()) {
        // Whoever has ended by itself needs no stopping.
        drop(crate::daemon::lockfile::stop(&holder));
    }
    if !keep {
        drop(std::fs::remove_dir_all(folder));
    }
}

/// The whole audit log.
///
/// # Errors
/// When the daemon cannot be asked.
pub fn audit(client: &mut Client) -> anyhow::Result<Vec<Row>> {
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let after = rows.last().map_or(0, |row| row.seq);
        let page = ask(client, "audit_rows", json!({ "after": after, "limit": 1_000 }))?;
        let page: Vec<Row> = serde_json::from_value(page["rows"].clone())?;
        if page.is_empty() {
            return Ok(rows);
        }
        rows.extend(page);
    }
}

fn ask(client: &mut Client, tool: &str, arguments: Value) -> anyhow::Result<Value> {
    match client.call(tool, arguments)? {
        Answer::Done(reply) => Ok(reply),
        other => bail!("{tool}: {}", other.sentence()),
    }
}

/// The person who runs the demonstration, in a home that is theirs alone.
///
/// # Errors
/// When the daemon does not start.
pub fn person_in(home: &Home, repo: &Path) -> anyhow::Result<Client> {
    let mut hello = client::hello(Role::Cli, &uuid::Uuid::now_v7().to_string(), Vec::new());
    hello.cwd = repo.to_owned();
    hello.env.clear();
    hello.ancestors.clear();
    hello.terminal = true;
    Ok(Client::connect_as(home, hello)?)
}

/// Makes a repository of the files that are there.
///
/// # Errors
/// When git fails.
pub fn begin_repository(repo: &Path) -> anyhow::Result<()> {
    git(repo, &["init", "-q", "-b", "main"])?;
    git(repo, &["add", "-A"])?;
    git(
        repo,
        &["-c", "user.name=demo", "-c", "user.email=demo@localhost", "commit", "-qm", "begin"],
    )
}

fn git(repo: &Path, arguments: &[&str]) -> anyhow::Result<()> {
    let done = Command::new("git")
        .args(arguments)
        .current_dir(repo)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::null())
        .output()
        .context("failed to run git; is it installed?")?;
    ensure!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}
