//! Two daemons with homes of their own, one Postgres behind the gateway, over HTTP.

use std::fs;

use coord::home::Home;
use coord::mirror::login::Login;
use serde_json::{Value, json};

use crate::cloud::Cloud;
use crate::cloud::gateway::{Fault, Gateway, PUBLISHABLE};
use crate::e2e::site::Site;

/// A machine that is enrolled, with a repository in arbiter mode.
pub fn machine(cloud: &Cloud, gateway: &Gateway) -> Site {
    let site = Site::new();
    fs::write(site.repo().join("coord.toml"), "project = \"shop\"\n").expect("ours");
    fs::write(site.repo().join(".coordinator.toml"), "mode = \"arbiter\"\n").expect("ours");
    let home = Home::locate(Some(site.home()), None).expect("the path is absolute");
    home.prepare().expect("it can be made");
    let device = cloud.device("team");
    let mut login = Login::new(&home, &gateway.url, None, PUBLISHABLE).expect("home is there");
    (login.device, login.token) = (device.id, device.token);
    login.save(&home).expect("it can be written");
    site
}

fn call(site: &Site, agent: &str, tool: &str, arguments: &Value) -> Value {
    let output = site
        .coord()
        .args(["call", tool, &arguments.to_string()])
        .env("AGENT_ID", agent)
        .env("SESSION_ID", agent)
        .output()
        .expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    serde_json::from_str(&text).unwrap_or_else(|_| {
        panic!("{text}\n{}\n{}", String::from_utf8_lossy(&output.stderr), site.log())
    })
}

#[test]
fn two_daemons_share_their_locks() {
    let cloud = Cloud::start();
    let gateway = Gateway::start(cloud.rest());
    let (one, two) = (machine(&cloud, &gateway), machine(&cloud, &gateway));
    let path = json!({"file_path": "src/a.rs"});

    let granted = call(&one, "ann", "acquire_lock", &path);
    assert_eq!(granted["success"], true, "{granted}\n{}", one.log());
    let denied = call(&two, "bob", "acquire_lock", &path);
    assert_eq!(
        (&denied["code"], &denied["other_machine"]),
        (&json!("locked_by_other"), &json!(true)),
        "{denied}"
    );
    gateway.always(Fault::Html);
    assert_eq!(
        call(&two, "bob", "acquire_lock", &json!({"file_path": "b.rs"}))["code"],
        "unavailable"
    );
    gateway.always(Fault::None);
    assert_eq!(call(&one, "ann", "release_lock", &json!({}))["success"], true);
    let next =
        call(&two, "bob", "acquire_lock", &json!({"file_path": "src/a.rs", "wait_seconds": 20}));
    assert!(next["fence"].as_i64() > granted["fence"].as_i64(), "{next}\n{}", two.log());
}
