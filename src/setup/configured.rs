//! What a client finds in its files, as it would read them.
//!
//! The files are the judge here, not what we would write into them: a person may have changed them.
//!
//! Not here: whether what is found works (`prove`).

use std::path::PathBuf;

use serde_json::Value;

use super::clients::Client;
use super::disk;
use super::entry;
use super::form::{Form, Part};
use super::{Place, Problem, Scope, Wish, json, toml};
use crate::setup::command::Command;

/// How a client starts our server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The file that says so.
    pub file: PathBuf,
    /// The program and its arguments.
    pub words: Vec<String>,
    /// Variables that are set for it.
    pub env: Vec<(String, String)>,
    /// Variables that are handed on where only these are.
    pub handed_on: Option<Vec<String>>,
}

/// How a client runs our hook before a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The file that says so.
    pub file: PathBuf,
    /// The program and its arguments; one word is a line for a shell.
    pub words: Vec<String>,
    /// Which tools it is run for.
    pub matcher: Option<String>,
}

/// What one client has.
#[derive(Debug, Default)]
pub struct Configured {
    /// The server of ours, project before user.
    pub server: Option<Server>,
    /// The hook of ours that is run before an edit.
    pub hooks: Vec<Hook>,
    /// Files that cannot be read.
    pub broken: Vec<(PathBuf, Problem)>,
}

/// Reads a client's files, the project's before the user's.
#[must_use]
pub fn read(client: Client, place: &Place) -> Configured {
    let command = Command { program: "coord".into(), home: None };
    let mut found = Configured::default();
    for scope in [Scope::Project, Scope::User] {
        for wish in client.wishes(place, scope, &command) {
            if let Err(problem) = found.take(client, &wish) {
                found.broken.push((wish.path, problem));
            }
        }
    }
    found
}

impl Configured {
    fn take(&mut self, client: Client, wish: &Wish) -> Result<(), Problem> {
        let state = disk::look(&disk::follow(&wish.path)?)?;
        let text = state.text()?.trim_start_matches('\u{feff}');
        match &wish.form {
            Form::Toml(wanted) => {
                let table = toml::get(text, &wanted.path)?;
                self.server = self.server.take().or_else(|| table.map(|one| of_table(wish, &one)));
            }
            Form::Json(parts) => {
                for part in parts {
                    self.take_part(client, wish, text, part)?;
                }
            }
            Form::Own(_) if client == Client::OpenCode => self.hooks.extend(of_plugin(wish, text)),
            Form::Own(_) => {
                let path = ["hooks", before_edit(client)];
                let value = if text.is_empty() { None } else { json::get(text, &path)? };
                self.hooks.extend(value.iter().flat_map(|value| hooks(wish, value)));
            }
            Form::Passage(_) | Form::Hook(_) => {}
        }
        Ok(())
    }

    fn take_part(
        &mut self,
        client: Client,
        wish: &Wish,
        text: &str,
        part: &Part,
    ) -> Result<(), Problem> {
        match part {
            Part::Member(path, _) => {
                let entry = json::get(text, path)?;
                self.server = self.server.take().or_else(|| entry.map(|one| of_entry(wish, &one)));
            }
            Part::Elements(path, _) if path.last() == Some(&before_edit(client)) => {
                let value = json::get(text, path)?;
                self.hooks.extend(value.iter().flat_map(|value| hooks(wish, value)));
            }
            Part::Elements(..) | Part::Needed(..) => {}
        }
        Ok(())
    }
}

/// The event that comes before an edit, in the client's word.
fn before_edit(client: Client) -> &'static str {
    match client {
        Client::Claude | Client::Codex => "PreToolUse",
        Client::Gemini => "BeforeTool",
        Client::Cursor | Client::Copilot => "preToolUse",
        Client::OpenCode => "tool.execute.before",
    }
}

fn of_entry(wish: &Wish, entry: &Value) -> Server {
    let words = match entry.get("command") {
        Some(Value::Array(_)) => texts(entry.get("command")),
        command => {
            let program = command.and_then(Value::as_str).unwrap_or_default().to_owned();
            std::iter::once(program).chain(texts(entry.get("args"))).collect()
        }
    };
    let env = entry.get("env").or_else(|| entry.get("environment"));
    let pairs = env.and_then(Value::as_object).into_iter().flatten();
    let env = pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    Server { file: wish.path.clone(), words, env: env.collect(), handed_on: None }
}

fn of_table(wish: &Wish, table: &toml_edit::Table) -> Server {
    let list = |key: &str| -> Vec<String> {
        let array = table.get(key).and_then(toml_edit::Item::as_array);
        array.into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let program = table.get("command").and_then(toml_edit::Item::as_str).unwrap_or_default();
    let env = table.get("env").and_then(toml_edit::Item::as_table_like);
    let pairs = env.into_iter().flat_map(toml_edit::TableLike::iter);
    Server {
        file: wish.path.clone(),
        words: std::iter::once(program.to_owned()).chain(list("args")).collect(),
        env: pairs
            .filter_map(|(name, value)| Some((name.to_owned(), value.as_str()?.to_owned())))
            .collect(),
        handed_on: Some(list("env_vars")),
    }
}

/// Hooks of ours in a list, alone or in groups.
fn hooks(wish: &Wish, list: &Value) -> Vec<Hook> {
    let elements = list.as_array().into_iter().flatten().filter(|one| entry::is_ours(one));
    elements
        .flat_map(|element| {
            let matcher = element.get("matcher").and_then(Value::as_str).map(str::to_owned);
            let inner = element.get("hooks").and_then(Value::as_array).cloned();
            let alone = inner.unwrap_or_else(|| vec![element.clone()]);
            alone.into_iter().filter(entry::is_ours).map(move |hook| (hook, matcher.clone()))
        })
        .map(|(hook, matcher)| {
            let line = hook.get("command").or_else(|| hook.get("bash")).and_then(Value::as_str);
            let line = line.unwrap_or_default().to_owned();
            let words = std::iter::once(line).chain(texts(hook.get("args"))).collect();
            Hook { file: wish.path.clone(), words, matcher }
        })
        .collect()
}

/// The command that the plugin runs.
fn of_plugin(wish: &Wish, text: &str) -> Option<Hook> {
    let line = text.lines().find_map(|line| line.strip_prefix("const COMMAND = "))?;
    let words = serde_json::from_str(line.trim_end_matches(';')).ok()?;
    Some(Hook { file: wish.path.clone(), words, matcher: None })
}

fn texts(list: Option<&Value>) -> Vec<String> {
    let elements = list.and_then(Value::as_array).into_iter().flatten();
    elements.filter_map(|one| one.as_str().map(str::to_owned)).collect()
}
