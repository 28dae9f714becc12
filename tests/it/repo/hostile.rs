use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use coord::failure::Refusal as _;

use super::Tree;

#[test]
fn hostile_paths_are_refused_each_for_its_reason() {
    let tree = Tree::new();
    let bytes = OsStr::from_bytes(b"a/\xff\xfe");
    symlink(bytes, tree.repo.root.join("badlink")).expect("the folder is writable");
    let long = "x/".repeat(2500);
    let wide = "y".repeat(256);
    let braces = "{a,b}".repeat(7);
    let root = tree.repo.root.to_str().expect("plain").to_owned();
    let cases = [
        ("", "empty"),
        ("  \t", "empty"),
        ("a\0b", "control_character"),
        ("a\nb", "control_character"),
        ("\u{1b}[2J", "control_character"),
        ("a\u{85}b", "control_character"),
        (&long, "too_long"),
        (&wide, "name_too_long"),
        ("../x", "outside_repository"),
        ("..", "outside_repository"),
        ("a/../../x", "outside_repository"),
        ("/", "outside_repository"),
        ("/etc/passwd", "outside_repository"),
        (&format!("{root}2/x"), "outside_repository"),
        (&format!("{root}/../x"), "outside_repository"),
        ("//etc/passwd", "outside_repository"),
        ("/proc/self/root/etc/passwd", "outside_repository"),
        ("out/secret", "outside_repository"),
        ("outrel", "outside_repository"),
        ("dangling-out", "outside_repository"),
        ("up", "outside_repository"),
        ("up/*.rs", "outside_repository"),
        ("out/**", "outside_repository"),
        ("/tmp/*", "outside_repository"),
        ("C:\\x", "outside_repository"),
        ("c:/x", "outside_repository"),
        ("c:x", "outside_repository"),
        ("\\\\server\\share", "outside_repository"),
        (".git", "inside_git"),
        (".git/config", "inside_git"),
        (".GIT/config", "inside_git"),
        ("a/.Git/x", "inside_git"),
        ("a\\.git\\x", "inside_git"),
        (".git /x", "inside_git"),
        (".git./x", "inside_git"),
        ("git~1/x", "inside_git"),
        (".g\u{200c}it/x", "inside_git"),
        (".git::$INDEX_ALLOCATION/x", "inside_git"),
        ("hidden", "inside_git"),
        ("b/../.git/x", "inside_git"),
        (".git/**", "inside_git"),
        ("{src,.git}/**", "inside_git"),
        ("*/.git/*", "inside_git"),
        ("loop1", "link_loop"),
        ("me/x", "link_loop"),
        ("loop2/*.rs", "link_loop"),
        ("badlink", "not_utf8"),
        ("a/\u{fffd}", "not_utf8"),
        ("a/.\u{200d}./x", "control_character"),
        ("{link,b}/*.rs", "ambiguous"),
        ("~/x", "home_not_expanded"),
        ("https://example.org/x", "url"),
        ("file:/etc/passwd", "url"),
        ("!a/*", "unknown_pattern"),
        ("@(a|b)/*.rs", "unknown_pattern"),
        ("*/../x", "unknown_pattern"),
        ("{..,a}/x*", "unknown_pattern"),
        ("{/etc,a}/x", "unknown_pattern"),
        (&braces, "too_many_alternatives"),
        ("db:", "resource_without_name"),
        ("db:  ", "resource_without_name"),
        ("port:0", "no_port"),
        ("port:65536", "no_port"),
        ("port:+80", "no_port"),
        ("port:http", "no_port"),
    ];

    for (asked, reason) in cases {
        assert_eq!(tree.reason(asked), reason, "{asked:?}");
    }
    let seen: BTreeSet<_> = cases.iter().map(|(_, reason)| reason).collect();
    assert_eq!(seen.len(), 15, "every reason but `unreadable` is shown: {seen:?}");
}

#[test]
fn a_link_behind_which_two_files_could_be_meant_is_refused() {
    let tree = Tree::new();
    symlink("a/deep", tree.repo.root.join("shortcut")).expect("the folder is writable");

    // The system opens a/f, whoever tidies the text first opens f.
    assert_eq!(tree.reason("shortcut/../f"), "ambiguous");
    assert_eq!(tree.key("link/../b/new"), "b/new", "both readings agree");
}

#[test]
fn a_refusal_repeats_little_of_a_hostile_path_and_hides_nothing() {
    let tree = Tree::new();
    let hostile = [
        format!("../{}", "\u{202e}evil".repeat(500)),
        "\u{1b}]0;x\u{7}".repeat(400),
        "é".repeat(3000),
        format!("{}\r\nforged: line", "../".repeat(60)),
    ];

    for asked in hostile {
        let refusal = tree.refusal(&asked);
        let facts = refusal.facts();
        let message = refusal.to_string();
        let path = facts["path"].as_str().expect("the path is a text");
        assert_eq!(refusal.code(), "invalid_file_path");
        assert!(path.chars().count() <= 200, "{path}");
        assert!(message.chars().count() <= 300, "{message}");
        assert!(!message.chars().any(|c| c.is_control() || c == '\u{202e}'), "{message:?}");
        assert!(refusal.hint().is_some() && facts["reason"].is_string());
    }
}

#[test]
fn no_text_of_four_kilobytes_takes_long() {
    let tree = Tree::new();
    let texts = [
        "[".repeat(4096),
        "{".repeat(4096),
        "{,".repeat(2048),
        "{a,".repeat(1300) + &"}".repeat(190),
        "*a".repeat(2048),
        "**a".repeat(1300),
        "*/".repeat(2048),
        "**/a/".repeat(800),
        "a/".repeat(2048),
        "../".repeat(1300),
        "[a".repeat(2048),
        "\\".repeat(4096),
        "here/".repeat(800),
        "?".repeat(4000),
        "{1..9}".repeat(600),
    ];
    let targets: Vec<_> = texts
        .iter()
        .filter_map(|text| {
            let started = Instant::now();
            let found = tree.repo.resolve(text);
            // Loose, for a busy machine: a blow-up would take minutes.
            assert!(started.elapsed() < Duration::from_secs(2), "{}", &text[..8]);
            found.ok()
        })
        .collect();

    assert!(targets.len() >= 5, "some are good patterns: {}", targets.len());
    for (a, b) in targets.iter().flat_map(|a| targets.iter().map(move |b| (a, b))) {
        let started = Instant::now();
        assert_eq!(coord::repo::overlaps(a, b), coord::repo::overlaps(b, a));
        assert!(started.elapsed() < Duration::from_secs(2), "{:.8} {:.8}", a.key, b.key);
    }
}
