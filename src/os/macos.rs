//! macOS: `ps(1)`, `statfs`.

use std::path::Path;
use std::process::Command;

use super::Stat;

/// Counts sleep on this system, unlike `CLOCK_UPTIME_RAW` (`clock_gettime(3)`).
pub const UPTIME_CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

/// Asks `ps`, the only interface to other processes that needs no `unsafe`.
pub fn stat(pid: u32) -> Option<Stat> {
    let output = Command::new("/bin/ps")
        .args(["-o", "ppid=,state=,lstart=,comm=", "-p", &pid.to_string()])
        .env("LC_ALL", "C")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let path = fields.get(7..)?.join(" ");
    Some(Stat {
        name: path.rsplit('/').next()?.to_owned(),
        parent: fields.first()?.parse().ok()?,
        started: fields.get(2..7)?.join(" "),
        zombie: fields.get(1)?.starts_with('Z'),
    })
}

/// There is none without unsafe code.
pub fn end_of(_pid: u32) -> std::io::Result<Option<std::os::fd::OwnedFd>> {
    Ok(None)
}

/// Only the notifications of a library would tell, and those wake for every write.
pub fn departures_from(_dir: &Path) -> std::io::Result<Option<std::os::fd::OwnedFd>> {
    Ok(None)
}

pub fn boot_id() -> String {
    Command::new("/usr/sbin/sysctl")
        .args(["-n", "kern.bootsessionuuid"])
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(|| "unknown".into(), |id| id.trim().to_owned())
}

/// The hardware's UUID.
pub fn machine_id() -> String {
    Command::new("/usr/sbin/sysctl")
        .args(["-n", "kern.uuid"])
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(|| "unknown".into(), |id| id.trim().to_owned())
}

const NETWORK: [&str; 5] = ["nfs", "smbfs", "afpfs", "webdav", "macfuse"];

pub fn network_file_system(path: &Path) -> std::io::Result<Option<&'static str>> {
    let stat = rustix::fs::statfs(path)?;
    let bytes: Vec<u8> =
        stat.f_fstypename.iter().take_while(|c| **c != 0).map(|c| c.cast_unsigned()).collect();
    let name = String::from_utf8_lossy(&bytes).into_owned();
    Ok(NETWORK.into_iter().find(|known| *known == name))
}
