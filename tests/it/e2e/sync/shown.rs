//! `coord sync status` as a person reads it, in each state, and what a person decides.

use std::time::Duration;

use serde_json::Value;

use super::Bench;
use crate::cloud::gateway::Fault;
use crate::e2e::site::until;

/// What `coord sync status` prints, without what differs from run to run.
fn told(bench: &Bench) -> String {
    let output = bench.site.run(&["sync", "status"]);
    let text = String::from_utf8(output.stdout).expect("text");
    settled(&text.replace(&bench.gateway.url, "URL"))
}

/// The same once the mirror has everything: each look is itself a change that it has yet to hear of.
fn told_up_to_date(bench: &Bench) -> String {
    let mut seen = String::new();
    until("the mirror has everything", || {
        std::thread::sleep(Duration::from_secs(1));
        seen = told(bench);
        seen.contains("the mirror has everything")
    });
    seen
}

/// Numbers and times give way to a mark.
fn settled(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut shape = String::new();
        for letter in line.chars() {
            let letter = if letter.is_ascii_digit() { '#' } else { letter };
            if !(letter == '#' && shape.ends_with('#')) {
                shape.push(letter);
            }
        }
        for begin in ["last answer: ", "  next try: "] {
            if shape.starts_with(begin) {
                shape = format!("{begin}WHEN");
            }
        }
        if let Some((stall, _since)) =
            shape.rsplit_once(" (").filter(|_| shape.starts_with("stalled"))
        {
            shape = format!("{stall} (WHEN)");
        }
        lines.push(shape.replace("changes behind", "change behind"));
    }
    lines.join("\n")
}

#[test]
fn off_starting_and_up_to_date() {
    let bench = Bench::new();
    insta::assert_snapshot!(told(&bench), @r#"
    Sync is off. `coord sync login` begins it.
    free text is not encrypted; `coord sync key new` begins that
    "#);
    bench.gateway.always(Fault::Status(503));
    bench.daemon_with(&bench.with_service_key());
    bench.until("it has to wait", |status| status["stall"].is_object());
    insta::assert_snapshot!(told(&bench), @r#"
    This machine is about to be enrolled.
    stalled: this machine is not enrolled yet: HTTP #, {} (WHEN)
      → nothing need be done; it is tried again by itself
      next try: WHEN
    free text is not encrypted; `coord sync key new` begins that
    "#);
    bench.gateway.always(Fault::None);
    drop(bench.site.run(&["sync", "now", "--timeout", "5"]));
    bench.until("it is mirrored", |status| status["state"] == "on");
    assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0));
    insta::assert_snapshot!(told_up_to_date(&bench), @r#"
    sync: on, mode mirror
    the mirror has everything
    mirror: URL, opened by the service key, from the settings; it is kept in no file of coord's
    last answer: WHEN
    free text is not encrypted; `coord sync key new` begins that
    "#);
}

#[test]
fn behind_stalled_and_paused() {
    let bench = Bench::enrolled();
    bench.gateway.always(Fault::Delay(Duration::from_secs(5)));
    bench.remember("on its way");
    bench.until("it is behind", |status| status["lag_rows"].as_i64() > Some(0));
    insta::assert_snapshot!(told(&bench), @r#"
    sync: on, mode mirror
    # change behind, for # s
    mirror: URL, opened by the publishable key, kept in sync.json
    last answer: WHEN
    free text is not encrypted; `coord sync key new` begins that
    "#);
    bench.gateway.always(Fault::Page(540));
    bench.until("it stalls", |status| status["stall"]["code"] == "paused");
    insta::assert_snapshot!(told(&bench), @r#"
    sync: on, mode mirror
    # change behind, for # s
    mirror: URL, opened by the publishable key, kept in sync.json
    last answer: WHEN
    stalled: HTTP #, <!doctype html><title>This project is paused</title> (WHEN)
      → restore the project in Supabase's dashboard; it is tried again by itself
      next try: WHEN
    free text is not encrypted; `coord sync key new` begins that
    "#);
    bench.gateway.always(Fault::None);
    assert_eq!(bench.person(&[], &["sync", "pause"]).0, 0);
    bench.until("it pauses", |status| status["state"] == "paused");
    insta::assert_snapshot!(told(&bench), @r#"
    sync: paused, mode mirror
    # change behind, for # s
    mirror: URL, opened by the publishable key, kept in sync.json
    last answer: WHEN
    free text is not encrypted; `coord sync key new` begins that
    "#);
    assert_eq!(bench.person(&[], &["sync", "resume"]).0, 0);
    assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0));
    assert!(told(&bench).starts_with("sync: on"), "{}", told(&bench));
}

/// Two decisions about one host, of which the mirror's came first; its number.
fn conflict(bench: &Bench) -> String {
    let allow = |reason: &str| {
        let allow = ["net", "allow", "x.example", "--why", reason];
        assert_eq!(bench.person(&[], &allow).0, 0);
    };
    allow("at first");
    assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0));
    let theirs = "update coord.network_domains set rev = rev + 1, reason = 'theirs'";
    bench.cloud.sql().batch_execute(theirs).expect("ours");
    allow("ours");
    drop(bench.site.run(&["sync", "now"]));
    bench.until("it is set aside", |status| status["set_aside"] == 1);
    let told = bench.site.json(&["sync", "conflicts"]).1;
    told["conflicts"][0]["conflict"].to_string()
}

/// The reason that holds for the host, here.
fn reason(bench: &Bench) -> Value {
    let file = rusqlite::Connection::open(bench.site.home().join("coord.db")).expect("it opens");
    let query = "select reason from network_domains where pattern = 'x.example'";
    file.query_row(query, [], |row| row.get::<_, String>(0)).expect("it is there").into()
}

#[test]
fn what_was_set_aside_is_decided_either_way() {
    for (keep, stands) in [("ours", "ours"), ("theirs", "theirs")] {
        let bench = Bench::enrolled();
        let number = conflict(&bench);
        if keep == "ours" {
            insta::assert_snapshot!(told_up_to_date(&bench), @r#"
    sync: on, mode mirror
    the mirror has everything
    mirror: URL, opened by the publishable key, kept in sync.json
    last answer: WHEN
    free text is not encrypted; `coord sync key new` begins that
    # change set aside: `coord sync conflicts` shows them
    "#);
        }
        let (exit, said) = bench.person(&[], &["sync", "resolve", &number, "--keep", keep]);
        assert!(exit == 0 && said.contains("version stands"), "{said}");
        assert_eq!(bench.site.run(&["sync", "now"]).status.code(), Some(0));
        assert_eq!(bench.cloud.ask("reason from coord.network_domains"), stands);
        assert_eq!(reason(&bench), stands);
        assert_eq!(bench.status()["set_aside"], 0);
        let (exit, said) = bench.person(&[], &["sync", "resolve", &number, "--keep", keep]);
        assert!(exit == 1 && said.contains("no open conflict"), "{said}");
    }
}
