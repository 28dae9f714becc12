//! Changes to texts, of any shape.

use coord::setup::form::{self, Form, Known, Part};
use coord::setup::json;
use coord::setup::passage::{self, Passage, Place};
use proptest::prelude::*;
use serde_json::{Value, json};

/// White space, comments and line ends as people strew them.
fn gap() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(String::new()),
        3 => Just(" ".to_owned()),
        3 => Just("\n  ".to_owned()),
        1 => Just("\r\n\t".to_owned()),
        1 => Just(" // note, with { and ]\n".to_owned()),
        1 => Just(" /* a, \"b\": [ */ ".to_owned()),
        1 => Just("\n\n    /* two\n lines */\n".to_owned()),
    ]
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("1".to_owned()),
        Just("-2.50e3".to_owned()),
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("\"a, b}\"".to_owned()),
        Just("\"\\\"\\u00e9//\"".to_owned()),
    ]
}

/// Children between brackets, with gaps everywhere and perhaps a trailing comma.
fn wrapped(
    open: char,
    close: char,
    children: Vec<(String, String, String)>,
    comma: bool,
) -> String {
    let count = children.len();
    let inside: String = children
        .into_iter()
        .enumerate()
        .map(|(index, (before, child, after))| {
            let parted = if index + 1 < count || comma { "," } else { "" };
            format!("{before}{child}{after}{parted}")
        })
        .collect();
    format!("{open}{inside}{close}")
}

fn value() -> impl Strategy<Value = String> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        let child = (gap(), inner.clone(), gap());
        let member = (gap(), "[a-d]", gap(), inner, gap())
            .prop_map(|(a, name, b, value, c)| (a, format!("\"{name}\"{b}:{value}"), c));
        prop_oneof![
            (prop::collection::vec(child, 0..4), any::<bool>())
                .prop_map(|(all, comma)| wrapped('[', ']', all, comma)),
            (prop::collection::vec(member, 0..4), any::<bool>())
                .prop_map(|(all, comma)| wrapped('{', '}', all, comma)),
        ]
    })
}

/// A document whose outermost value is an object, with or without the containers that we write to.
fn document() -> impl Strategy<Value = String> {
    let server = (gap(), value(), gap()).prop_map(|(a, v, b)| (a, format!("\"x\": {v}"), b));
    let servers = prop::option::of(prop::collection::vec(server, 1..3));
    let element = (gap(), value(), gap());
    let hooks = prop::option::of(prop::collection::vec(element, 1..3));
    let other = (gap(), value(), gap()).prop_map(|(a, v, b)| (a, format!("\"other\": {v}"), b));
    let others = prop::collection::vec(other, 0..2);
    (gap(), servers, hooks, others, any::<[bool; 3]>(), gap(), gap()).prop_map(
        |(before, servers, hooks, others, commas, between, after)| {
            let mut members = Vec::new();
            if let Some(all) = servers {
                let text = wrapped('{', '}', all, commas[0]);
                members.push((between.clone(), format!("\"servers\":{text}"), String::new()));
            }
            members.extend(others);
            if let Some(all) = hooks {
                let text = wrapped('[', ']', all, commas[1]);
                members.push((String::new(), format!("\"hooks\": {{ \"Stop\":{text} }}"), between));
            }
            if members.is_empty() {
                members.push((String::new(), "\"only\": 1".to_owned(), String::new()));
            }
            format!("{before}{}{after}", wrapped('{', '}', members, commas[2]))
        },
    )
}

