//! Brings every value into the one form that SQLite and Postgres keep alike, before either sees it.
//!
//! - What passes here is stored by both engines and comes back equal from both.
//! - A value already in that form comes back unchanged.
//! - Nothing is repaired that could mean two things: it is refused, and the caller names the
//!   argument.
//!
//! Not here: what a value means (a path, a priority, a name), which its domain knows.

use std::collections::BTreeMap;

use serde_json::{Number, Value};

/// The most bytes of a key column that says nothing else (`@key` in `schema/`).
pub const KEY_BYTES: usize = 512;
/// The most bytes of a normalised path (`@key(1024)` in `schema/`).
pub const PATH_KEY_BYTES: usize = 1024;
/// How deep JSON may be nested; a bare number has depth 1.
pub const JSON_DEPTH: usize = 64;
/// The last instant that RFC 3339 can write, in Unix milliseconds.
pub const LAST_MS: i64 = 253_402_300_799_999;

/// Why a value cannot be stored as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Irregular {
    /// A key without a single byte.
    #[error("is empty")]
    Empty,
    /// A key beyond its bound.
    #[error("has {bytes} bytes, at most {most} are taken")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        most: usize,
    },
    /// Text with a character that Postgres cannot hold.
    #[error("contains a NUL character")]
    Nul,
    /// Text that does not spell a UUID.
    #[error("is not a UUID")]
    NotAnId,
    /// Infinity, or no number at all.
    #[error("is not a finite number")]
    NotFinite,
    /// JSON beyond [`JSON_DEPTH`].
    #[error("is nested deeper than {most} levels")]
    TooDeep {
        /// How deep it may be.
        most: usize,
    },
    /// A time that RFC 3339 cannot write.
    #[error("is not a time between 1970 and 9999")]
    NotATime,
}

/// A UUID with dashes in lower case; also taken in upper case and without dashes.
///
/// # Errors
/// [`Irregular::NotAnId`] for anything else.
pub fn id(text: &str) -> Result<String, Irregular> {
    let dashes = [8, 13, 18, 23];
    let dashed = text.len() == 36 && dashes.iter().all(|&at| text.as_bytes()[at] == b'-');
    let digits = if dashed { text.replace('-', "") } else { text.to_owned() };
    if digits.len() != 32 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Irregular::NotAnId);
    }
    let d = digits.to_ascii_lowercase();
    Ok(format!("{}-{}-{}-{}-{}", &d[..8], &d[8..12], &d[12..16], &d[16..20], &d[20..]))
}

/// Text of 1 to `most` bytes, compared byte by byte ([`KEY_BYTES`], [`PATH_KEY_BYTES`]).
///
/// # Errors
/// [`Irregular::Empty`], [`Irregular::TooLong`] or [`Irregular::Nul`].
pub fn key(value: &str, most: usize) -> Result<&str, Irregular> {
    match value.len() {
        0 => Err(Irregular::Empty),
        bytes if bytes > most => Err(Irregular::TooLong { bytes, most }),
        _ => text(value),
    }
}

/// Text of any length. Only NUL is refused: Postgres has no place for it.
///
/// # Errors
/// [`Irregular::Nul`].
pub fn text(value: &str) -> Result<&str, Irregular> {
    if value.contains('\0') { Err(Irregular::Nul) } else { Ok(value) }
}

/// A finite number; zero has no sign.
///
/// # Errors
/// [`Irregular::NotFinite`].
pub fn real(value: f64) -> Result<f64, Irregular> {
    // Adding 0.0 turns -0.0, which SQLite does not keep, into 0.0 and nothing else into anything.
    if value.is_finite() { Ok(value + 0.0) } else { Err(Irregular::NotFinite) }
}

/// A time in Unix milliseconds that can be shown.
///
/// # Errors
/// [`Irregular::NotATime`].
pub fn ms(value: i64) -> Result<i64, Irregular> {
    if (0..=LAST_MS).contains(&value) { Ok(value) } else { Err(Irregular::NotATime) }
}

/// Canonical JSON: no blanks, keys sorted by their bytes, each number written in one way.
///
/// Two values are equal exactly if their texts are, also after Postgres has re-ordered the keys and
/// spelt out the numbers. A number is its value: `1.0`, `1e0` and `1` are one.
///
/// # Errors
/// [`Irregular::Nul`] in any text or key, [`Irregular::TooDeep`] beyond [`JSON_DEPTH`].
pub fn json(value: &Value) -> Result<String, Irregular> {
    canonical(value, JSON_DEPTH)
}

/// [`json`] of a whole row, whose columns may be as deep as JSON may be.
///
/// # Errors
/// As [`json`], one level deeper.
pub fn row(value: &Value) -> Result<String, Irregular> {
    canonical(value, JSON_DEPTH + 1)
}

fn canonical(value: &Value, depth: usize) -> Result<String, Irregular> {
    let mut out = String::new();
    write(value, depth, &mut out)?;
    Ok(out)
}

