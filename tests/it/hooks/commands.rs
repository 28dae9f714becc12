//! What an edit and a command may do while others hold files.

use std::sync::Arc;

use coord::answer::Answer;
use coord::repo::Repo;
use serde_json::json;

use crate::world::{Actor, World};

fn edit(actor: &Actor<'_>, files: &[&str]) -> Answer {
    actor.asks("edit_file", json!({ "file_paths": files, "tool": "Write" }))
}

fn run(actor: &Actor<'_>, command: &str) -> Answer {
    actor.asks("run_command", json!({ "command": command }))
}

fn held(actor: &Actor<'_>) -> Vec<String> {
    let locks = actor.asks("check_locks", json!({ "agent_id": actor.caller.agent_id })).flat();
    let rows = locks["locks"].as_array().cloned().unwrap_or_default();
    rows.iter().filter_map(|row| row["file_path"].as_str().map(str::to_owned)).collect()
}

fn write(world: &World, file: &str) {
    let path = world.repo.root.join(file);
    std::fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
    std::fs::write(path, "x\n").expect("it can be written");
}

#[test]
fn an_edit_locks_all_its_files_or_none() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    assert!(edit(&ann, &["a.rs", "b.rs"]).success());
    assert_eq!(held(&ann), ["a.rs", "b.rs"]);
    let denied = edit(&bob, &["c.rs", "b.rs"]);
    assert_eq!(denied.code(), Some("locked_by_other"));
    let said = denied.sentence();
    for word in
        ["b.rs is held by ann (test) since 2026-01-01T12:00:00Z", "until", "an edit by Write"]
    {
        assert!(said.contains(word), "{said}");
    }
    assert!(held(&bob).is_empty(), "none of it");
    assert!(ann.asks("end_session", json!({})).success());
    assert!(edit(&bob, &["c.rs", "b.rs"]).success());
}

#[test]
fn whatever_a_command_would_write_is_judged_like_an_edit() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    for file in ["src/a.rs", "src/b.rs", "free.rs"] {
        write(&world, file);
    }
    assert!(edit(&ann, &["src/a.rs"]).success());
    let denied = [
        "echo x > src/a.rs",
        "cat free.rs | tee -a src/a.rs",
        "sed -i s/x/y/ src/a.rs",
        "mv src/a.rs src/c.rs",
        "cp free.rs src/a.rs",
        "rm src/a.rs",
        "cd src && echo x > a.rs",
        "sed -i s/x/y/ src/*.rs",
        "prettier --write src/a.rs",
        "git checkout -- src/a.rs",
        "git add src/a.rs",
    ];
    for command in denied {
        let answer = run(&bob, command);
        let code = answer.code().unwrap_or("none").to_owned();
        assert!(
            ["locked_by_other", "tree_in_use"].contains(&code.as_str()),
            "{command}: {answer:?}"
        );
        assert!(answer.sentence().contains("ann"), "{command}");
    }
    assert!(held(&bob).is_empty());
    for command in ["cat src/a.rs", "echo x > free.rs", "sed -i s/x/y/ src/b.rs", "mkdir -p target"]
    {
        assert!(run(&bob, command).success(), "{command}: {:?}", run(&bob, command));
    }
    assert_eq!(held(&bob), ["free.rs", "src/b.rs"]);
    assert!(run(&ann, "sed -i s/x/y/ src/a.rs").success(), "it is its own");
}

#[test]
fn the_whole_tree_is_for_who_is_alone_in_it() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    assert!(edit(&ann, &["a.rs"]).success());
    for command in ["git stash", "git checkout main", "git merge x", "git rebase x", "git pull"] {
        let answer = run(&bob, command);
        assert_eq!(answer.code(), Some("tree_in_use"), "{command}: {answer:?}");
        assert!(answer.sentence().contains("ann holds a.rs since"), "{command}");
        assert!(run(&ann, command).success(), "{command} of who is alone");
    }
    assert!(ann.asks("end_session", json!({})).success());
    assert!(run(&bob, "git stash").success());
}

