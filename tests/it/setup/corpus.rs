//! Every configuration of the corpus, wired and unwired.

use std::fs;
use std::path::{Path, PathBuf};

use coord::setup::json;
use serde_json::Value;

use super::ground::{Ground, copy, difference};

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/setup");
const CLIENTS: [&str; 6] = ["claude", "codex", "gemini", "cursor", "copilot", "opencode"];
/// What is there before and cannot be told from what is made, once the receipts are lost: entries
/// of ours that were replaced, containers and files that held nothing, a version that was added.
const NEED_RECEIPTS: [&str; 10] = [
    "claude/old-entry",
    "codex/old-entry",
    "gemini/old-entry",
    "claude/empty-file",
    "claude/empty-object",
    "claude/empty-containers",
    "codex/empty",
    "codex/crlf",
    "copilot/empty",
    "cursor/no-version",
];

/// The cases of the corpus, and for each client one where nothing is there.
fn cases() -> Vec<(String, &'static str)> {
    let mut cases: Vec<(String, &str)> =
        CLIENTS.iter().map(|client| (format!("{client}/nothing"), *client)).collect();
    for client in CLIENTS {
        for entry in fs::read_dir(Path::new(CORPUS).join(client)).expect("it is there") {
            let name =
                entry.expect("it can be read").file_name().into_string().expect("it is text");
            cases.push((format!("{client}/{name}"), client));
        }
    }
    cases
}

fn ground(case: &str) -> Ground {
    let ground = Ground::new();
    let from = Path::new(CORPUS).join(case);
    if from.exists() {
        copy(&from, ground.top());
    }
    ground
}

#[test]
fn the_corpus_is_large_enough() {
    fn files(folder: &Path) -> usize {
        let entries = fs::read_dir(folder).expect("it can be read");
        let paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it is there").path()).collect();
        paths.iter().map(|path| if path.is_dir() { files(path) } else { 1 }).sum()
    }
    assert!(files(Path::new(CORPUS)) >= 60);
}

#[test]
fn init_and_uninit_leave_every_file_as_it_was() {
    for (case, client) in cases() {
        let ground = ground(&case);
        let before = ground.tree();

        ground.ends(&["init", "--yes", "--client", client], 0);
        let wired = ground.tree();
        assert_ne!(difference(&before, &wired), Vec::<String>::new(), "{case}: nothing was done");
        ground.ends(&["uninit", "--yes"], 0);

        assert_eq!(difference(&before, &ground.tree()), Vec::<String>::new(), "{case}");
    }
}

#[test]
fn a_second_init_changes_nothing_and_says_so() {
    for (case, client) in cases() {
        let ground = ground(&case);
        ground.ends(&["init", "--yes", "--client", client], 0);
        let wired = ground.tree();

        let said = ground.ends(&["init", "--yes", "--client", client], 0);

        assert!(said.contains("nothing was changed"), "{case}: {said}");
        assert_eq!(difference(&wired, &ground.tree()), Vec::<String>::new(), "{case}");
    }
}

#[test]
fn without_receipts_uninit_knows_its_own() {
    for (case, client) in cases() {
        if NEED_RECEIPTS.contains(&case.as_str()) {
            continue;
        }
        let ground = ground(&case);
        let before = ground.tree();
        ground.ends(&["init", "--yes", "--client", client], 0);
        fs::remove_dir_all(ground.state()).expect("it was made");

        ground.ends(&["uninit", "--yes"], 0);

        let left = difference(&before, &ground.tree());
        // The user's folders may have been there, empty, for all we know.
        let empty_folder = |line: &String| line.starts_with("+ ") && line.ends_with(" \"\"");
        let left: Vec<String> = left.into_iter().filter(|line| !empty_folder(line)).collect();
        assert_eq!(left, Vec::<String>::new(), "{case}");
    }
}

#[test]
fn what_others_have_put_there_means_the_same_afterwards() {
    for (case, client) in cases() {
        let ground = ground(&case);
        let before = ground.tree();
        ground.ends(&["init", "--yes", "--client", client, "--no-git"], 0);
        for (path, (was, _)) in &before {
            let name = path.display().to_string();
            let json = name.ends_with(".json") || name.ends_with(".jsonc");
            if !json || name.contains("/.git/") {
                continue;
            }
            let read = |bytes: &[u8]| {
                let text = String::from_utf8(bytes.to_vec()).expect("it is text");
                json::read(text.trim_start_matches('\u{feff}')).expect("it is JSON")
            };
            let (old, new) = (read(was), read(&fs::read(path).expect("it is still there")));
            assert!(contains(&new, &old), "{case}: {name}\n{old:#}\n{new:#}");
        }
    }
}

/// Whether everything of `old` is in `new`: members by name, elements in their order. What our own
/// entries said before may differ.
fn contains(new: &Value, old: &Value) -> bool {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => old.iter().all(|(name, old)| {
            let ours = name == "coord" || old.to_string().contains("\"coord\"");
            ours || new.get(name).is_some_and(|new| contains(new, old))
        }),
        (Value::Array(new), Value::Array(old)) => {
            let mut rest = new.iter();
            old.iter().all(|old| rest.any(|new| new == old))
        }
        (new, old) => new == old,
    }
}

#[test]
fn an_edit_elsewhere_in_the_file_survives_uninit() {
    let ground = ground("claude/others");
    ground.ends(&["init", "--yes", "--client", "claude"], 0);
    let wired = ground.read("repo/.claude/settings.json");
    ground.write("repo/.claude/settings.json", wired.replace("\"opus\"", "\"sonnet\""));
    let before =
        fs::read_to_string(Path::new(CORPUS).join("claude/others/repo/.claude/settings.json"));

    ground.ends(&["uninit", "--yes"], 0);

    let expected = before.expect("it is there").replace("\"opus\"", "\"sonnet\"");
    assert_eq!(ground.read("repo/.claude/settings.json"), expected);
}

#[test]
fn an_entry_of_ours_that_somebody_changed_stays_unless_forced() {
    let ground = ground("claude/others");
    let before = ground.tree();
    ground.ends(&["init", "--yes", "--client", "claude"], 0);
    let wired = ground.read("repo/.mcp.json");
    ground.write("repo/.mcp.json", wired.replace("600000", "5000"));

    let said = ground.ends(&["uninit", "--yes"], 1);
    assert!(said.contains("`mcpServers.coord` was changed; --force"), "{said}");
    assert!(ground.read("repo/.mcp.json").contains("5000"));

    ground.ends(&["uninit", "--yes", "--force"], 0);
    assert_eq!(difference(&before, &ground.tree()), Vec::<String>::new());
}
