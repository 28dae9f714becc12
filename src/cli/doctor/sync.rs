//! Sync: whether the mirror answers this device, and what to do when it does not.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use coord_sync::remote::Remote;
use coord_sync::{Transport as _, Trouble, trouble};
use serde_json::json;

use super::{Check, Patient};
use crate::mirror::key::Key;
use crate::mirror::login::Login;
use crate::mirror::tools::advice;

pub fn checks(patient: &Patient) -> Vec<Check> {
    let login = match Login::load(&patient.home) {
        Ok(Some(login)) => login,
        Ok(None) => return vec![],
        Err(error) => {
            return vec![Check::fail("sync", format!("{error:#}"), "`coord sync login`")];
        }
    };
    let secrets = [patient.home.sync_login(), patient.home.sync_key()];
    let is_open = |path: &&PathBuf| {
        std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
    };
    if let Some(path) = secrets.iter().find(is_open) {
        let message = format!("others may read {}", path.display());
        return vec![Check::fail("sync", message, format!("chmod 600 {}", path.display()))];
    }
    if let Err(error) = Key::load(&patient.home) {
        return vec![Check::fail("sync", format!("{error:#}"), advice("key_damaged"))];
    }
    if login.was_copied(&patient.home).unwrap_or(false) {
        let message = "the state directory is a copy of another one";
        return vec![Check::warn("sync", message, "nothing: it takes a name of its own by itself")];
    }
    vec![match ask(&login) {
        Ok(()) => Check::ok("sync", format!("the mirror at {} knows this device", login.url)),
        Err(trouble) => {
            let message = format!("{}: {}", login.url, trouble.what());
            Check::warn("sync", message, advice(trouble.code()))
        }
    }]
}

/// One small question to the mirror.
fn ask(login: &Login) -> Result<(), Trouble> {
    let offline = |what: String| Trouble::Offline { what, page: false };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| offline(error.to_string()))?;
    let mut remote = Remote::new(&login.address(), env!("CARGO_PKG_VERSION"))
        .map_err(|error| Trouble::Nonsense { what: format!("{error:#}") })?;
    remote.identify(&login.token);
    let reply = runtime.block_on(remote.call("coord_head", &json!({}))).map_err(offline)?;
    trouble::read(&reply).map(drop)
}
