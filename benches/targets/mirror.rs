//! What the change log costs, and what a mirror that hangs costs those who work here.

use std::net::TcpListener;

use coord::home::Home;
use coord::mirror::export;
use coord::mirror::login::Login;
use coord::store::{Durability, Options, Store};
use serde_json::json;

use super::mcp::{Client, Site};
use super::table::{Table, Times};

/// Locks taken and released for one figure.
const ROUNDS: usize = 1_000;

pub fn run(table: &mut Table) {
    let off = rounds(&Site::new("full"));
    let on = {
        let site = Site::new("full");
        switch_on(&site);
        rounds(&site)
    };
    table.at_most(
        "lock acquire with the change log on, against off, durability full, p50",
        on.p50() / off.p50(),
        1.7,
        " ×",
        format!("{:.0} µs against {:.0} µs", on.p50(), off.p50()),
    );
    let hanging = {
        let site = Site::new("full");
        switch_on(&site);
        let login = Login::new(&home(&site), &hangs(), Some(""), "key").expect("a login");
        login.save(&home(&site)).expect("home is there");
        rounds(&site)
    };
    table.at_most(
        "the same with a mirror that never answers, against the change log alone, p99",
        hanging.p99() / on.p99(),
        1.2,
        " ×",
        format!("{:.0} µs against {:.0} µs", hanging.p99(), on.p99()),
    );
}

fn home(site: &Site) -> Home {
    Home::locate(Some(site.home()), None).expect("the path is absolute")
}

/// Switches the change log on in a home that nobody serves yet.
fn switch_on(site: &Site) {
    let options = Options { durability: Durability::Full, ..Options::default() };
    let store = Store::open(&home(site), options).expect("a new database opens");
    store.write_blocking(export::switch_on).expect("it can be switched on");
    while store.write_blocking(export::step).expect("rows can be exported") {}
    store.close();
}

/// A server that takes every connection and says nothing; its URL.
fn hangs() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        let mut taken = Vec::new();
        taken.extend(listener.incoming());
    });
    format!("http://{address}")
}

fn rounds(site: &Site) -> Times {
    let mut client = Client::open(site, "ann");
    let lock = json!({ "file_path": "src/main.rs" });
    let mut times = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS + ROUNDS / 10 {
        let (answer, took) = client.timed("acquire_lock", &lock);
        assert_eq!(answer["action"], "acquired", "{answer}");
        client.call("release_lock", &lock);
        if round >= ROUNDS / 10 {
            times.push(took);
        }
    }
    Times::new(times)
}
