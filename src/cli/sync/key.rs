//! `coord sync key`: what the mirror's free text is encrypted with.

use serde_json::{Map, Value, json};

use super::{follow, login};
use crate::cli::Trouble;
use crate::cli::desk::Desk;
use crate::failure::{Failure, Refusal};
use crate::mirror::key::{Key as Secret, NoKey};

/// Encrypt the free text of what is mirrored, with a key that never leaves your machines.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord sync key new                 make a key and encrypt with it
  coord sync key show                for another machine, and for a safe place
  coord sync key import              on the other machine; it asks for the key")]
pub struct Key {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    New(New),
    Show(Show),
    Import(Import),
    Off(Off),
}

impl Key {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// A refusal about the key, or that there is no daemon.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        match self.deed {
            Deed::New(new) => new.run(desk),
            Deed::Show(show) => show.run(desk),
            Deed::Import(import) => import.run(desk),
            Deed::Off(off) => off.run(desk),
        }
    }
}

/// Why nothing was done with a key.
#[derive(Debug, thiserror::Error)]
enum KeyRefusal {
    #[error("this machine has a key already, {name}")]
    Present { name: String },
    #[error("this machine has no key")]
    Absent,
    #[error("a key is shown at a terminal only")]
    Seen,
    #[error("{0}")]
    Wrong(#[from] NoKey),
}

impl Refusal for KeyRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::Present { .. } => "key_present",
            Self::Absent => "key_absent",
            Self::Seen => "key_not_shown",
            Self::Wrong(NoKey::Shape) => "not_a_key",
            Self::Wrong(NoKey::Checksum) => "key_mistyped",
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Present { .. } => {
                "`coord sync key show` prints it; --replace takes another in its place".into()
            }
            Self::Absent => {
                "`coord sync key new` makes one, `coord sync key import` takes one".into()
            }
            Self::Seen => "run it at a terminal, or with --reveal".into(),
            Self::Wrong(_) => "`coord sync key show` prints it where it was made".into(),
        })
    }

    fn facts(&self) -> Map<String, Value> {
        match self {
            Self::Wrong(_) => Map::from_iter([("field".to_owned(), "key".into())]),
            _ => Map::new(),
        }
    }
}

/// Make a key and encrypt with it.
///
/// All that several machines write and all that this one owns is sent again, encrypted. What was
/// sent before and never changes (audit rows, caught commands, ended attempts) stays readable in
/// the mirror, and earlier versions of rows do for up to 30 days.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  coord sync key new && coord sync key show")]
struct New {
    /// Take a new key in the place of the one that is here
    #[arg(long)]
    replace: bool,
}

impl New {
    fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        vacant(desk, self.replace)?;
        let key = Secret::random().map_err(Failure::from)?;
        take(
            desk,
            &key,
            "It is in sync.key alone: `coord sync key show` prints it for your other machines and for a safe place.\n\
             Whoever loses it cannot read what the mirror has.",
        )
    }
}

/// Print the key, for another machine and for a safe place.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  coord sync key show")]
struct Show {
    /// Print it although nobody sits at a terminal
    #[arg(long)]
    reveal: bool,
}

impl Show {
    fn run(self, desk: &Desk) -> Result<(), Trouble> {
        let key = Secret::load(&desk.home()?).map_err(Failure::from)?.ok_or(KeyRefusal::Absent)?;
        if !self.reveal && !crate::config::is_terminal() {
            return Err(KeyRefusal::Seen.into());
        }
        let shown = key.shown();
        desk.done(&json!({ "name": key.name, "key": shown }), &shown)
    }
}

/// Take the key of another machine, typed or from standard input.
///
/// What the mirror has under that key is fetched and read, and what this machine has there is sent
/// again, encrypted.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord sync key import
  pass coord-key | coord sync key import")]
struct Import {
    /// Take it in the place of the one that is here
    #[arg(long)]
    replace: bool,
}

impl Import {
    fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let key =
            Secret::read(&login::told("Key")?.unwrap_or_default()).map_err(KeyRefusal::from)?;
        let home = desk.home()?;
        let known = Secret::load(&home).ok().flatten();
        if known.is_none_or(|known| known.name != key.name) {
            vacant(desk, self.replace)?;
        }
        take(desk, &key, "What the mirror has under it is being read.")
    }
}

/// A damaged key is no key, and is in nobody's way.
fn vacant(desk: &Desk, replace: bool) -> Result<(), Trouble> {
    match Secret::load(&desk.home()?) {
        Ok(Some(key)) if !replace => Err(KeyRefusal::Present { name: key.name }.into()),
        _ => Ok(()),
    }
}

/// Keeps the key, and waits until everything is under it.
fn take(desk: &mut Desk, key: &Secret, more: &str) -> Result<(), Trouble> {
    let home = desk.home()?;
    home.prepare().map_err(Failure::from)?;
    // Whoever may not switch sync does not change its key.
    desk.ask("sync_switch", json!({ "action": "look" }))?;
    key.save(&home).map_err(Failure::from)?;
    desk.ask("sync_switch", json!({ "action": "encrypt" }))?;
    let name = key.name.as_str();
    let reply = follow::until(desk, 60, |status| {
        let encryption = &status["encryption"];
        let sent = encryption["state"] == "on" && status["lag_rows"].as_i64() <= Some(3);
        encryption["key"] == name && (sent || status["stall"].is_object())
    })?;
    let begun = match reply["state"].as_str() {
        Some("off") => "Free text will be encrypted once this machine mirrors.",
        _ if reply["stall"].is_object() => {
            "Free text is encrypted from now on; the mirror does not answer yet: `coord sync status`."
        }
        _ => "Free text is encrypted from now on, and what could be was sent again.",
    };
    let sentence = format!("Key {}. {begun}\n{more}{}", key.name, earlier(&reply));
    desk.done(&json!({ "key": key.name, "encryption": reply["encryption"] }), &sentence)
}

/// What encryption cannot reach.
fn earlier(status: &Value) -> &'static str {
    if status["state"] == "off" {
        return "";
    }
    "\nWhat was sent in clear before and never changes stays readable in the mirror: audit rows, caught commands,\n\
     ended attempts. Earlier versions of rows stay for up to 30 days. `coord sync logout --purge` and a new login\n\
     take all of it out."
}

/// Encrypt no more, and forget the key.
///
/// What this machine has in the mirror is sent again in clear. Audit rows that were sent encrypted
/// can be read with the key alone: keep it if they matter.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  coord sync key off --yes")]
struct Off {
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Off {
    fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let question = "Forget the key and send everything in clear again?";
        desk.ask("sync_switch", json!({ "action": "look" }))?;
        desk.confirm(question, self.yes)?;
        Secret::forget(&desk.home()?).map_err(Failure::from)?;
        let reply = desk.ask("sync_switch", json!({ "action": "decrypt" }))?;
        desk.done(
            &reply,
            "Free text is not encrypted any more, and the key is gone from this machine.",
        )
    }
}
