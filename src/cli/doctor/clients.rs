//! Whether each client is kept apart from the others, by trying it (`setup::prove`).

use std::path::PathBuf;

use super::Check;
use crate::cli::Trouble;
use crate::cli::desk::Desk;
use crate::cli::render::count;
use crate::cli::setup::Site;
use crate::hooks::misses;
use crate::setup::clients::Client;
use crate::setup::configured::{self, Configured};
use crate::setup::prove::scratch::{HELD, Scratch};
use crate::setup::prove::{hook, server, trust};
use crate::setup::{disk, form, git_hooks};
use crate::time::relative;

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const INIT: &str = "run `coord init`";

/// Checks every client that is installed or wired, and git.
pub fn checks(desk: &Desk, asked: &[Client]) -> Result<Vec<Check>, Trouble> {
    let site = Site::find(desk, false)?;
    let mut found: Vec<(Client, Configured)> = Vec::new();
    let installed = site.clients(asked);
    for client in Client::ALL {
        let configured = configured::read(client, &site.place);
        let wired = configured.server.is_some() || !configured.hooks.is_empty();
        if installed.contains(&client) || (asked.is_empty() && wired) {
            found.push((client, configured));
        }
    }
    if found.is_empty() {
        return Ok(vec![Check::warn("clients", "no client was found", INIT)]);
    }
    let scratch = match Scratch::new() {
        Ok(scratch) => scratch,
        Err(why) => {
            return Ok(vec![Check::fail("scratch", why, "`coord doctor` says what is in the way")]);
        }
    };
    let mut checks = Vec::new();
    for (client, configured) in &found {
        checks.extend(broken(configured));
        checks.push(serves(*client, configured, &scratch));
        checks.push(stops(*client, configured, &scratch));
        checks.extend(trusted(*client, &site, configured));
    }
    checks.extend(git(&site));
    checks.push(missed(desk)?);
    Ok(checks)
}

fn broken(configured: &Configured) -> Vec<Check> {
    let tell = |(path, problem): &(PathBuf, crate::setup::Problem)| {
        Check::fail("file", format!("{}: {problem}", path.display()), problem.advice())
    };
    configured.broken.iter().map(tell).collect()
}

/// The server answers, and sees what others hold in the home that hooks use.
fn serves(client: Client, configured: &Configured, scratch: &Scratch) -> Check {
    let name = format!("{} server", client.name());
    let Some(found) = &configured.server else {
        return Check::fail(name, format!("{} has no server `coord`", client.title()), INIT);
    };
    let mut command = server::command(client, found, &scratch.home(), &scratch.repo());
    let talked = server::Talk::open(&mut command).and_then(|mut talk| {
        let tools = talk.tools()?;
        let held = talk.call("check_locks", &serde_json::json!({ "file_paths": [HELD] }))?;
        Ok((tools, held.to_string().contains(HELD)))
    });
    match talked {
        Ok((tools, true)) => {
            let title = client.title();
            Check::ok(name, format!("answers as {title} starts it, with {tools} tools"))
        }
        Ok((_, false)) => Check::fail(
            name,
            "uses another state directory than the hooks",
            "`coord init` has the client hand COORD_HOME on",
        ),
        Err(why) => Check::fail(name, format!("{}: {why}", found.file.display()), INIT),
    }
}

/// The hook stops an edit of a file that another agent holds.
fn stops(client: Client, configured: &Configured, scratch: &Scratch) -> Check {
    let name = format!("{} hook", client.name());
    if configured.hooks.is_empty() {
        let title = client.title();
        return Check::fail(name, format!("{title} has no hook of ours before a tool"), INIT);
    }
    let Some(found) = configured.hooks.iter().find(|found| hook::matches(found, client)) else {
        let tool = hook::editor(client);
        return Check::fail(name, format!("no hook of ours is run before {tool}"), INIT);
    };
    match hook::denies(client, found, scratch) {
        Ok(reason) => {
            let told = reason.split(',').next().unwrap_or_default();
            Check::ok(name, format!("stops an edit of a held file: {told}"))
        }
        Err(why) => Check::fail(name, format!("{}: {why}", found.file.display()), INIT),
    }
}

fn trusted(client: Client, site: &Site, configured: &Configured) -> Option<Check> {
    let name = format!("{} trust", client.name());
    let title = client.title();
    match trust::of(client, &site.place, configured) {
        trust::Trust::Given => None,
        trust::Trust::Refused(why) => {
            Some(Check::fail(name, format!("{title}: {why}"), "as it says"))
        }
        trust::Trust::Open(how) => Some(Check::warn(
            name,
            format!("{title} asks a person once; whether that was done cannot be seen here"),
            how,
        )),
    }
}

/// Checks that were not made since yesterday: whatever fails open must not do so in silence.
fn missed(desk: &Desk) -> Result<Check, Trouble> {
    let since = desk.now.plus(-DAY_MS);
    let misses = misses::since(&desk.home()?, since)?;
    let Some(last) = misses.last() else {
        return Ok(Check::ok("misses", "no check since yesterday was left out"));
    };
    let (n, ago) = (count(misses.len(), "check"), relative(last.at, desk.now));
    let message = format!(
        "{n} since yesterday went unanswered; the last, {ago}, of {} before {}: {}",
        last.client, last.event, last.why
    );
    let advice = "see what keeps the daemon: `coord doctor`; `hook_failure = \"closed\"` stops \
                  what cannot be checked";
    Ok(Check::warn("misses", message, advice))
}

/// Our passage is in the scripts that git runs.
fn git(site: &Site) -> Vec<Check> {
    let wishes = match site.git_wishes() {
        Ok(wishes) => wishes,
        Err(why) => return vec![Check::warn("git hooks", why.to_string(), INIT)],
    };
    let missing: Vec<String> = wishes
        .iter()
        .filter(|wish| {
            let state = disk::look(&wish.path);
            !state.is_ok_and(|state| {
                let text = state.text().unwrap_or_default();
                form::is_in(text, &wish.form).unwrap_or(false)
                    && git_hooks::runs(&state, &wish.path)
            })
        })
        .map(|wish| wish.path.display().to_string())
        .collect();
    if missing.is_empty() {
        return vec![Check::ok("git hooks", "git asks coord before a commit and a push")];
    }
    let missing = missing.join(" and ");
    vec![Check::fail("git hooks", format!("{missing} does not ask coord"), INIT)]
}
