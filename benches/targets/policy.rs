//! What the policies' say costs in each call: finding the profile, building the question
//! and deciding, within a snapshot.

use std::sync::Arc;
use std::time::Instant;

use coord::config::PolicyEngine;
use coord::context::{Caller, Context};
use coord::home::Home;
use coord::operations;
use coord::policy::{self, Resource, Settings};
use coord::profiles;
use coord::repo::Repo;
use coord::store::{Durability, Options, Store};
use coord::time::{Clock, Time};
use serde_json::Map;

use super::table::{Table, Times};

const DECISIONS: usize = 100_000;
/// Policies that a person added.
const ADDED: usize = 20;
/// Members of groups that a person made.
const MEMBERS: usize = 60;

pub fn run(table: &mut Table) {
    for (engine, what) in [
        (PolicyEngine::Native, "policy decision, native, p99"),
        (
            PolicyEngine::Cedar,
            "policy decision, Cedar with 20 added policies and 60 group members, p99",
        ),
    ] {
        let times = decisions(engine);
        table.at_most(what, times.p99(), 100.0, " µs", format!("p50 {:.1} µs", times.p50()));
    }
}

fn decisions(engine: PolicyEngine) -> Times {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let home = Home::locate(Some(folder.path().join("home")), None).expect("the path is absolute");
    let options = Options { durability: Durability::Fast, clock: Clock::System };
    let store = Store::open(&home, options).expect("a new database opens");
    policy::configure(&store, Settings { engine, ..Settings::default() });
    add_policies(&store);
    let caller = Caller { agent_type: "claude".into(), person: false, ..Caller::person() };
    let ctx = Context {
        caller: Caller { agent_id: "claude-1".into(), rule: "process".into(), ..caller },
        repo: Arc::new(Repo::discover(folder.path())),
        now: Time::from_ms(1),
        request_key: None,
        resent: false,
        settings: coord::context::Settings::default(),
        ticket: None,
        ruling: None,
    };
    let operation = operations::find("acquire_lock").expect("it is an operation");
    let (file, nothing) = (Resource::File("src/policy/mod.rs".into()), Map::new());
    let mut times = Vec::with_capacity(DECISIONS);
    store
        .read(|tx| {
            for _ in 0..DECISIONS {
                let start = Instant::now();
                let held = profiles::of(tx, &ctx.caller, ctx.project())?;
                let decision = policy::decide(tx, &ctx, &held, (operation, &file), &nothing)?;
                times.push(start.elapsed());
                assert!(decision.allowed(), "{decision:?}");
            }
            Ok(())
        })
        .expect("the snapshot can be read");
    Times::new(times)
}

fn add_policies(store: &Store) {
    let add = |tx: &coord::store::Tx<'_>| {
        for number in 0..ADDED {
            tx.run(
                "INSERT INTO cedar_policies (policy_id, project, policy_text, description, enabled,
                        updated_by, updated_at)
                 VALUES ('p' || :number, '*', 'forbid (principal, action in Action::\"write\",
                        resource is File) when { resource.path like \"closed' || :number || '/*\" };',
                        '', 1, 'bench', 1)",
                rusqlite::named_params! { ":number": number as i64 },
            )?;
        }
        for number in 0..MEMBERS {
            let (kind, member) = match number % 3 {
                0 => ("agent", format!("codex-{number}")),
                1 => ("path", format!("closed{number}/")),
                _ => ("path", format!("src/*{number}/**/*.sql")),
            };
            tx.run(
                "INSERT INTO cedar_entities (project, kind, group_name, member, created_by, created_at)
                 VALUES ('*', :kind, 'g' || :number, :member, 'bench', 1)",
                rusqlite::named_params! { ":kind": kind, ":number": number as i64, ":member": member },
            )?;
        }
        Ok(())
    };
    store.write_blocking(add).expect("the policies can be written");
}
