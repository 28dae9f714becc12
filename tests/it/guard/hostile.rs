//! Bad input: a verdict within the caps, never a panic, a hang, or "allow" for not understanding.

use proptest::prelude::{ProptestConfig, any, prop_oneof, proptest};
use proptest::strategy::{Just, Strategy as _};
use std::time::{Duration, Instant};

use coord::guardrails::{Decision, Input, Setting, batch_line, check};

/// Generous, because the build under test may be unoptimised and the machine busy.
const PATIENCE: Duration = Duration::from_secs(2);

fn decide(text: &str) -> Decision {
    let start = Instant::now();
    let decision = check(&Input::Shell(text), &Setting::default()).decision;
    let head: String = text.chars().take(60).collect();
    assert!(start.elapsed() < PATIENCE, "{head} took {:?}", start.elapsed());
    decision
}

const OPENERS: [&str; 24] = [
    "(",
    "{ ",
    "$(",
    "${",
    "${a:-",
    "\"",
    "'",
    "`",
    "$((",
    "((",
    "<(",
    ">(",
    "[[ ",
    "if ",
    "while ",
    "for x in ",
    "case x in ",
    "f() { ",
    "a=(",
    "<<E ",
    "$'",
    "$[",
    "!(",
    "echo \"$(",
];

#[test]
fn openers_that_never_close_are_warned_of_in_time() {
    for first in OPENERS {
        for second in OPENERS {
            let text = format!("{first}{second}").repeat(25);
            let decision = decide(&text);
            let documents = first.starts_with("<<") || second.starts_with("<<");
            let quotes = ["\"", "'", "`", "$'"];
            let closes = quotes.contains(&first) && quotes.contains(&second);
            assert!(
                documents || closes || decision >= Decision::Warn,
                "{first} {second}: {decision:?}"
            );
        }
    }
}

#[test]
fn long_runs_of_one_opener_are_refused_in_time() {
    for opener in OPENERS {
        let many = opener.repeat(64 * 1024 / opener.len() - 1);
        decide(&many);
    }
    for text in ["(".repeat(100_000), "a".repeat(10_000_000), "rm -rf x\n".repeat(8_000_000)] {
        assert!(decide(&text) >= Decision::Warn, "over the caps is unknown");
    }
}

#[test]
fn texts_of_full_length_are_judged_in_time() {
    for unit in [
        "a;",
        "a|",
        "a&&",
        "x=1;",
        "x=$x$x;",
        "echo $x ",
        "{a,b}",
        "{1..9}",
        "*",
        "$(a)",
        "`a`",
        "\\",
        "eval eval ",
        "sudo ",
        "xargs ",
        "bash -c ",
        "f(){ f;f; };f;",
        "a<<E\nE\n",
        "for i in a b;do ",
        "${x//a/b}",
        "${x#*a}",
        "<(a) ",
        "cd a;",
        "trap a EXIT;",
        "case a in a) ",
        "git -c a=b ",
        "(a)",
        "\u{1}",
        "é",
        "\r\n",
        "\0",
        "[[ a ]];",
        "((1));",
        "x=(a b c);",
        "x+=(a);",
        "set -- $@ a;",
        "echo a|base64 -d|",
        "find . -exec ",
        "if a;then x=1;else x=2;fi;",
        "python -c 'x' ;",
        "x=\"$x$x\";",
    ] {
        decide(&unit.repeat(64 * 1024 / unit.len()));
    }
}

#[test]
fn every_prefix_of_a_command_is_judged() {
    let texts = [
        "if [ -n \"$A\" ]; then rm -rf \"${B:-$(echo 'x')}\"; else cat <<EOF | sh\nrm -rf src\nEOF\nfi",
        "for f in a{b,c}; do case $f in *b) git push --force;; esac; done 2>&1 | tee >(cat) <<< \"$x\"",
        "python3 -c 'import os; os.system(\"rm -rf src\")' && psql -c \"DELETE FROM t WHERE 1=1\"",
        "x=$'\\x72m'; $x -rf $((1+2)) `echo \\`pwd\\`` ${x//a/b} ${!y} é→ñ",
    ];
    for text in texts {
        for (at, _) in text.char_indices() {
            decide(&text[..at]);
        }
    }
}

#[test]
fn a_first_line_counts_whatever_breaks_after_it() {
    for tail in ["echo 'x", "echo \"x", "$(", "${", "(", "if", "done", ")", "cat <<'E", "`"] {
        let text = format!("rm -rf src\n{tail}");
        assert_eq!(decide(&text), Decision::Block, "{tail}");
    }
}

#[test]
fn doubling_values_end_as_unknown() {
    let text = format!("x=aaaaaaaaaaaaaaaa; {} rm -rf $x", "x=$x$x; ".repeat(40));
    assert_eq!(decide(&text), Decision::Block);
}

#[test]
fn deep_carriers_end_as_a_warning_at_least() {
    let mut text = "rm -rf src".to_owned();
    for _ in 0..8 {
        text = format!("bash -c {}", quoted(&text));
        assert_eq!(decide(&text), Decision::Block);
    }
    let mut text = "rm -rf src".to_owned();
    for depth in 0..200 {
        text = if depth % 2 == 0 { format!("sudo env {text}") } else { format!("$({text})") };
        assert!(decide(&text) >= Decision::Warn, "depth {depth}");
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[test]
fn a_line_that_is_no_question_is_answered() {
    for line in
        ["", "{", "[]", "{}", "null", "{\"cmd\":1}", "\u{0}", "{\"cmd\":\"ls\",\"trust\":\"x\"}"]
    {
        let answer = batch_line(line);
        assert!(answer.contains("\"warn\"") && answer.contains("unparsable"), "{line}: {answer}");
    }
}

const PIECES: [&str; 40] = [
    "rm",
    "-rf",
    "$(",
    "${",
    ")",
    "}",
    "\"",
    "'",
    "`",
    "|",
    "&&",
    ";",
    "\n",
    "<<E",
    "E",
    " ",
    "$x",
    "x=",
    "((",
    "))",
    "if",
    "then",
    "fi",
    "for",
    "do",
    "done",
    "{",
    "\\",
    "é",
    "\0",
    "\u{1}",
    "*",
    "~",
    "git",
    "push",
    "bash -c",
    "python -c",
    "psql -c",
    "DELETE FROM",
    "[[",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_mixture_of_pieces_breaks_the_engine(
        pieces in proptest::collection::vec(
            prop_oneof![9 => (0..PIECES.len()).prop_map(|at| PIECES[at].to_owned()), 1 => any::<String>()],
            0..60,
        ),
        _unit in Just(()),
    ) {
        decide(&pieces.concat());
        decide(&pieces.join(" "));
        let text = pieces.concat();
        for input in [Input::Sql(&text), Input::Text(&text), Input::FileEdit { path: &text, op: "write" }] {
            let _verdict = check(&input, &Setting::default());
        }
        let _shown = coord::guardrails::explain(&Input::Shell(&text), &Setting::default());
        for quoted in ["python3 -c '", "perl -e '", "ruby -e '", "awk '", "psql -c '", "sed '", "node -e '"] {
            decide(&format!("{quoted}{}'", text.replace('\'', "\"")));
        }
        let _answer = batch_line(&pieces.concat());
    }
}
