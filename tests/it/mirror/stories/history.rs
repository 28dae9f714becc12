//! What became of every row of a host in the mirror, revision by revision.
//!
//! A host's reason names the change (`m7`) that made it; [`super::told::Told`] knows what that change
//! was made on. So it shows when a change replaced another that its author had not seen.

use serde_json::Value;

use super::super::fleet::Mirror;

/// Writes down each change of a host's row.
pub const WATCH: &str = "
    create table coord.story_of_hosts (
        n bigint generated always as identity, workspace_id uuid, pattern text, rev bigint,
        before text, after text);
    create function coord.watch_host() returns trigger language plpgsql as $$
    begin
        insert into coord.story_of_hosts (workspace_id, pattern, rev, before, after)
        values (new.workspace_id, new.pattern, new.rev,
                case when tg_op = 'UPDATE' and old.deleted_at is null then old.reason end,
                case when new.deleted_at is null then new.reason end);
        return null;
    end $$;
    create trigger watch after insert or update on coord.network_domains
        for each row execute function coord.watch_host();";

/// What replaced what: the marks before and after, where both are there.
pub fn replaced(mirror: &Mirror, workspace: &str) -> Vec<(String, String)> {
    let query = format!(
        "coalesce(jsonb_agg(jsonb_build_array(before, after) order by n), '[]')
           from coord.story_of_hosts join coord.workspaces w using (workspace_id)
          where w.name = '{workspace}' and before is not null and after is not null"
    );
    let pairs: Vec<(Value, Value)> = serde_json::from_str(&mirror.ask(&query)).expect("pairs");
    let text = |mark: &Value| mark.as_str().expect("a mark").to_owned();
    pairs.iter().map(|(before, after)| (text(before), text(after))).collect()
}