#[test]
fn a_destructive_command_is_stopped_and_leaves_its_trace() {
    let world = World::new();
    let ann = world.agent("ann");
    let answer = run(&ann, "rm -rf ~");
    assert_eq!(answer.code(), Some("guardrail_blocked"), "{answer:?}");
    let rows = world.person().asks("audit_rows", json!({})).flat().to_string();
    assert!(rows.contains("run_command") && rows.contains("guardrail_blocked"), "{rows}");
}

#[test]
fn a_lock_in_another_worktree_is_told_of_and_stands_in_the_way_only_if_that_is_set() {
    let world = World::new();
    let (ann, mut bob) = (world.agent("ann"), world.agent("bob"));
    let other = world.folder.path().join("other");
    std::fs::create_dir(&other).expect("it can be made");
    bob.repo = Arc::new(Repo { root: other, ..(*world.repo).clone() });
    assert!(edit(&ann, &["a.rs"]).success());
    let told = edit(&bob, &["a.rs"]).flat();
    assert_eq!(told["success"], true);
    let context = told["context"].as_str().expect("it is told");
    assert!(context.contains("ann is changing a.rs in the worktree"), "{context}");
    assert!(held(&bob).is_empty(), "what another holds is not held twice");
    assert!(run(&bob, "git stash").success(), "its own tree is its own");
}

#[test]
fn a_subagent_may_edit_what_its_parent_holds_and_siblings_are_kept_apart() {
    let world = World::new();
    let ann = world.agent("ann");
    let child = |id: &str| {
        let mut actor = world.agent(&format!("ann/{id}"));
        actor.caller.session_id = format!("{}/{id}", ann.caller.session_id);
        actor
    };
    let (first, second) = (child("one"), child("two"));
    assert!(edit(&ann, &["a.rs"]).success());
    assert!(edit(&first, &["a.rs", "b.rs"]).success());
    assert_eq!(held(&first), ["b.rs"]);
    assert_eq!(edit(&second, &["b.rs"]).code(), Some("locked_by_other"));
    assert_eq!(edit(&ann, &["b.rs"]).code(), Some("locked_by_other"), "while it is at work");
    assert!(first.asks("end_session", json!({})).success());
    assert!(edit(&second, &["b.rs"]).success());
}

#[test]
fn a_policy_that_asks_a_person_names_the_way_to_say_yes() {
    let world = World::new();
    let ann = world.agent("ann");
    let set = world
        .person()
        .asks("set_profile", json!({ "name": "unknown", "ask_operations": ["edit_file"] }));
    assert!(set.success(), "{set:?}");
    let answer = edit(&ann, &["a.rs"]);
    assert_eq!(answer.code(), Some("approval_required"), "{answer:?}");
    assert!(answer.sentence().contains("coord approve"), "{answer:?}");
    assert!(held(&ann).is_empty());
}

#[test]
fn a_commit_names_what_is_another_s_and_a_lock_that_was_lost() {
    let world = World::new();
    let (ann, bob) = (world.agent("ann"), world.agent("bob"));
    for file in ["a.rs", "b.rs"] {
        write(&world, file);
    }
    let commit = |actor: &Actor<'_>, files: &[&str]| {
        actor.asks("check_commit", json!({ "file_paths": files }))
    };
    assert!(edit(&ann, &["a.rs"]).success());
    assert!(commit(&ann, &["a.rs", "b.rs"]).success());
    let denied = commit(&bob, &["a.rs", "b.rs"]);
    assert_eq!(denied.code(), Some("files_of_others"));
    assert!(denied.sentence().contains("ann holds a.rs since 2026-01-01T12:00:00Z"), "{denied:?}");
    let warned = world.person().asks("check_commit", json!({ "file_paths": ["a.rs"] })).flat();
    assert!(
        warned["warning"].as_str().is_some_and(|text| text.contains("ann holds a.rs")),
        "{warned}"
    );

    assert!(ann.asks("release_lock", json!({})).success());
    assert!(edit(&bob, &["a.rs"]).success());
    assert!(bob.asks("release_lock", json!({})).success());
    let lost = commit(&ann, &["a.rs"]);
    assert_eq!(lost.code(), Some("files_of_others"), "{lost:?}");
    let said = lost.sentence();
    assert!(said.contains("the lock on a.rs (fence 1) was lost, and bob has changed"), "{said}");
    assert!(commit(&bob, &["a.rs"]).success(), "it was the last to change it");
}
