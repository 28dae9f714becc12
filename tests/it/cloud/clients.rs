//! The gateway answers as `PostgREST` does, as far as Supabase's own JavaScript client can tell.
//!
//! `PostgREST` itself is not to be had in every test environment; `tests/cloud-suite` asks a real project.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::gateway::{Fault, Gateway, LEGACY_ANON, LEGACY_SERVICE, PUBLISHABLE, SECRET};
use super::project::Project;
use super::{Cloud, Device, SCHEMA, project as project_row};

/// Functions of every kind that `PostgREST` tells apart.
const PROBES: &str = "
create function public.sum_of(a integer, b integer) returns integer language sql immutable as 'select a + b';
create function public.sum_of(a integer) returns integer language sql immutable as 'select a';
create function public.writes() returns integer language plpgsql security definer as
    $$ begin perform nextval('coord.shared_tasks_ord_seq'); return 1; end $$;
create function public.writes_though_stable() returns integer language plpgsql stable as
    $$ begin return public.writes(); end $$;
create function public.sleeps() returns integer language plpgsql as
    $$ begin perform pg_sleep(5); return 1; end $$;
create function public.sleeps_by_leave() returns text language plpgsql set statement_timeout = '7s' as
    $$ begin perform pg_sleep(0.01); return current_setting('statement_timeout'); end $$;
create function public.raises(code text) returns void language plpgsql as
    $$ begin raise exception 'as ordered' using errcode = code, hint = 'none', detail = 'some'; end $$;
create function public.speaks() returns void language plpgsql as $$ begin
    raise sqlstate 'PGRST' using message = '{\"code\":\"123\",\"message\":\"spoken\",\"details\":\"d\",\"hint\":\"h\"}',
        detail = '{\"status\":418,\"headers\":{\"X-Tea\":\"yes\"}}'; end $$;
create function public.whoami() returns json language sql as $$
    select json_build_object('role', current_user, 'agent', current_setting('request.headers')::json ->> 'x-probe',
        'method', current_setting('request.method'), 'path', current_setting('request.path'),
        'jwt', current_setting('request.jwt.claims')::json ->> 'role') $$;
create function public.nothing() returns void language sql as '';
create function public.closed() returns integer language sql as 'select 1';
grant execute on all functions in schema public to anon, service_role;
revoke execute on function public.closed() from public, anon;";

fn keys(key: &str) -> Value {
    json!({"apikey": key})
}

/// What the client made of each call.
pub(super) fn play(url: &str, calls: &[Value]) -> Vec<Value> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/supabase/rpc.mjs");
    let mut child = Command::new("node")
        .arg(root)
        .env("CLIENTS", concat!(env!("CARGO_MANIFEST_DIR"), "/.cache/supabase"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("tests/setup has installed node");
    let script = json!({"url": url, "calls": calls}).to_string();
    child.stdin.take().expect("piped").write_all(script.as_bytes()).expect("it reads its script");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "tests/setup has installed the client");
    serde_json::from_slice(&output.stdout).expect("it answers in JSON")
}

fn start() -> (Cloud, Gateway) {
    let cloud = Cloud::start();
    cloud.sql().batch_execute(PROBES).expect("good SQL");
    let gateway = Gateway::start(cloud.rest());
    (cloud, gateway)
}

#[test]
fn supabase_s_client_understands_every_answer() {
    let (_cloud, gateway) = start();
    let call = |function: &str, arguments: Value| json!({"function": function, "arguments": arguments, "headers": keys(PUBLISHABLE)});
    let read = |function: &str, arguments: Value| {
        let mut call = call(function, arguments);
        call["get"] = true.into();
        call
    };
    let script = [
        (call("sum_of", json!({"a": 1, "b": 2})), json!([200, 3, null])),
        (call("sum_of", json!({"a": 1})), json!([200, 1, null])),
        (read("sum_of", json!({"a": 1, "b": 2})), json!([200, 3, null])),
        (call("sum_of", json!({"c": 1})), json!([404, null, "PGRST202"])),
        (call("sum_of", json!({"a": "x"})), json!([400, null, "22P02"])),
        (call("no_such", json!({})), json!([404, null, "PGRST202"])),
        (call("writes", json!({})), json!([200, 1, null])),
        (read("writes", json!({})), json!([405, null, "25006"])),
        (call("writes_though_stable", json!({})), json!([405, null, "25006"])),
        (call("sleeps", json!({})), json!([500, null, "57014"])),
        (call("sleeps_by_leave", json!({})), json!([200, "7s", null])),
        (call("closed", json!({})), json!([401, null, "42501"])),
        (call("nothing", json!({})), json!([204, null, null])),
        (call("speaks", json!({})), json!([418, null, "123"])),
        (call("raises", json!({"code": "PT402"})), json!([402, null, "PT402"])),
        (call("raises", json!({"code": "40001"})), json!([500, null, "40001"])),
        (call("raises", json!({"code": "40P01"})), json!([500, null, "40P01"])),
        (call("raises", json!({"code": "53100"})), json!([503, null, "53100"])),
        (call("raises", json!({"code": "08006"})), json!([503, null, "08006"])),
        (call("raises", json!({"code": "54000"})), json!([413, null, "54000"])),
        (call("raises", json!({"code": "23505"})), json!([409, null, "23505"])),
        (call("raises", json!({"code": "P0001"})), json!([400, null, "P0001"])),
        (call("raises", json!({"code": "XX000"})), json!([500, null, "XX000"])),
    ];
    let calls: Vec<Value> = script.iter().map(|(call, _)| call.clone()).collect();

    for ((call, wanted), answer) in script.iter().zip(play(&gateway.url, &calls)) {
        let told = json!([answer["status"], answer["data"], answer["error"]["code"]]);
        assert_eq!(told, *wanted, "{call}: {answer}");
    }
}

