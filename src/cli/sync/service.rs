//! Asking the mirror from the command line, and saying what is wrong with it.

use coord_sync::remote::{Address, REST_PREFIX, Remote};
use coord_sync::{Transport as _, Trouble as Mirror, trouble};
use serde_json::{Map, Value, json};

use crate::cli::Trouble;
use crate::cli::desk::Desk;
use crate::failure::{Failure, Refusal};
use crate::mirror::tools::advice;

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
    /// Nobody said where its database is.
    #[error("no database is named")]
    NoDatabase,
    /// It answered, and the answer is no.
    #[error("the mirror refuses: {0}")]
    No(String),
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
            Self::NoDatabase => "no_database_url",
            Self::No(_) => "mirror_refused",
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
            Self::NoDatabase => "set SUPABASE_DB_URL, or give --db-url".into(),
            Self::No(_) => {
                "`coord sync enrol` on a machine with the service key makes a new code".into()
            }
            Self::Trouble(trouble) => advice(trouble.code()).into(),
        })
    }

    fn facts(&self) -> Map<String, Value> {
        Map::new()
    }
}

/// Where the mirror is, by the settings and what was said.
///
/// # Errors
/// That a setting is wrong, or the URL is missing.
pub fn address(desk: &Desk, url: Option<&str>, key: String) -> Result<Address, Trouble> {
    let config = desk.config()?;
    let url = url.or_else(|| config.supabase_url()).ok_or(MirrorRefusal::NoUrl)?;
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
    let mut remote = Remote::new(address, env!("CARGO_PKG_VERSION")).map_err(Failure::from)?;
    remote.identify(token);
    let reply = runtime.block_on(remote.call(function, request));
    let reply =
        reply.map_err(|what| MirrorRefusal::Trouble(Mirror::Offline { what, page: false }))?;
    Ok(trouble::read(&reply).map_err(MirrorRefusal::Trouble)?)
}

/// A code for one device, made with the service key.
///
/// # Errors
/// As [`call`], or that the mirror refuses.
pub fn invite(
    address: &Address,
    workspace: &str,
    role: &str,
    minutes: u32,
) -> Result<String, Trouble> {
    let request = json!({ "workspace": workspace, "role": role, "minutes": minutes });
    let answer = call(address, "coord_invite", &request)?;
    match answer.get("code").and_then(Value::as_str) {
        Some(code) => Ok(code.to_owned()),
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
