//! What is true of a single name: its normal form, its other cases, its traps.
//!
//! Not here: paths made of names (`path`), the file system (`walk`).

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization as _, is_nfc};

/// Longest text of a hostile path that a message repeats, in characters.
const ECHO_CHARS: usize = 200;

/// The composed normal form (NFC).
pub(super) fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) {
        text.into()
    } else {
        text.nfc().collect::<String>().into()
    }
}

/// The decomposed normal form (NFD), as macOS writes names.
pub(super) fn nfd(text: &str) -> String {
    text.nfd().collect()
}

/// One spelling for all that some case-insensitive file system takes for one.
///
/// Coarser than any of them: `ß`, `ẞ`, `SS` and `ss` agree, and invisible
/// characters, which HFS+ and ext4 skip, are left out.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let visible = text.nfd().filter(|c| !is_invisible(*c));
    // Upper case in between: some letters meet only there.
    visible.flat_map(fold_char).nfc().collect()
}

/// The case folding of one character, at most a few characters.
pub(super) fn fold_char(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// Whether some file system opens `.git` (or a neighbour's entrance to it)
/// under this name.
pub(super) fn is_git_dir(name: &str) -> bool {
    if name.is_ascii() && !name.starts_with(['.', 'g', 'G']) {
        return false;
    }
    let folded = fold(&name.chars().filter(|c| !is_invisible(*c)).collect::<String>());
    // NTFS: what follows a colon is a stream, dots and spaces at the end fall.
    let main = folded.split(':').next().unwrap_or(&folded).trim_end_matches(['.', ' ']);
    let short = main.strip_prefix("git~").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    main == ".git" || short
}

/// Whether invisible characters dress up `.` or `..`.
pub(super) fn is_disguised_dot(name: &str) -> bool {
    if name.is_ascii() {
        return false;
    }
    let visible: String = name.chars().filter(|c| !is_invisible(*c)).collect();
    matches!(&*visible, "" | "." | "..")
}

/// Characters that take no room and that some file systems ignore in names.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}')
}

/// A path as a message may repeat it: short, on one line, nothing hidden.
pub(super) fn echo(text: &str) -> String {
    let mut shown = String::new();
    let mut room = ECHO_CHARS - 1;
    for c in text.chars() {
        let hidden = c.is_control() || is_invisible(c) || matches!(c, '\u{2028}' | '\u{2029}');
        let piece = if hidden { c.escape_unicode().to_string() } else { c.to_string() };
        let Some(left) = room.checked_sub(piece.chars().count()) else {
            shown.push('…');
            break;
        };
        room = left;
        shown.push_str(&piece);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_joins_what_a_caseless_file_system_joins() {
        for twins in [
            ["README", "readme"],
            ["Straße", "STRASSE"],
            ["\u{212a}", "k"],
            ["ΣΑΣ", "σας"],
            ["e\u{301}", "É"],
            ["a\u{200d}b", "AB"],
            ["ſ", "S"],
            ["ǅ", "ǆ"],
        ] {
            assert_eq!(fold(twins[0]), fold(twins[1]), "{twins:?}");
        }
        assert_ne!(fold("a"), fold("b"));
    }

    #[test]
    fn folding_twice_is_folding_once() {
        for c in ('\0'..='\u{1ffff}').filter(|c| !c.is_ascii()) {
            let once = fold(&format!("a{c}b"));
            assert_eq!(fold(&once), once, "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn every_disguise_of_the_git_folder_is_seen_through() {
        for name in [
            ".git",
            ".GIT",
            ".Git",
            ".git ",
            ".git.",
            ".git. .",
            "git~1",
            "GIT~2",
            ".g\u{200c}it",
            "\u{feff}.git",
            ".git::$INDEX_ALLOCATION",
            ".git:x",
        ] {
            assert!(is_git_dir(name), "{name:?}");
        }
        for name in
            [".gitignore", ".github", "git", "x.git", ".gitmodules", "git~x", ".g it", "..git"]
        {
            assert!(!is_git_dir(name), "{name:?}");
        }
    }

    #[test]
    fn a_message_repeats_little_and_nothing_hidden() {
        let shown = echo(&"\u{1b}[31m\u{202e}x".repeat(1000));
        assert!(shown.chars().count() <= ECHO_CHARS);
        assert!(shown.starts_with("\\u{1b}[31m\\u{202e}x"), "{shown}");
        assert_eq!(echo("src/é.rs"), "src/é.rs");
    }
}
