//! The daemon's socket: where it listens, and for whom.
//!
//! - 0600 in a directory that only we can enter; the peer's user is checked on
//!   each connection all the same.
//! - Whoever holds the daemon's lock may remove what an earlier daemon left.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::{Context as _, ensure};
use tokio::net::{UnixListener, UnixStream};

use crate::failure::Outcome;
use crate::home::private_dir;
use crate::os;

/// Listens on `path`.
///
/// # Errors
/// A fault when the place is not ours or cannot be used.
pub fn bind(path: &Path) -> Outcome<UnixListener> {
    let folder = path.parent().context("the socket has no folder")?;
    private_dir(folder).with_context(|| format!("failed to make {}", folder.display()))?;
    ours_alone(folder)?;
    drop(fs::remove_file(path));
    let listener = UnixListener::bind(path)
        .with_context(|| format!("failed to listen on {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
        .context("failed to close the socket to others")?;
    Ok(listener)
}

/// A folder under `/tmp` may have been put there by somebody else.
fn ours_alone(folder: &Path) -> anyhow::Result<()> {
    let meta = fs::symlink_metadata(folder).context("failed to look at the socket's folder")?;
    ensure!(
        meta.is_dir() && meta.uid() == os::uid(),
        "{} belongs to somebody else",
        folder.display()
    );
    ensure!(
        meta.permissions().mode() & 0o077 == 0,
        "{} can be entered by others",
        folder.display()
    );
    Ok(())
}

/// The process at the other end, if it is the same user's.
///
/// # Errors
/// When it is another user's.
pub fn check_peer(stream: &UnixStream) -> anyhow::Result<Option<u32>> {
    let peer = stream.peer_cred().context("failed to ask who connects")?;
    ensure!(peer.uid() == os::uid(), "user {} may not connect to this daemon", peer.uid());
    Ok(peer.pid().and_then(|pid| u32::try_from(pid).ok()))
}
