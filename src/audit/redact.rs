//! Takes secrets out of what is recorded: by the name of a field, and by
//! well-known shapes anywhere in a text.
//!
//! - It runs on every call, so a value is written out in one pass, and a text
//!   without any sign of a secret costs one scan for a few bytes.
//! - Where it errs, it takes out too much: a log with a hole is of use, a log
//!   with a password is a leak.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::LazyLock;

use regex::Regex;
use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::Value;

/// What stands where a secret stood.
const MARK: &str = "[redacted]";

/// A field holds a secret if its name, in lower case and without separators,
/// contains one of these.
const NAMES: [&str; 15] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "servicekey",
    "signingkey",
    "encryptionkey",
    "authorization",
    "credential",
    "cookie",
    "connectionstring",
];

/// Shapes that issuers document for their own secret scanners, then credentials
/// in URLs, then assignments and options whose name speaks of a secret.
const SHAPES: &str = concat!(
    r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|$)",
    r"|(?-u:\b)(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|gl[a-z]{2,4}-[A-Za-z0-9_-]{16,}",
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,}|ya29\.[0-9A-Za-z_-]{20,}",
    r"|xox[abeposr]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{20,}",
    r"|(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9]{20,}|sb_secret_[A-Za-z0-9_-]{10,}|sbp_[0-9a-f]{30,}",
    r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|hf_[A-Za-z0-9]{30,}",
    r"|do[opr]_v1_[0-9a-f]{40,}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{24,}|lin_api_[A-Za-z0-9]{20,}",
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}|AGE-SECRET-KEY-1[0-9A-Z]{30,})",
    r"|hooks\.slack\.com/services/[A-Za-z0-9/]{20,}",
    r"|(?P<scheme>(?-u:\b)[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@]{0,64}:)[^\s@/]{1,256}@",
    r"|(?P<bearer>(?i:(?-u:\b)(?:bearer|basic)\s+))[A-Za-z0-9._~+/-]{16,}=*",
    r"|(?P<assign>(?i:(?:password|passwd|passphrase|secret|token|credential|authorization",
    r"|(?:api|access|private|service|signing|encryption|account)[_-]?key)(?:[_-][a-z0-9_-]{0,40})?",
    r#"["'`]{0,2}\s{0,4}(?::=|=>|[=:])\s{0,4}["'`]{0,2}(?:bearer\s+|basic\s+)?))[^\s,;&"'`=>]{4,}"#,
    r#"|(?P<option>(?i:--[a-z0-9_-]{0,40}(?:password|passwd|passphrase|secret|token|credential|key)\s+["'`]?))[^\s"'`-][^\s"'`]{3,}"#,
);

#[expect(clippy::expect_used, reason = "the pattern is a constant that a test compiles")]
static SHAPE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(SHAPES).expect("SHAPES is a valid pattern"));

/// A value that is written out without its secrets.
pub struct Redacted<'a> {
    value: &'a Value,
    changed: &'a Cell<bool>,
}

impl<'a> Redacted<'a> {
    /// `changed` becomes true when something was taken out.
    #[must_use]
    pub const fn of(value: &'a Value, changed: &'a Cell<bool>) -> Self {
        Self { value, changed }
    }

    fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let kept = without_secrets(text);
        if matches!(kept, Cow::Owned(_)) {
            self.changed.set(true);
        }
        kept
    }

    fn hides(&self, name: &str, value: &Value) -> bool {
        let secret = match value {
            Value::Null | Value::Bool(_) => false,
            Value::String(text) => !text.is_empty() && is_secret_name(name),
            Value::Number(_) | Value::Array(_) | Value::Object(_) => is_secret_name(name),
        };
        if secret {
            self.changed.set(true);
        }
        secret
    }
}

impl Serialize for Redacted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::String(text) => serializer.serialize_str(&self.text(text)),
            Value::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(&Self::of(item, self.changed))?;
                }
                seq.end()
            }
            Value::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_key(&self.text(name))?;
                    if self.hides(name, value) {
                        map.serialize_value(MARK)?;
                    } else {
                        map.serialize_value(&Self::of(value, self.changed))?;
                    }
                }
                map.end()
            }
            plain => plain.serialize(serializer),
        }
    }
}

