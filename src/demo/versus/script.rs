//! What an agent does next, by chance, but each time the same.

use std::time::Duration;

/// A deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// To which file.
    pub file: u32,
    /// By a command, not by a tool that edits.
    pub by_command: bool,
    /// How long the agent looks at the file before it writes.
    pub thinks: Duration,
}

/// An agent's script: splitmix64 (Steele, Lea and Flood, 2014), started with its number.
pub struct Script {
    state: u64,
    files: u32,
}

impl Script {
    /// The script of the agent of that number, over so many files.
    pub const fn of(agent: u32, files: u32) -> Self {
        Self { state: (agent as u64) << 32, files }
    }

    fn below(&mut self, bound: u32) -> u32 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let high = u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap_or_default();
        high % bound.max(1)
    }
}

impl Iterator for Script {
    type Item = Move;

    fn next(&mut self) -> Option<Move> {
        Some(Move {
            file: self.below(self.files),
            by_command: self.below(4) == 0,
            thinks: Duration::from_millis(u64::from(5 + self.below(30))),
        })
    }
}

/// A file's name.
#[must_use]
pub fn file(number: u32) -> String {
    format!("src/part-{number:02}.txt")
}
