//! What else a word of software may be called: the table in `synonyms.txt`.
//!
//! - A name is found by its stems, so every form of its words is found.
//! - A name for the same thing weighs more than a word that is merely about it.
//!
//! Not here: what a match is worth (`score`), typing errors (`query`).

use std::collections::HashMap;
use std::sync::LazyLock;

use super::stem::stem;
use super::words::words;

/// Most words of one name.
pub const NAME_WORDS_MAX: usize = 4;

/// A name of one or more words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// As written, in lower case.
    pub words: Vec<String>,
    /// What is compared.
    pub stems: Vec<String>,
}

impl Name {
    /// A name from words in lower case.
    #[must_use]
    pub fn of(words: Vec<String>) -> Self {
        let stems = words.iter().map(|word| stem(word)).collect();
        Self { words, stems }
    }
}

/// One line of the table.
#[derive(Debug)]
pub struct Group {
    /// Names for one thing.
    pub names: Vec<Name>,
    /// What is often said where it is meant.
    pub related: Vec<Name>,
}

/// The table, by the stems of each name.
#[derive(Debug)]
pub struct Table {
    groups: Vec<Group>,
    by_stems: HashMap<Vec<String>, Vec<usize>>,
}

/// The table that ships with coord.
pub static TABLE: LazyLock<Table> = LazyLock::new(|| Table::parse(include_str!("synonyms.txt")));

impl Table {
    /// Reads a table; lines that begin with `#` are for people.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim);
        let told = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let groups: Vec<Group> = told
            .map(|line| {
                let (names, related) = line.split_once('|').unwrap_or((line, ""));
                Group { names: list(names), related: list(related) }
            })
            .collect();
        let mut by_stems: HashMap<Vec<String>, Vec<usize>> = HashMap::new();
        for (at, group) in groups.iter().enumerate() {
            for name in &group.names {
                let places = by_stems.entry(name.stems.clone()).or_default();
                if !places.contains(&at) {
                    places.push(at);
                }
            }
        }
        Self { groups, by_stems }
    }

    /// The lines in which something is called so.
    pub fn groups(&self, stems: &[String]) -> impl Iterator<Item = &Group> {
        let places = self.by_stems.get(stems).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|at| self.groups.get(*at))
    }

    /// Whether something is called so.
    #[must_use]
    pub fn has(&self, stems: &[String]) -> bool {
        self.by_stems.contains_key(stems)
    }

    /// Every word of which a name consists alone.
    pub fn single_words(&self) -> impl Iterator<Item = &str> {
        let names = self.groups.iter().flat_map(|group| &group.names);
        names.filter(|name| name.words.len() == 1).flat_map(|name| &name.words).map(String::as_str)
    }
}

fn list(text: &str) -> Vec<Name> {
    text.split(',')
        .map(|name| Name::of(words(name)))
        .filter(|name| !name.words.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stems(text: &str) -> Vec<String> {
        Name::of(words(text)).stems
    }

    #[test]
    fn a_name_is_found_in_every_form_of_its_words() {
        let table =
            Table::parse("# c\nflaky, sometimes fails | timing\n\nci, continuous integration\n");
        for form in ["flaky", "Flaky", "sometimes fails", "sometimes failing"] {
            let found: Vec<_> = table.groups(&stems(form)).collect();
            assert_eq!(found.len(), 1, "{form}");
            assert_eq!(found[0].related[0].words, ["timing"]);
        }
        assert!(!table.has(&stems("timing")), "what is only related is no name");
        assert_eq!(table.single_words().collect::<Vec<_>>(), ["flaky", "ci"]);
    }

    #[test]
    fn the_table_that_ships_can_be_read_whole() {
        for group in &TABLE.groups {
            assert!(group.names.len() > 1 || !group.related.is_empty(), "{group:?} says nothing");
            for name in group.names.iter().chain(&group.related) {
                assert!(name.words.len() <= NAME_WORDS_MAX, "{name:?} is never looked up");
            }
        }
        assert!(TABLE.has(&stems("flaky")) && TABLE.has(&stems("continuous integration")));
    }
}
