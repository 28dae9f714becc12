//! A file that takes up room, so that a full disk still lets locks be released.
//!
//! SQLite needs room even to delete a row. When the disk is full the ballast is
//! given up: releases, renewals and completions go through, new things wait.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Bytes kept in reserve.
pub const BALLAST_BYTES: u64 = 16 << 20;
/// How often the disk is asked whether there is room again.
const TRY_EVERY: Duration = Duration::from_secs(2);

/// The reserve of one database.
pub struct Ballast {
    path: PathBuf,
    given_up: Arc<AtomicBool>,
    tried: Instant,
}

impl Ballast {
    /// Takes up the room, unless it is taken already or there is none to spare.
    pub fn at(path: PathBuf, given_up: Arc<AtomicBool>) -> Self {
        let ballast = Self { path, given_up, tried: Instant::now() };
        ballast.restore_if_room();
        ballast
    }

    /// Frees the room; false if there was none left to free.
    pub fn release(&self) -> bool {
        let had = fs::metadata(&self.path).is_ok_and(|meta| meta.len() > 0);
        self.given_up.store(true, Ordering::Relaxed);
        had && fs::remove_file(&self.path).is_ok()
    }

    fn is_gone(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    /// Whether the room was given up and it is time to look for it, which asks the disk.
    pub fn is_to_be_tried(&mut self) -> bool {
        let due = self.is_gone() && self.tried.elapsed() > TRY_EVERY;
        if due {
            self.tried = Instant::now();
        }
        due
    }

    /// Takes the room up again when twice as much is free.
    pub fn restore_if_room(&self) {
        if fs::metadata(&self.path).is_ok_and(|meta| meta.len() == BALLAST_BYTES) {
            self.given_up.store(false, Ordering::Relaxed);
            return;
        }
        let free = self
            .path
            .parent()
            .and_then(|folder| rustix::fs::statvfs(folder).ok())
            .map_or(0, |stat| stat.f_bavail.saturating_mul(stat.f_frsize));
        let restored = free > 2 * BALLAST_BYTES && self.fill().is_ok();
        self.given_up.store(!restored, Ordering::Relaxed);
    }

    /// Writes real blocks: a sparse file would reserve nothing.
    fn fill(&self) -> std::io::Result<()> {
        let chunk = vec![0xA5_u8; 1 << 20];
        let mut file = File::create(&self.path)?;
        for _ in 0..BALLAST_BYTES >> 20 {
            file.write_all(&chunk)?;
        }
        Ok(())
    }
}
