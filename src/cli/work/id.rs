//! Ids of tasks as people write them: the end of one is enough, if only one task ends so.

use serde_json::json;

use super::super::Trouble;
use super::super::desk::Desk;
use super::super::ending;
use super::super::render::fields;

/// Statuses of what is finished, which is looked for last.
const FINISHED: [&str; 3] = ["completed", "failed", "cancelled"];
/// Tasks of each list that are looked at.
const LOOKED_AT: u32 = 500;

/// The whole id of the task that `given` is the end of. What fits no task is
/// left as it is, for the daemon to refuse.
///
/// # Errors
/// When it fits several.
pub fn whole(desk: &mut Desk, given: &str) -> Result<String, Trouble> {
    let given = match ending::end_of(given) {
        Ok(end) => end,
        Err(as_it_is) => return Ok(as_it_is),
    };
    let lists = FINISHED.iter().map(|status| json!({ "status": status, "limit": LOOKED_AT }));
    for asked in [json!({ "limit": LOOKED_AT })].into_iter().chain(lists) {
        let reply = desk.ask("list_work", asked)?;
        let ids = fields::list(&reply, "tasks").iter().map(|task| fields::text(task, "task_id"));
        if let Some(id) = ending::only(&given, ids, "tasks", "ambiguous_task_id")? {
            return Ok(id);
        }
    }
    Ok(given)
}
