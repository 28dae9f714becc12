//! What does not work, and how it is said: a code for programs, words and a way out for people.

use std::process::Stdio;

use serde_json::Value;

use super::Bench;
use crate::cloud::gateway::{PUBLISHABLE, SECRET};
use crate::e2e::site::Site;

/// Runs a command at a terminal that must be refused.
fn refused(site: &Site, variables: &[(&str, &str)], arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    let (exit, said) = super::person(site, variables, &arguments, "\n");
    let line = said.lines().find(|line| line.starts_with('{'));
    let told: Value = line
        .and_then(|line| serde_json::from_str(line).ok())
        .unwrap_or_else(|| panic!("{arguments:?}: {said}"));
    assert_eq!(exit, 1, "{told}");
    assert_eq!(told["success"], false, "{told}");
    assert!(told["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{told}");
    told
}

#[test]
fn what_a_login_lacks_is_named() {
    let bench = Bench::new();
    let (site, url) = (&bench.site, bench.gateway.url.as_str());
    let key = [("SUPABASE_KEY", PUBLISHABLE)];
    let login = |variables: &[(&str, &str)], rest: &[&str]| {
        refused(site, variables, &[&["sync", "login"], rest].concat())["code"].clone()
    };
    assert_eq!(login(&key, &["--code", "x"]), "no_url");
    assert_eq!(login(&[], &["--url", url, "--code", "x"]), "no_key");
    assert_eq!(login(&key, &["--url", "nonsense", "--code", "x"]), "bad_address");
    assert_eq!(login(&key, &["--url", url, "--code", "x"]), "mirror_refused");
    assert_eq!(login(&[("SUPABASE_KEY", "sb_other")], &["--url", url, "--code", "x"]), "wrong_key");
    // The publishable key cannot invite.
    assert_eq!(login(&key, &["--url", url]), "needs_code");
    let nowhere = "http://127.0.0.1:9";
    assert_eq!(login(&key, &["--url", nowhere, "--code", "x"]), "offline");
    assert!(!site.home().join("sync.json").exists(), "nothing was kept");
    assert_eq!(bench.status()["state"], "off");
}

#[test]
fn a_code_is_good_once_and_not_for_long() {
    let bench = Bench::enrolled();
    let used = bench.cloud.ask("count(*) from coord.enrolment_codes where used_by is not null");
    assert_eq!(used, "1");
    let other = Site::new();
    let code = bench.invitation();
    let arguments = ["sync", "login", "--url", &bench.gateway.url, "--code", &code];
    let key = [("SUPABASE_KEY", PUBLISHABLE)];
    assert_eq!(super::person(&other, &key, &arguments, "").0, 0);
    let third = Site::new();
    let told = refused(&third, &key, &arguments);
    assert!(told["message"].as_str().is_some_and(|text| text.contains("used up")), "{told}");
    let old = bench.cloud.ask("coord.invite('team', 'writer', -1)");
    let told =
        refused(&third, &key, &["sync", "login", "--url", &bench.gateway.url, "--code", &old]);
    assert_eq!(told["code"], "mirror_refused");
}

#[test]
fn only_a_person_logs_in_and_no_code_is_used_up_by_others() {
    let bench = Bench::new();
    let code = bench.invitation();
    let output = bench
        .site
        .coord()
        .args(["sync", "login", "--url", &bench.gateway.url, "--code", &code, "--json"])
        .env("SUPABASE_KEY", PUBLISHABLE)
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["code"], "person_required", "{told}");
    assert_eq!(bench.login(&["--code", &code]).0, 0, "the code is still good");
}

#[test]
fn the_key_is_never_shown() {
    let bench = Bench::new();
    let variables =
        [("SUPABASE_SERVICE_KEY", SECRET), ("SUPABASE_URL", bench.gateway.url.as_str())];
    let all = [
        bench.person(&variables, &["sync", "login"]).1,
        bench.person(&variables, &["sync", "status", "--json"]).1,
        bench.person(&variables, &["doctor"]).1,
        bench.person(&variables, &["config"]).1,
        bench.person(&variables, &["sync", "enrol", "--set", "supabase_url=http://127.0.0.1:9"]).1,
        bench.site.log(),
    ];
    let login = std::fs::read_to_string(bench.site.home().join("sync.json")).expect("it is there");
    let login: Value = serde_json::from_str(&login).expect("JSON");
    let token = login["token"].as_str().expect("a token");
    for text in all {
        assert!(!text.contains(SECRET) && !text.contains(token), "{text}");
    }
}

#[test]
fn a_wrong_database_is_told_apart_from_our_own_trouble() {
    let site = Site::new();
    let migrate = |rest: &[&str]| refused(&site, &[], &[&["sync", "migrate"], rest].concat());
    assert_eq!(migrate(&[])["code"], "no_database_url");
    let told = migrate(&["--db-url", "postgresql://me:hunter2@127.0.0.1:9/db"]);
    assert_eq!(told["code"], "database_unreachable");
    assert!(!told.to_string().contains("hunter2"), "{told}");
    assert_eq!(migrate(&["--db-url", "hunter2"])["code"], "database_unreachable");
}
