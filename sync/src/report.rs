//! How it stands with sync, for those who ask.

use serde::Serialize;

/// Why nothing moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stall {
    /// A short name of the reason.
    pub code: String,
    /// The reason in words.
    pub reason: String,
    /// Since when, in the worker's milliseconds.
    pub since: u64,
    /// When it is tried again.
    pub next_try: u64,
}

/// How it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Changes that the mirror does not have yet.
    pub lag_rows: i64,
    /// Since when there is one, in the worker's milliseconds.
    pub behind_since: Option<u64>,
    /// When the mirror last answered as it should.
    pub last_success: Option<u64>,
    /// Why nothing moves, if nothing does.
    pub stall: Option<Stall>,
    /// The mirror's clock at the last success, in Unix milliseconds.
    pub server_time: Option<i64>,
    /// Changes that were taken since the start.
    pub pushed: u64,
    /// Changes that came since the start.
    pub pulled: u64,
    /// How often the device took another identity.
    pub forks: u64,
    /// Why the mirror keeps this device's policies and memories from others, if it does.
    pub quarantined: Option<String>,
    /// Tables whose digests last differed.
    pub differing: Vec<String>,
}
