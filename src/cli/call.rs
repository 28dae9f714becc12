//! `coord call`: any tool, as agents call it.

use std::io::Read as _;

use serde_json::Value;

use super::Trouble;
use super::desk::Desk;
use crate::answer::Answer;

/// Call any tool with arguments as JSON, and print its answer as JSON.
///
/// The exit code says how it went: 0 done, 1 refused. What agents may call is in
/// the README; what only people may call can be called here too.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord call check_locks
  coord call acquire_lock '{\"file_path\": \"src/main.rs\", \"reason\": \"refactor\"}'
  jq -n '{limit: 5}' | coord call query_audit -")]
pub struct Call {
    /// Name of the tool
    tool: String,
    /// Its arguments, or `-` to read them from standard input
    #[arg(value_name = "JSON", default_value = "{}")]
    arguments: String,
}

impl Call {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When the arguments are no JSON, or the tool says no.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let mut text = self.arguments;
        if text == "-" {
            text.clear();
            std::io::stdin().read_to_string(&mut text)?;
        }
        let arguments: Value = serde_json::from_str(&text).map_err(|error| Trouble::Usage {
            message: format!("the arguments are no JSON: {error}"),
            hint: format!(
                "write them as one object: coord call {} '{{\"name\": \"value\"}}'",
                self.tool
            ),
        })?;
        let answer = desk.call(&self.tool, arguments)?;
        if desk.json {
            desk.print_json(&answer.flat())?;
        } else {
            desk.print(&format!("{:#}\n", answer.flat()))?;
        }
        match answer {
            Answer::Done(_) => Ok(()),
            Answer::Refused(_) => Err(Trouble::Found),
            Answer::Fault(incident) => Err(Trouble::Incident(incident)),
        }
    }
}
