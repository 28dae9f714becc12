//! Asks the daemon about an event, within a time that a client does not notice.
//!
//! - Files are asked about where they lie: one call for each repository.
//! - What a command writes beyond the repository that it starts in is asked about too.
//!
//! Not here: what is done without a daemon (`absent`).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{absent, note, place};
use crate::answer::Answer;
use crate::client::{self, Client as Connection, ClientError};
use crate::guardrails::{self, Input, PathRef, Setting};
use crate::home::Home;
use crate::hooks::{self, COMMAND_MAX, Client, Event, FILES_MAX, Kind, Verdict};
use crate::wire::{Request, Role};

/// How long a tool call is held up for an answer.
const BEFORE_TOOL: Duration = Duration::from_millis(2_000);
/// So much more for each further question; clients grant 10 s for all of them.
const EACH_MORE: Duration = Duration::from_millis(1_500);
/// Further questions that get more time.
const MORE_MAX: usize = 4;
/// How long a session's start may take, with that of the daemon.
const AT_START: Duration = Duration::from_millis(4_000);
/// How long everything else may take; some clients grant the end of a session 1.5 s.
const OTHERWISE: Duration = Duration::from_millis(1_000);

/// What the daemon says to an event.
pub fn ask(client: Client, home: &Home, event: &Event) -> Verdict {
    let here = std::env::current_dir().unwrap_or_else(|_gone| PathBuf::from("/"));
    let cwd = place::real(&event.cwd.as_ref().map_or(here.clone(), |cwd| here.join(cwd)));
    let requests = requests(event, &cwd);
    match talk(home, event, &cwd, &requests) {
        Ok(answers) => weigh(client, home, event, &answers),
        Err(error) => absent::without_daemon(client, home, event, &cwd, &error),
    }
}

fn talk(
    home: &Home,
    event: &Event,
    cwd: &Path,
    requests: &[Request],
) -> Result<Vec<Answer>, ClientError> {
    let limit = match event.kind {
        Kind::BeforeTool => {
            let more = requests.len().saturating_sub(1).min(MORE_MAX);
            (0..more).fold(BEFORE_TOOL, |limit, _| limit + EACH_MORE)
        }
        Kind::SessionStart => AT_START,
        _ => OTHERWISE,
    };
    let until = Instant::now() + limit;
    let mut daemon = match Connection::connect_until(home, Role::Hook, until) {
        Err(ClientError::NotRunning) if event.kind == Kind::SessionStart && cwd.is_dir() => {
            started(home, until)?
        }
        connected => connected?,
    };
    let mut answers = Vec::new();
    for request in requests {
        let answer = daemon.ask_until(request.clone(), until)?;
        let ended = !answer.success();
        answers.push(answer);
        if ended {
            break;
        }
    }
    Ok(answers)
}

/// A session's start can wait for the daemon's.
fn started(home: &Home, until: Instant) -> Result<Connection, ClientError> {
    client::start_behind(home)?;
    loop {
        match Connection::connect_until(home, Role::Hook, until) {
            Err(ClientError::NotRunning) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(5));
            }
            connected => return connected,
        }
    }
}

/// The calls that an event stands for.
fn requests(event: &Event, cwd: &Path) -> Vec<Request> {
    let at = |tool: &str, place: &Path, arguments: Value| Request {
        id: 0,
        tool: tool.to_owned(),
        arguments,
        at: Some(place.to_owned()),
        subagent: event.subagent.clone(),
    };
    let root = place::root(cwd).unwrap_or(cwd);
    match event.kind {
        Kind::SessionStart => vec![at("start_session", root, json!({}))],
        Kind::Prompt => vec![at("session_news", root, json!({}))],
        Kind::AfterTool => {
            let ended = json!({ "call": event.tool_use_id });
            vec![at("session_news", root, json!({ "silent": true, "ended": ended }))]
        }
        Kind::TurnEnd => vec![at("session_news", root, json!({ "silent": true, "ended": "turn" }))],
        Kind::BeforeCompaction => vec![at("checkpoint_session", root, json!({}))],
        Kind::SubagentEnd if event.subagent.is_none() => Vec::new(),
        Kind::SubagentEnd => vec![at("end_session", root, json!({}))],
        Kind::SessionEnd => {
            let goes_on = matches!(event.why.as_deref(), Some("clear" | "resume"));
            vec![at("end_session", root, json!({ "goes_on": goes_on }))]
        }
        Kind::BeforeTool if event.deed.ours => {
            let arguments = json!({ "silent": true, "tool_use_id": event.tool_use_id });
            vec![at("session_news", root, arguments)]
        }
        Kind::BeforeTool => before(event, cwd, at),
        Kind::Idle | Kind::Unknown => Vec::new(),
    }
}

