//! Notes what a hook could not do. The clock of a short process is read here.

use crate::home::Home;
use crate::hooks::misses::{self, Miss};
use crate::time::Clock;

/// Notes a check that was not made; if even that fails there is nobody left to tell.
pub fn miss(home: &Home, client: &str, event: &str, why: &str) {
    let miss = Miss {
        at: Clock::System.now(),
        client: client.to_owned(),
        event: event.to_owned(),
        why: why.to_owned(),
    };
    drop(misses::note(home, &miss));
}
