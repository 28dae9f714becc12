//! The state directory and where everything in it lies.
//!
//! - `COORD_HOME`, else a fixed place under HOME: nothing else decides, so that
//!   every process of a user finds the same socket whatever its environment.
//! - 0700 and owned by us, or refused.
//!
//! Not here: what is in the files (`store`, `daemon`).

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::failure::Refusal;
use crate::os;

/// Longest path a Unix socket can have everywhere (macOS: 104 bytes with its NUL).
pub const SOCKET_PATH_MAX: usize = 103;

/// The state directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    dir: PathBuf,
}

/// Why a directory cannot be the home.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum HomeRefusal {
    #[error("neither COORD_HOME nor HOME is set")]
    Unknown,
    #[error("COORD_HOME must be an absolute path, not {}", .path.display())]
    Relative { path: PathBuf },
    #[error("{} belongs to another user", .path.display())]
    Foreign { path: PathBuf },
    #[error("{} was removed", .path.display())]
    Gone { path: PathBuf },
    #[error("{} cannot be made or used: {why}", .path.display())]
    Unusable { path: PathBuf, why: std::io::Error },
}

impl Refusal for HomeRefusal {
    fn code(&self) -> &'static str {
        "home_unusable"
    }

    fn hint(&self) -> Option<String> {
        Some("set COORD_HOME to an absolute path of a directory you may write to".into())
    }

    fn facts(&self) -> Map<String, Value> {
        let path = match self {
            Self::Unknown => return Map::new(),
            Self::Relative { path }
            | Self::Foreign { path }
            | Self::Gone { path }
            | Self::Unusable { path, .. } => path,
        };
        Map::from_iter([("path".to_owned(), path.display().to_string().into())])
    }
}

impl Home {
    /// The home that `coord_home` (the variable) or `user_home` (HOME) stands for.
    ///
    /// # Errors
    /// When neither is given, or `coord_home` is relative.
    pub fn locate(
        coord_home: Option<PathBuf>,
        user_home: Option<PathBuf>,
    ) -> Result<Self, HomeRefusal> {
        let dir = match coord_home.filter(|path| !path.as_os_str().is_empty()) {
            Some(path) if path.is_absolute() => path,
            Some(path) => return Err(HomeRefusal::Relative { path }),
            None => {
                let user =
                    user_home.filter(|path| path.is_absolute()).ok_or(HomeRefusal::Unknown)?;
                let data = if cfg!(target_os = "macos") {
                    "Library/Application Support"
                } else {
                    ".local/share"
                };
                user.join(data).join("coord")
            }
        };
        Ok(Self { dir })
    }

    /// Refuses a home that is not there.
    ///
    /// # Errors
    /// When it was removed.
    pub fn found(&self) -> Result<(), HomeRefusal> {
        if self.dir.is_dir() { Ok(()) } else { Err(HomeRefusal::Gone { path: self.dir.clone() }) }
    }

    /// Makes the directory if need be and checks that it is ours alone.
    ///
    /// # Errors
    /// When it cannot be made, or belongs to somebody else.
    pub fn prepare(&self) -> Result<(), HomeRefusal> {
        let unusable = |why| HomeRefusal::Unusable { path: self.dir.clone(), why };
        for dir in [self.dir.clone(), self.logs(), self.backups()] {
            private_dir(&dir).map_err(unusable)?;
        }
        let meta = fs::metadata(&self.dir).map_err(unusable)?;
        if meta.uid() != os::uid() {
            return Err(HomeRefusal::Foreign { path: self.dir.clone() });
        }
        if meta.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(&self.dir, fs::Permissions::from_mode(0o700)).map_err(unusable)?;
        }
        Ok(())
    }

    /// The directory itself.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The one database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.dir.join("coord.db")
    }

    /// Held by the one daemon.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        self.dir.join("daemon.lock")
    }

    /// Held by whoever starts the daemon, while it starts.
    #[must_use]
    pub fn start_lock(&self) -> PathBuf {
        self.dir.join("start.lock")
    }

    /// The user's settings.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.dir.join("config.toml")
    }

    /// Log files.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.dir.join("logs")
    }

    /// Copies of the database and sealed audit segments.
    #[must_use]
    pub fn backups(&self) -> PathBuf {
        self.dir.join("backups")
    }

    /// What the clients' configurations were before they were wired.
    #[must_use]
    pub fn setup(&self) -> PathBuf {
        self.dir.join("setup")
    }

    /// What opens the mirror in the cloud.
    #[must_use]
    pub fn sync_login(&self) -> PathBuf {
        self.dir.join("sync.json")
    }

    /// What the bodies in the mirror are encrypted with, if they are.
    #[must_use]
    pub fn sync_key(&self) -> PathBuf {
        self.dir.join("sync.key")
    }

    /// Held by whoever changes what opens the mirror.
    #[must_use]
    pub fn sync_lock(&self) -> PathBuf {
        self.dir.join("sync.lock")
    }

    /// Room in reserve for a full disk.
    #[must_use]
    pub fn ballast(&self) -> PathBuf {
        self.dir.join("ballast")
    }

    /// There while a daemon runs; found at start, it tells of an unclean end.
    #[must_use]
    pub fn running_mark(&self) -> PathBuf {
        self.dir.join("running")
    }

    /// The daemon's socket. A home whose path is too long for a socket gets one
    /// in a private directory under `/tmp`, named after the home.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        let inside = self.dir.join("coord.sock");
        if inside.as_os_str().len() <= SOCKET_PATH_MAX {
            return inside;
        }
        let digest = Sha256::digest(self.dir.as_os_str().as_encoded_bytes());
        let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        PathBuf::from(format!("/tmp/coord-{}-{name}/coord.sock", os::uid()))
    }
}

/// A directory that only we can enter, made with its parents if it is missing.
///
/// # Errors
/// What the file system says.
pub fn private_dir(dir: &Path) -> std::io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}
