//! `coord work`: the queue of tasks.

pub mod draw;
mod id;
pub mod show;
mod submit;

use serde_json::{Map, Value, json};

use super::Trouble;
use super::desk::Desk;
use super::render::{count, fields};
use crate::time::Time;

/// Show the work queue, add to it, call tasks off or have them tried again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord work                                      what is ready, and what is not
  coord work list --status failed                 tasks by status
  coord work submit --type test 'Test the parser' a new task
  coord work graph                                what waits for what")]
pub struct Work {
    #[command(subcommand)]
    deed: Option<Deed>,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    List(List),
    /// Show everything about one task
    #[command(after_help = "Example:\n  coord work show 2e3f4a5b")]
    Show(One),
    Submit(submit::Submit),
    Cancel(Cancel),
    /// Have a failed, cancelled or parked task tried again with all its attempts
    #[command(after_help = "Example:\n  coord work retry 2e3f4a5b")]
    Retry(One),
    Graph(Graph),
}

/// List tasks: what is not finished, oldest first, or those of one status.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord work list
  coord work list --status failed --limit 5")]
struct List {
    /// Only tasks with this status
    #[arg(long, value_parser = STATUSES)]
    status: Option<String>,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
    /// Go on where the page before ended
    #[arg(long)]
    cursor: Option<String>,
}

const STATUSES: [&str; 6] = ["pending", "claimed", "running", "completed", "failed", "cancelled"];

#[derive(Debug, clap::Args)]
struct One {
    /// Which task; the end of its id is enough
    #[arg(value_name = "TASK_ID")]
    task: String,
}

/// Call a task off; what depends on it is parked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  coord work cancel 2e3f4a5b --reason 'not needed any more'")]
struct Cancel {
    /// Which task; the end of its id is enough
    #[arg(value_name = "TASK_ID")]
    task: String,
    /// Why, for whoever looks for it later
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Draw what waits for what.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord work graph            all that is not finished
  coord work graph 2e3f4a5b   around one task")]
struct Graph {
    /// Only what this task waits for, and what waits for it
    #[arg(value_name = "TASK_ID")]
    task: Option<String>,
}

impl Work {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// What the daemon refuses.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let Some(deed) = self.deed else {
            let reply = desk.ask("pending_work", json!({}))?;
            return desk.show(&reply, || show::pending(&reply, desk.now));
        };
        let (reply, view) = ask(deed, desk)?;
        desk.show(&reply, || view(&reply, desk.now))
    }
}

/// How a reply is shown.
type View = fn(&Value, Time) -> String;

fn ask(deed: Deed, desk: &mut Desk) -> Result<(Value, View), Trouble> {
    Ok(match deed {
        Deed::List(List { status, limit, cursor }) => {
            let mut asked = Map::new();
            if let Some(status) = status {
                asked.insert("status".into(), status.into());
            }
            asked.insert("limit".into(), limit.into());
            if let Some(cursor) = cursor {
                asked.insert("cursor".into(), cursor.into());
            }
            (desk.ask("list_work", asked.into())?, show::tasks)
        }
        Deed::Show(One { task }) => {
            let task = id::whole(desk, &task)?;
            (desk.ask("show_work", json!({ "task_id": task }))?, show::one)
        }
        Deed::Submit(mut submit) => {
            for task in &mut submit.depends_on {
                *task = id::whole(desk, task)?;
            }
            (desk.ask("submit_work", submit.arguments()?)?, submitted)
        }
        Deed::Cancel(Cancel { task, reason }) => {
            let asked = json!({ "task_id": id::whole(desk, &task)?, "reason": reason });
            (desk.ask("cancel_work", asked)?, cancelled)
        }
        Deed::Retry(One { task }) => {
            let task = id::whole(desk, &task)?;
            (desk.ask("retry_work", json!({ "task_id": task }))?, retried)
        }
        Deed::Graph(Graph { task }) => {
            let asked = match task {
                Some(task) => json!({ "task_id": id::whole(desk, &task)? }),
                None => json!({}),
            };
            (desk.ask("work_graph", asked)?, draw::graph)
        }
    })
}

/// The reply of `submit_work` in words.
fn submitted(reply: &Value, _: Time) -> String {
    format!("Submitted {} ({}).\n", fields::text(reply, "task_id"), fields::text(reply, "status"))
}

/// The reply of `cancel_work` in words.
#[must_use]
pub fn cancelled(reply: &Value, _: Time) -> String {
    let mut text = format!("Cancelled {}.\n", fields::text(reply, "task_id"));
    let holder = fields::text(reply, "was_claimed_by");
    if !holder.is_empty() {
        text += &format!("{holder} was working on it and learns of it when it reports.\n");
    }
    match usize::try_from(fields::amount(reply, "parked")).unwrap_or(usize::MAX) {
        0 => {}
        n => text += &format!("{} that waited for it {} parked.\n", count(n, "task"), is(n)),
    }
    text
}

/// The reply of `retry_work` in words.
#[must_use]
pub fn retried(reply: &Value, _: Time) -> String {
    let also = fields::list(reply, "retried").len().saturating_sub(1);
    let mut text = format!(
        "{} is tried again ({}).\n",
        fields::text(reply, "task_id"),
        fields::text(reply, "status")
    );
    if also > 0 {
        text += &format!("With it, {} that it waits for.\n", count(also, "task"));
    }
    text
}

const fn is(n: usize) -> &'static str {
    if n == 1 { "is" } else { "are" }
}
