//! Turns replies into what a person reads at a terminal.
//!
//! - What agents wrote is cleaned of control characters: a lock's reason must
//!   not be able to move the cursor or to set a title.
//! - Everything is text with styles in it; who prints it strips them where no
//!   colour is wanted (`desk`).
//!
//! Not here: what is asked and of whom (the commands).

pub mod fields;
pub mod style;
pub mod table;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns of a screen that everything fits on.
pub const WIDTH: usize = 80;

/// The text on one line, without what would act on a terminal.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\n' | '\r' | '\t' => Some(' '),
            // Overrides of the writing direction can make one text look like another.
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' => None,
            c if c.is_control() => Some('\u{FFFD}'),
            c => Some(c),
        })
        .collect()
}

/// Columns that the text takes on a terminal.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most `room` columns, its middle left out if it is too long:
/// of a path the start and the end tell the most.
#[must_use]
pub fn middle(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let Some(rest) = room.checked_sub(1) else { return String::new() };
    let tail: String = take(text.chars().rev(), rest - rest / 2).chars().rev().collect();
    format!("{}…{tail}", take(text.chars(), rest / 2))
}

/// The text in at most `room` columns, its end left out if it is too long.
#[must_use]
pub fn start(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let Some(rest) = room.checked_sub(1) else { return String::new() };
    format!("{}…", take(text.chars(), rest))
}

fn take(chars: impl Iterator<Item = char>, room: usize) -> String {
    let mut used = 0;
    chars
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= room
        })
        .collect()
}

/// "1 lock", "3 locks".
#[must_use]
pub fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// A size in bytes as people read it.
#[must_use]
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut whole = n;
    while whole >= 10_240 && unit + 1 < UNITS.len() {
        whole /= 1_024;
        unit += 1;
    }
    format!("{whole} {}", UNITS.get(unit).copied().unwrap_or("B"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_loses_its_middle_and_keeps_both_ends() {
        let cases = [
            ("src/main.rs", 20, "src/main.rs"),
            ("src/very/deep/folder/main.rs", 13, "src/ve…ain.rs"),
            ("abc", 1, "…"),
            ("abc", 0, ""),
            ("日本語のファイル", 7, "日…イル"),
        ];
        for (text, room, told) in cases {
            let shortened = middle(text, room);
            assert!(width(&shortened) <= room, "{shortened}");
            if text.is_ascii() {
                assert_eq!(shortened, told);
            }
        }
    }

    #[test]
    fn nothing_that_acts_on_a_terminal_is_left() {
        assert_eq!(clean("a\u{1b}[31mb\nc\u{202E}d\u{7}"), "a\u{FFFD}[31mb cd\u{FFFD}");
    }

    #[test]
    fn sizes_are_read_at_a_glance() {
        assert_eq!(
            [bytes(512), bytes(4_096), bytes(20 << 20)],
            ["512 B", "4096 B", "20 MiB"].map(String::from)
        );
    }
}
