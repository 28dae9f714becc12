//! What may happen in a history.

use proptest::prelude::*;
use proptest::sample::Index;

use super::AGENTS;

/// How an agent reports the end of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Success,
    Failure,
    Retry,
}

#[derive(Clone, Debug)]
pub enum Step {
    Submit {
        agent: usize,
        depends_on: Vec<Index>,
        priority: i64,
        kind: u8,
        gpu: bool,
        max_attempts: i64,
    },
    Claim {
        agent: usize,
        kind: Option<u8>,
    },
    Wait {
        agent: usize,
        kind: Option<u8>,
    },
    StopWaiting {
        which: Index,
    },
    End {
        agent: usize,
        task: Index,
        how: End,
    },
    Die {
        agent: usize,
    },
    Pass {
        seconds: i64,
    },
    Reap,
    Cancel {
        task: Index,
    },
    Retry {
        task: Index,
    },
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..60)
}

fn step() -> impl Strategy<Value = Step> {
    let agent = || 0..AGENTS.len();
    let kind = || prop::option::weighted(0.3, 0..2_u8);
    let how = prop_oneof![3 => Just(End::Success), 1 => Just(End::Failure), 2 => Just(End::Retry)];
    let seconds =
        prop_oneof![Just(1_i64), Just(10), Just(25), Just(120), Just(460), Just(899), Just(900)];
    prop_oneof![
        6 => (agent(), prop::collection::vec(any::<Index>(), 0..4), 1..4_i64, 0..2_u8,
              prop::bool::weighted(0.2), 1..4_i64)
            .prop_map(|(agent, depends_on, priority, kind, gpu, max_attempts)| Step::Submit {
                agent, depends_on, priority, kind, gpu, max_attempts,
            }),
        5 => (agent(), kind()).prop_map(|(agent, kind)| Step::Claim { agent, kind }),
        3 => (agent(), kind()).prop_map(|(agent, kind)| Step::Wait { agent, kind }),
        1 => any::<Index>().prop_map(|which| Step::StopWaiting { which }),
        6 => (agent(), any::<Index>(), how)
            .prop_map(|(agent, task, how)| Step::End { agent, task, how }),
        1 => agent().prop_map(|agent| Step::Die { agent }),
        3 => seconds.prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Reap),
        1 => any::<Index>().prop_map(|task| Step::Cancel { task }),
        2 => any::<Index>().prop_map(|task| Step::Retry { task }),
    ]
}
