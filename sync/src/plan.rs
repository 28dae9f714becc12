//! What to do about one row that either side may have changed.
//!
//! Pure: the three versions decide, never a clock or a connection. State machines
//! are never merged: a row has one authority, or it is never changed at all.

/// Who is believed when both sides changed a row since they last agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The device that owns the row; the mirror's copy is only a copy.
    Owner,
    /// The cloud; a local change that lost is put before a person.
    Cloud,
    /// Rows are only ever added, so that both sides' rows stand.
    Append,
}

/// A row as it was agreed upon last, and as each side has it now; `None` where it
/// is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions<'a, Row> {
    /// What both sides had when they last agreed.
    pub base: Option<&'a Row>,
    /// What this device has.
    pub local: Option<&'a Row>,
    /// What the mirror has.
    pub remote: Option<&'a Row>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Both sides agree.
    Nothing,
    /// The mirror gets this device's version.
    Push,
    /// This device gets the mirror's version.
    Pull,
    /// The mirror's version stands, and this device's is set aside for a person.
    PullAndSetAside,
    /// The rule was broken: a row that is only ever added was changed or removed.
    Quarantine,
}

/// Decides about one row.
#[must_use]
pub fn plan<Row: PartialEq>(rule: Rule, row: &Versions<'_, Row>) -> Action {
    if row.local == row.remote {
        return Action::Nothing;
    }
    if rule == Rule::Append && row.base.is_some() {
        return Action::Quarantine;
    }
    match (row.local == row.base, row.remote == row.base, rule) {
        (false, true, _) => Action::Push,
        (true, false, Rule::Cloud | Rule::Append) => Action::Pull,
        // The mirror may not change what a device owns: it is put right.
        (_, _, Rule::Owner) => Action::Push,
        (_, _, Rule::Cloud) => Action::PullAndSetAside,
        // One key, two rows that were both added: keys are unique, so one is forged or damaged.
        (_, _, Rule::Append) => Action::Quarantine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_versions_and_the_rule_decide() {
        use Action::{Nothing, Pull, PullAndSetAside, Push, Quarantine};
        let (a, b, c) = (Some("a"), Some("b"), Some("c"));
        // agreed, here, there: what each rule does
        let cases = [
            (None, None, None, [Nothing, Nothing, Nothing]),
            (a, a, a, [Nothing, Nothing, Nothing]),
            (a, b, b, [Nothing, Nothing, Nothing]),
            (None, a, None, [Push, Push, Push]),
            (None, None, a, [Push, Pull, Pull]),
            (a, b, a, [Push, Push, Quarantine]),
            (a, None, a, [Push, Push, Quarantine]),
            (a, a, b, [Push, Pull, Quarantine]),
            (a, a, None, [Push, Pull, Quarantine]),
            (a, b, c, [Push, PullAndSetAside, Quarantine]),
            (a, None, c, [Push, PullAndSetAside, Quarantine]),
            (None, b, c, [Push, PullAndSetAside, Quarantine]),
        ];
        for (base, local, remote, wanted) in cases {
            for (rule, wanted) in [Rule::Owner, Rule::Cloud, Rule::Append].into_iter().zip(wanted) {
                let row = Versions {
                    base: base.as_ref(),
                    local: local.as_ref(),
                    remote: remote.as_ref(),
                };
                assert_eq!(plan(rule, &row), wanted, "{rule:?} {row:?}");
            }
        }
    }
}
