//! What is made of given replies, at a given time: pure text.

use coord::cli::render::{WIDTH, width};
use coord::cli::{agents, config, doctor, locks, status, work};
use coord::config::{Config, Environment};
use coord::home::Home;
use coord::time::Time;
use insta::assert_snapshot;
use serde_json::{Value, json};

/// 2026-01-01T12:00:00Z.
pub const NOON: Time = Time::from_ms(1_767_268_800_000);

pub fn id(n: u32) -> String {
    format!("019b0000-0000-7000-8000-0000{n:08x}")
}

/// The text as it is where no colour is wanted.
pub fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn lock() -> Value {
    json!({
        "file_path": "src/main.rs", "mode": "exclusive", "locked_by": "claude-1",
        "agent_type": "claude", "locked_at": "2026-01-01T11:00:00Z",
        "expires_at": "2026-01-01T13:00:00Z", "fence": 7, "reason": "take the parser apart",
    })
}

fn some_locks() -> Value {
    let mut shared = lock();
    shared["file_path"] =
        "crates/coordinator/src/very/deep/inside/the/tree/of/modules/scanner_tables.rs".into();
    shared["mode"] = "shared".into();
    shared["waiting"] = 2.into();
    shared["expires_at"] = "2026-01-01T12:01:30Z".into();
    json!({ "locks": [lock(), shared] })
}

fn some_agents() -> Value {
    json!({ "agents": [
        {
            "agent_id": "claude-1", "agent_type": "claude", "session_id": "s1",
            "capabilities": ["rust", "docs"], "status": "active",
            "current_task": "take the parser apart", "last_heartbeat": "2026-01-01T11:59:50Z",
            "started_at": "2026-01-01T09:00:00Z", "locks": 2, "tasks": 1,
        },
        {
            "agent_id": "codex-1", "agent_type": "codex", "session_id": "s2", "status": "idle",
            "last_heartbeat": "2026-01-01T11:20:00Z", "started_at": "2026-01-01T09:00:00Z",
            "locks": 1,
        },
    ] })
}

pub fn task(n: u32, status: &str, summary: &str) -> Value {
    json!({
        "task_id": id(n), "task_type": "edit", "summary": summary, "status": status, "priority": 5,
    })
}

pub fn some_work() -> Value {
    let mut claimed = task(1, "claimed", "Write the scanner");
    claimed["claimed_by"] = "claude-1".into();
    let mut blocked =
        task(3, "pending", "Write the parser on top of the scanner, with good errors");
    blocked["why"] = "waits for 1 task".into();
    blocked["waits_for"] = json!([id(1)]);
    let mut parked = task(4, "pending", "Publish it");
    parked["why"] = format!("waits for {} (edit), which was cancelled", id(7)).into();
    let mut pausing = task(5, "pending", "Fetch the tables");
    pausing["why"] = "pauses after attempt 1: no network".into();
    pausing["retry_at"] = "2026-01-01T12:00:40Z".into();
    json!({
        "counts": { "claimed": 1, "ready": 30, "pausing": 1, "blocked": 2 },
        "claimed": [claimed], "ready": [task(2, "pending", "Describe the grammar")],
        "pausing": [pausing], "blocked": [blocked, parked],
    })
}

