//! Signs of life for a client while its call waits in a queue.

use std::time::Duration;

use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RoleServer};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::answer::Answer;

/// Seconds between two signs of life.
const EVERY: u64 = 10;

/// Runs `call`, telling of progress at once and then every ten seconds.
pub async fn told(
    peer: &Peer<RoleServer>,
    token: ProgressToken,
    wait: u64,
    call: impl Future<Output = Answer>,
) -> Answer {
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
                    .with_message("waiting in the queue");
                if let Err(error) = peer.notify_progress(sign).await {
                    tracing::debug!("a sign of life was not delivered: {error}");
                }
            }
        }
    }
}
