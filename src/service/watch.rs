//! Notices when the wall clock is stepped, before a deadline is judged by it.

use std::sync::{Mutex, PoisonError};

use crate::store::clock::Reading;
use crate::time::Clock;

/// Remembers both clocks since the last look.
pub struct Watch {
    clock: Clock,
    last: Mutex<Reading>,
}

impl Watch {
    /// Starts watching.
    pub fn over(clock: &Clock) -> Self {
        Self { clock: clock.clone(), last: Mutex::new(Reading::take(clock)) }
    }

    /// The reading of now, if the clock has stepped since the last look.
    pub fn stepped(&self) -> Option<Reading> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = last.again(&self.clock);
        let stepped = now.step_since(&last) != 0;
        last.clone_from(&now);
        stepped.then_some(now)
    }
}