#[test]
fn a_key_says_the_role() {
    let (_cloud, gateway) = start();
    let bearer = |key: &str, bearer: &str| json!({"apikey": key, "authorization": format!("Bearer {bearer}")});
    let mut browser = keys(SECRET);
    browser["user-agent"] = "Mozilla/5.0".into();
    let mut probe = bearer(LEGACY_ANON, LEGACY_ANON);
    probe["X-Probe"] = "kept".into();
    let script = [
        (probe, json!("anon")),
        (keys(PUBLISHABLE), json!("anon")),
        (bearer(PUBLISHABLE, PUBLISHABLE), json!("anon")),
        (keys(SECRET), json!("service_role")),
        (bearer(LEGACY_SERVICE, LEGACY_SERVICE), json!("service_role")),
        (bearer(PUBLISHABLE, LEGACY_ANON), json!(401)),
        (browser, json!(401)),
        (keys("sb_publishable_of_another"), json!(401)),
        (json!({}), json!(401)),
    ];
    let calls: Vec<Value> = script
        .iter()
        .map(|(headers, _)| json!({"function": "whoami", "arguments": {}, "headers": headers}))
        .collect();

    let answers = play(&gateway.url, &calls);
    for ((headers, wanted), answer) in script.iter().zip(&answers) {
        let told =
            if answer["error"].is_null() { &answer["data"]["role"] } else { &answer["status"] };
        assert_eq!(told, wanted, "{headers}: {answer}");
    }
    assert_eq!(
        answers[0]["data"],
        json!({"role": "anon", "agent": "kept", "method": "POST", "path": "/rpc/whoami", "jwt": "anon"})
    );
}

/// The functions of this project through the same client, and what may happen on the way.
#[test]
fn a_device_works_through_it_whatever_happens_to_single_answers() {
    let (cloud, gateway) = start();
    let mut device: Device = cloud.device("team");
    let call = |function: &str, p: Value, token: &str| {
        let mut headers = keys(PUBLISHABLE);
        headers["x-coord-token"] = token.into();
        json!({"function": function, "arguments": {"p": p}, "headers": headers})
    };
    let first = device.batch(&[project_row("a", 1)]);
    device.acknowledge(&first);
    let second = device.batch(&[project_row("b", 1)]);
    let push = |batch: &Value| call("coord_push", batch.clone(), &device.token);
    // The reply to the first is lost after it was carried out; then the request itself, then a page, then a status.
    gateway.next([
        Fault::DropReply,
        Fault::None,
        Fault::DropRequest,
        Fault::Html,
        Fault::Status(503),
        Fault::Truncate,
    ]);

    let said = play(
        &gateway.url,
        &[
            push(&first),
            push(&first),
            push(&second),
            push(&second),
            push(&second),
            push(&second),
            push(&second),
            call("coord_pull", json!({"proto": 1, "schema": *SCHEMA, "cursor": 0}), "wrong"),
        ],
    );

    assert_eq!(said[1]["data"]["status"], "duplicate", "it had its effect");
    assert_eq!(said[6]["data"]["status"], "duplicate", "the truncated answer had its effect too");
    assert_eq!(said[4]["status"], 503);
    assert_eq!((&said[7]["status"], &said[7]["error"]["code"]), (&json!(401), &json!("PT401")));
    assert_eq!(said[7]["error"]["hint"], "enrol this machine again");
    assert_eq!(cloud.ask("string_agg(project, '' order by project) from coord.projects"), "ab");
    gateway.next([Fault::Delay(Duration::from_millis(20))]);
    assert_eq!(
        play(&gateway.url, &[push(&second)])[0]["data"]["status"],
        "duplicate",
        "late is not never"
    );
    gateway.always(Fault::Html);
    assert_ne!(play(&gateway.url, &[push(&second)])[0]["data"]["status"], "duplicate");
}

/// What `tests/cloud-suite` does, against a project that is none.
#[test]
fn a_project_is_asked_by_its_url() {
    let (cloud, gateway) = start();
    let project = Project::at(&gateway.url, PUBLISHABLE, SECRET);
    let there = Cloud::of_project(project, cloud.server().socket_url("cloud"));

    let mut device = there.device("team");
    device.push(&there, &[project_row("a", 1)]);
    assert_eq!(there.call_as("service_role", "coord_clean", None, &json!({})).status, 200);
    assert_eq!(there.call("coord_clean", None, &json!({})).status, 401);
    assert_eq!(there.ask("string_agg(project, '') from coord.projects"), "a");
}