fn entry() -> Form {
    let hook = json!({ "type": "command", "command": "coord hook gemini", "timeout": 5 });
    Form::Json(vec![
        Part::Member(vec!["servers", "coord"], json!({ "command": "coord", "args": ["mcp"] })),
        Part::Elements(vec!["hooks", "Stop"], vec![json!({ "hooks": [hook] })]),
        Part::Elements(vec!["hooks", "Start"], vec![json!({ "matcher": "a", "hooks": [hook] })]),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_put_into_json_is_taken_out_to_the_byte(text in document()) {
        let before = json::read(&text).expect("the generator writes JSON");
        let merged = form::merge(&text, &entry()).expect("it has room for the entry");
        let after = json::read(&merged).expect("it is JSON still");
        prop_assert_eq!(&after["servers"]["coord"]["command"], "coord");
        prop_assert_eq!(after.get("other"), before.get("other"));
        prop_assert!(form::same_besides(&text, &merged, &entry()));
        prop_assert_eq!(&form::merge(&merged, &entry()).expect("it is JSON"), &merged);

        let removed = form::remove(&merged, &entry(), Known::default(), false);

        let removed = removed.expect("it is JSON");
        prop_assert_eq!(removed.text, text);
        prop_assert!(removed.kept.is_empty());
    }

    #[test]
    fn any_text_at_all_is_refused_or_changed_but_never_panics(text in ".{0,80}", mangled in document(), cut in 0usize..400) {
        drop(form::merge(&text, &entry()));
        let short: String = mangled.chars().take(cut).collect();
        if let Ok(merged) = form::merge(&short, &entry()) {
            prop_assert!(json::read(&merged).is_ok());
        }
    }

    #[test]
    fn a_passage_is_taken_out_to_the_byte(
        lines in prop::collection::vec("[a-z #!]{0,6}", 0..5),
        windows in any::<bool>(),
        ended in any::<bool>(),
        shebang in any::<bool>(),
        at_end in any::<bool>(),
    ) {
        let line_end = if windows { "\r\n" } else { "\n" };
        let mut text = lines.join(line_end);
        if shebang && !at_end {
            text = format!("#!/bin/sh{line_end}{text}");
        }
        if ended && !text.is_empty() {
            text += line_end;
        }
        let place = if at_end { Place::End } else { Place::BelowShebang };
        let passage = Passage { begin: "<begin>", end: "<end>", body: "one\ntwo\n".into(), place };
        let merged = passage::merge(&text, &passage);
        let found = passage::find(&merged, &passage);
        prop_assert_eq!(found.as_deref(), Some("one\ntwo\n"));
        prop_assert_eq!(&passage::merge(&merged, &passage), &merged);
        prop_assert_eq!(passage::remove(&merged, &passage), text);
    }
}

#[test]
fn an_entry_is_laid_out_as_the_file_is() {
    let text = "{\n\t\"servers\": {\n\t\t\"x\": 1 // first\n\t}\n}\n";
    let set = json::set(text, &["servers", "coord"], &json!({ "args": ["mcp"] }));
    insta::assert_snapshot!(set.expect("it is JSON").replace('\t', "→"), @r#"
    {
    →"servers": {
    →→"x": 1, // first
    →→"coord": {
    →→→"args": [
    →→→→"mcp"
    →→→]
    →→}
    →}
    }
    "#);
    let one_line = json::set("{ \"a\": 1 }", &["b", "c"], &json!([1, 2]));
    assert_eq!(one_line.expect("it is JSON"), "{ \"a\": 1, \"b\": {\"c\":[1,2]} }");
}

#[test]
fn a_hook_of_ours_is_known_by_what_it_runs() {
    let texts = [
        (json!({ "command": "coord", "args": ["hook", "claude"] }), true),
        (json!({ "command": "/opt/my tools/coord", "args": ["hook", "claude"] }), true),
        (json!({ "command": "'/opt/my tools/coord' hook codex" }), true),
        (json!({ "bash": "coord hook copilot" }), true),
        (json!({ "command": "coord status" }), false),
        (json!({ "command": "coordinator hook claude" }), false),
        (json!({ "command": "echo coord hook claude" }), false),
        (json!({ "command": "coord hook 'unclosed" }), false),
        (json!("coord hook claude"), false),
    ];
    for (element, ours) in texts {
        let text = json!({ "hooks": { "Stop": [element] } }).to_string();
        let form = Form::Json(vec![Part::Elements(vec!["hooks", "Stop"], Vec::<Value>::new())]);
        assert_eq!(form::is_in(&text, &form).expect("it is JSON"), ours, "{text}");
    }
}
