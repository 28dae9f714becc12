//! What commands would do to files: the table of `tests/corpus/effects.txt`.

use std::fmt::Write as _;

use coord::guardrails::{
    Effect, Folders, Input, PathRef, Setting, State, Verb, Whole, check, effects,
};

const TABLE: &str = include_str!("../../corpus/effects.txt");

fn setting<'a>(folders: Folders<'a>) -> Setting<'a> {
    let state = State { folders, ..State::default() };
    Setting { cwd: Some("/r"), home: Some("/h"), state, ..Setting::default() }
}

fn name(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value).expect("a name is JSON") {
        serde_json::Value::String(name) => name,
        other => panic!("{other} is no name"),
    }
}

fn shown(effect: &Effect) -> String {
    let verb = match effect.verb {
        Verb::WholeTree(whole) => format!("git {}", name(&whole)),
        verb => name(&verb),
    };
    match &effect.path {
        PathRef::Literal(path) => format!("{verb} {path}"),
        PathRef::Pattern(path) => format!("{verb} ~{path}"),
        PathRef::Unknown => format!("{verb} ?"),
    }
}

/// Commands with the lines below them.
fn rows() -> Vec<(String, Vec<String>)> {
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    for line in TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match (line.strip_prefix("  "), rows.last_mut()) {
            (Some(effect), Some((_, wanted))) => wanted.push(effect.to_owned()),
            _ => rows.push((line.replace('⏎', "\n"), Vec::new())),
        }
    }
    rows
}

#[test]
fn every_command_of_the_table_touches_exactly_what_stands_below_it() {
    let is_folder = |path: &str| ["/r", "/r/src", "/r/lib", "/r/docs"].contains(&path);
    let setting = setting(Folders::asking(&is_folder));
    let mut wrong = String::new();
    for (command, wanted) in rows() {
        let found = effects(&Input::Shell(&command), &setting);
        let found: Vec<String> = found.touched.iter().map(shown).collect();
        if found != wanted {
            writeln!(wrong, "{command}\n  wanted {wanted:?}\n  found  {found:?}").expect("a text");
        }
    }
    assert!(rows().len() >= 150, "{} commands", rows().len());
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_verdict_reports_the_same_effects() {
    for (command, _) in rows() {
        let input = Input::Shell(&command);
        let alone = effects(&input, &setting(Folders::default()));
        let verdict = check(&input, &setting(Folders::default()));
        assert_eq!(alone.touched, verdict.effects, "{command}");
        assert_eq!(alone.unknowns, verdict.unknowns, "{command}");
    }
}

#[test]
fn a_command_starts_where_the_setting_says() {
    for start in ["/r/src", "src"] {
        let setting = Setting { start: Some(start), ..setting(Folders::default()) };
        let found = effects(&Input::Shell("touch a.rs ../b.rs; git stash"), &setting);
        let found: Vec<String> = found.touched.iter().map(shown).collect();
        assert_eq!(found, ["create src/a.rs", "create b.rs", "git stash_push src"]);
    }
}

#[test]
fn what_may_be_a_folder_counts_as_both_when_nobody_knows() {
    let found = effects(&Input::Shell("mv a.rs src"), &setting(Folders::default()));
    let found: Vec<String> = found.touched.iter().map(shown).collect();
    assert_eq!(found, ["move a.rs", "truncate src", "truncate src/a.rs"]);
}

#[test]
fn more_paths_than_are_followed_are_said_to_be_unknown() {
    let command = (0..500).fold("touch".to_owned(), |text, n| format!("{text} f{n}"));
    let found = effects(&Input::Shell(&command), &setting(Folders::default()));
    assert!(found.touched.len() >= 100 && !found.unknowns.is_empty(), "{found:?}");
}

#[test]
fn staging_changes_no_file() {
    assert!(!Verb::Stage.changes_files() && !Verb::WholeTree(Whole::CommitAll).changes_files());
    assert!(Verb::WholeTree(Whole::StashPush).changes_files() && Verb::Create.changes_files());
}
