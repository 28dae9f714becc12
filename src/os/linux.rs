//! Linux: `/proc`, `statfs`.

use std::os::fd::OwnedFd;
use std::path::Path;

use super::Stat;

/// Counts suspend, unlike `CLOCK_MONOTONIC` (`clock_gettime(2)`).
pub const UPTIME_CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;

pub fn stat(pid: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parse_stat(&text)
}

/// Reads `proc_pid_stat(5)`: the name stands in parentheses and may hold any
/// character, so fields are counted from the last one.
fn parse_stat(text: &str) -> Option<Stat> {
    let (head, tail) = text.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    let fields: Vec<&str> = tail.split_ascii_whitespace().collect();
    Some(Stat {
        name,
        zombie: matches!(*fields.first()?, "Z" | "X"),
        parent: fields.get(1)?.parse().ok()?,
        started: (*fields.get(19)?).to_owned(),
    })
}

/// See `pidfd_open(2)`.
pub fn end_of(pid: u32) -> std::io::Result<Option<OwnedFd>> {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    let pid = pid.ok_or(std::io::ErrorKind::NotFound)?;
    Ok(Some(rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::NONBLOCK)?))
}

/// See `inotify(7)`. What comes is not looked at: it is rare.
pub fn departures_from(dir: &Path) -> std::io::Result<Option<OwnedFd>> {
    use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
    let watch = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
    let gone = WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
    add_watch(&watch, dir, gone | WatchFlags::DELETE | WatchFlags::MOVED_FROM)?;
    Ok(Some(watch))
}

pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map_or_else(|_| "unknown".into(), |id| id.trim().to_owned())
}

/// `machine-id(5)`.
pub fn machine_id() -> String {
    ["/etc/machine-id", "/var/lib/dbus/machine-id"]
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok())
        .map_or_else(|| "unknown".into(), |id| id.trim().to_owned())
}

/// File systems that do not give several processes of one machine the shared
/// memory that WAL needs; magic numbers from `statfs(2)`.
const NETWORK: [(u64, &str); 9] = [
    (0x6969, "nfs"),
    (0x517B, "smb"),
    (0xFF53_4D42, "cifs"),
    (0xFE53_4D42, "smb2"),
    (0x0102_1997, "9p"),
    (0x6573_5546, "fuse"),
    (0x00C3_6400, "ceph"),
    (0x5346_414F, "afs"),
    (0x0116_1970, "gfs2"),
];

pub fn network_file_system(path: &Path) -> std::io::Result<Option<&'static str>> {
    let magic = u64::try_from(rustix::fs::statfs(path)?.f_type).unwrap_or_default() & 0xFFFF_FFFF;
    Ok(NETWORK.iter().find(|(known, _)| *known == magic).map(|(_, name)| *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_does_not_shift_the_fields() {
        let text = "42 (a) R (b) S 7 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 998877 1 1";
        let stat = parse_stat(text).expect("the line is well formed");
        assert_eq!(
            (stat.name.as_str(), stat.parent, stat.started.as_str()),
            ("a) R (b", 7, "998877")
        );
    }
}
