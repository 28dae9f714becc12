//! Enrolling by settings alone: a daemon that was started with a project's URL and its service key
//! invites itself, in the background, and tries again for as long as that takes.
//!
//! - The service key opens the door and is then let go: no file of ours holds it.
//! - Whoever logs in by hand meanwhile is left alone, and so is a machine that was logged out.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use coord_sync::remote::{Address, REST_PREFIX, Remote};
use coord_sync::{Transport as _, Trouble, pace, trouble, wire};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::failure::Failure;
use crate::home::Home;
use crate::mirror::board::{Board, Halt};
use crate::mirror::keys::Keys;
use crate::mirror::login::{self, Login};
use crate::mirror::{catalogue, tools};
use crate::store::{Store, Topic};
use crate::time::Clock;

/// The workspace of machines that nobody told another one.
const WORKSPACE: &str = "default";
/// How long an invitation is good that is used at once, in minutes.
const MINUTES: u32 = 10;
/// How long whoever logs in by hand is left alone.
const ANOTHER_S_TURN: Duration = Duration::from_secs(1);

/// What the settings offer.
#[derive(Clone)]
pub struct Offer {
    /// The project.
    pub url: String,
    rest_prefix: String,
    keys: Keys,
}

impl Offer {
    /// A project and a key for it; `None`: the settings do not name both.
    pub fn of(config: &Config) -> Option<Self> {
        let keys = Keys::of(config);
        keys.least()?;
        let rest_prefix = config.supabase_rest_prefix().unwrap_or(REST_PREFIX).to_owned();
        Some(Self { url: config.supabase_url()?.to_owned(), rest_prefix, keys })
    }

    /// Whether it has the key that lets a machine in.
    pub const fn can_invite(&self) -> bool {
        self.keys.service.is_some()
    }

    fn opened_by(&self, key: &str) -> Address {
        Address {
            url: self.url.clone(),
            rest_prefix: self.rest_prefix.clone(),
            key: key.to_owned(),
        }
    }
}

/// Why it is not done yet.
enum Not {
    /// The mirror's trouble.
    Trouble(Trouble),
    /// It answered, and the answer is no.
    Refused(&'static str, String),
    /// Somebody else is at it.
    Taken,
    /// Ours.
    Own(anyhow::Error),
}

impl From<Trouble> for Not {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<anyhow::Error> for Not {
    fn from(error: anyhow::Error) -> Self {
        Self::Own(error)
    }
}

/// What the thread works with.
pub struct Enrol {
    pub store: Arc<Store>,
    pub home: Home,
    pub offer: Offer,
    pub board: Arc<Board>,
}

impl Enrol {
    /// Tries until this machine is enrolled, by us or by somebody else.
    ///
    /// # Errors
    /// What keeps it from trying; trouble with the mirror is no error.
    pub fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.keep_trying(stop))
    }

    async fn keep_trying(self, stop: CancellationToken) -> anyhow::Result<()> {
        // The same device each time: an answer that was lost leaves no stranger behind.
        let kept = self.offer.keys.publishable.as_deref().unwrap_or_default();
        let prefix = Some(self.offer.rest_prefix.as_str());
        let login = Login::new(&self.home, &self.offer.url, prefix, kept)?;
        let mut failures = 0;
        loop {
            let tried = tokio::select! {
                () = stop.cancelled() => return Ok(()),
                tried = self.attempt(&login) => tried,
            };
            let wait = match tried {
                Ok(()) => return Ok(()),
                Err(Not::Taken) => ANOTHER_S_TURN,
                Err(not) => {
                    failures += 1;
                    self.tell(not, failures)
                }
            };
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(wait) => {}
                () = self.hurried() => failures = 0,
            }
        }
    }

    async fn hurried(&self) {
        while !self.board.was_hurried() {
            self.board.nudged().await;
        }
    }

    /// Asks to be let in, once.
    async fn attempt(&self, login: &Login) -> Result<(), Not> {
        if !self.is_wanted()? {
            return Ok(());
        }
        let service = self.offer.keys.service.as_deref().context("it has no service key")?;
        let invite = json!({ "workspace": WORKSPACE, "role": "writer", "minutes": MINUTES });
        let invited = self.ask(service, "coord_invite", &invite).await?;
        let code = invited["code"].as_str().ok_or_else(|| refused(&invited))?;
        let opener = self.offer.keys.least().unwrap_or(service);
        let request = wire::enrol(catalogue::schema(), &login.identity(), Some(code));
        let answer = self.ask(opener, "coord_enrol", &request).await?;
        if answer["status"] != "ok" {
            return Err(refused(&answer));
        }
        self.begin(login).await
    }

    /// Whether nobody has logged in or out meanwhile, and nobody is at it.
    fn is_wanted(&self) -> Result<bool, Not> {
        let Some(_turn) = login::turn(&self.home).context("failed to take turns")? else {
            return Err(Not::Taken);
        };
        self.is_open()
    }

    fn is_open(&self) -> Result<bool, Not> {
        let out = self.store.read(tools::was_logged_out).map_err(Failure::into_error)?;
        Ok(!out && Login::load(&self.home)?.is_none())
    }

    /// Keeps the login and begins to log changes.
    async fn begin(&self, login: &Login) -> Result<(), Not> {
        let turn = login::turn(&self.home).context("failed to take turns")?;
        let Some(_turn) = turn else { return Err(Not::Taken) };
        if !self.is_open()? {
            return Ok(());
        }
        login.save(&self.home)?;
        let device = login.device.clone();
        let on = self.store.write(move |tx| {
            tools::switch_on(tx, Some(&device))?;
            tx.changed(Topic::Sync);
            Ok(())
        });
        tracing::info!(url = self.offer.url, "this machine is enrolled");
        on.await.map_err(|failure| Not::Own(failure.into_error()))
    }

    async fn ask(&self, key: &str, function: &'static str, request: &Value) -> Result<Value, Not> {
        let mut remote = Remote::new(&self.offer.opened_by(key), env!("CARGO_PKG_VERSION"))?;
        let reply = remote.call(function, request).await;
        let reply = reply.map_err(|what| Trouble::Offline { what, page: false })?;
        Ok(trouble::read(&reply)?)
    }

    /// Says why it is not done yet, and when it is tried again.
    fn tell(&self, not: Not, failures: u32) -> Duration {
        let (code, why, rarely) = match not {
            Not::Trouble(trouble) => {
                (trouble.code(), trouble.what().to_owned(), trouble.needs_a_person())
            }
            Not::Refused(code, why) => (code, why, true),
            Not::Own(error) => ("store", format!("{error:#}"), false),
            Not::Taken => ("busy", "somebody else logs in".into(), false),
        };
        let patient = if rarely { Duration::from_millis(pace::RARELY) } else { Duration::ZERO };
        let wait = pace::pause(failures).max(patient);
        let since = Clock::System.now();
        let reason = format!("this machine is not enrolled yet: {why}");
        tracing::debug!(code, reason, "enrolling has to wait");
        let next_try = Some(since.plus(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)));
        self.board.halted(Some(Halt { code, reason, since, next_try }));
        wait
    }
}

fn refused(answer: &Value) -> Not {
    let code = match answer["status"].as_str() {
        Some("upgrade_server") => "upgrade_server",
        Some("upgrade_client") => "upgrade_client",
        _ => "refused",
    };
    Not::Refused(code, answer["reason"].as_str().unwrap_or(code).to_owned())
}
