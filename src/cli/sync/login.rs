//! `coord sync login` and `coord sync logout`.

use std::io::{BufRead as _, IsTerminal as _};

use coord_sync::remote::Address;
use serde_json::{Value, json};

use super::service::{self, Invitation, MirrorRefusal};
use super::{follow, show};
use crate::cli::Trouble;
use crate::cli::desk::{Desk, complain, unseen};
use crate::failure::Failure;
use crate::mirror::keys::{Keys, is_of_service};
use crate::mirror::{catalogue, login};

/// Enrol this machine with a Supabase project, and begin to mirror.
///
/// The project's keys are taken from `SUPABASE_KEY` and `SUPABASE_SERVICE_KEY`, else one is asked for or
/// read from standard input; they are never arguments. With the service key the machine invites
/// itself; without, a code of `coord sync enrol` is needed. The publishable key is kept, the service
/// key is not.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord sync login --url https://abc.supabase.co --code 7Q2M-…
  SUPABASE_URL=… SUPABASE_SERVICE_KEY=… coord sync login")]
pub struct Login {
    /// URL of the Supabase project, instead of `SUPABASE_URL`
    #[arg(long)]
    url: Option<String>,
    /// An invitation, made by `coord sync enrol`
    #[arg(long)]
    code: Option<String>,
    /// Which workspace to join when the machine invites itself, if not `default`
    #[arg(long)]
    workspace: Option<String>,
    /// Make that workspace if there is none of that name
    #[arg(long)]
    new: bool,
}

impl Login {
    /// Enrols, keeps the login, and switches sync on.
    ///
    /// # Errors
    /// The mirror's refusal, or that there is no daemon.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let home = desk.home()?;
        home.prepare().map_err(Failure::from)?;
        // A daemon that is started now must not enrol this machine by itself as well.
        let turn = login::turn(&home)?;
        // Before a code is used up: whether the caller may do this, and a daemon is there.
        let before = desk.ask("sync_switch", json!({ "action": "look" }))?;
        let mut keys = keys(desk)?;
        let kept = kept(desk, &mut keys, &before)?;
        let address = service::address(desk, self.url.as_deref(), String::new())?;
        let (login, workspace) = self.enrol(desk, &address, &keys, &kept)?;
        login.save(&home).map_err(Failure::from)?;
        desk.ask("sync_switch", json!({ "action": "on", "device": login.device }))?;
        drop(turn);
        let (status, done) = follow::first_upload(desk)?;
        let facts = json!({ "device": login.device, "workspace": workspace, "sync": status });
        let mut sentence = format!("This machine is mirrored to the workspace {workspace}.");
        if !done {
            sentence += &format!("\nNot all of it yet:\n{}", show::status(&status, desk.now));
        }
        desk.done(&facts, sentence.trim_end())
    }

    /// A device that the mirror has let in, and where.
    fn enrol(
        self,
        desk: &Desk,
        place: &Address,
        keys: &Keys,
        kept: &str,
    ) -> Result<(login::Login, String), Trouble> {
        let with = |key: &str| Address { key: key.to_owned(), ..place.clone() };
        let code = match (self.code, &keys.service) {
            (Some(code), _) => code.trim().to_owned(),
            (None, Some(key)) => {
                let workspace = self.workspace.as_deref();
                let wanted = Invitation { workspace, role: "writer", minutes: 10, new: self.new };
                service::invite(desk, &with(key), &wanted)?.0
            }
            (None, None) => return Err(MirrorRefusal::NeedsCode.into()),
        };
        let login = login::Login::new(&desk.home()?, &place.url, Some(&place.rest_prefix), kept)
            .map_err(Failure::from)?;
        let opener = keys.least().ok_or(MirrorRefusal::NoKey)?;
        let request = coord_sync::wire::enrol(catalogue::schema(), &login.identity(), Some(&code));
        let answer = service::call(&with(opener), "coord_enrol", &request)?;
        match answer.get("status").and_then(Value::as_str) {
            Some("ok") => {}
            Some("upgrade_server") => return Err(MirrorRefusal::Upgrade("upgrade_server").into()),
            Some("upgrade_client") => return Err(MirrorRefusal::Upgrade("upgrade_client").into()),
            _ => return Err(MirrorRefusal::No(service::said(&answer)).into()),
        }
        let workspace = answer.get("workspace").and_then(Value::as_str).unwrap_or("default");
        Ok((login, workspace.to_owned()))
    }
}

