//! What always holds, for any command of the corpus in any company: properties, not examples.

use std::sync::LazyLock;

use coord::guardrails::{Decision, Input, Setting, check, effects, rules};
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use proptest::sample::{Index, select};
use serde_json::Value;

/// Commands of the corpus on one line that are judged so wherever they stand.
static HARMFUL: LazyLock<Vec<String>> =
    LazyLock::new(|| plain(&["git", "file", "database"], "block"));
static HARMLESS: LazyLock<Vec<String>> = LazyLock::new(|| plain(&["harmless"], "allow"));

fn plain(files: &[&str], expect: &str) -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
    let texts = files.iter().map(|file| {
        std::fs::read_to_string(format!("{folder}/{file}.jsonl")).expect("the corpus is there")
    });
    let lines: Vec<String> =
        texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    let rows = lines.iter().map(|line| serde_json::from_str::<Value>(line).expect("a row is JSON"));
    let rows = rows.filter(|row| {
        let text = row["cmd"].as_str().unwrap_or("\n");
        row["expect"] == expect
            && row.get("branch").is_none()
            && row.get("cwd").is_none()
            && row.get("stress").is_none()
            && !text.contains(['\n', '#', '!'])
            // In a function these are the function's own.
            && !["$1", "$2", "$@", "$*", "${1", "${@"].iter().any(|own| text.contains(own))
    });
    let commands: Vec<String> =
        rows.map(|row| row["cmd"].as_str().unwrap_or("").to_owned()).collect();
    assert!(commands.len() > 200, "{files:?} has {} such rows", commands.len());
    commands
}

fn pick<'t>(at: &Index, from: &'t [String]) -> &'t str {
    at.get::<String>(from)
}

fn decide(text: &str) -> Decision {
    check(&Input::Shell(text), &Setting::default()).decision
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Ways to run a command that change nothing of what it does.
const LAYERS: [fn(&str) -> String; 16] = [
    |text| format!("true; {text}"),
    |text| format!("{text}; true"),
    |text| format!("ls && {text}"),
    |text| format!("( {text} )"),
    |text| format!("{{ {text}; }}"),
    |text| format!("if true; then {text}; fi"),
    |text| format!("for x in 1; do {text}; done"),
    |text| format!("f() {{ {text}; }}; f"),
    |text| format!("bash -c {}", quoted(text)),
    |text| format!("eval {}", quoted(text)),
    |text| format!("sh <<'E{0}'\n{text}\nE{0}\n", text.len()),
    |text| format!("printf '%s\\n' {} | bash", quoted(text)),
    |text| format!("echo \"$( {text} )\""),
    |text| format!("timeout 60 bash -c {}", quoted(text)),
    |text| format!("{text} 2>&1 | cat"),
    |text| format!("x={}; eval \"$x\"", quoted(text)),
];

/// Places in which a text is data.
const DATA: [fn(&str) -> String; 10] = [
    |text| format!("echo {text}"),
    |text| format!("git commit -m {text}"),
    |text| format!("grep -rn {text} src"),
    |text| format!("x={text}"),
    |text| format!("printf '%s\\n' {text} > notes.md"),
    |text| format!("gh issue create --title x --body {text}"),
    |text| format!("test {text} = y"),
    |text| format!("case x in y) echo {text};; esac"),
    |text| format!("jq -n --arg a {text} '$a'"),
    |text| format!("logger -- {text}"),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn company_never_softens_a_verdict(at: Index, layers in proptest::collection::vec(select(&LAYERS[..]), 1..4)) {
        let harm = pick(&at, &HARMFUL);
        let mut text = harm.to_owned();
        for layer in layers {
            text = layer(&text);
        }
        prop_assert!(decide(&text) >= decide(harm), "{}", text);
    }

    #[test]
    fn text_that_is_data_is_never_judged(at: Index, place in select(&DATA[..])) {
        let text = place(&quoted(pick(&at, &HARMFUL)));
        prop_assert!(decide(&text) <= Decision::Log, "{}", text);
    }

    #[test]
    fn harmless_commands_in_a_row_stay_harmless(first: Index, second: Index) {
        let (first, second) = (pick(&first, &HARMLESS), pick(&second, &HARMLESS));
        let alone = decide(first).max(decide(second));
        // Each in a shell of its own, so that no variable or folder of one meets the other.
        prop_assert!(decide(&format!("( {first} )\n( {second} )")) <= alone.max(Decision::Log), "{} | {}", first, second);
    }

    #[test]
    fn a_verdict_and_its_effects_do_not_depend_on_trust(at: Index, trust in 0_u8..=4) {
        let harm = Input::Shell(pick(&at, &HARMFUL));
        let low = check(&harm, &Setting { trust: 0, ..Setting::default() });
        let some = check(&harm, &Setting { trust, ..Setting::default() });
        prop_assert!(some.decision <= low.decision);
        prop_assert_eq!(&low.effects, &some.effects);
        let ids = |verdict: &coord::guardrails::Verdict| {
            let mut ids: Vec<String> = verdict.violations.iter().map(|one| one.rule.to_string()).collect();
            ids.sort();
            ids
        };
        prop_assert_eq!(ids(&low), ids(&some), "a rule that trust passes is still listed");
        prop_assert_eq!(effects(&harm, &Setting::default()).touched, low.effects);
    }
}

#[test]
fn every_safer_way_and_every_example_holds() {
    for rule in rules() {
        assert!(rule.positive.iter().all(|text| decide(text) >= Decision::Log), "{}", rule.id);
        assert!(rule.safer.is_none_or(|safer| decide(safer) < Decision::Block), "{}", rule.id);
    }
}

#[test]
fn a_block_of_shell_in_prose_is_judged_and_the_prose_is_not() {
    let decide = |text: &str| check(&Input::Text(text), &Setting::default()).decision;
    let prose = "Please drop the old table and force the push; see below.";
    for (block, wanted) in [
        ("```sh\nrm -rf src\n```", Decision::Block),
        ("```bash\ngit push --force\n```", Decision::Block),
        ("```console\n$ git status\n$ git reset --hard\nHEAD is now at 1\n```", Decision::Block),
        ("```\nrm -rf src\n```", Decision::Block),
        ("~~~shell\nrm -rf src\n~~~", Decision::Block),
        ("```sql\nDROP TABLE users;\n```", Decision::Block),
        ("```sh\ncargo test\n```", Decision::Allow),
        ("```console\n$ git status\nrm -rf src\n```", Decision::Allow),
        ("```python\nx = 'rm -rf src'\n```", Decision::Allow),
        ("```text\nrm -rf src\n```", Decision::Allow),
        ("```diff\n-rm -rf src\n```", Decision::Allow),
        ("```\nThe rest of it is for you to read.\n```", Decision::Allow),
    ] {
        assert_eq!(decide(&format!("{prose}\n\n{block}\n")), wanted, "{block}");
        assert_eq!(decide(&format!("{prose}\n{block}\n{prose}\n")), wanted, "{block}");
    }
    assert_eq!(decide(prose), Decision::Allow);
    assert_eq!(decide("rm -rf src\n```\nx\n```\n"), Decision::Block, "a command is no prose");
}
