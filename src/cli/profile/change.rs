//! `coord profile assign` and `set`: a person's word on how far an agent is trusted.

use serde_json::{Map, Value, json};

use super::{Desk, Trouble, show};

/// Give a profile to an agent, or to all agents of a type.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord profile assign codex_cloud_worker --agent codex-1
  coord profile assign claude_code_web_reviewer --type claude --everywhere
  coord profile assign --remove --agent codex-1")]
pub struct Assign {
    /// The profile
    #[arg(required_unless_present = "remove")]
    profile: Option<String>,
    /// The agent that gets it
    #[arg(long, value_name = "NAME", required_unless_present = "type")]
    agent: Option<String>,
    /// Every agent of this type gets it
    #[arg(long = "type", id = "type", value_name = "TYPE", conflicts_with = "agent")]
    kind: Option<String>,
    /// In every repository, not in this one alone
    #[arg(long)]
    everywhere: bool,
    /// Take the assignment back
    #[arg(long, conflicts_with = "profile")]
    remove: bool,
}

/// Make a profile, or change one; only what is given changes.
///
/// Lists of operations are written with commas. `all` after --allow, and `none`
/// after --block, --ask and the limits, take back what was set.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord profile set claude_code_cli --trust 2 --calls-per-hour 600
  coord profile set reviewer --trust 1 --description 'Looks, and says so'
  coord profile set claude_code_cli --ask submit_work,release_lock
  coord profile set claude_code_cli --reset")]
pub struct Set {
    /// The profile, of a-z, 0-9, - and _
    name: String,
    /// 0 suspended, 1 reads, 2 writes, 3 administers, 4 edits policy
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=4))]
    trust: Option<u8>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Agents of this type have it unless another is assigned; `none` takes that back
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// These operations and no others
    #[arg(long, value_name = "OPERATIONS", value_delimiter = ',')]
    allow: Vec<String>,
    /// Never these operations
    #[arg(long, value_name = "OPERATIONS", value_delimiter = ',')]
    block: Vec<String>,
    /// A person approves each of these
    #[arg(long, value_name = "OPERATIONS", value_delimiter = ',')]
    ask: Vec<String>,
    /// Calls in an hour
    #[arg(long, value_name = "N", value_parser = limit)]
    calls_per_hour: Option<i64>,
    /// Different files changed in a day
    #[arg(long, value_name = "N", value_parser = limit)]
    files_per_day: Option<i64>,
    /// Seconds of work in a day
    #[arg(long, value_name = "N", value_parser = limit)]
    seconds_per_day: Option<i64>,
    /// Drop what was set; a profile that is not built in is removed
    #[arg(long)]
    reset: bool,
}

fn limit(text: &str) -> Result<i64, String> {
    if text == "none" {
        return Ok(-1);
    }
    let limit = text.parse::<i64>().ok().filter(|limit| *limit >= 0);
    limit.ok_or_else(|| "it is a number from 0 on, or none".into())
}

impl Assign {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let asked = json!({
            "profile": self.profile, "agent_id": self.agent, "agent_type": self.kind,
            "everywhere": self.everywhere,
        });
        let reply = desk.ask("assign_profile", asked)?;
        desk.done(&reply, &show::assignment(&reply))
    }
}

impl Set {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let name = self.name.clone();
        let reply = desk.ask("set_profile", self.arguments())?;
        desk.show(&reply, || show::changed(&reply, &name))
    }

    /// What is to change, and nothing else.
    fn arguments(self) -> Value {
        let mut asked = Map::from_iter([
            ("name".to_owned(), json!(self.name)),
            ("reset".to_owned(), json!(self.reset)),
            ("trust_level".to_owned(), json!(self.trust)),
            ("description".to_owned(), json!(self.description)),
            ("calls_per_hour".to_owned(), json!(self.calls_per_hour)),
            ("files_per_day".to_owned(), json!(self.files_per_day)),
            ("seconds_per_day".to_owned(), json!(self.seconds_per_day)),
        ]);
        let kind = self.kind.map(|kind| if kind == "none" { String::new() } else { kind });
        asked.insert("agent_type".into(), json!(kind));
        for (field, given, nothing) in [
            ("allowed_operations", self.allow, "all"),
            ("blocked_operations", self.block, "none"),
            ("ask_operations", self.ask, "none"),
        ] {
            if given == [nothing] {
                asked.insert(field.into(), json!([]));
            } else if !given.is_empty() {
                asked.insert(field.into(), json!(given));
            }
        }
        asked.retain(|_, value| !value.is_null());
        asked.into()
    }
}
