//! The arbiter over HTTP: the functions of the mirror, as the device that the login names.
//!
//! - The login is the file that `coord sync login` writes. It is read when it is needed, so that enrolling takes effect
//!   without a restart.
//! - A few connections, because several sessions may ask at once.
//!
//! Not here: what is asked (`locks`, `work`), the login (`mirror`), keys and headers (the crate `sync`).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use coord_sync::remote::{Remote, Reply, Transport as _};
use serde_json::Value;

use super::court::{Answering, Court, Silence};
use crate::home::Home;
use crate::mirror::login::Login;

/// Connections that are kept for the next question.
const KEPT: usize = 4;
/// Who is told to come again later comes again at most so much later.
const LATER_MAX: Duration = Duration::from_secs(2);

/// The login, if it opens the mirror.
fn login(home: &Home) -> Result<Login, Silence> {
    let shut_out = |why: String| Silence::ShutOut(why);
    let login = Login::load(home).map_err(|error| shut_out(format!("{error:#}")))?;
    let login =
        login.ok_or_else(|| shut_out("this machine is not enrolled: coord sync login".into()))?;
    match login.opener() {
        Some(_) => Ok(login),
        None => Err(shut_out("no key of the mirror is set: coord sync status".into())),
    }
}

/// The arbiter that the login of this home names.
pub struct HttpCourt {
    home: Home,
    line: Mutex<Option<Line>>,
}

struct Line {
    device: String,
    token: String,
    idle: Vec<Remote>,
}

impl HttpCourt {
    /// For the login of this home, if there is or will be one.
    #[must_use]
    pub const fn new(home: Home) -> Self {
        Self { home, line: Mutex::new(None) }
    }

    /// A connection as the device of the login.
    fn take(&self) -> Result<(Remote, String), Silence> {
        let login = login(&self.home)?;
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.as_ref().is_none_or(|line| line.token != login.token) {
            self.refuse_a_copy(&login)?;
            *line = Some(Line {
                device: login.device.clone(),
                token: login.token.clone(),
                idle: vec![],
            });
        }
        if let Some(remote) = line.as_mut().and_then(|line| line.idle.pop()) {
            return Ok((remote, login.token));
        }
        let made = Remote::new(&login.address(), env!("CARGO_PKG_VERSION"));
        let mut remote = made.map_err(|error| Silence::ShutOut(format!("{error:#}")))?;
        remote.identify(&login.token);
        Ok((remote, login.token))
    }

    /// Two machines that are one device to the arbiter would give back each other's locks.
    fn refuse_a_copy(&self, login: &Login) -> Result<(), Silence> {
        match login.was_copied(&self.home) {
            Ok(false) => Ok(()),
            Ok(true) => Err(Silence::ShutOut(
                "this state directory is a copy of another machine's: coord sync login".into(),
            )),
            Err(error) => Err(Silence::ShutOut(format!("{error:#}"))),
        }
    }

    fn keep(&self, remote: Remote, token: &str) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) =
            line.as_mut().filter(|line| line.token == token && line.idle.len() < KEPT)
        {
            line.idle.push(remote);
        }
    }

    async fn call(&self, function: &'static str, p: &Value) -> Result<Value, Silence> {
        let (mut remote, token) = self.take()?;
        let mut reply = remote.call(function, p).await.map_err(Silence::Unreachable)?;
        if reply.status == 429 {
            tokio::time::sleep(reply.retry_after.unwrap_or_default().min(LATER_MAX)).await;
            reply = remote.call(function, p).await.map_err(Silence::Unreachable)?;
        }
        self.keep(remote, &token);
        read(&reply)
    }
}

impl Court for HttpCourt {
    fn ask<'a>(&'a self, function: &'static str, p: &'a Value) -> Answering<'a> {
        Box::pin(self.call(function, p))
    }

    fn device(&self) -> String {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.as_ref().map(|line| line.device.clone()).unwrap_or_default()
    }
}

/// An answer of the arbiter; whatever else came is none.
fn read(reply: &Reply) -> Result<Value, Silence> {
    let told: Option<Value> = serde_json::from_str(&reply.body).ok();
    match (reply.status, told) {
        (200, Some(answer)) if answer["status"].is_string() => Ok(answer),
        (401 | 403, Some(told)) if matches!(told["code"].as_str(), Some("PT401" | "PT403")) => {
            Err(Silence::ShutOut(told["message"].as_str().unwrap_or_default().to_owned()))
        }
        (status, Some(told)) if told["code"].is_string() => {
            Err(Silence::Unreachable(format!("it answered {status}, {}", told["code"])))
        }
        (status, _) => {
            Err(Silence::Unreachable(format!("what answered {status} is not the arbiter")))
        }
    }
}
