//! The daemon's log files: one a day, a week of them.

use std::path::Path;

use anyhow::Context as _;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

/// Days that are kept.
const KEPT: usize = 7;

/// Sends what is traced to files in `folder`; what is still to be written when
/// the guard is dropped gets written.
///
/// # Errors
/// A fault when the folder cannot be written.
pub fn to_files(folder: &Path, filter: &str) -> anyhow::Result<WorkerGuard> {
    let files = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("daemon")
        .filename_suffix("log")
        .max_log_files(KEPT)
        .build(folder)
        .context("failed to open the log")?;
    let (writer, guard) = tracing_appender::non_blocking(files);
    // The protocol library would write down whole requests, secrets and all.
    let filter = EnvFilter::try_new(format!("{filter},rmcp=warn"))
        .unwrap_or_else(|_unreadable| EnvFilter::new("info,rmcp=warn"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .with_ansi(false)
        .with_target(false)
        .finish();
    tracing::subscriber::set_global_default(subscriber).context("failed to set up the log")?;
    Ok(guard)
}
