//! Reads a settings file into `(key, text, line)`.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::refusal::ConfigRefusal;

/// Largest settings file, in bytes.
const FILE_MAX: u64 = 64 << 10;

/// One line of a settings file. `text` is `None` for what is no plain value.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    pub key: String,
    pub text: Option<String>,
    pub line: usize,
}

/// The entries of a file; none if there is no such file.
pub fn read(file: &Path) -> Result<Vec<Entry>, ConfigRefusal> {
    let unreadable = |why: String| ConfigRefusal::Unreadable { file: file.to_owned(), why };
    match std::fs::metadata(file) {
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error.to_string())),
        Ok(meta) if !meta.is_file() => return Err(unreadable("it is no file".into())),
        Ok(meta) if meta.len() > FILE_MAX => {
            return Err(unreadable(format!("it has {} bytes, more than {FILE_MAX}", meta.len())));
        }
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    parse(&text).map_err(|(line, why)| ConfigRefusal::NotToml { file: file.to_owned(), line, why })
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

fn parse(text: &str) -> Result<Vec<Entry>, (usize, String)> {
    let line_of = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
    let table = DeTable::parse(text).map_err(|error| {
        (line_of(error.span().map_or(0, |span| span.start)), error.message().replace('\n', ", "))
    })?;
    let mut entries: Vec<Entry> = table
        .get_ref()
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            text: plain(value.get_ref()),
            line: line_of(key.span().start),
        })
        .collect();
    entries.sort_by_key(|entry| entry.line);
    Ok(entries)
}

fn plain(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Boolean(on) => Some(on.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().replace('_', "")),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_with_the_line_they_stand_on() {
        let entries =
            parse("# mine\ndurability = \"fast\"\n\nlock_ttl_minutes = 1_0\n[cloud]\nx = 1\n")
                .expect("the text is TOML");
        let entry = |key: &str, text: Option<&str>, line| Entry {
            key: key.into(),
            text: text.map(Into::into),
            line,
        };
        assert_eq!(
            entries,
            [
                entry("durability", Some("fast"), 2),
                entry("lock_ttl_minutes", Some("10"), 4),
                entry("cloud", None, 5),
            ]
        );
    }

    #[test]
    fn what_is_no_toml_is_refused_with_its_line() {
        let (line, _) = parse("durability = \"fast\"\nlog = = 1\n").expect_err("two signs");
        assert_eq!(line, 2);
    }
}
