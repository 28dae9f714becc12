//! What only a person can do before a client uses what it finds: seen where the client notes it.

use std::path::Path;

use serde_json::Value;

use crate::setup::clients::Client;
use crate::setup::configured::Configured;
use crate::setup::{Place, disk, json};

/// How far a person has agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The client has noted that it was agreed to, or asks for nothing.
    Given,
    /// The client has noted a no.
    Refused(&'static str),
    /// It is not noted anywhere that we can see; this is how.
    Open(&'static str),
}

/// Whether a client will use what it was given.
#[must_use]
pub fn of(client: Client, place: &Place, configured: &Configured) -> Trust {
    match client {
        Client::Claude => claude(place, configured),
        Client::Gemini => gemini(place, configured),
        Client::Codex | Client::Cursor => client.by_hand().map_or(Trust::Given, Trust::Open),
        Client::Copilot | Client::OpenCode => Trust::Given,
    }
}

/// Claude Code asks once for each server of a project.
fn claude(place: &Place, configured: &Configured) -> Trust {
    const HOW: &str = "start Claude Code in the project and approve the server `coord`";
    let of_project = |path: &Path| path.starts_with(&place.root);
    if !configured.server.as_ref().is_some_and(|server| of_project(&server.file)) {
        return Trust::Given;
    }
    let top = place.moved.claude.as_ref().unwrap_or(&place.user);
    let root = place.root.display().to_string();
    let noted = read(&top.join(".claude.json"), &["projects", &root]);
    let settings = [
        Client::Claude.folder(place).join("settings.json"),
        place.root.join(".claude/settings.json"),
        place.root.join(".claude/settings.local.json"),
    ];
    let all: Vec<Value> = settings.iter().filter_map(|file| read(file, &[])).chain(noted).collect();
    let lists = |key: &str| {
        all.iter().any(|one| {
            let list = one.get(key).and_then(Value::as_array);
            list.is_some_and(|names| names.iter().any(|name| name == "coord"))
        })
    };
    if lists("disabledMcpjsonServers") {
        return Trust::Refused(
            "the server `coord` was refused in this project; `claude mcp reset-project-choices` \
             has it ask again",
        );
    }
    let every = all
        .iter()
        .any(|one| one.get("enableAllProjectMcpServers").and_then(Value::as_bool) == Some(true));
    if every || lists("enabledMcpjsonServers") { Trust::Given } else { Trust::Open(HOW) }
}

/// Gemini CLI reads a project's settings where its user has trusted the folder or one above it.
fn gemini(place: &Place, configured: &Configured) -> Trust {
    const HOW: &str = "start Gemini CLI in the project and trust the folder";
    if !configured.hooks.iter().any(|hook| hook.file.starts_with(&place.root)) {
        return Trust::Given;
    }
    let folders = read(&place.user.join(".gemini/trustedFolders.json"), &[]);
    let nearest = place.root.ancestors().find_map(|folder| {
        let word = folders.as_ref()?.get(folder.display().to_string())?.as_str()?.to_owned();
        let counts = folder == place.root || word != "DO_NOT_TRUST";
        counts.then_some(word)
    });
    match nearest.as_deref() {
        Some("TRUST_FOLDER" | "TRUST_PARENT") => Trust::Given,
        Some("DO_NOT_TRUST") => Trust::Refused(
            "the folder is not trusted, so the project's hooks are skipped; /permissions in Gemini \
             CLI changes it",
        ),
        _ => Trust::Open(HOW),
    }
}

fn read(file: &Path, path: &[&str]) -> Option<Value> {
    let state = disk::look(&disk::follow(file).ok()?).ok()?;
    json::get(state.text().ok()?, path).ok()?
}
