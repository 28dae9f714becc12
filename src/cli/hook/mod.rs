//! `coord hook`: what a client, or git, runs before and after an agent's deeds.
//!
//! - On standard output there is one answer in the client's own language, or nothing.
//! - Whatever goes wrong here harms nobody's work: it ends with no opinion, and is noted
//!   where `coord status` and `coord doctor` find it.
//! - It must be fast: no runtime, no log, no settings unless the daemon is away.
//!
//! Not here: the languages and the rules (`hooks`).

mod absent;
mod ask;
pub mod git;
mod note;
mod place;

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use serde_json::Value;

use super::exit::Exit;
use crate::home::Home;
use crate::hooks::dialect;
use crate::hooks::{Client, Event, Kind, Verdict};

/// Bytes of an event, at most.
const EVENT_MAX: u64 = 64 << 20;

/// Answer a client's hook, or git's. It is named in their settings and not for people.
///
/// A client's hook gets one event as JSON on standard input and prints the answer in the
/// client's own form, or nothing. Git's hooks refuse a commit with files that others hold.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples, as a client's and git's hooks:
  coord hook claude
  coord hook git pre-commit")]
pub struct Hook {
    /// claude, codex, gemini, cursor, copilot, opencode, or git
    #[arg(value_name = "CLIENT", value_parser = parse)]
    of: Of,
    /// For git: pre-commit or pre-push, and what git passes on
    #[arg(value_name = "GIT_HOOK", allow_hyphen_values = true, trailing_var_arg = true)]
    rest: Vec<OsString>,
}

/// Whose hook it is.
#[derive(Clone, Copy, Debug)]
enum Of {
    Client(Client),
    Git,
}

fn parse(text: &str) -> Result<Of, String> {
    match Client::named(text) {
        Some(client) => Ok(Of::Client(client)),
        None if text == "git" => Ok(Of::Git),
        None => {
            let known: Vec<&str> = Client::ALL.iter().map(|client| client.name()).collect();
            Err(format!("it takes {} or git", known.join(", ")))
        }
    }
}

impl Hook {
    /// Answers whoever asks.
    pub fn run(self, home: Option<PathBuf>) -> Exit {
        match self.of {
            Of::Client(client) => answer(client, home),
            Of::Git => git::run(&self.rest, home),
        }
    }
}

/// Answers one event of a client. Never ends with another code than 0: to some clients
/// that is an error, to others a denial.
pub fn answer(client: Client, home: Option<PathBuf>) -> Exit {
    let Ok(home) = crate::config::env::home(home) else {
        // Without a place of our own there is nobody to ask and nowhere to note it.
        return Exit::Done;
    };
    // A panic of ours is no reason to stop an agent; nothing is half done here.
    let answered = std::panic::catch_unwind(|| said(client, &home));
    match answered {
        Ok(Some(answer)) => {
            let mut out = std::io::stdout().lock();
            // A client that has stopped listening has gone on without us.
            if writeln!(out, "{answer}").and_then(|()| out.flush()).is_err() {
                note::miss(&home, client.name(), "", "the client did not wait for the answer");
            }
        }
        Ok(None) => {}
        Err(_panicked) => note::miss(&home, client.name(), "", "the hook itself failed"),
    }
    Exit::Done
}

fn said(client: Client, home: &Home) -> Option<Value> {
    let mut bytes = Vec::new();
    if let Err(error) = std::io::stdin().lock().take(EVENT_MAX).read_to_end(&mut bytes) {
        note::miss(home, client.name(), "", &format!("the event could not be read: {error}"));
        return None;
    }
    let event = match dialect::read(client, &bytes) {
        Ok(event) => event,
        Err(unread) => {
            note::miss(home, client.name(), "", &unread.to_string());
            return None;
        }
    };
    dialect::answer(client, &event, &verdict(client, home, &event))
}

fn verdict(client: Client, home: &Home, event: &Event) -> Verdict {
    match event.kind {
        Kind::Unknown => {
            note::miss(
                home,
                client.name(),
                &event.name,
                "an event that this version does not know",
            );
            Verdict::Nothing
        }
        Kind::Idle => Verdict::Nothing,
        // Who only reads is not held up.
        Kind::BeforeTool
            if event.deed.is_nothing() && !(event.deed.ours && event.subagent.is_some()) =>
        {
            Verdict::Nothing
        }
        Kind::AfterTool if event.deed.is_nothing() => Verdict::Nothing,
        _ => ask::ask(client, home, event),
    }
}