/// The keys, from the settings or from whoever types one.
fn keys(desk: &Desk) -> Result<Keys, Trouble> {
    let mut keys = Keys::of(&desk.config()?);
    if keys.least().is_none() {
        keys.add(&told("Key of the project")?.ok_or(MirrorRefusal::NoKey)?);
    }
    Ok(keys)
}

/// The key that the login keeps: never the service key. None, if the daemon's settings have it.
fn kept(desk: &Desk, keys: &mut Keys, before: &Value) -> Result<String, Trouble> {
    let of_user = desk.config()?.is_of_user("supabase_service_key");
    if keys.publishable.is_none() && !of_user && before["has_service_key"] != true {
        let typed = std::io::stdin().is_terminal().then(|| told("Publishable key, which is kept"));
        let typed = typed.transpose()?.flatten().filter(|key| !is_of_service(key));
        keys.publishable = Some(typed.ok_or(MirrorRefusal::NoPublishableKey)?);
    }
    Ok(keys.publishable.clone().unwrap_or_default())
}

/// A key that is typed or sent to standard input; `None`: nothing was.
///
/// # Errors
/// When it cannot be read, or the terminal would show it.
pub fn told(what: &str) -> Result<Option<String>, Trouble> {
    let line = if std::io::stdin().is_terminal() {
        let line = unseen(&format!("{what} (it is not shown): "))?;
        complain("\n");
        line
    } else {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line)?;
        line
    };
    Ok(Some(line.trim().to_owned()).filter(|key| !key.is_empty()))
}

/// Stop mirroring and forget the key and the token.
///
/// What is in the mirror stays there, unless it is purged. To log in again makes a new device of
/// this machine.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord sync logout --yes
  coord sync logout --purge          take back what this machine sent, too")]
pub struct Logout {
    /// Do not ask
    #[arg(long)]
    yes: bool,
    /// Take out of the mirror what this machine sent; policies and shared work stay, and what other
    /// machines have of it
    #[arg(long)]
    purge: bool,
}

impl Logout {
    /// Removes the login and switches sync off.
    ///
    /// # Errors
    /// That nobody agreed, or there is no daemon.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let status = desk.ask("sync_switch", json!({ "action": "look" }))?;
        let lag = status["lag_rows"].as_i64().unwrap_or(0);
        let question = format!("Stop mirroring? {lag} changes are not in the mirror yet.");
        desk.confirm(&question, self.yes)?;
        if self.purge {
            purge(desk)?;
        }
        // The file first: it decides whether sync is on.
        login::Login::forget(&desk.home()?).map_err(Failure::from)?;
        let reply = desk.ask("sync_switch", json!({ "action": "off" }))?;
        desk.done(&reply, "Nothing is mirrored any more; the key and the token are gone.")
    }
}

/// Has the mirror forget this device, some thousand rows at a time. Broken off, it can be repeated.
fn purge(desk: &Desk) -> Result<(), Trouble> {
    let login = login::Login::load(&desk.home()?).map_err(Failure::from)?;
    let login = login.ok_or(MirrorRefusal::NoLogin)?;
    let request = json!({ "proto": coord_sync::wire::PROTO, "schema": catalogue::schema() });
    loop {
        let answer = service::call_as(&login.token, &login.address(), "coord_purge", &request)?;
        match (answer["status"].as_str(), answer["more"].as_bool()) {
            (Some("ok"), Some(true)) => {}
            (Some("ok"), _) => return Ok(()),
            _ => return Err(MirrorRefusal::No(service::said(&answer)).into()),
        }
    }
}
