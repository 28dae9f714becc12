//! Broken, huge and rude input over the real transport: each gets a clear answer,
//! and the others do not notice.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::rpc::Rpc;
use super::site::{Site, until};

/// The daemon still serves somebody new, and quickly.
fn still_serves(site: &Site) {
    let mut other = Rpc::open(site, "bystander");
    assert_eq!(other.call("check_locks", json!({}))["success"], true);
}

#[test]
fn broken_messages_are_answered_or_ignored_and_the_conversation_goes_on() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    let rubbish: [&[u8]; 7] = [
        b"{\"jsonrpc\":\"2.0\",\"id\":\n",
        b"not json at all\n",
        b"[]\n",
        b"{}\n",
        b"\xff\xfe\x00\n",
        b"\n\n\n",
        b"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"tools/call\"}\n",
    ];
    for line in rubbish {
        ann.say_raw(line);
    }
    assert_eq!(ann.call("check_locks", json!({}))["success"], true);
    let unknown = ann.request("no/such/method", json!({}));
    assert_eq!(unknown["error"]["code"], -32601, "{unknown}");
    let no_tool = ann.request("tools/call", json!({ "name": "no_such_tool" }));
    assert!(no_tool["error"]["message"].as_str().expect("a message").contains("no_such_tool"));
    still_serves(&site);
}

#[test]
fn bad_arguments_name_the_field_what_was_sent_and_what_is_accepted() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    let cases = [
        ("acquire_lock", json!({ "file_path": 7 }), "file_path"),
        ("acquire_lock", json!({ "file_path": "a", "ttl_minutes": "soon" }), "ttl_minutes"),
        ("acquire_lock", json!({ "file_pth": "a" }), "file_pth"),
        ("submit_work", json!({ "description": "no type" }), "task_type"),
        (
            "submit_work",
            json!({ "task_type": "t", "description": "d", "depends_on": "x" }),
            "depends_on",
        ),
        ("query_audit", json!({ "since": "yesterday" }), "since"),
    ];
    for (tool, arguments, field) in cases {
        let answer = ann.request("tools/call", json!({ "name": tool, "arguments": arguments }));
        let result = &answer["result"];
        assert_eq!(result["isError"], true, "{answer}");
        assert_eq!(result["structuredContent"]["code"], "invalid_argument", "{answer}");
        assert_eq!(result["structuredContent"]["field"], field, "{answer}");
        let text = result["content"][0]["text"].as_str().expect("a text");
        assert!(text.contains(field), "{text}");
    }
    let near = ann.call_raw("acquire_lock", json!({ "file_pth": "a" }));
    assert!(near.contains("file_path"), "the nearest name is offered: {near}");
}

#[test]
fn a_line_of_twenty_megabytes_is_refused_and_the_next_one_is_served() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    let mut line = br#"{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"submit_work","arguments":{"description":""#.to_vec();
    line.resize(20 << 20, b'x');
    line.extend_from_slice(b"\"}}}\n");
    ann.say_raw(&line);
    assert_eq!(ann.call("check_locks", json!({}))["success"], true);
    let refused = ann.notices.iter().any(|notice| notice["error"]["code"] == -32600);
    assert!(refused, "{:?}", ann.notices);
    still_serves(&site);
}

#[test]
fn two_megabytes_of_input_data_are_refused_with_the_limit() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    let big = "x".repeat(2 << 20);
    let arguments = json!({ "task_type": "t", "description": "d", "input_data": { "big": big } });
    let answer = ann.call("submit_work", arguments);
    assert_eq!(answer["success"], false, "{answer}");
    assert_eq!(answer["code"], "invalid_argument", "{answer}");
    assert!(answer["message"].as_str().expect("a message").contains("input_data"), "{answer}");
}