#[test]
fn locks_are_shown_by_path() {
    assert_snapshot!(plain(&locks::show(&some_locks(), NOON)), @r"
    path                  held by   mode    expires    waiting  reason
    src/main.rs           claude-1          in 60 min           take the parser apa…
    crates/co…_tables.rs  claude-1  shared  in 90 s    2        take the parser apa…
    ");
    assert_eq!(locks::show(&json!({ "locks": [] }), NOON), "No locks.\n");
}

#[test]
fn a_forced_release_says_from_whom() {
    let reply = json!({
        "action": "released",
        "locks": [{ "file_path": "src/main.rs", "locked_by": "claude-1", "fence": 7 }],
    });
    assert_snapshot!(locks::released(&reply), @r"
    Released 1 lock.
      src/main.rs (was held by claude-1)
    ");
}

#[test]
fn agents_are_shown_with_what_they_hold() {
    assert_snapshot!(plain(&agents::show(&some_agents(), NOON)), @r"
    agent     status  heard       locks  tasks  can         does
    claude-1  active  10 s ago    2      1      rust, docs  take the parser apart
    codex-1   idle    40 min ago  1
    ");
}

#[test]
fn a_status_fits_one_screen_and_begins_with_what_is_wrong() {
    let mut whole = json!({
        "agents": some_agents()["agents"], "locks": some_locks()["locks"], "work": some_work(),
    });
    whole["alarms"] = status::alarms(&whole, NOON, 15).into();
    let page = plain(&status::show(&whole, NOON));
    assert_snapshot!(page, @r"
    ! codex-1 holds something and was last heard 40 min ago
    ! 2 agents are waiting for crates/coordina…canner_tables.rs, which claude-1 holds
    ! 1 task parked until somebody looks: coord work

    Agents (2)
    agent     status  heard       locks  tasks  can         does
    claude-1  active  10 s ago    2      1      rust, docs  take the parser apart
    codex-1   idle    40 min ago  1

    Locks (2)
    path                  held by   mode    expires    waiting  reason
    src/main.rs           claude-1          in 60 min           take the parser apa…
    crates/co…_tables.rs  claude-1  shared  in 90 s    2        take the parser apa…

    Work
    1 being worked on, 30 ready, 1 pausing, 2 blocked or parked
    task       status   type  what
    …00000001  claimed  edit  Write the scanner           claude-1
    …00000002  ready    edit  Describe the grammar
    …00000005  pausing  edit  Fetch the tables            again in 40 s
    …00000003  blocked  edit  Write the parser on top o…  waits for 1 task
    …00000004  parked   edit  Publish it                  waits for …00000007 (edit…
    ");
    assert!(page.lines().count() <= 40, "it fits one screen");
}

#[test]
fn a_doctor_says_what_to_do_about_each_thing() {
    let check = |name: &'static str, verdict, message: &str, advice: Option<&str>| doctor::Check {
        name: name.into(),
        verdict,
        message: message.into(),
        advice: advice.map(Into::into),
    };
    let checks = [
        check("home", doctor::Verdict::Ok, "/h is yours alone", None),
        check("disk", doctor::Verdict::Warn, "100 MiB free", Some("free some space")),
        check("database", doctor::Verdict::Fail, "it is damaged", Some("`coord restore` helps")),
    ];
    assert_snapshot!(plain(&doctor::show(&checks)), @r"
    ok    home        /h is yours alone
    warn  disk        100 MiB free
                      → free some space
    fail  database    it is damaged
                      → `coord restore` helps

    1 thing in the way.
    ");
}

#[test]
fn settings_are_shown_with_their_origin_and_secrets_are_not() {
    let environment = Environment::of([
        ("SUPABASE_SERVICE_KEY", "s3cret-of-mine"),
        ("SUPABASE_DB_URL", "postgresql://me:pw@db.example/x"),
        ("LOCK_TTL_MINUTES", "30"),
    ]);
    let home = Home::locate(Some("/nowhere/coord".into()), None).expect("it is absolute");
    let settings = Config::read(&environment, &home, None, &[]).expect("they are right");
    let text = plain(&config::show(&settings));
    let json = config::all(&settings).to_string();
    assert_snapshot!(text, @r"
    setting                   value           from
    home                      /nowhere/coord  default
    durability                full            default
    log                       info            default
    idle_stop_minutes         0               default
    agent_id                  unset           default
    agent_type                unset           default
    session_id                unset           default
    lock_ttl_minutes          30              LOCK_TTL_MINUTES
    worktree_locks            warn            default
    mode                      mirror          default
    offline_policy            deny            default
    hook_failure              open            default
    person_commits            warn            default
    stale_agent_minutes       15              default
    audit_retention_days      90              default
    policy_engine             native          default
    cedar_schema_path         unset           default
    policy_code_fallback      true            default
    profiles_default_trust    2               default
    profiles_enforce_limits   true            default
    guardrails_code_fallback  true            default
    network_default_policy    deny            default
    supabase_url              unset           default
    supabase_service_key      ********        SUPABASE_SERVICE_KEY
    supabase_key              unset           default
    supabase_rest_prefix      unset           default
    sync_leave_out            unset           default
    supabase_db_url           ********        SUPABASE_DB_URL
    ");
    for secret in ["s3cret", "me:pw"] {
        assert!(!text.contains(secret) && !json.contains(secret), "{secret} is shown");
    }
    assert!(json.contains("********"));
}

#[test]
fn no_table_is_wider_than_the_screen() {
    let long = "x/".repeat(300);
    let mut wide = lock();
    for field in ["file_path", "locked_by", "reason", "worktree"] {
        wide[field] = long.clone().into();
    }
    wide["waiting"] = 12.into();
    let mut job = task(1, "claimed", &long);
    job["claimed_by"] = long.clone().into();
    job["task_type"] = long.clone().into();
    let agent = json!({
        "agent_id": long, "status": "disconnected", "capabilities": [long, long],
        "current_task": long, "locks": 100, "tasks": 100,
        "last_heartbeat": "2025-01-01T11:59:50Z",
    });
    for page in [
        locks::show(&json!({ "locks": [wide] }), NOON),
        work::show::tasks(&json!({ "tasks": [job] }), NOON),
        agents::show(&json!({ "agents": [agent] }), NOON),
    ] {
        for line in plain(&page).lines() {
            assert!(width(line) <= WIDTH, "{line}");
        }
    }
}

#[test]
fn what_an_agent_wrote_cannot_act_on_the_terminal() {
    let mut evil = lock();
    evil["reason"] = "\u{1b}]0;owned\u{7}\u{1b}[2J\nsrc/other.rs  ann".into();
    let page = plain(&locks::show(&json!({ "locks": [evil] }), NOON));
    assert_eq!(page.lines().count(), 2, "it cannot forge a row");
    assert!(!page.contains('\u{1b}') && !page.contains('\u{7}'), "{page:?}");
}
