//! Two versions of a policy: what holds until a person has decided between them.
//!
//! Field by field the stricter of the two, so that neither side's prohibition is lost. Where
//! strictness cannot be told (the text of a Cedar policy), the mirror's version stands, unless
//! this device alone forbids.

use serde_json::{Map, Value};

/// The row that holds; `None`: no row.
#[must_use]
pub fn stricter(table: &str, ours: Option<&Value>, theirs: Option<&Value>) -> Option<Value> {
    let (Some(Value::Object(ours)), Some(Value::Object(theirs))) = (ours, theirs) else {
        return lone(table, ours, theirs);
    };
    let mut row = theirs.clone();
    match table {
        "operation_guardrails" => {
            either(&mut row, ours, "enabled");
            by_rank(&mut row, ours, "severity", &["log", "warn", "block"]);
            most(&mut row, ours, "min_trust");
        }
        "agent_profiles" => {
            least(&mut row, ours, "trust_level");
            for limit in ["max_files_per_day", "max_seconds_per_day", "max_calls_per_hour"] {
                least(&mut row, ours, limit);
            }
            in_both(&mut row, ours, "allowed_operations");
            in_either(&mut row, ours, "blocked_operations");
            in_either(&mut row, ours, "ask_operations");
        }
        "network_domains" => by_rank(&mut row, ours, "effect", &["allow", "block"]),
        "cedar_policies" if forbids(ours) && !forbids(theirs) => row.clone_from(ours),
        _ => {}
    }
    Some(Value::Object(row))
}

/// One side has no such row: a prohibition stays, a permission goes.
fn lone(table: &str, ours: Option<&Value>, theirs: Option<&Value>) -> Option<Value> {
    let there = ours.or(theirs)?;
    let prohibits = match table {
        "network_domains" => there["effect"] == "block",
        "cedar_policies" => there.as_object().is_some_and(forbids),
        "operation_guardrails" => there["enabled"] == true,
        _ => return theirs.cloned(),
    };
    prohibits.then(|| there.clone())
}

fn forbids(row: &Map<String, Value>) -> bool {
    let text = row.get("policy_text").and_then(Value::as_str).unwrap_or_default();
    row.get("enabled") == Some(&Value::Bool(true)) && text.contains("forbid")
}

fn either(row: &mut Map<String, Value>, ours: &Map<String, Value>, field: &str) {
    if ours.get(field) == Some(&Value::Bool(true)) {
        row.insert(field.into(), true.into());
    }
}

fn by_rank(row: &mut Map<String, Value>, ours: &Map<String, Value>, field: &str, ranks: &[&str]) {
    let rank =
        |value: Option<&Value>| ranks.iter().position(|rank| value.is_some_and(|v| v == rank));
    if rank(ours.get(field)) > rank(row.get(field)) {
        row.insert(field.into(), ours[field].clone());
    }
}

fn number(row: &Map<String, Value>, field: &str) -> Option<i64> {
    row.get(field).and_then(Value::as_i64)
}

/// The smaller limit; none is no limit.
fn least(row: &mut Map<String, Value>, ours: &Map<String, Value>, field: &str) {
    let both = [number(row, field), number(ours, field)];
    row.insert(field.into(), both.into_iter().flatten().min().into());
}

fn most(row: &mut Map<String, Value>, ours: &Map<String, Value>, field: &str) {
    let both = [number(row, field), number(ours, field)];
    row.insert(field.into(), both.into_iter().flatten().max().into());
}

fn list(row: &Map<String, Value>, field: &str) -> Option<Vec<Value>> {
    row.get(field).and_then(Value::as_array).cloned()
}

fn in_either(row: &mut Map<String, Value>, ours: &Map<String, Value>, field: &str) {
    let mut all = list(row, field).unwrap_or_default();
    for one in list(ours, field).unwrap_or_default() {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    row.insert(field.into(), all.into());
}

/// What both allow; a side without a list allows everything.
fn in_both(row: &mut Map<String, Value>, ours: &Map<String, Value>, field: &str) {
    let both = match (list(row, field), list(ours, field)) {
        (Some(a), Some(b)) => Some(a.into_iter().filter(|one| b.contains(one)).collect()),
        (a, b) => a.or(b),
    };
    row.insert(field.into(), both.map_or(Value::Null, Value::Array));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn neither_side_s_prohibition_is_lost() {
        let cases = [
            (
                "operation_guardrails",
                json!({"enabled": false, "severity": "block", "min_trust": 2}),
                json!({"enabled": true, "severity": "warn", "min_trust": null}),
                json!({"enabled": true, "severity": "block", "min_trust": 2}),
            ),
            (
                "agent_profiles",
                json!({"trust_level": 3, "allowed_operations": ["a", "b"], "blocked_operations": ["x"], "ask_operations": [], "max_files_per_day": null, "max_seconds_per_day": 5, "max_calls_per_hour": null}),
                json!({"trust_level": 2, "allowed_operations": ["b", "c"], "blocked_operations": ["y"], "ask_operations": ["z"], "max_files_per_day": 9, "max_seconds_per_day": 7, "max_calls_per_hour": null}),
                json!({"trust_level": 2, "allowed_operations": ["b"], "blocked_operations": ["y", "x"], "ask_operations": ["z"], "max_files_per_day": 9, "max_seconds_per_day": 5, "max_calls_per_hour": null}),
            ),
            (
                "network_domains",
                json!({"effect": "block"}),
                json!({"effect": "allow"}),
                json!({"effect": "block"}),
            ),
            (
                "network_domains",
                json!({"effect": "allow"}),
                json!({"effect": "block"}),
                json!({"effect": "block"}),
            ),
        ];
        for (table, ours, theirs, wanted) in cases {
            assert_eq!(stricter(table, Some(&ours), Some(&theirs)), Some(wanted), "{table}");
        }
    }

    #[test]
    fn of_a_row_that_one_side_removed_only_a_prohibition_stays() {
        let (block, allow) = (json!({"effect": "block"}), json!({"effect": "allow"}));
        for (ours, theirs, wanted) in [
            (Some(&block), None, Some(block.clone())),
            (None, Some(&block), Some(block.clone())),
            (Some(&allow), None, None),
            (None, Some(&allow), None),
        ] {
            assert_eq!(stricter("network_domains", ours, theirs), wanted);
        }
        let forbid =
            json!({"enabled": true, "policy_text": "forbid (principal, action, resource);"});
        let permit =
            json!({"enabled": true, "policy_text": "permit (principal, action, resource);"});
        assert_eq!(stricter("cedar_policies", Some(&forbid), Some(&permit)), Some(forbid));
    }
}
