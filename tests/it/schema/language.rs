//! The schema's language says where and why it cannot be read.

use super::source::Source;

/// A table to put one wrong line behind.
const TABLE: &str =
    "-- About.\n\n-- Things.\ntable things sync=owner key=id\n  id @key\n  word @text\n";

#[track_caller]
fn refused(more: &str, why: &str) {
    let unreadable = Source::parse("042_things", &format!("{TABLE}{more}\n"));
    let said = unreadable.expect_err("the last line is wrong").to_string();
    let line = format!("{TABLE}{more}").lines().count();
    assert_eq!(said, format!("schema/042_things.tables:{line}: {why}"));
}

#[test]
fn a_line_that_cannot_be_read_is_named_with_its_reason() {
    refused("  size @int", "unknown type @int");
    refused("  size @i64 1-10", "expected LEAST..MOST");
    refused("  size", "expected NAME @type");
    refused("  check id <> ''", "expected check NAME: RULE");
    refused("view all", "expected table, index or unique index");
    refused(
        "-- All.\ntable all sync=cloud key=id",
        "unknown sync=cloud; known: local, owner, append, union, policy",
    );
}

#[test]
fn a_table_and_an_index_say_what_they_are_for() {
    refused("\ntable all sync=local key=id", "say in a comment what all is");
    refused("\nindex by_id on things(id)", "say in a comment which statement needs by_id");
}

#[test]
fn an_index_stands_on_columns_that_are_there_and_bounded() {
    refused("-- Find.\nindex lost on nothing(id)", "no table nothing above this index");
    refused("-- Find.\nindex lost on things(name)", "no column name");
    refused("-- Find.\nindex by_word on things(word)", "word has no largest size");
    let wide = "  a @key(1024)\n  b @key(1024)\n\n-- Find.\nindex wide on things(id, a, b)";
    refused(wide, "2560 bytes in one index row, Postgres takes 2500");
}

#[test]
fn a_primary_key_stands_on_columns_that_are_there_and_bounded() {
    for (key, why) in [
        ("name", "no column name"),
        ("word", "word has no largest size"),
        ("some", "some may be absent"),
    ] {
        let text = TABLE.replace("key=id", &format!("key={key}")) + "  some @key?\n";
        let said = Source::parse("042_things", &text).expect_err("the key is wrong").to_string();
        assert_eq!(said, format!("schema/042_things.tables:7: the key of things: {why}"));
    }
}
