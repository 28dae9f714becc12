//! Findings as SARIF 2.1.0, which code scanning services read.

use serde_json::{Value, json};

use super::Finding;
use crate::guardrails::rules;

/// The log of one run.
pub fn log(findings: &[Finding]) -> Value {
    let known: Vec<Value> = rules()
        .iter()
        .filter(|rule| findings.iter().any(|one| one.rule == rule.id))
        .map(|rule| {
            json!({
                "id": rule.id,
                "shortDescription": { "text": rule.explanation },
                "defaultConfiguration": { "level": level(rule.severity.as_str()) },
                "properties": { "category": rule.category.as_str() },
            })
        })
        .collect();
    let results: Vec<Value> = findings.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "coord guard",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": known,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(finding: &Finding) -> Value {
    let text = format!("`{}` {}", finding.matched_text, finding.explanation);
    let uri = finding.path.strip_prefix("./").unwrap_or(&finding.path);
    json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri.replace(' ', "%20") },
            "region": { "startLine": finding.line },
        } }],
    })
}

fn level(severity: &str) -> &'static str {
    match severity {
        "block" => "error",
        "warn" => "warning",
        _ => "note",
    }
}