fn write(value: &Value, depth: usize, out: &mut String) -> Result<(), Irregular> {
    if depth == 0 {
        return Err(Irregular::TooDeep { most: JSON_DEPTH });
    }
    match value {
        Value::Null | Value::Bool(_) => out.push_str(&value.to_string()),
        Value::Number(number) => out.push_str(&spell(number)),
        Value::String(value) => quote(value, out)?,
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                separate(position, out);
                write(item, depth - 1, out)?;
            }
            out.push(']');
        }
        Value::Object(fields) => {
            out.push('{');
            let sorted: BTreeMap<_, _> = fields.iter().collect();
            for (position, (name, item)) in sorted.into_iter().enumerate() {
                separate(position, out);
                quote(name, out)?;
                out.push(':');
                write(item, depth - 1, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn separate(position: usize, out: &mut String) {
    if position > 0 {
        out.push(',');
    }
}

fn quote(value: &str, out: &mut String) -> Result<(), Irregular> {
    out.push_str(&Value::from(text(value)?).to_string());
    Ok(())
}

/// Whole numbers that a reader would take for an integer are written as one.
fn spell(number: &Number) -> String {
    const LEAST: f64 = -9_223_372_036_854_775_808.0;
    const BEYOND: f64 = 18_446_744_073_709_551_616.0;
    match number.as_f64() {
        Some(0.0) => "0".into(),
        Some(real) if number.is_f64() && real.fract() == 0.0 && (LEAST..BEYOND).contains(&real) => {
            format!("{real:.0}")
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let spelt = "018f2c1a-0000-7abc-8def-0123456789ab";
        for text in [spelt, &spelt.to_uppercase(), &spelt.replace('-', "")] {
            assert_eq!(id(text).as_deref(), Ok(spelt));
        }
    }

    #[test]
    fn what_only_resembles_an_id_is_refused() {
        let letters = "018f2c1a-0000-7abc-8def-0123456789ag";
        let dashes = "018f2c1a0-000-7abc-8def-0123456789ab";
        let wide = "018f2c1a-0000-7abc-8def-0123456789\u{e4}";
        let nul = "018f2c1a-0000-7abc-8def-0123456789a\0";
        for text in ["", letters, dashes, wide, nul, "{018f2c1a00007abc8def0123456789ab}"] {
            assert_eq!(id(text), Err(Irregular::NotAnId), "{text:?}");
        }
    }

    #[test]
    fn a_key_is_taken_up_to_its_bound() {
        assert_eq!(key("", 4), Err(Irregular::Empty));
        assert_eq!(key("a\u{e4}b", 4), Ok("a\u{e4}b"));
        assert_eq!(key("a\u{e4}bc", 4), Err(Irregular::TooLong { bytes: 5, most: 4 }));
        assert_eq!(key("a\0", 4), Err(Irregular::Nul));
    }

    #[test]
    fn a_real_is_finite_and_its_zero_has_no_sign() {
        assert_eq!(real(f64::NAN), Err(Irregular::NotFinite));
        assert_eq!(real(f64::NEG_INFINITY), Err(Irregular::NotFinite));
        assert!(real(-0.0).is_ok_and(f64::is_sign_positive));
        assert_eq!(real(f64::MIN_POSITIVE), Ok(f64::MIN_POSITIVE));
    }

    #[test]
    fn a_time_can_be_shown() {
        assert_eq!([ms(0), ms(LAST_MS)], [Ok(0), Ok(LAST_MS)]);
        assert_eq!([ms(-1), ms(LAST_MS + 1)], [Err(Irregular::NotATime), Err(Irregular::NotATime)]);
    }

    #[test]
    fn equal_json_has_equal_text() {
        let cases = [
            (r#"{ "b": 1, "a": [1.0, 1e0, -0.0, 0] }"#, r#"{"a":[1,1,0,0],"b":1}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            (
                "[9223372036854775807, 18446744073709551615]",
                "[9223372036854775807,18446744073709551615]",
            ),
            ("[1e19, 1e20, 1e21, 5e-324]", "[10000000000000000000,1e+20,1e+21,5e-324]"),
            ("[-9223372036854775808.0, -1e19]", "[-9223372036854775808,-1e+19]"),
            (r#""\u00e4\u001f\/""#, r#""ä\u001f/""#),
        ];
        for (sent, canonical) in cases {
            let value = serde_json::from_str(sent).expect("the case is JSON");
            assert_eq!(json(&value).as_deref(), Ok(canonical), "{sent}");
            let again = serde_json::from_str(canonical).expect("canonical JSON is JSON");
            assert_eq!(json(&again).as_deref(), Ok(canonical), "{canonical} a second time");
        }
    }

    #[test]
    fn json_with_nul_or_without_end_is_refused() {
        assert_eq!(json(&serde_json::json!({"a": ["\0"]})), Err(Irregular::Nul));
        assert_eq!(json(&serde_json::json!({"\0": 1})), Err(Irregular::Nul));
        let nested = |depth| (1..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]));
        assert!(json(&nested(JSON_DEPTH)).is_ok());
        assert_eq!(json(&nested(JSON_DEPTH + 1)), Err(Irregular::TooDeep { most: JSON_DEPTH }));
        assert!(row(&serde_json::json!({ "column": nested(JSON_DEPTH) })).is_ok());
        assert!(row(&serde_json::json!({ "column": nested(JSON_DEPTH + 1) })).is_err());
    }
}
