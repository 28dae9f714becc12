//! The queue as tables, pages and drawings.

use coord::cli::work;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::views::{NOON, id, plain, some_work, task};

#[test]
fn work_is_shown_by_what_can_be_done_about_it() {
    assert_snapshot!(plain(&work::show::pending(&some_work(), NOON)), @r"
    Being worked on (1)
    task       status   type  what
    …00000001  claimed  edit  Write the scanner  claude-1

    Ready (30)
    task       status  type  what
    …00000002  ready   edit  Describe the grammar
    … and 29 more: coord work list

    To be tried again after a pause (1)
    task       status   type  what
    …00000005  pausing  edit  Fetch the tables  again in 40 s

    Waiting for others, or parked (2)
    task       status   type  what
    …00000003  blocked  edit  Write the parser on top o…  waits for 1 task
    …00000004  parked   edit  Publish it                  waits for …00000007 (edit…
    ");
}

#[test]
fn work_of_all_machines_is_one_list() {
    let mut work = some_work();
    let mut away = task(11, "claimed", "Port it to the other system");
    (away["claimed_by"], away["machine"]) = ("codex-1".into(), "studio".into());
    let mut next = task(12, "pending", "Say so in the manual");
    next["submitted_on"] = "studio".into();
    let mut later = task(13, "pending", "Release it");
    (later["submitted_on"], later["why"]) = ("studio".into(), "waits for 2 tasks".into());
    work["elsewhere"] = json!([away, next, later]);
    work["counts"]["elsewhere"] = 5.into();
    work["as_of"] = "2026-01-01T11:58:00Z".into();

    assert_snapshot!(plain(&work::show::pending(&work, NOON)), @r"
    Being worked on (2)
    task       status   type  what
    …00000001  claimed  edit  Write the scanner            claude-1
    …0000000b  claimed  edit  Port it to the other system  codex-1 on studio

    Ready (31)
    task       status  type  what
    …00000002  ready   edit  Describe the grammar
    …0000000c  ready   edit  Say so in the manual  from studio
    … and 29 more: coord work list

    To be tried again after a pause (1)
    task       status   type  what
    …00000005  pausing  edit  Fetch the tables  again in 40 s

    Waiting for others, or parked (3)
    task       status   type  what
    …00000003  blocked  edit  Write the parser on top o…  waits for 1 task
    …00000004  parked   edit  Publish it                  waits for …00000007 (edit…
    …0000000d  blocked  edit  Release it                  from studio; waits for 2 …
    … and 2 more on other machines: coord work list
    What other machines do is as of 2 min ago: coord sync status says why.
    ");
    assert_snapshot!(plain(&work::show::summary(&work, NOON, 3)), @r"
    2 being worked on, 31 ready, 1 pausing, 3 blocked or parked
    task       status   type  what
    …00000001  claimed  edit  Write the scanner            claude-1
    …0000000b  claimed  edit  Port it to the other system  codex-1 on studio
    …00000002  ready    edit  Describe the grammar
    ");
    let listed = json!({ "tasks": work["elsewhere"], "as_of": "1970-01-01T00:00:00Z" });
    assert_snapshot!(plain(&work::show::tasks(&listed, NOON)), @r"
    task       status   type  what
    …0000000b  claimed  edit  Port it to the other syst…  codex-1 on studio
    …0000000c  ready    edit  Say so in the manual        from studio
    …0000000d  blocked  edit  Release it                  from studio; waits for 2 …
    What other machines do is not known: coord sync status says why.
    ");
}

#[test]
fn a_task_is_shown_with_its_past_and_its_neighbours() {
    let mut shown = task(9, "failed", "Fetch the tables");
    let details = json!({
        "why": "no network", "description": "Fetch the tables\nfrom the mirror, not the origin",
        "input_data": { "tries": 2 }, "max_attempts": 3, "attempt": 3, "submitted_by": "person",
        "submitted_at": "2026-01-01T10:00:00Z", "finished_at": "2026-01-01T11:58:00Z",
        "error_message": "no network", "depends_on": [task(1, "completed", "Write the scanner")],
        "dependents": [], "attempts": [{
            "agent_id": "claude-1", "claimed_at": "2026-01-01T11:00:00Z",
            "ended_at": "2026-01-01T11:30:00Z", "ending": "lease_expired", "fence": 4,
        }],
    });
    for (name, value) in details.as_object().expect("it is an object") {
        shown[name] = value.clone();
    }
    assert_snapshot!(plain(&work::show::one(&shown, NOON)), @r#"
    Fetch the tables
    failed no network

    task           019b0000-0000-7000-8000-000000000009
    type           edit
    priority       5
    submitted by   person
    last error     no network
    attempt        3 of 3
    submitted      2 h ago (2026-01-01T10:00:00Z)
    finished       2 min ago (2026-01-01T11:58:00Z)

    description
      Fetch the tables
      from the mirror, not the origin

    input data
      {
        "tries": 2
      }

    after      status     what
    …00000001  completed  Write the scanner

    1 attempt ended
    attempt by  ended       how
    claude-1    30 min ago  lease expired
    "#);
}

#[test]
fn a_graph_is_drawn_with_each_task_once() {
    let node = |n: u32, state: &str, summary: &str| json!({ "task_id": id(n), "task_type": "edit", "summary": summary, "state": state });
    let edge = |from: u32, to: u32| json!({ "from": id(from), "to": id(to) });
    let mut scanner = node(1, "claimed", "Write the scanner");
    scanner["claimed_by"] = "claude-1".into();
    let reply = json!({
        "nodes": [
            scanner,
            node(2, "blocked", "Write the parser"),
            node(3, "blocked", "Describe the scanner"),
            node(4, "blocked", "Publish both"),
            node(5, "ready", "Choose a name"),
            node(6, "parked", "Tell the world"),
        ],
        "edges": [edge(1, 2), edge(1, 3), edge(2, 4), edge(3, 4), edge(4, 6), edge(5, 6)],
        "more": true,
    });
    let drawn = plain(&work::draw::graph(&reply, NOON));
    assert_snapshot!(drawn, @r"
    ◐ …00000001 Write the scanner  claimed by claude-1
    ├─○ …00000002 Write the parser  blocked
    │ └─→ …00000004 (below)
    └─○ …00000003 Describe the scanner  blocked
      │
      ○ …00000004 Publish both  blocked
      └─→ …00000006 (below)

    ○ …00000005 Choose a name  ready
    │
    ○ …00000006 Tell the world  parked
    There are more; name a task to see what is around it.
    ");
    for n in 1..=6 {
        let whole = format!("…{n:08x} ");
        let lines = drawn.lines().filter(|line| line.contains(&whole) && !line.contains('→'));
        assert_eq!(lines.count(), 1, "task {n}");
    }
}

#[test]
fn a_long_chain_is_drawn_straight_down() {
    let nodes: Vec<Value> = (0..500)
        .map(|n| json!({ "task_id": id(n), "summary": "one of many", "state": "blocked" }))
        .collect();
    let edges: Vec<Value> = (1..500).map(|n| json!({ "from": id(n - 1), "to": id(n) })).collect();
    let drawn = plain(&work::draw::graph(&json!({ "nodes": nodes, "edges": edges }), NOON));
    assert_eq!(drawn.lines().filter(|line| line.starts_with("○ …")).count(), 500);
}