/// Counts such as `max_tokens` are no secrets.
fn is_secret_name(name: &str) -> bool {
    // None of the names is shorter, and most fields are ruled out by that.
    if name.len() < 5 {
        return false;
    }
    let plain: String = name
        .chars()
        .filter(|c| !matches!(c, '-' | '_' | ' ' | '.'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    !plain.ends_with("tokens") && NAMES.iter().any(|secret| plain.contains(secret))
}

/// The text without secrets.
#[must_use]
pub fn redact_text(text: &str) -> String {
    without_secrets(text).into_owned()
}

fn without_secrets(text: &str) -> Cow<'_, str> {
    if text.len() < 8 || !is_suspicious(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    SHAPE.replace_all(text, |found: &regex::Captures<'_>| {
        if let Some(scheme) = found.name("scheme") {
            return format!("{}{MARK}@", scheme.as_str());
        }
        let named = ["assign", "bearer", "option"].iter().find_map(|name| found.name(name));
        format!("{}{MARK}", named.map_or("", |name| name.as_str()))
    })
}

/// Whether any shape could be in it. Each has one of these bytes: a digit in a
/// key of an issuer, or what stands between a name and its value.
fn is_suspicious(text: &[u8]) -> bool {
    let mut run = 0_u32;
    for byte in text {
        match byte {
            b':' | b'=' => return true,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' => {
                run += 1;
                // Shorter runs hold no key.
                if run >= 15 {
                    return true;
                }
            }
            _ => run = 0,
        }
    }
    has_telling_word(text)
}

/// Whether a word is in it that needs no such byte: "--token abcd", "Bearer …", a key's frame.
fn has_telling_word(text: &[u8]) -> bool {
    text.windows(6).any(|window| {
        matches!(window[0], b'-' | b'b' | b'B')
            && (window.starts_with(b"--") || window.eq_ignore_ascii_case(b"bearer"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn redact(value: &Value) -> Value {
        let text = serde_json::to_string(&Redacted::of(value, &Cell::new(false)));
        serde_json::from_str(&text.expect("a value can be written")).expect("it stays JSON")
    }

    #[test]
    fn secrets_go_by_name_and_by_shape_and_the_rest_stays() {
        let asked = json!({
            "api_key": "abc", "nested": [{ "Auth-Token": "x1" }], "max_tokens": 5, "apiKey": "k",
            "privateKey": ["a"], "secret": false, "SUPABASE_SERVICE_KEY": "s",
            "note": "use ghp_0123456789abcdefghijABCDEFGHIJ now, password=hunter22 please",
            "url": "postgres://ann:pw123@localhost/db", "path": "src/main.rs",
        });
        assert_eq!(
            redact(&asked),
            json!({
                "api_key": "[redacted]", "nested": [{ "Auth-Token": "[redacted]" }], "max_tokens": 5,
                "apiKey": "[redacted]", "privateKey": "[redacted]", "secret": false,
                "SUPABASE_SERVICE_KEY": "[redacted]",
                "note": "use [redacted] now, password=[redacted] please",
                "url": "postgres://ann:[redacted]@localhost/db", "path": "src/main.rs",
            })
        );
    }

    #[test]
    fn what_shells_and_configs_say_of_secrets_is_taken_out() {
        for (text, kept) in [
            ("export GITHUB_TOKEN=abcd1234 && make", "export GITHUB_TOKEN=[redacted] && make"),
            ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key = [redacted]"),
            ("mysql --password hunter22 -u root", "mysql --password [redacted] -u root"),
            ("DB_PASSWORD: 'hunter22'", "DB_PASSWORD: '[redacted]'"),
            (r#"{"password":"hunter22"}"#, r#"{"password":"[redacted]"}"#),
            (
                "curl -H 'Authorization: Bearer abcdefgh12345678'",
                "curl -H 'Authorization: Bearer [redacted]'",
            ),
            ("redis://:hunter22@cache:6379", "redis://:[redacted]@cache:6379"),
            ("AKIAIOSFODNN7EXAMPLE", "[redacted]"),
            ("Bearer abcdefgh12345678", "Bearer [redacted]"),
            ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nabc", "[redacted]"),
            ("whsec_0123456789abcdefghij", "[redacted]"),
        ] {
            assert_eq!(redact_text(text), kept, "in {text:?}");
        }
    }

    #[test]
    fn plain_words_and_paths_stay_as_they_are() {
        for text in [
            "src/a_module/with-a-long-name/and.rs",
            "fix the tokenizer: it drops max_tokens=4096",
            "rewrite https://example.com/a/b?c=d",
            "01a207a9-f26d-7462-9169-078cf1757cf9",
            "let x = y; // see issue: 5",
        ] {
            assert_eq!(redact_text(text), text);
        }
    }

    #[test]
    fn a_text_with_a_secret_always_looks_suspicious() {
        for text in ["Bearer abcdefgh12345678", "use -p, or --token abcd", "it is a=b"] {
            assert!(is_suspicious(text.as_bytes()), "{text:?} is let through unread");
        }
    }
}
