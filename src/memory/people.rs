//! What a person may do to a memory: pin it, or have it forgotten.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::list::known;
use super::sql;
use crate::context::Context;
use crate::failure::Outcome;
use crate::store::{Topic, Tx};
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// Pin a memory, so that it does not age; or let it age again.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct PinMemory {
    /// Which.
    memory_id: String,
    /// False lets it age again.
    #[serde(default = "yes")]
    pinned: bool,
}

const fn yes() -> bool {
    true
}

/// The memory as it is now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Pinned {
    memory_id: String,
    pinned: bool,
}

impl Tool for PinMemory {
    const NAME: &'static str = "pin_memory";
    const TITLE: &'static str = "Pin a memory";
    const ACCESS: Access = Access::Admin;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: true, destructive: false };
    type Reply = Pinned;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Pinned>> {
        let memory = known(tx, ctx.project(), &self.memory_id)?;
        sql::pin(tx, &memory.memory_id, self.pinned)?;
        tx.changed(Topic::Memories);
        let pinned = self.pinned;
        Ok(Progress::Ended(Pinned { memory_id: memory.memory_id, pinned }))
    }
}

/// Forget a memory for good: its words are taken away, only that it was there remains.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ForgetMemory {
    /// Which.
    memory_id: String,
}

/// What was forgotten.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Forgotten {
    memory_id: String,
    /// Always `forgotten`.
    action: &'static str,
}

impl Tool for ForgetMemory {
    const NAME: &'static str = "forget_memory";
    const TITLE: &'static str = "Forget a memory";
    const ACCESS: Access = Access::Admin;
    const AUDIENCE: Audience = Audience::People;
    const HINTS: Hints = Hints { idempotent: false, destructive: true };
    type Reply = Forgotten;

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Forgotten>> {
        let memory = known(tx, ctx.project(), &self.memory_id)?;
        sql::forget(tx, &memory.memory_id, ctx.now)?;
        tx.changed(Topic::Memories);
        Ok(Progress::Ended(Forgotten { memory_id: memory.memory_id, action: "forgotten" }))
    }
}
