//! A home and a repository to try things in, where another agent holds a file.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io};

use serde_json::{Value, json};

use super::server::Talk;
use crate::client::own_binary;
use crate::home::private_dir;
use crate::os;

/// The file that is held.
pub const HELD: &str = "held.txt";
/// Who holds it.
pub const HOLDER: &str = "doctor-other";

/// The place; it is gone when this is.
pub struct Scratch {
    folder: PathBuf,
    /// Holds the file as long as it is there.
    holder: Option<Talk>,
}

impl Scratch {
    /// Makes it, starts its daemon and has another agent lock the file.
    ///
    /// # Errors
    /// In a sentence, what did not work.
    pub fn new() -> Result<Self, String> {
        let folder =
            fresh().map_err(|error| format!("no scratch folder could be made: {error}"))?;
        let mut scratch = Self { folder, holder: None };
        scratch.fill().map_err(|error| format!("the scratch repository is not whole: {error}"))?;
        let mut command = Command::new(own_binary());
        command.arg("mcp").env("AGENT_ID", HOLDER).env("COORD_HOME", scratch.home());
        command.env_remove("SESSION_ID").current_dir(scratch.repo());
        let mut holder = Talk::open(&mut command)?;
        let reason = json!({ "file_path": HELD, "reason": "to see whether others are kept off" });
        let answer = holder.call("acquire_lock", &reason)?;
        if answer.get("success").and_then(Value::as_bool) != Some(true) {
            return Err(format!("the scratch file could not be locked: {answer}"));
        }
        scratch.holder = Some(holder);
        Ok(scratch)
    }

    fn fill(&self) -> io::Result<()> {
        private_dir(&self.repo())?;
        fs::write(self.repo().join(HELD), "as it was\n")?;
        let git = |arguments: &[&str]| {
            Command::new("git")
                .args(arguments)
                .current_dir(self.repo())
                .stdin(Stdio::null())
                .output()
        };
        // Without git the folder itself is the project, which does as well.
        git(&["init", "-q"]).ok();
        Ok(())
    }

    /// The state directory.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// The repository.
    #[must_use]
    pub fn repo(&self) -> PathBuf {
        self.folder.join("repo")
    }

    /// The file that is held.
    #[must_use]
    pub fn held(&self) -> PathBuf {
        self.repo().join(HELD)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(self.holder.take());
        let mut stop = Command::new(own_binary());
        stop.args(["daemon", "stop"]).env("COORD_HOME", self.home()).stdin(Stdio::null());
        // What is left of it is in a folder of temporary files.
        stop.output().ok();
        let start = Instant::now();
        while fs::remove_dir_all(&self.folder).is_err() && start.elapsed() < Duration::from_secs(2)
        {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn fresh() -> io::Result<PathBuf> {
    let name = format!("coord-doctor-{}-{}", std::process::id(), os::uptime_ms());
    let folder = fs::canonicalize(std::env::temp_dir())?.join(name);
    private_dir(&folder)?;
    Ok(folder)
}
