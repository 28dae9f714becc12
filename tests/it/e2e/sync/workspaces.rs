//! A workspace whose name is mistyped is not made by the way.

use serde_json::{Value, json};

use super::{Bench, person, shell};
use crate::cloud::gateway::SECRET;

fn workspaces(bench: &Bench) -> String {
    bench.cloud.ask("string_agg(name, ' ' order by name) from coord.workspaces")
}

/// The answer in JSON, among what else was said.
fn json_in(said: &str) -> Value {
    let line = said.lines().find(|line| line.starts_with('{')).unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {said}"))
}

#[test]
fn another_workspace_is_made_only_by_whoever_means_it() {
    let bench = Bench::new();
    let variables = bench.with_service_key();
    let enrol = |more: &[&str], typed: &str| {
        person(&bench.site, &variables, &[&["sync", "enrol"], more].concat(), typed)
    };
    // The first one is nobody's mistake.
    let (exit, said) = enrol(&["--workspace", "team"], "");
    assert!(exit == 0 && said.contains("The workspace team is new."), "{said}");
    let (exit, said) = enrol(&["--workspace", "team"], "");
    assert!(exit == 0 && !said.contains("is new"), "{said}");

    let (exit, said) = enrol(&["--workspace", "taem", "--json"], "");
    let told: Value = json_in(&said);
    assert_eq!((exit, &told["code"]), (1, &json!("unknown_workspace")), "{told}");
    assert_eq!((&told["workspace"], &told["known"]), (&json!("taem"), &json!(["team"])), "{told}");
    assert!(told["hint"].as_str().is_some_and(|hint| hint.contains("--new")), "{told}");
    let line = format!(
        "SUPABASE_URL={} SUPABASE_SERVICE_KEY={SECRET} \"$0\" sync enrol --workspace taem </dev/null",
        bench.gateway.url
    );
    let (exit, said) = shell(&bench.site, &line);
    assert!(exit == 1 && said.contains("there is no workspace taem; there are: team"), "{said}");
    assert_eq!(workspaces(&bench), "team");

    // A person is asked, and may say no.
    let (exit, said) = enrol(&["--workspace", "taem"], "n\n");
    assert!(exit == 1 && said.contains("there are: team. Make it? [y/N]"), "{said}");
    assert_eq!(workspaces(&bench), "team");
    let (exit, said) = enrol(&["--workspace", "third"], "y\n");
    assert!(exit == 0 && said.contains("The workspace third is new."), "{said}");
    let (exit, said) = enrol(&["--workspace", "other", "--new", "--json"], "");
    let told: Value = json_in(&said);
    assert_eq!((exit, &told["made"]), (0, &json!(true)), "{told}");
    assert_eq!(workspaces(&bench), "other team third");

    // The same where a machine invites itself; whoever names none gets the usual one.
    let url = bench.gateway.url.clone();
    let login = ["sync", "login", "--url", &url, "--json"];
    let typed = format!("{SECRET}\n{}\n", crate::cloud::gateway::PUBLISHABLE);
    let named = [&login[..], &["--workspace", "taem"]].concat();
    let (exit, said) = person(&bench.site, &[], &named, &typed);
    assert!(exit == 1 && said.contains("unknown_workspace"), "{said}");
    let (exit, said) = person(&bench.site, &[], &login, &typed);
    assert!(exit == 0 && said.contains("default"), "{said}");
    assert_eq!(workspaces(&bench), "default other team third");
}
