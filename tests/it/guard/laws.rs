//! What always holds, whatever the command: layers never soften, data is never run.

use coord::guardrails::{
    AddedRule, Category, Change, Decision, ForeignHold, Input, Overrides, PathRef, RuleSet,
    Setting, Severity, State, Verb, Whole, check, explain,
};

const HARMFUL: [&str; 10] = [
    "rm -rf src",
    "git push --force",
    "git reset --hard",
    "psql -c 'DROP TABLE users'",
    "kubectl delete ns prod",
    "npm publish",
    "terraform destroy",
    "cat ~/.ssh/id_rsa",
    "git branch -D old",
    "echo A=1 >> .env",
];

fn decide(text: &str) -> Decision {
    check(&Input::Shell(text), &Setting::default()).decision
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[test]
fn harmless_company_never_softens_a_verdict() {
    for harm in HARMFUL {
        let alone = decide(harm);
        assert!(alone >= Decision::Warn, "{harm}");
        for text in [
            format!("ls; {harm}"),
            format!("{harm} # fine"),
            format!("git status && {harm} || true"),
            format!("({harm})"),
            format!("{{ {harm}; }}"),
            format!("{harm} 2>/dev/null"),
            format!("sudo {harm}"),
            format!("env A=1 timeout 5 {harm}"),
            format!("! {harm}"),
            format!("bash -c {}", quoted(harm)),
            format!("eval {}", quoted(harm)),
            format!("bash <<'E'\n{harm}\nE"),
            format!("if true; then {harm}; fi"),
            format!("f() {{ {harm}; }}; f"),
            format!("echo \"$({harm})\""),
            format!("{harm}\necho 'x"),
            format!("printf '%s' {} | sh", quoted(harm)),
            format!("trap {} EXIT", quoted(harm)),
            format!("cat > x.sh <<'E'\n{harm}\nE\nsh x.sh"),
            format!("time nice -n 5 {harm} &"),
        ] {
            assert!(decide(&text) >= alone, "{text}");
        }
    }
}

#[test]
fn a_command_in_a_place_for_data_is_allowed() {
    for harm in HARMFUL {
        let text = quoted(harm);
        for text in [
            format!("echo {text}"),
            format!("git commit -m {text}"),
            format!("grep -rn {text} ."),
            format!("# {harm}"),
            format!("x={text}"),
            format!("cat > x.sh <<'E'\n{harm}\nE"),
            format!("gh pr create --body {text}"),
            format!("[[ $x == {text} ]]"),
            format!("printf '%s\\n' {text} > notes.md"),
            format!("jq -n --arg a {text} '{{a: $a}}'"),
            format!("python3 -c {}", quoted(&format!("print(\"\"\"{harm}\"\"\")"))),
            format!("f() {{ {harm}; }}"),
        ] {
            assert!(decide(&text) <= Decision::Log, "{text}");
        }
    }
}

#[test]
fn trust_passes_a_rule_but_is_written_down() {
    let trusted = Setting { trust: 4, ..Setting::default() };
    let verdict = check(&Input::Shell("git push --force"), &trusted);
    assert_eq!(verdict.decision, Decision::Allow);
    assert!(verdict.violations.iter().all(|violation| violation.bypassed_by_trust));
    assert!(!verdict.violations.is_empty(), "a bypassed rule is still listed");
    for text in ["rm -rf /", "rm -rf ~", "dd if=x of=/dev/sda"] {
        assert_eq!(check(&Input::Shell(text), &trusted).decision, Decision::Block, "{text}");
    }
    let agent = Setting { trust: 2, ..Setting::default() };
    assert_eq!(check(&Input::Shell("echo A=1 >> .env"), &agent).decision, Decision::Warn);
}

#[test]
fn what_others_hold_raises_a_verdict() {
    let foreign = [ForeignHold { path: "dist/app.js", agent: "bob" }];
    let setting =
        Setting { state: State { foreign: &foreign, ..State::default() }, ..Setting::default() };
    let decide = |text: &str| check(&Input::Shell(text), &setting).decision;
    for text in [
        "rm -rf dist",
        "echo x > dist/app.js",
        "git checkout main",
        "mv dist old",
        "cd dist && rm app.js",
    ] {
        assert_eq!(decide(text), Decision::Block, "{text}");
    }
    for text in ["rm -rf build", "cat dist/app.js", "echo x > dist/other.js"] {
        assert_eq!(decide(text), Decision::Allow, "{text}");
    }
}

#[test]
fn a_clean_tree_loses_nothing_by_a_reset() {
    let clean = State { tree_is_clean: Some(true), ..State::default() };
    let setting = Setting { state: clean, ..Setting::default() };
    assert_eq!(check(&Input::Shell("git reset --hard"), &setting).decision, Decision::Warn);
    assert_eq!(decide("git reset --hard"), Decision::Block);
}

#[test]
fn the_paths_a_command_changes_are_known() {
    let touched = |text: &str| -> Vec<(Verb, PathRef)> {
        let verdict = check(&Input::Shell(text), &Setting::default());
        verdict.effects.into_iter().map(|effect| (effect.verb, effect.path)).collect()
    };
    let at = |path: &str| PathRef::Literal(path.into());
    assert_eq!(touched("cd src && sed -i s/a/b/ a.rs"), [(Verb::Write, at("src/a.rs"))]);
    assert_eq!(touched("echo x > a"), [(Verb::Truncate, at("a"))]);
    assert_eq!(touched("rm ./a"), [(Verb::Delete, at("a"))]);
    assert_eq!(touched("git stash"), [(Verb::WholeTree(Whole::StashPush), at("."))]);
    assert_eq!(touched("git checkout -- a.rs"), [(Verb::Write, at("a.rs"))]);
    assert_eq!(touched("mv a b"), [(Verb::Move, at("a")), (Verb::Truncate, at("b"))]);
    assert_eq!(touched("tee \"$X\""), [(Verb::Truncate, PathRef::Unknown)]);
    assert_eq!(touched("ls | grep x"), []);
}

#[test]
fn a_person_changes_the_rules() {
    let mut overrides = Overrides::default();
    overrides.disabled.insert("git_force_push".into());
    overrides
        .changed
        .insert("rm_rf".into(), Change { severity: Some(Severity::Log), min_trust: None });
    overrides.added.push(AddedRule::new(
        "no_cowsay",
        Category::File,
        (Severity::Block, 3),
        r"^cowsay\b",
        "cows stay silent",
    ));
    let rules = RuleSet::with_overrides(overrides);
    let setting = Setting { rules: &rules, ..Setting::default() };
    let decide = |text: &str| check(&Input::Shell(text), &setting).decision;
    assert_eq!(decide("git push --force"), Decision::Allow);
    assert_eq!(decide("rm -rf src"), Decision::Log);
    assert_eq!(decide("sudo cowsay hi"), Decision::Block);
    assert_eq!(decide("echo cowsay hi"), Decision::Allow);
    assert!(AddedRule::new("x", Category::File, (Severity::Log, 2), "(", "").problem().is_some());
}

#[test]
fn an_explanation_shows_what_would_run() {
    let shown = explain(&Input::Shell("x=rm; sudo $x -rf src | cat"), &Setting::default());
    assert!(shown.commands.iter().any(|command| command == "rm -rf src"), "{:?}", shown.commands);
    assert_eq!(shown.verdict.decision, Decision::Block);
    assert!(shown.outline.iter().any(|line| line.contains("pipe")), "{:?}", shown.outline);
}

#[test]
fn an_argument_list_is_not_read_by_a_shell() {
    let argv = |words: &[&str]| -> Decision {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        check(&Input::Argv(&words), &Setting::default()).decision
    };
    assert_eq!(argv(&["echo", "$(rm -rf src)"]), Decision::Allow);
    assert_eq!(argv(&["bash", "-lc", "rm -rf src"]), Decision::Block);
}
