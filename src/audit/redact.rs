//! Takes secrets out of what is recorded: by the name of a field, and by
//! well-known shapes anywhere in a text.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

/// What stands where a secret stood.
const MARK: &str = "[redacted]";

/// A field whose name contains one of these (lower case, `-` as `_`) holds a secret.
const NAMES: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "apikey",
    "access_key",
    "private_key",
    "authorization",
    "credential",
    "cookie",
];

/// Shapes that issuers document for their own secret scanners.
const SHAPES: &str = concat!(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}|\bglpat-[A-Za-z0-9_-]{16,}",
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[0-9A-Za-z_-]{30,}|\bxox[abposr]-[A-Za-z0-9-]{10,}",
    r"|\bsk-[A-Za-z0-9_-]{20,}|\b(?:sk|rk)_live_[A-Za-z0-9]{16,}|\bsb_secret_[A-Za-z0-9_-]{10,}",
    r"|\bnpm_[A-Za-z0-9]{30,}|\bpypi-[A-Za-z0-9_-]{30,}|\bhf_[A-Za-z0-9]{30,}",
    r"|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    r"|(?P<scheme>\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{1,64}:)[^\s@/]{1,256}@",
    r"|(?P<assign>(?i:\b(?:password|passwd|secret|token|api_?key|authorization)\b\s*[=:]\s*(?:bearer\s+)?))[^\s,;&]{6,}",
);

#[expect(clippy::expect_used, reason = "the pattern is a constant that a test compiles")]
static SHAPE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(SHAPES).expect("SHAPES is a valid pattern"));

/// The value without secrets.
#[must_use]
pub fn redact(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(redact_text(text)),
        Value::Array(items) => Value::Array(items.iter().map(redact).collect()),
        Value::Object(fields) => Value::Object(redact_fields(fields)),
        plain => plain.clone(),
    }
}

fn redact_fields(fields: &Map<String, Value>) -> Map<String, Value> {
    let one = |(name, value): (&String, &Value)| {
        let kept = match value {
            Value::String(text) if is_secret_name(name) && !text.is_empty() => MARK.into(),
            Value::Number(_) | Value::Array(_) | Value::Object(_) if is_secret_name(name) => {
                MARK.into()
            }
            other => redact(other),
        };
        (redact_text(name), kept)
    };
    fields.iter().map(one).collect()
}

/// Counts such as `max_tokens` are no secrets.
fn is_secret_name(name: &str) -> bool {
    let name = name.to_lowercase().replace(['-', ' '], "_");
    !name.ends_with("tokens") && NAMES.iter().any(|secret| name.contains(secret))
}

/// The text without secrets.
#[must_use]
pub fn redact_text(text: &str) -> String {
    if text.len() < 6 {
        return text.to_owned();
    }
    SHAPE
        .replace_all(text, |found: &regex::Captures<'_>| {
            if let Some(scheme) = found.name("scheme") {
                return format!("{}{MARK}@", scheme.as_str());
            }
            let kept = found.name("assign").map_or("", |name| name.as_str());
            format!("{kept}{MARK}")
        })
        .into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_go_by_name_and_by_shape_and_the_rest_stays() {
        let asked = json!({
            "api_key": "abc", "nested": [{ "Auth-Token": "x1" }], "max_tokens": 5,
            "note": "use ghp_0123456789abcdefghijABCDEFGHIJ now, password=hunter22 please",
            "url": "postgres://ann:pw123@localhost/db", "path": "src/main.rs",
        });
        let kept = redact(&asked);
        assert_eq!(
            kept,
            json!({
                "api_key": "[redacted]", "nested": [{ "Auth-Token": "[redacted]" }], "max_tokens": 5,
                "note": "use [redacted] now, password=[redacted] please",
                "url": "postgres://ann:[redacted]@localhost/db", "path": "src/main.rs",
            })
        );
    }
}
