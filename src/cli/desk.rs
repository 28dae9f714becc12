//! What a command has at hand: where it prints, where home is, and the daemon.
//!
//! - The daemon is connected to when it is first asked, so that a command which
//!   does not need it does not start it.
//! - Colours go to terminals only.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rustix::termios::{LocalModes, OptionalActions};
use serde_json::{Map, Value};

use super::{Common, Trouble};
use crate::answer::Answer;
use crate::client::Client;
use crate::config::{Config, Flag, PROJECT_FILE, env};
use crate::failure::Refusal;
use crate::home::Home;
use crate::time::{Clock, Time};
use crate::wire::Role;

/// Rows that are gathered from several pages, at most.
const ROWS_MAX: usize = 2_000;

/// A command's surroundings.
pub struct Desk {
    /// What is printed is JSON.
    pub json: bool,
    /// The time of the whole command.
    pub now: Time,
    /// Whether what is printed has colours.
    colours: ColorChoice,
    home_flag: Option<PathBuf>,
    flags: Vec<Flag>,
    client: Option<Client>,
}

impl Desk {
    /// The surroundings that the command line asks for.
    #[must_use]
    pub fn new(common: Common) -> Self {
        Self {
            json: common.json,
            now: Clock::System.now(),
            colours: colours(std::io::stdout().is_terminal()),
            home_flag: common.home,
            flags: common.settings,
            client: None,
        }
    }

    /// The state directory.
    ///
    /// # Errors
    /// When there is none to be had.
    pub fn home(&self) -> Result<Home, Trouble> {
        Ok(env::home(self.home_flag.clone())?)
    }

    /// The state directory that the command line names, if it names one.
    #[must_use]
    pub const fn home_flag(&self) -> Option<&PathBuf> {
        self.home_flag.as_ref()
    }

    /// The settings, with those of the project we stand in.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn config(&self) -> Result<Config, Trouble> {
        let mut flags = self.flags.clone();
        if let Some(home) = &self.home_flag {
            flags.push(Flag { key: "home".into(), text: home.display().to_string() });
        }
        Ok(Config::load(&self.home()?, project_root().as_deref(), &flags)?)
    }

    /// Calls a tool; its reply.
    ///
    /// # Errors
    /// The refusal or the fault, or that there is no daemon.
    pub fn ask(&mut self, tool: &str, arguments: Value) -> Result<Value, Trouble> {
        match self.call(tool, arguments)? {
            Answer::Done(reply) => Ok(reply),
            Answer::Refused(refused) => Err(Trouble::Refused(Box::new(refused))),
            Answer::Fault(incident) => Err(Trouble::Incident(incident)),
        }
    }

    /// Calls a tool that answers by pages, and puts the pages together: `list` is
    /// the field that has the rows. What is beyond [`ROWS_MAX`] is left to
    /// `next_cursor`.
    ///
    /// # Errors
    /// As [`Desk::ask`].
    pub fn ask_whole(
        &mut self,
        tool: &str,
        mut arguments: Map<String, Value>,
        list: &str,
    ) -> Result<Value, Trouble> {
        let mut whole = self.ask(tool, arguments.clone().into())?;
        while let Some(cursor) = whole.get("next_cursor").filter(|next| next.is_string()).cloned() {
            arguments.insert("cursor".into(), cursor);
            let mut page = self.ask(tool, arguments.clone().into())?;
            let next = page.get_mut("next_cursor").map(Value::take);
            let more = page.get_mut(list).and_then(Value::as_array_mut).map(std::mem::take);
            let (Some(rows), Some(more)) =
                (whole.get_mut(list).and_then(Value::as_array_mut), more)
            else {
                break;
            };
            rows.extend(more);
            let full = rows.len() >= ROWS_MAX;
            match (next, whole.as_object_mut()) {
                (Some(next), Some(fields)) => drop(fields.insert("next_cursor".into(), next)),
                (None, Some(fields)) => drop(fields.remove("next_cursor")),
                (_, None) => break,
            }
            if full {
                break;
            }
        }
        Ok(whole)
    }

    /// Calls a tool; the answer, whatever it is.
    ///
    /// # Errors
    /// That there is no daemon.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Result<Answer, Trouble> {
        let mut client = match self.client.take() {
            Some(client) => client,
            None => Client::connect(&self.home()?, Role::Cli)?,
        };
        let answer = client.call(tool, arguments)?;
        self.client = Some(client);
        Ok(answer)
    }

    /// Prints a reply: as JSON for a program, as `text` for a person.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn show(&self, reply: &Value, text: impl FnOnce() -> String) -> Result<(), Trouble> {
        if self.json {
            return self.print_json(&Answer::Done(reply.clone()).flat());
        }
        self.print(&text())
    }

    /// Prints a value as it is: on one line for a program.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn print_json(&self, value: &Value) -> Result<(), Trouble> {
        self.print(&format!("{value}\n"))
    }

    /// Prints text, whose styles go to a terminal only.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn print(&self, text: &str) -> Result<(), Trouble> {
        let mut out = AutoStream::new(std::io::stdout().lock(), self.colours);
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    /// Prints a deed that was done, in a sentence.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn done(&self, facts: &Value, sentence: &str) -> Result<(), Trouble> {
        self.show(facts, || format!("{sentence}\n"))
    }

    /// Tells of trouble: on standard error, and as an object for a program.
    pub fn tell(&self, trouble: &Trouble) {
        if let (true, Some(object)) = (self.json, trouble.json()) {
            // Whoever does not listen cannot be told of it.
            drop(self.print_json(&object));
        }
        complain(&trouble.text());
    }

    /// A progress bar on standard error; none where nobody sees it.
    #[must_use]
    pub fn progress(&self, what: &'static str, length: u64) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar =
            ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(10));
        bar.enable_steady_tick(Duration::from_millis(200));
        let style =
            ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} {percent}% {eta} left");
        bar.with_message(what).with_style(style.unwrap_or_else(|_bad| ProgressStyle::default_bar()))
    }

    /// Asks a person yes or no; a program must have said `--yes`.
    ///
    /// # Errors
    /// When nobody is there to ask, or the answer is no.
    pub fn confirm(&self, question: &str, yes: bool) -> Result<(), Trouble> {
        if yes {
            return Ok(());
        }
        if self.json || !crate::config::is_terminal() {
            return Err(Unconfirmed::Nobody.into());
        }
        complain(&format!("{question} [y/N] "));
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => Ok(()),
            _ => Err(Unconfirmed::No.into()),
        }
    }
}

