//! Encryption as a person has it: a key that goes from machine to machine, thousands of rows that
//! change their form, and everything taken back.

use serde_json::Value;

use super::{Bench, person};
use crate::cloud::gateway::{Fault, PUBLISHABLE};
use crate::e2e::site::{Site, until};

/// In every text that is encrypted here.
const WORD: &str = "zebrafish";

/// Another machine of the workspace.
fn second(bench: &Bench) -> Site {
    let site = Site::new();
    let arguments = ["sync", "login", "--url", &bench.gateway.url, "--code", &bench.invitation()];
    let (exit, said) = person(&site, &[("SUPABASE_KEY", PUBLISHABLE)], &arguments, "");
    assert_eq!(exit, 0, "{said}");
    site
}

/// How many rows of a table of this machine's database hold a word.
fn known(site: &Site, table: &str, word: &str) -> i64 {
    let file = rusqlite::Connection::open(site.home().join("coord.db")).expect("it opens");
    let query = format!("select count(*) from {table} where summary like '%{word}%'");
    file.query_row(&query, [], |row| row.get(0)).expect("a number")
}

/// How many rows of a table of the mirror hold a word.
fn there(bench: &Bench, table: &str, word: &str) -> String {
    bench.cloud.ask(&format!("count(*) from coord.{table} t where t::text like '%{word}%'"))
}

fn encryption(site: &Site) -> Value {
    site.json(&["sync", "status"]).1["encryption"].clone()
}

fn up_to_date(site: &Site) {
    let done = site.run(&["sync", "now"]);
    assert_eq!(done.status.code(), Some(0), "{done:?}\n{}", site.log());
}

#[test]
fn a_key_goes_by_hand_from_machine_to_machine_and_away_again() {
    let bench = Bench::enrolled();
    let other = second(&bench);
    bench.remember(&format!("{WORD} in clear"));
    let (exit, said) = bench.person(&[], &["sync", "key", "new"]);
    assert_eq!(exit, 0, "{said}");
    bench.remember(&format!("{WORD} hidden"));
    up_to_date(&bench.site);
    assert_eq!(there(&bench, "episodic_memories", WORD), "0");
    assert_eq!(there(&bench, "episodic_memories", "coord-enc-1:"), "2");
    up_to_date(&other);
    until("the other sees that there is something", || encryption(&other)["unread"] == 2);

    // What is no key is refused, by its field, and nothing of it is repeated or kept.
    let (_, shown) = bench.person(&[], &["sync", "key", "show"]);
    let shown = shown.trim().to_owned();
    let wrong = if shown[30..].starts_with('q') { "r" } else { "q" };
    let mistyped = format!("{}{wrong}{}", &shown[..30], &shown[31..]);
    for (typed, code) in [
        ("", "not_a_key"),
        ("open sesame", "not_a_key"),
        (&shown[..40], "not_a_key"),
        (mistyped.as_str(), "key_mistyped"),
    ] {
        let typed = format!("{typed}\n");
        let (exit, said) = person(&other, &[], &["sync", "key", "import", "--json"], &typed);
        let line = said.lines().find(|line| line.starts_with('{')).unwrap_or_default();
        let told: Value = serde_json::from_str(line).unwrap_or_default();
        assert_eq!(
            (exit, &told["code"], &told["field"]),
            (1, &code.into(), &"key".into()),
            "{said}"
        );
        assert!(told["hint"].as_str().is_some_and(|hint| hint.contains("coord sync key show")));
        assert!(!other.home().join("sync.key").exists());
    }
    let (exit, said) = person(&other, &[], &["sync", "key", "import"], &format!("{shown}\n"));
    assert!(exit == 0 && !said.contains(&shown), "{said}");
    until("it reads everything", || known(&other, "episodic_memories", WORD) == 2);
    assert_eq!(encryption(&other)["unread"], 0);
    assert_eq!(encryption(&other)["key"], encryption(&bench.site)["key"]);

    for site in [&bench.site, &other] {
        let (exit, said) = person(site, &[], &["sync", "key", "off", "--yes"], "");
        assert_eq!(exit, 0, "{said}");
        assert!(!site.home().join("sync.key").exists());
        until("all is sent in clear", || encryption(site)["state"] == "off");
        up_to_date(site);
    }
    until("the mirror has it in clear", || {
        there(&bench, "episodic_memories", "coord-enc-1:") == "0"
    });
    assert_eq!(there(&bench, "episodic_memories", WORD), "2");
    assert_eq!(bench.cloud.ask("string_agg(broken_why, ' ') from coord.devices"), "null");
}

#[test]
fn thousands_of_rows_are_encrypted_and_taken_back_though_that_breaks_off() {
    const ROWS: usize = 5_200;
    let bench = Bench::new();
    bench.fill(ROWS);
    assert_eq!(bench.login(&["--code", &bench.invitation()]).0, 0);
    up_to_date(&bench.site);
    let all = (ROWS + 1).to_string();
    assert_eq!(there(&bench, "handoff_documents", WORD), all);

    let (exit, said) = bench.person(&[], &["sync", "key", "new"]);
    assert_eq!(exit, 0, "{said}");
    until("all is sent again", || encryption(&bench.site)["state"] == "on");
    up_to_date(&bench.site);
    assert_eq!(there(&bench, "handoff_documents", WORD), "0");
    assert_eq!(there(&bench, "handoff_documents", "coord-enc-1:"), all);
    let other = second(&bench);
    let (_, shown) = bench.person(&[], &["sync", "key", "show"]);
    let (exit, said) = person(&other, &[], &["sync", "key", "import"], &shown);
    assert_eq!(exit, 0, "{said}");
    until("the other has all", || known(&other, "handoff_documents", WORD).to_string() == all);

    // The answer to the first part is lost, then the one to the last.
    other.run(&["daemon", "stop"]);
    assert_eq!(bench.person(&[], &["sync", "pause"]).0, 0);
    std::thread::sleep(std::time::Duration::from_secs(1));
    let device = bench.status()["device"].as_str().expect("a name").to_owned();
    let left = || {
        let rows = format!("count(*) from coord.handoff_documents where device_id = '{device}'");
        bench.cloud.ask(&rows).parse::<usize>().expect("a number")
    };
    let before = left();
    assert!(before > 5_000, "{before}");
    for rest in [before - 5_000, 0] {
        bench.gateway.next([Fault::DropReply]);
        let (exit, said) = bench.person(&[], &["sync", "logout", "--purge", "--yes"]);
        assert_eq!(exit, 1, "{said}");
        assert_eq!(left(), rest, "{said}");
        assert!(bench.site.home().join("sync.json").exists(), "it can be repeated");
        assert_ne!(bench.status()["state"], "off");
    }
    let (exit, said) = bench.person(&[], &["sync", "logout", "--purge", "--yes"]);
    assert_eq!(exit, 0, "{said}");
    assert!(!bench.site.home().join("sync.json").exists());
    assert_eq!(bench.status()["state"], "off");
    for table in ["audit_log", "audit_seals", "agent_sessions", "handoff_documents", "projects"] {
        let rows = format!("count(*) from coord.{table} where device_id = '{device}'");
        assert_eq!(bench.cloud.ask(&rows), "0", "{table}");
    }
    assert_eq!(known(&bench.site, "handoff_documents", WORD).to_string(), all, "here all stays");
}
