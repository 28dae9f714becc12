//! The state directory: whose it is, who can enter it, and whether there is room.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::{Check, Patient};
use crate::cli::render::bytes;
use crate::os;

/// Less room than this is worth a word.
const ROOM_LOW: u64 = 512 << 20;
/// With less than this the next transaction may fail.
const ROOM_NONE: u64 = 32 << 20;

pub fn checks(patient: &Patient) -> Vec<Check> {
    let dir = patient.home.dir();
    let meta = match std::fs::metadata(dir) {
        Ok(meta) => meta,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return vec![Check::ok(
                "home",
                format!("{} is made when it is first needed", dir.display()),
            )];
        }
        Err(error) => {
            return vec![Check::fail(
                "home",
                format!("{} cannot be looked at: {error}", dir.display()),
                "set COORD_HOME to a directory of your own",
            )];
        }
    };
    let mut checks = vec![owner(dir, &meta)];
    checks.extend(file_system(dir));
    checks.extend(private("database", &patient.home.database()));
    checks.extend(private("socket", &patient.home.socket()));
    checks.extend(room(dir));
    checks.extend(ballast(patient));
    checks
}

fn owner(dir: &Path, meta: &Metadata) -> Check {
    let shown = dir.display();
    let mode = meta.permissions().mode() & 0o777;
    if !meta.is_dir() {
        return Check::fail("home", format!("{shown} is no directory"), "set COORD_HOME elsewhere");
    }
    if meta.uid() != os::uid() {
        return Check::fail(
            "home",
            format!("{shown} belongs to another user"),
            "set COORD_HOME to a directory of your own",
        );
    }
    if mode & 0o700 != 0o700 {
        return Check::fail(
            "home",
            format!("{shown} has mode {mode:03o}: we cannot write to it"),
            format!("chmod 700 {shown}"),
        );
    }
    if mode & 0o077 != 0 {
        return Check::warn(
            "home",
            format!("{shown} has mode {mode:03o}: others can look into it"),
            "the daemon sets it to 700 when it starts",
        );
    }
    Check::ok("home", format!("{shown} is yours alone"))
}

fn file_system(dir: &Path) -> Option<Check> {
    let kind = os::network_file_system(dir).ok().flatten()?;
    Some(Check::fail(
        "home",
        format!("{} lies on a network file system ({kind})", dir.display()),
        "set COORD_HOME to a directory on a local disk",
    ))
}

/// A file that only its owner may read.
fn private(name: &'static str, path: &Path) -> Option<Check> {
    let mode = std::fs::symlink_metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| {
        Check::warn(
            name,
            format!("{} has mode {mode:03o}: others can use it", path.display()),
            format!("chmod 600 {}", path.display()),
        )
    })
}

fn room(dir: &Path) -> Option<Check> {
    let stat = rustix::fs::statvfs(dir).ok()?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let message = format!("{} free", bytes(free));
    Some(if free < ROOM_NONE {
        Check::fail("disk", message, "free some space: new work is refused until there is room")
    } else if free < ROOM_LOW {
        Check::warn("disk", message, "free some space before it is full")
    } else {
        Check::ok("disk", message)
    })
}

/// The reserve is given up when the disk is full, and taken up again later.
fn ballast(patient: &Patient) -> Option<Check> {
    let gone = patient.home.database().exists() && !patient.home.ballast().exists();
    gone.then(|| {
        Check::warn(
            "disk",
            "the reserve for a full disk is used up",
            "free some space; the daemon takes it up again by itself",
        )
    })
}
