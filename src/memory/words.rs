//! Text to words: what counts as one word, what an identifier consists of, when two texts say
//! the same.
//!
//! - A word is a run of letters and digits without case or accents, as the full-text index has it.
//! - Nothing else of a text goes any further, so no text reaches the syntax of the index.
//!
//! Not here: stems (`stem`), which words mean the same (`synonyms`).

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// The words of a text, in order.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let plain: String = text.nfd().filter(|c| !is_combining_mark(*c)).collect();
    let runs = plain.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty());
    runs.map(str::to_lowercase).collect()
}

/// The words of a text, each identifier followed by its parts: `useEffect` is "useeffect",
/// "use", "effect".
#[must_use]
pub fn words_and_parts(text: &str) -> Vec<String> {
    let plain: String = text.nfd().filter(|c| !is_combining_mark(*c)).collect();
    let mut found = Vec::new();
    for run in plain.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty()) {
        found.push(run.to_lowercase());
        found.extend(parts(run));
    }
    found
}

/// What the identifiers of several texts consist of, each part once: what the index cannot see.
#[must_use]
pub fn hidden_parts(texts: &[&str]) -> String {
    let mut found: Vec<String> = Vec::new();
    for text in texts {
        for part in text.split(|c: char| !c.is_alphanumeric()).flat_map(parts) {
            if !found.contains(&part) {
                found.push(part);
            }
        }
    }
    found.join(" ")
}

/// The parts of an identifier in camel case; none if it is one word.
fn parts(run: &str) -> Vec<String> {
    let chars: Vec<char> = run.chars().collect();
    let mut parts = vec![String::new()];
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(at + 1);
        // `parseHttp` splits before H, `HTTPServer` before the S that begins a word.
        let starts = c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || before.is_uppercase() && after.is_some_and(|after| after.is_lowercase())
            });
        if starts {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut() {
            part.extend(c.to_lowercase());
        }
    }
    if parts.len() == 1 {
        return Vec::new();
    }
    parts.retain(|part| part.chars().count() > 1);
    parts
}

/// All texts inside a JSON value, names of fields too.
#[must_use]
pub fn texts_of(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts_of).collect(),
        Value::Object(fields) => {
            let with_name = |(name, value)| {
                let mut texts: Vec<&str> = vec![String::as_str(name)];
                texts.extend(texts_of(value));
                texts
            };
            fields.iter().flat_map(with_name).collect()
        }
        _ => Vec::new(),
    }
}

/// Equal for texts that differ in case, spaces, punctuation or accents only.
#[must_use]
pub fn norm_key(text: &str) -> String {
    let words = words(&text.nfkc().collect::<String>());
    // What has no words (a row of symbols) is compared as it is.
    let norm = if words.is_empty() { text.trim().to_owned() } else { words.concat() };
    Sha256::digest(norm.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_no_case_accents_or_punctuation() {
        assert_eq!(
            words("Caf\u{e9}: don't \"DROP\" src/a_b.rs (E0502)*"),
            ["cafe", "don", "t", "drop", "src", "a", "b", "rs", "e0502"]
        );
        assert_eq!(words("\u{0}\u{202e} -- ;"), Vec::<String>::new());
    }

    #[test]
    fn an_identifier_is_found_by_its_parts() {
        let cases = [
            ("useEffect", "useeffect use effect"),
            ("parseHTTPResponse", "parsehttpresponse parse http response"),
            ("ECONNREFUSED", "econnrefused"),
            ("snake_case_name", "snake case name"),
            ("std::sync::RwLock", "std sync rwlock rw lock"),
            ("utf8String", "utf8string utf8 string"),
        ];
        for (text, wanted) in cases {
            assert_eq!(words_and_parts(text).join(" "), wanted, "{text}");
        }
        assert_eq!(hidden_parts(&["a useEffect b", "useEffect setState"]), "use effect set state");
    }

    #[test]
    fn texts_say_the_same_whatever_their_case_spaces_and_punctuation() {
        let said = norm_key("Redis times out after 5 s");
        for again in [
            "redis  TIMES out, after 5 s!",
            " Redis times-out after 5s.",
            "r\u{e9}dis times out after 5 s",
        ] {
            assert_eq!(norm_key(again), said, "{again}");
        }
        for other in ["Redis times out after 6 s", "Redis times out", ""] {
            assert_ne!(norm_key(other), said, "{other}");
        }
        assert_ne!(norm_key("!!!"), norm_key("???"), "symbols are all there is");
    }
}
