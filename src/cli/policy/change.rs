//! `coord policy add`, `disable`, `enable` and `remove`: a person's own policies.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Desk, Trouble, fields, text};

/// Add a Cedar policy, or put another in its place.
///
/// It is checked strictly first; one that is wrong is refused with line and column.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord policy add no-release release.cedar --description 'a person releases'
  coord policy add no-release - <release.cedar")]
pub struct Add {
    /// Its name in decisions, of a-z, 0-9, - and _
    #[arg(value_name = "ID")]
    id: String,
    /// The file with one policy; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    description: String,
    /// In every repository, not in this one alone
    #[arg(long)]
    everywhere: bool,
}

/// A policy by its name.
#[derive(Debug, clap::Args)]
pub struct Named {
    /// The policy
    #[arg(value_name = "ID")]
    id: String,
}

/// What is to become of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    Off,
    On,
    Away,
}

impl Add {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses, or when the file cannot be read.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let asked = json!({
            "policy_id": self.id, "policy_text": text::read(&self.file)?,
            "description": self.description, "everywhere": self.everywhere,
        });
        let reply = desk.ask("add_policy", asked)?;
        desk.done(&reply, &changed(&reply))
    }
}

impl Named {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk, switch: Switch) -> Result<(), Trouble> {
        let asked = json!({
            "policy_id": self.id, "enable": switch == Switch::On, "remove": switch == Switch::Away,
        });
        let reply = desk.ask("disable_policy", asked)?;
        desk.done(&reply, &changed(&reply))
    }
}

/// A policy after a change, in a sentence.
fn changed(reply: &Value) -> String {
    let (id, action) = (fields::text(reply, "policy_id"), fields::text(reply, "action"));
    match fields::text(reply, "note").as_str() {
        "" => format!("Policy {id} is {action}."),
        note => format!("Policy {id} is {action}; {note}."),
    }
}
