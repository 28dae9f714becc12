//! Asking the mirror from the command line, and saying what is wrong with it.

use coord_sync::remote::{Address, REST_PREFIX, Remote};
use coord_sync::{Transport as _, Trouble as Mirror, trouble};
use serde_json::{Map, Value, json};

use crate::cli::Trouble;
use crate::cli::desk::Desk;
use crate::cli::render::clean;
use crate::config::Accepts;
use crate::failure::Refusal;
use crate::mirror::advice::advice;

/// Why the mirror did not do it.
#[derive(Debug, thiserror::Error)]
pub enum MirrorRefusal {
    /// Nobody said where it is.
    #[error("no Supabase project is named")]
    NoUrl,
    /// Nobody gave a key.
    #[error("no key of the Supabase project is given")]
    NoKey,
    /// This machine is not enrolled.
    #[error("this machine is not logged in")]
    NoLogin,
    /// Nobody gave the key that lets machines in.
    #[error("no service key of the Supabase project is given")]
    NoServiceKey,
    /// Neither a code nor the key that makes one.
    #[error("the publishable key alone does not let a machine in")]
    NeedsCode,
    /// The key that would be kept is the one that must not be.
    #[error("the service key is not kept on a machine, and no publishable key is given")]
    NoPublishableKey,
    /// Nobody said where its database is.
    #[error("no database is named")]
    NoDatabase,
    /// What was said cannot be an address, or not a key.
    #[error("{0}")]
    BadAddress(String),
    /// The database does not answer, or not to these credentials.
    #[error("{0:#}")]
    Database(anyhow::Error),
    /// The database answers, and a migration does not go through.
    #[error("{0:#}")]
    Migration(anyhow::Error),
    /// It answered, and the answer is no.
    #[error("the mirror refuses: {0}")]
    No(String),
    /// Nobody has made such a workspace.
    #[error("there is no workspace {name}; there are: {}", .known.join(", "))]
    UnknownWorkspace {
        /// What was asked for.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// One of the two is too old.
    #[error("this coord and the mirror are too far apart")]
    Upgrade(&'static str),
    /// It is in trouble.
    #[error("{}", .0.what())]
    Trouble(Mirror),
}

impl Refusal for MirrorRefusal {
    fn code(&self) -> &'static str {
        match self {
            Self::NoUrl => "no_url",
            Self::NoKey => "no_key",
            Self::NoLogin => "not_logged_in",
            Self::NoServiceKey => "no_service_key",
            Self::NeedsCode => "needs_code",
            Self::NoPublishableKey => "no_publishable_key",
            Self::NoDatabase => "no_database_url",
            Self::BadAddress(_) => "bad_address",
            Self::Database(_) => "database_unreachable",
            Self::Migration(_) => "migration_failed",
            Self::No(_) => "mirror_refused",
            Self::UnknownWorkspace { .. } => "unknown_workspace",
            Self::Upgrade(code) => code,
            Self::Trouble(trouble) => trouble.code(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoUrl => "give --url, or set SUPABASE_URL".into(),
            Self::NoKey => {
                "type it when asked, send it to standard input, or set SUPABASE_KEY".into()
            }
            Self::NoLogin => "`coord sync login` enrols it".into(),
            Self::NoServiceKey => {
                "set SUPABASE_SERVICE_KEY for this command; the dashboard has it under API keys".into()
            }
            Self::NeedsCode => {
                "give --code; `coord sync enrol` on a machine with the service key makes one".into()
            }
            Self::NoPublishableKey => {
                "set SUPABASE_KEY to the publishable key as well, or put supabase_service_key into config.toml"
                    .into()
            }
            Self::NoDatabase => "set SUPABASE_DB_URL, or give --db-url".into(),
            Self::BadAddress(_) => {
                "the dashboard has both under Project Settings, API; the URL is https://NAME.supabase.co".into()
            }
            Self::Database(_) => {
                "give it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE; the dashboard's Connect shows it"
                    .into()
            }
            Self::Migration(_) => {
                "what was applied before stays; run it again as the database's owner".into()
            }
            Self::No(_) => {
                "`coord sync enrol` on a machine with the service key makes a new code".into()
            }
            Self::UnknownWorkspace { .. } => {
                "--workspace takes one of these; --new makes another".into()
            }
            Self::Upgrade(code) => advice(code).into(),
            Self::Trouble(trouble) => advice(trouble.code()).into(),
        })
    }

    fn facts(&self) -> Map<String, Value> {
        match self {
            Self::UnknownWorkspace { name, known } => Map::from_iter([
                ("workspace".to_owned(), name.as_str().into()),
                ("known".to_owned(), known.as_slice().into()),
            ]),
            _ => Map::new(),
        }
    }
}

/// Where the mirror is, by the settings and what was said.
///
/// # Errors
/// That a setting is wrong, or the URL is missing.
pub fn address(desk: &Desk, url: Option<&str>, key: String) -> Result<Address, Trouble> {
    let config = desk.config()?;
    let url = url.or_else(|| config.supabase_url()).ok_or(MirrorRefusal::NoUrl)?;
    if Accepts::Url(&["https", "http"]).read(url).is_none() {
        return Err(MirrorRefusal::BadAddress(format!("{url:?} is no URL of a project")).into());
    }
    let rest_prefix = config.supabase_rest_prefix().unwrap_or(REST_PREFIX);
    Ok(Address { url: url.to_owned(), rest_prefix: rest_prefix.to_owned(), key })
}

/// Calls a function of the mirror.
///
/// # Errors
/// What it says instead of an answer.
pub fn call(address: &Address, function: &'static str, request: &Value) -> Result<Value, Trouble> {
    call_as("", address, function, request)
}

/// Calls a function as the device that has this token.
///
/// # Errors
/// What it says instead of an answer.
pub fn call_as(
    token: &str,
    address: &Address,
    function: &'static str,
    request: &Value,
) -> Result<Value, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut remote = Remote::new(address, env!("CARGO_PKG_VERSION"))
        .map_err(|error| MirrorRefusal::BadAddress(format!("{error:#}")))?;
    remote.identify(token);
    let reply = runtime.block_on(remote.call(function, request));
    let reply =
        reply.map_err(|what| MirrorRefusal::Trouble(Mirror::Offline { what, page: false }))?;
    Ok(trouble::read(&reply).map_err(MirrorRefusal::Trouble)?)
}

