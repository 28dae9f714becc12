//! `coord work submit`: a new task from the command line.

use serde_json::{Map, Value};

use super::super::Trouble;

/// Add a task to the queue.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord work submit --type test 'Test the parser'
  coord work submit --type docs 'Describe it' --after TASK_ID --priority 2
  coord work submit --type build 'Build it' --input '{\"target\": \"release\"}'")]
pub struct Submit {
    /// What is to be done
    description: String,
    /// Kind of task; agents ask for work by it
    #[arg(long = "type", value_name = "TYPE")]
    task_type: String,
    /// Urgency, 1 (first) to 10
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=10))]
    priority: Option<u8>,
    /// A task that must be completed before, or the end of its id; may be repeated
    #[arg(long = "after", value_name = "TASK_ID")]
    pub depends_on: Vec<String>,
    /// Data for whoever does it, as a JSON object
    #[arg(long, value_name = "JSON")]
    input: Option<String>,
    /// When it must be done, as 2026-01-31T18:00:00Z
    #[arg(long, value_name = "TIME")]
    deadline: Option<String>,
    /// How often it is tried
    #[arg(long, value_name = "N")]
    attempts: Option<u32>,
    /// A task with the same key that is not finished is not made again
    #[arg(long, value_name = "KEY")]
    dedupe_key: Option<String>,
    /// What an agent must be able to do to take it; may be repeated
    #[arg(long = "needs", value_name = "CAPABILITY")]
    required_capabilities: Vec<String>,
}

impl Submit {
    /// The arguments of `submit_work`.
    ///
    /// # Errors
    /// When the input is no JSON.
    pub fn arguments(self) -> Result<Value, Trouble> {
        let mut asked = Map::new();
        let mut put = |name: &str, value: Value| {
            let left_out = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            if !left_out {
                asked.insert(name.to_owned(), value);
            }
        };
        put("task_type", self.task_type.into());
        put("description", self.description.into());
        put("priority", self.priority.into());
        put("depends_on", self.depends_on.into());
        put("deadline", self.deadline.into());
        put("max_attempts", self.attempts.into());
        put("dedupe_key", self.dedupe_key.into());
        put("required_capabilities", self.required_capabilities.into());
        if let Some(input) = self.input {
            let value = serde_json::from_str(&input).map_err(|error| Trouble::Usage {
                message: format!("--input is no JSON: {error}"),
                hint: "write it as one object: --input '{\"name\": \"value\"}'".into(),
            })?;
            put("input_data", value);
        }
        Ok(asked.into())
    }
}