#[test]
fn hostile_paths_are_refused_and_nothing_is_locked() {
    let site = Site::new();
    let mut ann = Rpc::open(&site, "ann");
    std::os::unix::fs::symlink("loop", site.repo().join("loop")).expect("links can be made");
    std::os::unix::fs::symlink("/etc", site.repo().join("out")).expect("links can be made");
    let long = "a/".repeat(2_560);
    let paths = [
        "",
        " ",
        "..",
        "../x",
        "a/../../x",
        "/etc/passwd",
        ".git/config",
        ".GIT/config",
        "a\u{0}b",
        "loop",
        "out/passwd",
        long.as_str(),
    ];
    for path in paths {
        let answer = ann.call("acquire_lock", json!({ "file_path": path }));
        assert_eq!(answer["success"], false, "{path:?}: {answer}");
        assert_eq!(answer["code"], "invalid_file_path", "{path:?}: {answer}");
    }
    for ttl in [0, 481] {
        let answer = ann.call("acquire_lock", json!({ "file_path": "a", "ttl_minutes": ttl }));
        assert_eq!(answer["code"], "ttl_out_of_range", "{answer}");
    }
    assert_eq!(ann.call("check_locks", json!({}))["locks"], json!([]));
}

#[test]
fn three_hundred_connections_at_once_are_all_served() {
    let site = Site::new();
    let _first = Rpc::open(&site, "first");
    let socket = site.home().join("coord.sock");
    let mut streams = Vec::new();
    for n in 0..300 {
        let mut stream = UnixStream::connect(&socket).expect("the daemon listens");
        let hello = coord::client::hello(coord::wire::Role::Cli, &format!("many-{n}"), Vec::new());
        let line = coord::client::hello_line(&hello).expect("it is text");
        stream.write_all(line.as_bytes()).expect("the daemon reads");
        stream
            .write_all(b"{\"id\":1,\"tool\":\"check_locks\",\"arguments\":{}}\n")
            .expect("the daemon reads");
        streams.push(stream);
    }
    for stream in streams {
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("it is a socket");
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stream), &mut line)
            .expect("it answers");
        let reply: Value = serde_json::from_str(&line).expect("it is JSON");
        assert_eq!(reply["id"], 1);
    }
}

#[test]
fn a_client_that_stops_reading_holds_up_nobody_and_fills_no_memory() {
    let site = Site::new();
    let _first = Rpc::open(&site, "first");
    let daemon = site.daemon_pid().expect("a daemon runs");
    let mut rude = UnixStream::connect(site.home().join("coord.sock")).expect("the daemon listens");
    rude.set_write_timeout(Some(Duration::from_secs(2))).expect("it is a socket");
    let hello = coord::client::hello(coord::wire::Role::Mcp, "rude", Vec::new());
    rude.write_all(coord::client::hello_line(&hello).expect("it is text").as_bytes())
        .expect("it reads");
    let initialize = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"rude","version":"1"}}}"#;
    writeln!(rude, "{initialize}").expect("it reads");
    writeln!(rude, r#"{{"jsonrpc":"2.0","method":"notifications/initialized"}}"#)
        .expect("it reads");
    for id in 1..60_000 {
        let asked = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/list\"}}\n");
        if rude.write_all(asked.as_bytes()).is_err() {
            break;
        }
    }
    still_serves(&site);
    let resident = resident_kib(daemon);
    assert!(resident < 200 << 10, "the daemon has grown to {resident} KiB");
}

/// Resident memory of a process.
fn resident_kib(pid: u32) -> u64 {
    let output =
        std::process::Command::new("ps").args(["-o", "rss=", "-p", &pid.to_string()]).output();
    let text = String::from_utf8(output.expect("ps is installed").stdout).expect("it is text");
    text.trim().parse().expect("it is a number")
}

#[test]
fn a_peer_that_says_nothing_or_nonsense_is_dropped_and_the_others_are_served() {
    let site = Site::new();
    let _first = Rpc::open(&site, "first");
    let socket = site.home().join("coord.sock");
    let _silent = UnixStream::connect(&socket).expect("the daemon listens");
    let mut nonsense = UnixStream::connect(&socket).expect("the daemon listens");
    nonsense.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("the daemon reads");
    still_serves(&site);
    let mut end = [0_u8; 1];
    until("the one that talks nonsense is dropped", || {
        matches!(std::io::Read::read(&mut nonsense, &mut end), Ok(0) | Err(_))
    });
}