/// Whom a code lets in.
#[derive(Clone, Copy)]
pub struct Invitation<'a> {
    /// The workspace; none: the usual one.
    pub workspace: Option<&'a str>,
    /// `writer` or `reader`.
    pub role: &'a str,
    /// How long the code is good.
    pub minutes: u32,
    /// Whether the workspace may be one that is not there yet.
    pub new: bool,
}

/// The workspace of those who name none.
pub const USUAL: &str = "default";

/// A code for one device, made with the service key, and whether its workspace was made for it. A
/// name that no workspace has may be mistyped: a person is asked.
///
/// # Errors
/// As [`call`], or that the mirror refuses.
pub fn invite(
    desk: &Desk,
    address: &Address,
    wanted: &Invitation<'_>,
) -> Result<(String, bool), Trouble> {
    let Invitation { workspace, role, minutes, new } = *wanted;
    let name = workspace.unwrap_or(USUAL);
    let new = new || workspace.is_none();
    let request = json!({ "workspace": name, "role": role, "minutes": minutes, "new": new });
    let answer = call(address, "coord_invite", &request)?;
    if answer["status"] == "unknown_workspace" {
        let known = answer["known"].as_array().into_iter().flatten();
        let known = known.filter_map(|name| Some(name.as_str()?.to_owned())).collect();
        let refusal = MirrorRefusal::UnknownWorkspace { name: name.to_owned(), known };
        if desk.json || !crate::config::is_terminal() {
            return Err(refusal.into());
        }
        desk.confirm(&format!("{}. Make it?", clean(&refusal.to_string())), false)?;
        return invite(desk, address, &Invitation { new: true, ..*wanted });
    }
    match answer.get("code").and_then(Value::as_str) {
        Some(code) => Ok((code.to_owned(), answer["made"] == true)),
        None => Err(MirrorRefusal::No(said(&answer)).into()),
    }
}

/// The mirror's own words.
pub fn said(answer: &Value) -> String {
    let field = |name: &str| answer.get(name).and_then(Value::as_str);
    field("message")
        .or_else(|| field("reason"))
        .or_else(|| field("status"))
        .unwrap_or("no reason given")
        .to_owned()
}
