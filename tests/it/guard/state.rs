//! A command is judged by what it would hit here and now.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use coord::repo::Repo;
use serde_json::json;

use super::{checked, verdict};
use crate::world::{Actor, World, fields};

fn locks(actor: &Actor<'_>, path: &str) {
    let answer = fields(&actor.asks("acquire_lock", json!({ "file_path": path })));
    assert_eq!(answer["success"], true, "{answer}");
}

#[test]
fn what_another_agent_holds_is_not_deleted_under_its_hands() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    assert_eq!(verdict(&ann, "rm -rf dist"), "allow", "an artefact can be made again");
    locks(&bob, "dist/app.js");
    let answer = checked(&ann, "rm -rf dist");
    assert_eq!(answer["violations"][0]["pattern_name"], "foreign_hold");
    assert_eq!(answer["violations"][0]["matched_text"], "dist/app.js is held by bob");
    assert_eq!(answer["safe"], false);
    assert_eq!(verdict(&ann, "rm -rf build"), "allow", "that is somewhere else");
    assert_eq!(verdict(&bob, "rm -rf dist"), "allow", "it is bob's own");
    world.pass_minutes(121);
    assert_eq!(verdict(&ann, "rm -rf dist"), "allow", "a lock whose time is up holds nothing");
}

#[test]
fn a_folder_or_a_pattern_is_held_with_all_that_is_in_it() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    locks(&bob, "docs/*.md");
    assert_eq!(verdict(&ann, "echo x > docs/a.md"), "block");
    assert_eq!(verdict(&ann, "echo x > docs/a.txt"), "allow");
    locks(&bob, "web/");
    assert_eq!(verdict(&ann, "echo x > web/deep/a.js"), "block");
    let edit = json!({ "operation_text": "", "file_paths": ["web/deep/a.js"] });
    assert_eq!(fields(&ann.asks("check_guardrails", edit))["safe"], false);
}

fn git(folder: &Path, arguments: &[&str]) {
    let run = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .expect("git is there");
    assert!(run.status.success(), "{arguments:?}: {run:?}");
}

/// An agent in a git repository with one file that is committed.
fn in_a_repository(world: &World) -> Actor<'_> {
    let root = world.folder.path().join("app");
    std::fs::create_dir(&root).expect("it is new");
    std::fs::write(root.join("a.txt"), "one").expect("the folder is there");
    git(&root, &["init", "-q"]);
    git(&root, &["add", "."]);
    git(&root, &["commit", "-q", "-m", "one"]);
    let mut actor = world.agent("ann");
    actor.repo = Arc::new(Repo::discover(&root));
    actor
}

#[test]
fn a_worktree_that_another_agent_works_in_is_not_deleted_with_the_folder_around_it() {
    let world = World::new();
    let ann = in_a_repository(&world);
    let folder = ann.repo.root.join(".trees/bob");
    let folder = folder.to_str().expect("it is text");
    git(&ann.repo.root, &["worktree", "add", "-q", "-b", "bob", folder]);
    assert_eq!(verdict(&ann, "rm -rf target"), "allow");
    let mut bob = world.agent("bob");
    bob.repo = Arc::new(Repo::discover(Path::new(folder)));
    bob.asks("register_session", json!({}));
    let answer = checked(&ann, "rm -rf .trees");
    let told: Vec<&str> = answer["violations"]
        .as_array()
        .expect("it is a list")
        .iter()
        .filter_map(|one| one["pattern_name"].as_str())
        .collect();
    assert!(told.contains(&"foreign_hold"), "{answer}");
    assert_eq!(answer["safe"], false);
    let elsewhere = checked(&ann, "rm -rf target");
    assert_eq!(elsewhere["safe"], true, "it is not below: {elsewhere}");
}

#[test]
fn a_reset_of_a_clean_tree_is_only_warned_of() {
    let world = World::new();
    let ann = in_a_repository(&world);
    for text in ["git reset --hard", "git fetch && git reset --hard origin/main", "git restore ."] {
        assert_eq!(verdict(&ann, text), "warn", "{text}");
    }
    for text in ["git -C ../other reset --hard", "cd ../other && git reset --hard"] {
        assert_eq!(verdict(&ann, text), "block", "{text} is about another tree");
    }
    std::fs::write(ann.repo.root.join("a.txt"), "two").expect("the file is there");
    for text in ["git reset --hard", "git restore ."] {
        assert_eq!(verdict(&ann, text), "block", "{text} would lose work");
    }
}

#[test]
fn outside_a_repository_nothing_is_known_to_be_clean() {
    let world = World::new();
    assert_eq!(verdict(&world.agent("ann"), "git reset --hard"), "block");
}
