//! A pattern for one name: `*.rs`, `a?c`, `[id]`.
//!
//! - It matches names, never a slash.
//! - A class also matches its own text, because `[id]` is a name too.
//! - Work is counted against a budget; when it is spent the answer is open.
//!
//! Not here: patterns of whole paths (`glob`, `overlap`).

/// The characters that one step of a name may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Set {
    Any,
    One(char),
    /// Sorted, disjoint, inclusive.
    Ranges(Vec<(u32, u32)>),
}

/// A state of the machine that reads a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    /// Stays here whatever comes (`*`).
    stays: bool,
    edges: Vec<(Set, usize)>,
}

/// A machine that reads one name; it starts in state 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wild {
    states: Vec<State>,
    end: usize,
}

/// The budget is spent, so nothing is known.
#[derive(Debug)]
pub(super) struct Spent;

/// Steps that a question may still take.
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn new(steps: usize) -> Self {
        Self(steps)
    }

    pub(super) fn spend(&mut self, steps: usize) -> Result<(), Spent> {
        self.0 = self.0.checked_sub(steps).ok_or(Spent)?;
        Ok(())
    }
}

impl Set {
    /// Every character but those in `ranges`.
    pub(super) fn but(ranges: &[(char, char)]) -> Self {
        let mut left = Vec::new();
        let mut from = 0;
        for (low, high) in merged(ranges) {
            if from < low {
                left.push((from, low - 1));
            }
            from = high + 1;
        }
        if from <= u32::from(char::MAX) {
            left.push((from, char::MAX.into()));
        }
        Self::Ranges(left)
    }

    /// The characters in `ranges`.
    pub(super) fn of(ranges: &[(char, char)]) -> Self {
        Self::Ranges(merged(ranges))
    }

    fn has(&self, c: char) -> bool {
        match self {
            Self::Any => true,
            Self::One(one) => *one == c,
            Self::Ranges(ranges) => ranges.iter().any(|(l, h)| (*l..=*h).contains(&c.into())),
        }
    }

    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One(c), set) | (set, Self::One(c)) => set.has(*c),
            (Self::Any, Self::Any) => true,
            (Self::Any, Self::Ranges(r)) | (Self::Ranges(r), Self::Any) => !r.is_empty(),
            (Self::Ranges(a), Self::Ranges(b)) => {
                a.iter().any(|(al, ah)| b.iter().any(|(bl, bh)| al <= bh && bl <= ah))
            }
        }
    }
}

fn merged(ranges: &[(char, char)]) -> Vec<(u32, u32)> {
    let forward = ranges.iter().filter(|(low, high)| low <= high);
    let mut sorted: Vec<(u32, u32)> = forward.map(|(l, h)| ((*l).into(), (*h).into())).collect();
    sorted.sort_unstable();
    let mut merged: Vec<(u32, u32)> = Vec::with_capacity(sorted.len());
    for (low, high) in sorted {
        match merged.last_mut() {
            Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
            _ => merged.push((low, high)),
        }
    }
    merged
}

impl Wild {
    pub(super) fn new() -> Self {
        Self { states: vec![State::default()], end: 0 }
    }

    pub(super) fn star(&mut self) {
        if let Some(state) = self.states.get_mut(self.end) {
            state.stays = true;
        }
    }

    pub(super) fn step(&mut self, set: Set) {
        let to = self.add();
        self.edge(self.end, set, to);
        self.end = to;
    }

    /// One character of `set`, or all of `text`.
    pub(super) fn step_or_text(&mut self, set: Set, text: &str) {
        let (start, end) = (self.end, self.add());
        self.edge(start, set, end);
        let mut at = start;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let to = if chars.peek().is_some() { self.add() } else { end };
            self.edge(at, Set::One(c), to);
            at = to;
        }
        self.end = end;
    }

    fn add(&mut self) -> usize {
        self.states.push(State::default());
        self.states.len() - 1
    }

    fn edge(&mut self, from: usize, set: Set, to: usize) {
        if let Some(state) = self.states.get_mut(from) {
            state.edges.push((set, to));
        }
    }

    /// Whether it matches every name.
    pub(super) fn is_everything(&self) -> bool {
        matches!(&self.states[..], [only] if only.stays)
    }

    /// Whether it matches `name`.
    pub(super) fn matches(&self, name: &str, budget: &mut Budget) -> Result<bool, Spent> {
        let mut now = vec![false; self.states.len()];
        let mut next = now.clone();
        now[..1].fill(true);
        for c in name.chars() {
            budget.spend(self.states.len())?;
            next.fill(false);
            for (at, state) in self.states.iter().enumerate().filter(|(at, _)| now[*at]) {
                next[at] |= state.stays;
                for (_, to) in state.edges.iter().filter(|(set, _)| set.has(c)) {
                    next[*to] = true;
                }
            }
            std::mem::swap(&mut now, &mut next);
        }
        Ok(now[self.end])
    }

    /// Whether some name matches both.
    pub(super) fn meets(&self, other: &Self, budget: &mut Budget) -> Result<bool, Spent> {
        let width = other.states.len();
        budget.spend(self.states.len() * width)?;
        let mut seen = vec![false; self.states.len() * width];
        let mut open = vec![(0, 0)];
        seen[..1].fill(true);
        while let Some((a, b)) = open.pop() {
            // Both ends at the start would be the empty name, but then both
            // stay there, and some name leads back.
            if a == self.end && b == other.end {
                return Ok(true);
            }
            for (to_a, to_b) in self.pairs(a, other, b) {
                budget.spend(1)?;
                let cell = &mut seen[to_a * width + to_b];
                if !std::mem::replace(cell, true) {
                    open.push((to_a, to_b));
                }
            }
        }
        Ok(false)
    }

    /// Pairs of states that one common character leads to.
    fn pairs(&self, a: usize, other: &Self, b: usize) -> Vec<(usize, usize)> {
        let (left, right) = (&self.states[a], &other.states[b]);
        let mut pairs = Vec::new();
        for (set, to) in &left.edges {
            if right.stays && set.meets(&Set::Any) {
                pairs.push((*to, b));
            }
            let common = right.edges.iter().filter(|(theirs, _)| set.meets(theirs));
            pairs.extend(common.map(|(_, theirs)| (*to, *theirs)));
        }
        if left.stays {
            let possible = right.edges.iter().filter(|(set, _)| set.meets(&Set::Any));
            pairs.extend(possible.map(|(_, to)| (a, *to)));
        }
        pairs
    }
}
