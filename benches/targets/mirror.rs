//! What the change log costs those who work here, and what a mirror costs that is dead, hangs or lies.
//!
//! All sides run at once and take turns, so that each has the same share of the machine's moods.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use coord::mirror::export;
use coord::mirror::login::Login;
use coord::store::{Durability, Options, Store};
use serde_json::json;

use super::mcp::{Client, Site};
use super::mirrored::home;
use super::table::{Table, Times};

/// Turns of each side, and locks taken and released in one.
const TURNS: usize = 30;
const ROUNDS: usize = 50;

pub fn run(table: &mut Table) {
    let liars: [(&str, Option<Liar>); 6] = [
        ("refuses connections", None),
        ("takes connections and says nothing", Some(silent)),
        ("answers garbage", Some(garbage)),
        ("answers a page for people", Some(page)),
        ("answers without end", Some(endless)),
        ("answers a byte a second", Some(drip)),
    ];
    let mut sides = vec![Side::new(None, false), Side::new(None, true)];
    sides.extend(liars.iter().map(|(_, liar)| Side::new(Some(address(*liar)), true)));
    for turn in 0..TURNS + 2 {
        for side in &mut sides {
            side.turn(turn >= 2);
        }
    }
    let times: Vec<Times> = sides.into_iter().map(|side| Times::new(side.times)).collect();
    let (off, log) = (&times[0], &times[1]);
    table.at_most(
        "lock acquire with the change log on, against off, durability full, p50",
        log.p50() / off.p50(),
        1.7,
        " ×",
        format!("{:.0} µs against {:.0} µs", log.p50(), off.p50()),
    );
    for ((what, _), side) in liars.iter().zip(&times[2..]) {
        table.at_most(
            &format!("lock acquire with a mirror that {what}, against without sync, p99"),
            side.p99() / off.p99(),
            1.2,
            " ×",
            format!(
                "{:.0} µs against {:.0} µs; against the change log alone {:.2} ×; p50 {:.0} against {:.0} µs",
                side.p99(),
                off.p99(),
                side.p99() / log.p99(),
                side.p50(),
                off.p50(),
            ),
        );
    }
    table.told(
        "the change log alone, against without sync, p99",
        log.p99() / off.p99(),
        " ×",
        format!("{:.0} µs against {:.0} µs", log.p99(), off.p99()),
    );
}

/// A home with a daemon and one agent.
struct Side {
    client: Client,
    times: Vec<Duration>,
    /// Dropped last: its daemon ends then.
    _site: Site,
}

impl Side {
    fn new(url: Option<String>, logs: bool) -> Self {
        let site = Site::new("full");
        if logs {
            switch_on(&site);
        }
        if let Some(url) = url {
            let home = home(&site.home());
            let login = Login::new(&home, &url, Some(""), "key").expect("a login");
            login.save(&home).expect("home is there");
        }
        Self { client: Client::open(&site, "ann"), times: vec![], _site: site }
    }

    fn turn(&mut self, counts: bool) {
        let lock = json!({ "file_path": "src/main.rs" });
        for _ in 0..ROUNDS {
            let (answer, took) = self.client.timed("acquire_lock", &lock);
            assert_eq!(answer["action"], "acquired", "{answer}");
            self.client.call("release_lock", &lock);
            if counts {
                self.times.push(took);
            }
        }
    }
}

/// Switches the change log on in a home that nobody serves yet.
pub fn switch_on(site: &Site) {
    let options = Options { durability: Durability::Full, ..Options::default() };
    let store = Store::open(&home(&site.home()), options).expect("a new database opens");
    store.write_blocking(export::switch_on).expect("it can be switched on");
    while store.write_blocking(export::step).expect("rows can be exported") {}
    store.close();
}

/// What becomes of one connection.
type Liar = fn(TcpStream);

/// Where a liar answers; without one nobody does.
fn address(liar: Option<Liar>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    if let Some(liar) = liar {
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || liar(stream));
            }
        });
    }
    format!("http://{address}")
}

fn silent(stream: TcpStream) {
    std::thread::sleep(Duration::from_secs(3_600));
    drop(stream);
}

/// Hears the request out, as far as it comes at once.
fn hear(stream: &mut TcpStream) {
    drop(stream.read(&mut [0; 65_536]));
}

fn garbage(mut stream: TcpStream) {
    hear(&mut stream);
    drop(stream.write_all(&[0x5A; 4_096]));
}

fn page(mut stream: TcpStream) {
    hear(&mut stream);
    let page = "<!doctype html><title>This project is paused</title>";
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n",
        page.len()
    );
    drop(stream.write_all((head + page).as_bytes()));
}

fn endless(mut stream: TcpStream) {
    hear(&mut stream);
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"x\":\"";
    let mut open = stream.write_all(head).is_ok();
    while open {
        open = stream.write_all(&[b'a'; 65_536]).is_ok();
    }
}

fn drip(mut stream: TcpStream) {
    hear(&mut stream);
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"x\":\"";
    let mut open = stream.write_all(head).is_ok();
    while open {
        std::thread::sleep(Duration::from_secs(1));
        open = stream.write_all(b"a").is_ok();
    }
}
