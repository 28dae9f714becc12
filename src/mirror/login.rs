//! The file that opens the mirror: address, key, and this device's token.
//!
//! - The token is made here, from the system's randomness; the mirror gets its
//!   digest alone, once.
//! - The file is for its owner only (0600) and is replaced in one step.
//! - Nothing of it is ever printed, logged or put into an answer.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use coord_sync::Identity;
use coord_sync::remote::{Address, REST_PREFIX};
use serde::{Deserialize, Serialize};

use super::keys::{Keys, is_of_service};
use crate::audit::chain::digest;
use crate::config::Config;
use crate::home::Home;
use crate::os;

/// What the file holds.
#[derive(Clone, Serialize, Deserialize)]
pub struct Login {
    /// The project's URL.
    pub url: String,
    /// Path of its REST interface.
    pub rest_prefix: String,
    /// The project's publishable key; empty if none is kept here.
    pub key: String,
    /// The key that the settings have, where none is kept.
    #[serde(skip)]
    lent: Option<String>,
    /// This device's name for the mirror.
    pub device: String,
    /// What it shows that it is this device.
    pub token: String,
    /// The identity that it is about to take, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<(String, String)>,
    /// Where and on which machine the file was made.
    pub fingerprint: String,
}

impl Login {
    /// A new device for the mirror at this address.
    ///
    /// # Errors
    /// When the system gives no randomness, or home cannot be looked at.
    pub fn new(
        home: &Home,
        url: &str,
        rest_prefix: Option<&str>,
        key: &str,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            rest_prefix: rest_prefix.unwrap_or(REST_PREFIX).to_owned(),
            key: key.to_owned(),
            lent: None,
            device: uuid::Uuid::new_v4().to_string(),
            token: token()?,
            next: None,
            fingerprint: fingerprint(home)?,
        })
    }

    /// What is in the file; `None` if there is none.
    ///
    /// # Errors
    /// When it cannot be read or is not such a file.
    pub fn load(home: &Home) -> anyhow::Result<Option<Self>> {
        let text = match fs::read_to_string(home.sync_login()) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context("failed to read the login of sync"),
        };
        // The error of the parser would repeat parts of the file.
        let mut login: Self = serde_json::from_str(&text).map_err(|_secret| {
            anyhow::anyhow!("the login of sync is damaged; `coord sync login` makes a new one")
        })?;
        if login.key.is_empty() {
            // Read each time: whoever changes the settings need not log in anew.
            let config = Config::load(home, None, &[]).ok();
            login.lent = config.and_then(|config| Keys::of(&config).least().map(str::to_owned));
        }
        Ok(Some(login))
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, home: &Home) -> anyhow::Result<()> {
        let text = serde_json::to_string(self).context("failed to write the login of sync")?;
        replace(&home.sync_login(), &text)
    }

    /// Removes the file.
    ///
    /// # Errors
    /// When it is there and stays.
    pub fn forget(home: &Home) -> anyhow::Result<()> {
        match fs::remove_file(home.sync_login()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Where the mirror is.
    #[must_use]
    pub fn address(&self) -> Address {
        Address {
            url: self.url.clone(),
            rest_prefix: self.rest_prefix.clone(),
            key: self.opener().unwrap_or_default().to_owned(),
        }
    }

    /// The key that opens the mirror: the kept one, else what the settings have.
    #[must_use]
    pub fn opener(&self) -> Option<&str> {
        if self.key.is_empty() { self.lent.as_deref() } else { Some(&self.key) }
    }

    /// Which key that is and where it lies, in words.
    #[must_use]
    pub fn key_in_words(&self) -> &'static str {
        match self.opener() {
            None => "none",
            Some(key) if self.key.is_empty() && is_of_service(key) => {
                "the service key, from the settings; it is kept in no file of coord's"
            }
            Some(_) if self.key.is_empty() => "the publishable key, from the settings",
            Some(key) if is_of_service(key) => "the service key, kept in sync.json",
            Some(_) => "the publishable key, kept in sync.json",
        }
    }

    /// Whether both open the same mirror as the same device.
    #[must_use]
    pub fn is_for(&self, other: &Self) -> bool {
        let said = |login: &Self| {
            let Self { url, rest_prefix, key, lent, device, token, .. } = login.clone();
            (url, rest_prefix, key, lent, device, token)
        };
        said(self) == said(other)
    }

    /// Who this device is to the mirror.
    #[must_use]
    pub fn identity(&self) -> Identity {
        identity(&self.device, &self.token)
    }

    /// Whether the state directory is a copy of the one in which the file was made.
    ///
    /// # Errors
    /// When home cannot be looked at.
    pub fn was_copied(&self, home: &Home) -> anyhow::Result<bool> {
        Ok(self.fingerprint != fingerprint(home)?)
    }

    /// The identity that the device will take; the same until it has taken it.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn next_identity(&mut self, home: &Home) -> anyhow::Result<Identity> {
        if self.next.is_none() {
            self.next = Some((uuid::Uuid::new_v4().to_string(), token()?));
            self.save(home)?;
        }
        let (device, token) = self.next.as_ref().context("it was just made")?;
        Ok(identity(device, token))
    }

    /// Becomes the next identity, here.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn take_identity(&mut self, home: &Home) -> anyhow::Result<()> {
        if let Some((device, token)) = self.next.take() {
            (self.device, self.token) = (device, token);
        }
        self.fingerprint = fingerprint(home)?;
        self.save(home)
    }
}

/// Writes a file that is for its owner only, in one step.
///
/// # Errors
/// When it cannot be written.
pub fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let fresh = path.with_added_extension("new");
    let write = || -> anyhow::Result<()> {
        drop(fs::remove_file(&fresh));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        Ok(fs::rename(&fresh, path)?)
    };
    write().with_context(|| format!("failed to write {}", path.display()))
}

fn identity(device: &str, token: &str) -> Identity {
    Identity {
        device: device.to_owned(),
        token: token.to_owned(),
        token_digest: digest(token),
        name: os::host_name(),
        platform: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
    }
}

/// The right to change the login, for one process at a time; `None`: another has it.
///
/// # Errors
/// When home cannot be written.
pub fn turn(home: &Home) -> std::io::Result<Option<fs::File>> {
    let file = fs::File::options().create(true).append(true).open(home.sync_lock())?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// 32 random bytes as hex.
fn token() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The machine and the directory: a copy on either side has another one, a directory
/// that was only renamed has the same.
fn fingerprint(home: &Home) -> anyhow::Result<String> {
    let meta = fs::metadata(home.dir()).context("failed to look at the state directory")?;
    Ok(digest(format!("{} {} {}", os::machine_id(), meta.dev(), meta.ino())))
}
