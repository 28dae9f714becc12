//! `coord policy validate`: is the text of a policy right?

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

use super::{Desk, Trouble, show};

/// Check the text of Cedar policies: syntax, and strictly against the schema.
///
/// The exit code is 1 if something is wrong. It works with either engine.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord policy validate .coordinator/policies/release.cedar
  echo 'forbid (principal, action, resource);' | coord policy validate -")]
pub struct Validate {
    /// The file to read; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Validate {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When the file cannot be read, or something is wrong with it.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let text = read(&self.file)?;
        let reply = desk.ask("validate_cedar_policy", json!({ "policy_text": text }))?;
        let name = self.file.display().to_string();
        desk.show(&reply, || show::validated(&reply, &name))?;
        if reply["valid"] == true { Ok(()) } else { Err(Trouble::Found) }
    }
}

/// The text of a file, or of standard input.
///
/// # Errors
/// When it cannot be read.
pub fn read(file: &Path) -> Result<String, Trouble> {
    let mut text = String::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).context("failed to read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(|error| Trouble::Usage {
        message: format!("{} cannot be read: {error}", file.display()),
        hint: "name a file with Cedar policies, or - for standard input".into(),
    })
}
