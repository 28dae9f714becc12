//! What an agent is told, and what is kept of it.

use insta::assert_json_snapshot;
use serde_json::json;

use super::{checked, kept, verdict};
use crate::world::{World, fields};

#[test]
fn a_blocked_command_is_answered_with_the_rule_and_the_safer_way() {
    let world = World::new();
    let answer = checked(&world.agent("ann"), "git fetch && git push --force origin feature");
    assert_json_snapshot!(answer);
}

#[test]
fn prose_and_harmless_commands_are_safe() {
    let world = World::new();
    for text in ["git status", "Drop the old table from the docs", "", "ls | grep 'rm -rf'"] {
        let answer = checked(&world.agent("ann"), text);
        let wanted = json!({ "success": true, "safe": true, "verdict": "allow", "violations": [] });
        assert_eq!(answer, wanted, "{text}");
    }
}

#[test]
fn statements_and_edits_are_judged_too() {
    let world = World::new();
    let ann = world.agent("ann");
    assert_eq!(checked(&ann, "DROP TABLE users")["safe"], false);
    let edit = json!({ "operation_text": "", "file_paths": ["src/main.rs", ".env"] });
    let answer = fields(&ann.asks("check_guardrails", edit));
    assert_eq!(answer["verdict"], "warn");
    assert_eq!(answer["violations"][0]["pattern_name"], "env_file_modify");
}

#[test]
fn what_is_not_understood_is_never_allowed() {
    let world = World::new();
    let ann = world.agent("ann");
    let answer = checked(&ann, &"echo x; ".repeat(20_000));
    assert_eq!(answer["verdict"], "warn");
    assert_eq!(answer["unknown"][0], "the text is longer than 64 kB");
}

#[test]
fn every_broken_rule_leaves_a_row_beside_its_audit_row() {
    let world = World::new();
    checked(&world.agent("ann"), "git push --force");
    let rows = kept(&world, 1);
    assert_eq!(rows.len(), 1);
    assert_eq!((rows[0].agent_id.as_str(), rows[0].rule.as_str()), ("ann", "git_force_push"));
    assert_eq!((rows[0].operation.as_str(), rows[0].blocked), ("check_guardrails", true));
    let audited = world.service.store().read(|tx| {
        Ok(tx.one(
            "SELECT count(*) FROM audit_log WHERE operation = 'check_guardrails'",
            [],
            |row| row.get::<_, i64>(0),
        )?)
    });
    assert_eq!(audited.expect("it can be read"), Some(1), "both were written together");
}

#[test]
fn a_secret_in_a_command_is_not_kept() {
    let world = World::new();
    let text = "psql postgres://app:hunter2secret@db/x -c 'DROP TABLE users'";
    let answer = checked(&world.agent("ann"), text);
    assert_eq!(answer["safe"], false);
    assert!(!kept(&world, 1).iter().any(|row| row.matched_text.contains("hunter2secret")));
    assert!(!answer.to_string().contains("hunter2secret"));
}

#[test]
fn a_person_s_trust_lets_it_pass_and_is_written_down() {
    let world = World::new();
    let answer = checked(&world.person(), "git push --force");
    assert_eq!((&answer["safe"], &answer["verdict"]), (&json!(true), &json!("allow")));
    assert_eq!(answer["violations"][0]["bypassed"], true);
    assert_eq!(verdict(&world.person(), "rm -rf /"), "block");
    assert_eq!(kept(&world, 2).len(), 2);
}

#[test]
fn trust_can_be_lowered_for_a_question_and_never_raised() {
    let world = World::new();
    let asked = |trust: u8| json!({ "operation_text": "git push --force", "trust": trust });
    let told = |answer| fields(&answer)["verdict"].clone();
    assert_eq!(told(world.person().asks("check_guardrails", asked(2))), "block");
    assert_eq!(told(world.agent("ann").asks("check_guardrails", asked(4))), "block");
}

#[test]
fn arguments_beyond_their_bounds_are_refused() {
    let world = World::new();
    let ann = world.agent("ann");
    let (most, paths) = (coord::guard::OPERATION_MAX, coord::guard::PATHS_MAX);
    let cases = [
        (json!({ "operation_text": "a".repeat(most + 1) }), "operation_text"),
        (json!({ "operation_text": "a\u{0}b" }), "operation_text"),
        (json!({ "operation_text": "", "file_paths": vec!["a"; paths + 1] }), "file_paths"),
        (json!({}), "operation_text"),
    ];
    for (arguments, field) in cases {
        let answer = fields(&ann.asks("check_guardrails", arguments));
        assert_eq!(
            (&answer["code"], &answer["field"]),
            (&json!("invalid_argument"), &json!(field))
        );
    }
    let whole = json!({ "operation_text": "a".repeat(most), "file_paths": vec!["a"; paths] });
    assert_eq!(fields(&ann.asks("check_guardrails", whole))["success"], true);
}

#[test]
fn rows_that_cannot_be_read_leave_the_built_in_rules() {
    let world = World::new();
    let store = world.service.store();
    let broken = store.write_blocking(|tx| {
        tx.run("DROP TABLE operation_guardrails", [])?;
        Ok(())
    });
    broken.expect("the table is there");
    assert_eq!(verdict(&world.agent("ann"), "git push --force"), "block");
    let settings = coord::guard::Settings { code_fallback: false };
    coord::guard::configure(store, settings);
    let answer = checked(&world.agent("ann"), "git push --force");
    assert_eq!(answer["code"], "internal", "without a fallback nothing is judged");
}
