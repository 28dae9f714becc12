//! The engine as a whole: rules against their examples, and what always holds.

use crate::guardrails::{Decision, Input, Setting, Severity, check, rules};

fn decide(text: &str) -> Decision {
    check(&Input::Shell(text), &Setting::default()).decision
}

#[test]
fn every_rule_fires_on_its_own_examples() {
    let mut wrong = Vec::new();
    for rule in rules() {
        for example in rule.positive {
            let verdict = check(&Input::Shell(example), &Setting::default());
            if !verdict.violations.iter().any(|violation| violation.rule == rule.id) {
                wrong.push(format!("{}: {example}", rule.id));
            }
        }
    }
    assert!(wrong.is_empty(), "silent: {wrong:#?}");
}

#[test]
fn no_rule_fires_on_its_negative_examples() {
    let mut wrong = Vec::new();
    for rule in rules() {
        for example in rule.negative {
            if decide(example) > Decision::Log {
                let found = check(&Input::Shell(example), &Setting::default());
                let ids: Vec<_> = found.violations.iter().map(|v| v.rule.clone()).collect();
                wrong.push(format!("{}: {example}: {ids:?} {:?}", rule.id, found.unknowns));
            }
        }
    }
    assert!(wrong.is_empty(), "loud: {wrong:#?}");
}

#[test]
fn every_safer_way_is_allowed() {
    for rule in rules() {
        if let Some(safer) = rule.safer {
            assert!(decide(safer) <= Decision::Warn, "{}: {safer}", rule.id);
        }
        assert!(rule.severity != Severity::Block || rule.min_trust >= 2, "{}", rule.id);
    }
}
