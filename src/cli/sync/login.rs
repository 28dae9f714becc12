//! `coord sync login` and `coord sync logout`.

use serde_json::{Value, json};

use super::prompt;
use super::service::{self, MirrorRefusal};
use crate::cli::Trouble;
use crate::cli::desk::Desk;
use crate::mirror::{catalogue, login};

/// Enrol this machine with a Supabase project, and begin to mirror.
///
/// The project's key is taken from `SUPABASE_KEY` or `SUPABASE_SERVICE_KEY`, else asked for or read
/// from standard input; it is never an argument. With the service key the machine invites
/// itself; without, a code of `coord sync enrol` is needed.
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
    /// Which workspace to join when the machine invites itself
    #[arg(long, default_value = "default")]
    workspace: String,
}

impl Login {
    /// Enrols, keeps the login, and switches sync on.
    ///
    /// # Errors
    /// The mirror's refusal, or that there is no daemon.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let key = key(desk)?;
        let address = service::address(desk, self.url.as_deref(), key)?;
        let code = match self.code {
            Some(code) => code,
            None => service::invite(&address, &self.workspace, "writer", 10)?,
        };
        let home = desk.home()?;
        home.prepare().map_err(crate::failure::Failure::from)?;
        let login =
            login::Login::new(&home, &address.url, Some(&address.rest_prefix), &address.key)
                .map_err(crate::failure::Failure::from)?;
        let request = coord_sync::wire::enrol(catalogue::schema(), &login.identity(), Some(&code));
        let answer = service::call(&address, "coord_enrol", &request)?;
        if answer.get("status").and_then(Value::as_str) != Some("ok") {
            return Err(MirrorRefusal::No(service::said(&answer)).into());
        }
        login.save(&home).map_err(crate::failure::Failure::from)?;
        let on = json!({ "action": "on", "device": login.device });
        desk.ask("sync_switch", on)?;
        super::show::follow(desk)?;
        let workspace = answer.get("workspace").and_then(Value::as_str).unwrap_or("default");
        let facts = json!({ "device": login.device, "workspace": workspace });
        desk.done(&facts, &format!("This machine is mirrored to the workspace {workspace}."))
    }
}

/// The key, from the settings or from whoever types it.
fn key(desk: &Desk) -> Result<String, Trouble> {
    if let Some(key) = desk.config()?.supabase_key() {
        return Ok(key.to_owned());
    }
    let key = prompt::secret("Key of the project")?;
    if key.is_empty() { Err(MirrorRefusal::NoKey.into()) } else { Ok(key) }
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
    /// Switches sync off and removes the login.
    ///
    /// # Errors
    /// That nobody agreed, or there is no daemon.
    pub fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        let status = desk.ask("sync_status", json!({}))?;
        let lag = status["lag_rows"].as_i64().unwrap_or(0);
        let question = format!("Stop mirroring? {lag} changes are not in the mirror yet.");
        desk.confirm(&question, self.yes)?;
        let reply = desk.ask("sync_switch", json!({ "action": "off" }))?;
        if self.purge {
            purge(desk)?;
        }
        login::Login::forget(&desk.home()?).map_err(crate::failure::Failure::from)?;
        desk.done(&reply, "Nothing is mirrored any more; the key and the token are gone.")
    }
}

/// Has the mirror forget this device, some thousand rows at a time. Broken off, it can be repeated.
fn purge(desk: &Desk) -> Result<(), Trouble> {
    let login = login::Login::load(&desk.home()?).map_err(crate::failure::Failure::from)?;
    let Some(login) = login else { return Err(MirrorRefusal::NoLogin.into()) };
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
