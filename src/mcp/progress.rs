//! Signs of life for a client while its call waits.

use std::time::Duration;

use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RoleServer};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// Seconds between two signs of life.
const EVERY: u64 = 10;

/// Runs `call`, which lasts `wait` seconds at most, telling at once and then every ten
/// seconds what is waited for.
pub async fn told<T>(
    peer: &Peer<RoleServer>,
    token: ProgressToken,
    (wait, what): (u64, &'static str),
    call: impl Future<Output = T>,
) -> T {
    tokio::pin!(call);
    let start = Instant::now();
    // A call that need not wait should not say that it does.
    let mut signs = interval_at(start + Duration::from_millis(20), Duration::from_secs(EVERY));
    signs.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            answer = &mut call => return answer,
            _ = signs.tick() => {
                let sign = ProgressNotificationParam::new(token.clone(), start.elapsed().as_secs_f64())
                    .with_total(f64::from(u32::try_from(wait).unwrap_or(u32::MAX)))
                    .with_message(what);
                if let Err(error) = peer.notify_progress(sign).await {
                    tracing::debug!("a sign of life was not delivered: {error}");
                }
            }
        }
    }
}
