//! How often the mirror is asked, and how long it is left alone after trouble.

use std::time::Duration;

/// A burst of commits is sent at once.
pub const DEBOUNCE: Duration = Duration::from_millis(200);
/// Between two pulls while something is going on here.
pub const ACTIVE: u64 = 2_000;
/// Between two pulls while nothing is.
pub const IDLE: u64 = 60_000;
/// How long after the last change of its own a device counts as active.
pub const ACTIVE_FOR: u64 = 60_000;
/// Between two tries when only a person can help.
pub const RARELY: u64 = 300_000;
/// Between two looks at what the mirror has of this device: a copy of the state directory
/// that nobody works with would not be noticed otherwise.
pub const VERIFY: u64 = 600_000;
/// Between two comparisons of digests.
pub const COMPARE: u64 = 86_400_000;
/// The first wait after trouble, and the longest.
const BACK_OFF: (u64, u64) = (1_000, 300_000);
/// The longest that a mirror may ask to be left alone.
const PATIENCE: u64 = 3_600_000;

/// The wait after `failures` in a row: anything up to twice the last one's bound, so that many
/// devices do not come back at once ("full jitter").
pub fn back_off(failures: u32, asked: Option<Duration>, dice: &mut fastrand::Rng) -> u64 {
    let bound = BACK_OFF.0.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(BACK_OFF.1);
    let wait = dice.u64(BACK_OFF.0 / 4..=bound.max(BACK_OFF.0));
    let asked = asked.map_or(0, |asked| u64::try_from(asked.as_millis()).unwrap_or(u64::MAX));
    wait.max(asked.min(PATIENCE))
}

/// The same for whoever has no dice of its own.
#[must_use]
pub fn pause(failures: u32) -> Duration {
    Duration::from_millis(back_off(failures, None, &mut fastrand::Rng::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_heed_the_mirror() {
        let mut dice = fastrand::Rng::with_seed(1);
        for failures in 1..40 {
            let wait = back_off(failures, None, &mut dice);
            assert!((250..=300_000).contains(&wait), "{failures}: {wait}");
        }
        let many: Vec<u64> = (0..100).map(|_| back_off(20, None, &mut dice)).collect();
        assert!(many.iter().any(|wait| *wait > 150_000) && many.iter().any(|wait| *wait < 150_000));
        assert_eq!(back_off(1, Some(Duration::from_secs(90)), &mut dice), 90_000);
        assert_eq!(back_off(1, Some(Duration::from_secs(1 << 40)), &mut dice), 3_600_000);
    }
}
