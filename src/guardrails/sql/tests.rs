//! Statements and the rules they break.

use crate::guardrails::sql::{judge, looks_like_sql};
use crate::guardrails::{Kind, classify};

#[test]
fn destroying_statements_are_seen_in_any_dress() {
    for (text, rule) in [
        ("DROP TABLE users", "drop_table"),
        ("drop/**/table users;", "drop_table"),
        ("/*!50000 DROP TABLE t */", "drop_table"),
        ("SELECT 1; Drop Table If Exists t cascade", "drop_table"),
        ("DROP SCHEMA public CASCADE", "drop_database"),
        ("TRUNCATE users", "truncate_table"),
        ("DELETE FROM users", "delete_no_where"),
        ("DELETE FROM users WHERE 1=1", "delete_no_where"),
        ("DELETE FROM users WHERE id = 3 OR true", "delete_no_where"),
        ("DELETE FROM users WHERE (('a'='a'))", "delete_no_where"),
        ("WITH d AS (DELETE FROM users RETURNING *) SELECT count(*) FROM d", "delete_no_where"),
        ("DO $$ BEGIN DELETE FROM users; END $$", "delete_no_where"),
        ("UPDATE users SET a = 1", "update_no_where"),
        ("ALTER TABLE t DROP COLUMN c", "drop_column"),
        ("EXPLAIN ANALYZE DELETE FROM t", "delete_no_where"),
        ("IF OBJECT_ID('t') IS NOT NULL DROP TABLE t", "drop_table"),
        ("EXEC('DROP TABLE t')", "drop_table"),
    ] {
        assert!(judge(text).contains(&rule), "{text}: {:?}", judge(text));
    }
}

#[test]
fn reads_and_bounded_changes_are_fine() {
    for text in [
        "SELECT 'DROP TABLE users'",
        "-- DROP TABLE users\nSELECT 1",
        "SELECT \"drop table\" FROM t",
        "DELETE FROM users WHERE id = 3",
        "UPDATE users SET a = 1 WHERE id = 1 AND true",
        "CREATE TABLE t (a int REFERENCES u ON DELETE CASCADE)",
        "CREATE TRIGGER x AFTER DELETE ON t EXECUTE FUNCTION f()",
        "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2",
        "SELECT * FROM t FOR UPDATE",
        "EXPLAIN DELETE FROM t",
        "ALTER TABLE t DROP CONSTRAINT c",
        "ALTER TABLE t ALTER COLUMN c DROP NOT NULL",
        "SELECT truncate(1.5, 1)",
        "DROP TABLE #scratch",
        "DROP INDEX i",
    ] {
        assert_eq!(judge(text), Vec::<&str>::new(), "{text}");
    }
}

#[test]
fn prose_with_the_verbs_of_sql_is_prose() {
    for text in
        ["Update the readme and set the version", "Delete the old tests", "Drop support for 3.8"]
    {
        assert_eq!(classify(text), Kind::Prose, "{text}");
    }
    assert!(looks_like_sql("DELETE FROM users"));
}