/// A deed that nobody agreed to.
#[derive(Debug, thiserror::Error)]
enum Unconfirmed {
    #[error("this needs a yes, and nobody is there to ask")]
    Nobody,
    #[error("nothing was done")]
    No,
}

impl Refusal for Unconfirmed {
    fn code(&self) -> &'static str {
        "not_confirmed"
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Nobody => Some("run it at a terminal, or with --yes".into()),
            Self::No => None,
        }
    }
}

/// Writes to standard error, where nobody may be listening.
pub fn complain(text: &str) {
    let choice = colours(std::io::stderr().is_terminal());
    let mut out = AutoStream::new(std::io::stderr().lock(), choice);
    drop(out.write_all(text.as_bytes()));
}

/// A line that is typed at the terminal and not shown there.
///
/// # Errors
/// When it cannot be read.
pub fn unseen(question: &str) -> std::io::Result<String> {
    let stdin = std::io::stdin();
    let shown = rustix::termios::tcgetattr(&stdin)?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    // Before the question: whoever types at once is not seen either.
    rustix::termios::tcsetattr(&stdin, OptionalActions::Drain, &hidden)?;
    complain(question);
    let mut line = String::new();
    let read = stdin.read_line(&mut line);
    rustix::termios::tcsetattr(&stdin, OptionalActions::Now, &shown)?;
    read.map(|_bytes| line)
}

/// Whether to colour what goes to a stream.
#[must_use]
pub fn colours(terminal: bool) -> ColorChoice {
    if terminal && env::allows_colour() { ColorChoice::Always } else { ColorChoice::Never }
}

/// The nearest folder upwards that is a repository or has settings of its own.
#[must_use]
pub fn project_root() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let is_root = |folder: &&std::path::Path| {
        folder.join(PROJECT_FILE).exists() || folder.join(".git").exists()
    };
    here.ancestors().find(is_root).map(PathBuf::from)
}