fn before(event: &Event, cwd: &Path, at: impl Fn(&str, &Path, Value) -> Request) -> Vec<Request> {
    let mut requests = Vec::new();
    let mut files: Vec<PathBuf> =
        event.deed.files.iter().map(|file| place::real(&cwd.join(file))).collect();
    if let Some(command) = &event.deed.command {
        let start = started_at(event, cwd);
        let root = place::root(&start).unwrap_or(&start);
        let command = cut(command, COMMAND_MAX);
        let folder = start.strip_prefix(root).unwrap_or(Path::new("")).to_string_lossy();
        files.extend(written_elsewhere(command, &folder, root));
        let arguments = json!({
            "command": command,
            "folder": folder,
            "tool_use_id": event.tool_use_id,
        });
        requests.push(at("run_command", root, arguments));
    }
    let elsewhere = place::root(cwd).unwrap_or(cwd);
    for (root, files) in place::by_root(files, elsewhere) {
        for some in files.chunks(FILES_MAX) {
            let arguments = json!({
                "file_paths": some,
                "tool": event.tool,
                "tool_use_id": event.tool_use_id,
            });
            requests.push(at("edit_file", &root, arguments));
        }
    }
    requests
}

/// Where the event's command starts.
pub fn started_at(event: &Event, cwd: &Path) -> PathBuf {
    event
        .deed
        .folder
        .as_ref()
        .map_or_else(|| cwd.to_owned(), |folder| place::real(&cwd.join(folder)))
}

/// Files of other repositories that a command names and writes.
fn written_elsewhere(command: &str, folder: &str, root: &Path) -> Vec<PathBuf> {
    let text = hooks::started_in(command, Some(folder));
    let root_text = root.to_string_lossy();
    let setting = Setting { cwd: Some(&root_text), ..Setting::default() };
    let effects = guardrails::check(&Input::Shell(&text), &setting).effects;
    let named = effects.into_iter().filter_map(|effect| match effect.path {
        PathRef::Literal(path) => Some(place::real(&root.join(path))),
        PathRef::Pattern(_) | PathRef::Unknown => None,
    });
    named.filter(|path| place::root(path).is_some_and(|other| other != root)).collect()
}

/// The longest beginning of at most so many bytes.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// One verdict of several answers: the first that is no yes decides.
fn weigh(client: Client, home: &Home, event: &Event, answers: &[Answer]) -> Verdict {
    let mut told = Vec::new();
    for answer in answers {
        match answer {
            Answer::Done(reply) => {
                told.extend(reply.get("context").and_then(Value::as_str).map(str::to_owned));
            }
            Answer::Refused(refused) if event.kind == Kind::BeforeTool => {
                let reason = answer.sentence();
                return if refused.code == "approval_required" {
                    Verdict::Ask(reason)
                } else {
                    Verdict::Deny(reason)
                };
            }
            Answer::Refused(_) => {}
            Answer::Fault(incident) => {
                note::miss(home, client.name(), &event.name, &incident.message());
                return absent::unchecked(home, event, "coord has trouble of its own");
            }
        }
    }
    if told.is_empty() { Verdict::Nothing } else { Verdict::Context(told.join("\n")) }
}
